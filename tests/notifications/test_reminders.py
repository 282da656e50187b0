"""From a booking to the messages a patient gets, on the real service, a real mail server and a real SMS provider."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar
from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events

from chassis import errors
from chassis.ids import uuid7
from chassis.testing import expect_error
from scheduling.usecases.feeds import uid_of

BOOKED, WEEK, TWO_DAYS, DAY, HOURS = (
    "Booking confirmation",
    "Seven days before, by e-mail",
    "Two days before, by e-mail",
    "One day before, by text",
    "Two hours before, by text",
)


def test_a_visit_gets_each_reminder_of_its_rules_once(clinic):
    """Confirmation, e-mails 7 and 2 days before, texts 1 day and 2 hours before: each once, by its own reference."""
    patient = clinic.patient()
    start = clinic.at(15, days=10)
    visit = clinic.book(patient, start)
    planned = {one.rule_name: one.reference for one in clinic.reminders(visit)}

    clinic.until(start)

    assert clinic.outcome(visit) == [
        (BOOKED, "email", "sent"),
        (WEEK, "email", "sent"),
        (TWO_DAYS, "email", "sent"),
        (DAY, "sms", "sent"),
        (HOURS, "sms", "sent"),
    ]
    for name in (BOOKED, WEEK, TWO_DAYS):
        assert len(clinic.mail.sent(planned[name])) == 1
    texts = [one["client_reference"] for one in clinic.sms.sent(patient.phone)]
    assert texts == [planned[DAY], planned[HOURS]]
    account = clinic.account(visit)
    assert account.complete
    assert (len(account.expected), len(account.unexpected)) == (5, 0)


def test_an_email_has_a_link_and_a_local_time_and_nothing_about_the_person(clinic):
    """The e-mail tells clinic, weekday and local time with the link to the visit in the clinic's portal, in the patient's language;
    no name, and the patient's id nowhere."""
    patient = clinic.patient(language="es-MX")
    start = clinic.at(16, days=1)
    visit = clinic.book(patient, start)
    clinic.harness.run_due()
    (reference,) = [one.reference for one in clinic.reminders(visit) if one.rule_name == BOOKED]
    message = clinic.mail.read(reference)
    body = message.get_body(("plain",)).get_content()
    assert message["Message-ID"] == reference
    assert message["Subject"] == "Su cita en Riverside Clinic está reservada"
    assert "a las 4:00 p.m. del " in body
    link = f"https://clinic.example.org/portal/riverside/visits/{visit.appointment_id}"
    assert link in body
    assert patient.id not in message.as_string()
    page = message.get_body(("html",)).get_content().replace("\r\n", "\n")
    assert page.startswith('<!doctype html>\n<html lang="es">')
    assert f'<a href="{link}"' in page
    assert all(visit.appointment_id not in part.replace(link, "") for part in (body, page))
    assert all(visit.appointment_id not in part.as_string() for part in message.iter_attachments())
    assert message["From"] == "Riverside Clinic <no-reply@polyclinic.example>"
    assert parsedate_to_datetime(message["Date"]) == clinic.now.replace(microsecond=0)
    for part in (body, page):
        assert "Lugar: Main Street, 12 Main Street, Floor 2, Albany, NY. Teléfono: (212) 555-0123." in part
        assert "Para no recibir más, llame al (212) 555-0123." in part
    assert [part.get_filename() for part in message.walk() if part.get_filename()] == ["appointment.ics"]


def calendar_of(message):
    """The calendar entry attached to an e-mail, and its method."""
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    return Calendar.from_ical(part.get_payload(decode=True)), part.get_param("method")


def test_an_email_carries_the_visit_for_the_readers_calendar(clinic):
    """Booked, moved and cancelled are one entry with one UID and a rising SEQUENCE; it says when and at which address, and nothing
    about the person, the practitioner or the clinic. Its UID is that of scheduling's feeds."""
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.at(16, days=3))
    clinic.harness.run_due()
    clinic.move(visit, clinic.at(9, days=4))
    clinic.harness.run_due()
    clinic.change(visit, scheduling_events.APPOINTMENT_STATUS_CANCELLED)
    clinic.harness.run_due()
    references = {one.rule_name: one.reference for one in clinic.reminders(visit)}
    found = [calendar_of(clinic.mail.read(references[name])) for name in (BOOKED, "Visit moved", "Visit cancelled")]
    events = [calendar.walk("VEVENT")[0] for calendar, _ in found]
    assert [method for _, method in found] == ["PUBLISH", "PUBLISH", "CANCEL"]
    assert {str(event["uid"]) for event in events} == {uid_of(UUID(visit.appointment_id))}
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert [str(event["status"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert (events[0].start, events[1].start) == (clinic.at(16, days=3), clinic.at(9, days=4))
    assert str(events[0]["location"]) == "12 Main Street, Floor 2, Albany, NY"
    for calendar, _ in found:
        text = calendar.to_ical().decode()
        for secret in ("Riverside", patient.id, visit.appointment_id, visit.practitioner_id):
            assert secret not in text


def test_a_text_tells_clinic_weekday_and_local_time_and_asks_for_an_answer(clinic):
    """The text of the day before names clinic and place, the weekday and the time at the location, and C, R, X and STOP."""
    patient = clinic.patient(email="")
    start = clinic.at(15, days=3)
    clinic.book(patient, start)
    clinic.until(start - timedelta(days=1))
    day = f"{start:%A, %B} {start.day}"
    assert clinic.last_text(patient.phone) == (
        f"Riverside Clinic, Main Street: you have a visit on {day} at 3:00 PM. "
        "Reply C to confirm, R to reschedule, X to cancel the visit. STOP to opt out."
    )


def test_a_moved_visit_is_reminded_of_its_new_time_only(clinic):
    """After a move the old reminders are cancelled and the new ones are planned under the new count."""
    patient = clinic.patient()
    start = clinic.at(15, days=10)
    visit = clinic.book(patient, start)
    clinic.harness.run_due()
    clinic.move(visit, start + timedelta(days=2))
    clinic.until(start + timedelta(days=2))

    old = [one for one in clinic.reminders(visit) if one.reschedule_count == 0]
    new = [one for one in clinic.reminders(visit) if one.reschedule_count == 1]
    assert {one.reason for one in old if one.rule_name != BOOKED} == {"APPOINTMENT_MOVED"}
    assert sorted(one.rule_name for one in new) == sorted(["Visit moved", WEEK, TWO_DAYS, DAY, HOURS])
    assert all(one.status == pb.REMINDER_STATUS_SENT for one in new)
    assert not {one.reference for one in old} & {one.reference for one in new}
    assert clinic.account(visit).complete
    assert len(clinic.sms.sent(patient.phone)) == 2


def test_a_cancelled_visit_is_told_once_and_reminded_no_more(clinic):
    """Cancelling ends every reminder and sends the notice of it."""
    patient = clinic.patient()
    start = clinic.now + timedelta(days=4)
    visit = clinic.book(patient, start)
    clinic.harness.run_due()
    clinic.change(visit, scheduling_events.APPOINTMENT_STATUS_CANCELLED)
    clinic.until(start + timedelta(days=1))
    assert clinic.sms.sent(patient.phone) == []
    subjects = [one["subject"] for one in clinic.mail.sent() if one["to"] == patient.email]
    assert subjects == ["Your visit at Riverside Clinic is booked", "Your visit at Riverside Clinic is cancelled"]
    assert clinic.account(visit).complete


def test_a_visit_that_has_begun_is_reminded_no_more(clinic):
    """Who has checked in gets no text two hours before."""
    patient = clinic.patient()
    start = clinic.now + timedelta(hours=3)
    visit = clinic.book(patient, start)
    clinic.change(visit, scheduling_events.APPOINTMENT_STATUS_CHECKED_IN)
    clinic.until(start)
    assert clinic.sms.sent(patient.phone) == []
    assert (HOURS, "sms", "VISIT_BEGAN") in clinic.outcome(visit)


def test_the_moment_of_sending_counts_not_the_event_that_is_still_under_way(clinic):
    """A message already written down is taken back when the visit is cancelled before it is handed over."""
    patient = clinic.patient(phone="")
    clinic.mail.configure(temporary_failure_fraction=1.0)
    try:
        visit = clinic.book(patient, clinic.now + timedelta(days=1))
        clinic.harness.run_due()
        (message,) = clinic.messages(patient_id=patient.id)
        assert (message.status, message.attempts, message.error_code) == (pb.MESSAGE_STATUS_INTENDED, 1, "451")
        clinic.change(visit, scheduling_events.APPOINTMENT_STATUS_CANCELLED)
        clinic.until(clinic.now + timedelta(minutes=2))
    finally:
        clinic.mail.configure(temporary_failure_fraction=0.0)
    (message, *_) = clinic.messages(patient_id=patient.id)
    assert (message.status, message.error_code) == (pb.MESSAGE_STATUS_WITHDRAWN, "APPOINTMENT_CANCELLED")
    assert clinic.mail.sent(message.reference) == []


def test_a_late_booking_leaves_out_what_has_passed(clinic):
    """For a visit tomorrow the reminders of 7 and 2 days before are on record as passed."""
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.now + timedelta(hours=20))
    left_out = {rule for rule, _, outcome in clinic.outcome(visit) if outcome == "TIME_PASSED"}
    assert left_out == {WEEK, TWO_DAYS, DAY}
    assert clinic.account(visit).complete


def test_quiet_hours_move_a_text_to_the_morning_or_leave_it_out(clinic):
    """At 5:30 a.m. nobody is texted: the text goes at 8:00 when the visit is later than that, else not at all."""
    early, later = clinic.patient(), clinic.patient()
    at_half_past_seven = clinic.book(early, clinic.at(7, 30, days=3))
    at_half_past_nine = clinic.book(later, clinic.at(9, 30, days=3))
    eight = clinic.at(8, days=3)
    clinic.until(clinic.at(10, days=3))
    assert (HOURS, "sms", "QUIET_HOURS") in clinic.outcome(at_half_past_seven)
    (two_hours,) = [one for one in clinic.reminders(at_half_past_nine) if one.rule_name == HOURS]
    assert two_hours.due_at.ToDatetime(UTC) == eight
    assert two_hours.status == pb.REMINDER_STATUS_SENT
    assert clinic.account(at_half_past_seven).complete
    assert clinic.account(at_half_past_nine).complete


def test_quiet_hours_are_the_patients_own(clinic):
    """A patient who lives in Honolulu is texted in Honolulu's day, though the clinic is in New York."""
    patient = clinic.patient(time_zone="Pacific/Honolulu", email="")
    start = clinic.at(9, 30, days=3)
    visit = clinic.book(patient, start)
    clinic.until(start)
    (day_before,) = [one for one in clinic.reminders(visit) if one.rule_name == DAY and one.channel == 2]
    assert day_before.status == pb.REMINDER_STATUS_SENT
    assert day_before.due_at.ToDatetime(UTC).astimezone(ZoneInfo("Pacific/Honolulu")).hour == 8


def test_a_persons_own_quiet_hours_are_kept(clinic):
    """A late riser's text waits for ten o'clock; what would come after the visit began is left out, and on record so."""
    sleeper, earlier = (clinic.patient(quiet=(1320, 600), email="") for _ in range(2))
    ten, start = clinic.at(10, days=3), clinic.at(11, 30, days=3)
    later, before_ten = clinic.book(sleeper, start), clinic.book(earlier, clinic.at(9, 45, days=3))
    clinic.until(start)
    (two_hours,) = [one for one in clinic.reminders(later) if one.rule_name == HOURS]
    assert two_hours.due_at.ToDatetime(UTC) == ten
    assert two_hours.status == pb.REMINDER_STATUS_SENT
    assert (HOURS, "sms", "QUIET_HOURS") in clinic.outcome(before_ten)
    assert clinic.account(later).complete
    assert clinic.account(before_ten).complete


def test_not_even_what_goes_out_at_any_hour_disturbs_quiet_hours(clinic):
    """The confirmation of a booking is e-mailed at any hour, but to who wants quiet when that is over."""
    usual, sleeper = clinic.patient(phone=""), clinic.patient(phone="", quiet=(540, 900))
    for one in (usual, sleeper):
        clinic.book(one, clinic.at(15, days=4))
    clinic.until(clinic.now + timedelta(minutes=2))
    assert len(clinic.messages(patient_id=usual.id)) == 1
    assert clinic.messages(patient_id=sleeper.id) == []
    clinic.until(clinic.at(15, days=0))
    assert len(clinic.messages(patient_id=sleeper.id)) == 1


def test_without_consent_nothing_is_sent_and_the_next_channel_is_tried(clinic):
    """No consent to texts: the rule's e-mail carries the message; no consent to anything: left out, with reasons."""
    half = clinic.patient(sms_purposes=[])
    none = clinic.patient(sms_purposes=[], email_purposes=[])
    start = clinic.at(15, days=2)
    first, second = clinic.book(half, start), clinic.book(none, start)
    clinic.until(start - timedelta(hours=22))
    assert [one[1:] for one in clinic.outcome(first) if one[0] == DAY] == [("sms", "NO_CONSENT"), ("email", "sent")]
    assert [one[1:] for one in clinic.outcome(second) if one[0] == DAY] == [
        ("sms", "NO_CONSENT"),
        ("email", "NO_CONSENT"),
    ]
    assert clinic.account(first).complete
    assert clinic.account(second).complete
    assert clinic.messages(patient_id=none.id) == []


def test_the_address_is_asked_for_at_the_moment_of_sending(clinic):
    """Who changes their number after booking is texted at the new one."""
    patient = clinic.patient(email="")
    start = clinic.at(15, days=2)
    clinic.book(patient, start)
    old, patient.phone = patient.phone, "+16465550199"
    clinic.until(start - timedelta(hours=22))
    assert clinic.sms.sent(old) == []
    assert [one.recipient for one in clinic.messages(patient_id=patient.id)][-1] == "+16465550199"


def test_somebody_who_died_is_never_written_to(clinic):
    """The registry says suppressed: every planned message is left out, without a try at another channel."""
    patient = clinic.patient(suppressed=True)
    visit = clinic.book(patient, clinic.now + timedelta(days=1))
    clinic.harness.run_due()
    assert (BOOKED, "email", "PATIENT_SUPPRESSED") in clinic.outcome(visit)
    assert clinic.messages(patient_id=patient.id) == []


def test_after_an_outage_only_the_latest_reminder_of_a_visit_goes_out(clinic):
    """When reminders of several days are due at once, the earlier ones are superseded."""
    patient = clinic.patient()
    start = clinic.at(15, days=9)
    visit = clinic.book(patient, start)
    clinic.harness.run_due()
    clinic.harness.run_due(start - timedelta(hours=24))  # nothing ran for eight days
    assert (WEEK, "email", "SUPERSEDED") in clinic.outcome(visit)
    assert (TWO_DAYS, "email", "SUPERSEDED") in clinic.outcome(visit)
    assert (DAY, "sms", "sent") in clinic.outcome(visit)
    assert clinic.account(visit).complete


def test_no_address_gets_more_than_its_limit(clinic):
    """The thirteenth text to a family's number within 24 hours is left out as over the limit."""
    start = clinic.at(15, days=1)
    family = [clinic.patient(phone="+16465550142", email="") for _ in range(14)]
    visits = [clinic.book(patient, start) for patient in family]
    clinic.harness.run_due()
    outcomes = [outcome for visit in visits for rule, _, outcome in clinic.outcome(visit) if rule == BOOKED]
    # The e-mail of the rule is left out first: there is no address.
    assert (outcomes.count("sent"), outcomes.count("RECIPIENT_LIMIT")) == (12, 2)


def test_while_the_registry_is_away_the_reminder_waits(clinic):
    """The registry does not answer: nothing is lost and nothing sent; when it is back the message goes."""
    patient = clinic.patient()

    def away(_request):
        raise errors.Unavailable

    clinic.harness.stub_peer("patient_registry", "GetContacts", away)
    visit = clinic.book(patient, clinic.now + timedelta(days=1))
    clinic.harness.service.due_worker.run_batch()
    assert (BOOKED, "email", "planned") in clinic.outcome(visit)
    assert clinic.harness.dead_letters(clinic.tenant) == []
    clinic.harness.stub_peer("patient_registry", "GetContacts", clinic._contacts)
    clinic.retry_now()
    assert (BOOKED, "email", "sent") in clinic.outcome(visit)


def test_an_older_event_changes_nothing(clinic):
    """A booking that arrives after the cancellation it precedes does not bring the reminders back."""
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.now + timedelta(days=3))
    late = scheduling_events.AppointmentState()
    late.CopyFrom(visit)
    clinic.change(visit, scheduling_events.APPOINTMENT_STATUS_CANCELLED)
    clinic.deliver(scheduling_events.AppointmentConfirmed(appointment=late))
    clinic.until(clinic.now + timedelta(days=3))
    assert clinic.sms.sent(patient.phone) == []


def test_a_sent_message_is_told_to_the_others(clinic):
    """MessageSettled says which message to whom was sent, and then that it was delivered."""
    patient = clinic.patient(email="")
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    (message,) = clinic.messages(patient_id=patient.id)
    clinic.receipt(message, "sent")
    clinic.receipt(message, "delivered")
    clinic.receipt(message, "sent")  # late: it takes nothing back
    settled = [one for one in clinic.events(events_pb2.MessageSettled) if one.patient_id == patient.id]
    assert [one.outcome for one in settled] == ["sent", "delivered"]
    (message,) = clinic.messages(patient_id=patient.id)
    assert message.status == pb.MESSAGE_STATUS_DELIVERED


def test_an_account_of_another_location_does_not_see_the_reminders(clinic):
    """Staff limited to one location is told that there is no such appointment at another."""
    visit = clinic.book(clinic.patient(), clinic.at(15, days=3))
    request = pb.ListRemindersRequest(appointment_id=visit.appointment_id)
    here = clinic.harness.client(clinic.tenant, location_ids=[UUID(clinic.location_id)])
    assert len(here.call("ListReminders", request).reminders) == 5
    elsewhere = clinic.harness.client(clinic.tenant, location_ids=[uuid7()])
    with expect_error("NOT_FOUND"):
        elsewhere.call("ListReminders", request)
    with expect_error("NOT_FOUND"):
        elsewhere.call("ListExpectedReminders", pb.ListExpectedRemindersRequest(appointment_id=visit.appointment_id))
