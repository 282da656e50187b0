"""What patients answer by text, and what follows, from the provider's signed webhook to the events and our answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events

from chassis import errors
from chassis.ids import uuid7
from chassis.testing import expect_error
from tests.notifications.clinic import PUBLIC_URL, ids

CONFIRM, RESCHEDULE, CANCEL = (
    events_pb2.REPLY_INTENT_CONFIRM,
    events_pb2.REPLY_INTENT_RESCHEDULE,
    events_pb2.REPLY_INTENT_CANCEL,
)


@pytest.fixture
def reminded(clinic):
    """Books visits for patients at these starts, and lets time go on until each has been asked about by text."""

    def remind(*visits, phone="", **facts):
        made = []
        for start in visits:
            patient = clinic.patient(email="", **({"phone": phone} if phone else {}), **facts)
            made.append((patient, clinic.book(patient, start)))
        clinic.harness.run_due()
        return made

    return remind


def answers(clinic):
    """(appointment, intent) of every answer that was published, in order."""
    return [(one.appointment_id, one.intent) for one in clinic.events(events_pb2.AppointmentReplyReceived)]


def number():
    """A phone number that no other test uses."""
    return f"+1917{uuid7().int % 10**7:07d}"


@pytest.mark.parametrize(
    ("text", "intent", "answer"),
    [
        ("C", CONFIRM, "thank you, confirmed"),
        ("Sí", CONFIRM, "thank you, confirmed"),
        ("r", RESCHEDULE, "We will contact you"),
        ("X", CANCEL, "your visit is cancelled"),
        ("cancel my appointment", CANCEL, "your visit is cancelled"),
    ],
)
def test_an_answer_reaches_scheduling_and_is_acknowledged(clinic, reminded, text, intent, answer):
    """C, R and X (in either language) become events of the visit, and the patient hears that we understood."""
    ((patient, visit),) = reminded(clinic.at(15, days=1))
    clinic.reply(patient.phone, text)
    assert answers(clinic) == [(visit.appointment_id, intent)]
    (event,) = clinic.events(events_pb2.AppointmentReplyReceived)
    assert event.patient_id == patient.id
    assert answer in clinic.last_text(patient.phone)


def test_the_same_webhook_twice_counts_once(clinic, reminded):
    """The provider repeats a webhook it had no answer to; nothing is done twice."""
    ((patient, _),) = reminded(clinic.at(15, days=1))
    clinic.reply(patient.phone, "C", sid="SM-one")
    texts = len(clinic.sms.sent(patient.phone))
    clinic.reply(patient.phone, "C", sid="SM-one")
    assert len(answers(clinic)) == 1
    assert len(clinic.sms.sent(patient.phone)) == texts


def test_one_answer_stands_for_a_familys_one_trip(clinic, reminded):
    """Siblings with visits on one day at one place: C confirms both, each with an event of its own."""
    phone = number()
    (_, first), (_, second) = reminded(clinic.at(15, days=1), clinic.at(16, days=1), phone=phone)
    clinic.reply(phone, "C")
    assert answers(clinic) == [(first.appointment_id, CONFIRM), (second.appointment_id, CONFIRM)]
    assert len({one.reply_id for one in clinic.events(events_pb2.AppointmentReplyReceived)}) == 2


def test_for_different_days_we_ask_which_and_understand_the_number(clinic, reminded):
    """Visits on two days: nothing is done at first, the numbered question comes, and 2 is the second visit."""
    phone = number()
    (_, first), (_, second) = reminded(clinic.at(15, days=1), clinic.at(9, days=2), phone=phone)
    clinic.reply(phone, "X")
    assert answers(clinic) == []
    question = clinic.last_text(phone)
    assert "which visit do you mean? 1) " in question
    assert "3:00 PM, 2) " in question
    clinic.reply(phone, "2")
    assert answers(clinic) == [(second.appointment_id, CANCEL)]
    assert first.appointment_id != second.appointment_id


def test_all_is_an_answer_to_our_question(clinic, reminded):
    """ALL (or both, todas) means every visit we asked about."""
    phone = number()
    visits = reminded(clinic.at(15, days=1), clinic.at(9, days=2), phone=phone)
    clinic.reply(phone, "C")
    clinic.reply(phone, "both")
    assert answers(clinic) == [(visit.appointment_id, CONFIRM) for _, visit in visits]


def test_a_number_that_was_not_offered_is_not_guessed(clinic, reminded):
    """3 of two visits, or a number without a question of ours, changes nothing and is listed for a person."""
    phone = number()
    reminded(clinic.at(15, days=1), clinic.at(9, days=2), phone=phone)
    clinic.reply(phone, "1")
    clinic.reply(phone, "C")
    clinic.reply(phone, "3")
    assert answers(clinic) == []
    listed = clinic.staff.call("ListReplies", pb.ListRepliesRequest(needs_attention=True)).replies
    assert sorted(one.text for one in listed) == ["1", "3"]


def test_a_question_does_not_stay_open_for_ever(clinic, reminded):
    """Two days later a bare number is no answer any more."""
    phone = number()
    reminded(clinic.at(15, days=10), clinic.at(9, days=11), phone=phone)
    clinic.reply(phone, "C")
    clinic.until(clinic.now + timedelta(hours=49))
    clinic.reply(phone, "1")
    assert answers(clinic) == []


def test_a_confirmed_visit_does_not_make_the_answer_doubtful(clinic, reminded):
    """When the first visit is confirmed already, C is for the other one; changing one's mind works too."""
    phone = number()
    (_, first), (_, second) = reminded(clinic.at(15, days=1), clinic.at(9, days=2), phone=phone)
    clinic.change(first, scheduling_events.APPOINTMENT_STATUS_CONFIRMED)
    clinic.reply(phone, "C")
    assert answers(clinic) == [(second.appointment_id, CONFIRM)]


def test_an_answer_after_a_move_is_for_the_new_time(clinic, reminded):
    """A visit that was moved is pending again as soon as the number was told its new time, not before."""
    phone = number()
    ((_, visit),) = reminded(clinic.at(15, days=1), phone=phone)
    clinic.move(visit, clinic.at(15, days=3))
    clinic.reply(phone, "C")
    assert answers(clinic) == []
    assert "no coming visit" in clinic.last_text(phone) or "now on" in clinic.last_text(phone)
    clinic.reply(phone, "C")
    assert answers(clinic) == [(visit.appointment_id, CONFIRM)]


@pytest.mark.parametrize("word", ["STOP", "quit", "End", "REVOKE", "opt out", "unsubscribe", "Please stop texting me"])
def test_stop_is_for_the_number_and_all_its_patients(clinic, reminded, word):
    """Every word of the rule ends texts to the number, for everybody reached there, also those not written to yet."""
    phone = number()
    (mother, _), (child, visit) = reminded(clinic.at(15, days=2), clinic.at(16, days=2), phone=phone)
    baby = clinic.patient(email="", phone=phone)
    clinic.reply(phone, word)
    (event,) = clinic.events(events_pb2.ContactConsentChanged)
    assert (sorted(event.patient_ids), event.granted) == (ids([mother, child, baby]), False)
    sent = len(clinic.sms.sent(phone))
    clinic.until(clinic.at(17, days=2))
    assert len(clinic.sms.sent(phone)) == sent
    reasons = {one.reason for one in clinic.reminders(visit) if one.channel == events_pb2.CHANNEL_SMS and one.reason}
    assert "SUPPRESSED" in reasons
    assert answers(clinic) == []


def test_cancel_is_an_opt_out_and_somebody_should_call(clinic, reminded):
    """The rule makes "cancel" an opt-out; the visit stays, and the reply is listed with the visits it may have meant."""
    ((patient, visit),) = reminded(clinic.at(15, days=1))
    clinic.reply(patient.phone, "Cancel")
    assert answers(clinic) == []
    assert not clinic.events(events_pb2.ContactConsentChanged)[0].granted
    (listed,) = clinic.staff.call("ListReplies", pb.ListRepliesRequest(needs_attention=True)).replies
    assert (listed.meaning, listed.ambiguous) == (pb.REPLY_MEANING_OPT_OUT, True)
    assert list(listed.appointment_ids) == [visit.appointment_id]


def test_start_takes_a_stop_back(clinic, reminded):
    """START lifts the number's suppression and tells the registry; staff cannot lift it."""
    ((patient, _),) = reminded(clinic.at(15, days=2))
    clinic.reply(patient.phone, "STOP")
    (entry,) = clinic.staff.call("ListSuppressions", pb.ListSuppressionsRequest(address=patient.phone)).suppressions
    with expect_error("OPTED_OUT_BY_HOLDER"):
        clinic.staff.call("DeleteSuppression", pb.DeleteSuppressionRequest(suppression_id=entry.suppression_id))
    clinic.reply(patient.phone, "START")
    assert [one.granted for one in clinic.events(events_pb2.ContactConsentChanged)] == [False, True]
    before = len(clinic.sms.sent(patient.phone))
    clinic.until(clinic.at(16, days=1))
    assert len(clinic.sms.sent(patient.phone)) > before


def test_stop_counts_while_the_registry_is_away(clinic, reminded):
    """The registry does not answer: the number is suppressed all the same, for those we wrote to."""
    phone = number()
    ((patient, _),) = reminded(clinic.at(15, days=2), phone=phone)

    def away(_request):
        raise errors.Unavailable

    clinic.harness.stub_peer("patient_registry", "FindByContact", away)
    clinic.reply(phone, "STOP")
    (event,) = clinic.events(events_pb2.ContactConsentChanged)
    assert list(event.patient_ids) == [patient.id]


def test_what_is_not_understood_is_said_once_a_day_and_read_by_a_person(clinic, reminded):
    """No guessing: the patient hears it once, staff sees every such reply."""
    ((patient, _),) = reminded(clinic.at(15, days=1))
    clinic.reply(patient.phone, "yes but I may be late")
    first = len(clinic.sms.sent(patient.phone))
    assert "we did not understand" in clinic.last_text(patient.phone)
    clinic.reply(patient.phone, "hello?")
    assert len(clinic.sms.sent(patient.phone)) == first
    assert answers(clinic) == []
    listed = clinic.staff.call(
        "ListReplies", pb.ListRepliesRequest(patient_id=patient.id, needs_attention=True)
    ).replies
    assert [one.text for one in listed] == ["hello?", "yes but I may be late"]


def test_an_unknown_number_gets_no_answer(clinic):
    """Somebody we never wrote to: on record, listed, no answer, no event."""
    phone = number()
    clinic.reply(phone, "C")
    assert clinic.sms.sent(phone) == []
    assert answers(clinic) == []
    (listed,) = clinic.staff.call("ListReplies", pb.ListRepliesRequest(needs_attention=True)).replies
    assert listed.sender == phone


def test_a_spanish_patient_is_answered_in_spanish(clinic, reminded):
    """The language of the last message is the language of the answer."""
    ((patient, _),) = reminded(clinic.at(15, days=1), language="es")
    clinic.reply(patient.phone, "si")
    assert clinic.last_text(patient.phone) == "Riverside Clinic: gracias, confirmado."


def test_a_forged_webhook_changes_nothing(clinic, reminded):
    """A wrong secret, or another tenant's URL, is refused."""
    ((patient, _),) = reminded(clinic.at(15, days=1))
    form = [("MessageSid", "SM-forged"), ("From", patient.phone), ("To", "+12125550100"), ("Body", "X")]
    url = f"{PUBLIC_URL}/webhooks/sms/{clinic.tenant}"
    with expect_error("UNAUTHENTICATED"):
        clinic.webhook("ReceiveSmsReply", url, form, token="guessed")
    assert answers(clinic) == []
    assert list(clinic.staff.call("ListReplies", pb.ListRepliesRequest()).replies) == []


def test_who_answers_a_text_has_read_it_whatever_its_receipt_said(clinic, reminded):
    """A text reported as undelivered and answered all the same: the answer counts."""
    ((patient, visit),) = reminded(clinic.at(15, days=1))
    (message,) = clinic.messages(patient_id=patient.id)
    clinic.receipt(message, "undelivered", "30003")
    clinic.reply(patient.phone, "C")
    assert answers(clinic) == [(visit.appointment_id, CONFIRM)]
