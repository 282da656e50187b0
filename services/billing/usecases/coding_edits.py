"""CMS's NCCI tables: taken in once a quarter, asked at every scrub and by whoever codes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing.domain.coding_edits import CodingEdits, TableKind
from billing.domain.coding_tables import NotATable, Table, read_table
from billing.store import Store
from billing.tables_coding import CodingTable
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import InvalidInput, Violation

# No payer takes or corrects claims for older services.
ASKED_FOR = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file held, and the table it was added to (None when it was only tried, or that is the table's first file)."""

    table: CodingTable | None
    rows: int
    left_out: int


def import_table(call: Call, kind: TableKind, start: date, name: str, data: bytes, *, dry_run: bool) -> Imported:
    """Adds a file to the table of its quarter; the same file a second time changes nothing. Raises InvalidInput with every
    bad line (at most twenty)."""
    try:
        read = read_table(kind, data, since=call.now.date() - ASKED_FOR)
    except NotATable as refused:
        raise InvalidInput([Violation("content", problem) for problem in refused.problems]) from refused
    store = Store(call.session)
    table = store.coding_table(kind, start)
    if dry_run:
        return Imported(table, read.rows, read.left_out)
    if table is None:
        table = store.add(
            CodingTable(
                id=call.new_id(),
                kind=kind.value,
                start_date=start,
                files=[],
                imported_at=call.now,
                imported_by=call.principal.id,
            )
        )
    digest = hashlib.sha256(data).hexdigest()
    if not any(file["sha256"] == digest for file in table.files):
        store.add_coding_edits(table.id, _by_code(read))
        table.files = [*table.files, {"name": name, "sha256": digest, "rows": read.rows}]
        table.imported_at, table.imported_by = call.now, call.principal.id
        store.session.flush()
    return Imported(table, read.rows, read.left_out)


def list_tables(call: Call, page_size: int, page_token: str) -> tuple[list[CodingTable], str]:
    """The tables that were taken in, the newest first."""
    return Store(call.session).coding_tables(page_size, page_token)


def look_up(call: Call, procedures: Sequence[str], day: date | None) -> CodingEdits:
    """What the tables say about services with these codes on a day (default: today at the network's first location)."""
    store = Store(call.session)
    return store.coding_edits(procedures, day or journals.local_day(call, store, None))


def _by_code(read: Table) -> dict[str, list[list[object]]]:
    rows: defaultdict[str, list[list[object]]] = defaultdict(list)
    for pair in read.pairs:
        last = pair.last.isoformat() if pair.last else None
        rows[pair.column_one].append([pair.column_two, pair.first.isoformat(), last, pair.modifier_allowed])
    for limit in read.limits:
        rows[limit.procedure] = [[limit.units, int(limit.adjudication)]]
    return rows
