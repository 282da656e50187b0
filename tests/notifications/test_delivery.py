"""Handing over: retries, refusals, what a crash between intent and sending leaves, and messages sent by hand."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests
from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis import errors
from chassis.testing import expect_error
from chassis.units import Units
from notifications.adapters.guard import Guarded
from notifications.adapters.outcome import Parcel
from notifications.adapters.sms import SmsCarrier
from notifications.adapters.smtp import SmtpCarrier
from notifications.domain.delivery import UNREACHABLE, Accepted, Refusal, Refused

EMAIL, SMS = events_pb2.CHANNEL_EMAIL, events_pb2.CHANNEL_SMS


def test_a_crash_after_the_text_was_taken_sends_no_second_one(clinic, monkeypatch):
    """Killed between the provider's answer and our commit: the repetition has the same reference and is one text."""
    patient = clinic.patient(email="")
    original = SmsCarrier.hand_over
    handed = []

    def taken_then_killed(self, parcel):
        handed.append(parcel.reference)
        outcome = original(self, parcel)
        if len(handed) == 1:
            raise RuntimeError("killed before the commit")
        return outcome

    monkeypatch.setattr(SmsCarrier, "hand_over", taken_then_killed)
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    clinic.retry_now()
    (message,) = clinic.messages(patient_id=patient.id)
    assert handed == [message.reference, message.reference]
    assert message.status == pb.MESSAGE_STATUS_SENT
    (text,) = clinic.sms.sent(patient.phone)
    assert (text["client_reference"], text["sid"]) == (message.reference, message.provider_reference)


def test_a_crash_before_the_hand_over_loses_and_doubles_nothing(clinic, monkeypatch):
    """Killed with the intent committed and nothing sent: the next worker sends it once."""
    patient = clinic.patient(phone="")
    original = SmtpCarrier.hand_over
    dying = [True]

    def killed_while_dying(self, parcel):
        if dying:
            raise RuntimeError("killed before the hand-over")
        return original(self, parcel)

    monkeypatch.setattr(SmtpCarrier, "hand_over", killed_while_dying)
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    (message,) = clinic.messages(patient_id=patient.id)
    assert message.status == pb.MESSAGE_STATUS_INTENDED
    dying.clear()
    clinic.retry_now()
    assert len(clinic.mail.sent(message.reference)) == 1
    (message,) = clinic.messages(patient_id=patient.id)
    assert message.status == pb.MESSAGE_STATUS_SENT


def test_deciding_twice_makes_one_message(clinic, monkeypatch):
    """The decision that was rolled back with its message makes the same reference again."""
    patient = clinic.patient(phone="")
    visit = clinic.book(patient, clinic.now + timedelta(hours=20))
    planned = {one.reference for one in clinic.reminders(visit)}
    original = Units.system_call
    failed = []

    @contextmanager
    def killed_at_commit(self, tenant_id, **options):
        with original(self, tenant_id, **options) as call:
            yield call
            if not failed and tenant_id == clinic.tenant:
                failed.append(1)
                raise RuntimeError("killed at the commit")

    monkeypatch.setattr(Units, "system_call", killed_at_commit)
    clinic.harness.service.due_worker.run_batch()
    assert clinic.messages(patient_id=patient.id) == []
    clinic.retry_now()
    (message,) = clinic.messages(patient_id=patient.id)
    assert message.reference in planned
    assert len(clinic.mail.sent(message.reference)) == 1


def test_a_busy_mail_server_is_tried_again_with_growing_pauses(clinic):
    """451 twice is nothing: attempts are counted, the pause doubles, the message arrives once."""
    patient = clinic.patient(phone="")
    clinic.mail.configure(temporary_failure_fraction=1.0)
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    clinic.mail.configure(temporary_failure_fraction=0.0)
    (waiting,) = clinic.harness.due(clinic.tenant, "message.send")
    assert waiting.due_at == clinic.now + timedelta(minutes=1)
    clinic.until(clinic.now + timedelta(minutes=1))
    (message,) = clinic.messages(patient_id=patient.id)
    assert (message.status, message.attempts) == (pb.MESSAGE_STATUS_SENT, 2)
    assert len(clinic.mail.sent(message.reference)) == 1


def test_after_the_last_attempt_it_has_failed_and_the_next_channel_carries_it(clinic, monkeypatch):
    """The server stays unreachable: six attempts, failed, told; the rule's text message goes instead."""
    patient = clinic.patient()
    monkeypatch.setattr(SmtpCarrier, "_connect", _refuse)
    visit = clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.until(clinic.now + timedelta(hours=1))
    by_channel = {one.channel: one for one in clinic.messages(appointment_id=visit.appointment_id)}
    assert (by_channel[EMAIL].status, by_channel[EMAIL].attempts) == (pb.MESSAGE_STATUS_FAILED, 6)
    assert by_channel[EMAIL].error_code == "UNREACHABLE"
    assert by_channel[SMS].status == pb.MESSAGE_STATUS_SENT
    rows = [one[1:] for one in clinic.outcome(visit) if one[0] == "Booking confirmation"]
    assert rows == [("email", "DELIVERY_FAILED"), ("sms", "sent")]
    assert clinic.account(visit).complete


def _refuse(_self):
    raise ConnectionRefusedError


def test_an_address_that_does_not_exist_is_not_tried_again(clinic):
    """550 5.1.1: failed at once, suppressed as a bad address, the next channel tried."""
    patient = clinic.patient(email="nobody@bounce.invalid")
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    first, second = clinic.messages(patient_id=patient.id)
    assert (first.status, first.attempts, first.error_code) == (pb.MESSAGE_STATUS_FAILED, 1, "550")
    assert second.channel == SMS
    (entry,) = clinic.staff.call(
        "ListSuppressions", pb.ListSuppressionsRequest(channel=EMAIL, address="Nobody@bounce.invalid")
    ).suppressions
    assert entry.reason == pb.SUPPRESSION_REASON_BAD_ADDRESS


def test_who_opted_out_at_the_provider_is_opted_out_here(clinic):
    """21610: suppressed, the registry is told for all patients of the number, the e-mail of the rule goes instead."""
    patient = clinic.patient()
    clinic.sms.configure(inbound_url="http://127.0.0.1:9/nobody")
    warm = clinic.patient(phone=patient.phone, email="")
    clinic.book(warm, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()  # the provider now knows who writes to this number
    stop = {"from": patient.phone, "to": "+12125550100", "body": "STOP"}
    assert requests.post(f"{clinic.sms.url}/_sim/reply", json=stop, timeout=10).ok
    start = clinic.at(15, days=3)
    visit = clinic.book(patient, start)
    clinic.until(start - timedelta(hours=22))
    assert [one[1:] for one in clinic.outcome(visit) if one[0] == "One day before, by text"] == [
        ("sms", "SUPPRESSED"),
        ("email", "sent"),
    ]
    told = clinic.events(events_pb2.ContactConsentChanged)
    assert {patient.id, warm.id} <= {one for event in told for one in event.patient_ids}
    settled = [one.outcome for one in clinic.events(events_pb2.MessageSettled) if one.patient_id == patient.id]
    assert "suppressed" in settled


def test_a_text_that_did_not_arrive_is_failed_by_its_receipt(clinic):
    """undelivered 30006 (a landline): failed, the number suppressed, the e-mail of the rule goes instead."""
    patient = clinic.patient()
    start = clinic.at(15, days=2)
    visit = clinic.book(patient, start)
    clinic.until(start - timedelta(hours=24))
    (text,) = [one for one in clinic.messages(patient_id=patient.id) if one.channel == SMS]
    clinic.receipt(text, "undelivered", "30006")
    clinic.harness.run_due()
    assert [one[1:] for one in clinic.outcome(visit) if one[0] == "One day before, by text"] == [
        ("sms", "DELIVERY_FAILED"),
        ("email", "sent"),
    ]
    clinic.receipt(text, "delivered")  # comes too late, but it is the truth
    (text,) = [one for one in clinic.messages(patient_id=patient.id) if one.channel == SMS]
    assert text.status == pb.MESSAGE_STATUS_DELIVERED


def test_a_receipt_with_a_wrong_signature_is_refused(clinic):
    """Nobody but the provider says what became of a message."""
    patient = clinic.patient(email="")
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    (message,) = clinic.messages(patient_id=patient.id)
    url = f"https://clinic.example.org/webhooks/sms-status/{clinic.tenant}?reference={message.reference}"
    with expect_error("UNAUTHENTICATED"):
        clinic.webhook("ReceiveSmsStatus", url, [("MessageStatus", "failed")], token="other")
    (message,) = clinic.messages(patient_id=patient.id)
    assert message.status == pb.MESSAGE_STATUS_SENT


def test_a_message_by_hand_waits_for_the_window(clinic):
    """Staff writes at ten at night: the text goes at eight in the morning; the same key makes no second one."""
    clinic.until(clinic.at(22))
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.at(15, days=2))
    request = pb.SendMessageRequest(
        patient_id=patient.id,
        appointment_id=visit.appointment_id,
        template_code="appointment.reminder",
        channels=[SMS],
    )
    first = clinic.staff.call("SendMessage", request, key="by hand")
    assert clinic.staff.call("SendMessage", request, key="by hand").message_id == first.message_id
    clinic.harness.run_due()
    assert clinic.sms.sent(patient.phone) == []
    clinic.until(clinic.at(8, days=1))
    assert [one["client_reference"] for one in clinic.sms.sent(patient.phone)] == [first.reference]


def test_a_message_by_hand_says_why_it_cannot_go(clinic):
    """No consent on one channel, suppressed on the other: refused with both reasons, nothing written."""
    patient = clinic.patient(sms_purposes=[])
    clinic.staff.call("CreateSuppression", pb.CreateSuppressionRequest(channel=EMAIL, address=patient.email.upper()))
    clinic.staff.call(
        "PublishTemplate",
        pb.PublishTemplateRequest(
            code="manual.call", channel=SMS, language="en", text="Please call {{ location_phone }}"
        ),
    )
    request = pb.SendMessageRequest(patient_id=patient.id, template_code="manual.call", channels=[SMS, EMAIL])
    with expect_error("NO_USABLE_CHANNEL"):
        clinic.staff.call("SendMessage", request)
    assert clinic.messages(patient_id=patient.id) == []


def test_a_text_about_a_visit_needs_the_visit(clinic):
    """A template that names the time cannot be sent without an appointment, nor with another patient's."""
    patient, other = clinic.patient(), clinic.patient()
    request = pb.SendMessageRequest(patient_id=patient.id, template_code="appointment.reminder", channels=[EMAIL])
    with expect_error("INVALID_INPUT", field="appointment_id"):
        clinic.staff.call("SendMessage", request)
    request.appointment_id = clinic.book(other, clinic.at(15, days=2)).appointment_id
    with expect_error("NOT_FOUND"):
        clinic.staff.call("SendMessage", request)


def test_a_patient_reads_their_own_log_only(clinic):
    """The portal's communication log holds this patient's messages and no one else's."""
    mine, other = clinic.patient(), clinic.patient()
    for patient in (mine, other):
        clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    portal = clinic.harness.client(clinic.tenant, patient_ids=[mine.id])
    seen = portal.call("ListMessages", pb.ListMessagesRequest()).messages
    assert {one.patient_id for one in seen} == {mine.id}
    (theirs,) = clinic.messages(patient_id=other.id)
    with expect_error("NOT_FOUND"):
        portal.call("GetMessage", pb.GetMessageRequest(message_id=theirs.message_id))


def test_a_carrier_that_hangs_is_left_alone_for_a_while():
    """After five slow failures in a row the next hand-over is not even tried; an answer closes the breaker again."""
    parcel = Parcel("a@example.org", "b@example.org", "s", "t", "", "<r@example.org>", "en")
    answers = (
        [Refused(UNREACHABLE, Refusal.TEMPORARY)] * 4 + [Accepted()] + [Refused(UNREACHABLE, Refusal.TEMPORARY)] * 5
    )
    tried = []

    class Slow:
        def hand_over(self, one):
            tried.append(one)
            return answers[len(tried) - 1]

    guarded = Guarded(Slow(), slow_seconds=0.0)
    for expected in answers:
        assert guarded.hand_over(parcel) == expected
    with pytest.raises(errors.Unavailable):
        guarded.hand_over(parcel)
    assert len(tried) == len(answers)
    quick = Guarded(Slow(), slow_seconds=60.0)
    tried.clear()
    for _ in range(4):
        quick.hand_over(parcel)
    assert isinstance(quick.hand_over(parcel), Accepted)
