"""Books and figures: trial balance, journals, day close, the figures of a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.ledger import ADJUSTMENTS, WRITE_OFFS, Account
from billing.errors import DrawersOpen
from billing.store import Store
from billing.tables_ledger import Journal, LedgerEntry
from billing.tables_money import DayClose
from billing.usecases import drawers, journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound


@dataclass(frozen=True, slots=True)
class JournalView:
    """A journal with its entries and the codes of the payers in them."""

    journal: Journal
    entries: list[LedgerEntry]
    payer_codes: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Figures:
    """A period's figures; money in minor units. Amounts that reduce what is owed are positive."""

    encounters: Mapping[str, int]
    missing_charges: int
    charge_lines: int
    charges_minor: int
    insurance_payments_minor: int
    # method → (minor units, how many)
    receipts: Mapping[str, tuple[int, int]]
    refunds_minor: int
    contractual_minor: int
    other_adjustments_minor: int
    write_offs_minor: int
    over_short_minor: int
    # Balances at the end of the period.
    balances: Mapping[Account, int]
    statements: tuple[int, int]
    movements: Mapping[Account, int]


def trial_balance(
    call: Call, as_of: date | None, location_id: UUID | None
) -> tuple[date, list[tuple[Account, int, int]]]:
    """(day, [(account, debits, credits)]) up to and with the day (None: today), minor units."""
    store = Store(call.session)
    day = as_of or journals.present_day(call, store, location_id)
    return day, store.trial_balance(day, location_id)


def list_journals(
    call: Call,
    *,
    first_day: date | None,
    last_day: date | None,
    kind: str,
    patient_id: UUID | None,
    page_size: int,
    page_token: str,
) -> tuple[list[JournalView], str]:
    """Journals with their entries, the newest first."""
    store = Store(call.session)
    rows, token = store.journal_page(
        first_day=first_day,
        last_day=last_day,
        kind=kind,
        patient_id=patient_id,
        page_size=page_size,
        page_token=page_token,
    )
    entries, codes = store.entries_of([row.id for row in rows]), store.payer_codes()
    return [JournalView(row, entries.get(row.id, []), codes) for row in rows], token


def journal_view(call: Call, journal: Journal) -> JournalView:
    """One journal with its entries."""
    store = Store(call.session)
    return JournalView(journal, store.entries_of([journal.id]).get(journal.id, []), store.payer_codes())


def close_day(call: Call, location_id: UUID, day: date) -> DayClose:
    """Closes a location's day. Raises DrawersOpen, FailedPrecondition, NotFound (location)."""
    store = Store(call.session)
    if store.location(location_id) is None or not drawers.may_see(call, location_id):
        raise NotFound("location")
    if day > journals.local_day(call, store, location_id):
        raise FailedPrecondition("That day is not over.")
    # Postings under way are waited for; the next ones see the close.
    store.seal_day(location_id)
    closed = store.last_closed_day([location_id])
    if closed is not None and day <= closed:
        raise FailedPrecondition("That day is closed already.")
    if store.open_drawer_count(location_id, day):
        raise DrawersOpen()
    figures = _figures(store, day, day, location_id)
    return store.add(
        DayClose(
            location_id=location_id,
            business_date=day,
            closed_at=call.now,
            closed_by=call.principal.id,
            totals={
                "charges": figures.charges_minor,
                "adjustments": figures.contractual_minor + figures.other_adjustments_minor + figures.write_offs_minor,
                "receipts": {method: list(sums) for method, sums in figures.receipts.items()},
                "insurance": figures.insurance_payments_minor,
                "refunds": figures.refunds_minor,
                "over_short": figures.over_short_minor,
                "receivables": figures.balances.get(Account.PATIENT_RECEIVABLE, 0)
                + figures.balances.get(Account.PAYER_RECEIVABLE, 0),
                "journals": store.journal_count(day, location_id),
                "missing_charges": figures.missing_charges,
            },
        )
    )


def list_day_closes(
    call: Call, location_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[DayClose], str]:
    """Closed days of the locations the caller may see, the newest first."""
    store = Store(call.session)
    return store.day_close_page(location_id, call.principal.location_ids, page_size, page_token)


def get_day_figures(call: Call, first_day: date | None, last_day: date | None, location_id: UUID | None) -> Figures:
    """The figures of a period (open ends: today)."""
    store = Store(call.session)
    today = journals.local_day(call, store, location_id)
    last = last_day or today
    return _figures(store, first_day or last, last, location_id)


def _figures(store: Store, first_day: date, last_day: date, location_id: UUID | None) -> Figures:
    moved = store.movements_between(first_day, last_day, location_id)
    by_account: dict[Account, int] = {}
    for (account, _), amount in moved.items():
        by_account[account] = by_account.get(account, 0) + amount
    balances = {account: debits - credit for account, debits, credit in store.trial_balance(last_day, location_id)}
    contractual = by_account.get(Account.CONTRACTUAL, 0)
    write_offs = sum(by_account.get(account, 0) for account in WRITE_OFFS)
    return Figures(
        encounters=store.encounter_counts(location_id, first_day, last_day),
        missing_charges=store.missing_charge_count(location_id, first_day, last_day),
        charge_lines=store.charge_line_count(first_day, last_day, location_id),
        charges_minor=-by_account.get(Account.CHARGES, 0),
        insurance_payments_minor=by_account.get(Account.INSURANCE_DEPOSITS, 0),
        receipts=store.receipts_by_method(first_day, last_day, location_id),
        refunds_minor=moved.get((Account.UNAPPLIED_PATIENT, "refund"), 0),
        contractual_minor=contractual,
        other_adjustments_minor=sum(by_account.get(account, 0) for account in ADJUSTMENTS) - contractual - write_offs,
        write_offs_minor=write_offs,
        over_short_minor=-by_account.get(Account.CASH_OVER_SHORT, 0),
        balances=balances,
        statements=store.statement_sums(first_day, last_day),
        movements=by_account,
    )
