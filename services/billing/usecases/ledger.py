"""The postings of remittances and of people: what moves between accounts, and what follows for the families concerned."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from billing.domain.ledger import (
    Account,
    Dimensions,
    Entry,
    EntryKind,
    pair,
    reversal_of,
)
from billing.domain.ledger import transfer_entries as transfer_entries_of
from billing.domain.ledger import write_off_entries as write_off_entries_of
from billing.domain.posting import Deposit, PostingDecision, PostingKind, RemittancePosting
from billing.domain.remittance_entries import PLAIN_SHARES, cash_effect, entries_for
from billing.errors import ExceedsBalance
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_ledger import Journal
from billing.tables_money import ChargeLine, StatementHold
from billing.usecases import accounts, journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound, Unprocessable

# Journals that a person may take back; the others are taken back by what made them (a payment, a remittance).
REVERSIBLE_KINDS = frozenset({"write_off", "transfer"})


# ---- from remittances


def post_remittance(call: Call, store: Store, posting: RemittancePosting) -> UUID:
    """Posts one 835 set (ST–SE): every decision, proved against the deposit. Returns the journal; once per `set_key`.

    A set whose deposit had been booked as unapplied takes the money from there. Raises Unprocessable when the
    decisions do not bring in
    exactly BPR02.
    """
    deposit = posting.deposit
    known = store.journal_of("remittance", deposit.set_key)
    if known is not None:
        return known.id
    brought = cash_effect(posting.decisions)
    if brought != deposit.amount_minor:
        raise Unprocessable(
            internal=f"set {deposit.set_key}: decisions bring {brought}, BPR02 is {deposit.amount_minor}"
        )
    waiting = store.journal_of("unapplied_deposit", deposit.set_key)
    money = Account.UNAPPLIED_INSURANCE if waiting is not None else Account.INSURANCE_DEPOSITS
    journal = journals.post(
        call,
        store,
        kind="remittance",
        source=("remittance", deposit.set_key),
        memo=f"{deposit.payer_name} {deposit.method} {deposit.trace}",
        entries=_entries(store, posting.decisions, money),
    )
    _after_decisions(call, store, posting.decisions)
    return journal.id


def book_unapplied(call: Call, store: Store, deposit: Deposit, reason: str) -> UUID:
    """Books the deposit of a set that was refused: the money is in the bank, what it pays is not known. Once per
    `set_key`.
    """
    of = Dimensions(payer_id=deposit.payer_id)
    journal = journals.post(
        call,
        store,
        kind="unapplied_deposit",
        source=("unapplied_deposit", deposit.set_key),
        memo=f"{deposit.payer_name} {deposit.method} {deposit.trace}: {reason}",
        entries=pair(
            Account.INSURANCE_DEPOSITS, Account.UNAPPLIED_INSURANCE, deposit.amount_minor, EntryKind.DEPOSIT, of, of
        ),
    )
    return journal.id


def transfer(
    call: Call, store: Store, decisions: Sequence[PostingDecision], memo: str, key: str | None = None
) -> UUID | None:
    """Posts decisions that move no cash (who owes what). Returns the journal, None when nothing moved; once per `key`
    if one is given.
    """
    if cash_effect(decisions) != 0:
        raise ValueError("a transfer moves no cash")
    entries = _entries(store, decisions, Account.INSURANCE_DEPOSITS)
    if not entries:
        return None
    source = ("transfer", key or str(call.new_id()))
    journal = journals.post(call, store, kind="remittance_transfer", source=source, memo=memo, entries=entries)
    _after_decisions(call, store, decisions)
    return journal.id


def _entries(store: Store, decisions: Sequence[PostingDecision], money: Account) -> list[Entry]:
    line_ids = {decision.charge_line_id for decision in decisions if decision.charge_line_id is not None}
    dates = store.service_dates(line_ids)
    entries: list[Entry] = []
    for decision in decisions:
        service_date = dates.get(decision.charge_line_id) if decision.charge_line_id is not None else None
        entries += entries_for(decision, deposit=money, service_date=service_date)
    return entries


def _after_decisions(call: Call, store: Store, decisions: Sequence[PostingDecision]) -> None:
    """What follows when a payer's answer is posted: review holds, the family's unapplied money, the next statement."""
    touched: set[UUID] = set()
    taken_back: set[UUID] = set()
    for decision in decisions:
        if decision.patient_id is None or decision.charge_line_id is None:
            continue
        # Any answer may settle a visit, and so set free a copay that was kept for it.
        touched.add(decision.patient_id)
        to_patient = decision.to_payer_id is None and decision.amount_minor > 0
        if decision.kind is PostingKind.PATIENT_SHARE and decision.to_payer_id is None and decision.amount_minor < 0:
            taken_back.add(decision.patient_id)
        if decision.kind is PostingKind.PATIENT_SHARE and to_patient and decision.share not in PLAIN_SHARES:
            store.add_hold(
                StatementHold(
                    id=call.new_id(),
                    patient_id=decision.patient_id,
                    charge_line_id=decision.charge_line_id,
                    from_date=journals.local_day(call, store, decision.location_id),
                    kind="review",
                    reason=f"patient responsibility {decision.group}-{decision.carc} needs a person's look",
                    source=decision.reference or "remittance",
                )
            )
    if taken_back:
        accounts.free_overpaid(call, store, taken_back)
    accounts.settle_families(call, store, touched)


# ---- by people


def write_off(
    call: Call, store: Store, *, charge_line_id: UUID, account: Account, amount_minor: int, payer_code: str, reason: str
) -> Journal:
    """Gives up part of what a payer (or, without a code, the patient) owes on a charge line. Raises ExceedsBalance,
    NotFound.
    """
    line, payer_id = _line_and_payer(store, charge_line_id, payer_code)
    _expect_owed(call, store, line, payer_id, amount_minor)
    journal = journals.post(
        call,
        store,
        kind="write_off",
        source=("write_off", str(call.new_id())),
        memo=reason,
        entries=write_off_entries_of(account, amount_minor, line_dimensions(line, payer_id=payer_id)),
        patient_id=line.patient_id,
    )
    accounts.settle_families(call, store, [line.patient_id])
    return journal


def transfer_responsibility(
    call: Call,
    store: Store,
    *,
    charge_line_id: UUID,
    from_payer_code: str,
    to_payer_code: str,
    amount_minor: int,
    reason: str,
) -> Journal:
    """Moves what one party owes on a charge line to another ('' is the patient). Raises ExceedsBalance, NotFound."""
    line, from_payer = _line_and_payer(store, charge_line_id, from_payer_code)
    _, to_payer = _line_and_payer(store, charge_line_id, to_payer_code)
    _expect_owed(call, store, line, from_payer, amount_minor)
    journal = journals.post(
        call,
        store,
        kind="transfer",
        source=("transfer", str(call.new_id())),
        memo=reason,
        entries=transfer_entries_of(amount_minor, line_dimensions(line), from_payer, to_payer),
        patient_id=line.patient_id,
    )
    accounts.settle_families(call, store, [line.patient_id])
    return journal


def reverse_journal(call: Call, store: Store, journal_id: UUID, reason: str) -> Journal:
    """Takes a write-off or a transfer back by a reversing journal. Raises FailedPrecondition, NotFound."""
    journal = store.get(Journal, journal_id)
    if journal is None:
        raise NotFound("journal")
    if journal.kind not in REVERSIBLE_KINDS:
        raise FailedPrecondition("Only write-offs and transfers are taken back this way.")
    patients = [journal.patient_id] if journal.patient_id else []
    for patient_id in patients:
        store.lock_account(store.guarantor_of(patient_id))
    if store.reversed_by(journal_id) is not None:
        raise FailedPrecondition("It has been taken back already.")
    reversal = journals.post(
        call,
        store,
        kind="reversal",
        source=("reversal", str(journal_id)),
        memo=reason,
        entries=reversal_of(journals.entry_of(row) for row in store.entries_of([journal_id]).get(journal_id, [])),
        patient_id=journal.patient_id,
        reverses_id=journal_id,
    )
    accounts.free_overpaid(call, store, patients)
    accounts.settle_families(call, store, patients)
    return reversal


def _line_and_payer(store: Store, charge_line_id: UUID, payer_code: str) -> tuple[ChargeLine, UUID | None]:
    line = store.need(ChargeLine, charge_line_id, "charge line")
    if not payer_code:
        return line, None
    payer = store.payer_row(payer_code)
    if payer is None:
        raise NotFound("payer")
    return line, payer.id


def _expect_owed(call: Call, store: Store, line: ChargeLine, payer_id: UUID | None, amount_minor: int) -> None:
    """Raises ExceedsBalance unless the party owes that much; the family's account is locked, so that it stays so."""
    store.lock_account(store.guarantor_of(line.patient_id))
    owed = store.owed_by(line.id, payer_id)
    if amount_minor > owed:
        raise ExceedsBalance(internal=f"{amount_minor} of {owed}")
