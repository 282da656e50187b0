"""The servicer: protobuf in, use case, protobuf out."""

from __future__ import annotations

from patient_registry.rpc.contacts import ContactsRpc
from patient_registry.rpc.coverages import CoveragesRpc
from patient_registry.rpc.fhir import FhirRpc
from patient_registry.rpc.patients import PatientsRpc
from patient_registry.rpc.relations import RelationsRpc


class PatientRegistryRpc(PatientsRpc, RelationsRpc, CoveragesRpc, ContactsRpc, FhirRpc):
    """All RPCs of the patient registry, by noun."""
