"""The generated families are valid, lifelike, and the same each time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date

import pytest
from fhir.resources.R4B.bundle import Bundle
from infra.fhirgen.__main__ import AS_OF, main, write
from infra.fhirgen.bundles import PAYER_SYSTEM, bundle
from infra.fhirgen.families import families

PEOPLE = 260
FAMILIES = list(families(PEOPLE, 7, AS_OF))
BUNDLES = [bundle(family, 7, AS_OF) for family in FAMILIES]
RESOURCES = [entry["resource"] for one in BUNDLES for entry in one["entry"]]


def of_type(name):
    return [resource for resource in RESOURCES if resource["resourceType"] == name]


def test_there_are_as_many_people_as_asked_for():
    """No more, no fewer, whatever the number."""
    assert len(of_type("Patient")) == PEOPLE
    for count in (1, 2, 3, 17):
        assert sum(len(family.members) for family in families(count, 1, AS_OF)) == count


@pytest.mark.parametrize("content", BUNDLES, ids=lambda content: content["id"])
def test_every_bundle_is_valid_r4_and_refers_only_to_itself(content):
    """The outside judge accepts it; each reference names an entry; transactions say how each entry is made."""
    Bundle.model_validate(content)
    urls = {entry["fullUrl"] for entry in content["entry"]}
    assert len(urls) == len(content["entry"])
    references = set(re.findall(r'"reference": "([^"]+)"', json.dumps(content)))
    assert references <= urls
    assert all(("request" in entry) == (content["type"] == "transaction") for entry in content["entry"])


def test_both_kinds_of_bundles_are_made():
    """Most are transactions, some are collections."""
    kinds = Counter(content["type"] for content in BUNDLES)
    assert kinds["transaction"] > kinds["collection"] > 0


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    """And another seed other people."""
    first, again, other = (tmp_path / name for name in ("a", "b", "c"))
    write(first, 40, 7)
    write(again, 40, 7)
    write(other, 40, 8)
    read = {folder: [path.read_bytes() for path in sorted(folder.iterdir())] for folder in (first, again, other)}
    assert read[first] == read[again]
    assert read[first] != read[other]


def test_nobody_can_be_reached():
    """Phones are 555-01xx, e-mail is at example.org, social security numbers are of a range that is never given out."""
    text = json.dumps(RESOURCES)
    phones = [t["value"] for r in RESOURCES for t in r.get("telecom", []) if t["system"] == "phone"]
    assert phones
    assert all(re.fullmatch(r"\d{3}-555-01\d\d", phone) for phone in phones)
    emails = [t["value"] for r in RESOURCES for t in r.get("telecom", []) if t["system"] == "email"]
    assert all(re.fullmatch(r"[a-z0-9.]+@example\.org", email) for email in emails)
    numbers = re.findall(r'us-ssn", "value": "(\d{3})-', text)
    assert numbers
    assert all(number.startswith("9") for number in numbers)


def test_families_live_in_the_three_cities_and_speak_two_languages():
    """Each city has its share; Spanish is spoken by some."""
    places = Counter((r["address"][0]["city"], r["address"][0]["state"]) for r in of_type("Patient"))
    assert set(places) == {("New York", "NY"), ("Denver", "CO"), ("Phoenix", "AZ")}
    assert min(places.values()) > PEOPLE / 6
    languages = Counter(r["communication"][0]["language"]["coding"][0]["code"] for r in of_type("Patient"))
    assert set(languages) == {"en", "es"}


def test_children_have_a_guarantor_and_parents_who_are_patients_too():
    """Each child's relations are its parents, one of whom is billed; the parents' records say that they are the same."""
    linked = {link["other"]["reference"] for r in of_type("Patient") for link in r.get("link", [])}
    for family, content in zip(FAMILIES, BUNDLES, strict=True):
        by_url = {entry["fullUrl"]: entry["resource"] for entry in content["entry"]}
        for child in family.children:
            assert child.age(AS_OF) < 18
            mine = [
                (url, r)
                for url, r in by_url.items()
                if r["resourceType"] == "RelatedPerson"
                and by_url[r["patient"]["reference"]]["name"][0]["given"][0] == child.given
            ]
            codes = [[c["code"] for concept in r["relationship"] for c in concept["coding"]] for _, r in mine]
            assert len(mine) == len(family.adults)
            assert sum("GUAR" in one for one in codes) == 1
            assert {url for url, _ in mine} <= linked
            assert all(adult.age(AS_OF) - child.age(AS_OF) >= 15 for adult in family.adults)


def test_coverage_is_as_in_life():
    """Old people have Medicare, some with a second payer; families share a policy; some pay for themselves."""
    payers = Counter((r["payor"][0]["identifier"]["value"], r["order"]) for r in of_type("Coverage"))
    assert {payer for payer, _ in payers} == {"MEDB1", "MCD01", "COMM1", "COMM2"}
    assert all(r["payor"][0]["identifier"]["system"] == PAYER_SYSTEM for r in of_type("Coverage"))
    assert payers["COMM1", 2] + payers["COMM2", 2] + payers["MCD01", 2] > 0
    members = [member for family in FAMILIES for member in family.members]
    for member in members:
        old = member.age(AS_OF) >= 65
        assert old == any(policy.payer == "MEDB1" for policy in member.policies)
        assert [policy.order for policy in member.policies] == list(range(1, len(member.policies) + 1))
    assert 0 < sum(not member.policies for member in members) < PEOPLE / 4
    for resource in of_type("Coverage"):
        relation = resource["relationship"]["coding"][0]["code"]
        own = resource["subscriber"]["reference"] == resource["beneficiary"]["reference"]
        assert (relation == "self") == own


def test_families_share_phones_and_twins_exist_somewhere():
    """What makes matching and replies hard is in the data."""
    assert any(
        child.phone and child.phone == family.members[0].phone for family in FAMILIES for child in family.children
    )
    many = families(3000, 7, AS_OF)
    assert any(member.twin for family in many for member in family.members)


def test_people_outnumber_the_fictitious_phones_and_some_then_have_none():
    """No number is given to two households."""
    owners: dict[str, set[int]] = {}
    for family in families(3000, 7, AS_OF):
        for member in family.members:
            if member.phone:
                owners.setdefault(member.phone, set()).add(family.number)
    assert max(map(len, owners.values())) == 1


def test_the_command_says_what_it_wrote(tmp_path, capsys):
    """One line with the counts; a senseless number is refused."""
    assert main(["--people", "5", "--seed", "3", "--out", str(tmp_path)]) == 0
    assert "5 Patient" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--people", "0", "--out", str(tmp_path)])


def test_it_needs_no_service():
    """The generator knows FHIR, not this system's code."""
    code = "import sys, infra.fhirgen.__main__; print([m for m in sys.modules if m.split('.')[0] in %r])"
    services = ("chassis", "patient_registry", "gateway", "identity", "billing")
    ran = subprocess.run([sys.executable, "-c", code % (services,)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_ages_are_counted_on_the_day_asked_for():
    """The same people a year later would be others: ages are drawn as of the day."""
    assert all(0 <= m.age(date(2030, 1, 1)) < 100 for f in families(50, 7, date(2030, 1, 1)) for m in f.members)
