"""The double-entry ledger: accounts, entries, journals, corrections, balances.

An entry's amount is in minor units, positive for a debit, negative for a credit; a journal's entries add up to zero.
Nothing is ever changed or
deleted: a correction is a journal that repeats the entries of an earlier one with the signs turned (`reversal_of`). A
balance is a sum of
entries and is stored nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID


class Account(StrEnum):
    """The chart of accounts."""

    CASH_DRAWER = "cash_drawer"
    CHECKS_ON_HAND = "checks_on_hand"
    CARD_CLEARING = "card_clearing"
    BANK = "bank"
    INSURANCE_DEPOSITS = "insurance_deposits"
    PATIENT_RECEIVABLE = "patient_receivable"
    PAYER_RECEIVABLE = "payer_receivable"
    TAKEBACKS = "takebacks"
    CARD_DISPUTES = "card_disputes"
    UNAPPLIED_PATIENT = "unapplied_patient"
    UNAPPLIED_INSURANCE = "unapplied_insurance"
    PAYER_ADVANCES = "payer_advances"
    CHARGES = "charges"
    CONTRACTUAL = "contractual"
    SEQUESTRATION = "sequestration"
    OTHER_PAYER_ADJUSTMENT = "other_payer_adjustment"
    WRITE_OFF_SMALL_BALANCE = "write_off_small_balance"
    WRITE_OFF_COURTESY = "write_off_courtesy"
    WRITE_OFF_CHARITY = "write_off_charity"
    WRITE_OFF_BAD_DEBT = "write_off_bad_debt"
    WRITE_OFF_TIMELY_FILING = "write_off_timely_filing"
    WRITE_OFF_PROTECTED = "write_off_protected"
    INTEREST_INCOME = "interest_income"
    CAPITATION_INCOME = "capitation_income"
    INCENTIVE_INCOME = "incentive_income"
    WITHHOLDING = "withholding"
    LEVY = "levy"
    LATE_FILING_REDUCTION = "late_filing_reduction"
    PROVIDER_ADJUSTMENT = "provider_adjustment"
    CASH_OVER_SHORT = "cash_over_short"
    COLLECTION_FEES = "collection_fees"
    OPENING_BALANCES = "opening_balances"


RECEIVABLES = frozenset({Account.PATIENT_RECEIVABLE, Account.PAYER_RECEIVABLE})
# What reduces a receivable without money coming in.
ADJUSTMENTS = frozenset(
    {
        Account.CONTRACTUAL,
        Account.SEQUESTRATION,
        Account.OTHER_PAYER_ADJUSTMENT,
        Account.WRITE_OFF_SMALL_BALANCE,
        Account.WRITE_OFF_COURTESY,
        Account.WRITE_OFF_CHARITY,
        Account.WRITE_OFF_BAD_DEBT,
        Account.WRITE_OFF_TIMELY_FILING,
        Account.WRITE_OFF_PROTECTED,
    }
)
WRITE_OFFS = frozenset(account for account in ADJUSTMENTS if account.value.startswith("write_off_"))
# The other side of a payer's payment on a line.
INSURANCE_MONEY = frozenset({Account.INSURANCE_DEPOSITS, Account.UNAPPLIED_INSURANCE})
# What a charge line began with: the charge, or what another system's books said was still owed.
LINE_BEGINNINGS = frozenset({Account.CHARGES, Account.OPENING_BALANCES})
# Whatever else may stand against a charge line reduced what is owed on it without money coming in.
LINE_REDUCTIONS = frozenset(Account) - RECEIVABLES - INSURANCE_MONEY - LINE_BEGINNINGS - {Account.UNAPPLIED_PATIENT}

NAMES = {
    Account.CASH_DRAWER: "Cash in drawers",
    Account.CHECKS_ON_HAND: "Checks on hand",
    Account.CARD_CLEARING: "Card payments in clearing",
    Account.BANK: "Bank deposits",
    Account.INSURANCE_DEPOSITS: "Insurance deposits",
    Account.PATIENT_RECEIVABLE: "Receivable from patients",
    Account.PAYER_RECEIVABLE: "Receivable from payers",
    Account.TAKEBACKS: "Payer takebacks",
    Account.CARD_DISPUTES: "Card disputes",
    Account.UNAPPLIED_PATIENT: "Unapplied patient payments",
    Account.UNAPPLIED_INSURANCE: "Unapplied insurance deposits",
    Account.PAYER_ADVANCES: "Payer advances",
    Account.CHARGES: "Charges",
    Account.CONTRACTUAL: "Contractual adjustments",
    Account.SEQUESTRATION: "Sequestration",
    Account.OTHER_PAYER_ADJUSTMENT: "Other payer adjustments",
    Account.WRITE_OFF_SMALL_BALANCE: "Write-offs: small balances",
    Account.WRITE_OFF_COURTESY: "Write-offs: courtesy",
    Account.WRITE_OFF_CHARITY: "Write-offs: charity",
    Account.WRITE_OFF_BAD_DEBT: "Write-offs: bad debt",
    Account.WRITE_OFF_TIMELY_FILING: "Write-offs: filed too late",
    Account.WRITE_OFF_PROTECTED: "Write-offs: protected patients",
    Account.INTEREST_INCOME: "Interest from payers",
    Account.CAPITATION_INCOME: "Capitation",
    Account.INCENTIVE_INCOME: "Incentives from payers",
    Account.WITHHOLDING: "Withheld tax",
    Account.LEVY: "Levies",
    Account.LATE_FILING_REDUCTION: "Late filing reductions",
    Account.PROVIDER_ADJUSTMENT: "Provider-level adjustments",
    Account.CASH_OVER_SHORT: "Cash over and short",
    Account.COLLECTION_FEES: "Collection agencies' fees",
    Account.OPENING_BALANCES: "Opening balances",
}


class EntryKind(StrEnum):
    """What an entry means to who reads an account."""

    CHARGE = "charge"
    PAYER_PAYMENT = "payer_payment"
    CONTRACTUAL = "contractual"
    SEQUESTRATION = "sequestration"
    PAYER_ADJUSTMENT = "payer_adjustment"
    TRANSFER = "transfer"
    PATIENT_PAYMENT = "patient_payment"
    WRITE_OFF = "write_off"
    RECEIPT = "receipt"
    REFUND = "refund"
    DEPOSIT = "deposit"
    DISPUTE = "dispute"
    OVER_SHORT = "over_short"
    PROVIDER_LEVEL = "provider_level"
    OPENING = "opening"


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What an entry belongs to; whatever does not apply is None."""

    patient_id: UUID | None = None
    payer_id: UUID | None = None
    charge_line_id: UUID | None = None
    claim_id: UUID | None = None
    payment_id: UUID | None = None
    drawer_id: UUID | None = None
    location_id: UUID | None = None
    billing_entity_id: UUID | None = None
    service_date: date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal; `amount_minor` positive = debit, negative = credit, never zero."""

    account: Account
    amount_minor: int
    kind: EntryKind
    of: Dimensions = Dimensions()


class Unbalanced(ValueError):
    """The entries of a journal do not add up to zero, or one of them is zero."""


def pair(
    debit: Account, credit: Account, amount_minor: int, kind: EntryKind, debit_of: Dimensions, credit_of: Dimensions
) -> tuple[Entry, ...]:
    """Debits one account and credits another by `amount_minor`; a negative amount does the opposite, zero gives no
    entries.
    """
    if amount_minor == 0:
        return ()
    return Entry(debit, amount_minor, kind, debit_of), Entry(credit, -amount_minor, kind, credit_of)


def proved(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries, once they are proved: every one is a whole number other than zero, and together they are zero.
    Raises Unbalanced.
    """
    proven = tuple(entries)
    for entry in proven:
        if type(entry.amount_minor) is not int or entry.amount_minor == 0:
            raise Unbalanced(f"{entry.account}: {entry.amount_minor!r} is not an amount")
    total = sum(entry.amount_minor for entry in proven)
    if total != 0:
        raise Unbalanced(f"debits and credits differ by {total}")
    return proven


def reversal_of(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that undo `entries` exactly."""
    return tuple(replace(entry, amount_minor=-entry.amount_minor) for entry in entries)


def balance(entries: Iterable[Entry], *accounts: Account) -> int:
    """Debits − credits of the accounts, minor units."""
    return sum(entry.amount_minor for entry in entries if entry.account in accounts)


@dataclass(frozen=True, slots=True)
class LineBalance:
    """Where a charge line's money is, minor units. charge = insurance paid + written off + patient paid + patient due
    + open.
    """

    charge_minor: int = 0
    insurance_paid_minor: int = 0
    written_off_minor: int = 0
    # Moved to the patient (or charged to them at once), less what went back to a payer.
    patient_share_minor: int = 0
    patient_paid_minor: int = 0
    # What the patient still owes.
    patient_due_minor: int = 0
    # What payers still owe.
    open_minor: int = 0

    @property
    def settled(self) -> bool:
        """Nobody owes anything on it."""
        return self.open_minor == 0 and self.patient_due_minor == 0


@dataclass(frozen=True, slots=True)
class Movement:
    """The sum of a charge line's entries of one account and kind."""

    account: Account
    kind: EntryKind
    amount_minor: int


def line_balance(movements: Sequence[Movement]) -> LineBalance:
    """The balance of one charge line from the sums of its entries: the one computation for showing and for deciding."""

    def total(*accounts: Account, kinds: frozenset[EntryKind] | None = None) -> int:
        return sum(m.amount_minor for m in movements if m.account in accounts and (kinds is None or m.kind in kinds))

    owed_by_patient = frozenset({EntryKind.CHARGE, EntryKind.OPENING, EntryKind.TRANSFER})
    return LineBalance(
        charge_minor=-total(*LINE_BEGINNINGS),
        insurance_paid_minor=total(*INSURANCE_MONEY),
        written_off_minor=total(*LINE_REDUCTIONS),
        patient_share_minor=total(Account.PATIENT_RECEIVABLE, kinds=owed_by_patient),
        patient_paid_minor=total(Account.UNAPPLIED_PATIENT),
        patient_due_minor=total(Account.PATIENT_RECEIVABLE),
        open_minor=total(Account.PAYER_RECEIVABLE),
    )


# ---- what journals are made of


def charge_entries(amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """A service was charged: the payer of `of` owes it, or the patient when there is none."""
    owed = Account.PATIENT_RECEIVABLE if of.payer_id is None else Account.PAYER_RECEIVABLE
    return pair(owed, Account.CHARGES, amount_minor, EntryKind.CHARGE, of, replace(of, payer_id=None))


def receipt_entries(tender: Account, amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """A patient's money came in: it is unapplied until it is used. `of` names payment, patient, drawer, location."""
    return pair(tender, Account.UNAPPLIED_PATIENT, amount_minor, EntryKind.RECEIPT, of, replace(of, drawer_id=None))


def application_entries(amount_minor: int, of: Dimensions, paid_by: UUID) -> tuple[Entry, ...]:
    """A payment's unapplied money is used on what the patient of `of` owes on a charge line; negative: taken off it
    again.

    `paid_by` is the patient the payment was made for; it may be another of the family.
    """
    return pair(
        Account.UNAPPLIED_PATIENT,
        Account.PATIENT_RECEIVABLE,
        amount_minor,
        EntryKind.PATIENT_PAYMENT,
        replace(of, patient_id=paid_by),
        of,
    )


def refund_entries(tender: Account, amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """Unapplied money goes back to the patient."""
    return pair(Account.UNAPPLIED_PATIENT, tender, amount_minor, EntryKind.REFUND, replace(of, drawer_id=None), of)


def write_off_entries(account: Account, amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """Part of what the payer of `of` (or the patient) owes is given up."""
    if account not in WRITE_OFFS:
        raise ValueError(f"{account} is no write-off account")
    owed = Account.PATIENT_RECEIVABLE if of.payer_id is None else Account.PAYER_RECEIVABLE
    return pair(account, owed, amount_minor, EntryKind.WRITE_OFF, of, of)


def agency_receipt_entries(gross_minor: int, fee_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """A collection agency pays over what it collected less its fee: the guarantor has paid the whole of it."""
    received = receipt_entries(Account.BANK, gross_minor, of)
    kept = pair(Account.COLLECTION_FEES, Account.BANK, fee_minor, EntryKind.RECEIPT, of, of)
    return (*received, *kept)


def opening_entries(amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """Another system's books say that the payer of `of` (or the patient) owes this on a charge line."""
    owed = Account.PATIENT_RECEIVABLE if of.payer_id is None else Account.PAYER_RECEIVABLE
    return pair(owed, Account.OPENING_BALANCES, amount_minor, EntryKind.OPENING, of, replace(of, payer_id=None))


def opening_credit_entries(amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """Another system's books say that a patient has paid this and it is not used: `of` names payment and patient."""
    return pair(Account.OPENING_BALANCES, Account.UNAPPLIED_PATIENT, amount_minor, EntryKind.OPENING, of, of)


def payer_payment_entries(amount_minor: int, of: Dimensions) -> tuple[Entry, ...]:
    """The payer of `of` pays on a charge line without a remittance: an employer, by an invoice."""
    return pair(Account.INSURANCE_DEPOSITS, Account.PAYER_RECEIVABLE, amount_minor, EntryKind.PAYER_PAYMENT, of, of)


def transfer_entries(
    amount_minor: int, of: Dimensions, from_payer: UUID | None, to_payer: UUID | None
) -> tuple[Entry, ...]:
    """What one party owes is owed by another from now on; None is the patient."""
    debit = Account.PATIENT_RECEIVABLE if to_payer is None else Account.PAYER_RECEIVABLE
    credit = Account.PATIENT_RECEIVABLE if from_payer is None else Account.PAYER_RECEIVABLE
    return pair(
        debit,
        credit,
        amount_minor,
        EntryKind.TRANSFER,
        replace(of, payer_id=to_payer),
        replace(of, payer_id=from_payer),
    )


def drawer_entries(
    cash_minor: int, checks_minor: int, counted_cash_minor: int, counted_checks_minor: int, of: Dimensions
) -> tuple[Entry, ...]:
    """A drawer is emptied into the bank. `cash_minor`, `checks_minor`: what its receipts (less refunds) say; the
    counts exclude the float.
    """
    over_short = counted_cash_minor - cash_minor + counted_checks_minor - checks_minor
    amounts = (
        (Account.BANK, counted_cash_minor + counted_checks_minor, EntryKind.DEPOSIT),
        (Account.CASH_DRAWER, -cash_minor, EntryKind.DEPOSIT),
        (Account.CHECKS_ON_HAND, -checks_minor, EntryKind.DEPOSIT),
        (Account.CASH_OVER_SHORT, -over_short, EntryKind.OVER_SHORT),
    )
    return tuple(Entry(account, amount, kind, of) for account, amount, kind in amounts if amount)
