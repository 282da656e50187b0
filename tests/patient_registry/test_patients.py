"""Registering, reading, changing and finding people, through the real service."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.testing.harness import expect_error
from patient_registry.domain import mrn
from tests.patient_registry.people import add_coverage, day, email, home, mobile, name, person, register


@pytest.fixture
def tenant(registry):
    """A tenant of the test's own."""
    return registry.tenant()


@pytest.fixture
def desk(registry, tenant):
    """Somebody at the front desk."""
    return registry.client(tenant, ["patient.*", "coverage.*", "consent.*"])


def update(client, patient_id, paths, version=0, **fields):
    request = pb.UpdatePatientRequest(
        patient_id=patient_id, patient=pb.PatientUpdate(**fields), update_mask=FieldMask(paths=paths), version=version
    )
    return client.call("UpdatePatient", request)


def search(client, query, **more):
    return client.call("SearchPatients", pb.SearchPatientsRequest(query=query, **more))


def found(client, query):
    return [one.patient_id for one in search(client, query).patients]


# --- registering -----------------------------------------------------------------------------------------------------


def test_a_registered_patient_is_read_back_and_announced(registry, tenant, desk):
    """What was entered is on file in its plain form, with a record number, and said to the others."""
    made = register(
        desk,
        person(
            contact_points=[mobile("(303) 555-0111"), email("Lucia@Example.org")],
            addresses=[home("12 North  Main Street ")],
            former_names=[name("Vega", "Lucia")],
            time_zone="America/Denver",
        ),
    )
    assert desk.call("GetPatient", pb.GetPatientRequest(patient_id=made.patient_id)) == made
    assert [point.value for point in made.contact_points] == ["+13035550111", "lucia@example.org"]
    assert list(made.addresses[0].address.lines) == ["12 North Main Street"]
    assert mrn.is_valid(made.mrn)
    assert (made.version, made.guarantor_id, made.active, made.language) == (1, made.patient_id, True, "en")
    [event] = registry.events(tenant, events_pb2.PatientRegistered)
    assert (event.patient.patient_id, event.patient.mrn, event.patient.state) == (made.patient_id, made.mrn, "CO")
    assert (event.patient.version, event.patient.guarantor_id) == (1, made.patient_id)


def test_a_likely_duplicate_is_returned_and_nothing_is_saved(registry, tenant, desk):
    """The second Lucia is not made: the answer says who is on file, how likely, and why."""
    first = register(desk, contact_points=[mobile("303-555-0112")])
    again = desk.call(
        "RegisterPatient", pb.RegisterPatientRequest(patient=person(contact_points=[mobile("3035550112")]))
    )
    assert not again.registered
    assert not again.HasField("patient")
    [candidate] = again.likely_duplicates
    assert (candidate.patient.patient_id, candidate.grade) == (first.patient_id, pb.MATCH_GRADE_CERTAIN)
    assert {"same birth date", "same phone number"} <= set(candidate.reasons)
    assert len(registry.events(tenant, events_pb2.PatientRegistered)) == 1
    assert found(desk, "ortega") == [first.patient_id]


def test_two_desks_that_register_the_same_person_at_once_make_one(registry, tenant, desk):
    """Of eight desks one files the person; each of the others is told of that record."""
    request = pb.RegisterPatientRequest(patient=person(contact_points=[mobile("3035550113")]))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.call("RegisterPatient", request), range(8)))
    [made] = [answer.patient.patient_id for answer in answers if answer.registered]
    told = {one.patient.patient_id for answer in answers if not answer.registered for one in answer.likely_duplicates}
    assert told == {made}
    assert len(registry.events(tenant, events_pb2.PatientRegistered)) == 1


def test_a_reviewed_duplicate_is_saved_and_told_apart(desk):
    """Whoever was looked at and told apart does not stop the registration, and is not on the review list."""
    first = register(desk)
    request = pb.RegisterPatientRequest(patient=person(), reviewed_patient_ids=[first.patient_id])
    second = desk.call("RegisterPatient", request)
    assert second.registered
    assert not desk.call("ListDuplicates", pb.ListDuplicatesRequest()).pairs


def test_an_accepted_duplicate_is_saved_and_put_on_the_review_list(desk):
    """Saved unseen, it waits for somebody to look at it; once told apart it is gone."""
    first, second = register(desk), register(desk)
    [pair] = desk.call("ListDuplicates", pb.ListDuplicatesRequest()).pairs
    assert {pair.first.patient_id, pair.second.patient_id} == {first.patient_id, second.patient_id}
    assert pair.grade == pb.MATCH_GRADE_LIKELY
    assert pair.reasons
    both = pb.DismissDuplicateRequest(patient_id=second.patient_id, other_patient_id=first.patient_id)
    desk.call("DismissDuplicate", both)
    desk.call("DismissDuplicate", both)
    assert not desk.call("ListDuplicates", pb.ListDuplicatesRequest(patient_id=first.patient_id)).pairs


def test_twins_are_registered_without_a_warning(desk):
    """Same birth date, house and phone, another given name: nobody is stopped."""
    register(desk, contact_points=[mobile("303-555-0113")], addresses=[home("9 Elm St")])
    twin = person(given="Sofia", contact_points=[mobile("303-555-0113")], addresses=[home("9 Elm St")])
    assert desk.call("RegisterPatient", pb.RegisterPatientRequest(patient=twin)).registered
    candidates = desk.call("CheckDuplicates", pb.CheckDuplicatesRequest(patient=person(given="Elena"))).candidates
    assert all(one.grade in (pb.MATCH_GRADE_POSSIBLE, pb.MATCH_GRADE_UNLIKELY) for one in candidates)


@pytest.mark.parametrize(
    "slip",
    [
        {"born": "1988-09-03"},
        {"born": "1988-03-08"},
        {"born": "1978-03-09"},
        {"given": "Lucy", "contact_points": [mobile("303-555-0114")]},
        {"family": "Miller", "contact_points": [mobile("303-555-0114")]},
        {"family": "Ortaga"},
    ],
)
def test_a_slip_of_the_keyboard_hides_no_duplicate(desk, slip):
    """Day and month exchanged, a wrong digit or year, another spelling, a married name: each is found by some key."""
    first = register(desk, contact_points=[mobile("303-555-0114")])
    answer = desk.call("RegisterPatient", pb.RegisterPatientRequest(patient=person(**slip)))
    assert [one.patient.patient_id for one in answer.likely_duplicates] == [first.patient_id]


def test_the_same_key_gives_the_same_patient(registry, tenant, desk):
    """A double click registers once."""
    request = pb.RegisterPatientRequest(patient=person())
    one, other = (desk.call("RegisterPatient", request, key="click") for _ in range(2))
    assert one == other
    assert len(registry.events(tenant, events_pb2.PatientRegistered)) == 1


def test_quick_registration_takes_four_things(registry, tenant, desk):
    """Name, birth date, phone, payer; the coverage says that its member id is still lacking."""
    answer = desk.call(
        "QuickRegister",
        pb.QuickRegisterRequest(
            name=name("Vega", "Ana"),
            birth_date=day("1990-05-01"),
            phone="303 555 0115",
            payer_code="COMM1",
            payer_name="Blue Ridge",
        ),
    )
    patient = answer.patient
    [coverage] = desk.call("ListCoverages", pb.ListCoveragesRequest(patient_id=patient.patient_id)).coverages
    assert (coverage.payer_code, coverage.priority, list(coverage.lacking)) == ("COMM1", 1, ["member_id"])
    assert patient.payer_hint == "Blue Ridge"
    [event] = registry.events(tenant, events_pb2.CoverageChanged)
    assert (event.coverage_id, event.payer_code, event.active) == (coverage.coverage_id, "COMM1", True)
    again = desk.call(
        "QuickRegister",
        pb.QuickRegisterRequest(name=name("Vega", "Ana"), birth_date=day("1990-05-01"), phone="3035550115"),
    )
    assert [one.patient.patient_id for one in again.likely_duplicates] == [patient.patient_id]


def test_every_problem_of_a_form_is_said_at_once(desk):
    """Nothing is saved, and each wrong field is named."""
    wrong = person(born="2026-03-03", contact_points=[mobile("12345"), email("nobody")], time_zone="Mars/Olympus")
    with pytest.raises(Exception) as refused:
        desk.call("RegisterPatient", pb.RegisterPatientRequest(patient=wrong))
    assert [violation.field for violation in refused.value.violations] == [
        "patient.birth_date", "patient.contact_points[0].value", "patient.contact_points[1].value", "patient.time_zone",
    ]  # fmt: skip
    with expect_error("INVALID_INPUT", field="patient.birth_date"):
        desk.call("RegisterPatient", pb.RegisterPatientRequest(patient=person(born="1988-02-30")))
    with expect_error("INVALID_INPUT"):
        register(desk, person(given="Lu\x00cia"))
    with expect_error("INVALID_INPUT", field="patient.name.family"):
        register(desk, person(family="O" * 1_000_000))
    assert found(desk, "ortega") == []


# --- changing ---------------------------------------------------------------------------------------------------------


def test_only_masked_fields_change_and_the_change_is_announced(registry, tenant, desk):
    """What is not named stays; the version rises by one and everybody hears of it once."""
    made = register(desk, contact_points=[mobile("303-555-0116")])
    after = update(desk, made.patient_id, ["language", "preferred_name"], language="es", preferred_name="Lu", sex=2)
    assert (after.language, after.preferred_name, after.sex) == ("es", "Lu", types_pb2.SEX_FEMALE)
    assert after.contact_points == made.contact_points
    assert after.version == 2
    [event] = registry.events(tenant, events_pb2.PatientChanged)
    assert (event.patient.version, event.patient.language) == (2, "es")
    assert update(desk, made.patient_id, ["language"], language="es").version == 2, "the same again changes nothing"


def test_a_stale_change_is_refused(desk):
    """Whoever saw an older version reads again first."""
    made = register(desk)
    update(desk, made.patient_id, ["language"], made.version, language="es")
    with expect_error("STALE_VERSION"):
        update(desk, made.patient_id, ["language"], made.version, language="fr")


@pytest.mark.parametrize("paths", [["name"], ["birth_date"], ["colour"], []])
def test_a_mask_that_cannot_be_is_refused(desk, paths):
    """Name and birth date cannot be taken away; unknown fields and an empty mask are errors."""
    made = register(desk)
    with expect_error("INVALID_INPUT"):
        update(desk, made.patient_id, paths)


def test_a_patient_may_change_contact_but_not_identity(registry, tenant, desk):
    """The portal takes a new phone number; for a new name somebody has to see a document."""
    made = register(desk)
    portal = registry.client(tenant, patient_ids=[made.patient_id])
    after = update(portal, made.patient_id, ["contact_points"], contact_points=[mobile("303-555-0117")])
    assert after.contact_points[0].value == "+13035550117"
    assert found(desk, "0117") == [made.patient_id]
    with expect_error("PERMISSION_DENIED"):
        update(portal, made.patient_id, ["name"], name=name("Vega", "Lucia"))


def test_a_changed_name_is_found_and_the_old_one_is_not_unless_kept(desk):
    """What people are found by follows what is known of them."""
    made = register(desk)
    update(desk, made.patient_id, ["name"], name=name("Miller", "Lucia"))
    assert found(desk, "miller,lu") == [made.patient_id]
    assert found(desk, "ortega") == []
    update(desk, made.patient_id, ["former_names"], former_names=[name("Ortega", "Lucia")])
    assert found(desk, "ortega") == [made.patient_id]


def test_a_corrected_birth_date_takes_the_pair_off_the_review_list(desk):
    """When two records no longer look alike nobody has to look at them."""
    register(desk)
    second = register(desk)
    assert desk.call("ListDuplicates", pb.ListDuplicatesRequest()).pairs
    update(desk, second.patient_id, ["birth_date"], birth_date=day("1951-11-30"))
    assert not desk.call("ListDuplicates", pb.ListDuplicatesRequest()).pairs


def test_two_patients_are_compared(desk):
    """The score of a pair on file comes with its reasons; oneself and strangers cannot be compared."""
    one, other = register(desk), register(desk, person(given="Sofia"))
    request = pb.ComparePatientsRequest(patient_id=one.patient_id, other_patient_id=other.patient_id)
    match = desk.call("ComparePatients", request)
    assert match.reasons[0].startswith("may be twins")
    with expect_error("INVALID_INPUT"):
        desk.call(
            "ComparePatients", pb.ComparePatientsRequest(patient_id=one.patient_id, other_patient_id=one.patient_id)
        )
    with expect_error("NOT_FOUND"):
        desk.call(
            "ComparePatients", pb.ComparePatientsRequest(patient_id=one.patient_id, other_patient_id=str(uuid4()))
        )


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def smiths(desk):
    """People with names alike; by given name."""
    people = [
        person("Smith", "John", "1970-04-05", contact_points=[mobile("303-555-0123")]),
        person("Smith", "Joanna", "1982-01-01", contact_points=[mobile("720-555-0188"), email("jo@example.org")]),
        person("Smithers", "Joseph", "1990-12-31"),
        person("Smyth", "William", "1970-04-05", former_names=[name("Schmidt", "William")]),
        person("García-López", "Ana María", "2001-06-07", preferred_name="Anita"),
        person("Johns", "Smitty", "1960-01-02"),
    ]
    made = {one.name.given: register(desk, one) for one in people}
    add_coverage(desk, made["Joanna"].patient_id, member_id="BRH-777 123")
    return made


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("smi,jo", ["Joanna", "John", "Joseph"]),
        ("smith,jo", ["Joanna", "John", "Joseph"]),
        ("john smith", ["John"]),
        ("smith john", ["John"]),
        ("smi", ["Joanna", "John", "Joseph", "Smitty"]),
        (",jo", ["Joanna", "John", "Joseph"]),
        ("smyth, bill", ["William"]),
        ("schmidt", ["William"]),
        ("040570", ["John", "William"]),
        ("4/5/1970", ["John", "William"]),
        ("smith 1970-04-05", ["John"]),
        ("0123", ["John"]),
        ("(720) 555-0188", ["Joanna"]),
        ("555-0188", ["Joanna"]),
        ("jo@example.org", ["Joanna"]),
        ("BRH777", ["Joanna"]),
        ("brh777123", ["Joanna"]),
        ("garcia", ["Ana María"]),
        ("lopez", ["Ana María"]),
        ("lópez, ana", ["Ana María"]),
        ("garcialopez,anita", ["Ana María"]),
        ("ana garcía", ["Ana María"]),
        ("nobody", []),
        ("smi,jo 0188", ["Joanna"]),
    ],
)
def test_people_are_found_as_the_desk_types(desk, smiths, typed, expected):
    """Each person once, best fit first, then by name."""
    givens = {one.patient_id: given for given, one in smiths.items()}
    answer = [givens[patient_id] for patient_id in found(desk, typed)]
    assert answer == expected if "," in typed or len(expected) < 2 else sorted(answer) == sorted(expected)


def test_a_record_number_is_found_by_its_digits(desk, smiths):
    """With or without letter and zeros."""
    made = smiths["John"]
    for typed in (made.mrn, made.mrn.lower(), made.mrn[1:].lstrip("0")):
        assert made.patient_id in found(desk, typed)


def test_pages_hold_everybody_once(desk, smiths):
    """Going through pages of one gives the whole list, in the same order, nobody twice."""
    whole = found(desk, "smi")
    paged, token = [], ""
    while True:
        page = search(desk, "smi", page_size=1, page_token=token)
        paged += [one.patient_id for one in page.patients]
        token = page.next_page_token
        if not token:
            break
    assert paged == whole
    with expect_error("INVALID_INPUT", field="page_token"):
        search(desk, "smi", page_token="nonsense")
    with expect_error("INVALID_INPUT", field="query"):
        search(desk, "…")


def test_a_search_tells_the_least(desk, smiths):
    """Enough to tell two people apart, not how to reach or bill them."""
    [one] = search(desk, "joanna smith").patients
    assert one.phone_last_four == "0188"
    assert set(pb.PatientSummary.DESCRIPTOR.fields_by_name) == {
        "patient_id", "mrn", "name", "preferred_name", "birth_date", "sex", "phone_last_four", "city", "deceased", "active",
    }  # fmt: skip


def test_a_search_sees_all_locations_of_the_tenant_and_no_other_tenant(registry, tenant, smiths):
    """Somebody who works at one location finds everybody, so that no second record is made there."""
    elsewhere = registry.client(tenant, ["patient.search"], location_ids=[uuid4()])
    assert len(found(elsewhere, "smith,jo")) == 3
    assert found(registry.client(registry.tenant(), ["patient.search"]), "smith,jo") == []
