"""What is known while a FHIR bundle is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chassis.call import Call
from patient_registry.domain import fhir_import
from patient_registry.domain.fhir_elements import Resource
from patient_registry.domain.people import Identifier
from patient_registry.domain.problems import Problem
from patient_registry.store import Store
from patient_registry.tables import Patient

FiledUnder = tuple[str, str, str]  # resource type, system, value


@dataclass(frozen=True, slots=True, order=True)
class Filed:
    """A record that a key names, and the digest of what the resource said the last time."""

    record_id: UUID
    patient_id: UUID
    fingerprint: str


@dataclass(slots=True)
class Intake:
    """What is known while one bundle is taken in: who its references name, and what was filed under which key."""

    call: Call
    store: Store
    organizations: dict[str, Resource]
    # One refused entry refuses the whole bundle, so that no entry needs to be undone by itself.
    whole: bool
    people: dict[str, UUID] = field(default_factory=dict)
    relations: dict[str, UUID] = field(default_factory=dict)
    # A RelatedPerson's name in the bundle → the patient who is the same person.
    same_as: dict[str, UUID] = field(default_factory=dict)
    _filed: dict[FiledUnder, Filed] = field(default_factory=dict)
    _asked: set[FiledUnder] = field(default_factory=set)
    _unwritten: dict[FiledUnder, Filed] = field(default_factory=dict)
    _locked: dict[UUID, Patient] = field(default_factory=dict)

    def look_up(self, resource_type: str, keys: Iterable[Identifier]) -> None:
        """Reads what is on file under these keys, all at once."""
        wanted = {key for key in keys if (resource_type, key.system, key.value) not in self._asked}
        self._asked |= {(resource_type, key.system, key.value) for key in wanted}
        for row in self.store.external_keys(resource_type, wanted):
            self._filed[resource_type, row.system, row.value] = Filed(row.record_id, row.patient_id, row.fingerprint)

    def filed(self, resource_type: str, keys: Sequence[Identifier]) -> list[Filed]:
        """What is on file, or was filed by an earlier entry, under any of these keys."""
        self.look_up(resource_type, keys)
        found = (self._filed.get((resource_type, key.system, key.value)) for key in keys)
        return list(dict.fromkeys(one for one in found if one is not None))

    def file(
        self, resource_type: str, keys: Iterable[Identifier], record_id: UUID, patient_id: UUID, fingerprint: str
    ) -> None:
        """Files a record under these keys; written by `write_keys`."""
        for key in keys:
            under = (resource_type, key.system, key.value)
            one = Filed(record_id, patient_id, fingerprint)
            if self._filed.get(under) != one:
                self._filed[under] = self._unwritten[under] = one

    def write_keys(self) -> None:
        """Writes the keys that were filed."""
        self.store.put_external_keys(
            (*under, one.record_id, one.patient_id, one.fingerprint) for under, one in sorted(self._unwritten.items())
        )
        self._unwritten.clear()

    def lock(self, patient: Patient) -> Patient:
        """The patient, locked; once a bundle."""
        if patient.id not in self._locked:
            self._locked[patient.id] = self.store.lock(Patient, patient.id, "patient")
        return self._locked[patient.id]

    def made(self, patient: Patient) -> None:
        """Notes that nobody else can see this patient yet: there is nothing to lock."""
        self._locked[patient.id] = patient

    def patient(self, reference: str) -> Patient | None:
        """The patient a reference names: in this bundle, on file from an earlier part, or one of our own."""
        patient_id = self.people.get(reference)
        if patient_id is None:
            known = self.filed("Patient", fhir_import.reference_keys(reference))
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
