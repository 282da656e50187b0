"""Times at which practitioners are busy elsewhere: read from their own calendars, blocked out for booking.

What they are busy with is not kept. A reading that fails leaves what the last one said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis import telemetry
from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling.adapters.icalendars import NotACalendar, read_busy
from scheduling.adapters.web_calendars import NotRead, WebCalendars
from scheduling.domain.cells import Span, cell_containing, first_cell_from
from scheduling.store import Store
from scheduling.tables import LocationCopy, PractitionerCopy
from scheduling.tables_calendars import BusyCalendar
from scheduling.usecases import schedules

log = telemetry.logger(__name__)
READ = "busy_calendar.read"
EVERY = timedelta(minutes=15)
AHEAD = timedelta(days=404)


def create(call: Call, web: WebCalendars, practitioner_id: UUID, name: str, url: str) -> BusyCalendar:
    """Names a calendar; one with a url is read at once, by due work. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    problem = web.problem_of(url) if url else None
    if problem is not None:
        raise InvalidInput([Violation("url", problem)])
    store.need(PractitionerCopy, practitioner_id, "practitioner")
    row = store.add(
        BusyCalendar(
            practitioner_id=practitioner_id, name=name.strip(), url=url, read_at=None, problem="", busy_count=0
        )
    )
    if url:
        call.due.at(READ, row.id, call.now)
    return row


def upload(call: Call, calendar_id: UUID, content: bytes) -> tuple[BusyCalendar, list[UUID]]:
    """Takes what an iCalendar file says; returns the calendar and the visits that now lie in busy time. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    row = store.lock(BusyCalendar, calendar_id, "busy calendar")
    try:
        spans = _spans(call, store, row, content)
    except NotACalendar as error:
        raise InvalidInput([Violation("content", str(error))]) from error
    _take(call, store, row, spans)
    return row, schedules.affected_visits(call, store, row.practitioner_id, None)


def fetch(call: Call, web: WebCalendars, calendar_id: UUID) -> None:
    """Reads a calendar from its url and plans the next reading. Nothing is done for one that is gone."""
    store = Store(call.session)
    if (row := store.get(BusyCalendar, calendar_id)) is None:
        return
    try:
        content = web.fetch(row.url)
        row = store.lock(BusyCalendar, calendar_id)
        _take(call, store, row, _spans(call, store, row, content))
    except (NotRead, NotACalendar) as error:
        row.problem, row.read_at = str(error), call.now
        log.warning("an outside calendar was not read", busy_calendar_id=str(calendar_id), error=type(error).__name__)
    call.due.at(READ, calendar_id, call.now + EVERY)


def delete(call: Call, calendar_id: UUID) -> BusyCalendar:
    """Takes a calendar away, and what it blocked out. Raises NotFound."""
    store = Store(call.session)
    row = store.lock(BusyCalendar, calendar_id, "busy calendar")
    store.lock_exclusive([row.practitioner_id])
    store.replace_busy(row, ())
    store.session.delete(row)
    call.due.cancel(READ, calendar_id)
    store.note_rules_changed(row.practitioner_id)
    return row


def list_calendars(
    call: Call, practitioner_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[BusyCalendar], str]:
    """A page of outside calendars."""
    return Store(call.session).busy_calendars_page(practitioner_id, page_size, page_token)


def _take(call: Call, store: Store, row: BusyCalendar, spans: Sequence[Span]) -> None:
    """Puts what was read in place of what was known; bookings are kept away only when something changed."""
    row.problem, row.read_at, row.busy_count = "", call.now, len(spans)
    if store.busy_of(row.id) != list(spans):
        store.lock_exclusive([row.practitioner_id])
        store.replace_busy(row, spans)
        store.note_rules_changed(row.practitioner_id)
    store.session.flush()


def _spans(call: Call, store: Store, row: BusyCalendar, content: bytes) -> list[Span]:
    """The busy times from now on as UTC cells, whatever is touched of five minutes being taken whole. Raises NotACalendar."""
    found = read_busy(content, _zone(store, row.practitioner_id), call.now, call.now + AHEAD)
    return _merged([Span(cell_containing(first), first_cell_from(last)) for first, last in found])


def _zone(store: Store, practitioner_id: UUID) -> str:
    """The zone that all-day events of a practitioner are in: of the first location they work at, else UTC."""
    for location_id in store.need(PractitionerCopy, practitioner_id, "practitioner").location_ids:
        location = store.get(LocationCopy, UUID(location_id))
        if location is not None:
            return location.time_zone
    templates, _ = store.list_templates(practitioner_id, None, 1, "")
    location = store.get(LocationCopy, templates[0].location_id) if templates else None
    return location.time_zone if location is not None else "UTC"


def _merged(spans: Sequence[Span]) -> list[Span]:
    """The same time in as few spans as there can be, ascending."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].end:
            found[-1] = Span(found[-1].first, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found
