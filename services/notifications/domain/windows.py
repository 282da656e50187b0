"""Send windows: the wall-clock hours in which a person may be written to.

A window is local wall clock (minutes after midnight) and is applied in the recipient's IANA zone, which is always passed
in. 47 CFR 64.1200(c)(1) keeps calls and texts out of the time before 8 a.m. and after 9 p.m. at the recipient's
location; the built-in policy keeps well inside that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_PER_DAY = 1440
# Hours repeat daily: what has not opened by then, past any change of the clocks, never does.
LOOKED_AHEAD = timedelta(days=3)


@dataclass(frozen=True)
class SendWindow:
    """Open from ``opens_minute`` (included) to ``closes_minute`` (excluded), minutes after local midnight."""

    opens_minute: int
    closes_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens_minute < self.closes_minute <= MINUTES_PER_DAY:
            raise ValueError("a window opens before it closes, within one day")

    def contains(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether the aware instant `at` is inside the window on the wall clock of `zone`."""
        wall = at.astimezone(zone)
        return self.opens_minute <= wall.hour * 60 + wall.minute < self.closes_minute

    def next_open(self, at: datetime, zone: ZoneInfo) -> datetime:
        """`at` itself when it is inside the window, else the next opening after it; an aware UTC instant.

        On a day whose clock jumps over the whole window that day has no opening; on a day that repeats an hour both
        passes count.
        """
        at = at.astimezone(UTC)
        if self.contains(at, zone):
            return at
        today = at.astimezone(zone).date()
        opening = time(self.opens_minute // 60, self.opens_minute % 60)
        for days in range(4):
            wall = datetime.combine(today + timedelta(days=days), opening, tzinfo=zone)
            for fold in (0, 1):
                candidate = wall.replace(fold=fold).astimezone(UTC)
                if candidate >= at and self.contains(candidate, zone):
                    return candidate
        raise ValueError(f"no opening of {self} within three days in {zone}")


@dataclass(frozen=True)
class QuietHours:
    """When a person wants to hear nothing: minutes after local midnight, ``until_minute`` excluded; they may go over midnight."""

    from_minute: int
    until_minute: int

    def contains(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether the aware instant `at` is in these hours on the wall clock of `zone`."""
        wall = at.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        if self.from_minute < self.until_minute:
            return self.from_minute <= minute < self.until_minute
        return minute >= self.from_minute or minute < self.until_minute

    def over(self, at: datetime, zone: ZoneInfo) -> datetime:
        """`at` itself when it is outside, else when these hours next end; an aware UTC instant."""
        at = at.astimezone(UTC)
        if not self.contains(at, zone):
            return at
        ends = time(self.until_minute // 60, self.until_minute % 60)
        today = at.astimezone(zone).date()
        walls = (datetime.combine(today + timedelta(days=days), ends, tzinfo=zone) for days in (0, 1))
        instants = sorted(wall.replace(fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1))
        return next(each for each in instants if each > at and not self.contains(each, zone))


def next_allowed(window: SendWindow, quiet: QuietHours | None, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant from `at` on that is in the window and outside the quiet hours; aware UTC. None: they leave no time."""
    opens = window.next_open(at, zone)
    while quiet is not None and quiet.contains(opens, zone):
        opens = window.next_open(quiet.over(opens, zone), zone)
        if opens - at > LOOKED_AHEAD:
            return None
    return opens


ALWAYS_OPEN = SendWindow(0, MINUTES_PER_DAY)
# Built-in policy; each tenant can change it.
DEFAULT_SMS_WINDOW = SendWindow(8 * 60, 20 * 60)
DEFAULT_EMAIL_WINDOW = SendWindow(7 * 60, 21 * 60)


def minutes_before(start: datetime, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant `minutes` before `start` as people mean it; aware UTC.

    Whole days are counted on the wall clock of `zone` ("one day before" a visit at 10:00 is 10:00, also when the clocks
    change in between); anything else is elapsed time.
    """
    days, rest = divmod(minutes, MINUTES_PER_DAY)
    if rest:
        return start.astimezone(UTC) - timedelta(minutes=minutes)
    wall = start.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    return wall.replace(tzinfo=zone).astimezone(UTC)
