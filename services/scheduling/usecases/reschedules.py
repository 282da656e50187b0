"""What patients answer to reminders: yes, no, or another time."""

from __future__ import annotations

from enum import Enum
from uuid import UUID

from chassis import telemetry
from chassis.call import Call
from chassis.errors import NotFound
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.tables import Appointment, PatientCopy, RescheduleRequest
from scheduling.usecases import appointments, guards
from scheduling.usecases.guards import AppointmentView

log = telemetry.logger(__name__)
# The proto's CANCELLATION_REASON_PATIENT.
BY_PATIENT = 1


class Reply(Enum):
    """What a patient answered; the values are the proto's ReplyIntent."""

    CONFIRM = 1
    RESCHEDULE = 2
    CANCEL = 3


def apply_reply(call: Call, appointment_id: UUID, patient_id: UUID, reply: Reply) -> None:
    """Confirms, cancels, or asks for another time. An answer to a visit that is not pending any more changes nothing."""
    store = Store(call.session)
    if store.get(Appointment, appointment_id) is None:
        log.warning("reply to an unknown appointment", appointment_id=str(appointment_id))
        return
    row = store.lock(Appointment, appointment_id, "appointment")
    if not _same_person(store, row.patient_id, patient_id) or Status(row.status) not in PENDING:
        log.info("reply without effect", appointment_id=str(appointment_id), status=Status(row.status).name)
        return
    if reply is Reply.CONFIRM and Status(row.status) is Status.BOOKED:
        appointments.confirm_row(call, store, row)
    elif reply is Reply.CANCEL:
        appointments.cancel_row(call, store, row, BY_PATIENT, "")
    elif reply is Reply.RESCHEDULE and not store.open_requests([row.id]):
        store.add(
            RescheduleRequest(
                appointment_id=row.id, patient_id=row.patient_id, location_id=row.location_id, requested_at=call.now
            )
        )


def list_requests(
    call: Call, location_id: UUID | None, include_closed: bool, page_size: int, page_token: str
) -> tuple[list[tuple[RescheduleRequest, AppointmentView]], str]:
    """A page of requests with their visits, oldest first."""
    store = Store(call.session)
    rows, token = store.list_requests(location_id, include_closed, call.principal, page_size, page_token)
    views = guards.describe(store, store.appointments([row.appointment_id for row in rows], call.principal))
    by_id = {view.row.id: view for view in views}
    return [(row, by_id[row.appointment_id]) for row in rows if row.appointment_id in by_id], token


def close_request(call: Call, request_id: UUID) -> tuple[RescheduleRequest, AppointmentView]:
    """The request has been dealt with. Raises NotFound."""
    store = Store(call.session)
    row = store.lock(RescheduleRequest, request_id, "reschedule request")
    appointment = store.appointment(row.appointment_id, call.principal)
    if appointment is None:
        raise NotFound("reschedule request")
    if row.closed_at is None:
        row.closed_at = call.now
    return row, guards.describe_one(store, appointment)


def _same_person(store: Store, booked: UUID, answered: UUID) -> bool:
    """Whether who answered is who is booked, mergers of records considered."""
    if booked == answered:
        return True
    copy = store.get(PatientCopy, answered)
    return copy is not None and copy.merged_into == booked
