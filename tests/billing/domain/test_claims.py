"""A claim's states and number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.claims import (
    AWAITING,
    TRANSITIONS,
    ClaimEvent,
    ClaimState,
    IllegalTransition,
    after,
    check_character,
    claim_control,
)

ORDINARY = [
    (ClaimEvent.SCRUBBED_CLEAN, ClaimState.READY),
    (ClaimEvent.BATCHED, ClaimState.SENT),
    (ClaimEvent.ACKNOWLEDGED, ClaimState.RECEIVED),
    (ClaimEvent.ACCEPT, ClaimState.ACCEPTED),
    (ClaimEvent.PAYMENT, ClaimState.PAID),
    (ClaimEvent.CLOSE, ClaimState.CLOSED),
]


def run(*events: ClaimEvent) -> ClaimState:
    """The state after these events, from a draft."""
    state = ClaimState.DRAFT
    for event in events:
        state = after(state, event)
    return state


def test_the_ordinary_life():
    """Draft, ready, sent, received, accepted, paid, closed."""
    state = ClaimState.DRAFT
    for event, expected in ORDINARY:
        state = after(state, event)
        assert state is expected


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([ClaimEvent.SCRUB_FOUND, ClaimEvent.RESCRUB, ClaimEvent.SCRUBBED_CLEAN], ClaimState.READY),
        ([ClaimEvent.SCRUB_FOUND, ClaimEvent.RELEASE], ClaimState.READY),
        ([ClaimEvent.SCRUBBED_CLEAN, ClaimEvent.BATCHED, ClaimEvent.REJECT, ClaimEvent.CLOSE], ClaimState.CLOSED),
        ([*[e for e, _ in ORDINARY[:5]], ClaimEvent.REVERSAL, ClaimEvent.DENIAL], ClaimState.DENIED),
        ([*[e for e, _ in ORDINARY[:5]], ClaimEvent.ACKNOWLEDGED], ClaimState.PAID),
        ([*[e for e, _ in ORDINARY[:2]], ClaimEvent.PAYMENT], ClaimState.PAID),
        ([ClaimEvent.CROSSED_OVER, ClaimEvent.PAYMENT], ClaimState.PAID),
    ],
)
def test_other_lives(events, state):
    """Holds, rejections, reversals, late acknowledgements, crossovers."""
    assert run(*events) is state


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (ClaimState.SENT, ClaimEvent.BATCHED),  # never twice
        (ClaimState.DRAFT, ClaimEvent.BATCHED),  # never unscrubbed
        (ClaimState.HELD, ClaimEvent.BATCHED),
        (ClaimState.SENT, ClaimEvent.RESCRUB),
        (ClaimState.REJECTED, ClaimEvent.RESCRUB),  # a number is used once: another claim goes out
        (ClaimState.VOIDED, ClaimEvent.PAYMENT),
        (ClaimState.PAID, ClaimEvent.REJECT),
    ],
)
def test_what_cannot_happen(state: ClaimState, event: ClaimEvent):
    """The table has no row for it: it is refused."""
    with pytest.raises(IllegalTransition, match=state):
        after(state, event)


def test_only_ready_claims_are_batched_and_nothing_leaves_voided():
    """Two properties of the whole table."""
    assert {state for state, event in TRANSITIONS if event is ClaimEvent.BATCHED} == {ClaimState.READY}
    assert ClaimState.VOIDED not in {state for state, _ in TRANSITIONS}


def test_every_state_can_be_reached_and_every_waiting_claim_can_be_answered():
    """No dead ends: whatever waits can be paid, denied or rejected."""
    reached = {ClaimState.DRAFT}
    while new := {to for (state, _), to in TRANSITIONS.items() if state in reached} - reached:
        reached |= new
    assert reached == set(ClaimState)
    for state in AWAITING:
        assert {(state, ClaimEvent.PAYMENT), (state, ClaimEvent.DENIAL), (state, ClaimEvent.REJECT)} <= set(TRANSITIONS)


@given(st.sets(st.integers(min_value=0, max_value=34**8 - 1), min_size=2, max_size=50))
def test_claim_numbers_are_different_short_and_writable(numbers: set[int]):
    """CLM01 is at most 20 characters of the basic set, and another for every number."""
    controls = [claim_control("PC7K", number) for number in numbers]
    assert len(set(controls)) == len(numbers)
    assert all(len(control) <= 20 and control.isascii() and control.isalnum() for control in controls)


@given(
    st.integers(min_value=0, max_value=34**8 - 1),
    st.integers(min_value=0, max_value=11),
    st.sampled_from("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"),
)
def test_one_wrong_character_is_caught(number: int, at: int, wrong: str):
    """A number typed with one wrong character does not check."""
    control = claim_control("PC7K", number)
    typed = control[:at] + wrong + control[at + 1 :]
    assert (check_character(typed[:-1]) == typed[-1]) is (typed == control)


def test_claim_numbers_end():
    """Past the last number it is said, not wrapped."""
    with pytest.raises(ValueError, match="used up"):
        claim_control("PC7K", 34**8)
