"""Reads what RPCs and events say about themselves (polyclinic.options.v1) from their descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from polyclinic.options.v1 import options_pb2


@dataclass(frozen=True)
class Rpc:
    """One RPC as its descriptor describes it."""

    full_name: str  # package.Service/Method
    name: str
    permission: str
    public: bool
    patient_self: bool
    phi: str  # none, read, write
    audit: str
    read_only: bool
    key_required: bool
    key_accepted: bool
    webhook: bool
    request_class: type[Message]
    response_class: type[Message]


_PHI = {options_pb2.PHI_READ: "read", options_pb2.PHI_WRITE: "write"}


@cache
def rpc(method: MethodDescriptor) -> Rpc:
    """Reads a method's options. Raises ValueError when it says nothing about access."""
    options: Any = method.GetOptions()
    if not options.HasExtension(options_pb2.access):
        raise ValueError(f"{method.full_name} has no (polyclinic.options.v1.access)")
    access: Any = options.Extensions[options_pb2.access]
    return Rpc(
        full_name=f"{method.containing_service.full_name}/{method.name}",
        name=method.name,
        permission=access.permission,
        public=access.public,
        patient_self=access.patient_self,
        phi=_PHI.get(access.phi, "none"),
        audit=access.audit,
        read_only=options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        key_required=access.idempotency_key == options_pb2.IDEMPOTENCY_KEY_REQUIRED,
        key_accepted=access.idempotency_key != options_pb2.IDEMPOTENCY_KEY_UNSPECIFIED,
        webhook=access.webhook,
        request_class=message_factory.GetMessageClass(method.input_type),
        response_class=message_factory.GetMessageClass(method.output_type),
    )


@dataclass(frozen=True)
class EventKind:
    """One event message as its descriptor describes it."""

    full_name: str
    service: str
    subject: str  # <aggregate>.<event>
    state: bool
    aggregate_path: tuple[str, ...]
    version_path: tuple[str, ...]

    def aggregate_id(self, event: Message) -> str:
        return str(_follow(event, self.aggregate_path))

    def full_subject(self, tenant_id: UUID) -> str:
        return f"polyclinic.{self.service}.v1.{tenant_id}.{self.subject}"

    @property
    def filter(self) -> str:
        """The subject of this event for every tenant. Audit entries come from every service, on a stream of their own."""
        if self.service == "audit":
            return f"audit.*.v1.*.{self.subject}"
        return f"polyclinic.{self.service}.v1.*.{self.subject}"

    @property
    def stream(self) -> str:
        return self.service.upper()


@cache
def event_kind(descriptor: Descriptor) -> EventKind:
    """Reads an event message's options. Raises ValueError when it is no event."""
    options: Any = descriptor.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise ValueError(f"{descriptor.full_name} is not an event")
    event: Any = options.Extensions[options_pb2.event]
    return EventKind(
        full_name=descriptor.full_name,
        service=descriptor.file.package.split(".")[1],
        subject=event.subject,
        state=event.kind == options_pb2.EVENT_KIND_STATE,
        aggregate_path=tuple(event.aggregate_id_field.split(".")),
        version_path=tuple(event.version_field.split(".")) if event.version_field else (),
    )


def patient_ids(message: Message, found: set[str] | None = None, depth: int = 4) -> set[str]:
    """All values of fields named ``patient_id`` or ``patient_ids`` in a message, for the audit entry."""
    found = set() if found is None else found
    for field, value in message.ListFields():
        if field.name == "patient_id" and value:
            found.add(value)
        elif field.name == "patient_ids":
            found.update(value)
        elif field.message_type is not None and depth and not field.message_type.GetOptions().map_entry:
            for part in value if field.is_repeated else (value,):
                if _may_hold_patients(part.DESCRIPTOR):
                    patient_ids(part, found, depth - 1)
    return found


@cache
def _may_hold_patients(descriptor: Descriptor, seen: frozenset[str] = frozenset()) -> bool:
    if descriptor.full_name in seen:
        return False
    return any(
        field.name in ("patient_id", "patient_ids")
        or (field.message_type is not None and _may_hold_patients(field.message_type, seen | {descriptor.full_name}))
        for field in descriptor.fields
    )


def _follow(message: Message, path: tuple[str, ...]) -> object:
    value: object = message
    for name in path:
        value = getattr(value, name)
    return value
