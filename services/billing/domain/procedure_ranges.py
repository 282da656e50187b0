"""Procedures as payers' tables name them: single codes ("97110") and ranges ("97110-97546")."""

from __future__ import annotations

import re
from collections.abc import Iterable

PATTERN = r"[A-Z0-9][0-9]{3}[A-Z0-9](-[A-Z0-9][0-9]{3}[A-Z0-9])?"
_PATTERN = re.compile(PATTERN).fullmatch


def names(patterns: Iterable[str], procedure: str) -> bool:
    """Whether a code is one of the patterns or lies in one of their ranges.

    A range holds codes of its own kind only: 97110-97546 does not reach T1015, nor 0001F.
    """
    return any(_names(pattern, procedure) for pattern in patterns)


def faults_of(patterns: Iterable[str]) -> list[tuple[int, str]]:
    """What is wrong with patterns: (index, what)."""
    faults = []
    for index, pattern in enumerate(patterns):
        first, _, last = pattern.partition("-")
        if not _PATTERN(pattern):
            faults.append((index, f"{pattern} is neither a code nor a range of codes"))
        elif last and (last < first or _kind(first) != _kind(last)):
            faults.append((index, f"{pattern} does not lead from a code to a later one of its kind"))
    return faults


def _names(pattern: str, procedure: str) -> bool:
    first, _, last = pattern.partition("-")
    if not last:
        return first == procedure
    return first <= procedure <= last and _kind(first) == _kind(procedure)


def _kind(code: str) -> tuple[str, str]:
    """CPT codes end in a digit or a letter, HCPCS codes begin with a letter."""
    return (code[:1] if code[:1].isalpha() else "", code[-1:] if code[-1:].isalpha() else "")
