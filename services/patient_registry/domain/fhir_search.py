"""The search parameters of FHIR R4 Patient that are served, understood."""

from __future__ import annotations

import base64
import binascii
import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from patient_registry.domain import contact_points
from patient_registry.domain.names import normalise, parts
from patient_registry.domain.people import Sex
from patient_registry.domain.problems import Problem

DEFAULT_COUNT, LARGEST_COUNT = 50, 200


@dataclass(frozen=True, slots=True)
class NameTest:
    """Any of these normalised texts begins (or, exact, is) the family name, the given name, or either."""

    texts: tuple[str, ...]
    part: str  # family, given, name
    exact: bool = False


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `first` to `last`, both included, None open; `outside` means all other days."""

    first: date | None
    last: date | None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class FhirQuery:
    """A search: every test must hold; within one test any value will do."""

    names: tuple[NameTest, ...] = ()
    birth_dates: tuple[tuple[DayRange, ...], ...] = ()
    identifiers: tuple[tuple[tuple[str | None, str], ...], ...] = ()
    phones: tuple[tuple[str, ...], ...] = ()
    emails: tuple[tuple[str, ...], ...] = ()
    sexes: tuple[frozenset[Sex], ...] = ()
    ids: tuple[frozenset[UUID], ...] = ()
    # How many a page shows; 0: the total alone.
    count: int = DEFAULT_COUNT
    # How many fit altogether is asked for.
    total: bool = False
    after: UUID | None = None
    # The parameters as understood, for the self and next links.
    shown: tuple[tuple[str, str], ...] = field(default=())


def parse(parameters: Sequence[tuple[str, str]]) -> tuple[FhirQuery, list[Problem]]:
    """Understands the parameters of a search; the problems name each that is unknown or has a bad value."""
    query = FhirQuery()
    problems: list[Problem] = []
    shown = []
    for name, value in parameters:
        if name == "_cursor":
            query = replace(query, after=_cursor(value, problems))
            continue
        read = _READERS.get(name)
        if read is None:
            problems.append(Problem(name, "is not a parameter that is served here"))
            continue
        values = [text for text in value.split(",") if text.strip()]
        if not values:
            continue  # FHIR: an empty parameter is ignored
        shown.append((name, value))
        try:
            query = read(query, values)
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    return replace(query, shown=tuple(shown)), problems


def query_string(query: FhirQuery, after: UUID | None = None) -> str:
    """The URL query of this search, from behind `after` on."""
    cursor = [("_cursor", base64.urlsafe_b64encode(after.bytes).decode().rstrip("="))] if after else []
    return urlencode([*query.shown, *cursor])


def day_range(text: str) -> DayRange:
    """A FHIR date search value: ``1970``, ``1970-04``, ``ge1970-04-05``, ``ne1970``. Raises ValueError."""
    prefix, text = (text[:2], text[2:]) if text[:2].isalpha() else ("eq", text)
    pieces = text.split("-")
    if len(pieces) > 3 or not all(piece.isdecimal() for piece in pieces) or len(pieces[0]) != 4:
        raise ValueError("must be a date such as 1970, 1970-04 or ge1970-04-05")
    numbers = [int(piece) for piece in pieces]
    year, month, day = (*numbers, *([0] * (3 - len(numbers))))
    try:
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError:
        raise ValueError("there is no such day") from None
    ranges = {
        "eq": DayRange(first, last),
        "ne": DayRange(first, last, outside=True),
        "ge": DayRange(first, None),
        "sa": DayRange(_next(last), None),
        "gt": DayRange(_next(last), None),
        "le": DayRange(None, last),
        "eb": DayRange(None, _previous(first)),
        "lt": DayRange(None, _previous(first)),
    }
    if prefix not in ranges:
        raise ValueError("the prefix must be eq, ne, gt, lt, ge, le, sa or eb")
    return ranges[prefix]


def _next(day: date) -> date:
    return date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))


def _previous(day: date) -> date:
    return date.fromordinal(max(day.toordinal() - 1, 1))


def _name_reader(part: str, *, exact: bool) -> Callable[[FhirQuery, list[str]], FhirQuery]:
    def read(query: FhirQuery, values: list[str]) -> FhirQuery:
        # Several words of `name` must each begin a part: "john smi"; of family and given they are one name.
        if part == "name":
            word_sets = [parts(value) for value in values]
            if not all(word_sets):
                raise ValueError("must hold a letter")
            if len(word_sets) == 1:
                tests = tuple(NameTest((word,), part, exact) for word in word_sets[0])
            else:
                tests = (NameTest(tuple("".join(words) for words in word_sets), part, exact),)
        else:
            texts = tuple(normalise(value) for value in values)
            if not all(texts):
                raise ValueError("must hold a letter")
            tests = (NameTest(texts, part, exact),)
        return replace(query, names=(*query.names, *tests))

    return read


def _birth_date(query: FhirQuery, values: list[str]) -> FhirQuery:
    return replace(query, birth_dates=(*query.birth_dates, tuple(day_range(value) for value in values)))


def _identifier(query: FhirQuery, values: list[str]) -> FhirQuery:
    tokens: list[tuple[str | None, str]] = []
    for value in values:
        system, separator, number = value.partition("|")
        tokens.append((system or None, number) if separator else (None, value))
        if not tokens[-1][1]:
            raise ValueError("must be value or system|value")
    return replace(query, identifiers=(*query.identifiers, tuple(tokens)))


def _phone(query: FhirQuery, values: list[str]) -> FhirQuery:
    numbers = [contact_points.e164(value.replace(" ", "+", 1) if value.startswith(" ") else value) for value in values]
    if None in numbers:
        raise ValueError("must be a phone number with its area code")
    return replace(query, phones=(*query.phones, tuple(number for number in numbers if number)))


def _email(query: FhirQuery, values: list[str]) -> FhirQuery:
    return replace(query, emails=(*query.emails, tuple(value.strip().lower() for value in values)))


def _gender(query: FhirQuery, values: list[str]) -> FhirQuery:
    if not set(values) <= set(Sex):
        raise ValueError("must be male, female, other or unknown")
    return replace(query, sexes=(*query.sexes, frozenset(Sex(value) for value in values)))


def _id(query: FhirQuery, values: list[str]) -> FhirQuery:
    ids = set()
    for value in values:
        try:
            ids.add(UUID(value.rpartition("/")[2]))
        except ValueError:
            continue  # an id that is not ours names nobody
    return replace(query, ids=(*query.ids, frozenset(ids)))


def _count(query: FhirQuery, values: list[str]) -> FhirQuery:
    if len(values) != 1 or not (values[0].isascii() and values[0].isdecimal()):
        raise ValueError("must be a whole number")
    count = min(int(values[0]), LARGEST_COUNT)
    return replace(query, count=count, total=query.total or not count)  # FHIR: 0 is _summary=count


def _summary(query: FhirQuery, values: list[str]) -> FhirQuery:
    if values == ["count"]:
        return replace(query, count=0, total=True)
    if values != ["false"]:
        raise ValueError("must be count or false; resources are served whole")
    return query


def _total(query: FhirQuery, values: list[str]) -> FhirQuery:
    if values not in (["none"], ["estimate"], ["accurate"]):
        raise ValueError("must be none, estimate or accurate")
    return replace(query, total=query.total or values != ["none"])


def _format(query: FhirQuery, values: list[str]) -> FhirQuery:
    if not any("json" in value for value in values):
        raise ValueError("only JSON is served")
    return query


def _cursor(value: str, problems: list[Problem]) -> UUID | None:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (ValueError, binascii.Error):
        problems.append(Problem("_cursor", "is not a cursor of this search"))
        return None


_READERS: dict[str, Callable[[FhirQuery, list[str]], FhirQuery]] = {
    "name": _name_reader("name", exact=False),
    "name:exact": _name_reader("name", exact=True),
    "family": _name_reader("family", exact=False),
    "family:exact": _name_reader("family", exact=True),
    "given": _name_reader("given", exact=False),
    "given:exact": _name_reader("given", exact=True),
    "birthdate": _birth_date,
    "identifier": _identifier,
    "phone": _phone,
    "email": _email,
    "gender": _gender,
    "_id": _id,
    "_count": _count,
    "_summary": _summary,
    "_total": _total,
    "_format": _format,
}
