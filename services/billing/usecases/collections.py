"""What a family may be asked for and is not worth asking for: looked at, previewed, written off by rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from billing.domain.collections import Bar, Policy, Standing, hand_off_bar, small_balance_bar
from billing.domain.ledger import Account, Entry, write_off_entries
from billing.errors import StalePreview
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_ledger import Journal
from billing.tables_money import ChargeLine
from billing.usecases import accounts, journals, statements
from billing.usecases.collection_policy import policy_of
from chassis.call import Call
from chassis.errors import NotFound

Rule = Callable[[Policy, Standing, date], Bar | None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A guarantor as a rule sees them. `due`: the lines that they may be asked for, the oldest first, minor units."""

    guarantor_id: UUID
    name: str
    standing: Standing
    bar: Bar | None
    due: tuple[tuple[ChargeLine, int], ...]


def preview_small_balances(call: Call, page_size: int, page_token: str) -> tuple[list[Candidate], str]:
    """Guarantors who owe no more than the rule's amount, the largest balance first, with what the rule says."""
    store = Store(call.session)
    policy = policy_of(store)
    sums, token = store.guarantor_page(
        owing=True, page_size=page_size, page_token=page_token, at_most=policy.small_balance_minor
    )
    found = [one.guarantor_id for one in sums]
    return candidates(call, store, found, policy, small_balance_bar), token


def preview_hand_off(call: Call, page_size: int, page_token: str) -> tuple[list[Candidate], str]:
    """Guarantors whose last statement has been out for as long as the rule says, with what the rule says."""
    store = Store(call.session)
    policy = policy_of(store)
    before = journals.local_day(call, store, None) - timedelta(days=policy.hand_off_days)
    rows, token = store.finished_accounts(policy.last_cycle, before, page_size, page_token)
    return candidates(call, store, [row.id for row in rows], policy, hand_off_bar), token


def candidates(call: Call, store: Store, guarantor_ids: Iterable[UUID], policy: Policy, rule: Rule) -> list[Candidate]:
    """The guarantors as the rule sees them now, in the given order."""
    today = journals.local_day(call, store, None)
    found = []
    for guarantor_id, (standing, due) in standings(store, guarantor_ids, today).items():
        found.append(
            Candidate(guarantor_id, name_of(store, guarantor_id), standing, rule(policy, standing, today), due)
        )
    call.touch(*(one.guarantor_id for one in found))
    return found


def name_of(store: Store, guarantor_id: UUID) -> str:
    """A guarantor's name as it is spoken."""
    person = store.patient(guarantor_id)
    return f"{person.first} {person.last}" if person else ""


def _as_charged(row: ChargeLine) -> tuple[date, UUID, int]:
    """The oldest service first, those of one visit as its charge lists them."""
    return row.service_date, row.encounter_id, row.line_number


def standings(
    store: Store, guarantor_ids: Iterable[UUID], today: date
) -> dict[UUID, tuple[Standing, tuple[tuple[ChargeLine, int], ...]]]:
    """How each guarantor's family stands today, and the lines that may be asked for with what is due on them, the oldest first.

    All of them are asked for together, in the given order.
    """
    asked_for = list(guarantor_ids)
    families = store.families_of(asked_for)
    family_of = {record: guarantor_id for guarantor_id, family in families.items() for record in family}
    rows = store.lines_with_due(family_of)
    balances = journals.line_balances(store, [row.id for row in rows])
    withheld = accounts.withheld_lines(store, rows)
    since = {
        item.charge_line_id: item.since
        for item in store.open_receivables(today, family_of)
        if item.payer_id is None and item.charge_line_id is not None
    }
    credit = dict.fromkeys(asked_for, 0)
    unapplied = store.credits_of(family_of)
    kept_for = store.unsettled_encounters(one.encounter_id for one in unapplied if one.encounter_id)
    for one in unapplied:
        if one.encounter_id not in kept_for:
            credit[family_of[one.patient_id]] += one.amount_minor
    known = store.account_rows_of(asked_for)
    on_plan, with_agency = store.guarantors_on_plan(asked_for), store.guarantors_with_agency(asked_for)
    found = {}
    for guarantor_id in asked_for:
        owed = [
            row for row in rows if family_of[row.patient_id] == guarantor_id and balances[row.id].patient_due_minor > 0
        ]
        asked = sorted((row for row in owed if row.id not in withheld), key=_as_charged)
        due = tuple((row, balances[row.id].patient_due_minor) for row in asked)
        account = known.get(guarantor_id)
        standing = Standing(
            balance_minor=sum(amount for _, amount in due) - credit[guarantor_id],
            youngest=max((since.get(row.id, row.service_date) for row in asked), default=None),
            statements_sent=account.cycle if account else 0,
            last_statement_on=account.last_statement_on if account else None,
            statement_planned=account is not None and account.next_statement_on is not None,
            withheld=len(asked) < len(owed),
            held=account is not None and statements.held(account, today),
            on_plan=guarantor_id in on_plan,
            with_agency=guarantor_id in with_agency,
            with_payer=any(balances[row.id].open_minor for row in asked),
        )
        found[guarantor_id] = (standing, due)
    return found


def write_off_small_balances(
    call: Call, patient_ids: Sequence[UUID], total_minor: int, reason: str
) -> tuple[list[Journal], list[Candidate]]:
    """(journals of those written off, those to whom the rule does not apply). Raises StalePreview, NotFound."""
    store = Store(call.session)
    policy = policy_of(store)
    seen = locked(call, store, patient_ids, policy, small_balance_bar)
    taken = [one for one in seen if one.bar is None]
    if sum(one.standing.balance_minor for one in taken) != total_minor:
        raise StalePreview()
    journals = [
        write_off(call, store, one, Account.WRITE_OFF_SMALL_BALANCE, "write_off", f"Small balance: {reason}")
        for one in taken
    ]
    accounts.settle_families(call, store, [one.guarantor_id for one in taken])
    return journals, [one for one in seen if one.bar is not None]


def locked(call: Call, store: Store, patient_ids: Sequence[UUID], policy: Policy, rule: Rule) -> list[Candidate]:
    """The guarantors of these patients as the rule sees them, their money locked and what is unapplied used. Raises NotFound."""
    known = store.patients(patient_ids)
    if len(known) < len(set(patient_ids)):
        raise NotFound("patient")
    guarantors = sorted({store.guarantor_of(patient_id) for patient_id in patient_ids})
    store.lock_accounts(guarantors)
    for guarantor_id in guarantors:
        accounts.apply_unapplied(call, store, guarantor_id)
    return candidates(call, store, guarantors, policy, rule)


def write_off(
    call: Call, store: Store, one: Candidate, account: Account, kind: str, memo: str, key: str = ""
) -> Journal:
    """Gives up all that the family may be asked for, in one journal."""
    entries: list[Entry] = []
    for line, amount in one.due:
        entries += write_off_entries(account, amount, line_dimensions(line))
    return journals.post(
        call,
        store,
        kind=kind,
        source=(kind, key or str(call.new_id())),
        memo=memo,
        entries=entries,
        patient_id=one.guarantor_id,
    )
