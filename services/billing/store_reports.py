"""Queries for what is read over many accounts: balances, aging, trial balance, figures; and about statements and
closed days.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Date, case, func, literal, select, text, tuple_
from sqlalchemy.orm import aliased

from billing.domain.ledger import RECEIVABLES, Account
from billing.domain.receivables import BUCKETS
from billing.store_holds import HoldStore
from billing.store_ledger import OpenReceivable
from billing.tables_directory import PatientCopy
from billing.tables_ledger import Journal, LedgerEntry
from billing.tables_money import ChargeLine, DayClose, GuarantorAccount, Payment, Statement
from chassis.errors import InvalidInput, Violation
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, among
from chassis.tables import Due


@dataclass(frozen=True, slots=True)
class GuarantorSums:
    """What a guarantor's family owes and has unapplied, minor units."""

    guarantor_id: UUID
    patient_owes_minor: int
    unapplied_minor: int
    with_payers_minor: int

    @property
    def balance_due_minor(self) -> int:
        return self.patient_owes_minor - self.unapplied_minor


class ReportStore(HoldStore):
    """Sums over many accounts, statements, day closes."""

    def guarantor_page(
        self, *, owing: bool | None, page_size: int, page_token: str, at_most: int | None = None
    ) -> tuple[list[GuarantorSums], str]:
        """Guarantors, the largest balance first. `owing` True: balance > 0 (at most `at_most`), False: < 0, None: anything open."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        survivor = aliased(PatientCopy)
        guarantor = func.coalesce(survivor.guarantor_id, PatientCopy.guarantor_id, LedgerEntry.patient_id)
        owes = func.coalesce(
            func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.account == Account.PATIENT_RECEIVABLE.value), 0
        )
        unapplied = func.coalesce(
            -func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.account == Account.UNAPPLIED_PATIENT.value), 0
        )
        with_payers = func.coalesce(
            func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.account == Account.PAYER_RECEIVABLE.value), 0
        )
        sums = (
            select(
                guarantor.label("guarantor_id"),
                owes.label("owes"),
                unapplied.label("unapplied"),
                with_payers.label("with_payers"),
                (owes - unapplied).label("due"),
            )
            .select_from(LedgerEntry)
            .outerjoin(
                PatientCopy,
                (PatientCopy.tenant_id == LedgerEntry.tenant_id) & (PatientCopy.id == LedgerEntry.patient_id),
            )
            .outerjoin(
                survivor, (survivor.tenant_id == PatientCopy.tenant_id) & (survivor.id == PatientCopy.merged_into)
            )
            .where(LedgerEntry.tenant_id == self.tenant_id, LedgerEntry.patient_id.is_not(None))
            .group_by(guarantor)
            .subquery()
        )
        query = select(sums)
        if owing is None:
            query = query.where((sums.c.due != 0) | (sums.c.with_payers != 0))
        else:
            query = query.where(sums.c.due > 0 if owing else sums.c.due < 0)
        if at_most is not None:
            query = query.where(sums.c.due <= at_most)
        if page_token:
            due, guarantor_id = _decode(page_token)
            query = query.where(
                tuple_(-sums.c.due, sums.c.guarantor_id)
                > tuple_(literal(-due, sums.c.due.type), literal(guarantor_id, sums.c.guarantor_id.type))
            )
        rows = self.session.execute(query.order_by(-sums.c.due, sums.c.guarantor_id).limit(size + 1)).all()
        found = [
            GuarantorSums(row.guarantor_id, int(row.owes), int(row.unapplied), int(row.with_payers)) for row in rows
        ]
        if len(found) <= size:
            return found, ""
        last = found[size - 1]
        return found[:size], _encode(last.balance_due_minor, last.guarantor_id)

    def open_receivables(self, as_of: date, patient_ids: Iterable[UUID]) -> list[OpenReceivable]:
        """What every party owes on every charge line of these patients at the end of a day, who owes nothing left out."""
        since = func.min(case((LedgerEntry.amount_minor > 0, LedgerEntry.posted_on)))
        query = (
            select(
                LedgerEntry.account,
                LedgerEntry.payer_id,
                LedgerEntry.charge_line_id,
                func.sum(LedgerEntry.amount_minor),
                func.min(LedgerEntry.service_date),
                func.coalesce(since, func.min(LedgerEntry.posted_on)),
            )
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                LedgerEntry.account.in_([account.value for account in RECEIVABLES]),
                LedgerEntry.posted_on <= as_of,
                among(LedgerEntry.patient_id, patient_ids),
            )
            .group_by(LedgerEntry.account, LedgerEntry.payer_id, LedgerEntry.charge_line_id)
            .having(func.sum(LedgerEntry.amount_minor) != 0)
        )
        return [
            OpenReceivable(Account(account), payer_id, line_id, int(amount), service_date, day)
            for account, payer_id, line_id, amount, service_date, day in self.session.execute(query)
        ]

    def aged_receivables(
        self, as_of: date, location_id: UUID | None, *, by_responsibility: bool
    ) -> list[tuple[Account, UUID | None, int, int]]:
        """(account, payer, index of the bucket of age, minor units) of all that is owed at the end of a day.

        A charge line's age counts from its service, or from when the party began to owe. What one party owes on one
        charge line has one age, so the lines are summed first and put into buckets then, in the database.
        """
        began = func.coalesce(
            func.min(case((LedgerEntry.amount_minor > 0, LedgerEntry.posted_on))), func.min(LedgerEntry.posted_on)
        )
        since = began if by_responsibility else func.coalesce(func.min(LedgerEntry.service_date), began)
        owed = (
            select(
                LedgerEntry.account,
                LedgerEntry.payer_id,
                func.sum(LedgerEntry.amount_minor).label("amount"),
                (literal(as_of, Date) - since).label("age"),
            )
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                LedgerEntry.account.in_([account.value for account in RECEIVABLES]),
                LedgerEntry.posted_on <= as_of,
            )
            .group_by(LedgerEntry.account, LedgerEntry.payer_id, LedgerEntry.charge_line_id)
            .having(func.sum(LedgerEntry.amount_minor) != 0)
        )
        if location_id is not None:
            owed = owed.where(LedgerEntry.location_id == location_id)
        lines = owed.subquery()
        last_days = [(lines.c.age <= last, index) for index, (_, last) in enumerate(BUCKETS) if last is not None]
        bucket = case(*last_days, else_=len(BUCKETS) - 1).label("bucket")
        query = select(lines.c.account, lines.c.payer_id, bucket, func.sum(lines.c.amount)).group_by(
            lines.c.account, lines.c.payer_id, bucket
        )
        return [(Account(row[0]), row[1], int(row[2]), int(row[3])) for row in self.session.execute(query)]

    def trial_balance(self, as_of: date, location_id: UUID | None) -> list[tuple[Account, int, int]]:
        """(account, debits, credits) up to and with a day, minor units; credits as a positive number."""
        query = select(
            LedgerEntry.account,
            func.coalesce(func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.amount_minor > 0), 0),
            func.coalesce(-func.sum(LedgerEntry.amount_minor).filter(LedgerEntry.amount_minor < 0), 0),
        ).where(LedgerEntry.tenant_id == self.tenant_id, LedgerEntry.posted_on <= as_of)
        if location_id is not None:
            query = query.where(LedgerEntry.location_id == location_id)
        rows = self.session.execute(query.group_by(LedgerEntry.account)).all()
        found = {Account(account): (int(debits), int(credit)) for account, debits, credit in rows}
        return [(account, *found[account]) for account in Account if account in found]

    def movements_between(
        self, first_day: date | None, last_day: date, location_id: UUID | None
    ) -> dict[tuple[Account, str], int]:
        """Debits − credits by account and kind over posting days, minor units."""
        query = select(LedgerEntry.account, LedgerEntry.kind, func.sum(LedgerEntry.amount_minor)).where(
            LedgerEntry.tenant_id == self.tenant_id, LedgerEntry.posted_on <= last_day
        )
        if first_day is not None:
            query = query.where(LedgerEntry.posted_on >= first_day)
        if location_id is not None:
            query = query.where(LedgerEntry.location_id == location_id)
        rows = self.session.execute(query.group_by(LedgerEntry.account, LedgerEntry.kind))
        return {(Account(account), kind): int(amount) for account, kind, amount in rows}

    def journal_page(
        self,
        *,
        first_day: date | None,
        last_day: date | None,
        kind: str,
        patient_id: UUID | None,
        page_size: int,
        page_token: str,
    ) -> tuple[list[Journal], str]:
        query = select(Journal).where(Journal.tenant_id == self.tenant_id)
        if first_day is not None:
            query = query.where(Journal.posted_on >= first_day)
        if last_day is not None:
            query = query.where(Journal.posted_on <= last_day)
        if kind:
            query = query.where(Journal.kind == kind)
        if patient_id is not None:
            of_patient = select(LedgerEntry.journal_id).where(
                LedgerEntry.tenant_id == self.tenant_id, LedgerEntry.patient_id.in_(self.with_merged([patient_id]))
            )
            query = query.where(Journal.id.in_(of_patient))
        return self.page(query, [Journal.posted_on, Journal.id], page_size, page_token, descending=True)

    def journal_count(self, day: date, location_id: UUID) -> int:
        """How many journals touch a location's books on a day."""
        query = select(func.count(LedgerEntry.journal_id.distinct())).where(
            LedgerEntry.tenant_id == self.tenant_id,
            LedgerEntry.posted_on == day,
            LedgerEntry.location_id == location_id,
        )
        return int(self.session.scalar(query) or 0)

    def receipts_by_method(
        self, first_day: date, last_day: date, location_id: UUID | None
    ) -> dict[str, tuple[int, int]]:
        """(minor units, count of payments) received on the posting days, by method; reversed ones taken off."""
        query = (
            select(Payment.method, -func.sum(LedgerEntry.amount_minor), func.count(Payment.id.distinct()))
            .join(LedgerEntry, (LedgerEntry.tenant_id == Payment.tenant_id) & (LedgerEntry.payment_id == Payment.id))
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                LedgerEntry.account == Account.UNAPPLIED_PATIENT.value,
                LedgerEntry.kind == "receipt",
                LedgerEntry.posted_on.between(first_day, last_day),
            )
            .group_by(Payment.method)
        )
        if location_id is not None:
            query = query.where(LedgerEntry.location_id == location_id)
        return {method: (int(amount), count) for method, amount, count in self.session.execute(query)}

    def charge_line_count(self, first_day: date, last_day: date, location_id: UUID | None) -> int:
        """How many services were charged on the posting days."""
        query = select(func.count(LedgerEntry.charge_line_id.distinct())).where(
            LedgerEntry.tenant_id == self.tenant_id,
            LedgerEntry.account == Account.CHARGES.value,
            LedgerEntry.posted_on.between(first_day, last_day),
        )
        if location_id is not None:
            query = query.where(LedgerEntry.location_id == location_id)
        return int(self.session.scalar(query) or 0)

    # ---- statements and closed days

    def statement_page(
        self,
        *,
        patient_id: UUID | None,
        first_day: date | None,
        last_day: date | None,
        page_size: int,
        page_token: str,
    ) -> tuple[list[Statement], str]:
        query = select(Statement).where(Statement.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(Statement.patient_id.in_(self.with_merged([patient_id])))
        if first_day is not None:
            query = query.where(Statement.statement_date >= first_day)
        if last_day is not None:
            query = query.where(Statement.statement_date <= last_day)
        return self.page(query, [Statement.statement_date, Statement.id], page_size, page_token, descending=True)

    def statement_of_day(self, guarantor_id: UUID, day: date) -> Statement | None:
        return self.session.scalar(
            select(Statement).where(
                Statement.tenant_id == self.tenant_id,
                Statement.patient_id == guarantor_id,
                Statement.statement_date == day,
            )
        )

    def statement_sums(self, first_day: date, last_day: date) -> tuple[int, int]:
        """How many statements of the days, and their amounts due, minor units."""
        query = select(func.count(), func.coalesce(func.sum(Statement.amount_due_minor), 0)).where(
            Statement.tenant_id == self.tenant_id, Statement.statement_date.between(first_day, last_day)
        )
        count, amount = self.session.execute(query).one()
        return int(count), int(amount)

    @contextmanager
    def whole_families(self) -> Iterator[None]:
        """For sums over lines that a patient's token may not see one by one (a spouse's), but may as a sum: the amount
        still due of their own statement. Check first that the caller may see that; read nothing but sums inside.
        """
        patients = self.session.scalar(text("select current_setting('app.patients', true)"))
        set_patients = text("select set_config('app.patients', :patients, true)")
        self.session.execute(set_patients, {"patients": ""})
        try:
            yield
        finally:
            self.session.execute(set_patients, {"patients": patients or ""})

    def is_due(self, kind: str, key: str) -> bool:
        """Whether this due work is planned."""
        query = select(Due.key).where(Due.tenant_id == self.tenant_id, Due.kind == kind, Due.key == key)
        return self.session.scalar(query) is not None

    def accounts_due(self, day: date) -> list[UUID]:
        """Guarantors whose next statement is due on or before a day."""
        query = (
            select(GuarantorAccount.id)
            .where(GuarantorAccount.tenant_id == self.tenant_id, GuarantorAccount.next_statement_on <= day)
            .order_by(GuarantorAccount.id)
        )
        return list(self.session.scalars(query))

    def lines_with_due(self, patient_ids: Iterable[UUID]) -> list[ChargeLine]:
        """Charge lines on which the patients owe anything (or have been credited too much)."""
        due = (
            select(LedgerEntry.charge_line_id)
            .where(
                LedgerEntry.tenant_id == self.tenant_id,
                among(LedgerEntry.patient_id, patient_ids),
                LedgerEntry.account == Account.PATIENT_RECEIVABLE.value,
            )
            .group_by(LedgerEntry.charge_line_id)
            .having(func.sum(LedgerEntry.amount_minor) != 0)
        )
        query = select(ChargeLine).where(ChargeLine.tenant_id == self.tenant_id, ChargeLine.id.in_(due))
        return list(self.session.scalars(query))

    def day_close_page(
        self, location_id: UUID | None, location_ids: Iterable[UUID], page_size: int, page_token: str
    ) -> tuple[list[DayClose], str]:
        query = select(DayClose).where(DayClose.tenant_id == self.tenant_id)
        allowed = list(location_ids)
        if allowed:
            query = query.where(among(DayClose.location_id, allowed))
        if location_id is not None:
            query = query.where(DayClose.location_id == location_id)
        return self.page(query, [DayClose.business_date, DayClose.id], page_size, page_token, descending=True)


def _encode(due: int, guarantor_id: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([due, str(guarantor_id)]).encode()).decode()


def _decode(token: str) -> tuple[int, UUID]:
    try:
        due, guarantor_id = json.loads(base64.urlsafe_b64decode(token))
        return int(due), UUID(guarantor_id)
    except (ValueError, TypeError):
        raise InvalidInput([Violation("page_token", "is not a token of this list")]) from None
