"""Business time of a simulator: what the driver said last, else the machine's."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.simulators.kit.database import Database


class ClockWentBackError(ValueError):
    """The driver asked for an instant before the one already reached."""


class BusinessClock:
    """Reads and moves business time. Once it was set it stands still until it is set again, also over a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database
        stored = database.setting("clock")
        self._now: datetime | None = datetime.fromisoformat(stored) if stored else None

    @property
    def simulated(self) -> bool:
        """Whether a driver steps the time."""
        return self._now is not None

    def now(self) -> datetime:
        """The present business instant (UTC)."""
        return self._now or datetime.now(UTC)

    def set(self, instant: datetime) -> None:
        """Moves business time forward to `instant` (aware). Raises ClockWentBackError when it lies in the past."""
        if self._now is not None and instant < self._now:
            raise ClockWentBackError(f"business time is {stamp(self._now)} already, {stamp(instant)} is before it")
        self._database.save_setting("clock", instant.astimezone(UTC).isoformat())
        self._now = instant.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant as an aware UTC datetime. Raises ValueError when it is malformed or has no zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("the instant needs a zone, as in 2026-03-02T14:00:00Z")
    return instant.astimezone(UTC)


def stamp(instant: datetime) -> str:
    """The instant as sortable RFC 3339 text in UTC: the form in which times are kept and given out."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
