"""Whether one of a practitioner's licences holds in a state on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date


def is_licensed(licences: Iterable[Mapping[str, str | None]], state: str, on: date) -> bool:
    """Whether a licence of the USPS state is in force on the day; both ends are included, an unset end is open.

    Each licence is {"state", "valid_from", "valid_to"} with ISO dates or None.
    """
    return any(
        licence["state"] == state
        and (not (start := licence.get("valid_from")) or date.fromisoformat(start) <= on)
        and (not (end := licence.get("valid_to")) or on <= date.fromisoformat(end))
        for licence in licences
    )
