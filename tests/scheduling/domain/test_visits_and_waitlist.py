"""The flow of visits and the order of the waitlist."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain import visits, waitlist
from scheduling.domain.cells import cell_at
from scheduling.domain.visits import LIVE, TRANSITIONS, UNDOABLE, Status, Step, Times, Waits
from scheduling.domain.waitlist import FreedTime, Wish
from tests.scheduling.domain.test_search_and_claims import number

START = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


def minutes(value: int) -> datetime:
    """So many minutes after the visit's start."""
    return START + timedelta(minutes=value)


@given(st.lists(st.sampled_from(list(Step)), max_size=12))
def test_no_sequence_of_steps_leaves_the_end_of_a_visit(steps: list[Step]) -> None:
    """Once checked out, cancelled or left, a visit takes no further step; before that only the table's steps apply."""
    status = Status.BOOKED
    for step in steps:
        following = visits.after(status, step)
        if status in (Status.CHECKED_OUT, Status.CANCELLED, Status.LEFT):
            assert following is None
        status = following or status


def test_nobody_is_seen_who_has_not_checked_in() -> None:
    """Every way to SEEN leads through CHECKED_IN, and every way to CHECKED_OUT through SEEN."""
    for target, through in ((Status.SEEN, Status.CHECKED_IN), (Status.CHECKED_OUT, Status.SEEN)):
        reached = {Status.BOOKED}
        while True:
            more = {to for (frm, _), to in TRANSITIONS.items() if frm in reached and frm is not through} - reached
            if not more:
                break
            reached |= more
        assert target not in reached


def test_steps_that_free_time_cannot_be_undone() -> None:
    """Cancelling and moving give time away; what cannot be given back is not undone."""
    assert not UNDOABLE & {Step.CANCEL, Step.MOVE, Step.CONFIRM}


def test_waiting_begins_with_the_start_for_who_comes_early() -> None:
    """Twenty minutes early and seen five minutes after the start is a wait of five minutes."""
    times = Times(START, minutes(-20), minutes(-15), minutes(-2), minutes(5))
    assert visits.waits(Status.SEEN, times, minutes(12)) == Waits(in_stage=7, waited=5, late=0)


def test_waiting_begins_with_the_arrival_for_who_comes_late() -> None:
    """Ten minutes late, and still waiting a quarter of an hour later."""
    times = Times(START, minutes(10), minutes(12))
    assert visits.waits(Status.CHECKED_IN, times, minutes(25)) == Waits(in_stage=13, waited=15, late=10)


def test_who_has_not_come_is_late_but_does_not_wait() -> None:
    """A quarter past the start, and nobody there."""
    assert visits.waits(Status.CONFIRMED, Times(START), minutes(15)) == Waits(0, 0, 15)
    assert visits.waits(Status.NO_SHOW, Times(START), minutes(15)) == Waits(0, 0, 0)


def test_live_visits_are_those_that_still_occupy_somebody() -> None:
    """What is over, in whatever way, is not live."""
    assert set(Status) - LIVE == {Status.CHECKED_OUT, Status.CANCELLED, Status.NO_SHOW, Status.LEFT}


# Thursday 5 March 2026, 10:00 in New York.
FREED = FreedTime(number(10), number(1), "America/New_York", cell_at(START), START)
WISH = Wish(
    entry_id=number(70),
    patient_id=number(30),
    type_id=number(9),
    practitioner_ids=frozenset(),
    location_ids=frozenset(),
    first_day=date(2026, 3, 1),
    last_day=date(2026, 3, 31),
    weekdays=frozenset(),
    earliest_minute=0,
    latest_minute=0,
    priority=0,
    joined_at=START,
)


def test_a_wish_is_for_days_hours_people_and_places() -> None:
    """Each part of a wish can rule a time out; the days and minutes are the location's wall clock."""
    assert waitlist.suits(WISH, FREED)
    assert waitlist.suits(replace(WISH, weekdays=frozenset({4}), earliest_minute=600, latest_minute=600), FREED)
    for unsuited in (
        replace(WISH, weekdays=frozenset({5})),
        replace(WISH, earliest_minute=605),
        replace(WISH, latest_minute=595),
        replace(WISH, first_day=date(2026, 3, 6)),
        replace(WISH, last_day=date(2026, 3, 4)),
        replace(WISH, practitioner_ids=frozenset({number(11)})),
        replace(WISH, location_ids=frozenset({number(2)})),
        replace(WISH, instead_of=START),
    ):
        assert not waitlist.suits(unsuited, FREED)
    assert waitlist.suits(replace(WISH, instead_of=minutes(30)), FREED)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 500)), max_size=20))
def test_the_urgent_come_first_then_who_has_waited_longest(people: list[tuple[int, int]]) -> None:
    """The order is by priority, then by the time of joining."""
    wishes = [
        replace(WISH, entry_id=number(n), priority=priority, joined_at=minutes(joined))
        for n, (priority, joined) in enumerate(people)
    ]
    order = [(-wish.priority, wish.joined_at) for wish in waitlist.ranked(wishes)]
    assert order == sorted(order)


def test_a_round_ends_before_the_visit_can_no_longer_be_booked() -> None:
    """Half an hour, less when the visit is near, none when there is no time left to answer."""
    assert waitlist.round_end(minutes(-240), START, 60) == minutes(-210)
    assert waitlist.round_end(minutes(-80), START, 60) == minutes(-60)
    assert waitlist.round_end(minutes(-65), START, 60) is None
