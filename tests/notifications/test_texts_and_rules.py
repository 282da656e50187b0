"""What a tenant can change: texts, rules, policy, suppressions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from polyclinic.billing.v1 import events_pb2 as billing_events
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2

from chassis import errors
from chassis.ids import uuid7
from chassis.protos import timestamp
from chassis.testing import expect_error
from tests.notifications.clinic import VISIT

EMAIL, SMS = events_pb2.CHANNEL_EMAIL, events_pb2.CHANNEL_SMS


def texts_of(clinic, code):
    """The templates of a code."""
    return list(clinic.staff.call("ListTemplates", pb.ListTemplatesRequest(code=code)).templates)


def publish(clinic, text, *, code="appointment.reminder", channel=SMS, language="en", version=0, **parts):
    """Publishes a text."""
    request = pb.PublishTemplateRequest(
        code=code, channel=channel, language=language, text=text, version=version, **parts
    )
    return clinic.staff.call("PublishTemplate", request)


def rule_named(clinic, name):
    """A rule by its name."""
    return next(
        one
        for one in clinic.staff.call("ListRules", pb.ListRulesRequest(include_inactive=True)).rules
        if one.name == name
    )


def change_rule(clinic, rule, **fields):
    """Changes fields of a rule, and lets the coming visits follow."""
    request = pb.UpdateRuleRequest(
        rule_id=rule.rule_id,
        rule=pb.MessageRule(**fields),
        update_mask=FieldMask(paths=list(fields)),
        version=rule.version,
    )
    changed = clinic.staff.call("UpdateRule", request)
    clinic.harness.run_due()
    return changed


def test_a_new_tenant_has_texts_and_rules_in_two_languages(clinic):
    """TenantChanged installs the built-in set once, however often it comes."""
    before = [one.template_id for one in texts_of(clinic, "appointment.reminder")]
    clinic.deliver(
        identity_events.TenantChanged(
            tenant_id=str(clinic.tenant), slug="riverside", name="Riverside Clinics", active=True, version=2
        )
    )
    shown = texts_of(clinic, "appointment.reminder")
    assert [one.template_id for one in shown] == before
    assert {(one.channel, one.language) for one in shown} == {(EMAIL, "en"), (EMAIL, "es"), (SMS, "en"), (SMS, "es")}
    assert all(one.built_in and one.version == 1 and "weekday" in one.variables for one in shown)
    assert len(clinic.staff.call("ListRules", pb.ListRulesRequest()).rules) == 11


def test_publishing_makes_a_version_and_keeps_the_old_one(clinic):
    """The next message is made from the new text; the old one can still be read."""
    (before,) = [one for one in texts_of(clinic, "appointment.booked") if (one.channel, one.language) == (SMS, "en")]
    made = publish(clinic, "{{ clinic_name }}: see you {{ weekday }}!", code="appointment.booked")
    assert (made.template_id, made.version, made.built_in) == (before.template_id, 2, False)
    patient = clinic.patient(email="")
    clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    (message,) = clinic.messages(patient_id=patient.id)
    assert message.template_version == 2
    assert message.text.startswith("Riverside Clinic: see you ")
    old = clinic.staff.call("GetTemplate", pb.GetTemplateRequest(template_id=made.template_id, version=1))
    assert old.text == before.text
    versions = clinic.staff.call("ListTemplateVersions", pb.ListTemplateVersionsRequest(template_id=made.template_id))
    assert [one.version for one in versions.templates] == [2, 1]


def test_publishing_from_an_old_version_is_refused(clinic):
    """Who read version 1 does not overwrite version 2 unseen."""
    publish(clinic, "two {{ clinic_name }}", version=1)
    with expect_error("STALE_VERSION"):
        publish(clinic, "mine {{ clinic_name }}", version=1)


def test_publishing_at_the_same_time_makes_one_version_after_the_other(clinic):
    """Eight at once: eight versions, each with its own text."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: publish(clinic, f"{n} {{{{ clinic_name }}}}", code="manual.race"), range(8)))
    assert sorted(one.version for one in made) == list(range(1, 9))
    assert len({one.template_id for one in made}) == 1


def test_a_text_with_faults_is_refused_with_all_of_them(clinic):
    """Unknown variable in the subject and a loop in the text: both are named, nothing is published."""
    try:
        publish(
            clinic,
            "{% for x in y %}{% endfor %}",
            channel=EMAIL,
            subject="For {{ patient_name }}",
        )
    except errors.Remote as refused:
        fields = {violation.field for violation in refused.violations}
        assert refused.reason == "INVALID_INPUT"
        assert fields == {"subject", "text"}
    else:
        raise AssertionError("it was published")
    assert all(one.version == 1 for one in texts_of(clinic, "appointment.reminder"))


def test_a_preview_fills_in_samples_and_counts_segments(clinic):
    """An unpublished text, the published one in the nearest language, and a text with a fault."""
    request = pb.PreviewTemplateRequest(
        code="appointment.reminder", channel=SMS, language="en", text="á {{ time }} {{ clinic_name }}"
    )
    shown = clinic.staff.call("PreviewTemplate", request)
    assert (shown.text, shown.sms_segments) == ("á 3:00 PM Example Clinic", 1)
    published = pb.PreviewTemplateRequest(code="appointment.reminder", channel=EMAIL, language="es-PR")
    shown = clinic.staff.call("PreviewTemplate", published)
    assert (shown.language, shown.sms_segments) == ("es", 0)
    assert shown.subject == "Su cita del Tuesday en Example Clinic"
    request.text = "{{ nothing }}"
    with expect_error("INVALID_INPUT", field="text"):
        clinic.staff.call("PreviewTemplate", request)


def test_a_visit_types_own_rule_replaces_the_general_ones_for_coming_visits_too(clinic):
    """A booked physical follows the new rule shortly after; a follow-up keeps the general ones."""
    patient = clinic.patient()
    physical = clinic.book(patient, clinic.at(15, days=10), appointment_type_code="physical")
    other = clinic.book(patient, clinic.at(15, days=11))
    rule = pb.MessageRule(
        name="Come fasting",
        trigger=pb.TRIGGER_BEFORE_VISIT,
        offset_minutes=3 * 1440,
        appointment_type_code="physical",
        channels=[SMS],
        template_code="appointment.reminder",
    )
    clinic.staff.call("CreateRule", pb.CreateRuleRequest(rule=rule))
    clinic.harness.run_due()
    waiting = {one.rule_name for one in clinic.reminders(physical) if one.status == pb.REMINDER_STATUS_PLANNED}
    assert waiting == {"Come fasting"}
    assert clinic.account(physical).complete
    assert len([one for one in clinic.reminders(other) if one.status == pb.REMINDER_STATUS_PLANNED]) == 4


def test_changing_and_retiring_a_rule_moves_and_cancels_what_waits(clinic):
    """Two days becomes three: the same reminder, a new time. Retired: cancelled. Revived: planned again, once."""
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.at(15, days=10))
    rule = rule_named(clinic, "Two days before, by e-mail")

    def planned():
        (one,) = [row for row in clinic.reminders(visit) if row.rule_id == rule.rule_id]
        return one

    first = planned()
    rule = change_rule(clinic, rule, offset_minutes=3 * 1440, name="Three days before")
    moved = planned()
    assert moved.reminder_id == first.reminder_id
    assert moved.due_at.seconds == first.due_at.seconds - 86400
    rule = clinic.staff.call("DeleteRule", pb.DeleteRuleRequest(rule_id=rule.rule_id, version=rule.version))
    clinic.harness.run_due()
    assert planned().reason == "RULE_CHANGED"
    change_rule(clinic, rule, active=True)
    assert (planned().status, planned().reference) == (pb.REMINDER_STATUS_PLANNED, first.reference)
    clinic.until(clinic.at(16, days=10))
    assert planned().status == pb.REMINDER_STATUS_SENT
    assert len(clinic.mail.sent(first.reference)) == 1


def test_a_rule_is_checked_as_a_whole(clinic):
    """An offset on a booking rule, a template of another trigger, a stale version: each is refused."""
    booked = rule_named(clinic, "Booking confirmation")
    with expect_error("INVALID_INPUT"):
        change_rule(clinic, booked, offset_minutes=60)
    with expect_error("INVALID_INPUT", field="rule.template_code"):
        change_rule(clinic, booked, template_code="statement.issued")
    with expect_error("INVALID_INPUT", field="rule.template_code"):
        change_rule(clinic, booked, template_code="manual.unpublished")
    changed = change_rule(clinic, booked, name="Thanks")
    with expect_error("STALE_VERSION"):
        change_rule(clinic, booked, name="Again")
    assert changed.version == 2


def test_the_policys_window_moves_what_waits(clinic):
    """Texts from ten only: the text of a 9:30 visit's day before goes at ten."""
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.at(9, 30, days=3))
    policy = clinic.staff.call("GetMessagingPolicy", pb.GetMessagingPolicyRequest())
    clinic.staff.call(
        "UpdateMessagingPolicy",
        pb.UpdateMessagingPolicyRequest(
            policy=pb.MessagingPolicy(windows=[pb.SendWindow(channel=SMS, opens_minute=600, closes_minute=1140)]),
            update_mask=FieldMask(paths=["windows"]),
            version=policy.version,
        ),
    )
    ten = clinic.at(10, days=2)
    clinic.until(clinic.at(9, 30, days=3))
    (day_before,) = [
        one for one in clinic.reminders(visit) if one.rule_name.startswith("One day") and one.channel == SMS
    ]
    assert day_before.due_at.seconds == int(ten.timestamp())
    assert day_before.status == pb.REMINDER_STATUS_SENT


def test_a_suppressed_address_gets_nothing_until_it_is_lifted(clinic):
    """By hand, in any notation; lifted again, messages go."""
    patient = clinic.patient(email="")
    typed = f"({patient.phone[2:5]}) {patient.phone[5:8]}-{patient.phone[8:]}"
    made = clinic.staff.call("CreateSuppression", pb.CreateSuppressionRequest(channel=SMS, address=typed))
    assert made.address == patient.phone
    again = clinic.staff.call("CreateSuppression", pb.CreateSuppressionRequest(channel=SMS, address=patient.phone))
    assert again.suppression_id == made.suppression_id
    visit = clinic.book(patient, clinic.now + timedelta(hours=20))
    clinic.harness.run_due()
    assert ("Booking confirmation", "sms", "SUPPRESSED") in clinic.outcome(visit)
    clinic.staff.call("DeleteSuppression", pb.DeleteSuppressionRequest(suppression_id=made.suppression_id))
    clinic.book(patient, clinic.now + timedelta(hours=21))
    clinic.harness.run_due()
    assert len(clinic.sms.sent(patient.phone)) == 1
    with expect_error("INVALID_INPUT", field="address"):
        clinic.staff.call("CreateSuppression", pb.CreateSuppressionRequest(channel=SMS, address="nobody"))


def test_a_waitlist_offer_is_told_by_text_until_it_is_settled(clinic):
    """The offer goes out with its last moment; one that is settled before its hour is not told any more."""

    def offer(patient, expires):
        event = scheduling_events.WaitlistOffered(
            waitlist_offer_id=str(uuid7()),
            waitlist_entry_id=str(uuid7()),
            patient_id=patient.id,
            location_id=clinic.location_id,
            start_time=timestamp(clinic.at(15, days=2)),
            time_zone="America/New_York",
            expires_at=timestamp(expires),
        )
        clinic.deliver(event)
        return event

    told = clinic.patient()
    offer(told, clinic.at(17))
    clinic.harness.run_due()
    assert "5:00 PM" in clinic.last_text(told.phone)
    assert clinic.last_text(told.phone).endswith("https://clinic.example.org/portal/riverside/waitlist")

    clinic.until(clinic.at(22))
    settled, expired = clinic.patient(email=""), clinic.patient(email="")
    gone = offer(settled, clinic.at(12, days=1))
    offer(expired, clinic.at(7, days=1))
    clinic.deliver(
        scheduling_events.WaitlistOfferSettled(
            waitlist_offer_id=gone.waitlist_offer_id,
            patient_id=settled.id,
            outcome=scheduling_events.WAITLIST_OFFER_OUTCOME_ACCEPTED,
        )
    )
    clinic.until(clinic.at(13, days=1))
    assert clinic.sms.sent(settled.phone) == []
    assert clinic.sms.sent(expired.phone) == []


def test_a_series_is_confirmed_once(clinic):
    """Of three visits of a series the first is confirmed; each has its reminders."""
    patient = clinic.patient(email="")
    visits = [
        clinic.book(patient, clinic.now + timedelta(days=7 * number), series_id=str(uuid7()), series_number=number)
        for number in (1, 2, 3)
    ]
    clinic.harness.run_due()
    assert len(clinic.sms.sent(patient.phone)) == 1
    rules = [[name for name, _, _ in clinic.outcome(visit)] for visit in visits]
    assert ["Booking confirmation" in one for one in rules] == [True, False, False]
    assert all("One day before, by text" in one for one in rules)


def test_a_delay_is_told_as_often_as_it_is_new(clinic):
    """Each new expectation is told once by text, with the time it names; one that is over before it could be told is not."""

    def delay(patient, planned, expected, appointment_id):
        event = scheduling_events.VisitDelayed(
            appointment_id=appointment_id,
            patient_id=patient.id,
            location_id=clinic.location_id,
            start_time=timestamp(planned),
            expected_start=timestamp(expected),
            delay_minutes=int((expected - planned).total_seconds()) // 60,
            time_zone="America/New_York",
        )
        clinic.deliver(event)
        clinic.harness.run_due()

    patient, visit, planned = clinic.patient(), str(uuid7()), clinic.now + timedelta(hours=1)
    for minutes in (20, 20, 45, 0):
        delay(patient, planned, planned + timedelta(minutes=minutes), visit)
    assert len(clinic.sms.sent(patient.phone)) == 3
    late = clinic.patient()
    delay(late, clinic.now - timedelta(hours=1), clinic.now - timedelta(minutes=5), str(uuid7()))
    assert clinic.sms.sent(late.phone) == []


def test_a_statement_is_announced_without_its_amount_and_only_with_consent(clinic):
    """The e-mail says that there is a statement in the portal; without consent to billing e-mails nothing goes."""

    consenting, silent = clinic.patient(), clinic.patient(email_purposes=[VISIT])
    for patient in (consenting, silent):
        clinic.deliver(
            billing_events.StatementIssued(
                statement_id=str(uuid7()),
                patient_id=patient.id,
                amount_due=types_pb2.Money(minor_units=12345, currency="USD"),
            )
        )
    clinic.harness.run_due()
    (message,) = clinic.messages(patient_id=consenting.id)
    mail = clinic.mail.read(message.reference)
    assert mail["Subject"] == "A new statement from Riverside Clinic"
    assert "123.45" not in mail.as_string()
    assert "$" not in mail.get_body(("plain",)).get_content()
    assert clinic.messages(patient_id=silent.id) == []


def test_a_patient_is_invited_to_the_portal_once(clinic):
    """With the rule on, the first visit brings an invitation to the clinic's portal beside its confirmation; the next one does not."""
    rule = rule_named(clinic, "Invitation to the portal, with the first visit")
    assert not rule.active
    before, invited = clinic.patient(), clinic.patient(phone="")
    clinic.book(before, clinic.at(15, days=3))
    change_rule(clinic, rule, active=True)
    for days in (4, 5):
        clinic.book(invited, clinic.at(15, days=days))
    clinic.harness.run_due()
    assert "portal.invitation" not in {one.template_code for one in clinic.messages(patient_id=before.id)}
    (message,) = [one for one in clinic.messages(patient_id=invited.id) if one.template_code == "portal.invitation"]
    assert message.status == pb.MESSAGE_STATUS_SENT
    assert "https://clinic.example.org/portal/riverside/sign-in?invited=1" in message.text


def test_staff_invite_a_patient_to_the_portal(clinic):
    """By hand, by the first channel that reaches the patient; what is neither an invitation nor a text of the clinic's own is refused."""
    patient = clinic.patient(email="")
    request = pb.SendMessageRequest(patient_id=patient.id, template_code="portal.invitation", channels=[EMAIL, SMS])
    sent = clinic.staff.call("SendMessage", request)
    clinic.harness.run_due()
    assert sent.channel == SMS
    assert "https://clinic.example.org/portal/riverside/sign-in?invited=1 " in clinic.last_text(patient.phone)
    with expect_error("INVALID_INPUT"):
        request = pb.SendMessageRequest(patient_id=patient.id, template_code="thread.message", channels=[SMS])
        clinic.staff.call("SendMessage", request)
