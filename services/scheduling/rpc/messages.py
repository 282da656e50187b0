"""Values of the use cases → messages, and the few conversions back that more than one servicer needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message, instant, optional_date, timestamp
from scheduling.domain.cells import instant_at
from scheduling.domain.claims import Conflict
from scheduling.published import number
from scheduling.tables import Hold, RescheduleRequest, WaitlistEntry
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.holds import HeldView
from scheduling.usecases.schedules import ExceptionView
from scheduling.usecases.slots import Slot
from scheduling.usecases.visits import Day
from scheduling.usecases.waitlist import OfferView


def text(value: UUID | None) -> str:
    """A UUID or nothing, as protobuf writes it."""
    return str(value) if value else ""


def moment(value: Timestamp) -> datetime:
    """A Timestamp as an aware instant, with its seconds kept: whether it is on the grid is asked by the use case."""
    return instant(value)


def dates(first: date | None, last: date | None) -> types_pb2.DateRange:
    """Two days as a range; None is open."""
    return types_pb2.DateRange(start=date_message(first), end=date_message(last))


def days_of(value: types_pb2.DateRange, field: str = "dates") -> tuple[date | None, date | None]:
    """A range as two days; unset is None. Raises InvalidInput for days that do not exist."""
    return optional_date(value.start, f"{field}.start"), optional_date(value.end, f"{field}.end")


def exception(view: ExceptionView) -> pb.ScheduleException:
    return pb.ScheduleException(
        schedule_exception_id=str(view.id),
        kind=number(view.kind.value),
        practitioner_id=text(view.practitioner_id),
        location_id=text(view.location_id),
        dates=dates(view.first_day, view.last_day),
        starts_minute=view.starts_minute,
        ends_minute=view.ends_minute,
        reason=view.reason,
        version=view.version,
    )


def slot(found: Slot) -> pb.Slot:
    return pb.Slot(
        appointment_type_id=str(found.kind.id),
        practitioner_id=str(found.practitioner_id),
        location_id=str(found.location_id),
        start_time=timestamp(found.start),
        end_time=timestamp(found.end),
        time_zone=found.time_zone,
        modality=number(found.kind.modality.value),
        practitioner_name=found.practitioner_name,
        location_name=found.location_name,
        kilometres=found.kilometres,
        usual_practitioner=found.usual_practitioner,
        wasted_minutes=found.wasted_minutes,
    )


def hold(row: Hold) -> pb.Hold:
    return pb.Hold(
        hold_id=str(row.id),
        appointment_type_id=str(row.appointment_type_id),
        practitioner_id=str(row.practitioner_id),
        location_id=str(row.location_id),
        patient_id=text(row.patient_id),
        start_time=timestamp(row.start_time),
        end_time=timestamp(row.end_time),
        expires_at=timestamp(row.expires_at),
        room_id=text(row.room_id),
        equipment_ids=row.equipment_ids,
        helper_ids=row.helper_ids,
        waitlist=row.waitlist,
    )


def held_time(view: HeldView) -> pb.HeldTime:
    return pb.HeldTime(
        hold=hold(view.row),
        patient_name=view.patient_name,
        appointment_type_name=view.type_name,
        made_at=timestamp(view.row.made_at),
        offers=[offer(one) for one in view.offers],
    )


def appointment(view: AppointmentView) -> pb.Appointment:
    row = view.row
    return pb.Appointment(
        appointment_id=str(row.id),
        patient_id=str(row.patient_id),
        patient_name=view.patient_name,
        patient_mrn=view.patient_mrn,
        location_id=str(row.location_id),
        location_name=view.location_name,
        practitioner_id=str(row.practitioner_id),
        practitioner_name=view.practitioner_name,
        appointment_type_id=str(row.appointment_type_id),
        appointment_type_code=row.appointment_type_code,
        appointment_type_name=row.appointment_type_name,
        start_time=timestamp(row.start_time),
        end_time=timestamp(row.end_time),
        time_zone=row.time_zone,
        modality=number(row.modality),
        status=number(row.status),
        reason=row.reason,
        room_id=text(row.room_id),
        equipment_ids=row.equipment_ids,
        helper_ids=row.helper_ids,
        actual_room_id=text(row.actual_room_id),
        booked_at=timestamp(row.booked_at),
        confirmed_at=timestamp(row.confirmed_at),
        arrived_at=timestamp(row.arrived_at),
        checked_in_at=timestamp(row.checked_in_at),
        roomed_at=timestamp(row.roomed_at),
        seen_at=timestamp(row.seen_at),
        checked_out_at=timestamp(row.checked_out_at),
        cancelled_at=timestamp(row.cancelled_at),
        no_show_at=timestamp(row.no_show_at),
        left_at=timestamp(row.left_at),
        cancellation_reason=number(row.cancellation_reason),
        cancellation_note=row.cancellation_note,
        reschedule_count=row.reschedule_count,
        version=row.version,
        series_id=text(row.series_id),
        occurrence_date=date_message(row.occurrence_date),
        occurrence_changed=bool(row.occurrence_changed),
        link_id=text(row.link_id),
        group_visit_id=text(row.group_visit_id),
        late_cancelled=bool(row.late_cancelled),
        overbooked=bool(row.overbooked),
    )


def appointments(views: Iterable[AppointmentView]) -> list[pb.Appointment]:
    return [appointment(view) for view in views]


def conflict(index: int, found: Conflict) -> pb.BookingConflict:
    return pb.BookingConflict(
        booking_index=index,
        reason=number(found.reason.value),
        resource_kind=number(found.kind.value),
        resource_id=text(found.resource_id),
        resource_class=found.resource_class,
        at=timestamp(instant_at(found.cell)) if found.cell is not None else None,
        detail=found.detail,
    )


def day(board: Day) -> pb.Day:
    return pb.Day(
        location_id=str(board.location.id),
        date=date_message(board.date),
        time_zone=board.location.time_zone,
        as_of=timestamp(board.as_of),
        visits=[
            pb.DayVisit(
                appointment=appointment(one.view),
                minutes_in_stage=one.waits.in_stage,
                minutes_waited=one.waits.waited,
                minutes_late=one.waits.late,
            )
            for one in board.visits
        ],
        rooms=[
            pb.DayRoom(
                room_id=str(one.room.id),
                name=one.room.name,
                room_class=one.room.resource_class,
                capacity=one.room.capacity,
                appointment_ids=[str(found) for found in one.appointment_ids],
            )
            for one in board.rooms
        ],
        practitioners=[
            pb.DayPractitioner(
                practitioner_id=str(one.id),
                name=one.name,
                open_minutes=one.open_minutes,
                booked_minutes=one.booked_minutes,
                visits=one.visits,
            )
            for one in board.practitioners
        ],
    )


def waitlist_entry(row: WaitlistEntry, patient_name: str) -> pb.WaitlistEntry:
    return pb.WaitlistEntry(
        waitlist_entry_id=str(row.id),
        patient_id=str(row.patient_id),
        patient_name=patient_name,
        appointment_type_id=str(row.appointment_type_id),
        practitioner_ids=row.practitioner_ids,
        location_ids=row.location_ids,
        dates=dates(row.first_day, row.last_day),
        weekdays=row.weekdays,
        earliest_minute=row.earliest_minute,
        latest_minute=row.latest_minute,
        priority=row.priority,
        status=number(row.status),
        joined_at=timestamp(row.joined_at),
        appointment_id=text(row.appointment_id),
        version=row.version,
    )


def offer(view: OfferView) -> pb.WaitlistOffer:
    row = view.row
    return pb.WaitlistOffer(
        waitlist_offer_id=str(row.id),
        waitlist_entry_id=str(row.waitlist_entry_id),
        patient_id=str(row.patient_id),
        patient_name=view.patient_name,
        slot=pb.Slot(
            appointment_type_id=str(row.appointment_type_id),
            practitioner_id=str(row.practitioner_id),
            location_id=str(row.location_id),
            start_time=timestamp(row.start_time),
            end_time=timestamp(row.end_time),
            time_zone=view.time_zone,
            modality=number(view.modality),
            practitioner_name=view.practitioner_name,
            location_name=view.location_name,
        ),
        round=row.round,
        offered_at=timestamp(row.offered_at),
        expires_at=timestamp(row.expires_at),
        outcome=number(row.outcome),
        appointment_id=text(row.appointment_id),
    )


def reschedule_request(row: RescheduleRequest, view: AppointmentView) -> pb.RescheduleRequest:
    return pb.RescheduleRequest(
        reschedule_request_id=str(row.id),
        appointment=appointment(view),
        requested_at=timestamp(row.requested_at),
        closed_at=timestamp(row.closed_at),
    )


def affected(ids: Iterable[UUID]) -> dict[str, Any]:
    """The keyword of the answers of edits."""
    return {"affected_appointment_ids": [str(found) for found in ids]}


def alternatives(found: Mapping[int, Iterable[Slot]]) -> list[pb.Alternatives]:
    """What is free instead, by the index of the booking."""
    return [
        pb.Alternatives(booking_index=index, slots=[slot(one) for one in instead]) for index, instead in found.items()
    ]
