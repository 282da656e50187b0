"""The SMS provider's calls."""

from __future__ import annotations

from polyclinic.options.v1 import options_pb2

from chassis.call import Call
from chassis.protos import identifier
from notifications.usecases import webhooks
from notifications.usecases.outside import Outside


class WebhooksRpc:
    """Signed webhooks; they prove their caller themselves."""

    outside: Outside

    def ReceiveSmsStatus(self, request: options_pb2.WebhookRequest, call: Call) -> options_pb2.WebhookResponse:
        tenant_id = identifier(request.tenant_id, "tenant_id")
        webhooks.receive_status(call, self.outside, tenant_id, request.url, request.headers, request.body)
        return options_pb2.WebhookResponse()

    def ReceiveSmsReply(self, request: options_pb2.WebhookRequest, call: Call) -> options_pb2.WebhookResponse:
        tenant_id = identifier(request.tenant_id, "tenant_id")
        webhooks.receive_reply(call, self.outside, tenant_id, request.url, request.headers, request.body)
        return options_pb2.WebhookResponse()
