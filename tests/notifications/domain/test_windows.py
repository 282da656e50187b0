"""Send windows on the wall clocks of every zone, also on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.windows import (
    ALWAYS_OPEN,
    DEFAULT_SMS_WINDOW,
    QuietHours,
    SendWindow,
    minutes_before,
    next_allowed,
)

ZONES = [
    "America/New_York",
    "America/Phoenix",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
instants = st.integers(1_262_304_000, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
near_changes = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 8, 5, tzinfo=UTC),
            datetime(2026, 11, 1, 4, tzinfo=UTC),
            datetime(2026, 4, 4, 14, tzinfo=UTC),
        ]
    ),
    st.integers(-600, 1500),
)


@st.composite
def windows(draw):
    """Any window of a day."""
    opens = draw(st.integers(0, 1439))
    return SendWindow(opens, draw(st.integers(opens + 1, 1440)))


@given(st.one_of(instants, near_changes), zones, windows())
def test_the_next_opening_is_inside_the_window_and_not_before(at, zone, window):
    """Whatever zone and day: the answer is open, not earlier than asked, and within three days."""
    found = window.next_open(at, zone)
    assert window.contains(found, zone)
    assert at <= found < at + timedelta(days=4)


@given(st.one_of(instants, near_changes), zones, windows())
def test_inside_the_window_nothing_moves(at, zone, window):
    """The answer moves only what is outside, and moving again moves nothing."""
    found = window.next_open(at, zone)
    assert (found == at) == window.contains(at, zone)
    assert window.next_open(found, zone) == found


@given(st.one_of(instants, near_changes), zones)
def test_the_built_in_window_misses_no_opening(at, zone):
    """Nothing between the asked instant and the answer was open: nobody waits longer than needed."""
    found = DEFAULT_SMS_WINDOW.next_open(at, zone)
    step = timedelta(minutes=15)
    probe = at
    while probe < found:
        assert not DEFAULT_SMS_WINDOW.contains(probe, zone)
        probe += step


@given(instants, zones)
def test_a_window_of_the_whole_day_is_always_open(at, zone):
    """00:00 to 24:00 moves nothing."""
    assert ALWAYS_OPEN.next_open(at, zone) == at


@pytest.mark.parametrize(
    ("at", "zone", "opens_at"),
    [
        # Spring forward in New York: 8:00 on March 8 is 12:00 UTC, the day before it was 13:00.
        (datetime(2026, 3, 8, 6, 30, tzinfo=UTC), "America/New_York", datetime(2026, 3, 8, 12, tzinfo=UTC)),
        (datetime(2026, 3, 7, 6, 30, tzinfo=UTC), "America/New_York", datetime(2026, 3, 7, 13, tzinfo=UTC)),
        # Fall back: 8:00 on November 1 is 13:00 UTC again.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/New_York", datetime(2026, 11, 1, 13, tzinfo=UTC)),
        # Arizona has no daylight saving time.
        (datetime(2026, 7, 1, 10, tzinfo=UTC), "America/Phoenix", datetime(2026, 7, 1, 15, tzinfo=UTC)),
        # After closing: the next day.
        (datetime(2026, 7, 2, 3, tzinfo=UTC), "America/Phoenix", datetime(2026, 7, 2, 15, tzinfo=UTC)),
    ],
)
def test_known_mornings(at, zone, opens_at):
    """Eight in the morning on days on which the clocks change, and where they never do."""
    assert DEFAULT_SMS_WINDOW.next_open(at, ZoneInfo(zone)) == opens_at


def test_a_window_that_a_day_leaps_over_opens_the_next_day():
    """02:15–02:45 does not exist on March 8 in New York."""
    window = SendWindow(135, 165)
    zone = ZoneInfo("America/New_York")
    found = window.next_open(datetime(2026, 3, 8, 6, 0, tzinfo=UTC), zone)
    assert found.astimezone(zone).isoformat() == "2026-03-09T02:15:00-04:00"


def test_an_hour_that_comes_twice_is_open_twice():
    """01:00–01:30 on November 1 in New York: at 01:45 of the first pass the second pass is the next opening."""
    window = SendWindow(60, 90)
    found = window.next_open(datetime(2026, 11, 1, 5, 45, tzinfo=UTC), ZoneInfo("America/New_York"))
    assert found == datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


@given(instants, zones, st.integers(1, 60))
def test_days_before_keep_the_wall_clock(start, zone, days):
    """So many days before a visit it is the same time of the day, unless that time does not exist then."""
    found = minutes_before(start, days * 1440, zone).astimezone(zone)
    wall = start.astimezone(zone)
    intended = wall.replace(tzinfo=None) - timedelta(days=days)
    assert abs(found.replace(tzinfo=None) - intended) in (
        timedelta(0),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(days=1),
    )
    if found.replace(tzinfo=None) != intended:
        # Only where the wall clock leapt: that reading does not exist.
        assert intended.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != intended


@given(instants, zones, st.integers(1, 1439))
def test_hours_before_are_elapsed_time(start, zone, minutes):
    """Two hours before is two hours, whatever the clocks do."""
    assert start - minutes_before(start, minutes, zone) == timedelta(minutes=minutes)


@pytest.mark.parametrize(("opens", "closes"), [(10, 10), (11, 10), (-1, 5), (0, 1441)])
def test_a_window_that_never_opens_is_refused(opens, closes):
    """A window opens before it closes, within one day."""
    with pytest.raises(ValueError, match="opens before it closes"):
        SendWindow(opens, closes)


quiet_hours = (
    st.tuples(st.integers(0, 1439), st.integers(0, 1439))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda p: QuietHours(*p))
)


@given(instants | near_changes, zones, windows(), quiet_hours)
def test_what_is_allowed_is_open_and_not_quiet(at, zone, window, quiet):
    """The instant found is not before what was asked for, inside the tenant's window and outside the person's quiet hours."""
    found = next_allowed(window, quiet, at, zone)
    if found is None:
        wall = [datetime(2026, 6, 1, minute // 60, minute % 60, tzinfo=zone) for minute in range(1440)]
        usual = [one for one in wall if window.contains(one, zone) and not quiet.contains(one, zone)]
        # An hour that is left between the two may be leapt over on a day that the clocks change, not on three.
        assert len(usual) == 0
    else:
        assert found >= at
        assert window.contains(found, zone)
        assert not quiet.contains(found, zone)


@given(instants | near_changes, zones, quiet_hours)
def test_quiet_hours_end(at, zone, quiet):
    """The end of quiet hours is outside of them, not before what was asked for, and within a day and a bit."""
    over = quiet.over(at, zone)
    assert at <= over <= at + timedelta(hours=26)
    assert not quiet.contains(over, zone)


@pytest.mark.parametrize(
    ("quiet", "wall", "opens"),
    [
        (QuietHours(1320, 600), (2026, 6, 1, 9, 0), (2026, 6, 1, 10, 0)),
        (QuietHours(1080, 1439), (2026, 6, 1, 19, 0), (2026, 6, 2, 8, 0)),
        (QuietHours(720, 840), (2026, 6, 1, 12, 0), (2026, 6, 1, 14, 0)),
        (QuietHours(720, 840), (2026, 6, 1, 14, 0), (2026, 6, 1, 14, 0)),
        (QuietHours(0, 1439), (2026, 6, 1, 12, 0), None),
    ],
)
def test_known_quiet_hours(quiet, wall, opens):
    """A late riser, an early evening, a nap at noon; and somebody who leaves no minute of the window."""
    zone = ZoneInfo("America/Denver")
    found = next_allowed(DEFAULT_SMS_WINDOW, quiet, datetime(*wall, tzinfo=zone), zone)
    assert found == (datetime(*opens, tzinfo=zone) if opens else None)
