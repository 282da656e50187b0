"""Builders of the claims half's published events."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from polyclinic.billing.v1 import events_pb2

from chassis.protos import money, timestamp


def coverage_verified(
    *,
    coverage_id: UUID,
    patient_id: UUID,
    outcome: str,
    checked_at: datetime,
    copay_minor: int | None,
    deductible_left_minor: int | None,
    coinsurance_basis_points: int | None,
) -> events_pb2.CoverageVerified:
    """The payer answered about a coverage. `outcome`: active, inactive, rejected, unknown."""
    return events_pb2.CoverageVerified(
        coverage_id=str(coverage_id),
        patient_id=str(patient_id),
        outcome=outcome,
        checked_at=timestamp(checked_at),
        copay=money(copay_minor),
        deductible_remaining=money(deductible_left_minor),
        coinsurance_basis_points=coinsurance_basis_points or 0,
    )


def claim_state_changed(
    *, claim_id: UUID, appointment_id: UUID | None, patient_id: UUID, payer_code: str, state: str, version: int
) -> events_pb2.ClaimStateChanged:
    """A claim came into a state."""
    return events_pb2.ClaimStateChanged(
        claim_id=str(claim_id),
        appointment_id=str(appointment_id) if appointment_id else "",
        patient_id=str(patient_id),
        payer_code=payer_code,
        state=state,
        version=version,
    )


def work_item_opened(*, work_item_id: UUID, kind: str, patient_id: UUID | None) -> events_pb2.WorkItemOpened:
    """Something waits for a person."""
    return events_pb2.WorkItemOpened(
        work_item_id=str(work_item_id), kind=kind, patient_id=str(patient_id) if patient_id else ""
    )
