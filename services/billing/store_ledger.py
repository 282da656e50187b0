"""Queries about the ledger: posting, and every balance that is read from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, func, select, text

from billing.domain.allocation import Credit, OpenItem, Used
from billing.domain.ledger import WRITE_OFFS, Account, Dimensions, Entry, EntryKind, Movement
from billing.store_payments import PaymentStore
from billing.tables_books import PeriodClose
from billing.tables_ledger import Journal, LedgerEntry
from billing.tables_money import ChargeLine, DayClose, Encounter, GuarantorAccount, Payment
from chassis.store import among, array_text

# One statement a journal: the database proves its balance by statement (see the migration).
_INSERT_ENTRIES = text(
    """
    insert into ledger_entry (
        tenant_id, journal_id, number, account, amount_minor, kind, posted_on, patient_id, payer_id,
        charge_line_id, claim_id, payment_id, drawer_id, location_id, billing_entity_id, service_date)
    select :tenant_id, :journal_id, e.number, e.account, e.amount, e.kind, :posted_on, e.patient, e.payer,
        e.charge_line, e.claim, e.payment, e.drawer, e.location, e.billing_entity, e.service_date
    from unnest(
        cast(:account as text[]), cast(:amount as bigint[]), cast(:kind as text[]), cast(:patient_id as uuid[]),
        cast(:payer_id as uuid[]), cast(:charge_line_id as uuid[]), cast(:claim_id as uuid[]),
        cast(:payment_id as uuid[]), cast(:drawer_id as uuid[]), cast(:location_id as uuid[]),
        cast(:billing_entity_id as uuid[]), cast(:service_date as date[]))
    with ordinality as e(
        account, amount, kind, patient, payer, charge_line, claim, payment, drawer, location, billing_entity,
        service_date, number)
    """
)
# Built once: each change of an account asks all of these.
_OF_PATIENTS = (LedgerEntry.tenant_id == bindparam("tenant_id")) & among(
    LedgerEntry.patient_id, bindparam("patient_ids")
)
_LEFT = (
    select(LedgerEntry.payment_id, (-func.sum(LedgerEntry.amount_minor)).label("left"))
    .where(_OF_PATIENTS, LedgerEntry.account == Account.UNAPPLIED_PATIENT.value, LedgerEntry.payment_id.is_not(None))
    .group_by(LedgerEntry.payment_id)
    .having(func.sum(LedgerEntry.amount_minor) < 0)
    .subquery()
)
_CREDITS = select(Payment, _LEFT.c.left).join(
    _LEFT, (Payment.tenant_id == bindparam("tenant_id")) & (Payment.id == _LEFT.c.payment_id)
)
_OWED = (
    select(LedgerEntry.charge_line_id, func.sum(LedgerEntry.amount_minor).label("due"))
    .where(_OF_PATIENTS, LedgerEntry.account == Account.PATIENT_RECEIVABLE.value)
    .group_by(LedgerEntry.charge_line_id)
    .having(func.sum(LedgerEntry.amount_minor) > 0)
    .subquery()
)
_OPEN_ITEMS = select(ChargeLine, _OWED.c.due).join(
    _OWED, (ChargeLine.tenant_id == bindparam("tenant_id")) & (ChargeLine.id == _OWED.c.charge_line_id)
)
_SUMS = (
    select(LedgerEntry.patient_id, LedgerEntry.account, func.sum(LedgerEntry.amount_minor))
    .where(_OF_PATIENTS, among(LedgerEntry.account, bindparam("accounts")))
    .group_by(LedgerEntry.patient_id, LedgerEntry.account)
)
_MOVEMENTS = (
    select(LedgerEntry.charge_line_id, LedgerEntry.account, LedgerEntry.kind, func.sum(LedgerEntry.amount_minor))
    .where(LedgerEntry.tenant_id == bindparam("tenant_id"), among(LedgerEntry.charge_line_id, bindparam("ids")))
    .group_by(LedgerEntry.charge_line_id, LedgerEntry.account, LedgerEntry.kind)
)
_ACCOUNTS = (
    select(GuarantorAccount)
    .where(GuarantorAccount.tenant_id == bindparam("tenant_id"), among(GuarantorAccount.id, bindparam("ids")))
    .order_by(GuarantorAccount.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_NOT_CHARGED = select(Encounter.id).where(
    Encounter.tenant_id == bindparam("tenant_id"),
    among(Encounter.id, bindparam("ids")),
    Encounter.state.in_(("expected", "open")),
)
_WITH_PAYER = (
    select(ChargeLine.encounter_id)
    .join(
        LedgerEntry,
        (LedgerEntry.tenant_id == ChargeLine.tenant_id) & (LedgerEntry.charge_line_id == ChargeLine.id),
    )
    .where(
        ChargeLine.tenant_id == bindparam("tenant_id"),
        among(ChargeLine.encounter_id, bindparam("ids")),
        LedgerEntry.account == Account.PAYER_RECEIVABLE.value,
    )
    .group_by(ChargeLine.encounter_id, ChargeLine.id)
    .having(func.sum(LedgerEntry.amount_minor) > 0)
)
_DIMENSIONS = (
    "patient_id",
    "payer_id",
    "charge_line_id",
    "claim_id",
    "payment_id",
    "drawer_id",
    "location_id",
    "billing_entity_id",
    "service_date",
)
_MAKE_ACCOUNTS = text(
    """
    insert into guarantor_account (tenant_id, id, cycle)
    select :tenant_id, one, 0 from unnest(cast(:ids as uuid[])) as one order by one on conflict do nothing
    """
)


@dataclass(frozen=True, slots=True)
class OpenReceivable:
    """What one party owes on one charge line at a day; `since`: the day it began to owe."""

    account: Account
    payer_id: UUID | None
    charge_line_id: UUID | None
    amount_minor: int
    service_date: date | None
    since: date


class LedgerStore(PaymentStore):
    """Journals, entries, balances."""

    # ---- posting

    def journal_of(self, source_kind: str, source_key: str) -> Journal | None:
        """The journal that was made from this source."""
        return self.session.scalar(
            select(Journal).where(
                Journal.tenant_id == self.tenant_id,
                Journal.source_kind == source_kind,
                Journal.source_key == source_key,
            )
        )

    def add_journal(self, journal: Journal, entries: Sequence[Entry]) -> Journal:
        """Writes a journal with its (proved) entries."""
        self.add(journal)
        self.session.execute(
            _INSERT_ENTRIES,
            {
                "tenant_id": self.tenant_id,
                "journal_id": journal.id,
                "posted_on": journal.posted_on,
                "account": array_text(entry.account.value for entry in entries),
                "amount": array_text(entry.amount_minor for entry in entries),
                "kind": array_text(entry.kind.value for entry in entries),
                **{name: array_text(getattr(entry.of, name) for entry in entries) for name in _DIMENSIONS},
            },
        )
        return journal

    def entries_of(self, journal_ids: Iterable[UUID]) -> dict[UUID, list[LedgerEntry]]:
        """Entries by journal, in their order."""
        query = (
            select(LedgerEntry)
            .where(LedgerEntry.tenant_id == self.tenant_id, among(LedgerEntry.journal_id, journal_ids))
            .order_by(LedgerEntry.journal_id, LedgerEntry.number)
        )
        found: dict[UUID, list[LedgerEntry]] = {}
        for row in self.session.scalars(query):
            found.setdefault(row.journal_id, []).append(row)
        return found

    def reversed_by(self, journal_id: UUID) -> Journal | None:
        """The journal that takes this one back."""
        return self.session.scalar(
            select(Journal).where(Journal.tenant_id == self.tenant_id, Journal.reverses_id == journal_id)
        )

    def last_closed_day(self, location_ids: Iterable[UUID]) -> date | None:
        """The latest day that any of the locations has closed, or that is in a closed period."""
        days = select(func.max(DayClose.business_date)).where(
            DayClose.tenant_id == self.tenant_id, among(DayClose.location_id, location_ids)
        )
        periods = select(func.max(PeriodClose.last_day)).where(PeriodClose.tenant_id == self.tenant_id)
        return self.session.scalar(select(func.greatest(days.scalar_subquery(), periods.scalar_subquery())))

    def last_posted_day(self, location_id: UUID | None) -> date | None:
        """The latest day to which anything is posted, at one location or at all."""
        query = select(func.max(LedgerEntry.posted_on)).where(LedgerEntry.tenant_id == self.tenant_id)
        if location_id is not None:
            query = query.where(LedgerEntry.location_id == location_id)
        return self.session.scalar(query)

    # ---- charge lines

    def movements_of(self, charge_line_ids: Iterable[UUID]) -> dict[UUID, list[Movement]]:
        """The sums of each charge line's entries by account and kind."""
        found: dict[UUID, list[Movement]] = {}
        about = {"tenant_id": self.tenant_id, "ids": charge_line_ids}
        for line_id, account, kind, amount in self.session.execute(_MOVEMENTS, about):
            if line_id is not None:
                found.setdefault(line_id, []).append(Movement(Account(account), EntryKind(kind), int(amount)))
        return found

    def owed_by(self, charge_line_id: UUID, payer_id: UUID | None) -> int:
        """What one payer (None: the patient) owes on a charge line, minor units."""
        account = Account.PATIENT_RECEIVABLE if payer_id is None else Account.PAYER_RECEIVABLE
        query = select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
            LedgerEntry.tenant_id == self.tenant_id,
            LedgerEntry.charge_line_id == charge_line_id,
            LedgerEntry.account == account.value,
        )
        if payer_id is not None:
            query = query.where(LedgerEntry.payer_id == payer_id)
        return int(self.session.scalar(query) or 0)

    # ---- open and closed days

    def join_day(self, location_ids: Iterable[UUID]) -> None:
        """Keeps the locations' days from being closed until this transaction ends; postings pass each other."""
        self._day_lock("pg_advisory_xact_lock_shared", location_ids)

    def seal_day(self, location_id: UUID) -> None:
        """Waits for postings under way at the location and keeps new ones out until this transaction ends."""
        self._day_lock("pg_advisory_xact_lock", [location_id])

    def _day_lock(self, function: str, location_ids: Iterable[UUID]) -> None:
        for location_id in sorted(set(location_ids)):
            key = func.hashtextextended(f"day:{self.tenant_id}:{location_id}", 0)
            self.session.execute(select(getattr(func, function)(key)))

    # ---- families

    def lock_accounts(self, guarantor_ids: Iterable[UUID]) -> dict[UUID, GuarantorAccount]:
        """The guarantors' accounts, made if need be, locked until the transaction ends: a family's money moves once at
        a time. They are locked in one order, so that two transactions never wait for each other.
        """
        ids = sorted(set(guarantor_ids))
        if not ids:
            return {}
        self.session.execute(_MAKE_ACCOUNTS, {"tenant_id": self.tenant_id, "ids": array_text(ids)})
        return {row.id: row for row in self.session.scalars(_ACCOUNTS, {"tenant_id": self.tenant_id, "ids": ids})}

    def lock_account(self, guarantor_id: UUID) -> GuarantorAccount:
        """As `lock_accounts`, for one."""
        return self.lock_accounts([guarantor_id])[guarantor_id]

    def credits_of(self, patient_ids: Iterable[UUID]) -> list[Credit]:
        """Unapplied money of the patients, by payment."""
        rows = self.session.execute(_CREDITS, {"tenant_id": self.tenant_id, "patient_ids": patient_ids})
        return [
            Credit(
                payment.id,
                payment.patient_id,
                int(amount),
                payment.received_at or payment.created_at,
                payment.encounter_id,
            )
            for payment, amount in rows
        ]

    def unapplied_of_payments(self, payment_ids: Iterable[UUID]) -> dict[UUID, int]:
        """What is left of each payment, minor units."""
        query = (
            select(LedgerEntry.payment_id, -func.sum(LedgerEntry.amount_minor))
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                among(LedgerEntry.payment_id, payment_ids),
                LedgerEntry.account == Account.UNAPPLIED_PATIENT.value,
            )
            .group_by(LedgerEntry.payment_id)
        )
        return {payment_id: int(left) for payment_id, left in self.session.execute(query) if payment_id is not None}

    def applied_of_payment(self, payment_id: UUID) -> list[tuple[ChargeLine, int]]:
        """Where a payment's money was used: (charge line, minor units)."""
        query = (
            select(ChargeLine, -func.sum(LedgerEntry.amount_minor))
            .join(
                LedgerEntry,
                (LedgerEntry.tenant_id == ChargeLine.tenant_id) & (LedgerEntry.charge_line_id == ChargeLine.id),
            )
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                LedgerEntry.payment_id == payment_id,
                LedgerEntry.account == Account.PATIENT_RECEIVABLE.value,
            )
            .group_by(ChargeLine)
            .having(func.sum(LedgerEntry.amount_minor) != 0)
        )
        return [(line, int(amount)) for line, amount in self.session.execute(query)]

    def open_items_of(self, patient_ids: Iterable[UUID]) -> list[OpenItem]:
        """What the patients themselves owe, by charge line; only what is more than zero."""
        rows = self.session.execute(_OPEN_ITEMS, {"tenant_id": self.tenant_id, "patient_ids": patient_ids})
        return [
            OpenItem(line.id, line.patient_id, line.encounter_id, int(due), line.service_date, line.line_number)
            for line, due in rows
        ]

    def overpaid_lines(self, patient_ids: Iterable[UUID]) -> list[tuple[ChargeLine, int, list[Used]]]:
        """Charge lines on which the patients owe less than nothing: by how much (minor units), and what lowered it."""
        below = (
            select(LedgerEntry.charge_line_id, (-func.sum(LedgerEntry.amount_minor)).label("over"))
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                among(LedgerEntry.patient_id, patient_ids),
                LedgerEntry.account == Account.PATIENT_RECEIVABLE.value,
            )
            .group_by(LedgerEntry.charge_line_id)
            .having(func.sum(LedgerEntry.amount_minor) < 0)
            .subquery()
        )
        lines = self.session.execute(
            select(ChargeLine, below.c.over).join(
                below, (ChargeLine.tenant_id == self.tenant_id) & (ChargeLine.id == below.c.charge_line_id)
            )
        ).all()
        if not lines:
            return []
        write_offs = [account.value for account in WRITE_OFFS]
        uses = self.session.execute(
            select(
                LedgerEntry.charge_line_id,
                LedgerEntry.account,
                LedgerEntry.payment_id,
                LedgerEntry.patient_id,
                func.sum(LedgerEntry.amount_minor),
            )
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                among(LedgerEntry.charge_line_id, [line.id for line, _ in lines]),
                (LedgerEntry.account == Account.UNAPPLIED_PATIENT.value)
                | (LedgerEntry.account.in_(write_offs) & LedgerEntry.payer_id.is_(None)),
            )
            .group_by(LedgerEntry.charge_line_id, LedgerEntry.account, LedgerEntry.payment_id, LedgerEntry.patient_id)
            .having(func.sum(LedgerEntry.amount_minor) > 0)
        )
        used: dict[UUID | None, list[Used]] = {}
        for line_id, account, payment_id, patient_id, amount in uses:
            if patient_id is not None:
                name = "" if payment_id is not None else account
                used.setdefault(line_id, []).append(Used(payment_id, patient_id, name, int(amount)))
        return [(line, int(over), used.get(line.id, [])) for line, over in lines]

    def unsettled_encounters(self, encounter_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those visits that are not charged yet, or on which a payer still owes: money taken for them must wait."""
        ids = list(encounter_ids)
        about = {"tenant_id": self.tenant_id, "ids": ids}
        return frozenset(self.session.scalars(_NOT_CHARGED, about)) | frozenset(
            self.session.scalars(_WITH_PAYER, about)
        )

    def sums_of(self, patient_ids: Iterable[UUID], accounts: Iterable[Account]) -> dict[tuple[UUID, Account], int]:
        """Debits − credits by patient and account, minor units."""
        about = {
            "tenant_id": self.tenant_id,
            "patient_ids": patient_ids,
            "accounts": [account.value for account in accounts],
        }
        return {
            (patient_id, Account(account)): int(amount)
            for patient_id, account, amount in self.session.execute(_SUMS, about)
            if patient_id is not None
        }


def line_dimensions(line: ChargeLine, *, payer_id: UUID | None = None, payment_id: UUID | None = None) -> Dimensions:
    """What an entry on a charge line belongs to."""
    return Dimensions(
        patient_id=line.patient_id,
        payer_id=payer_id,
        charge_line_id=line.id,
        payment_id=payment_id,
        location_id=line.location_id,
        billing_entity_id=line.billing_entity_id,
        service_date=line.service_date,
    )
