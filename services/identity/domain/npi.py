"""National Provider Identifier."""

from __future__ import annotations

from stdnum import luhn

# ISO 7812 prefix of the United States' health applications (45 CFR 162.406).
PREFIX = "80840"


def is_valid(npi: str) -> bool:
    """Whether ten digits are an NPI: the Luhn sum over 80840 and the digits is right."""
    return len(npi) == 10 and npi.isascii() and npi.isdigit() and luhn.is_valid(PREFIX + npi)
