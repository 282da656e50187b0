"""Expected starts, hysteresis, swaps and estimates of the queue, as pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain import running_late, swaps, walk_ins
from scheduling.domain.policy import BookingPolicy
from scheduling.domain.running_late import Stage
from scheduling.domain.swaps import Next
from scheduling.domain.visits import Status
from scheduling.domain.walk_ins import Waiting

TEN = datetime(2026, 3, 10, 10, tzinfo=UTC)
DOCTOR, OTHER, ROOM = UUID(int=1), UUID(int=2), UUID(int=3)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def stage(number: int, at: int, status: Status = Status.BOOKED, who: UUID = DOCTOR, **more: object) -> Stage:
    """A visit of half an hour that begins so many minutes after ten."""
    return Stage(UUID(int=100 + number), who, TEN + minutes(at), 30, status, **more)  # type: ignore[arg-type]


def delays(day: list[Stage], at: int) -> list[int]:
    """The delays of the visits that have not begun, so many minutes after ten."""
    return [one.delay_minutes for one in running_late.expected_starts(day, TEN + minutes(at))]


def test_an_overrun_runs_on_until_a_gap_takes_it_up() -> None:
    """A visit that began twenty minutes late delays the next two; after a gap of half an hour all is on time."""
    day = [stage(1, 0, Status.SEEN, seen=TEN + minutes(20)), stage(2, 30), stage(3, 60), stage(4, 120)]
    assert delays(day, 25) == [20, 20, 0]
    day[0] = stage(1, 0, Status.CHECKED_OUT, seen=TEN + minutes(20))
    assert delays(day, 35) == [5, 5, 0]


def test_a_shared_room_hands_the_delay_on() -> None:
    """Another practitioner's patient waits for the room, and the practitioner's next patient for the practitioner."""
    day = [
        stage(1, 0, Status.SEEN, seen=TEN + minutes(15), room_id=ROOM),
        stage(2, 30, who=OTHER, room_id=ROOM),
        stage(3, 60, who=OTHER),
    ]
    assert delays(day, 20) == [15, 15]


def test_a_planned_room_is_no_reason_to_wait_while_another_is_free() -> None:
    """Who is not in a room yet takes the first free one; only when all are taken does the delay run on through them."""
    other_room = UUID(int=4)
    taken = stage(1, 0, Status.SEEN, seen=TEN + minutes(15), room_id=ROOM)
    empty = stage(2, 0, Status.CHECKED_OUT, OTHER, seen=TEN, room_id=other_room)
    third = stage(3, 30, who=UUID(int=5), room_id=ROOM)
    assert delays([taken, empty, third], 20) == [0]
    assert delays([taken, stage(2, 0, Status.SEEN, OTHER, seen=TEN + minutes(12), room_id=other_room), third], 20) == [
        12
    ]


def test_what_is_over_or_cancelled_keeps_nobody() -> None:
    """A cancelled visit of the afternoon does not make the morning's patients wait for its time."""
    day = [
        stage(1, 0),
        stage(2, 240, Status.CANCELLED),
        stage(3, 300, Status.NO_SHOW),
        stage(4, -60, Status.CHECKED_OUT),
    ]
    assert delays(day, 0) == [0]


def test_who_is_there_goes_before_who_is_late() -> None:
    """Somebody whose time has passed and who has not come is expected after those who are there."""
    day = [stage(1, 0), stage(2, 10, Status.CHECKED_IN)]
    assert [(one.id.int, one.delay_minutes) for one in running_late.expected_starts(day, TEN + minutes(12))] == [
        (102, 2),
        (101, 42),
    ]
    assert running_late.is_awaited(day[0], TEN + minutes(12))
    assert not running_late.is_awaited(day[1], TEN + minutes(12))


def test_who_has_not_come_yet_is_not_expected_in_the_past() -> None:
    """A visit whose time has passed is expected now; its time is kept for ten minutes, and longer for who was told to come later."""
    assert delays([stage(1, 0), stage(2, 30)], 8) == [8, 8]
    assert delays([stage(1, 0), stage(2, 30)], 12) == [12, 0]
    assert delays([stage(1, 0, told_minutes=15), stage(2, 30)], 12) == [12, 12]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from([1, 2]), st.booleans()), max_size=12), st.integers(0, 300)
)
def test_nobody_is_expected_early_and_nobody_is_seen_by_one_doctor_with_another(
    drawn: list[tuple[int, int, bool]], at: int
) -> None:
    """Whatever the day looks like: no visit before its planned start or now, none of one practitioner on another"""
    day = [
        stage(n, slot * 5, who=UUID(int=who), room_id=ROOM if room else None)
        for n, (slot, who, room) in enumerate(drawn)
    ]
    by_id = {one.id: one for one in day}
    found = running_late.expected_starts(day, TEN + minutes(at))
    assert {one.id for one in found} == set(by_id)
    for key in (1, 2):
        kept = [
            one for one in found if not running_late.is_awaited(by_id[one.id], TEN + minutes(at) - running_late.KEPT)
        ]
        own = sorted(one.start for one in kept if by_id[one.id].practitioner_id == UUID(int=key))
        assert all(later - earlier >= minutes(30) for earlier, later in pairwise(own))
    for one in found:
        assert one.start >= max(by_id[one.id].start, TEN + minutes(at))


def test_patients_are_told_with_hysteresis() -> None:
    """Told at fifteen; not again at eighteen; at twenty-five again; not taken back at ten; taken back below five, once."""
    policy = BookingPolicy(late_tell_minutes=15, late_again_minutes=10, late_clear_minutes=5)
    told, said = 0, []
    for delay in (3, 14, 15, 18, 14, 24, 25, 31, 20, 10, 7, 5, 4, 3, 0, 14, 16):
        tell = running_late.to_tell(told, delay, policy)
        if tell is not None:
            told = tell
            said.append((delay, tell))
    assert said == [(15, 15), (25, 25), (10, 10), (4, 0), (16, 15)]


@given(st.lists(st.integers(0, 120), max_size=60))
def test_a_wobbling_delay_does_not_make_a_wobbling_clinic(wobble: list[int]) -> None:
    """Two messages about a delay differ by the step at least, or one takes the delay back."""
    policy = BookingPolicy()
    told = 0
    for delay in wobble:
        tell = running_late.to_tell(told, delay, policy)
        if tell is not None:
            assert tell == 0 or told == 0 or abs(tell - told) >= policy.late_again_minutes
            assert tell % running_late.TOLD_IN_STEPS_OF == 0
            told = tell


def test_the_next_patient_is_seen_before_the_late_one() -> None:
    """The ten o'clock comes at half past: the ten-twenty, who is here, is seen first, and both wait less."""
    late = Next(UUID(int=1), TEN, TEN + minutes(30), 20)
    here = Next(UUID(int=2), TEN + minutes(20), TEN + minutes(10), 20)
    after = Next(UUID(int=3), TEN + minutes(40), TEN + minutes(40), 20)
    best = swaps.proposals([late, here, after], TEN + minutes(5))[0]
    assert (best.first, best.passes) == (here.id, (late.id,))
    assert best.after[here.id] == TEN + minutes(20)
    assert best.saves_minutes == 30


def test_nothing_is_proposed_when_nobody_is_late() -> None:
    """A day on time is left alone."""
    order = [Next(UUID(int=n), TEN + minutes(20 * n), TEN + minutes(20 * n), 20) for n in range(6)]
    assert swaps.proposals(order, TEN) == []


@given(
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 90), st.sampled_from([10, 20, 30])), min_size=2, max_size=8),
    st.integers(0, 60),
)
def test_no_proposal_breaks_a_promise_and_each_saves_what_it_says(drawn: list[tuple[int, int, int]], free: int) -> None:
    """Nobody is seen before they were promised or are there; the saving is that of the waiting in all; three at the most."""
    order = sorted(
        (
            Next(UUID(int=n), TEN + minutes(5 * slot), TEN + minutes(off), length)
            for n, (slot, off, length) in enumerate(drawn)
        ),
        key=lambda one: (one.promised, one.id),
    )
    found = swaps.proposals(order, TEN + minutes(free))
    assert len(found) <= swaps.BEST
    by_id = {one.id: one for one in order}
    for swap in found:
        for visit_id, begins in swap.after.items():
            assert begins >= max(by_id[visit_id].promised, by_id[visit_id].there)
        before, after = swaps.waiting(order, swap.before), swaps.waiting(order, swap.after)
        assert int((before - after).total_seconds()) // 60 == swap.saves_minutes >= swaps.WORTH_MINUTES
        assert sorted(swap.after) == sorted(by_id)


def test_the_queue_is_served_by_urgency_and_then_by_number() -> None:
    """The urgent are called first, everybody else in the order in which they came."""
    queue = [Waiting(UUID(int=n), priority, n, {}) for n, priority in enumerate([0, 5, 0, 9])]
    assert [one.number for one in walk_ins.ranked(queue)] == [3, 1, 0, 2]


def test_estimates_fill_the_gaps_between_booked_visits() -> None:
    """Two who need half an hour wait for the gaps of that length; the third finds none."""
    free = {DOCTOR: 0b111111_000000_111111, OTHER: 0b111}
    queue = [Waiting(UUID(int=n), 0, n, {DOCTOR: 6, OTHER: 6}) for n in range(3)]
    assert list(walk_ins.estimates(queue, free).values()) == [0, 12, None]


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.lists(st.sampled_from([2, 3, 6]), max_size=8))
def test_estimates_never_give_one_cell_to_two(first: int, second: int, lengths: list[int]) -> None:
    """No two are promised the same time of the same practitioner, and each only time that is free."""
    free = {DOCTOR: first, OTHER: second}
    queue = [Waiting(UUID(int=n), 0, n, {DOCTOR: length, OTHER: length}) for n, length in enumerate(lengths)]
    found = walk_ins.estimates(queue, free)
    taken = sum(length for n, length in enumerate(lengths) if found[UUID(int=n)] is not None)
    assert taken <= first.bit_count() + second.bit_count()
    for n, length in enumerate(lengths):
        at = found[UUID(int=n)]
        mask = ((1 << length) - 1) << (at or 0)
        assert at is None or any(bits & mask == mask for bits in free.values())
