"""Templates over RPC."""

from __future__ import annotations

from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, timestamp
from notifications.domain.templates import Text, variables_of
from notifications.domain.vocabulary import Channel
from notifications.rpc.words import to_enum, to_optional_word, to_word
from notifications.tables import TestMessage
from notifications.usecases import template_tests, templates
from notifications.usecases.outside import Outside
from notifications.usecases.templates import Shown


class TemplatesRpc:
    """RPCs about templates."""

    outside: Outside

    def ListTemplates(self, request: pb.ListTemplatesRequest, call: Call) -> pb.ListTemplatesResponse:
        channel = to_optional_word(Channel, events_pb2.Channel, "CHANNEL", request.channel)
        shown, token = templates.list_templates(
            call, request.code, channel, request.language, request.page_size, request.page_token
        )
        return pb.ListTemplatesResponse(templates=map(_template, shown), next_page_token=token)

    def GetTemplate(self, request: pb.GetTemplateRequest, call: Call) -> pb.MessageTemplate:
        return _template(templates.get_template(call, identifier(request.template_id), request.version))

    def ListTemplateVersions(
        self, request: pb.ListTemplateVersionsRequest, call: Call
    ) -> pb.ListTemplateVersionsResponse:
        shown, token = templates.list_versions(
            call, identifier(request.template_id), request.page_size, request.page_token
        )
        return pb.ListTemplateVersionsResponse(templates=map(_template, shown), next_page_token=token)

    def PublishTemplate(self, request: pb.PublishTemplateRequest, call: Call) -> pb.MessageTemplate:
        channel = to_word(Channel, events_pb2.Channel, "CHANNEL", request.channel)
        source = Text(request.subject, request.text, request.html)
        return _template(templates.publish(call, request.code, channel, request.language, source, request.version))

    def PreviewTemplate(self, request: pb.PreviewTemplateRequest, call: Call) -> pb.PreviewTemplateResponse:
        channel = to_word(Channel, events_pb2.Channel, "CHANNEL", request.channel)
        source = Text(request.subject, request.text, request.html)
        shown = templates.preview(call, request.code, channel, request.language, source)
        return pb.PreviewTemplateResponse(
            subject=shown.text.subject,
            text=shown.text.text,
            html=shown.text.html,
            sms_segments=shown.sms_segments,
            language=shown.language,
        )

    def SendTestMessage(self, request: pb.SendTestMessageRequest, call: Call) -> pb.TestMessage:
        template_id = identifier(request.template_id)
        return _test(template_tests.send_test(call, self.outside, template_id, request.version, request.to))

    def ListTestMessages(self, request: pb.ListTestMessagesRequest, call: Call) -> pb.ListTestMessagesResponse:
        rows, token = template_tests.list_tests(
            call, identifier(request.template_id), request.page_size, request.page_token
        )
        return pb.ListTestMessagesResponse(tests=map(_test, rows), next_page_token=token)


def _test(row: TestMessage) -> pb.TestMessage:
    return pb.TestMessage(
        test_message_id=str(row.id),
        template_id=str(row.template_id),
        template_version=row.template_version,
        recipient=row.recipient,
        sent_by=row.sent_by_name,
        status=row.status,
        error_code=row.error_code,
        created_at=timestamp(row.created_at),
        settled_at=timestamp(row.settled_at),
    )


def _template(shown: Shown) -> pb.MessageTemplate:
    return pb.MessageTemplate(
        template_id=str(shown.template.id),
        code=shown.template.code,
        channel=to_enum(events_pb2.Channel, "CHANNEL", shown.template.channel),
        language=shown.template.language,
        version=shown.text.number,
        subject=shown.text.subject,
        text=shown.text.text,
        html=shown.text.html,
        published_at=timestamp(shown.text.published_at),
        built_in=shown.text.built_in,
        variables=variables_of(shown.template.code) or (),
    )
