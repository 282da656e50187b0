"""Which free times a patient is shown of a day that has many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from polyclinic.scheduling.v1 import scheduling_pb2

from chassis.protos import instant, timestamp
from gateway.portal.booking import APART, OF_A_DAY, spread

DAY = date(2026, 3, 10)
BOSTON, PHOENIX = ("harbor", "America/New_York"), ("desert", "America/Phoenix")


def free_times() -> list[scheduling_pb2.Slot]:
    """A morning of Boston and Phoenix, a time every five minutes, as the service gives them: the earliest instant first."""
    begin = datetime(2026, 3, 10, 16, tzinfo=UTC)
    return [
        scheduling_pb2.Slot(
            start_time=timestamp(begin + timedelta(minutes=5 * number)), location_id=place, time_zone=zone
        )
        for number in range(36)
        for place, zone in (BOSTON, PHOENIX)
    ]


def test_the_times_of_a_day_are_spread_over_it() -> None:
    """Of many times some are shown, half an hour apart at each place, in the order of the clock on the wall; the others are counted."""
    found = spread(free_times())
    shown = found["days"][DAY]
    assert 1 < len(shown) <= OF_A_DAY
    assert found["left_out"][DAY] == 72 - len(shown)
    for place in ("harbor", "desert"):
        begins = [instant(each.start_time) for each in shown if each.location_id == place]
        assert all(later - earlier >= APART for earlier, later in pairwise(begins))
    on_the_wall = [instant(each.start_time).astimezone(ZoneInfo(each.time_zone)).time() for each in shown]
    assert on_the_wall == sorted(on_the_wall)


def test_the_whole_of_a_day_is_shown_when_it_is_asked_for() -> None:
    """Behind the link to the other times of a day are all of them, and the link is gone."""
    found = spread(free_times(), whole=True)
    assert len(found["days"][DAY]) == 72
    assert not found["left_out"]
