"""FHIR R4 Coverage, and what Claim and ExplanationOfBenefit say of a coverage, read into the registry's values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from patient_registry.domain import fhir_elements as elements
from patient_registry.domain.coverage import CoverageKind, SubscriberRelation
from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.names import normalise
from patient_registry.domain.problems import Problem

PAYER_SYSTEM = "urn:polyclinic:payer"
_KINDS = {"AUTOPOL": CoverageKind.AUTO, "WCBPOL": CoverageKind.WORKERS_COMP}
_RELATIONS = {
    "self": SubscriberRelation.SELF,
    "spouse": SubscriberRelation.SPOUSE,
    "common": SubscriberRelation.SPOUSE,
    "child": SubscriberRelation.CHILD,
}
# What foreign systems write where there is no insurance; compared without case, spaces and punctuation.
NO_INSURANCE = frozenset({"noinsurance", "none", "selfpay", "uninsured", "self", "cash"})


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer as a foreign document names it: a code of ours when it says one, other numbers and names to look up."""

    code: str = ""
    texts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to show while nobody has said which payer it is."""
        return self.texts[0] if self.texts else self.code

    @property
    def is_none(self) -> bool:
        """Whether the document says that there is no insurance."""
        return not self.code and (not self.texts or any(normalise(text) in NO_INSURANCE for text in self.texts))


@dataclass(frozen=True, slots=True)
class CoverageReading:
    """What a Coverage resource says. References are as written in the bundle."""

    beneficiary: str
    payer: Payer
    subscriber: str = ""
    kind: CoverageKind = CoverageKind.HEALTH
    priority: int = 0
    plan_name: str = ""
    member_id: str = ""
    group_number: str = ""
    relation: SubscriberRelation = SubscriberRelation.SELF
    start: date | None = None
    end: date | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class CoverageHint:
    """That a claim or an explanation of benefits of this day names a payer for this patient."""

    patient: str
    payer: Payer
    member_id: str
    seen_on: date


def read(resource: Resource, organizations: Mapping[str, Resource]) -> tuple[CoverageReading | None, list[Problem]]:
    """Reads a Coverage resource. `organizations` are the Organization resources of the bundle by every reference to them.

    None without problems: a coverage that says the patient pays for themselves.
    """
    problems = []
    beneficiary = resource.get("beneficiary", {}).get("reference", "")
    if not beneficiary:
        problems.append(Problem("beneficiary.reference", "a reference to the patient is needed"))
    payers = [_payer(reference, resource, organizations) for reference in resource.get("payor", [])]
    payer = next((payer for payer in payers if payer.code or payer.texts), Payer())
    own = any(reference.get("reference") in (beneficiary, None) for reference in resource.get("payor", []))
    if payer.is_none:
        if not payer.texts and not own:
            problems.append(Problem("payor[0]", "an identifier, a display or a known Organization is needed"))
        return None, problems
    relation = _relation(resource)
    period = resource.get("period", {})
    reading = CoverageReading(
        beneficiary=beneficiary,
        payer=payer,
        subscriber=resource.get("subscriber", {}).get("reference", ""),
        kind=next(
            (_KINDS[code] for code in elements.codes(resource.get("type")) if code in _KINDS), CoverageKind.HEALTH
        ),
        priority=min(resource.get("order") or 0, 9),
        plan_name=_class(resource, "plan")[1][:80],
        member_id=_member_id(resource)[:80],
        group_number=_class(resource, "group")[0][:50],
        relation=relation,
        start=elements.day(period.get("start")),
        end=elements.day(period.get("end")),
        active=resource.get("status") == "active",
    )
    return (None if problems else reading), problems


def hints(resource: Resource) -> list[CoverageHint]:
    """What a Claim or an ExplanationOfBenefit says of the patient's coverage, the focal insurance first.

    The coverage stands as a contained resource ("#coverage"), or only as text beside the reference.
    """
    patient = resource.get("patient", {}).get("reference", "")
    seen_on = elements.day(resource.get("billablePeriod", {}).get("start")) or elements.day(resource.get("created"))
    if not patient or seen_on is None:
        return []
    contained = {
        f"#{one.get('id')}": one for one in resource.get("contained", []) if one.get("resourceType") == "Coverage"
    }
    found = []
    for insurance in sorted(resource.get("insurance", []), key=lambda one: not one.get("focal")):
        reference = insurance.get("coverage", {})
        coverage = contained.get(reference.get("reference", ""), {})
        payors = [_payer(payor, coverage, {}) for payor in coverage.get("payor", [])]
        payer = next((one for one in payors if one.code or one.texts), Payer(texts=_texts(reference.get("display"))))
        if not payer.texts and not payer.code:
            payer = Payer(texts=_texts(resource.get("insurer", {}).get("display")))
        if payer.code or payer.texts:
            found.append(CoverageHint(patient, payer, _member_id(coverage)[:80], seen_on))
    return found


def newest(found: Iterable[CoverageHint]) -> list[CoverageHint]:
    """Of each patient's hints the one that was seen last; of one day the first."""
    latest: dict[str, CoverageHint] = {}
    for hint in found:
        known = latest.get(hint.patient)
        if known is None or hint.seen_on > known.seen_on:
            latest[hint.patient] = hint
    return list(latest.values())


def with_payer(reading: CoverageReading, code: str, name: str) -> CoverageReading:
    """The reading with the payer an alias stands for."""
    return replace(reading, payer=Payer(code, (name,) if name else reading.payer.texts))


def _payer(reference: Resource, coverage: Resource, organizations: Mapping[str, Resource]) -> Payer:
    """The payer behind a reference: its own identifier and display, and those of the Organization it points to."""
    contained = {f"#{one.get('id')}": one for one in coverage.get("contained", [])}
    target = reference.get("reference", "")
    organization = contained.get(target) or organizations.get(target) or {}
    identifiers = [reference.get("identifier") or {}, *organization.get("identifier", [])]
    code = next((one["value"] for one in identifiers if one.get("system") == PAYER_SYSTEM and one.get("value")), "")
    numbers = [one["value"] for one in identifiers if one.get("value")]
    return Payer(code[:40], _texts(organization.get("name"), reference.get("display"), *numbers))


def _texts(*candidates: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip()[:80] for text in candidates if text and text.strip()))


def _relation(resource: Resource) -> SubscriberRelation:
    codes = elements.codes(resource.get("relationship"))
    known = next((_RELATIONS[code] for code in sorted(codes) if code in _RELATIONS), None)
    if known is not None:
        return known
    subscriber = resource.get("subscriber", {}).get("reference")
    own = subscriber in (None, resource.get("beneficiary", {}).get("reference"))
    return SubscriberRelation.SELF if own and not codes else SubscriberRelation.OTHER


def _member_id(resource: Resource) -> str:
    """The number on the card: subscriberId, else an identifier of type MB (member number)."""
    if resource.get("subscriberId"):
        return str(resource["subscriberId"])
    for element in resource.get("identifier", []):
        if "MB" in elements.codes(element.get("type")) and element.get("value"):
            return str(element["value"])
    return ""


def _class(resource: Resource, code: str) -> tuple[str, str]:
    """Value and name of the class (group, plan, …) of a coverage."""
    for element in resource.get("class", resource.get("class_fhir", [])):
        if code in elements.codes(element.get("type")):
            value: Any = element.get("value") or ""
            return str(value), str(element.get("name") or value)
    return "", ""
