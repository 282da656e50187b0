"""What patients were cleared for: referrals and questionnaires that rules for booking online ask for."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling.domain.appointment_types import ClearanceKind
from scheduling.store import Store
from scheduling.tables import PatientCopy
from scheduling.tables_availability import Clearance
from scheduling.usecases import guards


def grant(
    call: Call, patient_id: UUID, kind: ClearanceKind, code: str, first_day: date | None, last_day: date | None
) -> Clearance:
    """Writes a clearance down. Raises NotFound (patient), PatientNotBookable, InvalidInput."""
    store = Store(call.session)
    if first_day and last_day and last_day < first_day:
        raise InvalidInput([Violation("dates.end", "must not be before the start")])
    guards.bookable_patient(call, store, patient_id)
    return store.add(
        Clearance(
            patient_id=patient_id, kind=kind.value, code=code, first_day=first_day, last_day=last_day, given_at=call.now
        )
    )


def revoke(call: Call, clearance_id: UUID) -> Clearance:
    """Takes a clearance back. Raises NotFound."""
    row = Store(call.session).lock(Clearance, clearance_id, "clearance")
    if row.revoked_at is None:
        row.revoked_at = call.now
    return row


def list_clearances(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Clearance], str]:
    """A page of what a patient was cleared for. Raises NotFound (patient)."""
    store = Store(call.session)
    guards.own_patient(call, patient_id)
    store.need(PatientCopy, patient_id, "patient")
    return store.clearances_page(patient_id, page_size, page_token)
