"""Lists: search, filters, order, keyset pages and CSV, one way for every list of the pages.

A list in the order of its service is read page by page (the service's keyset tokens). When somebody searches it, or wants
another order, up to `READ` entries are read and searched here, and the page says when there are more than that.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response

from chassis.protos import optional_date, optional_instant
from gateway.web.page import MOST_AT_ONCE, PAGE_SIZE, Page

# How many entries are read at most to be searched or put into another order.
READ = 2000
DATE, MONEY, TIMESTAMP = "google.type.Date", "polyclinic.types.v1.Money", "google.protobuf.Timestamp"


@dataclass(frozen=True)
class Column:
    """One column: its name in addresses, its marked title, and what of an entry stands in it."""

    name: str
    title: str
    # A field's path (``address.city``), or what makes the value out of an entry: a text, a number, a Date, a Money, an instant.
    of: str | Callable[[Any], Any]
    number: bool = False
    # Whether what is typed into the list's search is looked for in it.
    searched: bool = False
    # Whether the page has a column for it; all are in the file.
    shown: bool = True

    def value(self, entry: Any) -> Any:
        """What the entry has here."""
        if callable(self.of):
            return self.of(entry)
        found = entry
        for part in self.of.split("."):
            found = getattr(found, part)
        return found


@dataclass(frozen=True)
class Filter:
    """A choice that narrows the list. Without ``keeps`` the service narrows it, and the handler passes it on."""

    name: str
    title: str
    # (value in the address, text in the reader's language)
    choices: Sequence[tuple[Any, str]]
    empty: str
    # Whether an entry stays when this value is chosen.
    keeps: Callable[[Any, str], bool] | None = None


@dataclass(frozen=True)
class Listing:
    """What a page shows of a list."""

    page: Page
    name: str
    columns: Sequence[Column]
    filters: Sequence[Filter]
    rows: Sequence[Any]
    next_token: str
    # The order: a column's name, with "-" before it the other way round; "" as the service gives it.
    order: str
    # Whether there was anything at all before it was narrowed.
    any: bool
    # Whether not all were read to be searched or ordered.
    more: bool = False
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        return self.page.arg("q")

    @property
    def searchable(self) -> bool:
        return any(each.searched for each in self.columns)

    @property
    def narrowed(self) -> bool:
        """Whether somebody searched or filtered."""
        return bool(self.query or any(self.page.arg(each.name) for each in self.filters))

    def direction(self, column: Column) -> str:
        """``ascending``, ``descending``, or "" when the list is not in this column's order: what ``aria-sort`` says."""
        return {column.name: "ascending", f"-{column.name}": "descending"}.get(self.order, "")

    def order_url(self, column: Column) -> str:
        """The address that puts the list into this column's order, or turns it round."""
        return self.page.url(sort=f"-{column.name}" if self.order == column.name else column.name)

    def csv(self, rows: Iterable[Any] | None = None) -> Response:
        """The whole list as it is narrowed and ordered, as a spreadsheet's file."""
        return self.page.csv(
            self.name,
            [each.name.replace("_", " ") for each in self.columns],
            ([plain(each.value(entry)) for each in self.columns] for entry in (self.rows if rows is None else rows)),
        )


def whole(
    page: Page,
    name: str,
    entries: Iterable[Any],
    columns: Sequence[Column],
    filters: Sequence[Filter] = (),
    *,
    order: str = "",
    hidden: Mapping[str, str] | None = None,
    more: bool = False,
) -> Listing:
    """A list that the page has whole: searched, narrowed, ordered and cut into pages here. ``order``: when nobody asks for one."""
    held = list(entries)
    found = [each for each in held if _fits(page, each, columns, filters)]
    wished = page.arg("sort")
    wished = wished if wished.removeprefix("-") in {each.name for each in columns} else order
    column = next((each for each in columns if each.name == wished.removeprefix("-")), None)
    if column is not None:
        found.sort(key=lambda each: _rank(column.value(each)), reverse=wished.startswith("-"))
    start, next_token = 0, ""
    if page.arg("format") != "csv":
        start = _place(page.arg("page_token"), found, columns)
        if start + PAGE_SIZE < len(found):
            next_token = _token(found[start + PAGE_SIZE - 1], start + PAGE_SIZE, columns)
        found = found[start : start + PAGE_SIZE]
    return Listing(page, name, columns, filters, found, next_token, wished, bool(held), more, hidden or {})


def paged(
    page: Page,
    name: str,
    rpc: str,
    items: str,
    columns: Sequence[Column],
    filters: Sequence[Filter] = (),
    *,
    hidden: Mapping[str, str] | None = None,
    size: int = MOST_AT_ONCE,
    **fields: Any,
) -> Listing:
    """A list that a service reads by pages, narrowed by ``fields`` of its request; searched and ordered as the module says. ``size``: how
    many its RPC gives at once.

    Raises Refused.
    """
    here = [each for each in filters if each.keeps is not None and page.arg(each.name)]
    if page.arg("q") or page.arg("sort") or here:
        held = list(page.pages(rpc, items, limit=READ + 1, size=size, **fields))
        return whole(page, name, held[:READ], columns, filters, hidden=hidden, more=len(held) > READ)
    if page.arg("format") == "csv":
        entries = list(page.pages(rpc, items, size=size, **fields))
        return Listing(page, name, columns, filters, entries, "", "", bool(entries), hidden=hidden or {})
    answer = page.call(rpc, page_size=PAGE_SIZE, page_token=page.arg("page_token"), **fields)
    rows = getattr(answer, items)
    some = bool(rows or page.arg("page_token"))
    return Listing(page, name, columns, filters, rows, answer.next_page_token, "", some, hidden=hidden or {})


def plain(value: Any) -> Any:
    """A value as a spreadsheet reads it: days and instants by ISO 8601, money as a decimal number."""
    kind = getattr(getattr(value, "DESCRIPTOR", None), "full_name", "")
    if kind == DATE:
        found = optional_date(value)
        return found.isoformat() if found is not None else ""
    if kind == MONEY:
        sign = "-" if value.minor_units < 0 else ""
        return f"{sign}{abs(value.minor_units) // 100}.{abs(value.minor_units) % 100:02d}"
    if kind == TIMESTAMP:
        moment = optional_instant(value)
        return moment.isoformat() if moment is not None else ""
    return value


def _fits(page: Page, entry: Any, columns: Sequence[Column], filters: Sequence[Filter]) -> bool:
    """Whether an entry holds every word that was typed, and stays under every filter of ours."""
    text = " ".join(str(plain(each.value(entry))) for each in columns if each.searched).casefold()
    return all(word in text for word in page.arg("q").casefold().split()) and all(
        each.keeps(entry, page.arg(each.name)) for each in filters if each.keeps is not None and page.arg(each.name)
    )


def _rank(value: Any) -> tuple[int, Any]:
    """What a value is ordered by: nothing comes last, texts without regard to capitals."""
    kind = getattr(getattr(value, "DESCRIPTOR", None), "full_name", "")
    if kind == MONEY:
        return 0, value.minor_units
    found = plain(value)
    if found is None or found == "":
        return 1, ""
    return 0, found.casefold() if isinstance(found, str) else found


def _token(entry: Any, count: int, columns: Sequence[Column]) -> str:
    """Where the next page begins: behind this entry; if it is gone by then, after so many."""
    return base64.urlsafe_b64encode(json.dumps([_mark(entry, columns), count]).encode()).decode()


def _mark(entry: Any, columns: Sequence[Column]) -> str:
    """What an entry is known again by, short enough for an address: a digest of all that stands in it."""
    said = json.dumps([str(plain(each.value(entry))) for each in columns])
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def _place(token: str, found: Sequence[Any], columns: Sequence[Column]) -> int:
    """The place of a page's first entry; the beginning for a token that is none."""
    try:
        mark, count = json.loads(base64.urlsafe_b64decode(token)) if token else ("", 0)
    except (ValueError, TypeError):
        return 0
    if not isinstance(mark, str) or not isinstance(count, int) or count < 0:
        return 0
    last = [number for number, each in enumerate(found) if mark and _mark(each, columns) == mark]
    return last[-1] + 1 if last else min(count, len(found)) if mark else 0
