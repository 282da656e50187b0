"""What scheduling keeps: rules, claims on time, visits, the waitlist, and copies of what others told it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, Versioned, patient_scoped
from scheduling import (
    tables_availability,
    tables_booking_rules,
    tables_calendars,
    tables_day,
    tables_rebooking,
    tables_series,
)
from scheduling.tables_base import Base, JsonList, JsonObject
from scheduling.tables_copies import CoverageCopy, LocationCopy, PatientCopy, PractitionerCopy, ResourceCopy, TenantCopy

__all__ = [
    "Base",
    "CoverageCopy",
    "LocationCopy",
    "PatientCopy",
    "PractitionerCopy",
    "ResourceCopy",
    "TenantCopy",
    "tables_availability",
    "tables_booking_rules",
    "tables_calendars",
    "tables_day",
    "tables_rebooking",
    "tables_series",
]

# ---- Rules -----------------------------------------------------------------------------------------------------------


class AppointmentTypeRow(Tenanted, Versioned, Base):
    """A kind of visit. JSON columns: {practitioner id: minutes}, [[kind, class, buffer before, buffer after]], [practitioner id],
    and ``rules``: the rest of what the domain's AppointmentType asks, by its own names."""

    __tablename__ = "appointment_type"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)
    code: Mapped[str]
    name: Mapped[str]
    duration_minutes: Mapped[int]
    modality: Mapped[int]
    practitioner_durations: Mapped[JsonObject]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    roles: Mapped[JsonList]
    online_bookable: Mapped[bool]
    minimum_notice_minutes: Mapped[int]
    horizon_days: Mapped[int]
    start_every_minutes: Mapped[int]
    practitioner_ids: Mapped[JsonList]
    rules: Mapped[JsonObject] = mapped_column(server_default="{}")
    active: Mapped[bool]


class ScheduleTemplateRow(Tenanted, Versioned, Base):
    """Working hours of a practitioner at a location; ``windows`` is [[weekday, starts minute, ends minute, week, session, release]],
    where the last three may be left out."""

    __tablename__ = "schedule_template"
    __table_args__ = (
        Index("ix_schedule_template_practitioner", "tenant_id", "practitioner_id", "location_id"),
        Index("ix_schedule_template_location", "tenant_id", "location_id"),
    )
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    windows: Mapped[JsonList]
    cycle_weeks: Mapped[int] = mapped_column(server_default="1")
    cycle_starts: Mapped[date | None]
    # So many visits more than one at a time, and whether only as many as are likely not to come.
    overbooking: Mapped[int] = mapped_column(server_default="0")
    overbooking_by_risk: Mapped[bool] = mapped_column(server_default="false")


class ScheduleExceptionRow(Tenanted, Versioned, Base):
    """A closure, extra opening or absence; of a whole location, of a practitioner there, or of a practitioner anywhere."""

    __tablename__ = "schedule_exception"
    __table_args__ = (
        Index("ix_schedule_exception_practitioner", "tenant_id", "practitioner_id", "last_day"),
        Index("ix_schedule_exception_location", "tenant_id", "location_id", "last_day"),
        Index("ix_schedule_exception_first_day", "tenant_id", "first_day", "id"),
        Index("ix_schedule_exception_holiday", "tenant_id", "location_id", "first_day", postgresql_where="holiday"),
    )
    kind: Mapped[int]
    practitioner_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    first_day: Mapped[date]
    last_day: Mapped[date]
    starts_minute: Mapped[int]
    ends_minute: Mapped[int]
    reason: Mapped[str]
    # One of the location's holidays; None and False: any other exception.
    holiday: Mapped[bool | None]


# ---- Claims on time --------------------------------------------------------------------------------------------------


class BookingCell(TenantOnly, Base):
    """One lane of one resource for five minutes. The primary key is what makes double booking impossible.

    Weekly partitions by ``cell``; they are made by the function ``ensure_cell_partitions`` of the first migration.
    """

    __tablename__ = "booking_cell"
    __table_args__ = ({"postgresql_partition_by": "RANGE (cell)"},)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    cell: Mapped[int] = mapped_column(Integer, primary_key=True)
    lane: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    claim_id: Mapped[UUID]


class Occupation(TenantOnly, Base):
    """What a claim (a hold or an appointment, by its id) takes of one resource: the cells [first_cell, end_cell).

    The same facts as the cells, one row instead of dozens: free time is read from here, cells are deleted by it.
    """

    __tablename__ = "occupation"
    __table_args__ = (Index("ix_occupation_resource", "tenant_id", "resource_id", "end_cell"),)
    claim_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_kind: Mapped[int] = mapped_column(SmallInteger)
    first_cell: Mapped[int] = mapped_column(Integer)
    end_cell: Mapped[int] = mapped_column(Integer)


class Hold(Tenanted, Base):
    """A time kept for somebody until ``expires_at`` (business time). ``waitlist`` holds back a freed time while it is offered."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_patient", "tenant_id", "patient_id"),
        Index("ix_hold_location_start", "tenant_id", "location_id", "start_time", "id"),
        Index("ix_hold_practitioner_start", "tenant_id", "practitioner_id", "start_time", "id"),
    )
    appointment_type_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    patient_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    minutes: Mapped[int]
    waitlist: Mapped[bool]
    room_id: Mapped[UUID | None]
    equipment_ids: Mapped[JsonList]
    # Other practitioners and interpreters who take part.
    helper_ids: Mapped[JsonList] = mapped_column(server_default="[]")


class AvailabilityChange(TenantOnly, Base):
    """Tells every process what its cached free time has to read again: written by whoever changes it, in the same transaction.

    ``xid`` is the writing transaction: a reader that remembers the oldest transaction still running when it last read misses none,
    in whatever order they commit. ``first_cell`` = ``end_cell`` means that rules changed, not cells.
    """

    __tablename__ = "availability_change"
    xid: Mapped[int] = mapped_column(primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)
    # The first cell changed; a transaction writes one row for each stretch it changes of a resource.
    first_cell: Mapped[int] = mapped_column(Integer, primary_key=True)
    end_cell: Mapped[int] = mapped_column(Integer)


class AvailabilityFloor(TenantOnly, Base):
    """Changes of transactions below ``xid`` have been purged: a cache that last read before it starts anew."""

    __tablename__ = "availability_floor"
    xid: Mapped[int]


# ---- Visits ----------------------------------------------------------------------------------------------------------


class Appointment(Tenanted, Versioned, Base):
    """A visit, from booking to check-out."""

    __tablename__ = "appointment"
    __table_args__ = (
        Index("ix_appointment_location", "tenant_id", "location_id", "start_time", "id"),
        Index("ix_appointment_practitioner", "tenant_id", "practitioner_id", "start_time", "id"),
        Index("ix_appointment_patient", "tenant_id", "patient_id", "start_time", "id"),
        Index("ix_appointment_series", "tenant_id", "series_id", postgresql_where="series_id is not null"),
        patient_scoped("patient_id"),
    )
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    appointment_type_id: Mapped[UUID]
    appointment_type_code: Mapped[str]
    appointment_type_name: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    time_zone: Mapped[str]
    modality: Mapped[int]
    status: Mapped[int]
    reason: Mapped[str]
    room_id: Mapped[UUID | None]
    equipment_ids: Mapped[JsonList]
    # Other practitioners and interpreters who take part.
    helper_ids: Mapped[JsonList] = mapped_column(server_default="[]")
    actual_room_id: Mapped[UUID | None]
    booked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    roomed_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    checked_out_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    no_show_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    cancellation_reason: Mapped[int]
    cancellation_note: Mapped[str]
    reschedule_count: Mapped[int]
    # Of a series: which, on which local date the rule puts this occurrence, and whether it was since moved on its own.
    series_id: Mapped[UUID | None]
    occurrence_date: Mapped[date | None]
    series_number: Mapped[int | None]
    occurrence_changed: Mapped[bool | None]
    # Visits booked together (a laboratory before the doctor, siblings one after the other) share this.
    link_id: Mapped[UUID | None]
    # The group visit whose seat this is; practitioner and rooms are then the group's.
    group_visit_id: Mapped[UUID | None]
    # Cancelled or moved after the cut-off, or not come: as the policy said when it happened.
    late_cancelled: Mapped[bool | None]
    # Takes the practitioner's time beside another visit, as planned by the template or by a supervisor's override.
    overbooked: Mapped[bool | None]


class VisitStep(Tenanted, Base):
    """One step of a visit's life and who took it; undoing is a mark here, nothing is deleted.

    ``before`` is what the step changed, as it was: {column: value}.
    """

    __tablename__ = "visit_step"
    __table_args__ = (
        Index("ix_visit_step_appointment", "tenant_id", "appointment_id", "id"),
        patient_scoped("patient_id"),
    )
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    step: Mapped[str]
    from_status: Mapped[int]
    to_status: Mapped[int]
    at: Mapped[datetime]
    taken_by: Mapped[str]
    before: Mapped[JsonObject]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class RescheduleRequest(Tenanted, Base):
    """A patient answered that the visit should be at another time."""

    __tablename__ = "reschedule_request"
    __table_args__ = (
        Index("ix_reschedule_request_appointment", "tenant_id", "appointment_id"),
        Index("ix_reschedule_request_open", "tenant_id", "requested_at", "id", postgresql_where="closed_at is null"),
        patient_scoped("patient_id"),
    )
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    location_id: Mapped[UUID]
    requested_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


# ---- Waitlist --------------------------------------------------------------------------------------------------------


class WaitlistEntry(Tenanted, Versioned, Base):
    """Somebody who would take an earlier or another time."""

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        Index("ix_waitlist_entry_status", "tenant_id", "status", "rank", "joined_at", "id"),
        Index("ix_waitlist_entry_patient", "tenant_id", "patient_id"),
        Index("ix_waitlist_entry_waiting", "tenant_id", "rank", "joined_at", "id", postgresql_where="status in (1, 2)"),
        patient_scoped("patient_id"),
    )
    patient_id: Mapped[UUID]
    appointment_type_id: Mapped[UUID]
    practitioner_ids: Mapped[JsonList]
    location_ids: Mapped[JsonList]
    first_day: Mapped[date]
    last_day: Mapped[date]
    weekdays: Mapped[JsonList]
    earliest_minute: Mapped[int]
    latest_minute: Mapped[int]
    priority: Mapped[int]
    # 9 − priority: the most urgent come first in an ascending order.
    rank: Mapped[int]
    status: Mapped[int]
    joined_at: Mapped[datetime]
    appointment_id: Mapped[UUID | None]


class FreedTime(Tenanted, Base):
    """A time that became free and goes round the waitlist."""

    __tablename__ = "freed_time"
    __table_args__ = (Index("ix_freed_time_open", "tenant_id", "id", postgresql_where="closed_at is null"),)
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    # Who gave it up is not asked whether they want it.
    patient_id: Mapped[UUID]
    first_cell: Mapped[int]
    end_cell: Mapped[int]
    round: Mapped[int]
    # The hold that keeps the time while a round lasts; None between rounds and at the end.
    hold_id: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    # The offer that was accepted, if one was.
    accepted_offer_id: Mapped[UUID | None]


class WaitlistOffer(Tenanted, Base):
    """A freed time offered to one entry in one round."""

    __tablename__ = "waitlist_offer"
    __table_args__ = (
        UniqueConstraint("tenant_id", "freed_time_id", "waitlist_entry_id"),
        Index("ix_waitlist_offer_patient", "tenant_id", "patient_id", "id"),
        Index("ix_waitlist_offer_open", "tenant_id", "hold_id", postgresql_where="outcome = 0"),
        patient_scoped("patient_id"),
    )
    freed_time_id: Mapped[UUID]
    waitlist_entry_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    hold_id: Mapped[UUID]
    appointment_type_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    location_id: Mapped[UUID]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    round: Mapped[int]
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    # 0 while open, else the proto's WaitlistOfferOutcome.
    outcome: Mapped[int]
    settled_at: Mapped[datetime | None]
    appointment_id: Mapped[UUID | None]
