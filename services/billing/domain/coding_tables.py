"""Reads CMS's quarterly NCCI files as they are published: text or CSV, alone or in their ZIP, copyright lines and all."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from billing.domain.coding_edits import Adjudication, Limit, Pair, TableKind

CODE = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]").fullmatch
# A quarter's largest file has 25 MB; whoever sends more sends something else.
MOST_BYTES = 96 * 1024 * 1024
MOST_PROBLEMS = 20
# Adds nothing to what column 1 and 2 say already.
NEVER_APPLIED = "9"


class NotATable(ValueError):
    """The file cannot be used; `problems` says why, with line numbers, the first twenty."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds that is of use."""

    pairs: tuple[Pair, ...] = ()
    limits: tuple[Limit, ...] = ()
    # Pairs that ended before any day that is still asked for, or that were never applied.
    left_out: int = 0

    @property
    def rows(self) -> int:
        """How many edits."""
        return len(self.pairs) + len(self.limits)


def read_table(kind: TableKind, data: bytes, *, since: date) -> Table:
    """The table in a file. Pairs that ended before `since` are left out. Raises NotATable; reads all or nothing."""
    problems: list[str] = []
    pairs: list[Pair] = []
    limits: dict[str, Limit] = {}
    left_out = 0
    for number, cells in _rows(_text(data)):
        try:
            if kind is TableKind.MUE:
                limit = _limit(cells)
                if limits.setdefault(limit.procedure, limit) != limit:
                    problems.append(f"line {number}: {limit.procedure} is there twice, and differently")
            elif (pair := _pair(cells)) is None or (pair.last is not None and pair.last < since):
                left_out += 1
            else:
                pairs.append(pair)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
        if len(problems) >= MOST_PROBLEMS:
            break
    if not problems and not pairs and not limits:
        problems.append("there is no row of such a table")
    if problems:
        raise NotATable(problems)
    return Table(tuple(pairs), tuple(limits.values()), left_out)


def _text(data: bytes) -> str:
    if data[:4] == b"PK\x03\x04":
        data = _unpacked(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _unpacked(data: bytes) -> bytes:
    """The one text in a ZIP; what CMS publishes holds the same table as a workbook, too."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            texts = [entry for entry in archive.infolist() if entry.filename.lower().endswith((".txt", ".csv"))]
            if len(texts) != 1:
                raise NotATable([f"the ZIP holds {len(texts)} texts (.txt, .csv); one is needed"])
            with archive.open(texts[0]) as member:
                unpacked = member.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise NotATable([f"the ZIP cannot be read: {error}"]) from error
    if len(unpacked) > MOST_BYTES:
        raise NotATable([f"unpacked it has more than {MOST_BYTES // 1024 // 1024} MB"])
    return unpacked


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows from the first one that begins with a code; before it stand copyright and headings."""
    first = text[:20_000]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ",")
    begun = False
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            begun = begun or (len(row) > 2 and CODE(row[0]) is not None)
            if begun and any(row):
                yield reader.line_num, row
    except csv.Error as error:
        raise NotATable([f"line {reader.line_num}: {error}"]) from error


def _pair(cells: list[str]) -> Pair | None:
    """Column 1, column 2, "in existence prior to 1996", first day, last day or "*", modifier indicator, rationale."""
    if len(cells) < 6:
        raise ValueError(f"has {len(cells)} columns; six are needed")
    one, two, _, first, last, indicator = cells[:6]
    for code in (one, two):
        if not CODE(code):
            raise ValueError(f"{code or 'nothing'} is not a CPT or HCPCS code")
    if indicator not in ("0", "1", NEVER_APPLIED):
        raise ValueError(f"{indicator or 'nothing'} is not a modifier indicator (0, 1 or 9)")
    if indicator == NEVER_APPLIED:
        return None
    return Pair(one, two, _day(first), None if last in ("", "*") else _day(last), indicator == "1")


def _limit(cells: list[str]) -> Limit:
    """Code, the most units, adjudication indicator ("3 Date of Service Edit: Clinical"), rationale."""
    if len(cells) < 3:
        raise ValueError(f"has {len(cells)} columns; three are needed")
    code, units, indicator = cells[:3]
    if not CODE(code):
        raise ValueError(f"{code or 'nothing'} is not a CPT or HCPCS code")
    if not re.fullmatch(r"[0-9]{1,5}", units):
        raise ValueError(f"{units or 'nothing'} is not a number of units")
    if indicator[:1] not in ("1", "2", "3"):
        raise ValueError(f"{indicator or 'nothing'} is not an adjudication indicator (1, 2 or 3)")
    return Limit(code, int(units), Adjudication(int(indicator[0])))


def _day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{8}", text):
        raise ValueError(f"{text or 'nothing'} is not a day (YYYYMMDD)")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
