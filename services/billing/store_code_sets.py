"""Queries about lists of procedure codes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import delete, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from billing.domain.code_index import CodeEntry
from billing.tables_code_sets import CodeSet, CodeSetCode
from billing.tables_directory import Fee, FeeSchedule
from chassis.store import BaseStore, among

_ADD = text(
    """
    insert into code_set_code (tenant_id, code_set_id, code, words, start_date, end_date)
    select :tenant_id, :code_set_id, r.code, r.words, r.start_date, r.end_date
    from json_to_recordset(cast(:rows as json)) as r(code text, words text, start_date date, end_date date)
    """
)


class CodeSetStore(BaseStore):
    """Lists of codes by day, and the codes of each."""

    def code_set_on(self, name: str, day: date) -> CodeSet | None:
        """The list of a name that is in force on a day."""
        query = select(CodeSet).where(
            CodeSet.tenant_id == self.tenant_id, CodeSet.code_set == name, CodeSet.start_date <= day
        )
        return self.session.scalar(query.order_by(CodeSet.start_date.desc()).limit(1))

    def code_set_from(self, name: str, start: date) -> CodeSet | None:
        """The list of a name that begins on that day, locked."""
        query = select(CodeSet).where(
            CodeSet.tenant_id == self.tenant_id, CodeSet.code_set == name, CodeSet.start_date == start
        )
        return self.session.scalar(query.with_for_update())

    def code_sets_on(self, day: date) -> list[tuple[UUID, str, int]]:
        """(id, name, version) of the lists in force on a day, by name."""
        query = (
            select(CodeSet.id, CodeSet.code_set, CodeSet.version)
            .where(CodeSet.tenant_id == self.tenant_id, CodeSet.start_date <= day)
            .order_by(CodeSet.code_set, CodeSet.start_date.desc())
            .ext(distinct_on(CodeSet.code_set))
        )
        return [(row.id, row.code_set, row.version) for row in self.session.execute(query)]

    def charge_masters_on(self, day: date) -> list[tuple[UUID, int]]:
        """(id, version) of the charge masters in force on a day."""
        query = select(FeeSchedule.id, FeeSchedule.version).where(
            FeeSchedule.tenant_id == self.tenant_id,
            FeeSchedule.kind == "charge_master",
            FeeSchedule.start_date <= day,
            or_(FeeSchedule.end_date.is_(None), FeeSchedule.end_date >= day),
        )
        return [(row.id, row.version) for row in self.session.execute(query.order_by(FeeSchedule.id))]

    def priced_codes(self, schedule_ids: Iterable[UUID]) -> set[str]:
        """Procedures that these price lists have."""
        query = select(Fee.procedure).where(Fee.tenant_id == self.tenant_id, among(Fee.fee_schedule_id, schedule_ids))
        return set(self.session.scalars(query.distinct()))

    def codes_of(self, code_set_id: UUID) -> list[CodeEntry]:
        """Every code of a list."""
        query = select(CodeSetCode.code, CodeSetCode.words, CodeSetCode.start_date, CodeSetCode.end_date).where(
            CodeSetCode.tenant_id == self.tenant_id, CodeSetCode.code_set_id == code_set_id
        )
        return [CodeEntry(row.code, row.words, row.start_date, row.end_date) for row in self.session.execute(query)]

    def replace_codes(self, code_set_id: UUID, codes: Iterable[CodeEntry]) -> None:
        """Puts a list's codes in the place of those it had."""
        self.session.execute(
            delete(CodeSetCode).where(CodeSetCode.tenant_id == self.tenant_id, CodeSetCode.code_set_id == code_set_id)
        )
        rows = [
            {
                "code": one.code,
                "words": one.words,
                "start_date": one.start.isoformat() if one.start else None,
                "end_date": one.end.isoformat() if one.end else None,
            }
            for one in codes
        ]
        self.session.execute(_ADD, {"tenant_id": self.tenant_id, "code_set_id": code_set_id, "rows": json.dumps(rows)})

    def code_set_page(self, page_size: int, page_token: str) -> tuple[list[CodeSet], str]:
        """Every list, the newest first."""
        query = select(CodeSet).where(CodeSet.tenant_id == self.tenant_id)
        return self.page(query, [CodeSet.start_date, CodeSet.id], page_size, page_token, descending=True)
