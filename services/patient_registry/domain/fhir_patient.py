"""FHIR R4 Patient: read into demographics, and written from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from patient_registry.domain import fhir_elements as elements
from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.names import without_digits
from patient_registry.domain.people import Demographics, Identifier, Name, Sex
from patient_registry.domain.problems import Problem

SSN_SYSTEM = "http://hl7.org/fhir/sid/us-ssn"
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
TIME_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"
# Numbers of documents of the state: worth stealing, and of no use to a clinic's front desk.
_NOT_KEPT_TYPES = frozenset({"SS", "DL", "PPN", "TAX", "BRN"})
_NAME_ORDER = ("official", "usual", "", "temp", "anonymous")
_FORMER_USES = frozenset({"maiden", "old"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LONGEST_PREFERRED = 35


@dataclass(frozen=True, slots=True)
class PatientReading:
    """What a Patient resource says. `problems` forbid keeping it; `remarks` name what was left out."""

    demographics: Demographics | None
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]
    # RelatedPerson resources that stand for this same person (Patient.link, "seealso").
    same_as: tuple[str, ...]


def read(resource: Resource) -> PatientReading:
    """Reads a Patient resource. Expressions of problems begin below the resource: ``name[0].family``."""
    problems: list[Problem] = []
    name, former, preferred = _names(resource, problems)
    birth_date = elements.day(resource.get("birthDate"))
    if birth_date is None:
        problems.append(Problem("birthDate", "a whole birth date (year, month, day) is needed"))
    if resource.get("gender", "unknown") not in set(Sex):
        problems.append(Problem("gender", "must be male, female, other or unknown"))
    addresses, remarks = elements.addresses(resource.get("address", []), "address")
    points, more = elements.telecom(resource.get("telecom", []), "telecom")
    deceased_on = elements.day(resource.get("deceasedDateTime"))
    links = tuple(
        link["other"]["reference"]
        for link in resource.get("link", [])
        if link.get("type") == "seealso" and link.get("other", {}).get("reference")
    )
    if name is None or birth_date is None:
        return PatientReading(None, tuple(problems), (*remarks, *more), links)
    language, interpreter = _language(resource)
    person = Demographics(
        name=name,
        birth_date=birth_date,
        sex=_sex(resource.get("gender")),
        preferred_name=preferred[:_LONGEST_PREFERRED],
        former_names=former,
        language=language,
        interpreter_needed=interpreter,
        time_zone=_extension(resource, TIME_ZONE).get("valueCode", ""),
        addresses=addresses,
        contact_points=points,
        ssn_last_four=_ssn_last_four(resource),
        deceased=bool(resource.get("deceasedBoolean")) or "deceasedDateTime" in resource,
        deceased_on=deceased_on,
        active=resource.get("active", True),
        identifiers=identifiers(resource),
    )
    return PatientReading(None if problems else person, tuple(problems), (*remarks, *more), links)


def identifiers(resource: Resource) -> tuple[Identifier, ...]:
    """The identifiers that are kept: with system and value, none of them a document of the state."""
    return tuple(
        Identifier(element["system"][:255], element["value"][:255])
        for element in resource.get("identifier", [])
        if element.get("system")
        and element.get("value")
        and element["system"] != SSN_SYSTEM
        and not elements.codes(element.get("type")) & _NOT_KEPT_TYPES
    )


def mrn_system(tenant_id: UUID) -> str:
    """The identifier system of this organisation's own medical record numbers."""
    return f"urn:polyclinic:{tenant_id}:mrn"


@dataclass(frozen=True, slots=True)
class Kept:
    """A patient on file, as far as the resource shows it."""

    patient_id: UUID
    tenant_id: UUID
    mrn: str
    person: Demographics
    version: int
    updated_at: datetime
    merged_into: UUID | None = None


def write(kept: Kept) -> dict[str, Any]:
    """The Patient resource (R4, as JSON values) of somebody on file. The social security number is never shown."""
    person = kept.person
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": str(kept.patient_id),
        "meta": {"versionId": str(kept.version), "lastUpdated": kept.updated_at.isoformat(timespec="milliseconds")},
        "identifier": [
            {
                "use": "usual",
                "type": {"coding": [{"system": elements.IDENTIFIER_TYPES, "code": "MR"}]},
                "system": mrn_system(kept.tenant_id),
                "value": kept.mrn,
            },
            *({"system": i.system, "value": i.value} for i in person.identifiers),
        ],
        "active": person.active,
        "name": [elements.fhir_name(person.name, "official")],
        "gender": person.sex.value,
        "birthDate": person.birth_date.isoformat(),
        "communication": [
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": person.language}]}, "preferred": True}
        ],
    }
    if person.preferred_name:
        resource["name"].append({"use": "nickname", "given": [person.preferred_name]})
    resource["name"].extend(elements.fhir_name(name, "old") for name in person.former_names)
    if telecom := elements.fhir_telecom(person.contact_points):
        resource["telecom"] = telecom
    if person.addresses:
        resource["address"] = [elements.fhir_address(address) for address in person.addresses]
    if person.deceased_on:
        resource["deceasedDateTime"] = person.deceased_on.isoformat()
    elif person.deceased:
        resource["deceasedBoolean"] = True
    if extensions := _extensions(person):
        resource["extension"] = extensions
    if kept.merged_into:
        resource["link"] = [{"other": {"reference": f"Patient/{kept.merged_into}"}, "type": "replaced-by"}]
    return resource


def searchset(
    resources: list[tuple[UUID, Mapping[str, Any]]],
    base_url: str,
    self_query: str,
    next_query: str,
    *,
    total: int | None = None,
) -> dict[str, Any]:
    """A searchset Bundle of patients; `self_query` and `next_query` are URL query strings, the latter "" on the last page.

    `total` is how many there are on all pages, None when that was not counted.
    """
    base = base_url.rstrip("/")
    links = [{"relation": "self", "url": f"{base}/Patient?{self_query}" if self_query else f"{base}/Patient"}]
    if next_query:
        links.append({"relation": "next", "url": f"{base}/Patient?{next_query}"})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if total is not None:
        bundle["total"] = total
    if resources:
        bundle["entry"] = [
            {"fullUrl": f"{base}/Patient/{patient_id}", "resource": resource, "search": {"mode": "match"}}
            for patient_id, resource in resources
        ]
    return bundle


def _names(resource: Resource, problems: list[Problem]) -> tuple[Name | None, tuple[Name, ...], str]:
    """The name in use, former names that can be kept, and what the person likes to be called."""
    listed = list(enumerate(resource.get("name", [])))
    current = [(i, n) for i, n in listed if n.get("use", "") in _NAME_ORDER and not _ended(n)]
    current.sort(key=lambda pair: _NAME_ORDER.index(pair[1].get("use", "")))
    former = [(i, n) for i, n in listed if n.get("use") in _FORMER_USES or _ended(n)]
    nicknames = [n["given"][0] for _, n in listed if n.get("use") == "nickname" and n.get("given")]
    if not current:
        problems.append(Problem("name", "a name in use (not only a former one) is needed"))
        return None, (), ""
    index, element = current[0]
    name = elements.human_name(element)
    found = elements.check_name(name, f"name[{index}]")
    problems.extend(found)
    earlier = []
    for i, n in former:
        old = elements.human_name({**n, "given": n.get("given") or element.get("given", [])})
        if not elements.check_name(old, f"name[{i}]"):
            earlier.append(old)
    return (None if found else name), tuple(earlier[:10]), without_digits(nicknames[0]) if nicknames else ""


def _ended(name: Resource) -> bool:
    return bool(name.get("period", {}).get("end"))


def _sex(gender: str | None) -> Sex:
    return Sex(gender) if gender in set(Sex) else Sex.UNKNOWN


def _language(resource: Resource) -> tuple[str, bool]:
    """The preferred language as BCP 47 ("en" when none is said), and whether an interpreter is needed."""
    spoken = sorted(resource.get("communication", []), key=lambda element: not element.get("preferred"))
    interpreter = bool(_extension(resource, INTERPRETER).get("valueBoolean"))
    for element in spoken:
        for coding in element.get("language", {}).get("coding", []):
            if _LANGUAGE.fullmatch(coding.get("code") or ""):
                return coding["code"], interpreter
    return "en", interpreter


def _ssn_last_four(resource: Resource) -> str:
    for element in resource.get("identifier", []):
        if element.get("system") == SSN_SYSTEM:
            digits = "".join(filter(str.isdecimal, element.get("value") or ""))
            if len(digits) == 9:
                return digits[-4:]
    return ""


def _extension(resource: Resource, url: str) -> Resource:
    return next((extension for extension in resource.get("extension", []) if extension.get("url") == url), {})


def _extensions(person: Demographics) -> list[dict[str, Any]]:
    extensions: list[dict[str, Any]] = []
    if person.interpreter_needed:
        extensions.append({"url": INTERPRETER, "valueBoolean": True})
    if person.time_zone:
        extensions.append({"url": TIME_ZONE, "valueCode": person.time_zone})
    return extensions
