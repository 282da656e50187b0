"""Fair turns: who is served when more is asked than can be served at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from chassis.clock import monotonic
from chassis.errors import RateLimited
from gateway import fairness
from gateway.fairness import Turns


class Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def crowd(turns: Turns, tenant: str, count: int) -> Iterator[ExitStack]:
    """So many requests of a tenant under way."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(turns.turn(tenant))
        yield stack


def known(turns: Turns, time: Time, *tenants: str) -> None:
    """Lets time pass with a request of each of these under way, so that all are there."""
    with ExitStack() as stack:
        for tenant in tenants:
            stack.enter_context(turns.turn(tenant))
        time.now += 1.0
    with turns.turn(tenants[0]):
        pass


def test_who_is_alone_is_not_bounded() -> None:
    """Thirty requests of the only tenant are served at once."""
    turns = Turns(4, Time())
    with crowd(turns, "a", 30):
        assert turns._lines["a"].served == 30


def test_whoever_asks_within_the_places_is_not_bounded() -> None:
    """Two tenants: one may have more under way than the other."""
    time = Time()
    turns = Turns(6, time)
    known(turns, time, "a", "b")
    with crowd(turns, "a", 6), crowd(turns, "b", 1):
        assert [turns._lines[tenant].served for tenant in "ab"] == [6, 1]


def test_tenants_who_all_ask_much_are_not_bounded() -> None:
    """A crowded morning of equals: nobody waits in a line of their own."""
    time = Time()
    turns = Turns(2, time)
    known(turns, time, *("abc" * 5))
    with crowd(turns, "a", 9), crowd(turns, "b", 8), crowd(turns, "c", 7):
        assert [turns._lines[tenant].served for tenant in "abc"] == [9, 8, 7]


def test_a_flood_waits_and_the_others_are_served() -> None:
    """Of a flood only the tenant's part is served; somebody else's request does not wait for it."""
    time = Time()
    turns = Turns(4, time)
    known(turns, time, "flood", "quiet")
    served, stop = [], threading.Event()

    def ask(number: int) -> None:
        with turns.turn("flood"):
            served.append(number)
            stop.wait(10)

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in asking:
        thread.start()
    line = turns._lines["flood"]
    while line.here < 12:
        stop.wait(0.01)
    # A flood has the four places and no more.
    assert len(served) == 4
    with crowd(turns, "quiet", 4):
        assert len(served) == 4
    stop.set()
    for thread in asking:
        thread.join(10)
    assert sorted(served) == list(range(12))
    assert (line.here, line.served, len(line.waiting)) == (0, 0, 0)


def test_whoever_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the longest wait in line, or behind a line that is full, a request is refused with Retry-After."""
    monkeypatch.setattr(fairness, "LONGEST_WAIT_SECONDS", 0.01)
    time = Time()
    turns = Turns(2, time)
    known(turns, time, "flood", "quiet")
    with crowd(turns, "flood", 2):
        turns._usual = 0.5
        line = turns._lines["flood"]
        with pytest.raises(RateLimited) as refused, turns.turn("flood"):
            pass
        assert refused.value.retry_after == fairness.COME_AGAIN_SECONDS
        assert (line.here, line.served, len(line.waiting)) == (2, 2, 0)
        monkeypatch.setattr(fairness, "LONGEST_LINE", 0)
        with pytest.raises(RateLimited), turns.turn("flood"):
            pass
        assert (line.here, line.served, len(line.waiting)) == (2, 2, 0)


def test_nobody_is_forgotten_in_a_line() -> None:
    """Forty threads of three tenants ask hundreds of times; all are served, and at the end nobody is here."""
    turns = Turns(3, monotonic)
    done: list[str] = []

    def ask(tenant: str) -> None:
        for _ in range(25):
            with turns.turn(tenant):
                sum(range(500))
            done.append(tenant)

    threads = [threading.Thread(target=ask, args=("aaaaaaabc"[number % 9],)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 40 * 25
    assert all((line.here, line.served, len(line.waiting)) == (0, 0, 0) for line in turns._lines.values())


def test_without_places_nothing_is_kept() -> None:
    """The setting 0 turns it off, and nobody's requests have no line."""
    for turns, tenant in ((Turns(0, Time()), "a"), (Turns(2, Time()), "")):
        with crowd(turns, tenant, 50):
            assert turns._lines == {}


def test_who_has_gone_is_forgotten() -> None:
    """Tenants that ask no more leave nothing behind."""
    time = Time()
    turns = Turns(2, time)
    for number in range(50):
        with turns.turn(f"t{number}"):
            time.now += 1.0
    time.now += 30
    with turns.turn("last"):
        assert set(turns._lines) == {"last"}
