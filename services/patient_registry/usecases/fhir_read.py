"""Patients as FHIR resources: one, or those a search finds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from patient_registry import errors, rows
from patient_registry.domain import fhir_patient, fhir_search
from patient_registry.store import Store
from patient_registry.tables import Patient


@dataclass(frozen=True, slots=True)
class Rendered:
    """FHIR JSON and whom it is about."""

    body: bytes
    patient_ids: tuple[UUID, ...]
    version: int = 0


def one(call: Call, patient_id: UUID) -> Rendered:
    """One patient as a Patient resource. Raises NotFound."""
    row = Store(call.session).need(Patient, patient_id, "patient")
    return Rendered(_json(fhir_patient.write(_kept(row))), (row.id,), row.version)


def found(call: Call, parameters: Sequence[tuple[str, str]], base_url: str) -> Rendered:
    """A searchset of patients. Raises InvalidInput with every parameter that is wrong."""
    query, problems = fhir_search.parse(parameters)
    errors.refuse(problems)
    store, mrn_system = Store(call.session), fhir_patient.mrn_system(call.tenant_id)
    page, after = store.fhir_search(query, mrn_system) if query.count else ([], None)
    bundle = fhir_patient.searchset(
        [(row.id, fhir_patient.write(_kept(row))) for row in page],
        base_url,
        fhir_search.query_string(query, query.after),
        fhir_search.query_string(query, after) if after else "",
        total=store.fhir_count(query, mrn_system) if query.total else None,
    )
    return Rendered(_json(bundle), tuple(row.id for row in page))


def _kept(row: Patient) -> fhir_patient.Kept:
    return fhir_patient.Kept(
        patient_id=row.id,
        tenant_id=row.tenant_id,
        mrn=row.mrn,
        person=rows.demographics(row),
        version=row.version,
        updated_at=row.updated_at,
        merged_into=row.merged_into,
    )


def _json(resource: object) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
