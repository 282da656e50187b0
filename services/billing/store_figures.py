"""Queries for the key figures: sums by month and key, made in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from billing.domain.ledger import ADJUSTMENTS, WRITE_OFFS, Account
from billing.store_plans import PlanStore

# What the rows are keyed by: expressions of ours over charge_line as line and encounter as visit.
KEYS = {
    "none": "''",
    "location": "line.location_id::text",
    "practitioner": "visit.practitioner_id::text",
    "payer": "coalesce(line.payer_id::text, '')",
}
_MONEY = """
    select {key} as key, date_trunc('month', greatest(entry.posted_on, cast(:since as date) - 1))::date as month,
        -coalesce(sum(entry.amount_minor) filter (where entry.account = 'charges'), 0) as charges,
        coalesce(sum(entry.amount_minor) filter (where entry.account = any(:money)), 0) as payments,
        coalesce(sum(entry.amount_minor) filter (where entry.account = any(:contractual)), 0) as contractual,
        coalesce(sum(entry.amount_minor) filter (where entry.account = any(:write_offs)), 0) as write_offs,
        coalesce(sum(entry.amount_minor) filter (where entry.account = any(:receivables)), 0) as receivables
    from ledger_entry as entry
    join charge_line as line on line.tenant_id = entry.tenant_id and line.id = entry.charge_line_id
    join encounter as visit on visit.tenant_id = line.tenant_id and visit.id = line.encounter_id
    where entry.tenant_id = :tenant_id and entry.posted_on < :until
        and (cast(:location_id as uuid) is null or line.location_id = :location_id)
    group by 1, 2
"""
_ANSWERS = """
    with first as (
        select distinct on (answer.claim_id) answer.claim_id, answer.id, answer.outcome, remittance.posted_at
        from remittance_claim as answer
        join remittance on remittance.tenant_id = answer.tenant_id and remittance.id = answer.remittance_id
        where answer.tenant_id = :tenant_id and answer.claim_id is not null and answer.outcome in ('paid', 'denied')
            and remittance.posted_at < :until
        order by answer.claim_id, remittance.posted_at, answer.number),
    judged as (
        select first.*, first.outcome = 'denied' or exists (
            select from remittance_posting as posting
            where posting.tenant_id = :tenant_id and posting.remittance_claim_id = first.id and posting.kind = 'denial'
        ) as denied, exists (
            select from claim_happening as happening
            where happening.tenant_id = :tenant_id and happening.claim_id = first.claim_id and happening.event = 'reject'
        ) as rejected
        from first where first.posted_at >= :since)
    select {key} as key, date_trunc('month', judged.posted_at at time zone site.time_zone)::date as month, count(*) as answered,
        count(*) filter (where not denied and not rejected and claim.frequency = '1' and claim.replaces_claim_id is null) as clean,
        count(*) filter (where denied) as denied
    from judged
    join claim on claim.tenant_id = :tenant_id and claim.id = judged.claim_id
    join encounter as visit on visit.tenant_id = claim.tenant_id and visit.id = claim.encounter_id
    join location as site on site.tenant_id = claim.tenant_id and site.id = claim.location_id
    cross join lateral (select claim.location_id, claim.payer_id) as line
    where cast(:location_id as uuid) is null or claim.location_id = :location_id
    group by 1, 2
"""
_LAGS = """
    select {key} as key, date_trunc('month', visit.signed_at at time zone visit.time_zone)::date as month, count(*) as visits,
        sum((visit.signed_at at time zone visit.time_zone)::date - visit.service_date) as days
    from encounter as visit
    join lateral (
        select charge_line.location_id, charge_line.payer_id from charge_line
        where charge_line.tenant_id = visit.tenant_id and charge_line.encounter_id = visit.id
        order by line_number limit 1) as line on true
    where visit.tenant_id = :tenant_id and visit.signed_at >= :since and visit.signed_at < :until
        and (cast(:location_id as uuid) is null or visit.location_id = :location_id)
    group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """The movements of one key in one month, minor units; the month before the first asked for has all that was earlier."""

    key: str
    month: date
    charges_minor: int
    payments_minor: int
    contractual_minor: int
    write_offs_minor: int
    receivables_minor: int


class FigureStore(PlanStore):
    """Sums by month and key."""

    def month_money(self, group: str, since: date, until: date, location_id: UUID | None) -> list[MoneyRow]:
        """Movements on services by month of posting; `until` is not included."""
        contractual = [account.value for account in ADJUSTMENTS - WRITE_OFFS]
        values = {
            **self._period(since, until, location_id),
            "money": [
                account.value
                for account in (Account.INSURANCE_DEPOSITS, Account.UNAPPLIED_INSURANCE, Account.UNAPPLIED_PATIENT)
            ],
            "contractual": contractual,
            "write_offs": [account.value for account in WRITE_OFFS],
            "receivables": [Account.PATIENT_RECEIVABLE.value, Account.PAYER_RECEIVABLE.value],
        }
        rows = self.session.execute(text(_MONEY.format(key=KEYS[group])), values)
        return [
            MoneyRow(
                row.key,
                row.month,
                int(row.charges),
                int(row.payments),
                int(row.contractual),
                int(row.write_offs),
                int(row.receivables),
            )
            for row in rows
        ]

    def month_answers(
        self, group: str, since: date, until: date, location_id: UUID | None
    ) -> dict[tuple[str, date], tuple[int, int, int]]:
        """(key, month) → (claims answered for the first time, paid at once, denied)."""
        statement = text(_ANSWERS.format(key=KEYS[group]))
        rows = self.session.execute(statement, self._period(since, until, location_id))
        return {(row.key, row.month): (row.answered, row.clean, row.denied) for row in rows}

    def month_lags(
        self, group: str, since: date, until: date, location_id: UUID | None
    ) -> dict[tuple[str, date], tuple[int, int]]:
        """(key, month) → (visits signed, days from service to signature in all)."""
        statement = text(_LAGS.format(key=KEYS[group]))
        rows = self.session.execute(statement, self._period(since, until, location_id))
        return {(row.key, row.month): (row.visits, int(row.days)) for row in rows}

    def _period(self, since: date, until: date, location_id: UUID | None) -> dict[str, object]:
        return {"tenant_id": self.tenant_id, "since": since, "until": until, "location_id": location_id}
