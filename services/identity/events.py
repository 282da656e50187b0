"""What identity publishes, and what it consumes: audit entries, and whom patients may act for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from polyclinic.audit.v1 import audit_pb2
from polyclinic.identity.v1 import events_pb2 as pb
from polyclinic.patient_registry.v1 import events_pb2 as registry_events

from chassis.call import Call
from chassis.processor import Subscription
from chassis.protos import instant, timestamp
from identity import mapping
from identity.tables import BillingEntity, Equipment, Location, Practitioner, Room, Tenant


def tenant_changed(row: Tenant) -> pb.TenantChanged:
    return pb.TenantChanged(
        tenant_id=str(row.id),
        slug=row.slug,
        name=row.name,
        active=row.active,
        default_language=row.default_language,
        version=row.version,
    )


def billing_entity_changed(row: BillingEntity) -> pb.BillingEntityChanged:
    return mapping.into(pb.BillingEntityChanged(), row, "billing_entity_id")


def location_changed(row: Location) -> pb.LocationChanged:
    return mapping.into(pb.LocationChanged(), row, "location_id")


def practitioner_changed(row: Practitioner) -> pb.PractitionerChanged:
    return mapping.into(pb.PractitionerChanged(), row, "practitioner_id")


def room_changed(row: Room) -> pb.RoomChanged:
    return mapping.into(pb.RoomChanged(), row, "room_id")


def equipment_changed(row: Equipment) -> pb.EquipmentChanged:
    return mapping.into(pb.EquipmentChanged(), row, "equipment_id")


def account_disabled(account_id: UUID, not_before: datetime) -> pb.AccountDisabled:
    """Tokens of the account from before `not_before` (real time) are refused everywhere."""
    return pb.AccountDisabled(account_id=str(account_id), not_before=timestamp(not_before))


def on_audit_entries(call: Call, entries: list[audit_pb2.AuditEntry]) -> None:
    """Keeps what the services wrote down."""
    from identity.usecases import audit

    audit.keep(call, [_entry_values(call, entry) for entry in entries])


def _entry_values(call: Call, entry: audit_pb2.AuditEntry) -> dict[str, Any]:
    names = ("service", "rpc", "category", "phi", "principal_kind", "principal_id", "principal_name")
    return {
        "tenant_id": call.tenant_id,
        "id": UUID(entry.entry_id),
        **{name: getattr(entry, name) for name in names},
        "patient_ids": list(entry.patient_ids),
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "client_address": entry.client_address,
        "occurred_at": instant(entry.occurred_at),
        "business_time": instant(entry.business_time),
        "reason": entry.reason,
    }


def on_proxied_patients_changed(call: Call, event: registry_events.ProxiedPatientsChanged) -> None:
    """A patient's account reaches whom they may act for now, and nobody else."""
    from identity.usecases import patient_access

    patient_access.follow_reach(call, UUID(event.patient_id), list(event.proxied_patient_ids), instant(event.as_of))


SUBSCRIPTIONS = (
    Subscription(audit_pb2.AuditEntry, on_audit_entries, purpose="audit-trail", bulk=True, gathers=0.5),
    Subscription(registry_events.ProxiedPatientsChanged, on_proxied_patients_changed, purpose="reach"),
)
