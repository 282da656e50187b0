"""A valid request for each of notifications' RPCs, for the set tests."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

from google.protobuf.field_mask_pb2 import FieldMask
from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb
from polyclinic.options.v1 import options_pb2

from chassis.testing import Case
from notifications.domain.signatures import sign
from tests.contracts.growth import Bound
from tests.notifications import cases_conversations
from tests.notifications.clinic import AUTH_TOKEN, PUBLIC_URL, Clinic, Mail, Sms

ENVIRONMENT = {"POLYCLINIC_SMS_TOKEN": AUTH_TOKEN, "POLYCLINIC_PUBLIC_URL": PUBLIC_URL}
EMAIL, SMS = events_pb2.CHANNEL_EMAIL, events_pb2.CHANNEL_SMS
# Nothing is handed over in the set tests, so nobody listens there.
NOWHERE_MAIL, NOWHERE_SMS = Mail(9, "http://127.0.0.1:9"), Sms("http://127.0.0.1:9")


def rule():
    """A rule of one visit type."""
    return pb.MessageRule(
        name="Three days before",
        trigger=pb.TRIGGER_BEFORE_VISIT,
        offset_minutes=3 * 24 * 60,
        appointment_type_code="physical",
        channels=[EMAIL, SMS],
        template_code="appointment.reminder",
    )


def world(harness, tenant):
    """A clinic with a booked visit, a message by hand, a rule of its own and a suppressed address."""
    clinic = Clinic(harness, NOWHERE_MAIL, NOWHERE_SMS)
    patient = clinic.patient()
    visit = clinic.book(patient, clinic.now + timedelta(days=3))
    message = clinic.staff.call(
        "SendMessage",
        pb.SendMessageRequest(
            patient_id=patient.id,
            appointment_id=visit.appointment_id,
            template_code="appointment.reminder",
            channels=[EMAIL],
        ),
    )
    clinic.reply(patient.phone, "What is this about?")
    made = clinic.staff.call("CreateRule", pb.CreateRuleRequest(rule=rule()))
    suppression = clinic.staff.call(
        "CreateSuppression", pb.CreateSuppressionRequest(channel=SMS, address="(212) 555-0177")
    )
    (template, *_) = clinic.staff.call("ListTemplates", pb.ListTemplatesRequest(channel=EMAIL)).templates
    to = "editor@clinic.example"
    clinic.staff.call("SendTestMessage", pb.SendTestMessageRequest(template_id=template.template_id, to=to))
    return SimpleNamespace(
        **cases_conversations.world(clinic.staff, patient.id),
        tenant_id=clinic.tenant,
        patient=patient.id,
        appointment=visit.appointment_id,
        message=message.message_id,
        rule=made.rule_id,
        suppression=suppression.suppression_id,
        template=template.template_id,
        to=to,
    )


def webhook(path, tenant_id, form):
    """A signed call of the SMS provider."""
    url = f"{PUBLIC_URL}/webhooks/{path}/{tenant_id}"
    return options_pb2.WebhookRequest(
        url=url,
        tenant_id=str(tenant_id),
        headers={"x-twilio-signature": sign(AUTH_TOKEN, url, form)},
        body=urlencode(form).encode(),
    )


CASES = {
    "ListTemplates": Case(lambda w: pb.ListTemplatesRequest()),
    "GetTemplate": Case(lambda w: pb.GetTemplateRequest(template_id=w.template), names_resource=True),
    "ListTemplateVersions": Case(lambda w: pb.ListTemplateVersionsRequest(template_id=w.template), names_resource=True),
    "PublishTemplate": Case(
        lambda w: pb.PublishTemplateRequest(
            code="manual.call-us",
            channel=SMS,
            language="en",
            text="{{ clinic_name }}: please call {{ location_phone }}.",
        )
    ),
    "PreviewTemplate": Case(
        lambda w: pb.PreviewTemplateRequest(code="appointment.reminder", channel=SMS, language="en")
    ),
    "SendTestMessage": Case(lambda w: pb.SendTestMessageRequest(template_id=w.template, to=w.to), names_resource=True),
    "ListTestMessages": Case(lambda w: pb.ListTestMessagesRequest(template_id=w.template), names_resource=True),
    "ListRules": Case(lambda w: pb.ListRulesRequest()),
    "GetRule": Case(lambda w: pb.GetRuleRequest(rule_id=w.rule), names_resource=True),
    "CreateRule": Case(lambda w: pb.CreateRuleRequest(rule=rule())),
    "UpdateRule": Case(
        lambda w: pb.UpdateRuleRequest(
            rule_id=w.rule, rule=pb.MessageRule(name="Renamed"), update_mask=FieldMask(paths=["name"])
        ),
        names_resource=True,
    ),
    "DeleteRule": Case(lambda w: pb.DeleteRuleRequest(rule_id=w.rule), names_resource=True),
    "GetMessagingPolicy": Case(lambda w: pb.GetMessagingPolicyRequest(), names_resource=True),
    "UpdateMessagingPolicy": Case(
        lambda w: pb.UpdateMessagingPolicyRequest(
            policy=pb.MessagingPolicy(sms_per_day=5), update_mask=FieldMask(paths=["sms_per_day"])
        ),
        names_resource=True,
    ),
    "ListReminders": Case(lambda w: pb.ListRemindersRequest(appointment_id=w.appointment), names_resource=True),
    "ListExpectedReminders": Case(
        lambda w: pb.ListExpectedRemindersRequest(appointment_id=w.appointment), names_resource=True
    ),
    "SendMessage": Case(
        lambda w: pb.SendMessageRequest(
            patient_id=w.patient,
            appointment_id=w.appointment,
            template_code="appointment.reminder",
            channels=[EMAIL, SMS],
        ),
        names_resource=True,
    ),
    "GetMessage": Case(lambda w: pb.GetMessageRequest(message_id=w.message), names_resource=True),
    "ListMessages": Case(lambda w: pb.ListMessagesRequest(patient_id=w.patient)),
    "ListReplies": Case(lambda w: pb.ListRepliesRequest()),
    "ListSuppressions": Case(lambda w: pb.ListSuppressionsRequest()),
    "CreateSuppression": Case(lambda w: pb.CreateSuppressionRequest(channel=EMAIL, address="somebody@example.org")),
    "DeleteSuppression": Case(lambda w: pb.DeleteSuppressionRequest(suppression_id=w.suppression), names_resource=True),
    "ReceiveSmsStatus": Case(
        lambda w: webhook("sms-status", w.tenant_id, [("MessageSid", "SM1"), ("MessageStatus", "delivered")])
    ),
    "ReceiveSmsReply": Case(
        lambda w: webhook(
            "sms", w.tenant_id, [("MessageSid", "SM2"), ("From", "+12125550142"), ("To", "+12125550100"), ("Body", "C")]
        )
    ),
    **cases_conversations.CASES,
}

# For the bounds of reads (tests/contracts/test_bounds.py): tables of which one patient has few …
FEW: frozenset[str] = frozenset()
NOT_MADE = frozenset({"reply_question", "reply_visit"})  # one a sender, replaced by the next; few a reply
# … and those that describe the network rather than what happened in it.
SETTLED = frozenset(
    {
        "clinic",
        "location",
        "policy",
        "template",
        "template_version",
        "rule",
        "message_pool",
    }
)
# Reads that may cost more on a long history, each with its bound and the reason.
BOUNDS: dict[str, Bound] = {
    "CountThreads": Bound("every open thread is counted; closed ones are not gone through", visits_all=True),
}
