"""Queries about deposits, receivables by age in any cut, and closed periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select, text

from billing.domain.receivables import BUCKETS
from billing.store_figures import FigureStore
from billing.tables_books import BankDeposit, PeriodClose, PeriodProof
from billing.tables_claims import Remittance
from billing.tables_directory import Practitioner
from billing.tables_ledger import Journal
from billing.tables_money import DayClose, Drawer, Payment
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, among, make_token, read_token

# The keys of receivables: expressions of ours.
AGED_KEYS = {
    "payer": "coalesce(owed.payer_id::text, '')",
    "location": "line.location_id::text",
    "practitioner": "visit.practitioner_id::text",
}
_AGED = """
    with owed as (
        select charge_line_id, case when account = 'payer_receivable' then payer_id end as payer_id,
            sum(amount_minor) as amount, min(service_date) as served,
            coalesce(min(posted_on) filter (where amount_minor > 0), min(posted_on)) as began
        from ledger_entry
        where tenant_id = :tenant_id and account in ('payer_receivable', 'patient_receivable') and posted_on <= :as_of
            and charge_line_id is not null
        group by 1, 2 having sum(amount_minor) <> 0),
    aged as (
        select {key} as key, owed.amount, cast(:as_of as date)
            - case when :by_responsibility then owed.began else coalesce(owed.served, owed.began) end as age
        from owed
        join charge_line as line on line.tenant_id = :tenant_id and line.id = owed.charge_line_id
        join encounter as visit on visit.tenant_id = :tenant_id and visit.id = line.encounter_id)
    select key, {buckets}
    from aged where cast(:after as text) is null or key > :after
    group by key order by key limit :size
"""
# What tells a journal's entries from others: all that a balance can depend on.
_DIGEST = """
    md5(string_agg(concat_ws('|', number, account, amount_minor, kind, posted_on, charge_line_id, payer_id, patient_id, location_id),
        ',' order by number))
"""
_OF_PERIOD = (
    "tenant_id = :tenant_id and posted_on <= :last_day and (cast(:after as date) is null or posted_on > :after)"
)
_KEEP_JOURNALS = text(
    f"""
    insert into period_journal (tenant_id, period_id, journal_id, digest)
    select tenant_id, :period_id, journal_id, {_DIGEST} from ledger_entry where {_OF_PERIOD} group by tenant_id, journal_id
    """  # noqa: S608
)
_DIFFERENCES = text(
    f"""
    with found as (
        select journal_id, {_DIGEST} as digest from ledger_entry where {_OF_PERIOD} group by journal_id),
    kept as (select journal_id, digest from period_journal where tenant_id = :tenant_id and period_id = :period_id)
    select coalesce(found.journal_id, kept.journal_id) as journal_id,
        case when kept.journal_id is null then 'added' when found.journal_id is null then 'missing' else 'changed' end as fault
    from found full outer join kept on kept.journal_id = found.journal_id
    where found.digest is distinct from kept.digest
    order by 2, 1 limit :most
    """  # noqa: S608
)
_BALANCES = text(
    """
    select account, location_id,
        coalesce(sum(amount_minor) filter (where amount_minor > 0), 0) as debits,
        coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0) as credits
    from ledger_entry where tenant_id = :tenant_id and posted_on <= :last_day
    group by account, location_id order by account, location_id
    """
)


@dataclass(frozen=True, slots=True)
class AgedRow:
    """What is owed under one key by bucket of age, minor units."""

    key: str
    buckets: tuple[int, ...]


class BookStore(FigureStore):
    """Deposits, receivables, periods."""

    # ---- receivables

    def aged_by(
        self, group: str, as_of: date, *, by_responsibility: bool, page_size: int, page_token: str
    ) -> tuple[list[AgedRow], str]:
        """What is owed at the end of a day by key and bucket of age, by key."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        [after] = read_token(page_token, 1) if page_token else [None]
        sums = []
        for index, (first, last) in enumerate(BUCKETS):
            below = f" and age <= {last}" if last is not None else ""
            above = f"age >= {first}" if index else "true"
            sums.append(f"coalesce(sum(amount) filter (where {above}{below}), 0) as b{index}")
        statement = text(_AGED.format(key=AGED_KEYS[group], buckets=", ".join(sums)))
        values = {
            "tenant_id": self.tenant_id,
            "as_of": as_of,
            "by_responsibility": by_responsibility,
            "after": after,
            "size": size + 1,
        }
        rows = [
            AgedRow(row[0], tuple(int(amount) for amount in row[1:])) for row in self.session.execute(statement, values)
        ]
        return rows[:size], make_token([rows[size - 1].key]) if len(rows) > size else ""

    def practitioners(self) -> list[Practitioner]:
        """Everybody who sees patients."""
        query = select(Practitioner).where(Practitioner.tenant_id == self.tenant_id).order_by(Practitioner.last)
        return list(self.session.scalars(query))

    # ---- deposits

    def counted_drawers(self, location_id: UUID, day: date) -> list[Drawer]:
        """The drawers of a location's day that were counted."""
        query = select(Drawer).where(
            Drawer.tenant_id == self.tenant_id,
            Drawer.location_id == location_id,
            Drawer.business_date == day,
            Drawer.closed_at.is_not(None),
        )
        return list(self.session.scalars(query.order_by(Drawer.opened_at, Drawer.id)))

    def checks_of(self, drawer_ids: Iterable[UUID]) -> list[Payment]:
        """The checks that are in these drawers."""
        query = select(Payment).where(
            Payment.tenant_id == self.tenant_id,
            among(Payment.drawer_id, drawer_ids),
            Payment.method == "check",
            Payment.state == "received",
        )
        return list(self.session.scalars(query.order_by(Payment.receipt_number)))

    def day_close_of(self, location_number: int, day: date) -> DayClose | None:
        """The closed day of the location with this number."""
        for location in self.locations():
            if location.number == location_number:
                query = select(DayClose).where(
                    DayClose.tenant_id == self.tenant_id,
                    DayClose.location_id == location.id,
                    DayClose.business_date == day,
                )
                return self.session.scalar(query)
        return None

    def unconfirmed_remittance(self, trace: str, amount_minor: int) -> Remittance | None:
        """The one payment with this trace and amount that no line of the bank confirms; None when there are several."""
        query = (
            select(Remittance)
            .outerjoin(
                BankDeposit,
                (BankDeposit.tenant_id == Remittance.tenant_id) & (BankDeposit.remittance_id == Remittance.id),
            )
            .where(
                Remittance.tenant_id == self.tenant_id,
                Remittance.trace == trace,
                Remittance.payment_minor == amount_minor,
                Remittance.state != "dismissed",
                BankDeposit.id.is_(None),
            )
            .limit(2)
        )
        rows = list(self.session.scalars(query))
        return rows[0] if len(rows) == 1 else None

    def same_deposit(self, deposited_on: date, reference: str, amount_minor: int) -> BankDeposit | None:
        query = select(BankDeposit).where(
            BankDeposit.tenant_id == self.tenant_id,
            BankDeposit.deposited_on == deposited_on,
            BankDeposit.reference == reference,
            BankDeposit.amount_minor == amount_minor,
        )
        return self.session.scalar(query)

    def deposit_for(self, *, remittance_id: UUID | None = None, day_close_id: UUID | None = None) -> BankDeposit | None:
        """The line of the bank that is explained by this."""
        query = select(BankDeposit).where(BankDeposit.tenant_id == self.tenant_id)
        if remittance_id is not None:
            query = query.where(BankDeposit.remittance_id == remittance_id)
        if day_close_id is not None:
            query = query.where(BankDeposit.day_close_id == day_close_id)
        return self.session.scalar(query)

    def deposit_page(self, *, unexplained: bool, page_size: int, page_token: str) -> tuple[list[BankDeposit], str]:
        query = select(BankDeposit).where(BankDeposit.tenant_id == self.tenant_id)
        if unexplained:
            query = query.where(BankDeposit.explained_at.is_(None))
        return self.page(query, [BankDeposit.deposited_on, BankDeposit.id], page_size, page_token, descending=True)

    def awaited_page(self, page_size: int, page_token: str) -> tuple[list[Remittance], str]:
        """Payments that no line of the bank confirms, the oldest first."""
        confirmed = select(BankDeposit.id).where(
            BankDeposit.tenant_id == Remittance.tenant_id, BankDeposit.remittance_id == Remittance.id
        )
        query = select(Remittance).where(
            Remittance.tenant_id == self.tenant_id,
            Remittance.payment_minor > 0,
            Remittance.state.in_(("posted", "refused", "proved")),
            ~confirmed.exists(),
        )
        return self.page(query, [Remittance.received_at, Remittance.id], page_size, page_token)

    # ---- periods

    def last_period(self) -> PeriodClose | None:
        query = select(PeriodClose).where(PeriodClose.tenant_id == self.tenant_id)
        return self.session.scalar(query.order_by(PeriodClose.last_day.desc()).limit(1))

    def period_before(self, last_day: date) -> date | None:
        """The last day of the period before the one that ends on a day."""
        query = select(func.max(PeriodClose.last_day)).where(
            PeriodClose.tenant_id == self.tenant_id, PeriodClose.last_day < last_day
        )
        return self.session.scalar(query)

    def period_page(self, page_size: int, page_token: str) -> tuple[list[PeriodClose], str]:
        query = select(PeriodClose).where(PeriodClose.tenant_id == self.tenant_id)
        return self.page(query, [PeriodClose.last_day, PeriodClose.id], page_size, page_token, descending=True)

    def latest_periods(self, most: int) -> list[PeriodClose]:
        query = select(PeriodClose).where(PeriodClose.tenant_id == self.tenant_id)
        return list(self.session.scalars(query.order_by(PeriodClose.last_day.desc()).limit(most)))

    def proofs_of(self, period_ids: Iterable[UUID]) -> dict[UUID, PeriodProof]:
        """The last proof of each period; there is one row for each time that the outcome changed."""
        query = (
            select(PeriodProof)
            .where(PeriodProof.tenant_id == self.tenant_id, among(PeriodProof.period_id, period_ids))
            .order_by(PeriodProof.period_id, PeriodProof.proved_at)
        )
        return {row.period_id: row for row in self.session.scalars(query)}

    def balances_at(self, last_day: date) -> list[tuple[str, str | None, int, int]]:
        """(account, location, debits, credits) up to and with a day, minor units."""
        rows = self.session.execute(_BALANCES, {"tenant_id": self.tenant_id, "last_day": last_day})
        return [
            (row.account, str(row.location_id) if row.location_id else None, int(row.debits), int(row.credits))
            for row in rows
        ]

    def keep_journals(self, period_id: UUID, last_day: date, after: date | None) -> None:
        """Keeps a digest of each journal of a period."""
        values = {"tenant_id": self.tenant_id, "period_id": period_id, "last_day": last_day, "after": after}
        self.session.execute(_KEEP_JOURNALS, values)

    def journals_between(self, last_day: date, after: date | None) -> int:
        """How many journals are posted to the days after `after` up to and with `last_day`."""
        query = select(func.count()).where(Journal.tenant_id == self.tenant_id, Journal.posted_on <= last_day)
        if after is not None:
            query = query.where(Journal.posted_on > after)
        return int(self.session.scalar(query) or 0)

    def journal_differences(
        self, period_id: UUID, last_day: date, after: date | None, most: int
    ) -> list[Mapping[str, str]]:
        """Journals of a period that are not what they were when it was closed: changed, missing, added."""
        values = {
            "tenant_id": self.tenant_id,
            "period_id": period_id,
            "last_day": last_day,
            "after": after,
            "most": most,
        }
        return [
            {"journal_id": str(row.journal_id), "fault": row.fault}
            for row in self.session.execute(_DIFFERENCES, values)
        ]
