"""Tests of templates: to staff, with sample values, said to be tests, and not many."""

from __future__ import annotations

import pytest
from polyclinic.identity.v1 import identity_pb2
from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis import errors
from chassis.ids import uuid7
from chassis.testing import expect_error
from notifications.domain.references import manual_key, wire_reference
from notifications.domain.vocabulary import Channel
from tests.notifications.clinic import Clinic

EMAIL, SMS = events_pb2.CHANNEL_EMAIL, events_pb2.CHANNEL_SMS


@pytest.fixture
def own(clinic: Clinic) -> dict[str, str]:
    """The addresses that identity knows, by account; the caller's is there."""
    known = {}
    clinic.harness.stub_peer(
        "identity", "GetAccount", lambda request: identity_pb2.Account(email=known.get("email", ""))
    )
    known["email"] = "Maria@Clinic.example"
    return known


def template(clinic: Clinic, channel: int, code: str = "appointment.reminder", language: str = "en") -> str:
    """The id of a built-in template."""
    request = pb.ListTemplatesRequest(code=code, channel=channel, language=language)
    [found] = clinic.staff.call("ListTemplates", request).templates
    return str(found.template_id)


def send(clinic: Clinic, template_id: str, to: str = "", **more: int) -> pb.TestMessage:
    """Sends a test and lets it go out."""
    request = pb.SendTestMessageRequest(template_id=template_id, to=to, **more)
    made = clinic.staff.call("SendTestMessage", request)
    clinic.harness.run_due()
    return made


def test_a_test_goes_to_the_one_who_sends_it(clinic: Clinic, own: dict[str, str]):
    """Without an address it is one's own; subject and text say that it is a test, the values are samples."""
    made = send(clinic, template(clinic, EMAIL))
    assert (made.recipient, made.status) == ("maria@clinic.example", "planned")
    key = manual_key(clinic.tenant, made.test_message_id)
    mail = clinic.mail.read(wire_reference(key, Channel.EMAIL, "polyclinic.example"))
    assert mail["Subject"].startswith("[Test] ")
    body = mail.get_body(("plain",)).get_content()
    assert body.startswith("TEST: a sample for staff.")
    assert "Example Clinic" in body
    [told] = clinic.staff.call("ListTestMessages", pb.ListTestMessagesRequest(template_id=made.template_id)).tests
    assert (told.test_message_id, told.status, told.error_code) == (made.test_message_id, "sent", "")
    assert clinic.staff.call("ListMessages", pb.ListMessagesRequest()).messages == []


def test_a_text_message_needs_a_number(clinic: Clinic, own: dict[str, str]):
    """Accounts have no phone number: without one the test is refused at its field; a Spanish text is marked in Spanish."""
    spanish = template(clinic, SMS, language="es")
    with expect_error("INVALID_INPUT", field="to"):
        send(clinic, spanish)
    with expect_error("INVALID_INPUT", field="to"):
        send(clinic, spanish, "maria@clinic.example")
    made = send(clinic, spanish, "(212) 555-0188")
    assert made.recipient == "+12125550188"
    [text] = clinic.sms.sent("+12125550188")
    assert text["body"].startswith("PRUEBA: ")


def test_a_test_never_goes_to_a_patient(clinic: Clinic, own: dict[str, str]):
    """An address that the registry knows as a patient's, or cannot be asked about, and one that nothing is sent to are refused."""
    patient = clinic.patient(email="ana@home.example")
    with expect_error("PATIENT_ADDRESS"):
        send(clinic, template(clinic, EMAIL), patient.email.upper())
    suppressed = pb.CreateSuppressionRequest(channel=EMAIL, address="left@clinic.example")
    clinic.staff.call("CreateSuppression", suppressed)
    with expect_error("ADDRESS_SUPPRESSED"):
        send(clinic, template(clinic, EMAIL), "left@clinic.example")

    def away(_request: object) -> None:
        raise errors.Unavailable(internal="registry")

    clinic.harness.stub_peer("patient_registry", "FindByContact", away)  # type: ignore[arg-type]
    with expect_error("UNAVAILABLE"):
        send(clinic, template(clinic, EMAIL), "somebody@clinic.example")


def test_an_account_without_an_address_gives_one(clinic: Clinic, own: dict[str, str]):
    """Nothing is guessed: the field says what is missing."""
    own["email"] = ""
    with expect_error("INVALID_INPUT", field="to"):
        send(clinic, template(clinic, EMAIL))


def test_an_earlier_version_is_tested_as_it_was(clinic: Clinic, own: dict[str, str]):
    """The version that is named is what goes out; one that never was is not found."""
    template_id = template(clinic, EMAIL)
    before = clinic.staff.call("GetTemplate", pb.GetTemplateRequest(template_id=template_id))
    publish = pb.PublishTemplateRequest(
        code=before.code, channel=EMAIL, language="en", subject="Another", text="Another text of {{ clinic_name }}."
    )
    clinic.staff.call("PublishTemplate", publish)
    made = send(clinic, template_id, version=1)
    mail = clinic.mail.read(
        wire_reference(manual_key(clinic.tenant, made.test_message_id), Channel.EMAIL, "polyclinic.example")
    )
    assert "Another" not in mail["Subject"]
    with expect_error("NOT_FOUND"):
        send(clinic, template_id, version=9)
    with expect_error("NOT_FOUND"):
        send(clinic, str(uuid7()))


def test_tests_are_few(clinic: Clinic, own: dict[str, str]):
    """The eleventh of a person in an hour is refused; an hour later it is taken again."""
    template_id = template(clinic, EMAIL)
    request = pb.SendTestMessageRequest(template_id=template_id)
    for _ in range(10):
        clinic.staff.call("SendTestMessage", request)
    with expect_error("RATE_LIMITED"):
        clinic.staff.call("SendTestMessage", request)
    clinic.harness.advance(minutes=61)
    assert clinic.staff.call("SendTestMessage", request).status == "planned"
