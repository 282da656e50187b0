"""Finding codes, and taking in lists of procedures with their words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from billing.adapters.code_book import CodeBook
from billing.domain.code_files import CodeFile
from billing.domain.code_index import CodeEntry, CodeIndex
from billing.store import Store
from billing.tables_code_sets import CodeSet
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import InvalidInput, Violation

# A refusal of a file names so many of its rows.
MOST_TOLD = 100
FOUND = 20


class CodeKind(StrEnum):
    """What a code names."""

    DIAGNOSIS = "diagnosis"
    PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True)
class PutCodeSet:
    """A list from a day on."""

    code_set: str
    start: date
    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A list's codes against those of the list in force the day before."""

    added: int
    changed: int
    removed: int


def search(
    call: Call, book: CodeBook, text: str, kind: CodeKind | None, on: date | None, limit: int
) -> list[tuple[CodeKind, CodeEntry]]:
    """Codes that hold on a day (default: today at the network's first location), diagnoses first; at most `limit` (0: 20) of each kind."""
    store = Store(call.session)
    day, most = on or journals.local_day(call, store, None), limit or FOUND
    found: list[tuple[CodeKind, CodeEntry]] = []
    if kind in (None, CodeKind.DIAGNOSIS):
        found += [(CodeKind.DIAGNOSIS, one) for one in book.diagnoses.search(text, day, most)]
    if kind in (None, CodeKind.PROCEDURE):
        procedures = procedures_on(call, store, book, day)
        found += [(CodeKind.PROCEDURE, one) for one in procedures.search(text, day, most)]
    return found


def procedures_on(call: Call, store: Store, book: CodeBook, day: date) -> CodeIndex:
    """The procedures of the lists in force on a day, and those that only the charge master has."""
    lists, prices = store.code_sets_on(day), store.charge_masters_on(day)

    def read() -> CodeIndex:
        priced = store.priced_codes(schedule_id for schedule_id, _ in prices)
        known: dict[str, CodeEntry] = {code: CodeEntry(code, "", priced=True) for code in priced}
        for code_set_id, name, _ in lists:
            known |= {
                one.code: replace(one, source=name, priced=one.code in priced) for one in store.codes_of(code_set_id)
            }
        return CodeIndex(known.values())

    return book.procedures(call.tenant_id, (tuple(lists), tuple(prices)), read)


def import_code_set(
    call: Call, command: PutCodeSet, data: bytes, file: CodeFile, *, dry_run: bool
) -> tuple[CodeSet | None, Comparison]:
    """Keeps a list, or with `dry_run` only compares it; the same file a second time changes nothing. Raises InvalidInput naming each
    row that cannot be used (at most a hundred)."""
    store = Store(call.session)
    compared = _compared(store, command, file.codes)
    if dry_run:
        return None, compared
    if file.bad:
        raise InvalidInput([Violation("content", f"line {row.line}: {row.problem}") for row in file.bad[:MOST_TOLD]])
    digest = hashlib.sha256(data).hexdigest()
    row = store.code_set_from(command.code_set, command.start)
    if row is not None and row.sha256 == digest:
        return row, compared
    if row is None:
        row = CodeSet(id=call.new_id(), code_set=command.code_set, start_date=command.start)
    row.name, row.sha256, row.code_count = command.name, digest, len(file.codes)
    row.imported_at, row.imported_by = call.now, call.principal.id
    store.add(row)
    store.replace_codes(row.id, file.codes)
    return row, compared


def list_code_sets(call: Call, page_size: int, page_token: str) -> tuple[list[CodeSet], str]:
    """The lists that were taken in, the newest first."""
    return Store(call.session).code_set_page(page_size, page_token)


def _compared(store: Store, command: PutCodeSet, codes: Iterable[CodeEntry]) -> Comparison:
    before = store.code_set_on(command.code_set, command.start - timedelta(days=1))
    old = {one.code: one for one in store.codes_of(before.id)} if before else {}
    new = {one.code: one for one in codes}
    return Comparison(
        added=len(new.keys() - old.keys()),
        changed=sum(old[code] != one for code, one in new.items() if code in old),
        removed=len(old.keys() - new.keys()),
    )
