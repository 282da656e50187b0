"""Working time: weekly templates and exceptions, and which visits an edit leaves outside of it.

An edit takes an exclusive advisory lock of the practitioner or the location: bookings under way come first and are then among the
affected visits, later ones see the edit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.domain import availability, bitmaps
from scheduling.domain.availability import ExceptionKind, WeeklyWindow, WorkingRules
from scheduling.domain.cells import CELL_MINUTES, Span, cell_at, day_of_cell
from scheduling.store import Store
from scheduling.stores.rows import stored_windows, windows_of
from scheduling.tables import Appointment, LocationCopy, PractitionerCopy, ScheduleExceptionRow, ScheduleTemplateRow

LONGEST_EXCEPTION = timedelta(days=731)


@dataclass(frozen=True)
class TemplateView:
    """A template as it is or, when only asked about, as it would be."""

    id: UUID
    practitioner_id: UUID
    location_id: UUID
    effective_from: date | None
    effective_to: date | None
    windows: tuple[WeeklyWindow, ...]
    version: int
    cycle_weeks: int = 1
    cycle_starts: date | None = None
    overbooking: int = 0
    overbooking_by_risk: bool = False


@dataclass(frozen=True)
class ExceptionView:
    """An exception as it is or, when only asked about, as it would be."""

    id: UUID
    kind: ExceptionKind
    practitioner_id: UUID | None
    location_id: UUID | None
    first_day: date
    last_day: date
    starts_minute: int
    ends_minute: int
    reason: str
    version: int


@dataclass(frozen=True)
class NewTemplate:
    """Weekly hours to be added."""

    practitioner_id: UUID
    location_id: UUID
    effective_from: date | None
    effective_to: date | None
    windows: tuple[WeeklyWindow, ...]
    cycle_weeks: int = 1
    cycle_starts: date | None = None
    overbooking: int = 0
    overbooking_by_risk: bool = False


@dataclass(frozen=True)
class NewException:
    """An exception to be added; see the domain's DayException."""

    kind: ExceptionKind
    practitioner_id: UUID | None
    location_id: UUID | None
    first_day: date
    last_day: date
    starts_minute: int
    ends_minute: int
    reason: str


# ---- templates -------------------------------------------------------------------------------------------------------


def create_template(call: Call, new: NewTemplate) -> TemplateView:
    """Adds weekly hours. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    _refuse(_template_problems(new))
    store.need(PractitionerCopy, new.practitioner_id, "practitioner")
    store.need(LocationCopy, new.location_id, "location")
    store.lock_exclusive([new.practitioner_id])
    row = store.add(
        ScheduleTemplateRow(
            practitioner_id=new.practitioner_id,
            location_id=new.location_id,
            effective_from=new.effective_from,
            effective_to=new.effective_to,
            windows=stored_windows(new.windows),
            cycle_weeks=new.cycle_weeks,
            cycle_starts=new.cycle_starts,
            overbooking=new.overbooking,
            overbooking_by_risk=new.overbooking_by_risk,
        )
    )
    store.note_rules_changed(new.practitioner_id)
    return template_view(row)


def update_template(
    call: Call,
    template_id: UUID,
    version: int,
    change: Callable[[TemplateView], NewTemplate],
    *,
    validate_only: bool,
) -> tuple[TemplateView, list[UUID]]:
    """Changes effective dates and windows to what ``change`` makes of the present ones; returns the template and the affected visits.

    Raises NotFound, StaleVersion, InvalidInput.
    """
    store = Store(call.session)
    row = store.lock(ScheduleTemplateRow, template_id, "schedule template")
    call.expect_version(row.version, version)
    wanted = change(template_view(row))
    _refuse(_template_problems(wanted))
    store.lock_exclusive([row.practitioner_id])
    savepoint = call.savepoint()
    row.effective_from, row.effective_to = wanted.effective_from, wanted.effective_to
    row.windows = stored_windows(wanted.windows)
    row.cycle_weeks, row.cycle_starts = wanted.cycle_weeks, wanted.cycle_starts
    row.overbooking, row.overbooking_by_risk = wanted.overbooking, wanted.overbooking_by_risk
    store.session.flush()
    view = template_view(row)
    affected = affected_visits(call, store, view.practitioner_id, view.location_id)
    if validate_only:
        savepoint.rollback()
    else:
        savepoint.commit()
        store.note_rules_changed(view.practitioner_id)
    return view, affected


def delete_template(
    call: Call, template_id: UUID, version: int, *, validate_only: bool
) -> tuple[TemplateView, list[UUID]]:
    """Takes weekly hours away; returns them and the affected visits. Raises NotFound, StaleVersion."""
    store = Store(call.session)
    row = store.lock(ScheduleTemplateRow, template_id, "schedule template")
    call.expect_version(row.version, version)
    view = template_view(row)
    store.lock_exclusive([view.practitioner_id])
    savepoint = call.savepoint()
    store.session.delete(row)
    store.session.flush()
    affected = affected_visits(call, store, view.practitioner_id, view.location_id)
    if validate_only:
        savepoint.rollback()
    else:
        savepoint.commit()
        store.note_rules_changed(view.practitioner_id)
    return view, affected


def get_template(call: Call, template_id: UUID) -> TemplateView:
    """One template. Raises NotFound."""
    return template_view(Store(call.session).need(ScheduleTemplateRow, template_id, "schedule template"))


def list_templates(
    call: Call, practitioner_id: UUID | None, location_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[TemplateView], str]:
    """A page of templates."""
    rows, token = Store(call.session).list_templates(practitioner_id, location_id, page_size, page_token)
    return [template_view(row) for row in rows], token


def template_view(row: ScheduleTemplateRow) -> TemplateView:
    """What is stored, as a value."""
    return TemplateView(
        row.id,
        row.practitioner_id,
        row.location_id,
        row.effective_from,
        row.effective_to,
        windows_of(row.windows),
        row.version,
        row.cycle_weeks,
        row.cycle_starts,
        row.overbooking,
        row.overbooking_by_risk,
    )


# ---- exceptions ------------------------------------------------------------------------------------------------------


def create_exception(call: Call, new: NewException, *, validate_only: bool) -> tuple[ExceptionView, list[UUID]]:
    """Adds an exception; returns it and the affected visits. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    _refuse(_exception_problems(new))
    if new.practitioner_id:
        store.need(PractitionerCopy, new.practitioner_id, "practitioner")
    if new.location_id:
        store.need(LocationCopy, new.location_id, "location")
    owner = _owner(new.practitioner_id, new.location_id)
    store.lock_exclusive([owner])
    savepoint = call.savepoint()
    row = store.add(
        ScheduleExceptionRow(
            kind=new.kind.value,
            practitioner_id=new.practitioner_id,
            location_id=new.location_id,
            first_day=new.first_day,
            last_day=new.last_day,
            starts_minute=new.starts_minute,
            ends_minute=new.ends_minute,
            reason=new.reason,
        )
    )
    view = exception_view(row)
    affected = affected_visits(call, store, new.practitioner_id, new.location_id)
    if validate_only:
        savepoint.rollback()
    else:
        savepoint.commit()
        store.note_rules_changed(owner)
    return view, affected


def delete_exception(call: Call, exception_id: UUID) -> tuple[ExceptionView, list[UUID]]:
    """Takes an exception back; returns it and the affected visits (an extra opening may have held some). Raises NotFound."""
    store = Store(call.session)
    row = store.lock(ScheduleExceptionRow, exception_id, "schedule exception")
    view = exception_view(row)
    owner = _owner(view.practitioner_id, view.location_id)
    store.lock_exclusive([owner])
    store.session.delete(row)
    store.session.flush()
    store.note_rules_changed(owner)
    return view, affected_visits(call, store, view.practitioner_id, view.location_id)


def list_exceptions(
    call: Call,
    practitioner_id: UUID | None,
    location_id: UUID | None,
    first_day: date | None,
    last_day: date | None,
    page_size: int,
    page_token: str,
) -> tuple[list[ExceptionView], str]:
    """A page of exceptions."""
    rows, token = Store(call.session).list_exceptions(
        practitioner_id, location_id, first_day, last_day, page_size, page_token
    )
    return [exception_view(row) for row in rows], token


def exception_view(row: ScheduleExceptionRow) -> ExceptionView:
    """What is stored, as a value."""
    return ExceptionView(
        row.id,
        ExceptionKind(row.kind),
        row.practitioner_id,
        row.location_id,
        row.first_day,
        row.last_day,
        row.starts_minute,
        row.ends_minute,
        row.reason,
        row.version,
    )


# ---- inside ----------------------------------------------------------------------------------------------------------


def affected_visits(call: Call, store: Store, practitioner_id: UUID | None, location_id: UUID | None) -> list[UUID]:
    """Live visits from now on that lie outside the working time as this transaction sees it: of their practitioner, or of the changed
    one where they take part in another's."""
    rules: dict[tuple[UUID, UUID], WorkingRules | None] = {}
    today = day_of_cell(cell_at(call.now.replace(minute=0, second=0, microsecond=0))) - timedelta(days=1)

    def works(row: Appointment, who: UUID) -> bool:
        key = (who, row.location_id)
        if key not in rules:
            location = store.get(LocationCopy, row.location_id)
            rules[key] = store.working_rules(who, location, today) if location else None
        known = rules[key]
        span = Span(cell_at(row.start_time), cell_at(row.end_time))
        return known is not None and bool(bitmaps.runs(availability.working_bits(known, span), len(span)) & 1)

    own = [
        row for row in store.live_from(call.now, practitioner_id, location_id) if not works(row, row.practitioner_id)
    ]
    helped = store.helped_by(practitioner_id, call.now) if practitioner_id else []
    return [row.id for row in own] + [
        row.id
        for row in helped
        if (location_id is None or row.location_id == location_id)
        and not works(row, practitioner_id or row.practitioner_id)
    ]


def _owner(practitioner_id: UUID | None, location_id: UUID | None) -> UUID:
    owner = practitioner_id or location_id
    if owner is None:
        raise NotFound("location")
    return owner


def _refuse(problems: list[Violation]) -> None:
    if problems:
        raise InvalidInput(problems)


def _template_problems(new: NewTemplate) -> list[Violation]:
    problems = _range_problems("template.effective", new.effective_from, new.effective_to)
    if new.cycle_weeks > 1 and new.cycle_starts is None:
        problems.append(Violation("template.cycle_starts", "is required for a cycle of more than one week"))
    return problems + _window_problems(new.windows, new.cycle_weeks)


def _window_problems(windows: Sequence[WeeklyWindow], cycle_weeks: int) -> list[Violation]:
    problems = []
    for index, window in enumerate(windows):
        field = f"template.windows[{index}]"
        if window.starts_minute % CELL_MINUTES or window.ends_minute % CELL_MINUTES:
            problems.append(Violation(field, "must begin and end at multiples of 5 minutes"))
        if window.ends_minute <= window.starts_minute:
            problems.append(Violation(field, "must end after it begins"))
        if window.week >= cycle_weeks:
            problems.append(Violation(f"{field}.week", "must be a week of the cycle"))
        if window.release_minutes and not window.session:
            problems.append(Violation(f"{field}.release_minutes", "is for reserved sessions only"))
    return problems


def _range_problems(field: str, first: date | None, last: date | None) -> list[Violation]:
    return [Violation(f"{field}.end", "must not be before the start")] if first and last and last < first else []


def _exception_problems(new: NewException) -> list[Violation]:
    problems = _range_problems("exception.dates", new.first_day, new.last_day)
    if new.last_day - new.first_day > LONGEST_EXCEPTION:
        problems.append(Violation("exception.dates.end", "must be at most two years after the start"))
    if not new.practitioner_id and not new.location_id:
        problems.append(Violation("exception.location_id", "a practitioner or a location is required"))
    if new.kind is ExceptionKind.OUT_OF_OFFICE and not new.practitioner_id:
        problems.append(Violation("exception.practitioner_id", "is required for an absence"))
    if new.kind is ExceptionKind.OPEN_EXTRA and not new.location_id:
        problems.append(Violation("exception.location_id", "is required for an extra opening"))
    if new.starts_minute % CELL_MINUTES or new.ends_minute % CELL_MINUTES:
        problems.append(Violation("exception.starts_minute", "must be multiples of 5 minutes"))
    if (new.starts_minute or new.ends_minute) and new.ends_minute <= new.starts_minute:
        problems.append(Violation("exception.ends_minute", "must be after starts_minute"))
    return problems
