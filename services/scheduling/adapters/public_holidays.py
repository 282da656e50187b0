"""Public holidays of countries and their subdivisions, by the calendar of the library `holidays`."""

from __future__ import annotations

import holidays

from chassis.errors import InvalidInput, Violation
from scheduling.domain.holidays import Holiday


def public_holidays(country: str, subdivision: str, year: int) -> list[Holiday]:
    """The public holidays of a year by day, observed days in place of those that fall on a weekend included.

    :param country: ISO 3166-1 alpha-2; :param subdivision: ISO 3166-2 without the country, or empty
    Raises InvalidInput for those that the calendar does not know.
    """
    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        raise InvalidInput([Violation("country", "has no calendar here")])
    if subdivision and subdivision not in known[country]:
        raise InvalidInput([Violation("subdivision", f"is none of {country}")])
    calendar = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US")
    return sorted(Holiday(day, name) for day, name in calendar.items() if day.year == year)
