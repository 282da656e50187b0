"""When a practitioner works at a location, and at which cells a visit may start there.

The same functions decide for showing (search) and for committing (booking): what one offers, the other takes.

Working time =   (templates ∩ (opening hours ∪ the location's extra hours)) ∪ the practitioner's extra hours
               − closures of the location − closures and absences of the practitioner − times the practitioner is busy elsewhere.
All of it but the last is written in the location's wall clock and carried over to UTC cells at the end, in one step. A location
without opening hours is limited by none. Parts of the working time may be reserved for kinds of session (see ``Reserve``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache

from scheduling.domain import bitmaps, zones
from scheduling.domain.cells import (
    CELL_MINUTES,
    CELLS_PER_DAY,
    Span,
    cell_containing,
    day_cell,
    day_of_cell,
    first_cell_from,
)

DEFAULT_HORIZON_DAYS = 365


class ExceptionKind(Enum):
    """What an exception does to the working time; the values are the proto's."""

    CLOSED = 1
    OPEN_EXTRA = 2
    OUT_OF_OFFICE = 3


@dataclass(frozen=True)
class WeeklyWindow:
    """Minutes after local midnight [starts, ends) of one weekday (Monday 1 … Sunday 7), multiples of five.

    ``week`` counts the weeks of the template's cycle from 0. ``session`` is the kind of session the time is reserved for ("" for
    none); each part of it is open to all visits from ``release_minutes`` before it begins (0: never).
    """

    weekday: int
    starts_minute: int
    ends_minute: int
    week: int = 0
    session: str = ""
    release_minutes: int = 0


@dataclass(frozen=True)
class Template:
    """Weekly working hours from ``first_day`` to ``last_day`` (both included, None is open)."""

    windows: tuple[WeeklyWindow, ...]
    first_day: date | None = None
    last_day: date | None = None

    # The windows repeat every so many weeks, counted from the week (Monday to Sunday) of ``cycle_starts``.
    cycle_weeks: int = 1
    cycle_starts: date | None = None
    # So many visits more than one at a time; ``by_risk``: only as many as are likely not to come.
    overbooking: int = 0
    overbooking_by_risk: bool = False

    def covers(self, day: date) -> bool:
        """Whether the template is in effect on this day."""
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)

    def week_of(self, day: date) -> int:
        """The week of the cycle that this day is in, from 0; -1 when the template is not in effect."""
        if not self.covers(day):
            return -1
        if self.cycle_weeks <= 1 or self.cycle_starts is None:
            return 0
        weeks = (day.toordinal() - day.weekday() - self.cycle_starts.toordinal() + self.cycle_starts.weekday()) // 7
        return weeks % self.cycle_weeks


@dataclass(frozen=True)
class DayException:
    """On each day from ``first_day`` to ``last_day``: minutes [starts, ends) after local midnight; both 0 is the whole day."""

    kind: ExceptionKind
    first_day: date
    last_day: date
    starts_minute: int = 0
    ends_minute: int = 0


@dataclass(frozen=True)
class WorkingRules:
    """All that decides when one practitioner works at one location."""

    zone: str
    hours: tuple[WeeklyWindow, ...] = ()
    templates: tuple[Template, ...] = ()
    location_exceptions: tuple[DayException, ...] = ()
    practitioner_exceptions: tuple[DayException, ...] = ()
    # UTC cells at which the practitioner is busy elsewhere, told by a calendar of their own.
    busy: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Reserve:
    """Working time reserved for one kind of session until ``release_minutes`` before it (0: for good), as a bitmap."""

    session: str
    release_minutes: int
    bits: int


@dataclass(frozen=True)
class StartLimits:
    """From which UTC cell, and before which, a visit may start."""

    first: int
    end: int


def working_bits(rules: WorkingRules, span: Span) -> int:
    """The working time within ``span`` (UTC cells) as a bitmap that begins at ``span.first``."""
    first_day = day_of_cell(span.first) - timedelta(days=1)
    days = [first_day + timedelta(days=n) for n in range((len(span) // CELLS_PER_DAY) + 4)]
    base = day_cell(first_day)
    closed_there = _exceptions(rules.location_exceptions, base, len(days), ExceptionKind.CLOSED)
    absent = _exceptions(
        rules.practitioner_exceptions, base, len(days), ExceptionKind.CLOSED, ExceptionKind.OUT_OF_OFFICE
    )
    bits = _templates(rules.templates, days)
    if rules.hours:
        opened = _exceptions(rules.location_exceptions, base, len(days), ExceptionKind.OPEN_EXTRA)
        bits &= _templates((Template(rules.hours),), days) | opened
    bits |= _exceptions(rules.practitioner_exceptions, base, len(days), ExceptionKind.OPEN_EXTRA)
    bits &= ~(closed_there | absent)
    return zones.to_utc(bits, base, rules.zone, span) & ~bitmaps.of_spans(rules.busy, span.first)


def reserves(rules: WorkingRules, span: Span) -> tuple[Reserve, ...]:
    """What of the cells of ``span`` is reserved for sessions, each bitmap beginning at ``span.first``."""
    kinds = {(w.session, w.release_minutes) for template in rules.templates for w in template.windows if w.session}
    if not kinds:
        return ()
    first_day = day_of_cell(span.first) - timedelta(days=1)
    days = [first_day + timedelta(days=n) for n in range((len(span) // CELLS_PER_DAY) + 4)]
    found = []
    for session, release in sorted(kinds):
        only = [
            replace(t, windows=tuple(w for w in t.windows if (w.session, w.release_minutes) == (session, release)))
            for t in rules.templates
        ]
        bits = zones.to_utc(_templates(only, days), day_cell(first_day), rules.zone, span)
        found.append(Reserve(session, release, bits))
    return tuple(found)


def open_to(
    working: int, reserved: Sequence[Reserve], first: int, now: datetime, sessions: frozenset[str], *, only: bool
) -> int:
    """The part of the working time that visits of these session kinds may use at the instant ``now`` (aware).

    Reserved time is theirs whose session it is, and everybody's once it is released; where two sessions share a time, either may.
    :param first: the cell of bit 0 of ``working`` and of the reserves
    :param only: such visits take place in their own sessions alone, whatever else is open
    """
    own = closed = 0
    for one in reserved:
        if one.session in sessions:
            own |= one.bits
        elif one.release_minutes:
            closed |= one.bits & ~bitmaps.mask(0, _released_from(one.release_minutes, now) - first)
        else:
            closed |= one.bits
    return working & own if only else working & (~closed | own)


def released_until(reserve: Reserve, now: datetime, span: Span) -> int:
    """The cell of the span up to which a reserve is open to everybody at the instant ``now``; the span's ends when it lies beyond."""
    if not reserve.release_minutes:
        return span.first
    return min(max(_released_from(reserve.release_minutes, now), span.first), span.end)


@lru_cache(maxsize=256)  # a search asks the same for each practitioner
def _released_from(release_minutes: int, now: datetime) -> int:
    return first_cell_from(now + timedelta(minutes=release_minutes))


def visit_starts(working: int, busy: int, duration: int, before: int, after: int) -> int:
    """The cells at which a visit may start: all of it within the working time, it and its buffers free.

    :param working: working time; ``busy``: cells without a free lane; both on the same base
    :param duration: cells of the visit; ``before``, ``after``: cells of its buffers, which may lie outside the working time
    """
    return bitmaps.runs(working, duration) & free_starts(busy, working.bit_length(), duration, before, after)


def free_starts(busy: int, length: int, duration: int, before: int, after: int) -> int:
    """The cells below ``length`` at which a visit with its buffers finds the resource free; working time is not looked at."""
    reach = before + length + duration + after
    free = ~(busy << before) & ((1 << reach) - 1)
    return bitmaps.runs(free, before + duration + after) & ((1 << length) - 1)


def start_limits(now: datetime, zone: str, minimum_notice_minutes: int, horizon_days: int) -> StartLimits:
    """The limits that notice and horizon set at the instant ``now`` (aware).

    Notice is elapsed time, whatever the clocks do meanwhile. The horizon ends with the local day that lies ``horizon_days``
    (0: 365) after today. Without notice the running cell is still bookable: a walk-in begins now.
    """
    first = (
        first_cell_from(now + timedelta(minutes=minimum_notice_minutes))
        if minimum_notice_minutes
        else cell_containing(now)
    )
    last_day = zones.local_date(zone, cell_containing(now)) + timedelta(days=horizon_days or DEFAULT_HORIZON_DAYS)
    return StartLimits(first, zones.day_span(zone, last_day).end)


def wished_starts(
    zone: str, span: Span, *, every_minutes: int, weekdays: Iterable[int], earliest_minute: int, latest_minute: int
) -> int:
    """The cells of ``span`` that a search may offer: on the minutes past the local hour, weekdays and times of day wished for.

    :param every_minutes: 5, 10, 15, 20, 30 or 60
    :param weekdays: Monday 1 … Sunday 7; empty: any
    :param earliest_minute: first and last local minute of a start; both 0: any time
    """
    latest = latest_minute or 24 * 60
    step = max(every_minutes // CELL_MINUTES, 1)
    offered = sum(
        1 << cell for cell in range(0, CELLS_PER_DAY, step) if earliest_minute <= cell * CELL_MINUTES <= latest
    )
    wanted = frozenset(weekdays)
    first_day = day_of_cell(span.first) - timedelta(days=1)
    days = [first_day + timedelta(days=n) for n in range((len(span) // CELLS_PER_DAY) + 4)]
    patterns = [offered if not wanted or day.isoweekday() in wanted else 0 for day in days]
    return zones.to_utc(bitmaps.join_days(patterns), day_cell(first_day), zone, span)


def _templates(templates: Sequence[Template], days: Sequence[date]) -> int:
    """The weekly windows in effect on each of these consecutive local days, from midnight of the first."""
    patterns: dict[tuple[int, tuple[int, ...]], int] = {}
    joined = []
    weekday = days[0].isoweekday()
    for day in days:
        weeks = tuple([template.week_of(day) for template in templates])
        key = (weekday, weeks)
        if key not in patterns:
            patterns[key] = _pattern(weekday, zip(templates, weeks, strict=True))
        joined.append(patterns[key])
        weekday = weekday % 7 + 1
    return bitmaps.join_days(joined)


def _pattern(weekday: int, templates: Iterable[tuple[Template, int]]) -> int:
    bits = 0
    for template, week in templates:
        for window in template.windows:
            if window.weekday == weekday and window.week == week:
                bits |= bitmaps.mask(window.starts_minute // CELL_MINUTES, window.ends_minute // CELL_MINUTES)
    return bits


def _exceptions(exceptions: Sequence[DayException], base: int, day_count: int, *kinds: ExceptionKind) -> int:
    bits = 0
    for exception in exceptions:
        if exception.kind not in kinds:
            continue
        begins = max((day_cell(exception.first_day) - base) // CELLS_PER_DAY, 0)
        stops = min((day_cell(exception.last_day) - base) // CELLS_PER_DAY, day_count - 1)
        whole = not exception.starts_minute and not exception.ends_minute
        a_day = bitmaps.mask(
            exception.starts_minute // CELL_MINUTES, CELLS_PER_DAY if whole else exception.ends_minute // CELL_MINUTES
        )
        for day in range(begins, stops + 1):
            bits |= a_day << (day * CELLS_PER_DAY)
    return bits
