"""Queries about denials, appeals, playbooks and underpayments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, Table, func, or_, select, text

from billing.store_remittances import RemittancesStore, insert_at_once
from billing.tables_claims import Claim
from billing.tables_denials import Appeal, AppealTemplate, Denial, DenialPlaybook, Underpayment
from chassis.store import among

# A claim that is denied again is worked again; whose it is and what came back of it stays.
_DENIED_AGAIN = """
on conflict (tenant_id, claim_id) do update set
    remittance_id = excluded.remittance_id, family = excluded.family, reasons = excluded.reasons,
    amount_minor = excluded.amount_minor, steps = excluded.steps, denied_on = excluded.denied_on,
    owner_id = coalesce(nullif(denial.owner_id, ''), excluded.owner_id), work_by = excluded.work_by,
    appeal_by = excluded.appeal_by, state = 'open', priority = excluded.priority, closed_at = null, closed_by = '',
    version = denial.version + 1
"""
_SHORT_AGAIN = """
on conflict (tenant_id, claim_id) do update set
    remittance_id = excluded.remittance_id, lines = excluded.lines, short_minor = excluded.short_minor,
    found_on = excluded.found_on, dispute_by = excluded.dispute_by, state = 'open', priority = excluded.priority,
    closed_at = null, closed_by = '', version = underpayment.version + 1
"""
_CAUSES = text(
    """
    select denial.family, reason ->> 'carc' as carc, count(distinct denial.id) as denials,
        sum((reason ->> 'amount_minor')::bigint) as amount,
        count(distinct denial.id) filter (where denial.closed_at is not null) as closed,
        count(distinct denial.id) filter (where denial.state = 'overturned') as overturned,
        sum(case when reason ->> 'first' = 'true' then denial.recovered_minor else 0 end) as recovered
    from denial, jsonb_array_elements(denial.reasons) as reason
    where denial.tenant_id = :tenant_id and denial.denied_on between :first and :last
        and (cast(:payer_id as uuid) is null or denial.payer_id = :payer_id)
    group by denial.family, reason ->> 'carc'
    order by sum((reason ->> 'amount_minor')::bigint) desc, 1, 2
    limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What was denied for one code of a family, minor units."""

    family: str
    carc: str
    denials: int
    amount_minor: int
    closed: int
    overturned: int
    recovered_minor: int


class DenialStore(RemittancesStore):
    """Denials, appeals, playbooks, underpayments."""

    # ---- out of a remittance, all of a set at once

    def keep_denials(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Writes what a set denied, by one statement."""
        if rows:
            table = cast(Table, Denial.__table__)
            insert_at_once(self.session, table, [{"tenant_id": self.tenant_id, **row} for row in rows], _DENIED_AGAIN)

    def keep_underpayments(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Writes what a set allowed too little of, by one statement."""
        if rows:
            table = cast(Table, Underpayment.__table__)
            insert_at_once(self.session, table, [{"tenant_id": self.tenant_id, **row} for row in rows], _SHORT_AGAIN)

    def denials_of_claims(self, claim_ids: Iterable[UUID]) -> list[Denial]:
        """The denials of these claims, locked in the order of their ids."""
        query = (
            select(Denial)
            .where(Denial.tenant_id == self.tenant_id, among(Denial.claim_id, claim_ids))
            .order_by(Denial.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def underpayments_of_claims(self, claim_ids: Iterable[UUID]) -> list[Underpayment]:
        """The open underpayments of these claims, locked in the order of their ids."""
        query = (
            select(Underpayment)
            .where(
                Underpayment.tenant_id == self.tenant_id,
                among(Underpayment.claim_id, claim_ids),
                Underpayment.closed_at.is_(None),
            )
            .order_by(Underpayment.id)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def playbooks_on(self, day: date) -> list[DenialPlaybook]:
        """The clinic's own rows that hold on a day."""
        query = select(DenialPlaybook).where(
            DenialPlaybook.tenant_id == self.tenant_id,
            DenialPlaybook.start_date <= day,
            or_(DenialPlaybook.end_date.is_(None), DenialPlaybook.end_date >= day),
        )
        return list(self.session.scalars(query))

    # ---- lists

    def denial_page(
        self,
        filters: Mapping[str, object],
        *,
        closed: bool,
        location_ids: Iterable[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[Denial], str]:
        """Open denials, the most pressing first; closed ones, the latest denied first."""
        query = self._worklist(select(Denial), Denial, filters, closed=closed, location_ids=location_ids)
        if closed:
            return self.page(query, [Denial.denied_on, Denial.id], page_size, page_token, descending=True)
        return self.page(query, [Denial.priority, Denial.id], page_size, page_token)

    def underpayment_page(
        self,
        filters: Mapping[str, object],
        *,
        closed: bool,
        location_ids: Iterable[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[Underpayment], str]:
        """Open underpayments, the most pressing first; closed ones, the latest found first."""
        query = self._worklist(select(Underpayment), Underpayment, filters, closed=closed, location_ids=location_ids)
        if closed:
            order = [Underpayment.found_on, Underpayment.id]
            return self.page(query, order, page_size, page_token, descending=True)
        return self.page(query, [Underpayment.priority, Underpayment.id], page_size, page_token)

    def _worklist(
        self,
        query: Select[Any],
        model: type[Denial | Underpayment],
        filters: Mapping[str, object],
        *,
        closed: bool,
        location_ids: Iterable[UUID],
    ) -> Select[Any]:
        query = query.where(model.tenant_id == self.tenant_id)
        query = query.where(model.closed_at.is_not(None) if closed else model.closed_at.is_(None))
        for column, value in filters.items():
            if value not in (None, ""):
                query = query.where(getattr(model, column) == value)
        return query.where(among(model.location_id, location_ids)) if location_ids else query

    def claim_controls(self, claim_ids: Iterable[UUID]) -> dict[UUID, str]:
        """CLM01 by claim."""
        query = select(Claim.id, Claim.control).where(Claim.tenant_id == self.tenant_id, among(Claim.id, claim_ids))
        return {row.id: row.control for row in self.session.execute(query)}

    def appeals_of(self, denial_ids: Iterable[UUID]) -> dict[UUID, list[Appeal]]:
        """Letters by denial, in order."""
        query = (
            select(Appeal)
            .where(Appeal.tenant_id == self.tenant_id, among(Appeal.denial_id, denial_ids))
            .order_by(Appeal.denial_id, Appeal.level)
        )
        found: dict[UUID, list[Appeal]] = {}
        for row in self.session.scalars(query):
            found.setdefault(row.denial_id, []).append(row)
        return found

    def playbook_page(self, page_size: int, page_token: str) -> tuple[list[DenialPlaybook], str]:
        query = select(DenialPlaybook).where(DenialPlaybook.tenant_id == self.tenant_id)
        return self.page(query, [DenialPlaybook.start_date, DenialPlaybook.id], page_size, page_token)

    # ---- texts

    def appeal_text(self, code: str) -> AppealTemplate | None:
        """The newest version of a text."""
        query = (
            select(AppealTemplate)
            .where(AppealTemplate.tenant_id == self.tenant_id, AppealTemplate.code == code)
            .order_by(AppealTemplate.number.desc())
            .limit(1)
        )
        return self.session.scalar(query)

    def appeal_text_page(self, page_size: int, page_token: str) -> tuple[list[AppealTemplate], str]:
        query = select(AppealTemplate).where(AppealTemplate.tenant_id == self.tenant_id)
        order = [AppealTemplate.code, AppealTemplate.number, AppealTemplate.id]
        return self.page(query, order, page_size, page_token)

    # ---- figures

    def denial_causes(self, first: date, last: date, payer_id: UUID | None, most: int) -> list[Cause]:
        """What was denied on the days, by family and code, the costliest first, at most so many."""
        values = {"tenant_id": self.tenant_id, "first": first, "last": last, "payer_id": payer_id, "most": most}
        rows = self.session.execute(_CAUSES, values)
        return [
            Cause(row.family, row.carc, row.denials, int(row.amount), row.closed, row.overturned, int(row.recovered))
            for row in rows
        ]

    def denial_sums(self, first: date, last: date, payer_id: UUID | None) -> tuple[int, int, int, int, int]:
        """(denials, minor units, came back, closed, overturned) of the days."""
        query = select(
            func.count(),
            func.coalesce(func.sum(Denial.amount_minor), 0),
            func.coalesce(func.sum(Denial.recovered_minor), 0),
            func.count().filter(Denial.closed_at.is_not(None)),
            func.count().filter(Denial.state == "overturned"),
        ).where(Denial.tenant_id == self.tenant_id, Denial.denied_on.between(first, last))
        if payer_id is not None:
            query = query.where(Denial.payer_id == payer_id)
        count, amount, recovered, closed, overturned = self.session.execute(query).one()
        return int(count), int(amount), int(recovered), int(closed), int(overturned)
