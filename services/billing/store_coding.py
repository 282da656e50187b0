"""Queries about the NCCI tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, select, text

from billing.domain.coding_edits import Adjudication, CodingEdits, Limit, Pair, TableKind
from billing.tables_coding import CodingTable
from chassis.store import BaseStore

_ADD = text(
    """
    insert into coding_edit (tenant_id, table_id, code, content)
    select :tenant_id, :table_id, r.code, r.content
    from json_to_recordset(cast(:rows as json)) as r(code text, content jsonb)
    on conflict (tenant_id, table_id, code) do update set content = coding_edit.content || excluded.content
    """
)
# Of each kind the last table that had begun on the day; of a code's pairs only those with another code of the claim.
_CONCERNING = text(
    """
    with in_force as (
        select distinct on (kind) id, kind from coding_table
        where tenant_id = :tenant_id and start_date <= :day
        order by kind, start_date desc
    )
    select in_force.kind, edit.code, item.value
    from in_force
    join coding_edit edit on edit.tenant_id = :tenant_id and edit.table_id = in_force.id and edit.code = any(:codes)
    cross join lateral jsonb_array_elements(edit.content) as item(value)
    where in_force.kind = 'mue' or item.value ->> 0 = any(:codes)
    order by edit.code, item.value
    """
).bindparams(bindparam("codes", type_=ARRAY(Text)))


class CodingStore(BaseStore):
    """NCCI tables by quarter, and what they say about codes."""

    def coding_table(self, kind: TableKind, start: date) -> CodingTable | None:
        """The table of a kind that begins on that day, locked."""
        return self.session.scalar(
            select(CodingTable)
            .where(
                CodingTable.tenant_id == self.tenant_id, CodingTable.kind == kind.value, CodingTable.start_date == start
            )
            .with_for_update()
        )

    def coding_tables(self, page_size: int, page_token: str) -> tuple[list[CodingTable], str]:
        """Every table, the newest first."""
        query = select(CodingTable).where(CodingTable.tenant_id == self.tenant_id)
        return self.page(query, [CodingTable.start_date, CodingTable.id], page_size, page_token, descending=True)

    def add_coding_edits(self, table_id: UUID, edits: Mapping[str, list[list[object]]]) -> None:
        """Adds edits by their first code to what a table has of it."""
        rows = [{"code": code, "content": content} for code, content in edits.items()]
        self.session.execute(_ADD, {"tenant_id": self.tenant_id, "table_id": table_id, "rows": json.dumps(rows)})

    def coding_edits(self, codes: Iterable[str], day: date) -> CodingEdits:
        """The edits that concern services with these codes on that day."""
        values = {"tenant_id": self.tenant_id, "codes": sorted(set(codes)), "day": day}
        pairs: dict[Pair, None] = {}
        limits: dict[str, Limit] = {}
        for kind, code, value in self.session.execute(_CONCERNING, values):
            if kind == TableKind.MUE.value:
                limits[code] = Limit(code, value[0], Adjudication(value[1]))
            else:
                last = None if value[2] is None else date.fromisoformat(value[2])
                pairs[Pair(code, value[0], date.fromisoformat(value[1]), last, value[3])] = None
        return CodingEdits(tuple(pairs), limits)
