"""A planned sending comes due: whether it is still wanted, by which channel, and the message it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from notifications.domain import plan
from notifications.domain.vocabulary import Channel, Reason, ReminderStatus, Subject, Trigger
from notifications.domain.windows import next_allowed
from notifications.store import Store
from notifications.tables import Appointment, Policy, Reminder, Rule
from notifications.usecases import composing
from notifications.usecases.composing import Draft, Occasion
from notifications.usecases.contacts import Reached, purpose_of, reach
from notifications.usecases.outside import Outside
from notifications.usecases.tenants import ensure_installed
from notifications.usecases.visits import DECIDE, as_rule, new_reminder, settle, windows_of

# The sign-in page as who was invited sees it.
WELCOME = "sign-in?invited=1"
# What a message is about → where in the portal it is seen.
PAGES = {
    Subject.WAITLIST_OFFER: "waitlist",
    Subject.STATEMENT: "bills",
    Subject.THREAD: "messages",
    Subject.PATIENT: WELCOME,
}
LIMIT_PERIOD = timedelta(hours=24)
# Reasons that end the whole rule, not only this channel.
FINAL = frozenset({Reason.PATIENT_SUPPRESSED, Reason.TIME_PASSED, Reason.SUPERSEDED})


def decide(call: Call, outside: Outside, reminder_ids: Sequence[UUID]) -> None:
    """Turns due reminders into messages, moves them to the next open hour, or settles them with their reasons.

    The appointments are locked first, as whoever changes one does, so that neither works on what the other is changing.
    Raises NotFound, Unavailable (the registry does not answer: all of them are tried again).
    """
    store = Store(call.session)
    appointments = store.lock_subjects(reminder_ids)
    reminders = store.lock_all(Reminder, reminder_ids, "reminder")
    due = [row for row in reminders if row.status == ReminderStatus.PLANNED.value and row.due_at <= call.now]
    wanted = [row for row in due if not _is_gone(call, store, row, appointments.get(row.subject_id))]
    informed = outside.knowing(outside.registry.contacts(call, {row.patient_id for row in wanted}))
    for reminder in wanted:
        rule, appointment = store.rule_with_setting(reminder.rule_id), appointments.get(reminder.subject_id)
        occasion = occasion_of(reminder, appointment)
        reason = _become_message(call, informed, store, reminder, rule, appointment, occasion)
        if reason is not None:
            leave_out(call, informed, store, reminder, rule, reason)


def _is_gone(call: Call, store: Store, reminder: Reminder, appointment: Appointment | None) -> bool:
    """Whether the reminder is not wanted any more; it is settled then."""
    gone = why_unwanted(reminder, appointment, call.now)
    if gone is None and not store.rule_with_setting(reminder.rule_id).active:
        gone = ReminderStatus.CANCELLED, Reason.RULE_CHANGED
    if (
        gone is None
        and reminder.trigger == Trigger.BEFORE_VISIT.value
        and store.later_reminder_is_due(reminder, call.now)
    ):
        gone = ReminderStatus.SKIPPED, Reason.SUPERSEDED
    if gone is not None:
        settle(call, reminder, *gone)
    return gone is not None


def leave_out(call: Call, outside: Outside, store: Store, reminder: Reminder, rule: Rule, reason: Reason) -> None:
    """Settles a reminder that its channel cannot carry, and plans the rule's next channel for now."""
    settle(call, reminder, ReminderStatus.SKIPPED, reason)
    channels = as_rule(rule).channels
    channel = Channel(reminder.channel)
    if reason in FINAL or channel not in channels:
        return
    tried = {row.channel for row in store.reminders_of(reminder.subject_id) if _is_sibling(row, reminder)}
    following = [one for one in channels[channels.index(channel) + 1 :] if one.value not in tried]
    if not following:
        return
    item = plan.Expected(as_rule(rule), following[0], reminder.intended_at, call.now)
    row = new_reminder(
        call,
        outside,
        Subject(reminder.subject_kind),
        reminder.subject_id,
        reminder.occurrence,
        item,
        reminder.patient_id,
    )
    row.facts = reminder.facts
    store.add(row)
    call.due.at(DECIDE, row.id, row.due_at)


def why_unwanted(
    reminder: Reminder, appointment: Appointment | None, now: datetime
) -> tuple[ReminderStatus, Reason] | None:
    """Why a planned sending (or its message that was not handed over yet) must not go out any more."""
    if appointment is None:
        expires = reminder.facts.get("expires_at")
        passed = expires is not None and datetime.fromisoformat(expires) <= now
        return (ReminderStatus.SKIPPED, Reason.TIME_PASSED) if passed else None
    if reminder.occurrence != appointment.reschedule_count:
        return ReminderStatus.CANCELLED, Reason.APPOINTMENT_MOVED
    if reminder.trigger != Trigger.CANCELLED.value:
        if appointment.status == plan.CANCELLED:
            return ReminderStatus.CANCELLED, Reason.APPOINTMENT_CANCELLED
        if appointment.status not in plan.COMING:
            return ReminderStatus.CANCELLED, Reason.VISIT_BEGAN
    if appointment.start_time <= now:
        return ReminderStatus.SKIPPED, Reason.TIME_PASSED
    return None


def occasion_of(reminder: Reminder, appointment: Appointment | None) -> Occasion:
    """What the message of a reminder speaks of."""
    if appointment is not None:
        return occasion_of_visit(appointment)
    facts, page = reminder.facts, PAGES.get(Subject(reminder.subject_kind), "")
    if "start_time" not in facts:
        return Occasion(page=page)
    return Occasion(
        location_id=UUID(facts["location_id"]),
        start_time=datetime.fromisoformat(facts["start_time"]),
        zone=ZoneInfo(facts["time_zone"]),
        expires_at=datetime.fromisoformat(facts["expires_at"]),
        page=page,
    )


def occasion_of_visit(appointment: Appointment) -> Occasion:
    """What a message about an appointment speaks of."""
    return Occasion(
        location_id=appointment.location_id,
        start_time=appointment.start_time,
        zone=ZoneInfo(appointment.time_zone),
        is_video=appointment.modality == "video",
        page=f"visits/{appointment.id}",
    )


def is_over_limit(call: Call, store: Store, policy: Policy, reached: Reached) -> bool:
    """Whether the address has had its messages of the last 24 hours; counted one at a time per address."""
    store.serialise_address(reached.channel, reached.address)
    limit = policy.sms_per_day if reached.channel is Channel.SMS else policy.email_per_day
    return store.messages_since(reached.channel, reached.address, call.now - LIMIT_PERIOD) >= limit


def _become_message(
    call: Call,
    outside: Outside,
    store: Store,
    reminder: Reminder,
    rule: Rule,
    appointment: Appointment | None,
    occasion: Occasion,
) -> Reason | None:
    """Writes the message or waits for the next open hour (None), or says why this channel cannot carry it."""
    channel = Channel(reminder.channel)
    policy = ensure_installed(call, store)
    reached = reach(call, outside, store, reminder.patient_id, channel, purpose_of(Trigger(reminder.trigger)))
    if isinstance(reached, Reason):
        return reached
    zone = reached.zone or occasion.zone or composing.home_zone(store)
    not_after = occasion.expires_at or occasion.start_time
    window = plan.window_for(as_rule(rule), channel, windows_of(policy))
    opens = next_allowed(window, reached.quiet_hours, call.now, zone)
    if opens is None or (not_after is not None and opens >= not_after):
        return Reason.QUIET_HOURS
    if opens > call.now:
        reminder.due_at = opens
        call.due.at(DECIDE, reminder.id, opens)
        return None
    if is_over_limit(call, store, policy, reached):
        return Reason.RECIPIENT_LIMIT
    found = composing.find_text(store, rule.template_code, channel, reached.language)
    if found is None:
        return Reason.NO_TEMPLATE
    draft = Draft(
        patient_id=reminder.patient_id,
        template_code=rule.template_code,
        reference=reminder.reference,
        message_id=call.new_id(),
        send_at=call.now,
        appointment_id=appointment.id if appointment else None,
        occurrence=reminder.occurrence,
        reminder_id=reminder.id,
        not_after=not_after,
        any_hour=rule.any_hour and channel is Channel.EMAIL and reached.quiet_hours is None,
    )
    message = composing.write(call, outside, store, policy, found, reached, occasion, draft)
    reminder.status, reminder.message_id, reminder.settled_at = ReminderStatus.SENT.value, message.id, call.now
    return None


def _is_sibling(row: Reminder, reminder: Reminder) -> bool:
    return row.rule_id == reminder.rule_id and row.occurrence == reminder.occurrence
