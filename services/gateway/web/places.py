"""Where each of the people at a shared workstation worked last: kept in the browser, so that everybody opens at their own place."""

from __future__ import annotations

COOKIE = "polyclinic_location"
# People whose place one workstation remembers, the last first.
KNOWN = 8
_BETWEEN, _OF = "~", ":"


def last_place(cookie: str, user_id: str) -> str:
    """The location that a person worked at last in this browser; empty when it knows none."""
    return dict(_pairs(cookie)).get(user_id, "")


def with_place(cookie: str, user_id: str, location_id: str) -> str:
    """The cookie with a person's new place."""
    others = [each for each in _pairs(cookie) if each[0] != user_id]
    return _BETWEEN.join(_OF.join(each) for each in [(user_id, location_id), *others][:KNOWN])


def _pairs(cookie: str) -> list[tuple[str, str]]:
    found = [each.split(_OF) for each in cookie.split(_BETWEEN)]
    return [(each[0], each[1]) for each in found if len(each) == 2]
