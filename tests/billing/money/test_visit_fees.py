"""Fees for visits that did not take place."""

from datetime import timedelta

import pytest
from polyclinic.billing.v1 import ledger_pb2, payers_pb2
from polyclinic.billing.v1 import visit_fees_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events

from chassis.testing import expect_error
from tests.billing.clinic import ZONE, Clinic, payer_request, stamp, usd

FEE = 3_000


def put_payer(clinic: Clinic, code: str, kind: int, **rules: object) -> None:
    """A payer that lets its patients be asked for what `rules` name."""
    clinic.staff.call("PutPayer", payer_request(code, kind, **rules))


def cancel_late(clinic: Clinic, patient_id: str, appointment_id: str = "") -> str:
    """A visit that its patient cancelled too late; told twice, as events are."""
    appointment_id = appointment_id or clinic.appointment(patient_id, "BOOKED", "CANCELLED")
    now = clinic.harness.clock.now()
    event = scheduling_events.LateCancellation(
        appointment_id=appointment_id,
        patient_id=patient_id,
        location_id=clinic.location,
        practitioner_id=clinic.practitioner,
        appointment_type_code="follow-up",
        start_time=stamp(now + timedelta(hours=3)),
        time_zone=ZONE,
        cancelled_at=stamp(now),
        cutoff_minutes=1440,
    )
    for _ in range(2):
        clinic.tell(event)
    return appointment_id


def fees_of(clinic: Clinic, patient_id: str) -> list[pb.VisitFee]:
    """What became of a patient's visits that did not take place."""
    return list(clinic.staff.call("ListVisitFees", pb.ListVisitFeesRequest(patient_id=patient_id)).visit_fees)


def owes(clinic: Clinic, patient_id: str) -> int:
    """What a patient owes, minor units."""
    account = clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient_id))
    return int(account.patient_owes.minor_units)


def test_a_late_cancellation_costs_what_the_payers_rules_say(clinic: Clinic):
    """The fee stands once on the patient's own account, however often the event comes, and is due on a statement."""
    put_payer(clinic, "LATE", payers_pb2.PAYER_KIND_COMMERCIAL, late_cancel_fee=usd(FEE))
    patient_id = clinic.patient()
    clinic.covered(patient_id, "LATE")
    cancel_late(clinic, patient_id)
    [fee] = fees_of(clinic, patient_id)
    assert (fee.state, fee.amount.minor_units, fee.payer_code) == ("charged", FEE, "LATE")
    assert fee.kind == pb.VISIT_FEE_KIND_LATE_CANCELLATION
    assert owes(clinic, patient_id) == FEE


def test_a_missed_visit_costs_its_own_fee(clinic: Clinic):
    """Rules name a fee for missed visits apart from the one for late cancellations."""
    put_payer(clinic, "MISS", payers_pb2.PAYER_KIND_COMMERCIAL, no_show_fee=usd(4_000))
    patient_id = clinic.patient()
    clinic.covered(patient_id, "MISS")
    clinic.appointment(patient_id, "BOOKED", "NO_SHOW")
    cancel_late(clinic, patient_id)
    missed, late = sorted(fees_of(clinic, patient_id), key=lambda fee: fee.kind, reverse=True)
    assert (missed.state, missed.amount.minor_units) == ("charged", 4_000)
    assert (late.state, late.reason) == ("not_charged", "no_rule")
    assert owes(clinic, patient_id) == 4_000


@pytest.mark.parametrize("order", [("CAID", "LATE"), ("LATE", "CAID")])
def test_medicaid_patients_are_never_asked(clinic: Clinic, order: tuple[str, str]):
    """Not even when its rules name a fee, nor when another payer comes first."""
    put_payer(clinic, "CAID", payers_pb2.PAYER_KIND_MEDICAID, late_cancel_fee=usd(FEE))
    put_payer(clinic, "LATE", payers_pb2.PAYER_KIND_COMMERCIAL, late_cancel_fee=usd(FEE))
    patient_id = clinic.patient()
    for priority, code in enumerate(order, start=1):
        clinic.covered(patient_id, code, priority)
    cancel_late(clinic, patient_id)
    [fee] = fees_of(clinic, patient_id)
    assert (fee.state, fee.reason, fee.payer_code) == ("not_charged", "medicaid", "CAID")
    assert owes(clinic, patient_id) == 0


def test_who_has_no_insurance_is_asked_by_the_self_pay_rules(clinic: Clinic):
    """Without insurance the self-pay payer's rules hold; without such a payer nothing is asked."""
    before, after = clinic.patient(), clinic.patient()
    cancel_late(clinic, before)
    put_payer(clinic, "SELF", payers_pb2.PAYER_KIND_SELF_PAY, late_cancel_fee=usd(FEE))
    cancel_late(clinic, after)
    assert (owes(clinic, before), owes(clinic, after)) == (0, FEE)
    assert fees_of(clinic, before)[0].reason == "no_rule"


def test_a_waived_fee_gives_back_what_was_paid_on_it(clinic: Clinic):
    """The charge is reversed with its reason, the payment is unapplied again; a second time is refused."""
    put_payer(clinic, "SELF", payers_pb2.PAYER_KIND_SELF_PAY, late_cancel_fee=usd(FEE))
    patient_id = clinic.patient()
    cancel_late(clinic, patient_id)
    clinic.open_drawer()
    clinic.take(patient_id, FEE)
    [fee] = fees_of(clinic, patient_id)
    request = pb.WaiveVisitFeeRequest(visit_fee_id=fee.visit_fee_id, reason="her child was ill", version=fee.version)
    waived = clinic.staff.call("WaiveVisitFee", request)
    assert (waived.state, waived.reason, waived.ended_by) == ("waived", "her child was ill", clinic.staff_id)
    account = clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient_id))
    assert (account.patient_owes.minor_units, account.unapplied.minor_units) == (0, FEE)
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call(
            "WaiveVisitFee",
            pb.WaiveVisitFeeRequest(visit_fee_id=fee.visit_fee_id, reason="again", version=waived.version),
        )


def test_a_missed_visit_that_took_place_after_all_costs_nothing(clinic: Clinic):
    """Who was marked as missing and then came is not asked for missing it, and the visit can be charged as any other."""
    put_payer(clinic, "SELF", payers_pb2.PAYER_KIND_SELF_PAY, no_show_fee=usd(FEE))
    patient_id = clinic.patient()
    appointment_id = clinic.appointment(patient_id, "BOOKED", "NO_SHOW")
    assert owes(clinic, patient_id) == FEE
    clinic.appointment(patient_id, "CHECKED_IN", "SEEN", appointment_id=appointment_id)
    assert fees_of(clinic, patient_id)[0].state == "withdrawn"
    assert owes(clinic, patient_id) == 0
    clinic.sign(clinic.code(clinic.encounter_of(appointment_id)))
    assert owes(clinic, patient_id) == 17_500
