"""One-time codes for the portal: drawn from identity at the moment of sending, never written down.

They are no messages of the log: whoever may read it must not read a code. Identity's audit says that one was drawn, for whom.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from chassis import telemetry
from chassis.call import Call
from chassis.due import DueItem
from chassis.errors import Unavailable
from notifications.adapters.outcome import Parcel
from notifications.adapters.registry import Address
from notifications.domain import templates
from notifications.domain.delivery import Refusal, Refused
from notifications.domain.vocabulary import Channel
from notifications.store import Store
from notifications.usecases.outside import Outside

log = telemetry.logger(__name__)
SEND_CODE = "portal_code.send"
MINUTES = 10
# Language → (subject, text). The last line lets browsers offer the code by themselves (WICG, "sms-one-time-codes").
TEXTS = {
    "en": (
        "Your code for {clinic}",
        "{code} is your code for the patient portal of {clinic}. It is good for {minutes} minutes. "
        "Nobody of ours will ever ask you for it.\n\n@{host} #{code}",
    ),
    "es": (
        "Su código para {clinic}",
        "{code} es su código para el portal de pacientes de {clinic}. Vale por {minutes} minutos. "
        "Nadie de nuestra clínica se lo pedirá jamás.\n\n@{host} #{code}",
    ),
}


@dataclass(frozen=True)
class CodeFacts:
    """Whose code is asked for, and by which of their addresses (SHA-256, hex)."""

    id: UUID
    patient_id: UUID
    name: str
    channel: str
    address_digest: str
    proxied_patient_ids: list[str]


def plan(call: Call, facts: CodeFacts) -> None:
    """Plans the sending: the intent, committed before anybody outside hears of it."""
    payload = {
        "patient_id": str(facts.patient_id),
        "name": facts.name,
        "channel": facts.channel,
        "address_digest": facts.address_digest,
        "proxied_patient_ids": facts.proxied_patient_ids,
    }
    call.due.at(SEND_CODE, facts.id, call.now, payload)


def send(call: Call, outside: Outside, item: DueItem) -> None:
    """Draws the code and hands it over. What passes by itself is tried again, with another code. Raises Unavailable."""
    wanted = item.payload
    contact = outside.contact(call, UUID(wanted["patient_id"]))
    address = _address(contact.addresses, wanted) if contact is not None and not contact.suppressed else None
    store = Store(call.session)
    if contact is None or address is None or store.suppression(address.channel, address.value) is not None:
        log.info("portal code not sent", channel=wanted["channel"], known=address is not None)
        return
    drawn = outside.accounts.draw_code(
        call, UUID(item.key), UUID(wanted["patient_id"]), wanted["name"], wanted["proxied_patient_ids"]
    )
    if drawn is None:
        return
    clinic = store.clinic()
    name = clinic.name if clinic else ""
    tried = templates.languages_to_try(contact.language, clinic.default_language if clinic else "en")
    language = next((each for each in tried if each in TEXTS), "en")
    subject, text = TEXTS[language]
    said = {"clinic": name, "code": drawn.code, "minutes": MINUTES, "host": outside.public_url.partition("://")[2]}
    outcome = outside.carriers[address.channel].hand_over(
        Parcel(
            sender=outside.email_from if address.channel is Channel.EMAIL else outside.sms_from,
            recipient=address.value,
            subject=subject.format(**said),
            text=text.format(**said),
            html="",
            reference=_reference(outside, item),
            language=language,
            sender_name=name,
            at=call.now,
        )
    )
    if isinstance(outcome, Refused) and outcome.refusal is Refusal.TEMPORARY:
        raise Unavailable(internal=f"{address.channel} did not take the code")


def _address(addresses: tuple[Address, ...], wanted: dict[str, str]) -> Address | None:
    """The person's address that was typed, as it is known now."""
    channel = Channel(wanted["channel"])
    return next(
        (
            each
            for each in addresses
            if each.channel is channel and hashlib.sha256(each.value.encode()).hexdigest() == wanted["address_digest"]
        ),
        None,
    )


def _reference(outside: Outside, item: DueItem) -> str:
    """Another one for each attempt: a repeated one would be answered with the first text, whose code is good no longer."""
    return f"{item.key}.{item.attempts}@{outside.email_domain}"
