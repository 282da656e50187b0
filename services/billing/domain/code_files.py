"""Lists of procedure codes as the AMA, CMS and other systems give them out: CSV with a heading, one code a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.code_index import CodeEntry
from chassis.csv_files import BadRow, columns_of, rows_of

# What the columns are called, lower case. Where a list has several descriptions, the one that comes first here is taken.
CODES = ("code", "hcpc", "hcpcs", "cpt", "cpt code", "hcpcs code", "procedure", "procedure code", "concept code")
WORDS = (
    "description",
    "long description",
    "words",
    "descriptor",
    "name",
    "long",
    "consumer description",
    "medium",
    "short description",
)
STARTS = ("effective", "effective date", "effective from", "start", "start date", "act eff dt", "add dt")
ENDS = ("end", "end date", "effective to", "term dt", "termination date", "deletion date")
CODE = re.compile(r"[A-Z0-9][0-9]{3}[A-Z0-9]").fullmatch
DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})").fullmatch
AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})").fullmatch
LONGEST_WORDS = 1_000
# CPT and HCPCS together have about 19,000.
MOST_CODES = 40_000


@dataclass(frozen=True, slots=True)
class CodeFile:
    """What a file holds, and the rows that cannot be used."""

    heading: tuple[str, ...]
    codes: tuple[CodeEntry, ...]
    bad: tuple[BadRow, ...]


def read_codes(data: bytes) -> CodeFile:
    """Every row of a CSV file (UTF-8 or Latin-1; comma, semicolon or tab), good or bad; never raises."""
    heading, rows = rows_of(data)
    names = [name.lower().replace("_", " ") for name in heading]
    described = next((name for name in WORDS if name in names), "description")
    known = {
        "code": CODES,
        "description": (described,),
        "first_day": _first(STARTS, names),
        "last_day": _first(ENDS, names),
    }
    places, problem = columns_of(heading, known, needed=("code", "description"))
    if problem:
        return CodeFile(heading, (), (BadRow(1, heading, problem),))
    codes: dict[str, CodeEntry] = {}
    bad: list[BadRow] = []
    for line, cells in rows:
        if len(codes) >= MOST_CODES:
            bad.append(BadRow(line, cells, f"a list has at most {MOST_CODES} codes"))
            break
        try:
            entry = _entry(cells, places)
            if entry.code in codes:
                raise ValueError(f"{entry.code} is there more than once")
            codes[entry.code] = entry
        except ValueError as error:
            bad.append(BadRow(line, cells, str(error)))
    if not codes and not bad:
        bad.append(BadRow(1, (), "there is no code in the file"))
    return CodeFile(heading, tuple(codes.values()), tuple(bad))


def _first(called: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """The first of these that the heading has."""
    return tuple(name for name in called if name in names)[:1]


def _entry(cells: Sequence[str], places: dict[str, int]) -> CodeEntry:
    def cell(column: str) -> str:
        at = places.get(column)
        return cells[at] if at is not None and at < len(cells) else ""

    code, words = cell("code").upper(), " ".join(cell("description").split())
    if not CODE(code):
        raise ValueError(f"{code or 'nothing'} is not a CPT or HCPCS code")
    if not words:
        raise ValueError(f"{code} has no description")
    start, end = _day(cell("first_day")), _day(cell("last_day"))
    if start is not None and end is not None and end < start:
        raise ValueError(f"{code} ends before it begins")
    return CodeEntry(code, words[:LONGEST_WORDS], start, end)


def _day(text: str) -> date | None:
    """A day as 2026-01-01, 20260101 or 1/1/2026; '' is none. Raises ValueError."""
    if not text:
        return None
    found, american = DAY(text), AMERICAN(text)
    try:
        if found:
            return date(*map(int, found.groups()))
        if american:
            month, day, year = map(int, american.groups())
            return date(year, month, day)
    except ValueError:
        pass
    raise ValueError(f"{text} is not a date")
