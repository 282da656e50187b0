"""Patients' and guarantors' accounts: what is owed, unapplied money and its use, when the next statement goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain.allocation import Allocation, Credit, OpenItem, allocate, freed
from billing.domain.ledger import Account, Entry, application_entries, write_off_entries
from billing.domain.statements import first_statement_on
from billing.store import Store
from billing.store_accounts import AccountRow
from billing.store_ledger import line_dimensions
from billing.store_reports import GuarantorSums
from billing.tables_money import ChargeLine, GuarantorAccount
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import NotFound

STATEMENT_RUN_DUE = "statement.run"
DAILY = "daily"
# Local time at the network's first location at which statements go out.
STATEMENT_HOUR = time(9, 0)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A patient's account: a page of its movements with the balances after each, and where it stands now; minor units."""

    patient_id: UUID
    guarantor_id: UUID
    lines: tuple[AccountRow, ...]
    next_page_token: str
    with_payers_minor: int
    patient_owes_minor: int
    unapplied_minor: int


def get_account(call: Call, store: Store, patient_id: UUID, page_size: int = 0, page_token: str = "") -> AccountView:
    """The patient's account with a page of its lines, with what was posted on records merged into theirs. Raises NotFound."""
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    records = store.with_merged([patient_id])
    lines, token = store.account_rows(records, page_size, page_token)
    sums = _sums(store, records, patient_id)
    return AccountView(
        patient_id=patient_id,
        guarantor_id=store.guarantor_of(patient_id),
        lines=tuple(lines),
        next_page_token=token,
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
    return _sums(store, store.family_of(guarantor_id), guarantor_id)


def _sums(store: Store, patient_ids: Iterable[UUID], guarantor_id: UUID) -> GuarantorSums:
    [sums] = _family_sums(store, {guarantor_id: list(patient_ids)})
    return sums


def _family_sums(store: Store, families: Mapping[UUID, Sequence[UUID]]) -> list[GuarantorSums]:
    wanted = (Account.PATIENT_RECEIVABLE, Account.UNAPPLIED_PATIENT, Account.PAYER_RECEIVABLE)
    sums = store.sums_of((record for family in families.values() for record in family), wanted)

    def total(family: Sequence[UUID], account: Account) -> int:
        return sum(sums.get((record, account), 0) for record in family)

    return [
        GuarantorSums(
            guarantor_id=guarantor_id,
            patient_owes_minor=total(family, Account.PATIENT_RECEIVABLE),
            unapplied_minor=-total(family, Account.UNAPPLIED_PATIENT),
            with_payers_minor=total(family, Account.PAYER_RECEIVABLE),
        )
        for guarantor_id, family in families.items()
    ]


# ---- unapplied money


def settle_families(call: Call, store: Store, patient_ids: Iterable[UUID]) -> None:
    """To be called after anything that changed what patients owe or have paid: uses unapplied money, plans statements.

    A remittance settles hundreds of families at once, so everything here asks the database for all of them together.
    """
    guarantors = sorted(set(store.guarantors_of(patient_ids).values()))
    locked = store.lock_accounts(guarantors)
    families = store.families_of(guarantors)
    _apply(call, store, families)
    _plan(call, store, locked, families)


def free_overpaid(call: Call, store: Store, patient_ids: Iterable[UUID]) -> None:
    """When what a patient had to pay became less than what they have paid (a payer took its answer back): their money is
    unapplied again, so that no line is below zero.
    """
    guarantors = sorted(set(store.guarantors_of(patient_ids).values()))
    store.lock_accounts(guarantors)
    entries: list[Entry] = []
    for line, over_minor, used in store.overpaid_lines(patient_ids):
        for use, amount in freed(over_minor, used):
            of = line_dimensions(line, payment_id=use.payment_id)
            if use.payment_id is None:
                entries += write_off_entries(Account(use.account), -amount, of)
            else:
                entries += application_entries(-amount, of, use.patient_id)
    if entries:
        source = ("application", str(call.new_id()))
        memo = "Payment freed: less is owed than was paid"
        journals.post(call, store, kind="application", source=source, memo=memo, entries=entries)


def apply_unapplied(call: Call, store: Store, guarantor_id: UUID) -> int:
    """Uses the family's unapplied money on its open balances; returns how much, minor units."""
    store.lock_account(guarantor_id)
    return _apply(call, store, store.families_of([guarantor_id]))


def _apply(call: Call, store: Store, families: Mapping[UUID, Sequence[UUID]]) -> int:
    family_of = {record: guarantor_id for guarantor_id, family in families.items() for record in family}
    unapplied = store.credits_of(family_of)
    if not unapplied:
        return 0
    rich = {family_of[credit.patient_id] for credit in unapplied}
    items = store.open_items_of(record for record, guarantor_id in family_of.items() if guarantor_id in rich)
    withheld = withheld_lines(store, items)
    kept_for = store.unsettled_encounters(credit.encounter_id for credit in unapplied if credit.encounter_id)
    allocations: list[tuple[UUID, Allocation]] = []
    for guarantor_id in sorted(rich):
        money = [credit for credit in unapplied if family_of[credit.patient_id] == guarantor_id]
        needs = [
            item for item in items if family_of[item.patient_id] == guarantor_id and item.charge_line_id not in withheld
        ]
        allocations += [(guarantor_id, allocation) for allocation in allocate(money, needs, kept_for)]
    lines = {line.id: line for line in store.charge_line_rows({a.charge_line_id for _, a in allocations})}
    paid_for = {credit.payment_id: credit.patient_id for credit in unapplied}
    entries: dict[UUID, list[Entry]] = {}
    for guarantor_id, allocation in allocations:
        of = line_dimensions(lines[allocation.charge_line_id], payment_id=allocation.payment_id)
        entries.setdefault(guarantor_id, []).extend(
            application_entries(allocation.amount_minor, of, paid_for[allocation.payment_id])
        )
    for of_family in entries.values():
        source = ("application", str(call.new_id()))
        journals.post(call, store, kind="application", source=source, memo="Payment applied", entries=of_family)
    return sum(allocation.amount_minor for _, allocation in allocations)


def withheld_lines(store: Store, items: Iterable[OpenItem | ChargeLine]) -> frozenset[UUID]:
    """Of these lines those of which the patient may not be asked anything: under review, or a protected patient."""
    asked = list(items)
    holds = store.holds_of({item.patient_id for item in asked})
    found = set()
    for item in asked:
        line_id = item.charge_line_id if isinstance(item, OpenItem) else item.id
        for hold in holds:
            from_then_on = hold.charge_line_id is None and hold.from_date <= item.service_date
            if hold.patient_id == item.patient_id and (hold.charge_line_id == line_id or from_then_on):
                found.add(line_id)
    return frozenset(found)


def free_credit(store: Store, unapplied: Iterable[Credit]) -> int:
    """Of unapplied money, what is not kept for a visit that waits for its charges or its payer; minor units."""
    money = list(unapplied)
    kept_for = store.unsettled_encounters(credit.encounter_id for credit in money if credit.encounter_id)
    return sum(credit.amount_minor for credit in money if credit.encounter_id not in kept_for)


# ---- when statements go out


def plan_statement(call: Call, store: Store, guarantor_id: UUID) -> None:
    """Plans the first statement when the family begins to owe, and takes it back when it owes nothing any more."""
    locked = store.lock_accounts([guarantor_id])
    _plan(call, store, locked, store.families_of([guarantor_id]))


def _plan(
    call: Call, store: Store, locked: Mapping[UUID, GuarantorAccount], families: Mapping[UUID, Sequence[UUID]]
) -> None:
    zone = network_zone(store)
    first = first_statement_on(call.now.astimezone(zone).date())
    settled, begun = [], []
    for sums in _family_sums(store, families):
        account = locked[sums.guarantor_id]
        planned = account.next_statement_on is not None or account.cycle != 0
        if sums.balance_due_minor <= 0 and planned:
            settled.append(account)
        elif sums.balance_due_minor > 0 and not planned:
            begun.append(account)
    store.plan_statements(settled, None)
    store.plan_statements(begun, first)
    # One daily run a tenant looks for all that is due; the tenant's first planned statement begins it.
    if begun and not store.is_due(STATEMENT_RUN_DUE, DAILY):
        call.due.at(STATEMENT_RUN_DUE, DAILY, datetime.combine(first, STATEMENT_HOUR, zone))


def network_zone(store: Store) -> ZoneInfo:
    """The zone of the network's first location; UTC before any is known."""
    location = next(iter(store.locations()), None)
    return ZoneInfo(location.time_zone if location else "UTC")
