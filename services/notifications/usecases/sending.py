"""Hands an intended message over, once per attempt, and follows what the other side says."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from notifications import figures, published
from notifications.adapters.invitations import VisitTime, calendar_entry
from notifications.adapters.outcome import CalendarEntry, Parcel
from notifications.domain.delivery import MAX_ATTEMPTS, Accepted, HandOver, Refusal, Refused, retry_after
from notifications.domain.vocabulary import Channel, MessageStatus, Reason, ReminderStatus, SuppressionReason
from notifications.domain.windows import QuietHours, next_allowed
from notifications.store import Store
from notifications.tables import Appointment, Location, Message, Reminder, Rule
from notifications.usecases.composing import SEND
from notifications.usecases.deciding import leave_out, why_unwanted
from notifications.usecases.outside import Outside
from notifications.usecases.suppressing import opt_out, suppress
from notifications.usecases.tenants import ensure_installed
from notifications.usecases.visits import settle, windows_of

# Our answers that go out although the number has opted out: the one confirmation that the rule allows.
AFTER_OPT_OUT = "reply.opted_out"
IN_PERSON = "in_person"
# The window was looked at when the message was written; until this age that holds.
FRESH = timedelta(minutes=1)


def send(call: Call, outside: Outside, message_id: UUID) -> None:
    """Hands a message over unless it is settled, no longer wanted, or must wait for the next open hour.

    A repetition after a crash carries the same reference; an SMS provider answers it as before, without a second text.
    """
    store = Store(call.session)
    message = store.lock(Message, message_id, "message")
    if message.status != MessageStatus.INTENDED.value:
        return
    reminder = store.get(Reminder, message.reminder_id) if message.reminder_id else None
    if _withdrawn(call, store, message, reminder) or _stopped(call, store, message):
        return
    if _waits(call, outside, store, message):
        return
    outcome = _hand_over(call, outside, store, message)
    message.attempts += 1
    follow(call, outside, store, message, outcome)


def follow(call: Call, outside: Outside, store: Store, message: Message, outcome: HandOver) -> None:
    """Records what the other side answered to a hand-over and what follows from it."""
    if isinstance(outcome, Accepted):
        message.status, message.sent_at, message.error_code = MessageStatus.SENT.value, call.now, ""
        message.provider_reference = outcome.provider_reference
        if message.channel == Channel.EMAIL.value:
            message.settled_at = call.now  # nothing more will be heard of it
        tell(call, message)
        if message.reminder_id is not None:
            figures.reminder_sent(call, message.channel, store.need(Reminder, message.reminder_id, "reminder").due_at)
        return
    message.error_code = outcome.code
    if outcome.refusal is Refusal.TEMPORARY and message.attempts < MAX_ATTEMPTS:
        call.due.at(SEND, message.id, call.now + retry_after(message.attempts))
        return
    fail(call, outside, store, message, outcome)


def fail(call: Call, outside: Outside, store: Store, message: Message, outcome: Refused) -> None:
    """The message will not arrive: says so, suppresses what cannot be reached, tries the rule's next channel."""
    channel = Channel(message.channel)
    opted_out = outcome.refusal is Refusal.OPTED_OUT
    message.status = (MessageStatus.SUPPRESSED if opted_out else MessageStatus.FAILED).value
    message.settled_at, message.error_code = call.now, outcome.code
    tell(call, message)
    if opted_out:
        opt_out(call, outside, store, channel, message.recipient, call.new_id())
    elif outcome.refusal is Refusal.BAD_ADDRESS:
        suppress(call, store, channel, message.recipient, SuppressionReason.BAD_ADDRESS)
    _try_next_channel(call, outside, store, message, Reason.SUPPRESSED if opted_out else Reason.DELIVERY_FAILED)


def tell(call: Call, message: Message) -> None:
    """Publishes what has become of a message."""
    channel = Channel(message.channel)
    figures.message_settled(call, channel.value, message.status)
    call.emit(published.message_settled(message.id, message.patient_id, channel, message.status, call.now))


def _hand_over(call: Call, outside: Outside, store: Store, message: Message) -> HandOver:
    clinic = store.clinic()
    parcel = Parcel(
        sender=message.sender,
        recipient=message.recipient,
        subject=message.subject,
        text=message.text,
        html=message.html,
        reference=message.reference,
        language=message.language,
        callback_url=outside.status_callback(call.tenant_id, message.reference),
        sender_name=clinic.name if clinic else "",
        at=call.now,
        calendar=_calendar_entry(call, store, message),
    )
    return outside.carriers[Channel(message.channel)].hand_over(parcel)


def _calendar_entry(call: Call, store: Store, message: Message) -> CalendarEntry | None:
    """The visit that an e-mail is about, as it is now, for the reader's calendar."""
    if message.channel != Channel.EMAIL.value or message.appointment_id is None:
        return None
    visit = store.get(Appointment, message.appointment_id)
    if visit is None or visit.end_time is None:
        return None
    location = store.get(Location, visit.location_id)
    time = VisitTime(
        id=visit.id,
        start=visit.start_time,
        end=visit.end_time,
        where=location.address if location is not None and visit.modality == IN_PERSON else "",
        version=visit.source_version,
        cancelled=visit.cancelled_at is not None,
    )
    return calendar_entry(time, call.now)


def _withdrawn(call: Call, store: Store, message: Message, reminder: Reminder | None) -> bool:
    """Takes back a message whose occasion has changed or passed since it was written down."""
    reason: Reason | None = None
    if reminder is not None:
        appointment = store.get(Appointment, message.appointment_id) if message.appointment_id else None
        if (gone := why_unwanted(reminder, appointment, call.now)) is not None:
            settle(call, reminder, *gone)
            reason = gone[1]
    elif message.not_after is not None and message.not_after <= call.now:
        reason = Reason.TIME_PASSED
    if reason is not None:
        _withdraw(call, message, reason)
    return reason is not None


def _stopped(call: Call, store: Store, message: Message) -> bool:
    """Takes back a message to an address that has been suppressed since it was written down."""
    if message.template_code == AFTER_OPT_OUT or store.suppression(Channel(message.channel), message.recipient) is None:
        return False
    _withdraw(call, message, Reason.SUPPRESSED)
    reminder = store.get(Reminder, message.reminder_id) if message.reminder_id else None
    if reminder is not None:
        settle(call, reminder, ReminderStatus.SKIPPED, Reason.SUPPRESSED)
    return True


def _waits(call: Call, outside: Outside, store: Store, message: Message) -> bool:
    """Plans the next open hour when the window has closed, or the person's quiet hours have begun meanwhile (attempts are repeated
    over hours). Raises Unavailable while the registry does not say whether they have any."""
    if message.any_hour or call.now - message.created_at < FRESH:
        return False
    contact = outside.contact(call, message.patient_id)
    opens = _next_open(call, store, message, contact.quiet_hours if contact else None)
    if opens <= call.now:
        return False
    call.due.at(SEND, message.id, opens)
    return True


def _next_open(call: Call, store: Store, message: Message, quiet: QuietHours | None) -> datetime:
    window = windows_of(ensure_installed(call, store))[Channel(message.channel)]
    zone = ZoneInfo(message.time_zone)
    # A message that was written down goes out in the end: hours that leave it no time were changed since.
    return next_allowed(window, quiet, call.now, zone) or window.next_open(call.now, zone)


def _withdraw(call: Call, message: Message, reason: Reason) -> None:
    message.status, message.settled_at, message.error_code = MessageStatus.WITHDRAWN.value, call.now, reason.value


def _try_next_channel(call: Call, outside: Outside, store: Store, message: Message, reason: Reason) -> None:
    reminder = store.get(Reminder, message.reminder_id) if message.reminder_id else None
    if reminder is None or reminder.status != ReminderStatus.SENT.value:
        return
    leave_out(call, outside, store, reminder, store.need(Rule, reminder.rule_id, "rule"), reason)
