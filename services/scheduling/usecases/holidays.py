"""The days of a year on which locations are closed: written as closures, so that searching and booking know them already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling.domain import holidays, zones
from scheduling.domain.availability import ExceptionKind
from scheduling.domain.cells import cell_containing
from scheduling.domain.holidays import Holiday
from scheduling.store import Store
from scheduling.tables import LocationCopy, ScheduleExceptionRow
from scheduling.usecases import schedules


@dataclass(frozen=True)
class SetHolidays:
    """What the holidays of a year are to be, at each of these locations."""

    location_ids: tuple[UUID, ...]
    year: int
    holidays: tuple[Holiday, ...]


def list_holidays(call: Call, location_id: UUID, year: int) -> tuple[list[Holiday], int]:
    """A location's holidays of a year (0: this year there) by day, and the year. Raises NotFound."""
    store = Store(call.session)
    location = store.need(LocationCopy, location_id, "location")
    year = year or zones.local_date(location.time_zone, cell_containing(call.now)).year
    return [holiday_of(row) for row in store.holidays_of([location.id], year)], year


def set_holidays(call: Call, command: SetHolidays, *, validate_only: bool) -> tuple[list[Holiday], list[UUID]]:
    """Replaces the year's holidays of the locations; returns them by day, and the live visits that now lie outside the working time.

    Raises InvalidInput, NotFound.
    """
    store = Store(call.session)
    problems = holidays.defects(command.holidays, command.year)
    if problems:
        raise InvalidInput([Violation(f"holidays[{index}].{field}", what) for index, field, what in problems])
    for location_id in command.location_ids:
        store.need(LocationCopy, location_id, "location")
    store.lock_exclusive(command.location_ids)
    savepoint = call.savepoint()
    known = store.holidays_of(command.location_ids, command.year)
    changed = {location_id for location_id in command.location_ids if _replace(store, location_id, known, command)}
    store.session.flush()
    affected = [
        visit
        for location_id in command.location_ids
        for visit in schedules.affected_visits(call, store, None, location_id)
    ]
    if validate_only:
        savepoint.rollback()
    else:
        savepoint.commit()
        for location_id in sorted(changed):
            store.note_rules_changed(location_id)
    return sorted(command.holidays), affected


def holiday_of(row: ScheduleExceptionRow) -> Holiday:
    """What is stored, as a value."""
    return Holiday(row.first_day, row.reason, row.starts_minute, row.ends_minute)


def _replace(store: Store, location_id: UUID, known: Sequence[ScheduleExceptionRow], command: SetHolidays) -> bool:
    """Takes away what is no more, adds what is new and leaves the rest as it is; whether anything changed."""
    here = {holiday_of(row): row for row in known if row.location_id == location_id}
    gone = [row for holiday, row in here.items() if holiday not in command.holidays]
    new = [holiday for holiday in command.holidays if holiday not in here]
    for row in gone:
        store.session.delete(row)
    for holiday in new:
        store.add(
            ScheduleExceptionRow(
                kind=ExceptionKind.CLOSED.value,
                practitioner_id=None,
                location_id=location_id,
                first_day=holiday.day,
                last_day=holiday.day,
                starts_minute=holiday.starts_minute,
                ends_minute=holiday.ends_minute,
                reason=holiday.name,
                holiday=True,
            )
        )
    return bool(gone or new)
