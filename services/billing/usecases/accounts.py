"""Patients' and guarantors' accounts: what is owed, unapplied money and its use, when the next statement goes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain.allocation import Credit, OpenItem, allocate
from billing.domain.ledger import Account, Entry, application_entries
from billing.domain.statements import first_statement_on
from billing.store import Store
from billing.store_ledger import AccountRow, line_dimensions
from billing.store_reports import GuarantorSums
from billing.tables_money import ChargeLine, GuarantorAccount
from chassis.call import Call
from chassis.errors import NotFound

STATEMENT_DUE = "statement.issue"
# Local time at the network's first location at which statements go out.
STATEMENT_HOUR = time(9, 0)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A patient's account: its movements with the balances after each, and where it stands now; minor units."""

    patient_id: UUID
    guarantor_id: UUID
    # (movement, owed in all after it, owed by the patient after it)
    lines: tuple[tuple[AccountRow, int, int], ...]
    with_payers_minor: int
    patient_owes_minor: int
    unapplied_minor: int


def get_account(call: Call, store: Store, patient_id: UUID) -> AccountView:
    """The patient's account, with what was posted on records merged into theirs. Raises NotFound."""
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    records = store.with_merged([patient_id])
    lines, balance, patient_balance = [], 0, 0
    for row in store.account_rows(records):
        balance += row.amount_minor
        patient_balance += row.patient_amount_minor
        lines.append((row, balance, patient_balance))
    sums = _sums(store, records)
    return AccountView(
        patient_id=patient_id,
        guarantor_id=store.guarantor_of(patient_id),
        lines=tuple(lines),
        with_payers_minor=sums.with_payers_minor,
        patient_owes_minor=sums.patient_owes_minor,
        unapplied_minor=sums.unapplied_minor,
    )


def list_balances(
    store: Store, *, owing: bool | None, page_size: int, page_token: str
) -> tuple[list[GuarantorSums], str]:
    """Guarantors, the largest balance first; `owing` True: those who owe, False: those with credit, None: all with
    something open.
    """
    return store.guarantor_page(owing=owing, page_size=page_size, page_token=page_token)


def guarantor_sums(store: Store, guarantor_id: UUID) -> GuarantorSums:
    """What a guarantor's family owes and has unapplied now."""
    sums = _sums(store, store.family_of(guarantor_id))
    return GuarantorSums(guarantor_id, sums.patient_owes_minor, sums.unapplied_minor, sums.with_payers_minor)


def _sums(store: Store, patient_ids: Iterable[UUID]) -> GuarantorSums:
    wanted = (Account.PATIENT_RECEIVABLE, Account.UNAPPLIED_PATIENT, Account.PAYER_RECEIVABLE)
    sums = store.sums_of(patient_ids, wanted)
    return GuarantorSums(
        guarantor_id=UUID(int=0),
        patient_owes_minor=sums.get(Account.PATIENT_RECEIVABLE, 0),
        unapplied_minor=-sums.get(Account.UNAPPLIED_PATIENT, 0),
        with_payers_minor=sums.get(Account.PAYER_RECEIVABLE, 0),
    )


# ---- unapplied money


def settle_families(call: Call, store: Store, patient_ids: Iterable[UUID]) -> None:
    """To be called after anything that changed what patients owe or have paid: uses unapplied money, plans statements.

    Families are locked in one order, so that two postings never wait for each other.
    """
    for guarantor_id in sorted({store.guarantor_of(patient_id) for patient_id in patient_ids}):
        apply_unapplied(call, store, guarantor_id)
        plan_statement(call, store, guarantor_id)


def apply_unapplied(call: Call, store: Store, guarantor_id: UUID) -> int:
    """Uses the family's unapplied money on its open balances; returns how much, minor units."""
    # Imported here because posting in turn settles families.
    from billing.usecases import ledger

    store.lock_account(guarantor_id)
    family = store.family_of(guarantor_id)
    unapplied = store.credits_of(family)
    if not unapplied:
        return 0
    items = [item for item in store.open_items_of(family) if not is_withheld(store, item)]
    kept_for = store.unsettled_encounters(credit.encounter_id for credit in unapplied if credit.encounter_id)
    allocations = allocate(unapplied, items, kept_for)
    if not allocations:
        return 0
    lines = {line.id: line for line in store.charge_line_rows(a.charge_line_id for a in allocations)}
    payer_of = {credit.payment_id: credit.patient_id for credit in unapplied}
    entries: list[Entry] = []
    for allocation in allocations:
        of = line_dimensions(lines[allocation.charge_line_id], payment_id=allocation.payment_id)
        entries += application_entries(allocation.amount_minor, of, payer_of[allocation.payment_id])
    ledger.post(
        call,
        store,
        kind="application",
        source=("application", str(call.new_id())),
        memo="Payment applied",
        entries=entries,
    )
    return sum(allocation.amount_minor for allocation in allocations)


def is_withheld(store: Store, item: OpenItem | ChargeLine) -> bool:
    """Whether what the patient owes on the line may not be asked for: under review, or a protected patient."""
    line_id = item.charge_line_id if isinstance(item, OpenItem) else item.id
    return any(
        hold.charge_line_id == line_id or (hold.charge_line_id is None and hold.from_date <= item.service_date)
        for hold in store.holds_of([item.patient_id])
    )


def free_credit(store: Store, unapplied: Iterable[Credit]) -> int:
    """Of unapplied money, what is not kept for a visit that waits for its charges or its payer; minor units."""
    money = list(unapplied)
    kept_for = store.unsettled_encounters(credit.encounter_id for credit in money if credit.encounter_id)
    return sum(credit.amount_minor for credit in money if credit.encounter_id not in kept_for)


# ---- when statements go out


def plan_statement(call: Call, store: Store, guarantor_id: UUID) -> None:
    """Plans the first statement when the family begins to owe, and takes it back when it owes nothing any more."""
    account = store.lock_account(guarantor_id)
    owes = guarantor_sums(store, guarantor_id).balance_due_minor > 0
    if owes and account.next_statement_on is None and account.cycle == 0:
        set_next_statement(call, store, account, first_statement_on(_today(call, store)))
    elif not owes:
        account.cycle, account.next_statement_on = 0, None
        call.due.cancel(STATEMENT_DUE, guarantor_id)


def set_next_statement(call: Call, store: Store, account: GuarantorAccount, day: date | None) -> None:
    """Sets the day of the guarantor's next statement (None: none is planned) and the due work for it."""
    account.next_statement_on = day
    if day is None:
        call.due.cancel(STATEMENT_DUE, account.id)
    else:
        call.due.at(STATEMENT_DUE, account.id, datetime.combine(day, STATEMENT_HOUR, _zone(store)))


def _today(call: Call, store: Store) -> date:
    return call.now.astimezone(_zone(store)).date()


def _zone(store: Store) -> ZoneInfo:
    location = next(iter(store.locations()), None)
    return ZoneInfo(location.time_zone if location else "UTC")
