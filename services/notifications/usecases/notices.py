"""Messages about other things than coming appointments: waitlist offers, statements, delays of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from chassis.call import Call
from notifications.domain import plan
from notifications.domain.vocabulary import Channel, Reason, ReminderStatus, Subject, Trigger
from notifications.domain.windows import ALWAYS_OPEN
from notifications.store import Store
from notifications.usecases.outside import Outside
from notifications.usecases.tenants import ensure_installed
from notifications.usecases.visits import DECIDE, as_rule, new_reminder, settle, windows_of

# A statement belongs to no location: its hour is looked at when the recipient's zone is known, at sending.
ANYWHERE = ZoneInfo("UTC")
ANY_TIME = {Channel.EMAIL: ALWAYS_OPEN, Channel.SMS: ALWAYS_OPEN}


@dataclass(frozen=True)
class OfferFacts:
    """A waitlist offer as scheduling tells it. Instants aware UTC."""

    id: UUID
    patient_id: UUID
    location_id: UUID
    appointment_type_code: str
    start_time: datetime
    time_zone: str
    expires_at: datetime


def plan_offer(call: Call, outside: Outside, facts: OfferFacts) -> None:
    """Plans the messages that tell a patient of a freed time, inside the send window and before the offer expires."""
    stored = {
        "start_time": facts.start_time.isoformat(),
        "time_zone": facts.time_zone,
        "location_id": str(facts.location_id),
        "expires_at": facts.expires_at.isoformat(),
    }
    store = Store(call.session)
    windows = windows_of(ensure_installed(call, store))
    rules = [as_rule(rule) for rule in store.rules([Trigger.WAITLIST_OFFERED])]
    _plan(
        call,
        outside,
        Subject.WAITLIST_OFFER,
        facts.id,
        facts.patient_id,
        stored,
        [
            plan.at_once(rule, call.now, ZoneInfo(facts.time_zone), windows, facts.expires_at)
            for rule in plan.applicable(rules, Trigger.WAITLIST_OFFERED, facts.appointment_type_code)
        ],
    )


def settle_offer(call: Call, offer_id: UUID) -> None:
    """Cancels what still waits to be said about an offer that was accepted, declined or has expired."""
    store = Store(call.session)
    for row in store.reminders_of(offer_id):
        if row.status == ReminderStatus.PLANNED.value:
            settle(call, row, ReminderStatus.CANCELLED, Reason.OFFER_SETTLED)


@dataclass(frozen=True)
class DelayFacts:
    """When a visit of today will begin, as scheduling tells it. Instants aware UTC."""

    appointment_id: UUID
    patient_id: UUID
    location_id: UUID
    appointment_type_code: str
    expected_start: datetime
    time_zone: str


def plan_delay(call: Call, outside: Outside, facts: DelayFacts) -> None:
    """Plans the message that a visit begins later than was told last (or on time after all); told no later than it begins."""
    stored = {
        "start_time": facts.expected_start.isoformat(),
        "time_zone": facts.time_zone,
        "location_id": str(facts.location_id),
        "expires_at": facts.expected_start.isoformat(),
    }
    store = Store(call.session)
    windows = windows_of(ensure_installed(call, store))
    rules = [as_rule(rule) for rule in store.rules([Trigger.VISIT_DELAYED])]
    # Each new expectation of a visit is something of its own to be told.
    told = uuid5(facts.appointment_id, facts.expected_start.isoformat())
    asked = [
        plan.at_once(rule, call.now, ZoneInfo(facts.time_zone), windows, facts.expected_start)
        for rule in plan.applicable(rules, Trigger.VISIT_DELAYED, facts.appointment_type_code)
    ]
    _plan(call, outside, Subject.VISIT_DELAY, told, facts.patient_id, stored, asked)


def plan_statement(call: Call, outside: Outside, statement_id: UUID, patient_id: UUID) -> None:
    """Plans the message that a statement is in the portal; it carries neither the statement nor its amount."""
    store = Store(call.session)
    ensure_installed(call, store)
    rules = [as_rule(rule) for rule in store.rules([Trigger.STATEMENT_ISSUED])]
    asked = [
        plan.at_once(rule, call.now, ANYWHERE, ANY_TIME, None)
        for rule in plan.applicable(rules, Trigger.STATEMENT_ISSUED, "")
    ]
    _plan(call, outside, Subject.STATEMENT, statement_id, patient_id, {}, asked)


def plan_thread_message(call: Call, outside: Outside, thread_id: UUID, patient_id: UUID, streak: int) -> None:
    """Plans the message that staff have written; it says nothing of what. `streak` counts the times the patient has had to be
    told: several messages before they look are one notice."""
    store = Store(call.session)
    ensure_installed(call, store)
    rules = [as_rule(rule) for rule in store.rules([Trigger.THREAD_MESSAGE])]
    asked = [
        plan.at_once(rule, call.now, ANYWHERE, ANY_TIME, None)
        for rule in plan.applicable(rules, Trigger.THREAD_MESSAGE, "")
    ]
    _plan(call, outside, Subject.THREAD, uuid5(thread_id, str(streak)), patient_id, {}, asked)


def plan_invitation(call: Call, outside: Outside, patient_id: UUID) -> None:
    """Plans the invitation to the portal that goes with a patient's first visit, when the tenant has such a rule; once a patient."""
    store = Store(call.session)
    rules = [as_rule(rule) for rule in store.rules([Trigger.FIRST_BOOKED])]
    asked = [plan.at_once(rule, call.now, ANYWHERE, ANY_TIME, None) for rule in rules]
    if asked:
        _plan(call, outside, Subject.PATIENT, patient_id, patient_id, {}, asked)


def _plan(
    call: Call,
    outside: Outside,
    kind: Subject,
    subject_id: UUID,
    patient_id: UUID,
    facts: dict[str, str],
    asked: list[plan.Expected],
) -> None:
    store = Store(call.session)
    planned_before = {row.rule_id for row in store.reminders_of(subject_id)}
    for item in asked:
        if item.rule.id in planned_before:
            continue
        row = new_reminder(call, outside, kind, subject_id, 0, item, patient_id)
        row.facts = facts
        store.add(row)
        if item.reason is None:
            call.due.at(DECIDE, row.id, item.due_at)
        else:
            settle(call, row, ReminderStatus.SKIPPED, item.reason)
