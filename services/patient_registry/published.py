"""Builders of the events the registry publishes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message, timestamp
from patient_registry import rows, tables
from patient_registry.domain.people import home_address

COVERAGE_KINDS = {
    "health": events_pb2.COVERAGE_KIND_HEALTH,
    "auto": events_pb2.COVERAGE_KIND_AUTO,
    "workers_comp": events_pb2.COVERAGE_KIND_WORKERS_COMP,
    "employer": events_pb2.COVERAGE_KIND_EMPLOYER,
}
SEXES = {
    "female": types_pb2.SEX_FEMALE,
    "male": types_pb2.SEX_MALE,
    "other": types_pb2.SEX_OTHER,
    "unknown": types_pb2.SEX_UNKNOWN,
}


def patient_registered(row: tables.Patient) -> events_pb2.PatientRegistered:
    """Somebody is on file for the first time."""
    return events_pb2.PatientRegistered(patient=_state(row))


def patient_changed(row: tables.Patient) -> events_pb2.PatientChanged:
    """What is known of somebody has changed."""
    return events_pb2.PatientChanged(patient=_state(row))


def coverage_changed(row: tables.Coverage) -> events_pb2.CoverageChanged:
    """A coverage was added, changed, or taken back (`active` false)."""
    return events_pb2.CoverageChanged(
        coverage_id=str(row.id),
        patient_id=str(row.patient_id),
        payer_code=row.payer_code,
        kind=COVERAGE_KINDS[row.kind],
        priority=row.priority,
        period=types_pb2.DateRange(start=date_message(row.start_date), end=date_message(row.end_date)),
        active=row.active,
        version=row.version,
    )


def portal_code_requested(
    portal_code_id: UUID, row: tables.Patient, channel: str, address: str, proxied: Iterable[UUID]
) -> events_pb2.PortalCodeRequested:
    """Somebody asks for a one-time code at an address of theirs; the address is told by its digest only."""
    return events_pb2.PortalCodeRequested(
        portal_code_id=str(portal_code_id),
        patient_id=str(row.id),
        name=f"{row.given} {row.family}",
        channel=channel,
        address_digest=hashlib.sha256(address.encode()).hexdigest(),
        proxied_patient_ids=list(map(str, proxied)),
    )


def proxied_patients_changed(
    holder_id: UUID, proxied: Iterable[UUID], as_of: datetime
) -> events_pb2.ProxiedPatientsChanged:
    """Whom a person may act for, whole."""
    return events_pb2.ProxiedPatientsChanged(
        patient_id=str(holder_id), proxied_patient_ids=list(map(str, proxied)), as_of=timestamp(as_of)
    )


def _state(row: tables.Patient) -> events_pb2.PatientState:
    home = home_address(tuple(rows.address(one) for one in row.addresses))
    return events_pb2.PatientState(
        patient_id=str(row.id),
        mrn=row.mrn,
        name=types_pb2.HumanName(
            family=row.family, given=row.given, middle=row.middle, prefix=row.prefix, suffix=row.suffix
        ),
        birth_date=date_message(row.birth_date),
        sex=SEXES[row.sex],
        language=row.language,
        state=home.state if home else "",
        guarantor_id=str(row.guarantor_id),
        merged_into=str(row.merged_into or ""),
        deceased=row.deceased,
        active=row.active,
        version=row.version,
    )
