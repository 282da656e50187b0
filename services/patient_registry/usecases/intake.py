"""What is known while a FHIR bundle is taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.call import Call
from patient_registry.domain import fhir_import
from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.people import Identifier
from patient_registry.domain.problems import Problem
from patient_registry.store import Store
from patient_registry.tables import Patient


@dataclass(slots=True)
class Intake:
    """What is known while one bundle is taken in: who the references of its entries name."""

    call: Call
    store: Store
    organizations: dict[str, Resource]
    people: dict[str, UUID] = field(default_factory=dict)
    relations: dict[str, UUID] = field(default_factory=dict)
    # A RelatedPerson's name in the bundle → the patient who is the same person.
    same_as: dict[str, UUID] = field(default_factory=dict)

    def patient(self, reference: str) -> Patient | None:
        """The patient a reference names: in this bundle, on file from an earlier part, or one of our own."""
        patient_id = self.people.get(reference)
        if patient_id is None:
            known = self.store.external_keys("Patient", fhir_import.reference_keys(reference))
            patient_id = known[0].record_id if known else _own_id(reference)
        return self.store.get(Patient, patient_id) if patient_id else None


def of_patient(patient_id: UUID, keys: Sequence[Identifier]) -> list[Identifier]:
    """Keys that hold within one patient: a family's resources may share an identifier, such as the policy's number."""
    return [Identifier(key.system, f"{patient_id}|{key.value}") for key in keys]


def unknown(element: str) -> Problem:
    """That a reference leads nowhere."""
    return Problem(element, "names no patient of this bundle, and none on file")


def _own_id(reference: str) -> UUID | None:
    kind, _, value = reference.rpartition("/")
    try:
        return UUID(value) if kind in ("Patient", "") or kind.endswith("/Patient") else None
    except ValueError:
        return None
