"""The waitlist: joining and leaving it, answering its offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling import published
from scheduling.domain import zones
from scheduling.domain.cells import cell_containing
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.stores.waitlist import ACCEPTED, BOOKED, DECLINED, LAPSED, LEFT, OFFERED, OPEN, WAITING
from scheduling.tables import (
    Appointment,
    AppointmentTypeRow,
    Hold,
    LocationCopy,
    PractitionerCopy,
    WaitlistEntry,
    WaitlistOffer,
)
from scheduling.usecases import booking, guards, moving, placing, refusals, rounds
from scheduling.usecases.errors import OfferClosed
from scheduling.usecases.freed import ROUND
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Wanted

LAPSE = "waitlist.lapse"
MOST_URGENT = 9


@dataclass(frozen=True)
class Join:
    """Somebody's wish; see the domain's Wish."""

    patient_id: UUID
    type_id: UUID
    practitioner_ids: tuple[UUID, ...]
    location_ids: tuple[UUID, ...]
    first_day: date | None
    last_day: date | None
    weekdays: tuple[int, ...]
    earliest_minute: int
    latest_minute: int
    priority: int
    appointment_id: UUID | None


@dataclass(frozen=True)
class OfferView:
    """An offer with the names a person reads."""

    row: WaitlistOffer
    patient_name: str
    practitioner_name: str
    location_name: str
    time_zone: str
    modality: int


# ---- joining and leaving ---------------------------------------------------------------------------------------------


def join(call: Call, command: Join) -> tuple[WaitlistEntry, str]:
    """Puts a patient on the waitlist; returns the entry and the patient's name. Raises NotFound, PatientNotBookable, InvalidInput."""
    store = Store(call.session)
    patient = guards.bookable_patient(call, store, command.patient_id)
    kind = store.need(AppointmentTypeRow, command.type_id, "appointment type")
    if not kind.active or (guards.is_patient(call) and not kind.online_bookable):
        raise NotFound("appointment type")
    if command.appointment_id:
        given_up = guards.seen_appointment(call, store, command.appointment_id)
        if given_up.patient_id != patient.id:
            raise NotFound("appointment")
        if given_up.appointment_type_id != kind.id:
            raise InvalidInput([Violation("appointment_id", "must be of the appointment type waited for")])
    first_day = command.first_day or zones.local_date("UTC", cell_containing(call.now))
    last_day = _sound_end(command, first_day)
    priority = 0 if guards.is_patient(call) else command.priority
    row = store.add(
        WaitlistEntry(
            patient_id=patient.id,
            appointment_type_id=kind.id,
            practitioner_ids=[str(p) for p in command.practitioner_ids],
            location_ids=[str(location) for location in command.location_ids],
            first_day=first_day,
            last_day=last_day,
            weekdays=list(command.weekdays),
            earliest_minute=command.earliest_minute,
            latest_minute=command.latest_minute,
            priority=priority,
            rank=MOST_URGENT - priority,
            status=WAITING,
            joined_at=call.now,
            appointment_id=command.appointment_id,
        )
    )
    # Everywhere on earth the last day is over by then.
    call.due.at(LAPSE, row.id, datetime.combine(last_day + timedelta(days=1), time(12), UTC))
    return row, patient.name


def _sound_end(command: Join, first_day: date) -> date:
    """The last day of a wish that makes sense. Raises InvalidInput."""
    problems = []
    if command.last_day is None:
        problems.append(Violation("dates.end", "is required"))
    elif command.last_day < first_day:
        problems.append(Violation("dates.end", "must not be before the start"))
    if command.latest_minute and command.latest_minute < command.earliest_minute:
        problems.append(Violation("latest_minute", "must not be before earliest_minute"))
    if problems or command.last_day is None:
        raise InvalidInput(problems)
    return command.last_day


def leave(call: Call, entry_id: UUID) -> tuple[WaitlistEntry, str]:
    """Takes an entry off the list; its open offer is declined. Raises NotFound."""
    store = Store(call.session)
    row = store.lock(WaitlistEntry, entry_id, "waitlist entry")
    if row.status in (WAITING, OFFERED):
        offer = store.open_offer_of(row.id)
        row.status = LEFT
        if offer is not None:
            rounds.settle(call, offer, DECLINED)
            call.due.at(ROUND, offer.freed_time_id, call.now)
        call.due.cancel(LAPSE, row.id)
        store.session.flush()
    return row, _patient_name(store, row.patient_id)


def lapse(call: Call, entry_id: UUID) -> None:
    """The last day of the wish is over."""
    store = Store(call.session)
    row = store.get(WaitlistEntry, entry_id)
    if row is not None and row.status in (WAITING, OFFERED):
        row.status = LAPSED


def get(call: Call, entry_id: UUID) -> tuple[WaitlistEntry, str]:
    """One entry and the patient's name. Raises NotFound."""
    store = Store(call.session)
    row = store.need(WaitlistEntry, entry_id, "waitlist entry")
    return row, _patient_name(store, row.patient_id)


def list_entries(
    call: Call, patient_id: UUID | None, location_id: UUID | None, statuses: list[int], page_size: int, page_token: str
) -> tuple[list[tuple[WaitlistEntry, str]], str]:
    """A page of entries, each with the patient's name."""
    store = Store(call.session)
    rows, token = store.list_entries(patient_id, location_id, statuses, page_size, page_token)
    patients = store.patients(row.patient_id for row in rows)
    return [(row, patients[row.patient_id].name if row.patient_id in patients else "") for row in rows], token


# ---- answers ---------------------------------------------------------------------------------------------------------


def accept(call: Call, offer_id: UUID) -> AppointmentView:
    """Books the offered time, or moves the visit that was to be given up for it. The hold decides who is first.

    Raises OfferClosed, PatientBusy, NotFound.
    """
    store = Store(call.session)
    offer = store.lock(WaitlistOffer, offer_id, "offer")
    if offer.outcome == ACCEPTED and offer.appointment_id is not None:
        return guards.describe_one(store, guards.seen_appointment(call, store, offer.appointment_id))
    hold = store.lock_hold(offer.hold_id)
    if offer.outcome != OPEN or offer.expires_at <= call.now or hold is None:
        raise OfferClosed
    entry = store.lock(WaitlistEntry, offer.waitlist_entry_id)
    row = _take(call, store, offer, hold, entry)
    entry.status, entry.appointment_id = BOOKED, row.id
    offer.appointment_id = row.id
    store.mark_accepted(offer.freed_time_id, offer.id)
    rounds.settle(call, offer, ACCEPTED)
    call.due.cancel(LAPSE, entry.id)
    call.due.at(ROUND, offer.freed_time_id, call.now)
    return guards.describe_one(store, row)


def _take(call: Call, store: Store, offer: WaitlistOffer, hold: Hold, entry: WaitlistEntry) -> Appointment:
    given_up = store.get(Appointment, entry.appointment_id) if entry.appointment_id else None
    if given_up is not None and Status(given_up.status) in PENDING:
        row = store.lock(Appointment, given_up.id, "appointment")
        booking.end_hold(call, store, hold.id)
        wanted = Wanted(row.appointment_type_id, offer.practitioner_id, offer.location_id, offer.start_time)
        moving.move_to(call, store, row, wanted)
        return row
    placing.lock_rules(store, [], types=[hold.appointment_type_id])
    placed, conflicts = placing.place(call, store, [placing.held(call, store, hold, offer.patient_id)])
    if conflicts:
        raise refusals.of([conflict for _, conflict in conflicts])
    row = booking.write_appointment(call, store, placed[0], offer.patient_id, "", hold)
    call.emit(published.of_status(row))
    return row


def decline(call: Call, offer_id: UUID) -> OfferView:
    """Leaves the time to others; the entry waits on. Raises OfferClosed, NotFound."""
    store = Store(call.session)
    offer = store.lock(WaitlistOffer, offer_id, "offer")
    if offer.outcome == OPEN and offer.expires_at > call.now:
        entry = store.lock(WaitlistEntry, offer.waitlist_entry_id)
        entry.status = WAITING if entry.status == OFFERED else entry.status
        rounds.settle(call, offer, DECLINED)
        call.due.at(ROUND, offer.freed_time_id, call.now)
        rounds.wake_idle(call, store, but=offer.freed_time_id)
    elif offer.outcome != DECLINED:
        raise OfferClosed
    return views(store, [offer])[0]


def list_offers(
    call: Call, patient_id: UUID | None, include_settled: bool, page_size: int, page_token: str
) -> tuple[list[OfferView], str]:
    """A page of offers, newest first."""
    store = Store(call.session)
    rows, token = store.list_offers(patient_id, include_settled, page_size, page_token)
    return views(store, rows), token


def views(store: Store, rows: list[WaitlistOffer]) -> list[OfferView]:
    """Offers with the names a person reads."""
    patients = store.patients(row.patient_id for row in rows)
    practitioners = store.names(PractitionerCopy, (row.practitioner_id for row in rows))
    found = []
    for row in rows:
        location = store.get(LocationCopy, row.location_id)
        kind = store.get(AppointmentTypeRow, row.appointment_type_id)
        found.append(
            OfferView(
                row=row,
                patient_name=patients[row.patient_id].name if row.patient_id in patients else "",
                practitioner_name=practitioners.get(row.practitioner_id, ""),
                location_name=location.name if location else "",
                time_zone=location.time_zone if location else "",
                modality=kind.modality if kind else 0,
            )
        )
    return found


def _patient_name(store: Store, patient_id: UUID) -> str:
    return next((copy.name for copy in store.patients([patient_id]).values()), "")
