"""Phone numbers and e-mail addresses in one form each, so that one address is one key."""

from __future__ import annotations

import phonenumbers

from notifications.domain.vocabulary import Channel

COUNTRY = "US"


def normalised(channel: Channel, address: str) -> str | None:
    """E.164 for a phone number (national ones are of the United States), lower case for e-mail; None when it is none."""
    address = address.strip()
    if channel is Channel.EMAIL:
        name, at, domain = address.rpartition("@")
        valid = name and at and "." in domain and not any(character.isspace() for character in address)
        return address.lower() if valid else None
    try:
        number = phonenumbers.parse(address, COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def shown(phone: str) -> str:
    """A phone number as people in the United States write it; what is none stays as it is."""
    number = normalised(Channel.SMS, phone)
    if number is None:
        return phone
    parsed = phonenumbers.parse(number)
    national = parsed.country_code == 1
    form = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)
