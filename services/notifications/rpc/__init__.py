"""The servicer: protobuf in, use case, protobuf out; one mixin per noun."""

from __future__ import annotations

from notifications.rpc.messages import MessagesRpc
from notifications.rpc.rules import RulesRpc
from notifications.rpc.suppressions import SuppressionsRpc
from notifications.rpc.templates import TemplatesRpc
from notifications.rpc.webhooks import WebhooksRpc
from notifications.usecases.outside import Outside


class NotificationsRpc(TemplatesRpc, RulesRpc, MessagesRpc, SuppressionsRpc, WebhooksRpc):
    """Every RPC of polyclinic.notifications.v1.Notifications."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
