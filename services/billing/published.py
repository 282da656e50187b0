"""Builders of the money half's published events."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from polyclinic.billing.v1 import events_pb2

from chassis.protos import date_message, money, timestamp


def visit_signed(
    *, encounter_id: UUID, appointment_id: UUID, patient_id: UUID, signed_at: datetime
) -> events_pb2.VisitSigned:
    """The clinician signed: charges exist."""
    return events_pb2.VisitSigned(
        encounter_id=str(encounter_id),
        appointment_id=str(appointment_id),
        patient_id=str(patient_id),
        signed_at=timestamp(signed_at),
    )


def payment_received(
    *, payment_id: UUID, patient_id: UUID, amount_minor: int, currency: str, method: str, receipt_number: str
) -> events_pb2.PaymentReceived:
    """A patient's money came in. `method`: cash, check, card."""
    return events_pb2.PaymentReceived(
        payment_id=str(payment_id),
        patient_id=str(patient_id),
        amount=money(amount_minor, currency),
        method=method,
        receipt_number=receipt_number,
    )


def statement_issued(
    *, statement_id: UUID, guarantor_id: UUID, amount_due_minor: int, due_date: date
) -> events_pb2.StatementIssued:
    """A statement was issued to a guarantor."""
    return events_pb2.StatementIssued(
        statement_id=str(statement_id),
        patient_id=str(guarantor_id),
        amount_due=money(amount_due_minor),
        due_date=date_message(due_date),
    )
