"""Rules of the organisation's facts that a single field's shape cannot express. Each check returns every violation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from identity.domain import npi

MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True)
class Problem:
    """A field's path and what it must be."""

    field: str
    message: str


@dataclass(frozen=True)
class Hours:
    """Opening hours: ISO weekday (Monday 1), minutes after midnight on the location's wall clock."""

    weekday: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True)
class Licence:
    """A state's licence; an end of None is open."""

    state: str
    number: str
    valid_from: date | None
    valid_to: date | None

    def covers(self, state: str, day: date) -> bool:
        """Whether it licenses in `state` on `day` (both ends included)."""
        return (
            self.state == state
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


def check_npi(value: str, field: str = "npi") -> list[Problem]:
    """An NPI's check digit; an empty one is another rule's business."""
    return [Problem(field, "is not a valid NPI (check digit)")] if value and not npi.is_valid(value) else []


def check_time_zone(name: str) -> list[Problem]:
    """An IANA zone of the tz database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [Problem("time_zone", "is not an IANA time zone")]
    return []


def check_place(latitude: float | None, longitude: float | None) -> list[Problem]:
    """A place has both coordinates or none."""
    if (latitude is None) == (longitude is None):
        return []
    return [Problem("longitude" if longitude is None else "latitude", "is required with the other")]


def check_hours(hours: Iterable[Hours]) -> list[Problem]:
    """Hours lie within the day, open before they close, and do not overlap on a weekday."""
    problems = []
    seen: dict[int, list[tuple[int, int]]] = {}
    for index, one in enumerate(hours):
        field = f"hours[{index}]"
        if not 1 <= one.weekday <= 7:
            problems.append(Problem(f"{field}.weekday", "must be 1 (Monday) to 7 (Sunday)"))
        if not 0 <= one.opens_minute < one.closes_minute <= MINUTES_OF_DAY:
            problems.append(Problem(field, "must open before it closes, within the day"))
        elif any(one.opens_minute < end and start < one.closes_minute for start, end in seen.get(one.weekday, [])):
            problems.append(Problem(field, "overlaps other hours of that day"))
        seen.setdefault(one.weekday, []).append((one.opens_minute, one.closes_minute))
    return problems


def check_licences(licences: Iterable[Licence]) -> list[Problem]:
    """Licences name a state and a number, and begin before they end."""
    problems = []
    for index, one in enumerate(licences):
        if len(one.state) != 2 or not one.state.isalpha() or not one.state.isupper():
            problems.append(Problem(f"licences[{index}].state", "must be a two-letter state"))
        if not one.number:
            problems.append(Problem(f"licences[{index}].number", "is required"))
        if one.valid_from and one.valid_to and one.valid_to < one.valid_from:
            problems.append(Problem(f"licences[{index}].valid_to", "must not be before valid_from"))
    return problems


def licence_for(licences: Iterable[Licence], state: str, day: date) -> Licence | None:
    """The first licence that covers the state on the day."""
    return next((one for one in licences if one.covers(state, day)), None)
