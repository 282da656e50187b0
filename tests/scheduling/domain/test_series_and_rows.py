"""Recurrences through every change of the clocks, places for displaced visits, and rows of visits, as pure functions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain import linked, rebooking, recurrence
from scheduling.domain.cells import cell_at
from scheduling.domain.linked import Following, Free
from scheduling.domain.rebooking import Displaced, Opening, Place

ZONES = ("America/New_York", "America/Phoenix", "Europe/London", "Australia/Sydney")
DOCTOR, OTHER = UUID(int=1), UUID(int=2)


# ---- recurrence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minute", [0, 115, 125, 150, 185, 600, 1435])
def test_the_wall_clock_stays_through_two_years_of_changes(zone: str, minute: int) -> None:
    """Every day of two years begins at the same local time; where the clocks jump over it, by the jump later, as RFC 5545 says."""
    first = date(2026, 1, 1)
    for number in range(730):
        day = first + timedelta(days=number)
        start = recurrence.wall_clock(day, minute, zone)
        local = start.astimezone(ZoneInfo(zone))
        shown = local.hour * 60 + local.minute
        assert local.date() == day
        if shown != minute:
            before = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).utcoffset()
            after = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).utcoffset()
            assert before is not None
            assert after is not None
            assert timedelta(minutes=shown - minute) == after - before


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_that_comes_twice_is_its_first(zone: str) -> None:
    """On the days when the clocks go back, half past one (or two) is the earlier of the two."""
    for number in range(730):
        day = date(2026, 1, 1) + timedelta(days=number)
        for minute in (90, 150):
            start = recurrence.wall_clock(day, minute, zone)
            hour_before = (start - timedelta(hours=1)).astimezone(ZoneInfo(zone))
            assert (hour_before.hour * 60 + hour_before.minute, hour_before.date()) != (minute, day)


@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    st.integers(1, 6),
    st.integers(1, 60),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 59),
)
def test_a_rule_cut_in_two_names_the_same_dates(
    frequency: str, interval: int, count: int, first: date, at: int
) -> None:
    """The part before a date and the part from it on are together the whole, neither more nor less."""
    rule = f"FREQ={frequency};INTERVAL={interval};COUNT={count}"
    days = recurrence.dates_of(rule, first)
    assert len(days) == count
    assert days == sorted(set(days))
    cut = days[at % count]
    before = recurrence.dates_of(recurrence.ended_before(rule, cut), first) if cut != first else []
    after = recurrence.dates_of(recurrence.with_count(rule, len([day for day in days if day >= cut])), cut)
    if frequency != "MONTHLY" or first.day <= 28:
        assert before + after == days


def test_skipped_dates_are_left_out_and_must_be_named() -> None:
    """The numbers of the others stay; a date that the rule does not name cannot be skipped."""
    skip = {date(2026, 3, 3)}
    found = recurrence.occurrences("FREQ=DAILY;COUNT=3", date(2026, 3, 2), 600, "UTC", skip)
    assert [(one.number, one.day.day) for one in found] == [(1, 2), (3, 4)]
    with pytest.raises(recurrence.BadRule, match="2026-03-09"):
        recurrence.occurrences("FREQ=DAILY;COUNT=3", date(2026, 3, 2), 600, "UTC", {date(2026, 3, 9)})


# ---- places for displaced visits -------------------------------------------------------------------------------------


TEN = cell_at(datetime(2026, 3, 10, 14, tzinfo=UTC))
VISIT = Displaced(UUID(int=9), DOCTOR, TEN, "America/New_York")


def opening(practitioner: UUID, *cells: int) -> Opening:
    """Where somebody is free, in cells from the visit's own."""
    base = TEN - 3000
    return Opening(practitioner, base, sum(1 << (TEN + cell - base) for cell in cells))


def test_the_next_day_at_the_same_time_is_better_than_the_same_day_elsewhere_in_it() -> None:
    """Near, at the same time of day, with the same practitioner and not earlier than told: in this order of dearness."""
    found = rebooking.places(VISIT, [opening(DOCTOR, 288, 12, -288, 24 * 12 * 3), opening(OTHER, 0, 12)])
    assert [(place.practitioner_id == DOCTOR, place.cell - TEN) for place in found] == [
        (True, 12), (True, 288), (False, 0), (False, 12), (True, -288), (True, 864),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("practitioner", "cells", "said"),
    [
        (DOCTOR, 288, "same practitioner, next day, same time of day"),
        (DOCTOR, 6, "same practitioner, same day, 30 minutes later"),
        (OTHER, -288 - 12, "another practitioner, the day before, 60 minutes earlier"),
        (DOCTOR, 2 * 288, "same practitioner, 2 days later, same time of day"),
    ],
)
def test_a_place_is_explained(practitioner: UUID, cells: int, said: str) -> None:
    """Who, how many days away, how far off in the day."""
    assert rebooking.explanation(VISIT, Place(practitioner, TEN + cells, 0)) == said


@given(st.sets(st.integers(-2800, 2800), max_size=40), st.sets(st.integers(-2800, 2800), max_size=40))
def test_every_opening_is_a_place_and_the_best_comes_first(own: set[int], others: set[int]) -> None:
    """Nothing is lost, nothing is invented, and penalties rise."""
    found = rebooking.places(VISIT, [opening(DOCTOR, *own), opening(OTHER, *others)])
    assert {(place.practitioner_id, place.cell - TEN) for place in found} == {
        *((DOCTOR, cell) for cell in own), *((OTHER, cell) for cell in others)
    }  # fmt: skip
    assert [place.penalty for place in found] == sorted(place.penalty for place in found)


# ---- rows of visits --------------------------------------------------------------------------------------------------


NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
FREE = st.builds(
    lambda key, who, at, length, place: Free(
        key, UUID(int=10 + place), UUID(int=who), NINE.date(), NINE + timedelta(minutes=10 * at),
        NINE + timedelta(minutes=10 * (at + length)),
    ),
    st.integers(0, 99), st.integers(1, 2), st.integers(0, 20), st.integers(1, 3), st.integers(0, 1),
)  # fmt: skip
FOLLOWING = st.builds(Following, st.sampled_from([0, 10, 30]), st.sampled_from([0, 30, 60]), st.booleans())


@given(st.lists(st.lists(FREE, max_size=6), min_size=2, max_size=3), FOLLOWING)
def test_rows_are_found_when_there_are_any_and_only_then(free: list[list[Free]], following: Following) -> None:
    """Each row is in order and keeps the gaps; one is found whenever trying everything finds one; the first begins soonest."""
    tried = [row for row in product(*free) if all(following.fits(earlier, later) for earlier, later in pairwise(row))]
    found = list(linked.rows(free, following))
    for row in found:
        assert tuple(row) in tried
    if following.most == 0:
        assert bool(found) == bool(tried)
        assert not found or found[0][0].start == min(row[0].start for row in tried)
