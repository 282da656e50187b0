"""A visit is coded from its appointment type's superbill, the clinician's favourites and the last visit's codes."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import charge_capture_pb2 as pb
from polyclinic.billing.v1 import code_sets_pb2, encounters_pb2

from chassis.ids import uuid7
from chassis.testing import expect_error
from tests.billing.clinic import JANUARY, Clinic

DIAGNOSIS, PROCEDURE = code_sets_pb2.CODE_KIND_DIAGNOSIS, code_sets_pb2.CODE_KIND_PROCEDURE


def put(clinic: Clinic, start: Date = JANUARY, *procedures: str, **rest: object) -> pb.SuperbillTemplate:
    """A version of the follow-up's superbill; its first service is chosen."""
    services = [
        pb.SuperbillService(procedure=code, units=1, chosen=number == 0) for number, code in enumerate(procedures)
    ]
    request = pb.PutSuperbillTemplateRequest(
        appointment_type_code="follow-up", effective_from=start, services=services, **rest
    )
    return clinic.staff.call("PutSuperbillTemplate", request)


def superbill(clinic: Clinic, encounter: encounters_pb2.Encounter) -> pb.Superbill:
    """What the visit is coded from."""
    return clinic.staff.call("GetSuperbill", pb.GetSuperbillRequest(encounter_id=encounter.encounter_id))


def favourites(clinic: Clinic) -> list[tuple[str, int, int]]:
    """(code, position, uses) of the clinician's list."""
    found = clinic.staff.call(
        "ListFavouriteCodes", pb.ListFavouriteCodesRequest(practitioner_id=clinic.practitioner)
    ).favourites
    return [(one.code.code, one.position, one.uses) for one in found]


def favour(clinic: Clinic, code: str, kind: int, **rest: object) -> pb.FavouriteCode:
    """Makes a code a favourite."""
    request = pb.AddFavouriteCodeRequest(practitioner_id=clinic.practitioner, kind=kind, code=code, **rest)
    return clinic.staff.call("AddFavouriteCode", request)


def test_the_superbill_of_the_visits_day_is_offered_with_words(clinic: Clinic) -> None:
    """The version that holds on the day; the clinician's own goes before everybody's; an empty one ends it."""
    patient = clinic.patient()
    visit = clinic.open_visit(patient)
    assert not superbill(clinic, visit).HasField("template")
    put(clinic, JANUARY, "99213", "85025", diagnoses=["I10"])
    put(clinic, Date(year=2040, month=1, day=1), "99214")
    found = superbill(clinic, visit).template
    assert [(one.procedure, one.chosen) for one in found.services] == [("99213", True), ("85025", False)]
    assert [(one.code, one.words) for one in found.diagnoses] == [("I10", "Essential (primary) hypertension")]
    assert found.effective_to == Date(year=2039, month=12, day=31)
    put(clinic, JANUARY, "99215", practitioner_id=clinic.practitioner)
    assert [one.procedure for one in superbill(clinic, visit).template.services] == ["99215"]
    put(clinic, Date(year=2026, month=1, day=2), practitioner_id=clinic.practitioner)
    assert [one.procedure for one in superbill(clinic, visit).template.services] == ["99213", "85025"]
    listed = clinic.staff.call("ListSuperbillTemplates", pb.ListSuperbillTemplatesRequest()).templates
    assert len(listed) == 4


def test_a_superbill_is_refused_with_every_fault(clinic: Clinic) -> None:
    """A heading, a service twice, an unknown clinician: all at once; a version of the same day is replaced."""
    for field in ("diagnoses[0]", "services[1]", "practitioner_id"):
        with expect_error("INVALID_INPUT", field=field):
            put(clinic, JANUARY, "99213", "99213", diagnoses=["E11"], practitioner_id=str(uuid7()))
    first = put(clinic, JANUARY, "99213")
    assert put(clinic, JANUARY, "99213") == first
    second = put(clinic, JANUARY, "99214")
    assert (second.superbill_template_id, second.version) == (first.superbill_template_id, first.version + 1)


def test_favourites_are_chosen_then_used(clinic: Clinic) -> None:
    """Chosen codes in their order, then what was used on charged visits; chosen ones tell their use, too."""
    clinic.signed_visit(clinic.patient())
    assert favourites(clinic) == [("I10", 0, 1), ("85025", 0, 1), ("99213", 0, 1)]
    favour(clinic, "E11.9", DIAGNOSIS)
    favour(clinic, "99213", PROCEDURE, modifiers=["25"])
    assert favour(clinic, "J02.9", DIAGNOSIS, position=1).code.words == "Acute pharyngitis, unspecified"
    assert favourites(clinic) == [("J02.9", 1, 0), ("E11.9", 2, 0), ("99213", 3, 1), ("I10", 0, 1), ("85025", 0, 1)]
    moved = favour(clinic, "E119", DIAGNOSIS, position=1)
    assert favourites(clinic)[:2] == [("E11.9", 1, 0), ("J02.9", 2, 0)]
    clinic.staff.call("RemoveFavouriteCode", pb.RemoveFavouriteCodeRequest(favourite_code_id=moved.favourite_code_id))
    assert favourites(clinic)[:2] == [("J02.9", 1, 0), ("99213", 2, 1)]
    with expect_error("INVALID_INPUT", field="code"):
        favour(clinic, "E11", DIAGNOSIS)
    with expect_error("NOT_FOUND"):
        clinic.staff.call(
            "RemoveFavouriteCode", pb.RemoveFavouriteCodeRequest(favourite_code_id=moved.favourite_code_id)
        )


def test_the_last_visits_codes_are_copied(clinic: Clinic) -> None:
    """Of the patient's last charged visit before this one; they can be saved as they are."""
    patient = clinic.patient()
    clinic.signed_visit(patient)
    clinic.harness.advance(days=2)
    visit = clinic.open_visit(patient)
    last = superbill(clinic, visit).last
    assert [one.code for one in last.diagnoses] == ["I10"]
    assert [line.procedure for line in last.lines] == ["99213", "85025"]
    assert not last.outdated
    copied = clinic.code(visit, diagnoses=[one.code for one in last.diagnoses], lines=last.lines)
    assert list(copied.lines) == list(last.lines)
    asked = pb.GetLastCodesRequest(patient_id=patient, practitioner_id=clinic.practitioner)
    assert clinic.staff.call("GetLastCodes", asked).encounter_id == last.encounter_id
    with expect_error("NOT_FOUND"):
        clinic.staff.call("GetLastCodes", pb.GetLastCodesRequest(patient_id=clinic.patient()))
    with expect_error("INVALID_INPUT"):
        clinic.staff.call("GetLastCodes", pb.GetLastCodesRequest())


def test_who_works_elsewhere_sees_no_codes_of_this_site(clinic: Clinic) -> None:
    """A visit at a location that the caller may not see is neither coded from nor copied."""
    patient = clinic.patient()
    visit = clinic.signed_visit(patient)
    elsewhere = clinic.add_location(str(uuid7()), "Troy", "America/New_York")
    other = clinic.harness.client(clinic.tenant, permissions=["encounter.read"], location_ids=[elsewhere])
    with expect_error("NOT_FOUND"):
        other.call("GetSuperbill", pb.GetSuperbillRequest(encounter_id=visit.encounter_id))
    with expect_error("NOT_FOUND"):
        other.call("GetLastCodes", pb.GetLastCodesRequest(patient_id=patient))
