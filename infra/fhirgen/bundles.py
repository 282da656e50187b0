"""A family as a FHIR R4 bundle: Patient, RelatedPerson, Coverage, with `urn:uuid` references."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from infra.fhirgen.families import Family, Member, Policy
from infra.fhirgen.words import PAYERS

NAMESPACE = UUID("6f0a7f0e-5d0e-5d39-9a53-3d3f1a6f7c11")
PEOPLE_SYSTEM = "https://fhirgen.example.org/people"
PAYER_SYSTEM = "urn:polyclinic:payer"
_IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_ROLE_CODES = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_PARENT_CODES = {"female": ("MTH", "mother"), "male": ("FTH", "father")}

Json = dict[str, Any]


def bundle(family: Family, seed: int, as_of: date) -> Json:
    """The bundle of one family. Every fifth is a collection, the others are transactions."""
    collection = family.number % 5 == 0
    resources: list[tuple[str, Json]] = [
        (_patient_url(seed, one), _patient(family, one, seed)) for one in family.members
    ]
    resources += [
        (_relation_url(seed, patient, related), _related_person(family, patient, related, code, display, seed))
        for patient, related, code, display in _relations(family)
    ]
    resources += [
        (_url(seed, "coverage", member.key, policy.payer, str(policy.order)), _coverage(member, policy, seed))
        for member in family.members
        for policy in member.policies
    ]
    entries: list[Json] = []
    for url, resource in resources:
        entry: Json = {"fullUrl": url, "resource": {**resource, "id": url.removeprefix("urn:uuid:")}}
        if not collection:
            entry["request"] = {"method": "POST", "url": resource["resourceType"]}
        entries.append(entry)
    return {
        "resourceType": "Bundle",
        "id": str(_uuid(seed, "bundle", str(family.number))),
        "type": "collection" if collection else "transaction",
        "timestamp": f"{as_of.isoformat()}T00:00:00Z",
        "entry": entries,
    }


def _uuid(seed: int, *parts: str) -> UUID:
    return uuid5(NAMESPACE, "/".join((str(seed), *parts)))


def _url(seed: int, *parts: str) -> str:
    return f"urn:uuid:{_uuid(seed, *parts)}"


def _patient_url(seed: int, member: Member) -> str:
    return _url(seed, "patient", member.key)


def _relation_url(seed: int, patient: Member, related: Member) -> str:
    return _url(seed, "related", patient.key, related.key)


def _relations(family: Family) -> list[tuple[Member, Member, str, str]]:
    """(patient, related person, role code, display): parents of the children, partners of each other."""
    found = []
    for child in family.children:
        found += [(child, parent, *_PARENT_CODES[parent.sex]) for parent in family.adults]
    if len(family.adults) == 2:
        one, other = family.adults
        found += [(one, other, "SPS", "spouse"), (other, one, "SPS", "spouse")]
    return found


def _patient(family: Family, member: Member, seed: int) -> Json:
    identifiers: list[Json] = [
        {
            "use": "usual",
            "type": {"coding": [{"system": _IDENTIFIER_TYPES, "code": "MR", "display": "Medical record number"}]},
            "system": PEOPLE_SYSTEM,
            "value": f"{seed}-{member.key}",
        }
    ]
    if member.ssn:
        identifiers.append(
            {
                "type": {"coding": [{"system": _IDENTIFIER_TYPES, "code": "SS"}]},
                "system": "http://hl7.org/fhir/sid/us-ssn",
                "value": member.ssn,
            }
        )
    names: list[Json] = [{"use": "official", "family": member.family, "given": _given(member)}]
    if member.maiden_name:
        names.append({"use": "maiden", "family": member.maiden_name, "given": _given(member)})
    display = {"en": "English", "es": "Spanish"}[family.language]
    patient: Json = {
        "resourceType": "Patient",
        "identifier": identifiers,
        "active": True,
        "name": names,
        "gender": member.sex,
        "birthDate": member.birth_date.isoformat(),
        "address": [_address(family)],
        "communication": [
            {
                "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": family.language, "display": display}]},
                "preferred": True,
            }
        ],
    }
    if telecom := _telecom(member):
        patient["telecom"] = telecom
    if member.twin:
        patient["multipleBirthBoolean"] = True
    same = [_relation_url(seed, whose, one) for whose, one, _, _ in _relations(family) if one is member]
    if same:
        # The same human being, once as a patient and once as somebody's relation.
        patient["link"] = [{"other": {"reference": url}, "type": "seealso"} for url in same]
    return patient


def _related_person(family: Family, patient: Member, related: Member, code: str, display: str, seed: int) -> Json:
    roles: list[Json] = [{"coding": [{"system": _ROLE_CODES, "code": code, "display": display}]}]
    if patient.role == "child" and related is family.adults[0]:
        role_class = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
        roles.append({"coding": [{"system": role_class, "code": "GUAR", "display": "guarantor"}]})
    roles.append(
        {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0131",
                    "code": "C",
                    "display": "Emergency Contact",
                }
            ]
        }
    )
    person: Json = {
        "resourceType": "RelatedPerson",
        "active": True,
        "patient": {"reference": _patient_url(seed, patient)},
        "relationship": roles,
        "name": [{"use": "official", "family": related.family, "given": _given(related)}],
        "gender": related.sex,
        "birthDate": related.birth_date.isoformat(),
        "address": [_address(family)],
    }
    if telecom := _telecom(related):
        person["telecom"] = telecom
    return person


def _coverage(member: Member, policy: Policy, seed: int) -> Json:
    public = policy.payer in ("MEDB1", "MCD01")
    coverage: Json = {
        "resourceType": "Coverage",
        "identifier": [
            {
                "type": {"coding": [{"system": _IDENTIFIER_TYPES, "code": "MB", "display": "Member Number"}]},
                "system": f"https://payers.example.org/{policy.payer.lower()}/members",
                "value": policy.member_id,
            }
        ],
        "status": "active",
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": "PUBLICPOL" if public else "EHCPOL",
                    "display": "public healthcare" if public else "extended healthcare",
                }
            ]
        },
        "subscriber": {"reference": _url(seed, "patient", policy.subscriber)},
        "subscriberId": policy.member_id,
        "beneficiary": {"reference": _patient_url(seed, member)},
        "relationship": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/subscriber-relationship",
                    "code": policy.relation,
                    "display": policy.relation.capitalize(),
                }
            ]
        },
        "period": {"start": "2025-01-01"},
        "payor": [{"identifier": {"system": PAYER_SYSTEM, "value": policy.payer}, "display": PAYERS[policy.payer]}],
        "order": policy.order,
    }
    classes = []
    for code, value in (("group", policy.group), ("plan", policy.plan)):
        if value:
            system = "http://terminology.hl7.org/CodeSystem/coverage-class"
            classes.append({"type": {"coding": [{"system": system, "code": code}]}, "value": value})
    if classes:
        coverage["class"] = classes
    return coverage


def _given(member: Member) -> list[str]:
    return [member.given, member.middle] if member.middle else [member.given]


def _telecom(member: Member) -> list[Json]:
    found: list[Json] = []
    if member.phone:
        found.append({"system": "phone", "value": member.phone, "use": member.phone_use, "rank": 1})
    if member.email:
        found.append({"system": "email", "value": member.email})
    return found


def _address(family: Family) -> Json:
    return {
        "use": "home",
        "line": [family.street, family.flat] if family.flat else [family.street],
        "city": family.city.city,
        "state": family.city.state,
        "postalCode": family.postal_code,
        "country": "US",
    }
