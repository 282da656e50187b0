"""The suppression list over RPC."""

from __future__ import annotations

from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, timestamp
from notifications.domain.vocabulary import Channel
from notifications.rpc.words import to_enum, to_optional_word, to_word
from notifications.tables import Suppression
from notifications.usecases import suppressing


class SuppressionsRpc:
    """RPCs about addresses that nothing is sent to."""

    def ListSuppressions(self, request: pb.ListSuppressionsRequest, call: Call) -> pb.ListSuppressionsResponse:
        channel = to_optional_word(Channel, events_pb2.Channel, "CHANNEL", request.channel)
        rows, token = suppressing.list_suppressions(
            call, channel, request.address, request.include_lifted, request.page_size, request.page_token
        )
        return pb.ListSuppressionsResponse(suppressions=map(_suppression, rows), next_page_token=token)

    def CreateSuppression(self, request: pb.CreateSuppressionRequest, call: Call) -> pb.Suppression:
        channel = to_word(Channel, events_pb2.Channel, "CHANNEL", request.channel)
        return _suppression(suppressing.create_suppression(call, channel, request.address))

    def DeleteSuppression(self, request: pb.DeleteSuppressionRequest, call: Call) -> pb.Suppression:
        return _suppression(suppressing.delete_suppression(call, identifier(request.suppression_id)))


def _suppression(row: Suppression) -> pb.Suppression:
    return pb.Suppression(
        suppression_id=str(row.id),
        channel=to_enum(events_pb2.Channel, "CHANNEL", row.channel),
        address=row.address,
        reason=to_enum(pb.SuppressionReason, "SUPPRESSION_REASON", row.reason),
        created_at=timestamp(row.created_at),
        lifted_at=timestamp(row.lifted_at),
    )
