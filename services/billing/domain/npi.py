"""National provider identifiers: ten digits, the last a check digit (ISO 7812 with prefix 80840; source: CMS)."""

from __future__ import annotations


def is_npi(text: str) -> bool:
    """Whether `text` is a well-formed NPI: ten digits that pass Luhn's check over '80840' + the digits."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or text[0] not in "12":
        return False
    total = 0
    for at, character in enumerate(reversed("80840" + text)):
        digit = int(character) * (2 if at % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0
