"""What payers demand before a claim: enrolment, authorisations counted down by charges, referrals, ids at a clearinghouse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import authorisations_pb2 as pb
from polyclinic.billing.v1 import claims_pb2, encounters_pb2, enrolments_pb2, payers_pb2
from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.types.v1.types_pb2 import DateRange, HumanName

from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import JANUARY, payer_request

YEAR = DateRange(start=JANUARY, end=Date(year=2026, month=12, day=31))


def demand(insured: InsuredClinic, *, routes: tuple[payers_pb2.PayerRoute, ...] = (), **demands: object) -> None:
    """The commercial payer demands something from January on."""
    request = payer_request("COMM1", payers_pb2.PAYER_KIND_COMMERCIAL, **demands)
    request.routes.extend(routes)
    insured.staff.call("PutPayer", request)


def agree(insured: InsuredClinic, patient: str, **rest: object) -> pb.Authorisation:
    """The payer agrees to two blood counts."""
    values: dict[str, object] = {
        "kind": pb.AUTHORISATION_KIND_AUTHORISATION,
        "state": pb.AUTHORISATION_STATE_APPROVED,
        "patient_id": patient,
        "coverage_id": insured.profiles[patient].coverages[0].coverage_id,
        "number": "AUTH-77",
        "procedures": ["85004-85049"],
        "measure": pb.AUTHORISATION_MEASURE_UNITS,
        "limit": 2,
        "effective": YEAR,
        **rest,
    }
    return insured.staff.call("PutAuthorisation", pb.PutAuthorisationRequest(**values))


def claim_of_a_visit(insured: InsuredClinic, patient: str, **visit: object) -> claims_pb2.Claim:
    """The claim of a new visit, written and scrubbed."""
    signed = insured.signed_visit(patient, **visit)
    insured.harness.run_due()
    return next(one for one in insured.claims_of(patient) if one.encounter_id == signed.encounter_id)


def text_of(insured: InsuredClinic, claim: claims_pb2.Claim) -> str:
    """The claim as it would be sent."""
    answer = insured.staff.call("GetClaimText", claims_pb2.GetClaimTextRequest(claim_id=claim.claim_id))
    return answer.data.decode()


def edits_of(claim: claims_pb2.Claim) -> list[str]:
    """Ids of the edits that found something."""
    return [finding.edit_id for finding in claim.findings]


def test_an_authorisation_is_counted_down_by_charges_and_stands_on_the_claim(insured):
    """Two visits use its two units; the third is held, and a voided claim gives its unit back."""
    demand(insured, authorisation_procedures=["85025"])
    patient = insured.insured("COMM1")
    agreed = agree(insured, patient)
    days = [insured.harness.clock.now() - timedelta(days=ago) for ago in (3, 2, 1)]
    first, second, third = (claim_of_a_visit(insured, patient, start=day) for day in days)
    assert [first.state, second.state, third.state] == ["ready", "ready", "held"]
    assert "AUTHORISATION" in edits_of(third)
    assert "REF*G1*AUTH-77~" in text_of(insured, first)
    get = pb.GetAuthorisationRequest(authorisation_id=agreed.authorisation_id)
    assert (insured.staff.call("GetAuthorisation", get).used, insured.staff.call("GetAuthorisation", get).left) == (
        2,
        0,
    )

    request = claims_pb2.VoidClaimRequest(claim_id=first.claim_id, reason="another pays", self_pay=True)
    insured.staff.call("VoidClaim", request)
    insured.staff.call("RescrubClaim", claims_pb2.RescrubClaimRequest(claim_id=third.claim_id))
    insured.harness.run_due()
    assert insured.claim(third.claim_id).state == "ready"


def test_a_referral_counts_visits_and_is_told_with_who_referred(insured):
    """One visit was referred: REF*9F stands on its claim, the next visit's is held."""
    demand(insured, requires_referral=True)
    patient = insured.insured("COMM1")
    agree(
        insured,
        patient,
        kind=pb.AUTHORISATION_KIND_REFERRAL,
        number="REF-9",
        procedures=[],
        measure=pb.AUTHORISATION_MEASURE_VISITS,
        limit=1,
    )
    facts = encounters_pb2.ClaimFacts(
        referring_npi="1234567893", referring_name=HumanName(family="Strange", given="Vic")
    )
    encounter = insured.sign(insured.code(insured.open_visit(patient), facts=facts))
    insured.harness.run_due()
    [claim] = [one for one in insured.claims_of(patient) if one.encounter_id == encounter.encounter_id]
    assert claim.state == "ready"
    assert "REF*9F*REF-9~" in text_of(insured, claim)
    later = insured.harness.clock.now() - timedelta(days=1)
    assert "REFERRAL" in edits_of(claim_of_a_visit(insured, patient, start=later))


def test_a_claim_waits_for_the_enrolment_that_its_payer_demands(insured):
    """Held until the practitioner is enrolled there on the day; an application alone does not help."""
    demand(insured, requires_enrolment=True)
    patient = insured.insured("COMM1")
    claim = claim_of_a_visit(insured, patient)
    assert claim.state == "held"
    assert "ENROLMENT" in edits_of(claim)
    request = enrolments_pb2.PutEnrolmentRequest(
        payer_code="COMM1",
        practitioner_id=insured.practitioner,
        location_id=insured.location,
        transaction=enrolments_pb2.ENROLMENT_TRANSACTION_CLAIMS,
        state=enrolments_pb2.ENROLMENT_STATE_REQUESTED,
        effective=YEAR,
    )
    asked = insured.staff.call("PutEnrolment", request)
    rescrub = claims_pb2.RescrubClaimRequest(claim_id=claim.claim_id)
    insured.staff.call("RescrubClaim", rescrub)
    insured.harness.run_due()
    assert insured.claim(claim.claim_id).state == "held"
    request.enrolment_id, request.state = asked.enrolment_id, enrolments_pb2.ENROLMENT_STATE_APPROVED
    insured.staff.call("PutEnrolment", request)
    insured.staff.call("RescrubClaim", rescrub)
    insured.harness.run_due()
    assert insured.claim(claim.claim_id).state == "ready"


def test_a_payer_has_its_own_id_at_each_clearinghouse(insured):
    """The claim names the payer as the clearinghouse in use knows it, with that clearinghouse's filing indicator."""
    route = payers_pb2.PayerRoute(
        clearinghouse="CLEARINGHOUSE", effective=DateRange(start=JANUARY), claims_id="60054", filing_indicator="HM"
    )
    elsewhere = payers_pb2.PayerRoute(clearinghouse="OTHER", effective=DateRange(start=JANUARY), claims_id="99999")
    demand(insured, routes=(route, elsewhere))
    text = text_of(insured, claim_of_a_visit(insured, insured.insured("COMM1")))
    assert "NM1*PR*2*PAYER COMM1*****PI*60054~" in text
    assert "SBR*P*18*******HM~" in text
    [kept] = [
        one for one in insured.staff.call("ListPayers", payers_pb2.ListPayersRequest()).payers if one.code == "COMM1"
    ]
    assert [one.claims_id for one in kept.routes] == ["60054", "99999"]


def test_overlapping_ids_at_one_clearinghouse_are_refused(insured):
    """On a day a payer has one id at a clearinghouse."""
    route = payers_pb2.PayerRoute(clearinghouse="CH", effective=DateRange(start=JANUARY), claims_id="60054")
    with expect_error("INVALID_INPUT", field="routes[1]"):
        demand(insured, routes=(route, route))


def test_an_accidents_claim_carries_the_insurers_number(insured):
    """Workers' compensation: REF*Y4 with the case's number, the day of the accident, and no claim without them."""
    patient = insured.patient()
    insured.profiles[patient] = registry_pb2.BillingProfile()
    insured.profiles[patient].CopyFrom(insured.profiles[insured.insured("COMM1")])
    insured.profiles[patient].patient_id = patient
    coverage = insured.profiles[patient].coverages[0]
    coverage.kind = registry_events.COVERAGE_KIND_WORKERS_COMP
    coverage.case.number = "WC-2026-1"
    coverage.case.accident_date.CopyFrom(JANUARY)
    insured.tell(
        registry_events.CoverageChanged(
            coverage_id=coverage.coverage_id,
            patient_id=patient,
            payer_code="COMM1",
            kind=coverage.kind,
            priority=1,
            period=DateRange(start=JANUARY),
            active=True,
            version=2,
        )
    )
    facts = encounters_pb2.ClaimFacts(accident="EM", accident_date=JANUARY)
    insured.sign(insured.code(insured.open_visit(patient), facts=facts))
    insured.harness.run_due()
    [claim] = insured.claims_of(patient)
    text = text_of(insured, claim)
    assert "REF*Y4*WC-2026-1~" in text
    assert "DTP*439*D8*20260101~" in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": ""}, "number"),
        ({"procedures": ["97546-97110"]}, "procedures[0]"),
        ({"coverage_id": "01a2027b-4e79-7bc2-a328-82b238ac6c72"}, "coverage_id"),
        ({"effective": DateRange(start=JANUARY, end=Date(year=2025, month=1, day=1))}, "effective.end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_authorisation_must_be_whole(insured, change, field):
    """A number once approved, ranges that lead somewhere, a coverage of the patient, a period that ends after it begins."""
    with expect_error("INVALID_INPUT", field=field):
        agree(insured, insured.insured("COMM1"), **change)


def test_booked_visits_are_told_beside_what_is_used(insured):
    """Who plans the next visit sees that one is booked already."""
    patient = insured.insured("COMM1")
    insured.appointment(patient, "BOOKED")
    assert agree(insured, patient).booked_visits == 1
