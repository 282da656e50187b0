"""Makes a message from a template: finds the text in the recipient's language, fills it in, writes the message down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from notifications.domain import templates, wording
from notifications.domain.phones import shown
from notifications.domain.references import body_hash
from notifications.domain.vocabulary import Channel, MessageStatus
from notifications.store import Store
from notifications.tables import Message, Policy, Template, TemplateVersion
from notifications.usecases.contacts import Reached
from notifications.usecases.outside import Outside

SEND = "message.send"
# Texts in answer to which C, R and X are understood.
ASKING_CODES = frozenset({"appointment.reminder", "appointment.booked", "appointment.moved"})


@dataclass(frozen=True)
class Occasion:
    """What a message speaks of: a time at a place, or only a place, or neither. Instants aware UTC."""

    location_id: UUID | None = None
    start_time: datetime | None = None
    zone: ZoneInfo | None = None
    is_video: bool = False
    expires_at: datetime | None = None
    # Where in the portal it is seen, behind the clinic's address; empty: the portal's start.
    page: str = ""


@dataclass(frozen=True)
class Draft:
    """Everything about a message but its text."""

    patient_id: UUID
    template_code: str
    reference: str
    message_id: UUID
    send_at: datetime
    appointment_id: UUID | None = None
    occurrence: int = 0
    reminder_id: UUID | None = None
    not_after: datetime | None = None
    any_hour: bool = False
    is_answer: bool = False


def find_text(store: Store, code: str, channel: Channel, language: str) -> tuple[Template, TemplateVersion] | None:
    """The published template of a code and channel in the best language there is."""
    clinic = store.clinic()
    languages = templates.languages_to_try(language, clinic.default_language if clinic else "en")
    return store.published(code, channel, tuple(languages))


def write(
    call: Call,
    outside: Outside,
    store: Store,
    policy: Policy,
    found: tuple[Template, TemplateVersion],
    reached: Reached,
    occasion: Occasion,
    draft: Draft,
    extra: dict[str, object] | None = None,
) -> Message:
    """Writes the message down and plans its sending: the intent, committed before anybody hears of it.

    Raises jinja2.UndefinedError when the text needs a value that the occasion has not.
    """
    template, text = found
    values = variables(store, outside, occasion, template.language) | (extra or {})
    done = templates.render(templates.Text(text.subject, text.text, text.html), values)
    sender = policy.sms_from or outside.sms_from
    if reached.channel is Channel.EMAIL:
        sender = policy.email_from or outside.email_from
    message = store.add(
        Message(
            id=draft.message_id,
            patient_id=draft.patient_id,
            appointment_id=draft.appointment_id,
            occurrence=draft.occurrence,
            reminder_id=draft.reminder_id,
            channel=reached.channel.value,
            recipient=reached.address,
            sender=sender,
            template_id=template.id,
            template_code=template.code,
            template_version=text.number,
            language=template.language,
            subject=done.subject,
            text=done.text,
            html=done.html,
            body_hash=body_hash(done.subject, done.text, done.html),
            reference=draft.reference,
            asks=reached.channel is Channel.SMS and draft.appointment_id is not None and template.code in ASKING_CODES,
            is_answer=draft.is_answer,
            status=MessageStatus.INTENDED.value,
            attempts=0,
            error_code="",
            provider_reference="",
            created_at=call.now,
            not_after=draft.not_after,
            time_zone=(reached.zone or occasion.zone or home_zone(store)).key,
            any_hour=draft.any_hour or draft.is_answer,
            sent_at=None,
            settled_at=None,
        )
    )
    # To the minute: the due worker does side by side what is due at one instant, and hand-overs wait for the network.
    call.due.at(SEND, message.id, draft.send_at.replace(second=0, microsecond=0))
    return message


def variables(store: Store, outside: Outside, occasion: Occasion, language: str) -> dict[str, object]:
    """What a text may say: clinic, place, local weekday, date and time, and the portal link; nothing about the person."""
    clinic = store.clinic()
    location = store.location(occasion.location_id) if occasion.location_id else store.first_location()
    name = clinic.name if clinic else (location.name if location else "")
    values: dict[str, object] = {
        "clinic_name": name,
        "location_name": location.name if location else name,
        "place_name": wording.place_name(name, location.name if location else name),
        "location_address": location.address if location else "",
        "location_phone": shown(location.phone) if location else "",
        "portal_link": outside.portal_link(clinic.slug if clinic else "", occasion.page),
        "is_video": occasion.is_video,
    }
    zone = occasion.zone or home_zone(store)
    if occasion.start_time is not None:
        values |= wording.visit_words(occasion.start_time, zone, language)
    if occasion.expires_at is not None:
        values["answer_by"] = wording.moment(occasion.expires_at, zone, language)
    return values


def home_zone(store: Store) -> ZoneInfo:
    """The zone of the tenant's first location, for messages that belong to no place; UTC before there is one."""
    location = store.first_location()
    return ZoneInfo(location.time_zone) if location else ZoneInfo("UTC")
