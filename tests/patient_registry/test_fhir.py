"""FHIR bundles in, FHIR patients out, through the real service."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient
from infra.fhirgen.__main__ import AS_OF
from infra.fhirgen.bundles import bundle as generated_bundle
from infra.fhirgen.families import families
from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.testing.harness import expect_error
from tests.patient_registry.people import email, home, mobile, person, register

CREATED, UPDATED, UNCHANGED, IGNORED, REFUSED = range(1, 6)
BASE = "https://clinic.example.org/fhir/R4"
SAMPLES = os.environ.get("POLYCLINIC_SAMPLE_DATA", "")
SYNTHEA = sorted(Path(SAMPLES, "synthea").glob("*.json")) if SAMPLES else []
SENT = ("Patient", "Coverage", "RelatedPerson", "Organization", "Claim", "ExplanationOfBenefit")
OF_CLAIMS = (
    "resourceType",
    "id",
    "status",
    "patient",
    "created",
    "billablePeriod",
    "insurance",
    "insurer",
    "contained",
)


@pytest.fixture
def tenant(registry):
    """A tenant of the test's own."""
    return registry.tenant()


@pytest.fixture
def desk(registry, tenant):
    """Somebody who may import."""
    return registry.client(tenant, ["patient.*", "coverage.*", "payer_alias.*"])


def request_of(bundle):
    """A bundle as the gateway passes it on."""
    entries = []
    for index, entry in enumerate(bundle["entry"]):
        resource = entry["resource"]
        if resource.get("resourceType") in ("Claim", "ExplanationOfBenefit"):
            resource = {key: resource[key] for key in OF_CLAIMS if key in resource}
        if resource.get("resourceType", "") in SENT or bundle.get("whole"):
            url = entry.get("fullUrl", "")
            entries.append(pb.FhirEntry(index=index, full_url=url, resource=json.dumps(resource).encode()))
    return pb.ImportFhirRequest(bundle_type=bundle["type"], entries=entries)


def take(client, bundle):
    return client.call("ImportFhir", request_of(bundle))


def statuses(answer):
    return [(one.resource_type, one.status) for one in answer.outcomes]


def counts(answer, status):
    return {one.resource_type: getattr(one, status) for one in answer.counts if getattr(one, status)}


def patient(number="1", **more):
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "https://old.example.org/mrn", "value": number}],
        "name": [{"family": "Wyman904", "given": ["Alfreda634"]}],
        "gender": "female",
        "birthDate": "1980-10-28",
    } | more


def bundle(*resources, kind="transaction"):
    entries = [
        {"fullUrl": f"urn:uuid:{i:08d}-0000-4000-8000-000000000000", "resource": r} for i, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def coverage(beneficiary="urn:uuid:00000000-0000-4000-8000-000000000000", **more):
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": beneficiary},
        "subscriberId": "BRH1",
        "payor": [{"identifier": {"system": "urn:polyclinic:payer", "value": "COMM1"}, "display": "Blue Ridge"}],
    } | more


# --- import -----------------------------------------------------------------------------------------------------------


def family():
    """A generated family with two parents and children who are insured, and their bundle."""
    for one in families(200, 7, AS_OF):
        if len(one.adults) == 2 and one.children and one.children[0].policies and one.number % 5 != 0:
            return one, generated_bundle(one, 7, AS_OF)
    raise AssertionError("two hundred people hold such a family")


def test_a_family_is_taken_with_its_relations_and_coverages(registry, tenant, desk):
    """Children are billed to a parent, parents may act for them, each coverage knows its subscriber."""
    home_of, content = family()
    answer = take(desk, content)
    assert {one.status for one in answer.outcomes} == {CREATED}
    ids = {one.full_url: one.resource_id for one in answer.outcomes}
    patients = [one for one in answer.outcomes if one.resource_type == "Patient"]
    guarantor = patients[0].resource_id
    child = patients[len(home_of.adults)].resource_id
    assert desk.call("GetPatient", pb.GetPatientRequest(patient_id=child)).guarantor_id == guarantor
    relations = desk.call("ListRelations", pb.ListRelationsRequest(patient_id=child)).relations
    assert {one.related_patient_id for one in relations} == {one.resource_id for one in patients[:2]}
    assert all(one.proxy for one in relations), "parents of somebody under age"
    held = desk.call("ListCoverages", pb.ListCoveragesRequest(patient_id=child)).coverages
    for one, policy in zip(held, home_of.children[0].policies, strict=True):
        assert (one.payer_code, one.member_id, one.priority) == (policy.payer, policy.member_id, policy.order)
        assert list(one.lacking) == []
        if policy.relation == "child":
            assert one.subscriber.patient_id in ids.values()
    assert len(registry.events(tenant, events_pb2.PatientRegistered)) == len(home_of.members)


def test_the_same_file_again_changes_nothing(registry, tenant, desk):
    """No second person, no new version, no event."""
    _, content = family()
    first = take(desk, content)
    events = [len(registry.events(tenant, kind)) for kind in (events_pb2.PatientRegistered, events_pb2.PatientChanged)]
    again = take(desk, content)
    assert {one.status for one in again.outcomes} == {UNCHANGED}
    assert [one.resource_id for one in again.outcomes] == [one.resource_id for one in first.outcomes]
    assert events == [
        len(registry.events(tenant, kind)) for kind in (events_pb2.PatientRegistered, events_pb2.PatientChanged)
    ]


def test_a_changed_resource_is_updated_and_keeps_its_record(desk):
    """The same identifier in another file, with another phone: the same patient, one version on."""
    [made] = take(desk, bundle(patient())).outcomes
    moved = patient(telecom=[{"system": "phone", "value": "303-555-0150"}], id="other")
    [after] = take(desk, {**bundle(moved), "entry": [{"fullUrl": "urn:uuid:x", "resource": moved}]}).outcomes
    assert (after.status, after.resource_id) == (UPDATED, made.resource_id)
    found = desk.call("GetPatient", pb.GetPatientRequest(patient_id=made.resource_id))
    assert (found.version, found.contact_points[0].value) == (2, "+13035550150")


@pytest.mark.parametrize("kind", ["transaction", "collection"])
def test_without_identifiers_the_url_or_the_person_recognises_it(desk, kind):
    """By fullUrl; without one by the id, if that is a UUID; else by the id and who it is about."""
    plain = {key: value for key, value in patient().items() if key != "identifier"}
    uuid = plain | {"id": "77c1d4a6-3f0e-4f7e-9d0a-1f2e3d4c5b6a", "birthDate": "1981-01-01"}
    numbered, other = plain | {"id": "1", "birthDate": "1982-01-01"}, plain | {"id": "1", "birthDate": "1983-01-01"}
    content = {"type": kind, "entry": [{"resource": one} for one in (uuid, numbered, other)]}
    content["entry"].append({"fullUrl": "https://old.example.org/fhir/Patient/9", "resource": plain})
    assert [one.status for one in take(desk, content).outcomes] == [CREATED] * 4
    assert [one.status for one in take(desk, deepcopy(content)).outcomes] == [UNCHANGED] * 4


def test_a_broken_resource_refuses_the_whole_transaction(registry, tenant, desk):
    """Every violation is said with its expression, and nothing is kept of the good ones."""
    broken = patient("2", birthDate="1980", name=[{"family": "Wyman"}])
    wrong_type = patient("3", name="Alfreda")
    lost = coverage("Patient/unknown")
    with pytest.raises(Exception) as refused:
        take(desk, bundle(patient(), broken, wrong_type, lost))
    fields = [violation.field for violation in refused.value.violations]
    assert fields == [
        "Bundle.entry[1].resource.name[0].given[0]",
        "Bundle.entry[1].resource.birthDate",
        "Bundle.entry[2].resource.name",
        "Bundle.entry[3].resource.beneficiary.reference",
    ]
    assert registry.events(tenant, events_pb2.PatientRegistered) == []
    assert not desk.call("SearchPatients", pb.SearchPatientsRequest(query="wyman")).patients


def test_in_a_collection_each_entry_has_its_own_outcome(desk):
    """The good are kept, the bad are named, the others are counted."""
    broken = patient("2", birthDate="2999-01-01")
    answer = take(
        desk, {**bundle(patient(), broken, {"resourceType": "Observation"}, kind="collection"), "whole": True}
    )
    assert statuses(answer) == [("Patient", CREATED), ("Patient", REFUSED), ("Observation", IGNORED)]
    assert answer.outcomes[1].issues[0].expression == "Bundle.entry[1].resource.birthDate"
    assert counts(answer, "refused") == {"Patient": 1}
    assert counts(answer, "ignored") == {"Observation": 1}


@pytest.mark.parametrize(
    "garbage",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"resourceType": 7}',
        b"\xff\xfe",
        b"1e999",
        b"",
        b"[" * 100_000,
        b'{"resourceType": "Patient", "id": "\\ud800"}',
        b'{"resourceType": "Patient", "id": "\\u0000"}',
    ],
    ids=range(12),
)
def test_what_is_no_resource_is_refused_clearly(desk, garbage):
    """Anything that is not a JSON object with a type is one issue, never a fault."""
    request = pb.ImportFhirRequest(bundle_type="batch", entries=[pb.FhirEntry(index=4, resource=garbage)])
    [outcome] = desk.call("ImportFhir", request).outcomes
    assert (outcome.status, outcome.issues[0].expression) == (REFUSED, "Bundle.entry[4].resource")


@pytest.mark.parametrize(
    "change",
    [
        {"name": [{"family": "W\u0000yman", "given": ["A"]}]},
        {"name": [{"family": "W" * 1_000, "given": ["A"]}]},
        {"birthDate": "yesterday"},
        {"gender": "f"},
        {"telecom": "303"},
        {"contact": {"x": [[]]}},
        {"identifier": [{"system": "s", "value": 7}]},
        {"resourceType": "Coverage"},
        {"resourceType": "Claim", "patient": 7},
        {"resourceType": "Claim", "patient": {"reference": "x"}, "insurance": [{"coverage": 7}]},
        {
            "resourceType": "Claim",
            "patient": {"reference": "x"},
            "contained": [{"resourceType": "Coverage", "payor": 1}],
        },
        {"resourceType": "Organization", "identifier": 1},
    ],
)
def test_a_resource_that_breaks_its_definition_is_refused(desk, change):
    """Wrong types, unknown codes, control characters, endless names."""
    with expect_error("INVALID_INPUT"):
        take(desk, bundle(patient(**change)))


def test_a_later_part_refers_to_a_patient_of_an_earlier_one(desk):
    """A collection may come in several calls."""
    whole = bundle(patient(), coverage(), kind="collection")
    parts = [{**whole, "entry": whole["entry"][:1]}, {**whole, "entry": whole["entry"][1:]}]
    [made], [covered] = (take(desk, part).outcomes for part in parts)
    assert (covered.status, covered.patient_id) == (CREATED, made.resource_id)


def test_a_card_that_the_desk_entered_is_not_entered_twice(desk):
    """Same payer, same number: the coverage on file is brought up to date."""
    [made] = take(desk, bundle(patient())).outcomes
    request = pb.AddCoverageRequest(
        patient_id=made.resource_id, coverage=pb.CoverageInput(payer_code="COMM1", member_id="brh-1")
    )
    entered = desk.call("AddCoverage", request)
    answer = take(desk, bundle(patient(), coverage()))
    assert (answer.outcomes[1].status, answer.outcomes[1].resource_id) == (UPDATED, entered.coverage_id)


def test_a_taken_place_in_the_order_is_remarked_not_refused(desk):
    """Two cards that both say they are primary: the second is put behind."""
    other = coverage(subscriberId="X9", order=1, payor=[{"display": "Somewhere Mutual"}])
    answer = take(desk, bundle(patient(), coverage(order=1), other))
    assert answer.outcomes[2].issues[0].expression == "Bundle.entry[2].resource.order"
    assert list(answer.outcomes[2].lacking) == ["payer_code"]
    held = desk.call("ListCoverages", pb.ListCoveragesRequest(patient_id=answer.outcomes[0].resource_id)).coverages
    assert [(one.priority, one.payer_name) for one in held] == [(1, "Blue Ridge"), (2, "Somewhere Mutual")]


def claim(text, day="2026-01-05", kind="Claim"):
    return {
        "resourceType": kind,
        "patient": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"},
        "created": f"{day}T10:00:00Z",
        "insurance": [{"focal": True, "coverage": {"display": text}}],
    }


def test_the_coverage_of_claims_is_taken_where_there_is_no_other(desk):
    """The payer mentioned last, by its alias; what is lacking is said; a second time nothing happens."""
    desk.call("SetPayerAlias", pb.SetPayerAliasRequest(text="private", payer_code="COMM1", payer_name="Blue Ridge"))
    content = bundle(
        patient(), claim("medicaid", "2001-01-01"), claim("private"), claim("private", kind="ExplanationOfBenefit")
    )
    answer = take(desk, content)
    assert [one.status for one in answer.outcomes] == [CREATED, IGNORED, CREATED, IGNORED]
    assert list(answer.outcomes[2].lacking) == ["member_id"]
    [held] = desk.call("ListCoverages", pb.ListCoveragesRequest(patient_id=answer.outcomes[0].resource_id)).coverages
    assert (held.payer_code, held.payer_name) == ("COMM1", "Blue Ridge")
    assert take(desk, content).outcomes[2].status == UNCHANGED


def test_no_insurance_is_no_coverage_and_a_mention_never_overrides(desk):
    """Self-pay makes nothing; a claim of another payer does not replace the card on file."""
    assert take(desk, bundle(patient(), claim("no_insurance"))).outcomes[1].status == IGNORED
    answer = take(desk, bundle(patient(), coverage(), claim("Aetna")))
    assert [one.status for one in answer.outcomes] == [UNCHANGED, CREATED, IGNORED]
    assert answer.outcomes[2].issues


def test_likely_duplicates_of_an_import_go_to_the_review_list(desk):
    """An import never merges: somebody looks at it."""
    register(desk, person("Wyman", "Alfreda", "1980-10-28"))
    [made] = take(desk, bundle(patient())).outcomes
    assert made.status == CREATED
    [pair] = desk.call("ListDuplicates", pb.ListDuplicatesRequest(patient_id=made.resource_id)).pairs
    assert pair.grade == pb.MATCH_GRADE_LIKELY


def test_identifiers_of_two_people_are_refused(desk):
    """A resource that claims to be both is nobody."""
    take(desk, bundle(patient("1"), patient("2", birthDate="1990-01-01")))
    both = patient("1", identifier=[{"system": "https://old.example.org/mrn", "value": number} for number in "12"])
    with expect_error("INVALID_INPUT", field="Bundle.entry[0].resource.identifier"):
        take(desk, {"type": "transaction", "entry": [{"fullUrl": "urn:uuid:b", "resource": both}]})


def test_the_same_file_from_many_at_once_makes_each_person_once(registry, tenant, desk):
    """Eight clients send one family at the same time."""
    home_of, content = family()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: take(desk, content), range(8)))
    assert len({tuple(one.resource_id for one in answer.outcomes) for answer in answers}) == 1
    assert len(registry.events(tenant, events_pb2.PatientRegistered)) == len(home_of.members)


def test_a_very_large_file_and_a_small_one_with_the_same_people_make_each_once(registry, tenant, desk):
    """A file of 80 people locks all imports, a small one its own people: one waits for the other."""
    many = bundle(*(patient(str(number), birthDate=f"19{number % 90 + 10}-01-01") for number in range(80)))
    few = many | {"entry": [many["entry"][7], many["entry"][79]]}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda content: take(desk, content), (many, few, many, few)))
    made = [one.resource_id for answer in answers for one in answer.outcomes if one.resource_id]
    assert len(set(made)) == 80
    assert len(registry.events(tenant, events_pb2.PatientRegistered)) == 80


# --- read and search --------------------------------------------------------------------------------------------------


def fhir_search(client, *parameters):
    request = pb.SearchFhirPatientsRequest(
        parameters=[pb.FhirSearchParameter(name=key, value=value) for key, value in parameters], base_url=BASE
    )
    answer = client.call("SearchFhirPatients", request)
    content = json.loads(answer.body.data)
    Bundle.model_validate(content)
    assert [entry["resource"]["id"] for entry in content.get("entry", [])] == list(answer.patient_ids)
    return content


def test_a_patient_is_read_as_fhir(desk):
    """A valid R4 resource with version and time, without anything that is not to be shown."""
    made = register(
        desk,
        person(
            contact_points=[mobile("303-555-0151"), email("lu@example.org")],
            addresses=[home("1 A St")],
            ssn_last_four="7415",
        ),
    )
    answer = desk.call("GetFhirPatient", pb.GetFhirPatientRequest(patient_id=made.patient_id))
    assert (answer.body.content_type, answer.version) == ("application/fhir+json", 1)
    resource = json.loads(answer.body.data)
    Patient.model_validate(resource)
    assert (resource["id"], resource["meta"]["versionId"]) == (made.patient_id, "1")
    assert resource["name"][0]["family"] == "Ortega"
    assert "7415" not in answer.body.data.decode()


def test_what_is_exported_is_recognised_when_it_comes_back(desk):
    """Our own record number in the export names the patient."""
    made = register(desk)
    exported = json.loads(desk.call("GetFhirPatient", pb.GetFhirPatientRequest(patient_id=made.patient_id)).body.data)
    del exported["id"]
    [outcome] = take(desk, {"type": "transaction", "entry": [{"resource": exported}]}).outcomes
    assert outcome.resource_id == made.patient_id
    assert outcome.status in (UPDATED, UNCHANGED)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([("family", "orte")], {"Lucia", "Sofia"}),
        ([("family:exact", "orte")], set()),
        ([("name", "lucia ortega")], {"Lucia"}),
        ([("name", "lu,ana")], {"Lucia", "Ana"}),
        ([("given", "ana"), ("family", "vega")], {"Ana"}),
        ([("birthdate", "1988-03-09")], {"Lucia", "Sofia"}),
        ([("birthdate", "ge1990"), ("birthdate", "lt1991")], {"Ana"}),
        ([("gender", "male")], set()),
        ([("phone", "(303) 555-0152")], {"Lucia"}),
        ([("email", "LU@example.org")], {"Lucia"}),
        ([("identifier", "https://other.example.org|42")], {"Ana"}),
        ([("identifier", "42")], {"Ana"}),
        ([("identifier", "https://wrong.example.org|42")], set()),
    ],
)
def test_fhir_search(desk, parameters, expected):
    """Parameters narrow each other, values of one are alternatives."""
    register(desk, person(contact_points=[mobile("303-555-0152"), email("lu@example.org")]))
    register(desk, person(given="Sofia"))
    register(
        desk,
        person(
            "Vega", "Ana", "1990-05-01", identifiers=[pb.Identifier(system="https://other.example.org", value="42")]
        ),
    )
    content = fhir_search(desk, *parameters)
    assert {entry["resource"]["name"][0]["given"][0] for entry in content.get("entry", [])} == expected


def test_fhir_pages_link_to_the_next(desk):
    """Following the links visits everybody once."""
    people = {register(desk, person(given=f"P{letter}")).patient_id for letter in "ABC"}
    seen, parameters = [], [("family", "ortega"), ("_count", "2")]
    while parameters:
        content = fhir_search(desk, *parameters)
        seen += [entry["resource"]["id"] for entry in content["entry"]]
        following = [link["url"] for link in content["link"] if link["relation"] == "next"]
        query = following[0].partition("?")[2] if following else ""
        parameters = [tuple(pair.split("=")) for pair in query.split("&")] if query else []
    assert seen == sorted(people)
    with expect_error("INVALID_INPUT", field="colour"):
        fhir_search(desk, ("colour", "red"))


def test_search_by_id(desk):
    """By our id; an id that is not ours names nobody."""
    made = register(desk, person())
    register(desk, person("Vega", "Ana"))
    assert [e["resource"]["id"] for e in fhir_search(desk, ("_id", f"{made.patient_id},x"))["entry"]] == [
        made.patient_id
    ]
    assert "entry" not in fhir_search(desk, ("_id", "nobody"))


# --- files of other systems -------------------------------------------------------------------------------------------


if SYNTHEA:

    @pytest.mark.parametrize("path", SYNTHEA, ids=lambda path: path.name)
    def test_synthea_bundles_are_taken_unchanged(desk, path):
        """Each file is one transaction; its person is made once, without digits in the name, with the payer it mentions."""
        desk.call("SetPayerAlias", pb.SetPayerAliasRequest(text="private", payer_code="COMM1"))
        desk.call("SetPayerAlias", pb.SetPayerAliasRequest(text="medicaid", payer_code="MCD01"))
        desk.call("SetPayerAlias", pb.SetPayerAliasRequest(text="medicare", payer_code="MEDB1"))
        content = json.loads(path.read_text())
        people = [entry for entry in content["entry"] if entry["resource"]["resourceType"] == "Patient"]
        answer, again = take(desk, content), take(desk, content)
        assert counts(answer, "created").get("Patient", 0) == len(people)
        assert not counts(answer, "refused")
        assert not counts(again, "created")
        assert not counts(again, "updated")
        for one in answer.outcomes:
            if one.resource_type == "Patient":
                found = desk.call("GetPatient", pb.GetPatientRequest(patient_id=one.resource_id))
                assert not any(character.isdecimal() for character in found.name.family + found.name.given)
                held = desk.call("ListCoverages", pb.ListCoveragesRequest(patient_id=one.resource_id)).coverages
                assert [coverage.payer_code for coverage in held][:1] in (["COMM1"], ["MCD01"], ["MEDB1"], [])
