"""Working time against a naive oracle that asks, for each five minutes of UTC, what the wall clock shows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.domain import availability, bitmaps, zones
from scheduling.domain.availability import DayException, ExceptionKind, Template, WeeklyWindow, WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, NotOnGrid, Span, cell_at, day_cell, instant_at

ZONES = (
    "America/New_York",
    "America/Phoenix",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
# The days of 2026 on which the clocks of these zones change, and ordinary ones.
DAYS = tuple(
    date.fromisoformat(text)
    for text in (
        "2026-03-08",
        "2026-11-01",
        "2026-03-29",
        "2026-10-25",
        "2026-04-05",
        "2026-10-04",
        "2026-06-10",
        "2026-12-31",
    )
)

MINUTE = st.integers(0, 287).map(lambda cell: cell * 5)
WINDOW = st.builds(lambda day, a, b: WeeklyWindow(day, min(a, b), max(a, b) + 5), st.integers(1, 7), MINUTE, MINUTE)
WINDOWS = st.lists(WINDOW, max_size=5).map(tuple)
# Of a cycle of three weeks; some are reserved for a session, which is working time all the same.
CYCLE = st.lists(
    st.builds(
        lambda window, week, session: replace(window, week=week, session=session),
        WINDOW,
        st.integers(0, 2),
        st.sampled_from(["", "urgent"]),
    ),
    max_size=6,
).map(tuple)


def a_day_near(days: tuple[date, ...]) -> st.SearchStrategy[date]:
    """Days within two of the given ones."""
    return st.builds(lambda day, n: day + timedelta(days=n), st.sampled_from(days), st.integers(-2, 2))


@st.composite
def rules_and_day(draw: st.DrawFn) -> tuple[WorkingRules, date]:
    """Rules of a location in some zone, and a day to look at."""
    day = draw(a_day_near(DAYS))

    def an_exception() -> st.SearchStrategy[DayException]:
        return st.builds(
            lambda kind, n, length, window: DayException(
                kind,
                day + timedelta(days=n),
                day + timedelta(days=n + length),
                window.starts_minute if window else 0,
                window.ends_minute if window else 0,
            ),
            st.sampled_from(list(ExceptionKind)),
            st.integers(-2, 1),
            st.integers(0, 2),
            st.none() | WINDOW,
        )

    def a_template() -> st.SearchStrategy[Template]:
        limit = st.none() | a_day_near((day,))
        weekly = st.builds(Template, WINDOWS, limit, limit)
        cycle = st.builds(
            lambda windows, starts, last: Template(windows, None, last, cycle_weeks=3, cycle_starts=starts),
            CYCLE,
            a_day_near((day - timedelta(days=40), day)),
            limit,
        )
        return weekly | cycle

    noon = cell_at(datetime.combine(day, datetime.min.time(), UTC)) + 144
    busy = st.builds(lambda n, length: Span(noon + n, noon + n + length), st.integers(-300, 300), st.integers(1, 100))
    rules = WorkingRules(
        zone=draw(st.sampled_from(ZONES)),
        hours=draw(WINDOWS),
        templates=tuple(draw(st.lists(a_template(), max_size=3))),
        location_exceptions=tuple(
            e for e in draw(st.lists(an_exception(), max_size=2)) if e.kind is not ExceptionKind.OUT_OF_OFFICE
        ),
        practitioner_exceptions=tuple(draw(st.lists(an_exception(), max_size=2))),
        busy=tuple(draw(st.lists(busy, max_size=2))),
    )
    return rules, day


def works(rules: WorkingRules, moment: datetime) -> bool:
    """The naive oracle: whether the rules have the practitioner working at this instant."""
    local = moment.astimezone(ZoneInfo(rules.zone))
    day, minute = local.date(), local.hour * 60 + local.minute

    def in_windows(windows: tuple[WeeklyWindow, ...], week: int = 0) -> bool:
        return any(
            w.week == week and w.weekday == day.isoweekday() and w.starts_minute <= minute < w.ends_minute
            for w in windows
        )

    def week_of(template: Template) -> int:
        if template.cycle_starts is None:
            return 0
        monday = template.cycle_starts - timedelta(days=template.cycle_starts.weekday())
        return (day - monday).days // 7 % template.cycle_weeks

    def excepted(exceptions: tuple[DayException, ...], *kinds: ExceptionKind) -> bool:
        return any(
            e.kind in kinds
            and e.first_day <= day <= e.last_day
            and (not (e.starts_minute or e.ends_minute) or e.starts_minute <= minute < e.ends_minute)
            for e in exceptions
        )

    if any(cell_at(moment) in span for span in rules.busy):
        return False
    templated = any(t.covers(day) and in_windows(t.windows, week_of(t)) for t in rules.templates)
    if rules.hours:
        opened = excepted(rules.location_exceptions, ExceptionKind.OPEN_EXTRA)
        templated = templated and (in_windows(rules.hours) or opened)
    if excepted(rules.location_exceptions, ExceptionKind.CLOSED):
        return False
    if excepted(rules.practitioner_exceptions, ExceptionKind.CLOSED, ExceptionKind.OUT_OF_OFFICE):
        return False
    return templated or excepted(rules.practitioner_exceptions, ExceptionKind.OPEN_EXTRA)


@settings(deadline=None)  # hundreds of wall clocks are asked: a busy machine is no failure
@given(rules_and_day())
def test_working_time_is_what_the_wall_clock_says(given_rules: tuple[WorkingRules, date]) -> None:
    """For every cell around a day the bitmap and the wall clock agree, on days when the clocks change too."""
    rules, day = given_rules
    span = Span(day_cell(day) - CELLS_PER_DAY // 2, day_cell(day) + CELLS_PER_DAY + CELLS_PER_DAY // 2)
    bits = availability.working_bits(rules, span)
    for cell in range(span.first, span.end):
        assert bool(bits >> (cell - span.first) & 1) == works(rules, instant_at(cell)), instant_at(cell)
    assert bits.bit_length() <= len(span)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("America/Phoenix", "2026-03-08", 24),
        ("Europe/London", "2026-03-29", 23),
        ("Europe/London", "2026-10-25", 25),
        ("Australia/Sydney", "2026-04-05", 25),
        ("Australia/Sydney", "2026-10-04", 23),
        ("America/New_York", "2026-06-10", 24),
    ],
)
def test_a_local_day_is_as_long_as_its_clocks_make_it(zone: str, day: str, hours: int) -> None:
    """A day on which the clocks change has 23 or 25 hours, and begins at local midnight."""
    span = zones.day_span(zone, date.fromisoformat(day))
    assert len(span) == hours * 12
    assert instant_at(span.first).astimezone(ZoneInfo(zone)).isoformat().startswith(f"{day}T00:00")


@pytest.mark.parametrize(("day", "expected"), [("2026-03-08", 6 * 12), ("2026-11-01", 8 * 12), ("2026-03-09", 7 * 12)])
def test_a_night_shift_loses_or_gains_the_hour(day: str, expected: int) -> None:
    """Midnight to seven in New York is six hours when the clocks go forward, eight when they go back."""
    weekday = date.fromisoformat(day).isoweekday()
    rules = WorkingRules("America/New_York", templates=(Template((WeeklyWindow(weekday, 0, 420),)),))
    span = zones.day_span("America/New_York", date.fromisoformat(day))
    assert availability.working_bits(rules, span).bit_count() == expected


def test_every_change_of_the_clocks_of_two_years_is_found() -> None:
    """The segments of each zone meet exactly at the instants at which its offset changes."""
    first, end = cell_at(datetime(2025, 1, 1, tzinfo=UTC)), cell_at(datetime(2027, 1, 1, tzinfo=UTC))
    for zone in ZONES:
        found = zones.segments(zone, first, end)
        assert found[0].span.first == first
        assert found[-1].span.end == end
        for earlier, later in itertools.pairwise(found):
            assert earlier.span.end == later.span.first
            assert earlier.offset != later.offset
        expected = (
            [cell for cell in range(first + 1, end) if zones.offset_at(zone, cell) != zones.offset_at(zone, cell - 1)]
            if zone in ("America/New_York", "Australia/Lord_Howe")
            else None
        )
        if expected is not None:
            assert [segment.span.first for segment in found[1:]] == expected
        assert len(found) == (1 if zone in ("America/Phoenix", "Asia/Kolkata") else 5)


SETS = st.sets(st.integers(0, 80))


@given(SETS, SETS, st.integers(1, 12), st.integers(0, 4), st.integers(0, 4))
def test_a_visit_starts_where_it_fits_with_its_buffers(
    working: set[int], busy: set[int], duration: int, before: int, after: int
) -> None:
    """All of the visit lies in the working time; it and its buffers, which may lie outside of it, are free."""
    starts = availability.visit_starts(
        sum(1 << cell for cell in working), sum(1 << cell for cell in busy), duration, before, after
    )
    for cell in range(100):
        fits = all(cell + n in working for n in range(duration)) and not any(
            cell + n in busy for n in range(-before, duration + after)
        )
        assert bool(starts >> cell & 1) == fits


def test_notice_is_elapsed_time_across_the_change_of_the_clocks() -> None:
    """Twelve hours' notice on the evening before the clocks go forward ends twelve real hours later."""
    evening = datetime(2026, 3, 8, 1, 2, tzinfo=UTC)
    limits = availability.start_limits(evening, "America/New_York", 12 * 60, 30)
    assert instant_at(limits.first) == datetime(2026, 3, 8, 13, 5, tzinfo=UTC)


def test_the_horizon_ends_with_a_local_day() -> None:
    """Seven days ahead ends at midnight of the location, also when the clocks change in between."""
    now = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)
    limits = availability.start_limits(now, "America/New_York", 0, 7)
    assert instant_at(limits.end) == datetime(2026, 3, 12, 4, 0, tzinfo=UTC)


def test_without_notice_the_running_cell_is_bookable() -> None:
    """A walk-in at 10:03 is booked at 10:00; 9:55 has passed."""
    now = datetime(2026, 3, 5, 15, 3, tzinfo=UTC)
    assert instant_at(availability.start_limits(now, "America/New_York", 0, 7).first) == datetime(
        2026, 3, 5, 15, 0, tzinfo=UTC
    )


@given(
    st.sampled_from(ZONES),
    a_day_near(DAYS),
    st.sampled_from([5, 10, 15, 20, 30, 60]),
    st.sets(st.integers(1, 7)),
    MINUTE,
    MINUTE,
)
def test_wished_starts_are_told_by_the_wall_clock(
    zone: str, day: date, every: int, weekdays: set[int], one: int, other: int
) -> None:
    """Offered starts lie on the minutes past the local hour, on the weekdays and within the times of day wished for."""
    earliest, latest = min(one, other), max(one, other)
    span = Span(day_cell(day) - 150, day_cell(day) + 450)
    bits = availability.wished_starts(
        zone, span, every_minutes=every, weekdays=weekdays, earliest_minute=earliest, latest_minute=latest
    )
    for cell in range(span.first, span.end):
        local = instant_at(cell).astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        expected = (
            minute % every == 0
            and (not weekdays or local.isoweekday() in weekdays)
            and earliest <= minute <= (latest or 24 * 60)
        )
        assert bool(bits >> (cell - span.first) & 1) == expected, local


def test_a_time_off_the_grid_is_no_cell() -> None:
    """Only multiples of five minutes can be planned."""
    for second in (1, 60, 299):
        with pytest.raises(NotOnGrid):
            cell_at(datetime(2026, 3, 5, 10, 0, tzinfo=UTC) + timedelta(seconds=second))
    assert instant_at(cell_at(datetime(2026, 3, 5, 10, 5, tzinfo=UTC))) == datetime(2026, 3, 5, 10, 5, tzinfo=UTC)


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_mask_holds_the_cells_between(first: int, end: int) -> None:
    """A mask has as many bits as there are cells between."""
    assert bitmaps.mask(first, end).bit_count() == max(end - first, 0)
