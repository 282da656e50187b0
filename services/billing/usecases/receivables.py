"""What is owed: aging at any day, protected patients, what waits for a person before a statement may ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.ledger import Account
from billing.domain.receivables import BUCKETS
from billing.store import Store
from billing.tables_money import ChargeLine, StatementHold
from billing.usecases import accounts, journals, work_items
from chassis.call import Call


@dataclass(frozen=True, slots=True)
class Aging:
    """Receivables at the end of a day by party ('' is patients) and bucket; minor units."""

    as_of: date
    parties: Mapping[str, tuple[int, ...]]
    unapplied_patient_minor: int
    unapplied_insurance_minor: int

    @property
    def totals(self) -> tuple[int, ...]:
        """Per bucket, over all parties."""
        return tuple(sum(amounts[index] for amounts in self.parties.values()) for index in range(len(BUCKETS)))


def get_receivables(call: Call, as_of: date | None, location_id: UUID | None, *, by_responsibility: bool) -> Aging:
    """Aging at the end of `as_of` (None: today), from the service date or from when the party began to owe."""
    store = Store(call.session)
    day = as_of or journals.present_day(call, store, location_id)
    codes = store.payer_codes()
    owed: dict[str, list[int]] = {}
    for account, payer_id, bucket, amount in store.aged_receivables(
        day, location_id, by_responsibility=by_responsibility
    ):
        party = codes.get(payer_id, "?") if account is Account.PAYER_RECEIVABLE and payer_id else ""
        owed.setdefault(party, [0] * len(BUCKETS))[bucket] += amount
    balances = {account: debits - credit for account, debits, credit in store.trial_balance(day, location_id)}
    return Aging(
        as_of=day,
        parties={party: tuple(amounts) for party, amounts in sorted(owed.items())},
        unapplied_patient_minor=-balances.get(Account.UNAPPLIED_PATIENT, 0),
        unapplied_insurance_minor=-balances.get(Account.UNAPPLIED_INSURANCE, 0),
    )


def protect(call: Call, store: Store, patient_id: UUID, from_date: date, reason: str, source: str) -> None:
    """The patient may not be asked for cost sharing from a service day on (QMB; remarks N781–N783): no copay, no
    statement.

    What was already paid for such services and is not used becomes a work item: it must be given back. Once per
    `source`.
    """
    hold = StatementHold(
        id=call.new_id(),
        patient_id=patient_id,
        charge_line_id=None,
        from_date=from_date,
        kind="protected",
        reason=reason,
        source=source,
    )
    if not store.add_hold(hold):
        return
    unapplied = sum(credit.amount_minor for credit in store.credits_of(store.with_merged([patient_id])))
    if unapplied > 0:
        work_items.open_item(
            call,
            store,
            kind="refund_due",
            key=f"{patient_id}:{source}",
            title="A protected patient has paid: give it back",
            patient_id=patient_id,
            amount_minor=unapplied,
        )
    accounts.plan_statement(call, store, store.guarantor_of(patient_id))


def release_hold(call: Call, store: Store, charge_line_id: UUID) -> int:
    """Somebody has looked: the line's patient responsibility may be asked for. Returns how many holds were released."""
    released = store.release_holds(charge_line_id, call.principal.id, call.now)
    line = store.get(ChargeLine, charge_line_id)
    if released and line is not None:
        accounts.settle_families(call, store, [line.patient_id])
    return released


def release_for_statement(call: Call, store: Store, charge_line_id: UUID) -> int:
    """As `release_hold`, for a person. Raises NotFound (charge line)."""
    call.touch(store.need(ChargeLine, charge_line_id, "charge line").patient_id)
    return release_hold(call, store, charge_line_id)
