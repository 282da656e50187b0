"""Snapshots: the present state of what identity publishes, for a reader that rebuilds its copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from identity import events
from identity.store import Store
from identity.tables import BillingEntity, Equipment, Location, Practitioner, Room, Tenant

_PREFIX = "polyclinic.identity.v1."
_KINDS: dict[str, tuple[type[Any], Callable[[Any], Message]]] = {
    f"{_PREFIX}TenantChanged": (Tenant, events.tenant_changed),
    f"{_PREFIX}BillingEntityChanged": (BillingEntity, events.billing_entity_changed),
    f"{_PREFIX}LocationChanged": (Location, events.location_changed),
    f"{_PREFIX}PractitionerChanged": (Practitioner, events.practitioner_changed),
    f"{_PREFIX}RoomChanged": (Room, events.room_changed),
    f"{_PREFIX}EquipmentChanged": (Equipment, events.equipment_changed),
}


def page(call: Call, event: str, page_size: int, page_token: str) -> tuple[list[Message], str]:
    """One page of state events of the kind `event` names. Raises InvalidInput for a kind we do not publish."""
    if event not in _KINDS:
        raise InvalidInput([Violation("event", f"must be one of {', '.join(sorted(_KINDS))}")])
    model, build = _KINDS[event]
    rows, token = Store(call.session).list_resources(model, page_size, page_token)
    return [build(row) for row in rows], token
