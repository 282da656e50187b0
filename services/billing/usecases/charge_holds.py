"""Signed visits that a rule holds until somebody has looked at them, and visits that were given back to be coded anew."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain import charge_reviews as rules
from billing.domain.business_days import add_business_days
from billing.domain.charge_reviews import Asks, Rule, SignedVisit
from billing.domain.charges import ChargeLine
from billing.domain.codec import from_json
from billing.store import Store
from billing.tables_charge_capture import ChargeReview
from billing.tables_money import Encounter
from billing.usecases import journals, work_items
from billing.usecases.payment_order import PaymentOrder
from chassis.call import Call

RETURNED_KIND = "charge_returned"
IN_REVIEW = "in_review"
WAITING = "waiting"


def hold(call: Call, store: Store, encounter: Encounter, lines: Sequence[ChargeLine]) -> bool:
    """Holds a visit that is being signed, when a rule of its day asks for it; returns whether it did.

    An organisation without rules pays one statement for them.
    """
    kept = store.review_rules_on(encounter.service_date)
    if not kept:
        return False
    settle_returned(call, store, encounter, "The visit was signed again.")
    asked = [Rule(row.name, from_json(Asks, row.asks), row.start_date, row.end_date) for row in kept]
    visit = _visit(store, encounter, lines, payers=any(rule.asks.payer_codes for rule in asked))
    held_by = [rule.name for rule in asked if rules.holds(rule, visit)]
    if not held_by:
        return False
    encounter.state = IN_REVIEW
    store.add(
        ChargeReview(
            id=call.new_id(),
            encounter_id=encounter.id,
            patient_id=encounter.patient_id,
            practitioner_id=encounter.practitioner_id,
            location_id=encounter.location_id,
            service_date=encounter.service_date,
            state=WAITING,
            rules=held_by,
            charge_minor=visit.charge_minor,
            opened_at=call.now,
            signed_by=call.principal.id,
            decided_at=None,
            decided_by="",
            note="",
        )
    )
    return True


def give_back(call: Call, store: Store, encounter: Encounter, reason: str) -> None:
    """The visit is open again, and work of whoever signed it, for the next business day."""
    signed_by = encounter.signed_by
    encounter.state, encounter.signed_at, encounter.signed_by = "open", None, ""
    work_items.open_item(
        call,
        store,
        kind=RETURNED_KIND,
        key=str(encounter.id),
        title="A visit came back from review to be coded anew",
        patient_id=encounter.patient_id,
        due_on=add_business_days(journals.local_day(call, store, encounter.location_id), 1),
        detail={"encounter_id": str(encounter.id), "reason": reason},
        owner_id=signed_by,
    )


def settle_returned(call: Call, store: Store, encounter: Encounter, resolution: str) -> None:
    """What was given back has been done."""
    item = store.work_item_by_key(RETURNED_KIND, str(encounter.id))
    if item is not None and item.state == work_items.OPEN:
        work_items.settle(call, [item], resolution)


def _visit(store: Store, encounter: Encounter, lines: Sequence[ChargeLine], *, payers: bool) -> SignedVisit:
    order = PaymentOrder(store).of(encounter.patient_id, encounter.service_date) if payers else []
    return SignedVisit(
        encounter_id=encounter.id,
        practitioner_id=encounter.practitioner_id,
        location_id=encounter.location_id,
        appointment_type_code=encounter.appointment_type_code,
        payer_code=order[0][1].code if order else "",
        service_date=encounter.service_date,
        procedures=tuple(line.procedure for line in lines),
        modifiers=tuple(modifier for line in lines for modifier in line.modifiers),
        diagnoses=tuple(encounter.diagnoses),
        charge_minor=sum(line.charge_minor for line in lines),
    )
