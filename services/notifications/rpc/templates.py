"""Templates over RPC."""

from __future__ import annotations

from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, timestamp
from notifications.domain.templates import Text, variables_of
from notifications.domain.vocabulary import Channel
from notifications.rpc.words import to_enum, to_optional_word, to_word
from notifications.usecases import templates
from notifications.usecases.templates import Shown


class TemplatesRpc:
    """RPCs about templates."""

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
