"""What a remittance's posting decisions mean in the ledger.

The decisions come from `billing.domain.posting`; each becomes a pair of entries. The money that enters the bank is
proved against the deposit
(BPR02 of the 835) before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from billing.domain.ledger import Account, Dimensions, Entry, EntryKind, pair
from billing.domain.posting import PostingDecision, PostingKind

# Names a decision may give for the other side of provider-level money (835 PLB) or of an adjustment.
NAMED_ACCOUNTS = {
    "": Account.TAKEBACKS,
    "takeback": Account.TAKEBACKS,
    "interest": Account.INTEREST_INCOME,
    "withholding": Account.WITHHOLDING,
    "levy": Account.LEVY,
    "advance": Account.PAYER_ADVANCES,
    "capitation": Account.CAPITATION_INCOME,
    "incentive": Account.INCENTIVE_INCOME,
    "late_filing": Account.LATE_FILING_REDUCTION,
    "provider_adjustment": Account.PROVIDER_ADJUSTMENT,
    "other_payer_adjustment": Account.OTHER_PAYER_ADJUSTMENT,
}
CASH_KINDS = frozenset({PostingKind.PAYMENT, PostingKind.INTEREST, PostingKind.TAKEBACK, PostingKind.UNMATCHED})
ADJUSTMENT_ACCOUNTS = {
    PostingKind.CONTRACTUAL: (Account.CONTRACTUAL, EntryKind.CONTRACTUAL),
    PostingKind.SEQUESTRATION: (Account.SEQUESTRATION, EntryKind.SEQUESTRATION),
}
# Patient responsibility that a statement may ask for without a person's look (CARC 1, 2, 3).
PLAIN_SHARES = frozenset({"deductible", "coinsurance", "copay"})


class UnknownAccount(ValueError):
    """A decision names an account that is not in the chart."""


def named_account(name: str) -> Account:
    """The account a decision names; '' is the takeback sub-ledger. Raises UnknownAccount."""
    if name not in NAMED_ACCOUNTS:
        raise UnknownAccount(name)
    return NAMED_ACCOUNTS[name]


def cash_effect(decisions: Sequence[PostingDecision]) -> int:
    """What the decisions bring into the bank, minor units; equals BPR02 for a whole set."""
    return sum(decision.amount_minor for decision in decisions if decision.kind in CASH_KINDS)


def dimensions_of(decision: PostingDecision, service_date: date | None) -> Dimensions:
    """What the entries of a decision belong to."""
    return Dimensions(
        patient_id=decision.patient_id,
        payer_id=decision.payer_id,
        charge_line_id=decision.charge_line_id,
        claim_id=decision.claim_id,
        location_id=decision.location_id,
        billing_entity_id=decision.billing_entity_id,
        service_date=service_date,
    )


def entries_for(
    decision: PostingDecision, *, deposit: Account = Account.INSURANCE_DEPOSITS, service_date: date | None = None
) -> tuple[Entry, ...]:
    """The entries of one decision; a denial has none (the money stays open at the payer).

    `deposit` is the account that the money comes through: insurance deposits, or unapplied deposits when the set had
    been refused and is
    posted by hand. Raises UnknownAccount.
    """
    of = dimensions_of(decision, service_date)
    amount = decision.amount_minor
    match decision.kind:
        case PostingKind.DENIAL:
            return ()
        case PostingKind.PAYMENT:
            return pair(deposit, Account.PAYER_RECEIVABLE, amount, EntryKind.PAYER_PAYMENT, of, of)
        case PostingKind.CONTRACTUAL | PostingKind.SEQUESTRATION:
            account, kind = ADJUSTMENT_ACCOUNTS[decision.kind]
            return pair(account, Account.PAYER_RECEIVABLE, amount, kind, of, of)
        case PostingKind.OTHER_ADJUSTMENT:
            account = named_account(decision.account or "other_payer_adjustment")
            return pair(account, Account.PAYER_RECEIVABLE, amount, EntryKind.PAYER_ADJUSTMENT, of, of)
        case PostingKind.PATIENT_SHARE | PostingKind.TRANSFER:
            owed = Account.PATIENT_RECEIVABLE if decision.to_payer_id is None else Account.PAYER_RECEIVABLE
            return pair(
                owed,
                Account.PAYER_RECEIVABLE,
                amount,
                EntryKind.TRANSFER,
                replace(of, payer_id=decision.to_payer_id),
                of,
            )
        case PostingKind.INTEREST | PostingKind.TAKEBACK:
            name = "interest" if decision.kind is PostingKind.INTEREST else decision.account
            return pair(deposit, named_account(name), amount, EntryKind.PROVIDER_LEVEL, of, of)
        case PostingKind.UNMATCHED if deposit is Account.UNAPPLIED_INSURANCE:
            return ()  # it is there already
        case PostingKind.UNMATCHED:
            return pair(deposit, Account.UNAPPLIED_INSURANCE, amount, EntryKind.DEPOSIT, of, of)
    raise ValueError(decision.kind)
