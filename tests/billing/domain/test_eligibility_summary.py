"""What a 271 means for the front desk, and values kept as JSON."""

import io
from datetime import date

import pytest

from billing.domain.codec import from_json, to_json
from billing.domain.eligibility import Outcome, Summary, refusals, summarise
from billing.domain.x12.eligibility import VERSION, EligibilityAnswer
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.professional_claim import ProfessionalClaim
from billing.domain.x12.reader import X12Reader
from tests.billing.domain.x12.test_eligibility import HEAD
from tests.billing.domain.x12.test_professional_claim import CLAIM_LEVEL, EVERYTHING, TERTIARY
from tests.billing.domain.x12.texts import envelope

DAY = date(2026, 3, 2)


def answer(*segments: str) -> EligibilityAnswer:
    """The answer with these segments."""
    data = envelope("HB", VERSION, [("271", [*HEAD, *segments])])
    [(found,)] = [read_eligibility(t) for t in X12Reader(io.BytesIO(data.encode())).sets()]
    return found


def summary(*segments: str) -> Summary:
    """What it comes to on the day."""
    return summarise(answer(*segments), DAY)


@pytest.mark.parametrize(
    ("segments", "outcome"),
    [
        (["EB*1**30"], Outcome.ACTIVE),
        (["EB*5**30"], Outcome.ACTIVE),
        (["EB*6**30"], Outcome.INACTIVE),
        (["DTP*346*RD8*20250101-20251231", "EB*1**30"], Outcome.INACTIVE),
        (["DTP*346*D8*20260101", "EB*1**30"], Outcome.ACTIVE),
        (["AAA*N**72*C"], Outcome.REJECTED),
        (["AAA*Y**42*R"], Outcome.UNKNOWN),
        (["EB*B**98***27*30"], Outcome.UNKNOWN),
    ],
)
def test_outcomes(segments: list[str], outcome: Outcome):
    """Active on the day, not active, refused, or no usable answer."""
    assert summary(*segments).outcome is outcome


def test_the_most_particular_benefit_counts():
    """Office visit before the whole plan, in network, remaining deductible, individual before family."""
    found = summary(
        "EB*1**30*HM*GOLD",
        "EB*B*IND*30***27*50*****Y",
        "EB*B*IND*98***27*30*****Y",
        "EB*B*IND*98***27*80*****N",
        "EB*C*FAM*30***29*900*****Y",
        "EB*C*IND*30***29*412.5*****Y",
        "EB*C*IND*30***23*1000*****Y",
        "EB*A*IND*98***27**.2****Y",
        "EB*R**30",
        "LS*2120",
        "NM1*PR*2*MEDICARE*****PI*MEDB1",
        "LE*2120",
    )
    assert (found.plan, found.copay_minor, found.deductible_left_minor) == ("GOLD", 3_000, 41_250)
    assert (found.coinsurance_basis_points, found.other_payers) == (2_000, ("MEDICARE",))
    assert not found.protected


def test_silence_is_not_zero():
    """What the payer did not say is unknown, not nothing."""
    found = summary("EB*1**30")
    assert (found.copay_minor, found.deductible_left_minor, found.coinsurance_basis_points) == (None, None, None)


@pytest.mark.parametrize("segment", ["EB*1**30*QM", "EB*1**30**QMB PROGRAM"])
def test_protected_beneficiaries_are_recognised(segment: str):
    """A Qualified Medicare Beneficiary owes no cost sharing."""
    assert summary(segment).protected


def test_refusals_say_what_to_do():
    """Every reason has its words; some are asked again by themselves."""
    told = refusals(answer("AAA*N**72*C", "AAA*Y**42*R", "AAA*N**ZZ*N"))
    assert [(refusal.reason, refusal.again) for refusal in told] == [("72", False), ("42", True), ("ZZ", False)]
    assert all(refusal.message and refusal.fix for refusal in told)


@pytest.mark.parametrize("claim", [EVERYTHING, TERTIARY, CLAIM_LEVEL], ids=lambda claim: claim.control)
def test_claims_survive_as_json(claim: ProfessionalClaim):
    """What is kept of a claim gives the same claim again."""
    assert from_json(ProfessionalClaim, to_json(claim)) == claim


def test_answers_survive_as_json():
    """Decimals, dates, optional and nested values come back as they were."""
    whole = answer("EB*A*IND*98^30***27**.2****Y", "DTP*346*RD8*20260101-20261231", "MSG*ASK")
    assert from_json(EligibilityAnswer, to_json(whole)) == whole


def test_values_of_an_older_release_are_read():
    """A field that was not kept yet takes its default."""
    kept = to_json(EVERYTHING)
    del kept["insurance_type"]
    assert from_json(ProfessionalClaim, kept) == EVERYTHING
