"""The ledger's laws: debits equal credits, corrections are reversals, every cent of a charge is somewhere."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.ledger import (
    NAMES,
    Account,
    Dimensions,
    Entry,
    EntryKind,
    Movement,
    Unbalanced,
    application_entries,
    balance,
    charge_entries,
    drawer_entries,
    line_balance,
    proved,
    receipt_entries,
    refund_entries,
    reversal_of,
    transfer_entries,
    write_off_entries,
)
from billing.domain.posting import PostingDecision, PostingKind
from billing.domain.remittance_entries import UnknownAccount, cash_effect, entries_for

PAYER, NEXT_PAYER, PATIENT, LINE, PAYMENT = (UUID(int=n) for n in range(1, 6))
OF_LINE = Dimensions(patient_id=PATIENT, payer_id=PAYER, charge_line_id=LINE, service_date=date(2026, 3, 2))
amounts = st.integers(min_value=1, max_value=10_000_000)
KINDS_ON_A_LINE = st.sampled_from(
    [
        PostingKind.PAYMENT,
        PostingKind.CONTRACTUAL,
        PostingKind.SEQUESTRATION,
        PostingKind.OTHER_ADJUSTMENT,
        PostingKind.PATIENT_SHARE,
        PostingKind.TRANSFER,
        PostingKind.DENIAL,
    ]
)


def decision(kind: PostingKind, amount: int, **rest: object) -> PostingDecision:
    """A decision on the one line."""
    return PostingDecision(kind, amount, PAYER, charge_line_id=LINE, patient_id=PATIENT, **rest)  # type: ignore[arg-type]


decisions = st.builds(
    decision,
    KINDS_ON_A_LINE,
    st.integers(min_value=-500_000, max_value=500_000),
    to_payer_id=st.sampled_from([None, NEXT_PAYER]),
)


def movements(entries: list[Entry]) -> list[Movement]:
    """The sums a store would read for the line."""
    return [Movement(e.account, e.kind, e.amount_minor) for e in entries if e.of.charge_line_id == LINE]


def test_every_account_has_a_name() -> None:
    """The chart of accounts is complete: what can be posted to can be read by people."""
    assert set(NAMES) == set(Account)


@given(st.lists(st.integers(min_value=-1000, max_value=1000).filter(bool), max_size=8))
def test_only_balanced_entries_are_proved(amounts_: list[int]) -> None:
    """Entries are proved exactly when they add up to zero."""
    entries = [Entry(Account.BANK, amount, EntryKind.DEPOSIT) for amount in amounts_]
    if sum(amounts_) == 0:
        assert proved(entries) == tuple(entries)
    else:
        with pytest.raises(Unbalanced):
            proved(entries)


@pytest.mark.parametrize("amount", [0, 1.5, True])
def test_an_amount_is_a_whole_number_other_than_zero(amount: object) -> None:
    """Zero, fractions and booleans are no amounts, even where they would balance."""
    entry = Entry(Account.BANK, amount, EntryKind.DEPOSIT)  # type: ignore[arg-type]
    with pytest.raises(Unbalanced):
        proved([entry, *reversal_of([entry])])


@given(amounts, st.lists(decisions, max_size=12), st.lists(st.integers(min_value=1, max_value=100_000), max_size=4))
def test_every_cent_of_a_charge_is_somewhere(charge: int, answers: list[PostingDecision], paid: list[int]) -> None:
    """charge = insurance paid + written off + patient paid + patient due + open, whatever is posted."""
    entries = list(charge_entries(charge, OF_LINE))
    for answer in answers:
        entries += entries_for(answer)
    for amount in paid:
        entries += application_entries(amount, OF_LINE, PATIENT)
    proved(entries)
    b = line_balance(movements(entries))
    assert b.charge_minor == charge
    assert (
        charge
        == b.insurance_paid_minor + b.written_off_minor + b.patient_paid_minor + b.patient_due_minor + b.open_minor
    )


@given(amounts, st.lists(decisions, max_size=12))
def test_a_reversal_restores_the_balance(charge: int, answers: list[PostingDecision]) -> None:
    """Posting decisions and then their exact reversal leaves every balance as it was."""
    entries = list(charge_entries(charge, OF_LINE))
    before = line_balance(movements(entries))
    posted = [entry for answer in answers for entry in entries_for(answer)]
    after = line_balance(movements([*entries, *posted, *reversal_of(posted)]))
    assert after == before


@given(st.lists(decisions, max_size=12))
def test_the_bank_gets_what_the_decisions_say(answers: list[PostingDecision]) -> None:
    """The entries of a set move exactly its cash effect through the deposit account."""
    entries = [entry for answer in answers for entry in entries_for(answer)]
    assert balance(entries, Account.INSURANCE_DEPOSITS) == cash_effect(answers)


def test_a_takeback_and_interest_go_to_their_own_accounts() -> None:
    """PLB WO takes money into the takeback sub-ledger, L6 brings interest; neither touches a receivable."""
    taken = PostingDecision(PostingKind.TAKEBACK, -5000, PAYER, account="takeback", reference="ICN1")
    interest = PostingDecision(PostingKind.INTEREST, 312, PAYER, account="interest")
    entries = [*entries_for(taken), *entries_for(interest)]
    assert balance(entries, Account.TAKEBACKS) == 5000
    assert balance(entries, Account.INTEREST_INCOME) == -312
    assert balance(entries, Account.INSURANCE_DEPOSITS) == -4688
    assert balance(entries, Account.PAYER_RECEIVABLE, Account.PATIENT_RECEIVABLE) == 0


def test_a_decision_with_an_unknown_account_is_refused() -> None:
    """A name that is not in the chart is never posted anywhere."""
    with pytest.raises(UnknownAccount):
        entries_for(PostingDecision(PostingKind.TAKEBACK, 100, PAYER, account="sundry"))


def test_unmatched_money_waits_as_unapplied() -> None:
    """Money of a claim that fits nothing of ours is in the bank and owed to nobody yet."""
    entries = entries_for(PostingDecision(PostingKind.UNMATCHED, 700, PAYER, account="unapplied"))
    assert balance(entries, Account.UNAPPLIED_INSURANCE) == -700
    assert balance(entries, Account.INSURANCE_DEPOSITS) == 700


def test_a_set_posted_by_hand_takes_its_money_from_the_unapplied_deposits() -> None:
    """After a refused set was booked as unapplied, posting it moves no second deposit."""
    entries = [
        *entries_for(decision(PostingKind.PAYMENT, 900), deposit=Account.UNAPPLIED_INSURANCE),
        *entries_for(decision(PostingKind.UNMATCHED, 100), deposit=Account.UNAPPLIED_INSURANCE),
    ]
    assert balance(entries, Account.INSURANCE_DEPOSITS) == 0
    assert balance(entries, Account.UNAPPLIED_INSURANCE) == 900
    proved(entries)


def test_a_charge_without_payer_is_owed_by_the_patient() -> None:
    """Self-pay charges are receivable from the patient at once."""
    entries = list(charge_entries(12_500, Dimensions(patient_id=PATIENT, charge_line_id=LINE)))
    b = line_balance(movements(entries))
    assert (b.patient_due_minor, b.patient_share_minor, b.open_minor) == (12_500, 12_500, 0)


@given(amounts, amounts)
def test_money_taken_is_unapplied_until_used_and_can_be_given_back(taken: int, used: int) -> None:
    """receipt − application − refund of the rest leaves nothing unapplied and the cash that was kept."""
    used = min(taken, used)
    of = Dimensions(patient_id=PATIENT, payment_id=PAYMENT)
    entries = [
        *receipt_entries(Account.CASH_DRAWER, taken, of),
        *application_entries(used, OF_LINE, PATIENT),
        *refund_entries(Account.CASH_DRAWER, taken - used, of),
    ]
    proved(entries)
    assert balance(entries, Account.UNAPPLIED_PATIENT) == 0
    assert balance(entries, Account.CASH_DRAWER) == used
    assert balance(entries, Account.PATIENT_RECEIVABLE) == -used


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-(10**6), 10**6), st.integers(0, 10**6))
def test_a_counted_drawer_is_empty_and_its_difference_is_kept(
    cash: int, checks: int, counted_cash: int, counted_checks: int
) -> None:
    """Closing takes the drawer's receipts out of the books' drawer, banks the count, and posts the rest over or short."""
    entries = drawer_entries(cash, checks, counted_cash, counted_checks, Dimensions(drawer_id=uuid4()))
    proved(entries)
    assert balance(entries, Account.CASH_DRAWER) == -cash
    assert balance(entries, Account.CHECKS_ON_HAND) == -checks
    assert balance(entries, Account.BANK) == counted_cash + counted_checks
    assert balance(entries, Account.CASH_OVER_SHORT) == cash + checks - counted_cash - counted_checks


@given(amounts)
def test_a_transfer_changes_who_owes_and_not_how_much(amount: int) -> None:
    """Moving responsibility from a payer to the patient leaves the receivables' sum as it was."""
    entries = transfer_entries(amount, OF_LINE, PAYER, None)
    assert balance(entries, Account.PATIENT_RECEIVABLE) == amount
    assert balance(entries, Account.PAYER_RECEIVABLE) == -amount


def test_a_write_off_needs_a_write_off_account() -> None:
    """Nothing can be written off against cash or income."""
    with pytest.raises(ValueError, match="no write-off account"):
        write_off_entries(Account.BANK, 100, OF_LINE)
    assert balance(write_off_entries(Account.WRITE_OFF_CHARITY, 100, OF_LINE), Account.PAYER_RECEIVABLE) == -100
