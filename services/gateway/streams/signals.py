"""``GET /api/v1/telehealth/sessions/{session_id}/signals``: WebRTC signals to one participant of a video visit.

Telehealth says who may listen to what; between the gateway's replicas the signals travel over core NATS, at most
once: WebRTC's
own negotiation repeats what is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, Response
from google.protobuf.descriptor import ServiceDescriptor

from chassis import descriptors
from chassis.errors import NotFound, Unauthenticated, Unavailable
from gateway.edge import Edge, Exchange
from gateway.streams.channel import Channel, Channels, event

PATH = "/api/v1/telehealth/sessions/{session_id}/signals"
TELEHEALTH = "polyclinic.telehealth.v1.Telehealth"
OPEN = "OpenSignals"
SUBSCRIBE_SECONDS = 3.0


class SignalStream:
    """Passes the signals of one participant's subject on as ``event: signal``."""

    def __init__(self, services: Iterable[ServiceDescriptor], channels: Channels) -> None:
        telehealth = next((service for service in services if service.full_name == TELEHEALTH), None)
        self._open = descriptors.rpc(telehealth.methods_by_name[OPEN]) if telehealth is not None else None
        self._channels = channels

    def open(self, exchange: Exchange, values: dict[str, str]) -> Response:
        """Opens a stream until the participant token (Authorization: Bearer) runs out. Errors: telehealth's own,
        404."""
        if self._open is None:
            raise Unavailable(internal="telehealth is not known here")
        if not exchange.token:
            raise Unauthenticated("Send the participant token as Authorization: Bearer.")
        request = self._open.request_class(participant_token=exchange.token)
        allowed: Any = exchange.call("telehealth", self._open, request)
        if allowed.session_id.lower() != values["session_id"].lower():
            raise NotFound("session")
        bus = self._channels.bus()
        channel = Channel(allowed.participant_id, allowed.expires_at.seconds)

        def on_signal(_subject: str, payload: bytes, _reply: object) -> None:
            channel.put(event("signal", payload.replace(b"\r", b"").replace(b"\n", b"")))

        try:
            subscription = bus.subscribe_core(allowed.subject, on_signal).result(SUBSCRIBE_SECONDS)
            bus.spawn(_flush(bus)).result(SUBSCRIBE_SECONDS)
        except TimeoutError:
            raise Unavailable(internal="NATS did not take the subscription") from None

        def unsubscribe() -> None:
            if not bus.stopping:
                bus.spawn(subscription.unsubscribe())

        return self._channels.respond(channel, unsubscribe)


async def _flush(bus: Any) -> None:
    """Returns when the broker has seen the subscription, so that a signal sent after our answer is not lost."""
    client = await bus.client()
    await client.flush()


def add_signal_stream(app: Flask, edge: Edge, stream: SignalStream) -> None:
    """Adds the route."""
    view = edge.view(stream.open, PATH, public=True)
    rule = PATH.replace("{session_id}", "<segment:session_id>")
    app.add_url_rule(rule, f"GET {PATH}", view, methods=["GET"], provide_automatic_options=False)
