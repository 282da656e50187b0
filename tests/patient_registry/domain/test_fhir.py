"""FHIR resources are read as they are meant, and written so that they are read back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from fhir.resources.R4B.patient import Patient
from hypothesis import given, settings
from hypothesis import strategies as st

from patient_registry.domain import fhir_coverage, fhir_import, fhir_patient, fhir_related_person, fhir_search, people
from patient_registry.domain.contact_points import ContactKind
from patient_registry.domain.coverage import SubscriberRelation
from patient_registry.domain.fhir_import import Entry, Outcome, Status
from patient_registry.domain.fhir_search import DayRange
from patient_registry.domain.people import AddressUse, Name, Sex
from patient_registry.domain.relations import Relationship
from tests.patient_registry.domain.strategies import people as anybody

TENANT, SOMEBODY = UUID(int=1), UUID(int=2)
ALFREDA = {
    "resourceType": "Patient",
    "identifier": [
        {"system": "https://github.com/synthetichealth/synthea", "value": "3287b938"},
        {"type": {"coding": [{"code": "DL"}]}, "system": "urn:oid:2.16.840.1.113883.4.3.25", "value": "S99958856"},
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-98-7415"},
    ],
    "name": [
        {"use": "maiden", "family": "Deckow112", "given": ["Alfreda634"]},
        {"use": "official", "family": "Wyman904", "given": ["Alfreda634", "Jo"], "prefix": ["Mrs."]},
    ],
    "telecom": [{"system": "phone", "value": "555-397-1190", "use": "home"}],
    "gender": "female",
    "birthDate": "1980-10-28",
    "address": [
        {
            "line": ["924 Osinski Meadow"],
            "city": "Wilmington",
            "state": "Massachusetts",
            "postalCode": "01887-1234",
            "country": "US",
        }
    ],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en-US"}]}}],
}


def test_a_patient_is_read():
    """Digits in names go, the maiden name is kept as former, the state gets its code, the number is taken as a mobile."""
    reading = fhir_patient.read(ALFREDA)
    person = reading.demographics
    assert reading.problems == ()
    assert person.name == Name("Wyman", "Alfreda", "Jo", "Mrs.")
    assert person.former_names == (Name("Deckow", "Alfreda"),)
    assert (person.birth_date, person.sex, person.language) == (date(1980, 10, 28), Sex.FEMALE, "en-US")
    assert (person.addresses[0].state, person.addresses[0].postal_code) == ("MA", "018871234")
    assert [(point.kind, point.value) for point in person.contact_points] == [(ContactKind.MOBILE, "+15553971190")]


def test_only_the_last_four_of_the_social_security_number_are_kept_and_no_licence():
    """Numbers of documents of the state do not reach the file."""
    person = fhir_patient.read(ALFREDA).demographics
    assert person.ssn_last_four == "7415"
    assert [identifier.value for identifier in person.identifiers] == ["3287b938"]
    assert "99958856" not in str(person)


@pytest.mark.parametrize(
    ("change", "expression"),
    [
        ({"birthDate": "1980"}, "birthDate"),
        ({"birthDate": None}, "birthDate"),
        ({"name": []}, "name"),
        ({"name": [{"use": "old", "family": "X", "given": ["Y"]}]}, "name"),
        ({"name": [{"family": "Wyman"}]}, "name[0].given[0]"),
        ({"name": [{"given": ["Alfreda"]}]}, "name[0].family"),
        ({"name": [{"family": "9", "given": ["1"]}]}, "name[0].family"),
        ({"name": [{"family": "W" * 61, "given": ["A"]}]}, "name[0].family"),
    ],
)
def test_what_cannot_be_kept_is_said_with_its_expression(change, expression):
    """Each thing that is missing or impossible is named where it stands."""
    reading = fhir_patient.read({key: value for key, value in (ALFREDA | change).items() if value is not None})
    assert reading.demographics is None
    assert expression in [problem.field for problem in reading.problems]


def test_what_is_left_out_is_remarked():
    """A phone that is none and an address abroad do not stop the import, and are not dropped in silence."""
    reading = fhir_patient.read(
        ALFREDA
        | {
            "telecom": [
                {"system": "phone", "value": "ask at reception"},
                {"system": "email", "value": "A@Example.org"},
            ],
            "address": [
                {"city": "Montréal", "country": "CA"},
                {"city": "Denver", "state": "Colorado", "type": "postal"},
            ],
        }
    )
    assert [remark.field for remark in reading.remarks] == ["address[0]", "telecom[0].value"]
    assert [point.value for point in reading.demographics.contact_points] == ["a@example.org"]
    assert [(a.state, a.use) for a in reading.demographics.addresses] == [("CO", AddressUse.MAILING)]


@given(anybody)
@settings(max_examples=60)
def test_what_is_written_is_valid_r4_and_read_back(person):
    """Every person on file is a valid Patient resource, from which the same person is read."""
    settled, problems = people.settle(person, date(2026, 3, 2))
    assert problems == []
    kept = fhir_patient.Kept(SOMEBODY, TENANT, "M00000018", settled, 3, datetime(2026, 3, 2, 12, tzinfo=UTC))
    resource = json.loads(json.dumps(fhir_patient.write(kept)))
    Patient.model_validate(resource)
    again = fhir_patient.read(resource).demographics
    for element in ("name", "birth_date", "sex", "language", "former_names", "deceased"):
        assert getattr(again, element) == getattr(settled, element), element
    assert [a.lines for a in again.addresses] == [a.lines for a in settled.addresses]
    assert {p.value for p in again.contact_points} == {p.value for p in settled.contact_points}
    if settled.ssn_last_four:
        assert "us-ssn" not in json.dumps(resource)


def coverage(**more):
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": "urn:uuid:child"},
        "subscriber": {"reference": "urn:uuid:mother"},
        "subscriberId": "BRH123456789",
        "relationship": {"coding": [{"code": "child"}]},
        "payor": [{"identifier": {"system": "urn:polyclinic:payer", "value": "COMM1"}, "display": "Blue Ridge"}],
        "order": 2,
        "class": [{"type": {"coding": [{"code": "group"}]}, "value": "G-77"}],
        "period": {"start": "2025-01-01"},
    } | more


def test_a_coverage_is_read():
    """Payer, number, group, order, period and the child's relation to the subscriber."""
    reading, problems = fhir_coverage.read(coverage(), {})
    assert problems == []
    assert (reading.payer.code, reading.payer.name) == ("COMM1", "Blue Ridge")
    assert (reading.member_id, reading.group_number, reading.priority) == ("BRH123456789", "G-77", 2)
    assert (reading.relation, reading.subscriber) == (SubscriberRelation.CHILD, "urn:uuid:mother")
    assert (reading.start, reading.end, reading.active) == (date(2025, 1, 1), None, True)


def test_the_payer_may_be_an_organization_of_the_bundle():
    """A reference to an Organization gives its name and numbers."""
    organization = Entry(0, "urn:uuid:payer", {"resourceType": "Organization", "id": "o1", "name": "Cascade Mutual"})
    known = fhir_import.organizations([organization])
    for reference in ("urn:uuid:payer", "Organization/o1"):
        reading, _ = fhir_coverage.read(coverage(payor=[{"reference": reference}]), known)
        assert reading.payer.texts == ("Cascade Mutual",)


def test_a_payer_that_is_not_named_is_a_problem_and_self_pay_is_none():
    """No name, no number, no known organisation: refused. The patient as payor: no coverage."""
    reading, problems = fhir_coverage.read(coverage(payor=[{"reference": "Organization/unknown"}]), {})
    assert (reading, [problem.field for problem in problems]) == (None, ["payor[0]"])
    assert fhir_coverage.read(coverage(payor=[{"reference": "urn:uuid:child"}]), {}) == (None, [])
    assert fhir_coverage.read(coverage(payor=[{"display": "NO_INSURANCE"}]), {}) == (None, [])


def claim(kind, day, **more):
    return {
        "resourceType": kind,
        "patient": {"reference": "urn:uuid:p"},
        "created": f"{day}T10:00:00+00:00",
        "insurance": [{"focal": True, "coverage": {"display": "private"}}],
    } | more


def test_a_claim_names_the_coverage_as_text():
    """Beside the reference where there is no more, in the contained coverage where there is one."""
    [hint] = fhir_coverage.hints(claim("Claim", "2019-02-01"))
    assert (hint.payer.texts, hint.seen_on) == (("private",), date(2019, 2, 1))
    contained = {"resourceType": "Coverage", "id": "coverage", "subscriberId": "77", "payor": [{"display": "Aetna"}]}
    [hint] = fhir_coverage.hints(
        claim(
            "ExplanationOfBenefit",
            "2019-02-01",
            contained=[contained],
            insurance=[{"focal": True, "coverage": {"reference": "#coverage", "display": "private"}}],
        )
    )
    assert (hint.payer.texts, hint.member_id) == (("Aetna",), "77")


def test_the_latest_mention_of_a_coverage_counts():
    """A payer of long ago is history."""
    entries = [
        Entry(0, "", claim("Claim", "2001-01-01", insurance=[{"coverage": {"display": "medicaid"}}])),
        Entry(1, "", claim("ExplanationOfBenefit", "2019-02-01")),
        Entry(2, "", claim("Claim", "2010-02-01")),
        Entry(3, "", claim("Claim", "2020-01-01", insurance=[])),
    ]
    assert {index: hint.payer.name for index, hint in fhir_import.coverage_hints(entries).items()} == {1: "private"}


def test_a_related_person_is_read():
    """Relationship, guarantor and emergency contact are told from the codes."""
    reading, problems = fhir_related_person.read(
        {
            "resourceType": "RelatedPerson",
            "patient": {"reference": "Patient/1"},
            "relationship": [{"coding": [{"code": "MTH"}]}, {"coding": [{"code": "GUAR"}, {"code": "C"}]}],
            "name": [{"family": "Ortega", "given": ["Elena"]}],
            "telecom": [{"system": "phone", "value": "303-555-0123", "use": "mobile"}],
        }
    )
    assert problems == []
    assert (reading.relationship, reading.guarantor, reading.proxy, reading.emergency_contact) == (
        Relationship.MOTHER, True, False, True,
    )  # fmt: skip
    assert reading.person.phone == "+13035550123"
    assert [p.field for p in fhir_related_person.read({"resourceType": "RelatedPerson"})[1]] == [
        "patient.reference",
        "name",
    ]


def test_a_resource_is_recognised_by_identifier_url_and_id():
    """Each key that may come again names the resource; without any, what it is about does."""
    url, uuid = "urn:uuid:77c1d4a6-3f0e-4f7e-9d0a-1f2e3d4c5b6a", "77c1d4a6-3f0e-4f7e-9d0a-1f2e3d4c5b6a"
    keys = {(key.system, key.value) for key in fhir_import.identity(Entry(0, url, ALFREDA | {"id": uuid}))}
    assert keys == {
        ("https://github.com/synthetichealth/synthea", "3287b938"),
        (fhir_import.SOURCE_SYSTEM, url),
        (fhir_import.SOURCE_SYSTEM, f"Patient/{uuid}"),
    }
    bare = {key: value for key, value in ALFREDA.items() if key != "identifier"} | {"id": "1"}
    same, other = Entry(0, "", bare), Entry(4, "", bare | {"birthDate": "1981-10-28"})
    assert fhir_import.identity(same) == fhir_import.identity(Entry(9, "", dict(bare)))
    assert fhir_import.identity(same) != fhir_import.identity(other), "Patient/1 of two places are two people"
    asked = fhir_import.identity(Entry(0, url, bare, "identifier=https://a.example.org|7"))
    assert ("https://a.example.org", "7") in {(key.system, key.value) for key in asked}


def test_outcomes_are_counted_and_only_refusals_are_violations():
    """Each type's entries are counted by what became of them."""
    entry = Entry(3, "", ALFREDA)
    bad = fhir_import.outcome(entry, Status.REFUSED, issues=fhir_patient.read({"name": []}).problems)
    outcomes = [fhir_import.outcome(entry, Status.CREATED), bad, Outcome(4, "", "Observation", Status.IGNORED)]
    counts = fhir_import.count(outcomes)
    assert (counts["Patient"].by_status[Status.CREATED], counts["Observation"].by_status[Status.IGNORED]) == (1, 1)
    assert [problem.field for problem in fhir_import.violations(outcomes)] == [
        "Bundle.entry[3].resource.name",
        "Bundle.entry[3].resource.birthDate",
    ]


def test_search_parameters_are_understood():
    """Values of one parameter are alternatives, parameters narrow each other, the links repeat what was asked."""
    query, problems = fhir_search.parse(
        [("family", "Orte,Vega"), ("birthdate", "ge1980"), ("birthdate", "lt1990-02"), ("_count", "5"), ("gender", "")]
    )
    assert problems == []
    assert query.names[0].texts == ("orte", "vega")
    assert query.birth_dates == ((DayRange(date(1980, 1, 1), None),), (DayRange(None, date(1990, 1, 31)),))
    assert query.count == 5
    assert "family=Orte%2CVega" in fhir_search.query_string(query)
    again, _ = fhir_search.parse([("_cursor", fhir_search.query_string(query, SOMEBODY).rpartition("_cursor=")[2])])
    assert again.after == SOMEBODY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"), ("birthdate", "yesterday"), ("birthdate", "1980-13"), ("birthdate", "xx1980"), ("phone", "12"),
        ("gender", "f"), ("_count", "many"), ("_cursor", "?"), ("identifier", "a|"), ("family", "…"), ("_format", "xml"),
        ("_summary", "text"), ("_total", "x"), ("_count", "٣"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_a_problem(name, value):
    """Unknown parameters and bad values are named."""
    assert [problem.field for problem in fhir_search.parse([(name, value)])[1]] == [name]


@pytest.mark.parametrize("name", ["name", "family", "birthdate", "identifier", "_id", "gender", "_count"])
@pytest.mark.parametrize("value", [",", " , ", ",,"])
def test_a_parameter_without_a_value_is_ignored(name, value):
    """FHIR ignores what is empty, and a list of nothing is empty."""
    query, problems = fhir_search.parse([(name, value)])
    assert (query, problems) == (fhir_search.FhirQuery(), [])


@pytest.mark.parametrize(
    ("name", "value", "count"), [("_summary", "count", 0), ("_count", "0", 0), ("_total", "accurate", 50)]
)
def test_a_total_is_counted_when_it_is_asked_for(name, value, count):
    """Of a summary the count alone is shown; nothing is counted for whom did not ask."""
    query, problems = fhir_search.parse([(name, value)])
    assert (query.total, query.count, problems) == (True, count, [])
    assert not fhir_search.parse([("_summary", "false"), ("_total", "none")])[0].total


@given(st.text(max_size=12))
def test_no_date_makes_it_stumble(text):
    """Any text is a range of days or refused."""
    try:
        days = fhir_search.day_range(text)
    except ValueError:
        return
    assert days.first is None or days.last is None or days.first <= days.last


def test_a_replaced_record_says_so():
    """A merged record points to the one that took its place."""
    person = fhir_patient.read(ALFREDA).demographics
    kept = fhir_patient.Kept(
        SOMEBODY, TENANT, "M00000018", replace(person, deceased_on=date(2020, 1, 1)), 1,
        datetime(2026, 3, 2, tzinfo=UTC), merged_into=TENANT,
    )  # fmt: skip
    resource = fhir_patient.write(kept)
    assert resource["link"] == [{"other": {"reference": f"Patient/{TENANT}"}, "type": "replaced-by"}]
    assert resource["deceasedDateTime"] == "2020-01-01"
