"""Copies of what other services tell: kept when newer than what is known, dropped when older."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis import telemetry
from chassis.call import Call
from chassis.errors import Unprocessable
from scheduling import published
from scheduling.domain import zones
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.claims import Demand, Resource
from scheduling.domain.visits import LIVE, Status
from scheduling.store import Store
from scheduling.stores.cells import Claim
from scheduling.tables import (
    Appointment,
    CoverageCopy,
    LocationCopy,
    PatientCopy,
    PractitionerCopy,
    ResourceCopy,
    TenantCopy,
)
from scheduling.usecases import placing, upkeep

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Told:
    """One copy as it was told: the row's columns and the version of the source."""

    id: UUID
    version: int
    columns: dict[str, Any]


def keep_tenant(call: Call, version: int, *, name: str, active: bool) -> None:
    """Keeps the tenant's own copy; the first one starts the tenant's upkeep."""
    store = Store(call.session)
    row = store.tenant_copy()
    if row is None:
        store.add(TenantCopy(tenant_id=store.tenant_id, name=name, active=active, source_version=version))
        upkeep.begin(call)
    elif row.source_version < version:
        row.name, row.active, row.source_version = name, active, version


def keep_location(call: Call, told: Told) -> None:
    """Keeps a location. One whose zone is unknown here is refused: its hours could not be told."""
    if not zones.known_zone(told.columns["time_zone"]):
        raise Unprocessable(internal=f"location {told.id} has the unknown time zone {told.columns['time_zone']!r}")
    _keep_rule(call, LocationCopy, told)


def keep_practitioner(call: Call, told: Told) -> None:
    """Keeps a practitioner."""
    _keep_rule(call, PractitionerCopy, told)


def keep_resource(call: Call, kind: ResourceKind, told: Told) -> None:
    """Keeps a room or a device."""
    _keep_rule(call, ResourceCopy, Told(told.id, told.version, {"kind": kind.value, **told.columns}))


def keep_coverage(call: Call, told: Told) -> None:
    """Keeps a patient's insurance."""
    _keep(Store(call.session), CoverageCopy, told)


def _keep_rule(call: Call, model: Any, told: Told) -> None:
    """Keeps a copy that decides about free time: under the lock of an edit, and told to every cache."""
    store = Store(call.session)
    if _keep(store, model, told):
        store.lock_exclusive([told.id])
        store.note_rules_changed(told.id)


def keep_patient(call: Call, told: Told) -> None:
    """Keeps a patient's name; a merger moves the visits to the record that stays."""
    store = Store(call.session)
    before = store.get(PatientCopy, told.id)
    merged_before = before.merged_into if before else None
    if not _keep(store, PatientCopy, told):
        return
    survivor = told.columns["merged_into"]
    if survivor is not None and survivor != merged_before:
        _merge(call, store, told.id, survivor)


def _keep(store: Store, model: Any, told: Told) -> bool:
    row = store.get(model, told.id)
    if row is None:
        store.add(model(id=told.id, source_version=told.version, **told.columns))
        return True
    if row.source_version >= told.version:
        return False
    for name, value in told.columns.items():
        setattr(row, name, value)
    row.source_version = told.version
    store.session.flush()
    return True


def _merge(call: Call, store: Store, merged: UUID, survivor: UUID) -> None:
    """The visits, waitlist entries and claims of a merged record are the survivor's from now on.

    A live visit that overlaps one of the survivor's keeps its place, but its patient's time cannot be taken twice: that is logged, and
    the front desk sees both on the day.
    """
    for found in store.of_patient(merged):
        row = store.lock(Appointment, found.id)
        row.patient_id = survivor
        if Status(row.status) in LIVE:
            _take_over_time(store, row, merged, survivor)
        store.session.flush()
        call.emit(published.of_status(row))
    for entry in store.entries_of_patient(merged):
        entry.patient_id = survivor


def _take_over_time(store: Store, row: Appointment, merged: UUID, survivor: UUID) -> None:
    spans = store.claim_spans(row.id)
    if merged not in spans:
        return
    had = {resource_id: span for resource_id, (_, span) in spans.items()}
    kept = tuple(
        Demand(Resource(resource_id, kind), span)
        for resource_id, (kind, span) in spans.items()
        if resource_id != merged
    )
    demand = Demand(placing.patient_resource(survivor), had[merged])
    if store.take([Claim(row.id, (*kept, demand), had)]):
        log.warning("visits of a merged patient overlap", appointment_id=str(row.id))
