"""Price lists as people have them: CSV with a heading, one price a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

# What the columns are called in lists that payers and other systems give out, lower case.
HEADINGS = {
    "procedure": ("procedure", "code", "cpt", "hcpcs", "cpt/hcpcs", "hcpcs/cpt", "procedure code"),
    "modifier": ("modifier", "mod"),
    "amount": ("amount", "fee", "charge", "price", "allowed", "allowable", "rate"),
}
CODE = re.compile(r"[A-Z0-9][0-9]{3}[A-Z0-9]").fullmatch
MODIFIER = re.compile(r"[A-Z0-9]{2}").fullmatch
AMOUNT = re.compile(r"\$?\s*((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.[0-9]{1,2})?)").fullmatch
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its line in the file, its cells as they are, and why."""

    line: int
    cells: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class FeeFile:
    """What a file holds: (procedure, modifier or '', minor units for one unit), and the rows that cannot be used."""

    heading: tuple[str, ...]
    prices: tuple[tuple[str, str, int], ...]
    bad: tuple[BadRow, ...]


def read_fees(data: bytes) -> FeeFile:
    """Every row of a CSV file (UTF-8 or Latin-1; comma, semicolon or tab), good or bad; never raises."""
    text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = _rows(text, delimiter)
    line, heading = next(rows, (1, ()))
    places, problem = _places(heading)
    if problem:
        return FeeFile(heading, (), (BadRow(line, heading, problem),))
    prices: dict[tuple[str, str], int] = {}
    bad: list[BadRow] = []
    for line, cells in rows:
        if not any(cells):
            continue
        if len(prices) >= MOST_ROWS:
            bad.append(BadRow(line, cells, f"a list has at most {MOST_ROWS} prices"))
            break
        try:
            procedure, modifier, amount = _price(cells, places)
            if (procedure, modifier) in prices:
                raise ValueError(f"{procedure} {modifier}".strip() + " is there more than once")
            prices[procedure, modifier] = amount
        except ValueError as error:
            bad.append(BadRow(line, cells, str(error)))
    if not prices and not bad:
        bad.append(BadRow(line, (), "there is no price in the file"))
    return FeeFile(heading, tuple((*key, amount) for key, amount in prices.items()), tuple(bad))


def error_file(heading: Sequence[str], bad: Sequence[BadRow]) -> str:
    """The bad rows as CSV with the file's own columns, their lines and what is wrong, to be mended and sent again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*heading, "line", "problem"])
    for row in bad:
        padded = [*row.cells[: len(heading)], *[""] * (len(heading) - len(row.cells))]
        writer.writerow([*map(_harmless, padded), row.line, row.problem])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (CSV injection, OWASP)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, (f"({error})",)
            continue
        yield reader.line_num, tuple(cell.strip() for cell in cells)


def _places(heading: Sequence[str]) -> tuple[dict[str, int], str]:
    """Where each column stands, and what is wrong with the heading ('' when nothing is)."""
    names = [name.lower() for name in heading]
    places: dict[str, int] = {}
    for column, known in HEADINGS.items():
        found = [at for at, name in enumerate(names) if name in known]
        if len(found) > 1:
            return places, f"the heading has more than one column for the {column}"
        if found:
            places[column] = found[0]
    missing = [column for column in ("procedure", "amount") if column not in places]
    return places, f"the heading names no column for the {' and the '.join(missing)}" if missing else ""


def _price(cells: Sequence[str], places: dict[str, int]) -> tuple[str, str, int]:
    def cell(column: str) -> str:
        at = places.get(column)
        return cells[at].upper() if at is not None and at < len(cells) else ""

    procedure, modifier, amount = cell("procedure"), cell("modifier"), cell("amount")
    if not CODE(procedure):
        raise ValueError(f"{procedure or 'nothing'} is not a CPT or HCPCS code")
    if modifier and not MODIFIER(modifier):
        raise ValueError(f"{modifier} is not a modifier")
    found = AMOUNT(amount)
    if found is None:
        raise ValueError(f"{amount or 'nothing'} is not an amount in dollars")
    return procedure, modifier, int(Decimal(found.group(1).replace(",", "")) * 100)
