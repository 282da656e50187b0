"""Fees for visits that did not take place: charged when scheduling tells of one, waived by people, withdrawn when it did."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from billing.domain.ledger import charge_entries, reversal_of
from billing.domain.payers import PayerKind, PayerProfile
from billing.domain.visit_fees import LINE_NUMBER, MEMOS, PROCEDURES, Decision, FeeKind, decide
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_collections import VisitFee
from billing.tables_money import ChargeLine, Encounter
from billing.usecases import accounts, eligibility, journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound, Unavailable

CHARGED, NOT_CHARGED, WAIVED, WITHDRAWN = "charged", "not_charged", "waived", "withdrawn"


def did_not_take_place(call: Call, appointment_id: UUID, kind: FeeKind) -> VisitFee | None:
    """Charges the fee of a visit that did not take place to the patient's own account, or keeps why there is none.

    Once an appointment and kind; an appointment on which another fee is asked is not asked a second one. Raises Unavailable while its
    location is not known yet.
    """
    store = Store(call.session)
    encounter = store.encounter_of_appointment(appointment_id, lock=True)
    if encounter is None:
        raise Unavailable(internal="the visit is not known yet")
    known = store.visit_fees_of(appointment_id)
    if any(row.kind == kind or row.state == CHARGED for row in known):
        return None
    decision = _decision(store, encounter, kind)
    fee = store.add(
        VisitFee(
            id=call.new_id(),
            appointment_id=appointment_id,
            encounter_id=encounter.id,
            patient_id=encounter.patient_id,
            location_id=encounter.location_id,
            kind=kind.value,
            state=CHARGED if decision.amount_minor else NOT_CHARGED,
            amount_minor=decision.amount_minor,
            payer_id=decision.payer_id,
            reason=decision.reason,
            happened_at=call.now,
            ended_by="",
        )
    )
    if decision.amount_minor:
        _charge(call, store, encounter, fee, kind)
    return fee


def _decision(store: Store, encounter: Encounter, kind: FeeKind) -> Decision:
    insurers = _insurers(store, encounter)
    self_pay = None
    if not insurers:
        known = store.payers(encounter.service_date)
        self_pay = next(
            (one for one in known if one.kind is PayerKind.SELF_PAY and one.active_on(encounter.service_date)), None
        )
    protected = any(
        hold.kind == "protected" and hold.from_date <= encounter.service_date
        for hold in store.holds_of([encounter.patient_id])
    )
    return decide(kind, insurers, self_pay, protected=protected)


def _insurers(store: Store, encounter: Encounter) -> Sequence[PayerProfile]:
    """Who insures the patient on the day of the visit, in order of payment; self-pay is nobody."""
    found = []
    for coverage in eligibility.coverages_on(store, encounter.patient_id, encounter.service_date):
        payer = store.payer_by_code(coverage.payer_code, encounter.service_date)
        if payer is not None and payer.kind is not PayerKind.SELF_PAY:
            found.append(payer)
    return found


def _charge(call: Call, store: Store, encounter: Encounter, fee: VisitFee, kind: FeeKind) -> None:
    location = store.location(encounter.location_id)
    if location is None:
        raise Unavailable(internal="the location is not known yet")
    line = store.add(
        ChargeLine(
            id=call.new_id(),
            encounter_id=encounter.id,
            patient_id=encounter.patient_id,
            location_id=location.id,
            billing_entity_id=location.billing_entity_id,
            line_number=LINE_NUMBER[kind],
            procedure=PROCEDURES[kind],
            modifiers=[],
            diagnosis_pointers=[],
            units=1,
            charge_minor=fee.amount_minor,
            service_date=encounter.service_date,
            place_of_service=location.place_of_service,
            ndc="",
            ndc_quantity="",
            ndc_unit="",
            fee_schedule_id=None,
            payer_id=None,
            held_reason="",
        )
    )
    journal = journals.post(
        call,
        store,
        kind="charge",
        source=("visit_fee", str(fee.id)),
        memo=MEMOS[kind],
        entries=charge_entries(fee.amount_minor, line_dimensions(line)),
        patient_id=fee.patient_id,
    )
    fee.charge_line_id, fee.journal_id = line.id, journal.id
    store.session.flush()
    accounts.settle_families(call, store, [fee.patient_id])


def took_place(call: Call, appointment_id: UUID) -> None:
    """The visit took place after all (a no-show that came): what was charged for its not doing so is withdrawn."""
    store = Store(call.session)
    for row in store.visit_fees_of(appointment_id):
        if row.state == CHARGED:
            _take_back(call, store, row, WITHDRAWN, "the visit took place after all")


def waive(call: Call, fee_id: UUID, reason: str, version: int) -> VisitFee:
    """A person lets a fee off. Raises FailedPrecondition, StaleVersion, NotFound."""
    store = Store(call.session)
    fee = store.lock(VisitFee, fee_id, "visit fee")
    _expect_visible(call, fee)
    call.expect_version(fee.version, version)
    if fee.state != CHARGED:
        raise FailedPrecondition("Only a fee that is charged can be waived.")
    _take_back(call, store, fee, WAIVED, reason)
    return fee


def _take_back(call: Call, store: Store, fee: VisitFee, state: str, reason: str) -> None:
    """The charge's journal is reversed; what was paid on it, or given up, is free again."""
    if fee.journal_id is None:
        raise FailedPrecondition("The fee has no charge.")
    store.lock_account(store.guarantor_of(fee.patient_id))
    journals.post(
        call,
        store,
        kind="reversal",
        source=("reversal", str(fee.journal_id)),
        memo=f"{MEMOS[FeeKind(fee.kind)]} {state}: {reason}",
        entries=reversal_of(journals.entry_of(row) for row in store.entries_of([fee.journal_id])[fee.journal_id]),
        patient_id=fee.patient_id,
        reverses_id=fee.journal_id,
    )
    fee.state, fee.reason, fee.ended_at, fee.ended_by = state, reason, call.now, call.principal.id
    store.session.flush()
    accounts.free_overpaid(call, store, [fee.patient_id])
    accounts.settle_families(call, store, [fee.patient_id])


def get_fee(call: Call, fee_id: UUID) -> VisitFee:
    """One late cancellation or missed visit. Raises NotFound."""
    fee = Store(call.session).need(VisitFee, fee_id, "visit fee")
    _expect_visible(call, fee)
    return fee


def _expect_visible(call: Call, fee: VisitFee) -> None:
    if call.principal.location_ids and fee.location_id not in call.principal.location_ids:
        raise NotFound("visit fee")


def list_fees(
    call: Call, patient_id: UUID | None, state: str, page_size: int, page_token: str
) -> tuple[list[VisitFee], str]:
    """A page of them, the newest first."""
    store = Store(call.session)
    patients = store.with_merged([patient_id]) if patient_id is not None else None
    return store.visit_fee_page(patients, state, page_size, page_token, call.principal.location_ids)
