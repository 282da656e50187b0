"""Appointments as scheduling tells them, and their reminders kept in line with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from notifications.domain import plan
from notifications.domain.references import reminder_key, wire_reference
from notifications.domain.vocabulary import Channel, Reason, ReminderStatus, Subject, Trigger
from notifications.domain.windows import SendWindow
from notifications.store import Store
from notifications.tables import Appointment, Policy, Reminder, Rule
from notifications.usecases.outside import Outside
from notifications.usecases.tenants import ensure_installed

DECIDE = "reminder.decide"
REPLAN = "rules.replan"
REPLAN_PAGE = 200
VISIT_TRIGGERS = (Trigger.BEFORE_VISIT, Trigger.BOOKED, Trigger.MOVED, Trigger.CANCELLED)


@dataclass(frozen=True)
class AppointmentFacts:
    """An appointment's whole state as an event tells it. Instants aware UTC; status and modality as in the tables."""

    id: UUID
    patient_id: UUID
    location_id: UUID
    appointment_type_code: str
    start_time: datetime
    end_time: datetime
    time_zone: str
    modality: str
    status: str
    reschedule_count: int
    booked_at: datetime
    version: int
    # The place of the visit in its series, from 1; 0 when it is in none.
    series_number: int = 0


def follow_appointment(call: Call, outside: Outside, facts: AppointmentFacts) -> bool:
    """Takes over an appointment's state, unless a later one is known, and brings its reminders in line.

    Answers whether it is a visit to come that was not heard of before.
    """
    store = Store(call.session)
    known = store.session.get(Appointment, store.key(facts.id), with_for_update=True)
    is_new = known is None
    if known is None:
        known = Appointment(id=facts.id, agreed_at=facts.booked_at if not facts.reschedule_count else call.now)
    elif known.source_version >= facts.version:
        return False
    elif known.reschedule_count != facts.reschedule_count:
        known.agreed_at = call.now
    before = _planned_by(known)
    _take_over(known, facts, call.now)
    store.add(known)
    if _planned_by(known) != before:
        policy = ensure_installed(call, store)
        bring_in_line(call, outside, store, known, policy, store.rules(VISIT_TRIGGERS))
    return is_new and plan.phase(facts.status) == "coming"


def replan_page(call: Call, outside: Outside, after: tuple[datetime, UUID] | None) -> tuple[datetime, UUID] | None:
    """Brings the reminders of one page of coming appointments in line with the rules; where to go on, or None."""
    store = Store(call.session)
    policy, rules = ensure_installed(call, store), store.rules(VISIT_TRIGGERS)
    page = store.coming_appointments(call.now, after, REPLAN_PAGE)
    for one in page:
        bring_in_line(call, outside, store, store.lock(Appointment, one.id), policy, rules)
    return (page[-1].start_time, page[-1].id) if len(page) == REPLAN_PAGE else None


def bring_in_line(
    call: Call, outside: Outside, store: Store, appointment: Appointment, policy: Policy, rules: list[Rule]
) -> None:
    """Adds, moves and cancels planned sendings of an appointment (locked by the caller) as the rules ask."""
    visit = as_visit(appointment)
    asked = plan.expected(visit, [as_rule(rule) for rule in rules], windows_of(policy))
    rows = store.reminders_of(appointment.id)
    changes = plan.reconcile(visit, asked, [as_existing(row) for row in rows])
    by_id = {row.id: row for row in rows}
    timed = [(by_id[reminder_id], item) for reminder_id, item in changes.retime]
    for item in changes.add:
        row = new_reminder(
            call, outside, Subject.APPOINTMENT, appointment.id, visit.reschedule_count, item, appointment.patient_id
        )
        timed.append((row, item))
    for row, item in timed:
        _set_time(call, row, item)
    store.add_all(row for row, _ in timed)
    planned = [row for row, _ in timed if row.status == ReminderStatus.PLANNED.value]
    call.due.all_at(DECIDE, {row.id: row.due_at for row in planned})
    for reminder_id, reason in changes.cancel:
        settle(call, by_id[reminder_id], ReminderStatus.CANCELLED, reason)


def new_reminder(
    call: Call,
    outside: Outside,
    kind: Subject,
    subject_id: UUID,
    occurrence: int,
    item: plan.Expected,
    patient_id: UUID,
) -> Reminder:
    """A planned sending, not yet in the table, with the reference its message will have."""
    key = reminder_key(call.tenant_id, subject_id, occurrence, item.rule.id, item.channel)
    return Reminder(
        id=call.new_id(),
        subject_kind=kind.value,
        subject_id=subject_id,
        occurrence=occurrence,
        rule_id=item.rule.id,
        channel=item.channel.value,
        trigger=item.rule.trigger.value,
        patient_id=patient_id,
        intended_at=item.intended_at,
        due_at=item.due_at,
        status=ReminderStatus.PLANNED.value,
        reason="",
        reference=wire_reference(key, item.channel, outside.email_domain),
        message_id=None,
        facts={},
        settled_at=None,
    )


def settle(call: Call, reminder: Reminder, status: ReminderStatus, reason: Reason) -> None:
    """Ends a planned sending that does not become a message. Its due item finds that out by itself.

    (Taking the item back here would wait for a worker that holds it and waits for us.)
    """
    reminder.status, reminder.reason, reminder.settled_at = status.value, reason.value, call.now


def as_visit(appointment: Appointment) -> plan.Visit:
    """The domain's view of an appointment row."""
    return plan.Visit(
        id=appointment.id,
        appointment_type_code=appointment.appointment_type_code,
        start_time=appointment.start_time,
        zone=ZoneInfo(appointment.time_zone),
        status=appointment.status,
        reschedule_count=appointment.reschedule_count,
        agreed_at=appointment.agreed_at,
        cancelled_at=appointment.cancelled_at,
        follows_in_series=(appointment.series_number or 0) > 1,
    )


def as_rule(rule: Rule) -> plan.Rule:
    """The domain's view of a rule row."""
    return plan.Rule(
        id=rule.id,
        trigger=Trigger(rule.trigger),
        offset_minutes=rule.offset_minutes,
        appointment_type_code=rule.appointment_type_code,
        channels=tuple(Channel(channel) for channel in rule.channels),
        template_code=rule.template_code,
        any_hour=rule.any_hour,
        effective_from=rule.effective_from,
        active=rule.active,
    )


def as_existing(row: Reminder) -> plan.Existing:
    """The domain's view of a reminder row."""
    return plan.Existing(
        id=row.id,
        rule_id=row.rule_id,
        occurrence=row.occurrence,
        channel=Channel(row.channel),
        intended_at=row.intended_at,
        due_at=row.due_at,
        status=ReminderStatus(row.status),
        reason=row.reason,
    )


def windows_of(policy: Policy) -> dict[Channel, SendWindow]:
    """The tenant's send window of each channel."""
    return {
        Channel.SMS: SendWindow(policy.sms_opens_minute, policy.sms_closes_minute),
        Channel.EMAIL: SendWindow(policy.email_opens_minute, policy.email_closes_minute),
    }


def _set_time(call: Call, row: Reminder, item: plan.Expected) -> None:
    row.intended_at, row.due_at = item.intended_at, item.due_at
    if item.reason is not None:
        settle(call, row, ReminderStatus.SKIPPED, item.reason)
        return
    row.status, row.reason, row.settled_at = ReminderStatus.PLANNED.value, "", None


def _planned_by(known: Appointment) -> tuple[object, ...]:
    """All that its reminders depend on: most events of a visit's flow (seen, checked out) change nothing of it."""
    return (
        plan.phase(known.status or ""),
        known.appointment_type_code,
        known.start_time,
        known.time_zone,
        known.reschedule_count,
    )


def _take_over(known: Appointment, facts: AppointmentFacts, now: datetime) -> None:
    known.patient_id, known.location_id = facts.patient_id, facts.location_id
    known.appointment_type_code, known.modality = facts.appointment_type_code, facts.modality
    known.start_time, known.end_time, known.time_zone = facts.start_time, facts.end_time, facts.time_zone
    known.status, known.reschedule_count = facts.status, facts.reschedule_count
    known.source_version, known.series_number = facts.version, facts.series_number or None
    if facts.status == plan.CANCELLED:
        known.cancelled_at = known.cancelled_at or now
    else:
        known.cancelled_at = None
