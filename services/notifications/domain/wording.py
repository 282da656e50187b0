"""How times and places are written to people: in their language, on the location's wall clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time

# Narrow and plain no-break spaces, which would turn a text message into UCS-2 and halve its length.
_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " "})


def locale_of(language: str) -> Locale:
    """The Babel locale of a BCP 47 language; a language without region is written as in the United States."""
    for name in (language, f"{language.split('-')[0]}-US", language.split("-")[0]):
        try:
            locale = Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if locale.territory or "-" not in name:
            return (
                Locale.parse(f"{locale.language}_US") if _has_us(locale.language) and not locale.territory else locale
            )
    return Locale("en", "US")


def place_name(clinic: str, location: str) -> str:
    """Clinic and location in as few words as tell both: the location's name alone when it begins like the clinic's.

    ("Lanternfield Medical Group", "Lanternfield Harbor") → "Lanternfield Harbor"; ("Riverside Clinic", "Main Street") →
    "Riverside Clinic, Main Street".
    """
    if not clinic or not location or clinic.split()[0].casefold() == location.split()[0].casefold():
        return location or clinic
    return f"{clinic}, {location}"


def one_line_address(lines: Sequence[str], city: str, state: str) -> str:
    """Where a place is, as one says it: street and town on one line, without the postal code; "" when nothing is known."""
    return ", ".join(part for part in (*lines, f"{city}, {state}".strip(", ")) if part)


def visit_words(start: datetime, zone: ZoneInfo, language: str) -> dict[str, str]:
    """`weekday`, `date` and `time` of an aware instant on the wall clock of `zone`."""
    wall = start.astimezone(zone)
    locale = locale_of(language)
    return {
        "weekday": format_date(wall, "EEEE", locale=locale).translate(_SPACES),
        "date": format_datetime(wall, _month_and_day(locale), locale=locale).translate(_SPACES),
        "time": format_time(wall, "short", locale=locale).translate(_SPACES),
    }


def moment(at: datetime, zone: ZoneInfo, language: str) -> str:
    """A weekday and time, e.g. "Monday 5:00 PM"."""
    words = visit_words(at, zone, language)
    return f"{words['weekday']} {words['time']}"


def choices(starts: Sequence[tuple[datetime, ZoneInfo]], language: str) -> str:
    """Visits to choose from, numbered, without names: "1) Tue, Mar 10 3:00 PM, 2) …"."""
    locale = locale_of(language)
    shown = []
    for number, (start, zone) in enumerate(starts, start=1):
        wall = start.astimezone(zone)
        day = format_datetime(wall, "EEE MMM d" if locale.language == "en" else "EEE d MMM", locale=locale)
        shown.append(f"{number}) {day} {format_time(wall, 'short', locale=locale)}".translate(_SPACES))
    return ", ".join(shown)


def _month_and_day(locale: Locale) -> str:
    pattern = locale.datetime_skeletons.get("MMMMd")
    return pattern.pattern if pattern is not None else "MMMM d"


def _has_us(language: str) -> bool:
    return language in ("en", "es")
