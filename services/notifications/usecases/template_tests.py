"""Tests of texts: a version filled with sample values, sent to staff and never to a patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, RateLimited, Violation
from notifications.adapters.outcome import Parcel
from notifications.domain import templates
from notifications.domain.delivery import Refused
from notifications.domain.phones import normalised
from notifications.domain.references import manual_key, wire_reference
from notifications.domain.templates import Text
from notifications.domain.vocabulary import Channel, TestStatus
from notifications.store import Store
from notifications.tables import Template, TemplateVersion, TestMessage
from notifications.usecases.outside import Outside
from notifications.usecases.tenants import ensure_installed

SEND = "template_test.send"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# One person's in an hour, an organisation's in a day.
OF_ONE, OF_ALL = 10, 50
# Language → (before the subject, above the text).
MARKS = {
    "en": ("[Test]", "TEST: a sample for staff. Names, times and links are examples."),
    "es": ("[Prueba]", "PRUEBA: una muestra para el personal. Nombres, horas y enlaces son ejemplos."),
}


class PatientAddress(FailedPrecondition):
    """A test never goes to a patient."""

    reason = "PATIENT_ADDRESS"
    message = "A patient is reached at this address; a test is for staff."


class AddressSuppressed(FailedPrecondition):
    """Nothing is sent to this address."""

    reason = "ADDRESS_SUPPRESSED"
    message = "Nothing is sent to this address."


def send_test(call: Call, outside: Outside, template_id: UUID, number: int, to: str) -> TestMessage:
    """Plans a test of a template's version (0: the present one) to `to`, or to the caller's own e-mail address.

    Raises NotFound, InvalidInput, PatientAddress, AddressSuppressed, RateLimited, Unavailable.
    """
    store = Store(call.session)
    template = store.need(Template, template_id, "template")
    version = store.template_text(template_id, number or template.version)
    if version is None:
        raise NotFound("template version")
    channel = Channel(template.channel)
    address = _address(call, outside, channel, to)
    if store.suppression(channel, address) is not None:
        raise AddressSuppressed
    store.serialise_tenant()
    _check_limits(call, store)
    row = TestMessage(
        id=call.new_id(),
        template_id=template.id,
        template_version=version.number,
        recipient=address,
        sent_by=call.principal.id,
        sent_by_name=call.principal.name,
        status=TestStatus.PLANNED.value,
        error_code="",
        created_at=call.now,
        settled_at=None,
    )
    store.add(row)
    call.due.at(SEND, row.id, call.now)
    return row


def hand_over(call: Call, outside: Outside, test_id: UUID) -> None:
    """Makes the text and hands it over, once: what is refused is on record, and whoever tests may test again.

    Raises Unavailable while the carrier is left alone.
    """
    store = Store(call.session)
    row = store.lock(TestMessage, test_id, "test message")
    template = store.need(Template, row.template_id, "template")
    version = store.template_text(row.template_id, row.template_version)
    if version is None or row.status != TestStatus.PLANNED.value:
        return
    channel, clinic, policy = Channel(template.channel), store.clinic(), ensure_installed(call, store)
    done = marked(template, version)
    own = policy.email_from if channel is Channel.EMAIL else policy.sms_from
    outcome = outside.carriers[channel].hand_over(
        Parcel(
            sender=own or (outside.email_from if channel is Channel.EMAIL else outside.sms_from),
            recipient=row.recipient,
            subject=done.subject,
            text=done.text,
            html=done.html,
            reference=wire_reference(manual_key(call.tenant_id, row.id), channel, outside.email_domain),
            language=template.language,
            sender_name=clinic.name if clinic else "",
            at=call.now,
        )
    )
    row.settled_at = call.now
    if isinstance(outcome, Refused):
        row.status, row.error_code = TestStatus.FAILED.value, outcome.code
    else:
        row.status = TestStatus.SENT.value


def list_tests(call: Call, template_id: UUID, page_size: int, page_token: str) -> tuple[list[TestMessage], str]:
    """A page of a template's tests, newest first. Raises NotFound."""
    store = Store(call.session)
    store.need(Template, template_id, "template")
    return store.list_tests(template_id, page_size, page_token)


def marked(template: Template, version: TemplateVersion) -> Text:
    """A version with sample values, said to be a test wherever one looks: subject, text and HTML."""
    values = {name: templates.SAMPLE[name] for name in templates.variables_of(template.code) or ()}
    done = templates.render(Text(version.subject, version.text, version.html), values)
    short, long = MARKS.get(template.language.split("-")[0], MARKS["en"])
    return replace(
        done,
        subject=f"{short} {done.subject}" if done.subject else "",
        text=f"{long}\n\n{done.text}",
        html=f"<p><strong>{long}</strong></p>{done.html}" if done.html else "",
    )


def _address(call: Call, outside: Outside, channel: Channel, to: str) -> str:
    if not to:
        own = outside.accounts.email_of(call, call.principal.id) if channel is Channel.EMAIL else ""
        if not own:
            what = (
                "your account has no e-mail address" if channel is Channel.EMAIL else "a text message goes to a number"
            )
            raise InvalidInput([Violation("to", f"{what}: give one")])
        return normalised(channel, own) or own
    address = normalised(channel, to)
    if address is None:
        raise InvalidInput([Violation("to", f"is no address for {channel}")])
    if outside.registry.patients_at(call, address):
        raise PatientAddress
    return address


def _check_limits(call: Call, store: Store) -> None:
    _, of_hour = store.tests_since(call.now - HOUR)
    of_day, _ = store.tests_since(call.now - DAY)
    if of_hour.get(call.principal.id, 0) >= OF_ONE:
        raise RateLimited(HOUR.total_seconds(), internal="tests of one person")
    if of_day >= OF_ALL:
        raise RateLimited(HOUR.total_seconds(), internal="tests of the organisation")
