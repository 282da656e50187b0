"""Taking in a FHIR bundle: which resource is which record, what refers to what, and what became of each entry.

A resource is recognised by its identifiers (system and value); by the URL it had in its bundle; by its id when that is a
UUID; else by its id together with who it is about. So the same file makes no second record, and a later part of a bundle
may refer to a patient of an earlier part.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from patient_registry.domain import fhir_coverage, fhir_patient
from patient_registry.domain.fhir_coverage import CoverageHint
from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.people import Identifier
from patient_registry.domain.problems import Problem

SOURCE_SYSTEM = "urn:polyclinic:source"
CLAIM_TYPES = frozenset({"Claim", "ExplanationOfBenefit"})
KEPT_TYPES = frozenset({"Patient", "RelatedPerson", "Coverage"})
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


class Status(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the bundle: its position there, its URL, its resource as JSON values."""

    index: int
    full_url: str
    resource: Resource
    if_none_exist: str = ""

    @property
    def resource_type(self) -> str:
        """The type of the resource; "" when it does not say one."""
        return str(self.resource.get("resourceType") or "")

    def expression(self, below: str = "") -> str:
        """The FHIRPath expression of an element of this entry's resource."""
        return f"Bundle.entry[{self.index}].resource" + (f".{below}" if below else "")

    def names(self) -> tuple[str, ...]:
        """Every way in which a reference within the bundle may name this entry."""
        relative = f"{self.resource_type}/{self.resource['id']}" if self.resource.get("id") else ""
        return tuple(name for name in dict.fromkeys((self.full_url, relative)) if name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry. `issues` of a refused entry say why; of another one what was left out of it."""

    index: int
    full_url: str
    resource_type: str
    status: Status
    record_id: UUID | None = None
    patient_id: UUID | None = None
    issues: tuple[Problem, ...] = ()
    lacking: tuple[str, ...] = ()


@dataclass(slots=True)
class Counts:
    """How many entries of one type came to what."""

    by_status: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))


def outcome(
    entry: Entry,
    status: Status,
    record_id: UUID | None = None,
    patient_id: UUID | None = None,
    issues: Iterable[Problem] = (),
    lacking: tuple[str, ...] = (),
) -> Outcome:
    """The outcome of an entry; the issues' fields are elements below its resource."""
    said = tuple(Problem(entry.expression(issue.field), issue.message) for issue in issues)
    return Outcome(entry.index, entry.full_url, entry.resource_type, status, record_id, patient_id, said, lacking)


def count(outcomes: Iterable[Outcome]) -> dict[str, Counts]:
    """The outcomes counted for each resource type, in alphabetical order."""
    counts: dict[str, Counts] = {}
    for one in sorted(outcomes, key=lambda one: one.resource_type):
        counts.setdefault(one.resource_type, Counts()).by_status[one.status] += 1
    return counts


def identity(entry: Entry) -> tuple[Identifier, ...]:
    """The keys by which this resource is recognised when it comes again, strongest first."""
    resource = entry.resource
    if entry.resource_type == "Patient":
        keys = list(fhir_patient.identifiers(resource))
    else:
        keys = [
            Identifier(one["system"][:255], one["value"][:255])
            for one in resource.get("identifier", [])
            if one.get("system") and one.get("value")
        ]
    if asked := _if_none_exist(entry.if_none_exist):
        keys.append(asked)
    source = []
    if entry.full_url:
        source.append(entry.full_url)
    if _UUID.fullmatch(str(resource.get("id") or "")):
        source.append(f"{entry.resource_type}/{resource['id']}")
    if not source:
        source.append(f"{entry.resource_type}/{resource.get('id') or '-'}#{_about(resource)}")
    return tuple(dict.fromkeys([*keys, *(Identifier(SOURCE_SYSTEM, url) for url in source)]))


def fingerprint(value: object) -> str:
    """A short digest of what was read, so that the same again is seen to change nothing."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def organizations(entries: Sequence[Entry]) -> dict[str, Resource]:
    """The Organization resources of the bundle by every reference to them."""
    return {
        name: entry.resource for entry in entries if entry.resource_type == "Organization" for name in entry.names()
    }


def coverage_hints(entries: Iterable[Entry]) -> dict[int, CoverageHint]:
    """For each patient the coverage that was mentioned last by a claim, under the index of the entry that says it."""
    found = {
        entry.index: fhir_coverage.hints(entry.resource) for entry in entries if entry.resource_type in CLAIM_TYPES
    }
    latest = {id(hint) for hint in fhir_coverage.newest(hint for hints in found.values() for hint in hints)}
    return {index: hint for index, hints in found.items() for hint in hints if id(hint) in latest}


def reference_keys(reference: str) -> tuple[Identifier, ...]:
    """The keys under which the target of a reference may be on file from an earlier part of the bundle.

    ``Patient?identifier=system|value`` (a conditional reference) is the identifier itself.
    """
    if "?" in reference:
        asked = _if_none_exist(reference.partition("?")[2])
        return (asked,) if asked else ()
    return (Identifier(SOURCE_SYSTEM, reference),) if reference else ()


def violations(outcomes: Iterable[Outcome]) -> list[Problem]:
    """Everything that forbids taking a transaction."""
    return [issue for one in outcomes if one.status is Status.REFUSED for issue in one.issues]


def _if_none_exist(query: str) -> Identifier | None:
    asked = parse_qs(query).get("identifier", [""])[0]
    system, separator, value = asked.partition("|")
    return Identifier(system, value) if separator and system and value else None


def _about(resource: Mapping[str, Any]) -> str:
    """Who or what a resource is about: what distinguishes two ``Patient/1`` of different places."""
    telling = ("name", "birthDate", "patient", "beneficiary", "payor", "subscriberId", "insurance", "created")
    return fingerprint({key: resource.get(key) for key in telling})[:16]
