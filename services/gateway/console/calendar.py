"""The calendar: a day by clinician or by room, a week of one clinician; drawn in rows of five minutes of the location's wall clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from chassis.protos import instant, optional_date
from gateway.console import words
from gateway.console.booking import parts_of
from gateway.console.moving import MINUTES_A_ROW, MOVABLE, row_of, slots_for
from gateway.web.dates import read_date
from gateway.web.page import Page

ROWS_A_DAY = 24 * 60 // MINUTES_A_ROW
# Shown when nobody works and nothing is booked: 8 to 18.
USUAL = (8 * 12, 18 * 12)
CLOSED, OPEN_EXTRA, OUT = 1, 2, 3
# Cancelled, not come, left: nobody is to be expected any more.
GONE = (8, 9, 10)
# How high a free time is drawn: a target of 24 pixels (WCAG 2.2, 2.5.8).
FREE_ROWS = 3
# As many as the stylesheet knows.
MOST_LANES = 12
# Visits that are asked for at once, and that are drawn at most: a day of 100 clinicians. More are no picture; the page asks
# to choose a clinician.
VISITS_AT_ONCE, MOST_VISITS = 500, 2000


@dataclass
class Block:
    """Something in a column, from its row on, so many rows long."""

    row: int
    rows: int
    kind: str
    visit: Any = None
    text: str = ""
    slot: Any = None
    # From 1; visits at one time lie beside each other.
    lane: int = 1


@dataclass
class Column:
    """A clinician's or a room's day, or one day of a week."""

    key: str
    title: str
    under: str
    day: date
    href: str = ""
    blocks: list[Block] = field(default_factory=list)
    lanes: int = 1


def show(page: Page) -> Response:
    """The calendar of the chosen location."""
    location = page.location
    if location is None:
        return page.show("calendar.html", columns=(), words=words)
    chosen = (read_date(page.arg("date"), page.today) if page.arg("date") else None) or page.today
    week = page.arg("view") == "week"
    first = chosen - timedelta(days=chosen.weekday()) if week else chosen
    last = first + timedelta(days=6 if week else 0)
    who = page.arg("practitioner")
    zone = ZoneInfo(location.time_zone)
    here = {"location_id": location.location_id}
    span = {"start_from": at(first, zone), "start_to": at(last + timedelta(days=1), zone)}
    days = {"dates": {"start": parts_of(first), "end": parts_of(last)}}
    asks = {
        "visits": page.ask("Scheduling.ListAppointments", **here, **span, page_size=VISITS_AT_ONCE),
        "templates": page.ask("Scheduling.ListScheduleTemplates", **here, page_size=500),
        "exceptions": page.ask("Scheduling.ListScheduleExceptions", **here, **days, page_size=500),
        "practitioners": page.ask("Identity.ListPractitioners", page_size=500),
        "rooms": page.ask("Identity.ListRooms", **here, page_size=500),
        "types": page.ask("Scheduling.ListAppointmentTypes", page_size=500),
        "held": page.ask("Scheduling.ListHolds", **here, **span, page_size=200),
    }
    moving = None
    if page.arg("move") and not page.arg("by"):
        moving = page.call("Scheduling.GetAppointment", appointment_id=page.arg("move"))
        asks["slots"] = slots_for(page, moving, first, last)
    elif page.arg("type"):
        wish = {
            "appointment_type_ids": [page.arg("type")],
            "location_ids": [location.location_id],
            "practitioner_ids": [who] if who else [],
        }
        asks["slots"] = page.ask("Scheduling.SearchSlots", **wish, **days, limit=500)
    parts = page.together(**asks)
    names = {}
    if parts["practitioners"].value is not None:
        names = {each.practitioner_id: each for each in parts["practitioners"].value.practitioners}
    booked, more = all_visits(page, parts["visits"].need(), here | span)
    visits = [each for each in booked if each.status != 8 or page.arg("cancelled")]
    templates = parts["templates"].value.templates if parts["templates"].value is not None else ()
    exceptions = parts["exceptions"].value.exceptions if parts["exceptions"].value is not None else ()
    if week:
        columns = week_columns(page, first, names, who)
    elif page.arg("by") == "room":
        columns = room_columns(chosen, parts["rooms"].value.rooms if parts["rooms"].value is not None else ())
    else:
        columns = practitioner_columns(page, chosen, names, visits, templates, who)
    by_room = page.arg("by") == "room" and not week
    top, bottom = rows_shown(visits, templates, exceptions, zone, first, last)
    held = parts["held"].value.holds if parts["held"].value is not None else ()
    for column in columns:
        fill(column, visits, templates, exceptions, zone, who, week=week, by_room=by_room)
        hold_back(column, held, zone, who, week=week, by_room=by_room)
        slots = parts["slots"].value.slots if "slots" in parts and parts["slots"].value is not None else ()
        column.blocks += free_blocks(column, slots, zone, week=week)
    now = page.now.astimezone(zone)
    return page.show(
        "calendar.html",
        columns=columns,
        words=words,
        day=chosen,
        first=first,
        last=last,
        week=week,
        top=top,
        bottom=bottom,
        previous=first - timedelta(days=7 if week else 1),
        following=first + timedelta(days=7 if week else 1),
        now=row_of(now) if first <= now.date() <= last else None,
        today=now.date(),
        exceptions=exceptions,
        names=names,
        practitioners=sorted(
            ((key, f"{each.name.family}, {each.name.given}") for key, each in names.items() if each.active),
            key=lambda each: each[1],
        ),
        types=parts["types"].value.appointment_types if parts["types"].value is not None else (),
        count=len(visits),
        more=more,
        moving=moving,
        movable=MOVABLE if page.may("Scheduling.MoveAppointment") and not by_room else (),
    )


def all_visits(page: Page, first: Any, asked: dict[str, Any]) -> tuple[list[Any], bool]:
    """The visits of a span from its first page on, and whether there are more than are drawn."""
    found, token = list(first.appointments), first.next_page_token
    while token and len(found) < MOST_VISITS:
        answer = page.call("Scheduling.ListAppointments", **asked, page_size=VISITS_AT_ONCE, page_token=token)
        found.extend(answer.appointments)
        token = answer.next_page_token
    return found, bool(token)


def free_blocks(column: Column, slots: Sequence[Any], zone: ZoneInfo, *, week: bool) -> list[Block]:
    """The free times of a column, a quarter of an hour apart at least, so that each can be read and hit; dragging offers them all."""
    found: list[Block] = []
    for slot in slots:
        begin = instant(slot.start_time).astimezone(zone)
        if begin.date() != column.day or not (week or slot.practitioner_id == column.key):
            continue
        if not found or row_of(begin) >= found[-1].row + FREE_ROWS:
            found.append(Block(row_of(begin), FREE_ROWS, "free", slot=slot))
    return found


def sheet(page: Page) -> Response:
    """The day on paper: every clinician's visits in order, a page each, with room to write."""
    location = page.location
    chosen = (read_date(page.arg("date"), page.today) if page.arg("date") else None) or page.today
    if location is None:
        return page.show("day_sheet.html", sheets=(), chosen=chosen, words=words)
    zone = ZoneInfo(location.time_zone)
    parts = page.together(
        visits=page.ask(
            "Scheduling.ListAppointments",
            location_id=location.location_id,
            start_from=at(chosen, zone),
            start_to=at(chosen + timedelta(days=1), zone),
            page_size=500,
        ),
        rooms=page.ask("Identity.ListRooms", location_id=location.location_id, page_size=500),
    )
    visits = [each for each in parts["visits"].need().appointments if each.status not in GONE]
    who = page.arg("practitioner")
    sheets: dict[str, list[Any]] = {}
    for each in sorted(visits, key=lambda each: (each.practitioner_name, each.start_time.seconds)):
        if not who or each.practitioner_id == who:
            sheets.setdefault(each.practitioner_name, []).append(each)
    rooms = parts["rooms"].value.rooms if parts["rooms"].value is not None else ()
    return page.show(
        "day_sheet.html",
        sheets=sheets.items(),
        chosen=chosen,
        words=words,
        rooms={each.room_id: each.name for each in rooms},
    )


def hold_back(column: Column, held: Sequence[Any], zone: ZoneInfo, who: str, *, week: bool, by_room: bool) -> None:
    """Puts times that are kept for somebody into a column: held while a visit is being booked, or offered to the waitlist."""
    for each in held:
        begin = instant(each.hold.start_time).astimezone(zone)
        key, holder = column.key or (who if week else ""), each.hold.practitioner_id
        theirs = key == each.hold.room_id if by_room else key in (holder, "")
        if theirs and begin.date() == column.day:
            kind = "offer" if each.hold.waitlist else "hold"
            column.blocks.append(Block(row_of(begin), rows_between(each.hold), kind, visit=each))


def at(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time(), zone)


def rows_between(value: Any) -> int:
    """How many rows a visit or a slot is long."""
    return max(1, round((instant(value.end_time) - instant(value.start_time)).total_seconds() / 60 / MINUTES_A_ROW))


def week_columns(page: Page, first: date, names: dict[str, Any], who: str) -> list[Column]:
    """Seven days, of one clinician or of everybody."""
    days = [first + timedelta(days=number) for number in range(7)]
    return [Column(who, "", "", day, page.url(view="", date=day.isoformat())) for day in days]


def room_columns(day: date, rooms: Sequence[Any]) -> list[Column]:
    """One column for each room."""
    return [Column(each.room_id, each.name, each.room_class, day) for each in rooms if each.active]


def practitioner_columns(
    page: Page, day: date, names: dict[str, Any], visits: Sequence[Any], templates: Sequence[Any], who: str
) -> list[Column]:
    """One column for each clinician who works or has a visit that day."""
    there = {each.practitioner_id for each in visits}
    there |= {
        each.practitioner_id
        for each in templates
        if day_of_template(each, day) and any(w.weekday == day.isoweekday() for w in each.windows)
    }
    found = [names[key] for key in (there if not who else {who}) if key in names]
    return [
        Column(
            each.practitioner_id,
            f"{each.name.family}, {each.name.given[:1]}.",
            each.credential or ", ".join(each.specialties[:1]),
            day,
            page.url(view="week", practitioner=each.practitioner_id),
        )
        for each in sorted(found, key=lambda each: (each.name.family, each.name.given))
    ]


def day_of_template(template: Any, day: date) -> bool:
    """Whether a template is in force on a day."""
    start, end = optional_date(template.effective.start), optional_date(template.effective.end)
    return (start is None or start <= day) and (end is None or day <= end)


def rows_shown(
    visits: Sequence[Any],
    templates: Sequence[Any],
    exceptions: Sequence[Any],
    zone: ZoneInfo,
    first: date,
    last: date,
) -> tuple[int, int]:
    """From which row to which the calendar is drawn: whole hours around all work and all visits."""
    begins, ends = [], []
    for template in templates:
        for window in template.windows:
            day = first + timedelta(days=(window.weekday - first.isoweekday()) % 7)
            if day <= last and day_of_template(template, day):
                begins.append(window.starts_minute // MINUTES_A_ROW)
                ends.append(-(-window.ends_minute // MINUTES_A_ROW))
    for each in exceptions:
        if each.kind == OPEN_EXTRA:
            begins.append(each.starts_minute // MINUTES_A_ROW)
            ends.append(-(-(each.ends_minute or 24 * 60) // MINUTES_A_ROW))
    for each in visits:
        row = row_of(instant(each.start_time).astimezone(zone))
        begins.append(row)
        ends.append(row + rows_between(each))
    top, bottom = (min(begins), max(ends)) if begins else USUAL
    return top // 12 * 12, min(ROWS_A_DAY, -(-bottom // 12) * 12)


def fill(
    column: Column,
    visits: Sequence[Any],
    templates: Sequence[Any],
    exceptions: Sequence[Any],
    zone: ZoneInfo,
    who: str,
    *,
    week: bool,
    by_room: bool,
) -> None:
    """Puts working hours, closures and visits into a column."""
    if not by_room:
        for template in templates:
            if (column.key or who) in (template.practitioner_id, "") and day_of_template(template, column.day):
                for window in template.windows:
                    if window.weekday == column.day.isoweekday():
                        row = window.starts_minute // MINUTES_A_ROW
                        column.blocks.append(Block(row, window.ends_minute // MINUTES_A_ROW - row, "open"))
    for each in exceptions:
        start, end = optional_date(each.dates.start), optional_date(each.dates.end)
        theirs = not each.practitioner_id or each.practitioner_id == column.key
        if theirs and start and end and start <= column.day <= end:
            row = each.starts_minute // MINUTES_A_ROW
            until = (each.ends_minute or 24 * 60) // MINUTES_A_ROW
            column.blocks.append(
                Block(row, until - row, "open" if each.kind == OPEN_EXTRA else "closed", text=each.reason)
            )
    for each in visits:
        begin = instant(each.start_time).astimezone(zone)
        mine = each.room_id == column.key if by_room else (not column.key or each.practitioner_id == column.key)
        if begin.date() == column.day and mine:
            column.blocks.append(Block(row_of(begin), rows_between(each), "visit", visit=each))
    lay(column)


def lay(column: Column) -> None:
    """Gives visits that overlap a lane each: the first that is free."""
    free_from: list[int] = []
    for block in sorted(
        (each for each in column.blocks if each.kind == "visit"), key=lambda each: (each.row, -each.rows)
    ):
        lane = next((number for number, until in enumerate(free_from) if until <= block.row), len(free_from))
        if lane == len(free_from):
            free_from.append(0)
        free_from[lane] = block.row + block.rows
        block.lane = min(lane + 1, MOST_LANES)
    column.lanes = min(max(1, len(free_from)), MOST_LANES)
