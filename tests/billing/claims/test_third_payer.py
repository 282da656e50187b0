"""A visit with three payers: each is told what the ones before it did."""

from tests.billing.claims.insured_clinic import InsuredClinic
from tests.judges.pyx12_judge import judge

MONTH = 31
# The first two leave something to the next, whatever they allow.
SPARING = {"crossover": False, "deductible": 0, "copay": 0}


def test_the_third_payer_is_told_what_both_others_did(clinic: InsuredClinic):
    """Primary, secondary and tertiary go out one after the other, each valid and balanced, and the books end at zero or owned."""
    clinic.clearinghouse.configure({"COMM1": {**SPARING, "coinsurance": 0.5}, "COMM2": {**SPARING, "coinsurance": 0.9}})
    patient = clinic.insured("COMM1", "COMM2", "MCD01")
    clinic.signed_visit(patient)
    clinic.days(4 * MONTH)
    claims = clinic.claims_of(patient)
    assert [(one.responsibility, one.payer_code) for one in claims[:2]] == [("P", "COMM1"), ("S", "COMM2")]
    texts = clinic.texts()
    assert [judge(text) for text in texts] == [[]] * len(texts)
    accounts = clinic.ledger()
    assert sum(accounts.values()) == 0
    assert accounts.get("payer_receivable", 0) == 0
    third = claims[2]
    assert (third.responsibility, third.payer_code, third.previous_claim_id) == ("T", "MCD01", claims[1].claim_id)
    assert texts[2].count("SVD*COMM1*") == texts[2].count("SVD*COMM2*") == 2
    assert f"AMT*D*{claims[0].paid.minor_units / 100:g}~" in texts[2]
    assert f"AMT*D*{claims[1].paid.minor_units / 100:g}~" in texts[2]
