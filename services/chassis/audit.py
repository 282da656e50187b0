"""The audit trail: one entry per call that touches protected health information, and per write.

A write's entry is committed with its effect (outbox). A read's entry is acknowledged by the AUDIT stream before the
reply; when NATS is away it is inserted into the outbox; when neither works the call is refused with 503.
"""

from __future__ import annotations

from uuid import UUID

from google.protobuf.message import Message
from polyclinic.audit.v1 import audit_pb2
from sqlalchemy.orm import Session

from chassis import descriptors, outbox, telemetry
from chassis.bus import Bus
from chassis.call import Call
from chassis.clock import BusinessClock, real_now
from chassis.database import Database, Scope
from chassis.errors import Unavailable
from chassis.ids import NIL, uuid7
from chassis.principal import Principal
from chassis.protos import timestamp

log = telemetry.logger(__name__)
ACK_SECONDS = 1.5
# A list is one entry with all its patients; more than a page's worth is cut.
MAX_PATIENTS = 1000
TYPE = audit_pb2.AuditEntry.DESCRIPTOR.full_name


def audited(rpc: descriptors.Rpc) -> bool:
    """Whether calls of this RPC are written down: all that touch PHI, and all writes with a known caller."""
    return not rpc.public and (rpc.phi != "none" or not rpc.read_only)


class Auditor:
    """Writes audit entries of one service."""

    def __init__(self, service: str, database: Database, bus: Bus, clock: BusinessClock) -> None:
        self._service = service
        self._database = database
        self._bus = bus
        self._clock = clock

    def entry(
        self,
        rpc: descriptors.Rpc,
        principal: Principal,
        request: Message,
        response: Message | None,
        *,
        call: Call | None,
        outcome: str,
        request_id: str,
        client_address: str,
    ) -> audit_pb2.AuditEntry:
        """Builds the entry of one call; patients are those named in request and response and those it touched."""
        patients = descriptors.patient_ids(request)
        if response is not None:
            descriptors.patient_ids(response, patients)
        if call is not None:
            patients |= call.touched
        tenant_id = principal.tenant_id
        if tenant_id is None and call is not None:
            tenant_id = call.session.info["tenant_id"]
        return audit_pb2.AuditEntry(
            entry_id=str(uuid7()),
            tenant_id=str(tenant_id or NIL),
            service=self._service,
            rpc=rpc.full_name,
            category=rpc.audit,
            phi=rpc.phi,
            principal_kind=principal.kind,
            principal_id=principal.id,
            principal_name=principal.name,
            patient_ids=sorted(filter(_is_identifier, patients))[:MAX_PATIENTS],
            outcome=outcome,
            request_id=request_id,
            client_address=client_address,
            occurred_at=timestamp(real_now()),
            business_time=timestamp(self._clock.now()),
            reason=call.reason if call is not None else "",
        )

    def write_with(self, session: Session, entry: audit_pb2.AuditEntry) -> None:
        """Writes the entry in the transaction of the effect."""
        outbox.enqueue(
            session,
            tenant_id=UUID(entry.tenant_id),
            subject=self._subject(entry),
            aggregate=f"audit:{entry.entry_id}",
            payload=entry.SerializeToString(),
            event_type=TYPE,
            source=self._service,
            message_id=UUID(entry.entry_id),
        )

    def write_now(self, entry: audit_pb2.AuditEntry) -> None:
        """Writes the entry before the reply goes out. Raises Unavailable when it can be kept nowhere."""
        headers = {"Nats-Msg-Id": entry.entry_id, "ce-type": TYPE, "ce-id": entry.entry_id}
        try:
            self._bus.publish(self._subject(entry), entry.SerializeToString(), headers, timeout=ACK_SECONDS)
            return
        except Unavailable:
            log.warning("audit falls back to the outbox", rpc=entry.rpc)
        with self._database.transaction(Scope(UUID(entry.tenant_id))) as session:
            self.write_with(session, entry)

    def _subject(self, entry: audit_pb2.AuditEntry) -> str:
        return f"audit.{self._service}.v1.{entry.tenant_id}.entry.written"


def _is_identifier(text: str) -> bool:
    """Whether a text is an id at all: in a refused request anything may stand where a patient's id belongs."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
