"""The communication log, and messages sent by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import UndefinedError

from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation
from notifications.domain.references import manual_key, wire_reference
from notifications.domain.templates import INVITATION, MANUAL_PREFIX
from notifications.domain.vocabulary import Channel, MessageStatus, Reason, Trigger
from notifications.domain.windows import next_allowed
from notifications.store import Store
from notifications.tables import Appointment, Message, Policy, Reply, ReplyVisit, Template, TemplateVersion
from notifications.usecases import composing
from notifications.usecases.composing import Draft, Occasion
from notifications.usecases.contacts import Reached, purpose_of, reach
from notifications.usecases.deciding import WELCOME, is_over_limit, occasion_of_visit
from notifications.usecases.outside import Outside
from notifications.usecases.tenants import ensure_installed
from notifications.usecases.visits import windows_of


class NoUsableChannel(FailedPrecondition):
    """None of the channels can carry the message; the metadata says why for each."""

    reason = "NO_USABLE_CHANNEL"
    message = "The patient cannot be reached by any of these channels."


@dataclass(frozen=True)
class ManualMessage:
    """What somebody wants sent: a template, to whom, by which channels in order, about which visit (or none)."""

    patient_id: UUID
    appointment_id: UUID | None
    template_code: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Usable:
    """A channel that can carry the message: the address, and the text in its language."""

    reached: Reached
    found: tuple[Template, TemplateVersion]


def send_message(call: Call, outside: Outside, wanted: ManualMessage) -> Message:
    """Writes a message by hand down; it is sent now, or when the recipient's window opens and their quiet hours are over.

    Raises NotFound (template, appointment), NoUsableChannel, InvalidInput (the text speaks of a visit and none is given).
    """
    store = Store(call.session)
    policy = ensure_installed(call, store)
    appointment = _appointment(store, wanted)
    _check_code(store, wanted.template_code)
    refused: dict[str, str] = {}
    for channel in wanted.channels:
        usable = _usable(call, outside, store, policy, wanted, channel)
        if isinstance(usable, Reason):
            refused[channel.value] = usable.value
            continue
        return _write(call, outside, store, policy, wanted, usable, appointment)
    raise NoUsableChannel(metadata=refused)


def get_message(call: Call, message_id: UUID) -> Message:
    """One message. Raises NotFound."""
    return Store(call.session).need(Message, message_id, "message")


def list_messages(
    call: Call,
    patient_id: UUID | None,
    appointment_id: UUID | None,
    status: MessageStatus | None,
    page_size: int,
    page_token: str,
) -> tuple[list[Message], str]:
    """A page of the communication log, newest first."""
    return Store(call.session).list_messages(patient_id, appointment_id, status, page_size, page_token)


def list_replies(
    call: Call, patient_id: UUID | None, needs_attention: bool, page_size: int, page_token: str
) -> tuple[list[Reply], dict[UUID, list[ReplyVisit]], str]:
    """A page of what came back, newest first, with the visits and patients of each."""
    store = Store(call.session)
    rows, token = store.list_replies(patient_id, needs_attention, page_size, page_token)
    return rows, store.reply_visits(rows), token


def _appointment(store: Store, wanted: ManualMessage) -> Appointment | None:
    if wanted.appointment_id is None:
        return None
    appointment = store.need(Appointment, wanted.appointment_id, "appointment")
    if appointment.patient_id != wanted.patient_id:
        raise NotFound("appointment", internal="of another patient")
    return appointment


def _check_code(store: Store, code: str) -> None:
    if code != INVITATION and not code.startswith((MANUAL_PREFIX, "appointment.")):
        raise InvalidInput(
            [Violation("template_code", f"must begin with 'manual.' or 'appointment.', or be '{INVITATION}'")]
        )
    if not store.has_templates(code):
        raise NotFound("template")


def _usable(
    call: Call, outside: Outside, store: Store, policy: Policy, wanted: ManualMessage, channel: Channel
) -> Usable | Reason:
    reached = reach(call, outside, store, wanted.patient_id, channel, purpose_of(Trigger.BEFORE_VISIT))
    if isinstance(reached, Reason):
        return reached
    found = composing.find_text(store, wanted.template_code, channel, reached.language)
    if found is None:
        return Reason.NO_TEMPLATE
    return Reason.RECIPIENT_LIMIT if is_over_limit(call, store, policy, reached) else Usable(reached, found)


def _write(
    call: Call,
    outside: Outside,
    store: Store,
    policy: Policy,
    wanted: ManualMessage,
    usable: Usable,
    appointment: Appointment | None,
) -> Message:
    reached = usable.reached
    occasion = occasion_of_visit(appointment) if appointment else Occasion()
    if wanted.template_code == INVITATION:
        occasion = replace(occasion, page=WELCOME)
    zone: ZoneInfo = reached.zone or occasion.zone or composing.home_zone(store)
    message_id = call.new_id()
    window = windows_of(policy)[reached.channel]
    draft = Draft(
        patient_id=wanted.patient_id,
        template_code=wanted.template_code,
        reference=wire_reference(manual_key(call.tenant_id, message_id), reached.channel, outside.email_domain),
        message_id=message_id,
        send_at=next_allowed(window, reached.quiet_hours, call.now, zone) or window.next_open(call.now, zone),
        appointment_id=wanted.appointment_id,
        occurrence=appointment.reschedule_count if appointment else 0,
        not_after=occasion.start_time,
    )
    try:
        return composing.write(call, outside, store, policy, usable.found, reached, occasion, draft)
    except UndefinedError as error:
        raise InvalidInput([Violation("appointment_id", f"is needed: in this text {error.message}")]) from None
