"""Who is due for a visit: written down by the desk, or by a rule when a visit ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from dateutil.relativedelta import relativedelta

from chassis.call import Call
from scheduling.domain import zones
from scheduling.domain.cells import cell_containing
from scheduling.store import Store
from scheduling.tables import Appointment, AppointmentTypeRow
from scheduling.tables_booking_rules import Recall, RecallRule
from scheduling.usecases import guards
from scheduling.usecases.errors import RecallClosed


@dataclass(frozen=True)
class NewRecall:
    """Who is due, for what, and from when on; None: anybody, anywhere."""

    patient_id: UUID
    type_id: UUID
    due_on: date
    practitioner_id: UUID | None
    location_id: UUID | None
    reason: str


@dataclass(frozen=True)
class RecallView:
    """A recall with the patient's name."""

    row: Recall
    patient_name: str


def create(call: Call, new: NewRecall) -> RecallView:
    """Writes down that a patient is due. Raises NotFound, PatientNotBookable."""
    store = Store(call.session)
    patient = guards.bookable_patient(call, store, new.patient_id)
    store.need(AppointmentTypeRow, new.type_id, "appointment type")
    return RecallView(_write(call, store, new, None), patient.name)


def after_visit(call: Call, store: Store, visit: Appointment) -> None:
    """A visit has ended: by the rule of its type the patient is due again, so many months after its local day."""
    rule = store.get(RecallRule, visit.appointment_type_id)
    if rule is None or not rule.months:
        return
    day = zones.local_date(visit.time_zone, cell_containing(call.now))
    due_on = day + relativedelta(months=rule.months)
    new = NewRecall(visit.patient_id, rule.recall_type_id, due_on, visit.practitioner_id, visit.location_id, "")
    _write(call, store, new, visit.id)


def list_due(
    call: Call,
    due_before: date | None,
    patient_id: UUID | None,
    location_id: UUID | None,
    page_size: int,
    page_token: str,
) -> tuple[list[RecallView], str]:
    """A page of those who are due (None: by today) and have not booked, the longest overdue first."""
    store = Store(call.session)
    until = due_before or zones.local_date("UTC", cell_containing(call.now))
    rows, token = store.due_recalls(until, patient_id, location_id, call.principal, page_size, page_token)
    patients = store.patients(row.patient_id for row in rows)
    names = {patient_id: copy.name for patient_id, copy in patients.items()}
    return [RecallView(row, names.get(row.patient_id, "")) for row in rows], token


def note_contact(call: Call, recall_id: UUID, version: int) -> RecallView:
    """Somebody was called or written to. Raises NotFound, StaleVersion, RecallClosed."""
    store = Store(call.session)
    row = store.lock(Recall, recall_id, "recall")
    call.expect_version(row.version, version)
    if row.closed_at is not None:
        raise RecallClosed
    row.contacted_at, row.contacts = call.now, row.contacts + 1
    store.session.flush()
    return _named(store, row)


def close(call: Call, recall_id: UUID, outcome: int, version: int) -> RecallView:
    """Takes somebody off the list. Raises NotFound, StaleVersion."""
    store = Store(call.session)
    row = store.lock(Recall, recall_id, "recall")
    call.expect_version(row.version, version)
    if row.closed_at is None:
        row.closed_at, row.outcome = call.now, outcome
        store.session.flush()
    return _named(store, row)


def set_rule(call: Call, type_id: UUID, recall_type_id: UUID | None, months: int) -> RecallRule:
    """After a visit of this type its patient is due again; 0 months: no more. Raises NotFound."""
    store = Store(call.session)
    for wanted in (type_id, recall_type_id or type_id):
        store.need(AppointmentTypeRow, wanted, "appointment type")
    row = store.get(RecallRule, type_id)
    if row is None:
        return store.add(RecallRule(id=type_id, recall_type_id=recall_type_id or type_id, months=months))
    row.recall_type_id, row.months = recall_type_id or type_id, months
    store.session.flush()
    return row


def list_rules(call: Call, page_size: int, page_token: str) -> tuple[list[RecallRule], str]:
    """A page of rules."""
    return Store(call.session).list_recall_rules(page_size, page_token)


def _write(call: Call, store: Store, new: NewRecall, after: UUID | None) -> Recall:
    """One open recall for a patient and a type: a later one moves its date."""
    row = store.open_recall(new.patient_id, new.type_id)
    if row is None:
        return store.add(
            Recall(
                patient_id=new.patient_id,
                appointment_type_id=new.type_id,
                practitioner_id=new.practitioner_id,
                location_id=new.location_id,
                due_on=new.due_on,
                reason=new.reason,
                made_at=call.now,
                after_appointment_id=after,
                contacts=0,
                outcome=0,
            )
        )
    row.due_on, row.reason, row.made_at, row.after_appointment_id = new.due_on, new.reason, call.now, after
    row.practitioner_id, row.location_id = new.practitioner_id, new.location_id
    store.session.flush()
    return row


def _named(store: Store, row: Recall) -> RecallView:
    return RecallView(row, next((copy.name for copy in store.patients([row.patient_id]).values()), ""))
