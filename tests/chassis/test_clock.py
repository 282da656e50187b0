"""Business time that is stepped: forward for a system that runs, and from the start for a test that needs a date."""

from __future__ import annotations

from datetime import timedelta

from chassis.clock import SimulatedClock
from chassis.testing import Harness
from chassis.testing.harness import START


def test_a_late_step_does_not_set_the_time_back() -> None:
    """An earlier instant is ignored; only a restart goes back."""
    clock = SimulatedClock(START)
    clock.set(START + timedelta(days=1))
    clock.set(START)
    assert clock.now() == START + timedelta(days=1)
    clock.restart(START)
    assert clock.now() == START


def test_a_test_has_the_start_for_itself(identity: Harness) -> None:
    """However far the time was stepped it begins at the start, and afterwards it is where the others left it."""
    identity.advance(hours=1)
    others = identity.clock.now()
    with identity.from_start():
        assert identity.clock.now() == START
        identity.advance(days=400)
    assert identity.clock.now() == others > START
