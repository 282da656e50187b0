"""FHIR R4 RelatedPerson read into a relation."""

from __future__ import annotations

from dataclasses import dataclass

from patient_registry.domain import contact_points
from patient_registry.domain import fhir_elements as elements
from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.people import Sex
from patient_registry.domain.problems import Problem
from patient_registry.domain.relations import RelatedPerson, Relationship

# HL7 v3 RoleCode (patient-relationshiptype) → relationship.
_RELATIONSHIPS = {
    "MTH": Relationship.MOTHER, "NMTH": Relationship.MOTHER, "ADOPTM": Relationship.MOTHER, "STPMTH": Relationship.MOTHER,
    "FTH": Relationship.FATHER, "NFTH": Relationship.FATHER, "ADOPTF": Relationship.FATHER, "STPFTH": Relationship.FATHER,
    "PRN": Relationship.PARENT, "NPRN": Relationship.PARENT, "STPPRN": Relationship.PARENT, "PRNFOST": Relationship.PARENT,
    "SPS": Relationship.SPOUSE, "HUSB": Relationship.SPOUSE, "WIFE": Relationship.SPOUSE,
    "CHILD": Relationship.CHILD, "SON": Relationship.CHILD, "DAU": Relationship.CHILD, "NCHILD": Relationship.CHILD,
    "SIB": Relationship.SIBLING, "BRO": Relationship.SIBLING, "SIS": Relationship.SIBLING,
    "GRPRN": Relationship.GRANDPARENT, "GRMTH": Relationship.GRANDPARENT, "GRFTH": Relationship.GRANDPARENT,
    "GUARD": Relationship.GUARDIAN, "DOMPART": Relationship.PARTNER, "SIGOTHR": Relationship.PARTNER,
    "FRND": Relationship.FRIEND,
}  # fmt: skip
_GUARANTOR = frozenset(
    {"GUAR", "BP", "RESPRSN"}
)  # v3 RoleClass; v2-0131 billing contact; v3 RoleCode responsible party
_PROXY = frozenset({"GUARD", "POWATT", "HPOWATT", "DPOWATT", "SPOWATT"})
_EMERGENCY = frozenset({"C", "ECON"})


@dataclass(frozen=True, slots=True)
class RelationReading:
    """What a RelatedPerson resource says; `patient` is the reference as written."""

    patient: str
    person: RelatedPerson
    relationship: Relationship
    guarantor: bool
    proxy: bool
    emergency_contact: bool
    remarks: tuple[Problem, ...] = ()


def read(resource: Resource) -> tuple[RelationReading | None, list[Problem]]:
    """Reads a RelatedPerson resource. Expressions of problems begin below the resource."""
    problems = []
    patient = resource.get("patient", {}).get("reference", "")
    if not patient:
        problems.append(Problem("patient.reference", "a reference to the patient is needed"))
    listed = resource.get("name", [])
    name = elements.human_name(listed[0]) if listed else None
    if name is None:
        problems.append(Problem("name", "a name is needed"))
    else:
        problems.extend(elements.check_name(name, "name[0]"))
    if name is None or problems:
        return None, problems
    points, remarks = elements.telecom(resource.get("telecom", []), "telecom")
    addresses, more = elements.addresses(resource.get("address", []), "address")
    codes = {code for concept in resource.get("relationship", []) for code in elements.codes(concept)}
    person = RelatedPerson(
        name=name,
        phone=next(iter(contact_points.phones(points)), ""),
        email=next(iter(contact_points.emails(points)), ""),
        address=addresses[0] if addresses else None,
        birth_date=elements.day(resource.get("birthDate")),
        sex=Sex(resource["gender"]) if resource.get("gender") in set(Sex) else Sex.UNKNOWN,
    )
    relationship = next((_RELATIONSHIPS[code] for code in sorted(codes) if code in _RELATIONSHIPS), Relationship.OTHER)
    return (
        RelationReading(
            patient=patient,
            person=person,
            relationship=relationship,
            guarantor=bool(codes & _GUARANTOR),
            proxy=bool(codes & _PROXY),
            emergency_contact=bool(codes & _EMERGENCY),
            remarks=(*remarks, *more),
        ),
        [],
    )
