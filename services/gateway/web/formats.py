"""Values as people read them, in a language: instants in a location's zone, dates, money, names, phones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_timezone_name
from babel.numbers import format_currency, format_decimal, format_percent

from chassis.protos import optional_date, optional_instant

MINUTES_A_DAY = 24 * 60
# 10/3 is the tenth of March to who reads Spanish, and the third of October to who types at an American desk: the month is named.
SHORT_DAYS = {("es", "short"): "d MMM yy"}
# A day with its weekday and without its year, in words: CLDR has no skeleton for it that is not shortened.
DAYS_SAID = {"es": "EEEE, d 'de' MMMM"}


def local(value: Any, zone: str) -> datetime | None:
    """A Timestamp or an aware datetime on the wall clock of a zone; None when unset."""
    found = value if isinstance(value, datetime) or value is None else optional_instant(value)
    return found.astimezone(ZoneInfo(zone or "UTC")) if found is not None else None


def day_of(value: Any) -> date | None:
    """A ``google.type.Date`` or a date; None when unset."""
    return value if isinstance(value, date) or value is None else optional_date(value)


def time_of_day(value: Any, zone: str, locale: Locale) -> str:
    """``9:05 AM`` at the place."""
    found = local(value, zone)
    return format_time(found, "short", tzinfo=found.tzinfo, locale=locale) if found else ""


def day(value: Any, locale: Locale, style: str = "medium") -> str:
    """``Mar 14, 2026``; a style of CLDR (short, medium, long, full) or a pattern."""
    found = day_of(value)
    return format_date(found, SHORT_DAYS.get((locale.language, style), style), locale=locale) if found else ""


def moment(value: Any, zone: str, locale: Locale, style: str = "medium") -> str:
    """``Mar 14, 2026, 9:05 AM`` at the place."""
    found = local(value, zone)
    if found is None:
        return ""
    return (
        f"{format_date(found, style, locale=locale)}, {format_time(found, 'short', tzinfo=found.tzinfo, locale=locale)}"
    )


def weekday(value: Any, zone: str, locale: Locale) -> str:
    """``Monday, March 2``, ``lunes, 2 de marzo``: the day of an instant at a place, as one says it. "" for none."""
    found = local(value, zone)
    return stamp(found, DAYS_SAID.get(locale.language, "EEEE, MMMM d"), locale) if found is not None else ""


def zone_name(zone: str, locale: Locale, at: datetime) -> str:
    """``Mountain Time``, as the people there say it."""
    found: str = get_timezone_name(ZoneInfo(zone or "UTC"), width="long", locale=locale, zone_variant="generic")
    return found or at.tzname() or zone


def zone_short(zone: str, at: datetime) -> str:
    """``MST``."""
    return at.astimezone(ZoneInfo(zone or "UTC")).tzname() or zone


def money(value: Any, locale: Locale) -> str:
    """``$1,234.50`` of a Money or of cents; "" when unset."""
    if value is None:
        return ""
    if isinstance(value, int):
        cents, currency = value, "USD"
    else:
        if not value.currency and not value.minor_units:
            return ""
        cents, currency = value.minor_units, value.currency or "USD"
    text: str = format_currency(_hundredths(cents), currency, locale=locale)
    return text.replace("-", "−")


def money_input(value: Any) -> str:
    """``1234.50``, as it stands in an input."""
    cents = value if isinstance(value, int) else value.minor_units
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def number(value: float, locale: Locale) -> str:
    """``1,234``."""
    text: str = format_decimal(value, locale=locale)
    return text


def percent(part: float, whole: float, locale: Locale) -> str:
    """``88%``; "–" of nothing."""
    if not whole:
        return "–"
    text: str = format_percent(part / whole, locale=locale)
    return text


def full_name(name: Any, *, last_first: bool = True) -> str:
    """``Smith, John Q`` or ``John Q Smith``."""
    given = " ".join(each for each in (name.given, name.middle) if each)
    if last_first:
        family = " ".join(each for each in (name.family, name.suffix) if each)
        return f"{family}, {given}" if given else family
    return " ".join(each for each in (name.prefix, given, name.family, name.suffix) if each)


def phone(text: str) -> str:
    """An E.164 number as Americans write theirs; anything else as it is."""
    try:
        parsed = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return text
    national = parsed.country_code == 1
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def age(birth: Any, today: date) -> int:
    """Whole years."""
    born = day_of(birth)
    if born is None:
        return 0
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def minutes(value: int, locale: Locale) -> str:
    """Minutes after local midnight as a time of day: 510 → ``8:30 AM``; the day's end is ``24:00``."""
    if value == MINUTES_A_DAY:
        return "24:00"
    at = datetime(2000, 1, 1, value // 60 % 24, value % 60, tzinfo=UTC)
    text: str = format_time(at, "short", tzinfo=UTC, locale=locale)
    return text


def typed(value: Any, locale: Locale) -> str:
    """A Date as it stands in an input: ``3/14/2026``, as it is read again; where days are said first, as machines write it."""
    found = day_of(value)
    if found is None:
        return ""
    return f"{found.month}/{found.day}/{found.year}" if locale.language == "en" else found.isoformat()


def iso(value: Any) -> str:
    """A Timestamp or Date as machines read it."""
    if hasattr(value, "seconds"):
        return str(value.ToJsonString()) if value.seconds else ""
    found = day_of(value)
    return found.isoformat() if found else ""


def stamp(value: datetime, pattern: str, locale: Locale) -> str:
    """A local datetime by a CLDR pattern."""
    text: str = format_datetime(value, pattern, tzinfo=value.tzinfo, locale=locale)
    return text


def _hundredths(cents: int) -> Decimal:
    return Decimal(cents) / 100
