"""From a signed visit to a posted remittance, through the real clearinghouse interface."""

from datetime import timedelta

from tests.billing.claims.insured_clinic import InsuredClinic
from tests.judges.pyx12_judge import judge

MONTH = 32


def test_a_visit_becomes_a_paid_claim(clinic: InsuredClinic):
    """Signed, drafted, scrubbed, sent in the daily batch, acknowledged, accepted, paid and posted; the books balance."""
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    [draft] = clinic.claims_of(patient)
    assert (draft.state, draft.responsibility, draft.charge.minor_units) == ("draft", "P", 17_500)
    clinic.harness.run_due()
    [ready] = clinic.claims_of(patient)
    assert ready.state == "ready", ready.findings
    clinic.step(clinic.harness.clock.now() + timedelta(hours=12))
    clinic.days(MONTH)
    [paid] = clinic.claims_of(patient)
    assert [h.to_state for h in paid.life] == ["draft", "ready", "sent", "received", "accepted", "paid"]
    assert paid.payer_control
    assert paid.paid.minor_units + paid.patient_share.minor_units < paid.charge.minor_units
    [text] = clinic.texts()
    assert judge(text) == []
    [remittance] = clinic.remittances()
    assert remittance.state == "posted"
    assert remittance.proof.balances
    assert remittance.proof.payment.minor_units == paid.paid.minor_units
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts["insurance_deposits"] == paid.paid.minor_units
    assert accounts["patient_receivable"] == paid.patient_share.minor_units
    assert accounts.get("payer_receivable", 0) == 0
    assert clinic.work() == []
