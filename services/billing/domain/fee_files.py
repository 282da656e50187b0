"""Price lists as people have them: CSV with a heading, one price a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chassis.csv_files import BadRow, columns_of, rows_of

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
class FeeFile:
    """What a file holds: (procedure, modifier or '', minor units for one unit), and the rows that cannot be used."""

    heading: tuple[str, ...]
    prices: tuple[tuple[str, str, int], ...]
    bad: tuple[BadRow, ...]


def read_fees(data: bytes) -> FeeFile:
    """Every row of a CSV file (UTF-8 or Latin-1; comma, semicolon or tab), good or bad; never raises."""
    heading, rows = rows_of(data)
    line = 1
    places, problem = columns_of(heading, HEADINGS, needed=("procedure", "amount"))
    if problem:
        return FeeFile(heading, (), (BadRow(line, heading, problem),))
    prices: dict[tuple[str, str], int] = {}
    bad: list[BadRow] = []
    for line, cells in rows:
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
