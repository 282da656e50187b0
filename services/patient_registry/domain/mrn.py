"""Medical record numbers: "M", seven digits, a Luhn check digit (ISO/IEC 7812-1), so that a slip of the finger is seen."""

from __future__ import annotations

import re

_DIGITS = 7
LARGEST = 10**_DIGITS - 1
_TYPED = re.compile(r"[mM]?0*(\d{1,8})")


def make(number: int) -> str:
    """The MRN of the `number`-th record (1 … 9,999,999): 12 → ``"M00000125"``. Raises ValueError outside that range."""
    if not 1 <= number <= LARGEST:
        raise ValueError(f"an MRN has {_DIGITS} digits, {number} does not fit")
    body = f"{number:0{_DIGITS}d}"
    return f"M{body}{_check_digit(body)}"


def is_valid(mrn: str) -> bool:
    """Whether the text is a whole MRN with the right check digit."""
    body = mrn[1:-1]
    return len(mrn) == _DIGITS + 2 and mrn[0] == "M" and mrn[1:].isdecimal() and _check_digit(body) == mrn[-1]


def from_typed(text: str) -> str | None:
    """The MRN that somebody means who types its digits, with or without the letter and leading zeros; else None."""
    match = _TYPED.fullmatch(text)
    if match is None:
        return None
    mrn = f"M{match.group(1).zfill(_DIGITS + 1)}"
    return mrn if is_valid(mrn) else None


def _check_digit(digits: str) -> str:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
