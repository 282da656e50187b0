"""A visit's checklist says what is ready, what somebody has to do, and what cannot be told now."""

from __future__ import annotations

from datetime import timedelta

from polyclinic.billing.v1 import authorisations_pb2, charge_capture_pb2, payers_pb2
from polyclinic.billing.v1 import preparation_pb2 as pb
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.types.v1.types_pb2 import DateRange

from chassis.errors import Unavailable
from chassis.testing import expect_error
from tests.billing.cases_front import FrontWorld
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.clinic import JANUARY, payer_request

Done, Open = pb.PREPARATION_STATE_DONE, pb.PREPARATION_STATE_OPEN
NotNeeded, Unknown = pb.PREPARATION_STATE_NOT_NEEDED, pb.PREPARATION_STATE_UNKNOWN


def checklist(insured: InsuredClinic, appointment: str) -> tuple[bool, dict[str, pb.PreparationItem]]:
    """(ready, items by the name of their step)."""
    found = insured.staff.call("GetPreparation", pb.GetPreparationRequest(appointment_id=appointment))
    names = {item.step: pb.PreparationStep.Name(item.step).removeprefix("PREPARATION_STEP_") for item in found.items}
    return found.ready, {names[item.step]: item for item in found.items}


def states(insured: InsuredClinic, appointment: str) -> dict[str, int]:
    """State by step."""
    return {name: item.state for name, item in checklist(insured, appointment)[1].items()}


def test_a_verified_visit_is_ready(insured: InsuredClinic) -> None:
    """Demographics, coverage and the payer's word are there; the copay to ask for is named."""
    world = FrontWorld(insured)
    coverage_id = world.answered_coverage_id()
    patient = next(p for p, profile in insured.profiles.items() if profile.coverages[0].coverage_id == coverage_id)
    appointment = insured.appointment(patient)
    ready, items = checklist(insured, appointment)
    assert ready
    assert items["BENEFITS"].state == Done
    assert items["BENEFITS"].HasField("as_of")
    assert items["COPAY"].amount.minor_units == 3_000
    assert {name: item.state for name, item in items.items()} == {
        "DEMOGRAPHICS": Done,
        "COVERAGE": Done,
        "BENEFITS": Done,
        "REFERRAL": NotNeeded,
        "AUTHORISATION": NotNeeded,
        "ESTIMATE": NotNeeded,
        "FORMS": Unknown,
        "COPAY": Done,
    }


def test_what_is_missing_is_named(insured: InsuredClinic) -> None:
    """No member id, no address, nobody has answered: each is open, in words."""
    patient = insured.insured("COMM1", member_id="")
    insured.profiles[patient].ClearField("address")
    ready, items = checklist(insured, insured.appointment(patient))
    assert not ready
    assert items["DEMOGRAPHICS"].words == "Missing: address."
    assert "member id" in items["COVERAGE"].words
    assert items["BENEFITS"].state == Open
    assert items["COPAY"].state == Unknown


def test_without_the_registry_the_rest_is_told(insured: InsuredClinic) -> None:
    """What it would tell is unknown; nothing fails."""
    patient = insured.insured("COMM1")
    appointment = insured.appointment(patient)

    def down(_: registry_pb2.GetBillingProfilesRequest) -> registry_pb2.GetBillingProfilesResponse:
        raise Unavailable

    insured.harness.stub_peer("patient_registry", "GetBillingProfiles", down)
    found = states(insured, appointment)
    assert (found["DEMOGRAPHICS"], found["COVERAGE"], found["BENEFITS"]) == (Unknown, Unknown, Open)


def test_what_the_payer_wants_agreed_is_looked_for(insured: InsuredClinic) -> None:
    """A referral for every visit, an authorisation for a service of the superbill: open until there is one with something left."""
    strict = payer_request(
        "COMM1",
        payers_pb2.PAYER_KIND_COMMERCIAL,
        takes_eligibility_requests=True,
        requires_referral=True,
        authorisation_procedures=["85025"],
    )
    strict.version = 2
    insured.staff.call("PutPayer", strict)
    services = [charge_capture_pb2.SuperbillService(procedure="85025", units=1, chosen=True)]
    insured.staff.call(
        "PutSuperbillTemplate",
        charge_capture_pb2.PutSuperbillTemplateRequest(
            appointment_type_code="follow-up", effective_from=JANUARY, services=services
        ),
    )
    patient = insured.insured("COMM1")
    appointment = insured.appointment(patient)
    found = checklist(insured, appointment)[1]
    assert (found["REFERRAL"].state, found["AUTHORISATION"].state) == (Open, Open)
    assert "85025" in found["AUTHORISATION"].words
    for kind in (authorisations_pb2.AUTHORISATION_KIND_REFERRAL, authorisations_pb2.AUTHORISATION_KIND_AUTHORISATION):
        insured.staff.call(
            "PutAuthorisation",
            authorisations_pb2.PutAuthorisationRequest(
                kind=kind,
                state=authorisations_pb2.AUTHORISATION_STATE_APPROVED,
                patient_id=patient,
                coverage_id=insured.profiles[patient].coverages[0].coverage_id,
                number="A100",
                measure=authorisations_pb2.AUTHORISATION_MEASURE_UNITS,
                limit=10,
                effective=DateRange(start=JANUARY),
            ),
        )
    found = checklist(insured, appointment)[1]
    assert (found["REFERRAL"].state, found["AUTHORISATION"].state) == (Done, Done)
    assert found["AUTHORISATION"].reference_id


def test_who_pays_themselves_is_owed_an_estimate(insured: InsuredClinic) -> None:
    """Booked far ahead: open, with its last day. Another location's staff do not find the visit."""
    start = insured.harness.clock.now() + timedelta(days=20)
    appointment = insured.appointment(insured.patient(), start=start)
    found = checklist(insured, appointment)[1]
    assert found["ESTIMATE"].state == Open
    assert found["ESTIMATE"].HasField("due_on")
    assert (found["COVERAGE"].state, found["COPAY"].state) == (NotNeeded, NotNeeded)
    with expect_error("NOT_FOUND"):
        insured.staff.call("GetPreparation", pb.GetPreparationRequest(appointment_id=insured.entity))
