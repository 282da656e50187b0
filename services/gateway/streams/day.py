"""``GET /api/v1/locations/{location_id}/stream``: which appointments of a location changed, while it is open.

Every gateway process hears all of scheduling's events by a consumer of its own and hands on the names of what
changed, never the
content: the page asks for that with its own rights.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FileDescriptor, ServiceDescriptor

from chassis import descriptors
from chassis.bus import Bus
from chassis.errors import NotFound, PermissionDenied, Unavailable
from chassis.tokens import TokenVerifier
from gateway.edge import Edge, Exchange
from gateway.identity import Identity
from gateway.streams.channel import Channel, Channels, event
from gateway.transcoding.json_out import dumps
from gateway.transcoding.problems import Problems
from gateway.transcoding.scalars import text_problem

PATH = "/api/v1/locations/{location_id}/stream"
SCHEDULING = "polyclinic.scheduling.v1.Scheduling"
# The read that the page will do; who may not do it may not hear of changes either.
DAY_READ = "GetDay"
# After NATS was away we listen from a little before, so that nothing falls between; a change told twice does no harm.
OVERLAP_SECONDS = 30.0


class DayStream:
    """Hands scheduling's events on to the open streams of their tenant and location."""

    def __init__(self, services: Iterable[ServiceDescriptor], channels: Channels, identity: Identity) -> None:
        found = {service.full_name: service for service in services}
        self._scheduling = found.get(SCHEDULING)
        self._channels = channels
        self._identity = identity
        self._kinds = {kind.subject: kind for kind in _location_events(self._scheduling)}
        self._listeners: dict[tuple[str, str], set[Channel]] = defaultdict(set)
        self._lock = threading.Lock()
        channels.on_start(self._follow)

    def open(self, exchange: Exchange, values: dict[str, str]) -> Response:
        """Opens a stream until the token runs out. Errors: 403 without the day's permission, 404 for a foreign
        location."""
        location_id = values["location_id"]
        self._check(exchange, location_id)
        principal = exchange.principal
        if principal is None:
            raise Unavailable(internal="the token could not be verified")
        self._channels.bus()
        channel = Channel(principal.id, principal.expires_at)
        key = (str(principal.tenant_id), location_id.lower())
        with self._lock:
            self._listeners[key].add(channel)
        return self._channels.respond(channel, lambda: self._forget(key, channel))

    def on_event(self, subject: str, payload: bytes) -> None:
        """Takes one event (``polyclinic.scheduling.v1.<tenant>.<aggregate>.<event>``) on the bus's thread."""
        parts = subject.split(".", 4)
        kind = self._kinds.get(parts[4]) if len(parts) == 5 else None
        if kind is None:
            return
        with self._lock:
            interested = any(tenant == parts[3] for tenant, _ in self._listeners)
        if not interested:
            return
        found = kind.read(payload)
        with self._lock:
            channels = list(self._listeners.get((parts[3], found.pop("location_id")), ()))
        if channels:
            item = event("change", dumps({"event": kind.subject, **found}))
            for channel in channels:
                channel.put(item)

    def _check(self, exchange: Exchange, location_id: str) -> None:
        problems = Problems()
        if wrong := text_problem(location_id):
            problems.add("location_id", wrong)
        problems.refuse()
        principal, scheduling = exchange.principal, self._scheduling
        if principal is None or scheduling is None:
            raise Unavailable(internal="scheduling or the key set is not known here")
        permission = descriptors.rpc(scheduling.methods_by_name[DAY_READ]).permission
        if principal.kind == "patient" or not principal.may(permission):
            raise PermissionDenied(internal=permission)
        if principal.location_ids and location_id.lower() not in {str(each) for each in principal.location_ids}:
            raise NotFound("location")
        # Whether the location is the tenant's, identity knows.
        rpc = self._identity.rpc("GetLocation")
        exchange.call("identity", rpc, rpc.request_class(location_id=location_id))

    def _forget(self, key: tuple[str, str], channel: Channel) -> None:
        with self._lock:
            self._listeners[key].discard(channel)
            if not self._listeners[key]:
                del self._listeners[key]

    def _follow(self, bus: Bus) -> None:
        bus.follow(
            "SCHEDULING",
            "polyclinic.scheduling.v1.>",
            lambda message: self.on_event(message.subject, message.data),
            since_seconds=OVERLAP_SECONDS,
        )


class LocationEvent:
    """An event message that names a location, and how to read from it what changed."""

    def __init__(self, kind: descriptors.EventKind, descriptor: Descriptor, path: tuple[str, ...]) -> None:
        self.subject = kind.subject
        self._class = message_factory.GetMessageClass(descriptor)
        self._location = path
        self._id = kind.aggregate_path
        self._version = kind.version_path

    def read(self, payload: bytes) -> dict[str, Any]:
        """``{"location_id", "<aggregate's id field>", "version"}`` of an event: names, no content."""
        message = self._class.FromString(payload)
        found = {"location_id": _at(message, self._location).lower(), self._id[-1]: _at(message, self._id)}
        if self._version:
            found["version"] = str(_at(message, self._version))
        return found


def revocations(bus: Bus, channels: Channels, verifier: TokenVerifier) -> None:
    """Ends the streams of an account when identity disables it, and refuses its older tokens from then on."""
    from polyclinic.identity.v1 import events_pb2

    kind = descriptors.event_kind(events_pb2.AccountDisabled.DESCRIPTOR)

    def on_message(message: Any) -> None:
        disabled = events_pb2.AccountDisabled.FromString(message.data)
        verifier.revoke(disabled.account_id, disabled.not_before.seconds)
        channels.end_of(disabled.account_id)

    # Tokens live five minutes: what was disabled earlier has run out.
    bus.follow(kind.stream, kind.filter, on_message, since_seconds=600)


def add_day_stream(app: Flask, edge: Edge, stream: DayStream) -> None:
    """Adds the route."""
    view = edge.view(stream.open, PATH)
    rule = PATH.replace("{location_id}", "<segment:location_id>")
    app.add_url_rule(rule, f"GET {PATH}", view, methods=["GET"], provide_automatic_options=False)


def _location_events(scheduling: ServiceDescriptor | None) -> list[LocationEvent]:
    if scheduling is None:
        return []
    from polyclinic.scheduling.v1 import events_pb2

    file: FileDescriptor = events_pb2.DESCRIPTOR
    found = []
    for descriptor in file.message_types_by_name.values():
        path = _path_to(descriptor, "location_id")
        try:
            kind = descriptors.event_kind(descriptor)
        except ValueError:
            continue
        if path:
            found.append(LocationEvent(kind, descriptor, path))
    return found


def _path_to(descriptor: Descriptor, name: str) -> tuple[str, ...]:
    """Where a field lies in a message or in one of its parts; () when nowhere."""
    if name in descriptor.fields_by_name:
        return (name,)
    for field in descriptor.fields:
        if field.message_type is not None and not field.is_repeated and name in field.message_type.fields_by_name:
            return (field.name, name)
    return ()


def _at(message: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        message = getattr(message, name)
    return message
