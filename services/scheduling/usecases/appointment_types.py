"""Appointment types: what can be booked."""

from __future__ import annotations

from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.domain.appointment_types import AppointmentType, defects
from scheduling.store import Store
from scheduling.stores.rows import columns_of
from scheduling.tables import AppointmentTypeRow
from scheduling.usecases import guards, limits
from scheduling.usecases.errors import CodeInUse


def create(call: Call, kind: AppointmentType) -> AppointmentTypeRow:
    """Adds a type. Raises InvalidInput, CodeInUse."""
    store = Store(call.session)
    _refuse_defects(kind)
    _refuse_used_code(store, kind)
    row = store.add(AppointmentTypeRow(id=kind.id, **columns_of(kind)))
    store.note_rules_changed(row.id)
    return row


def update(call: Call, kind: AppointmentType, version: int) -> AppointmentTypeRow:
    """Replaces what is known of a type. Raises NotFound, StaleVersion, InvalidInput, CodeInUse."""
    store = Store(call.session)
    row = store.lock(AppointmentTypeRow, kind.id, "appointment type")
    call.expect_version(row.version, version)
    _refuse_defects(kind)
    _refuse_used_code(store, kind)
    store.lock_exclusive([row.id])
    for name, value in columns_of(kind).items():
        setattr(row, name, value)
    store.session.flush()
    limits.recount_type(call, store, kind)
    store.note_rules_changed(row.id)
    return row


def get(call: Call, type_id: UUID) -> AppointmentTypeRow:
    """One type; a patient sees the active online-bookable ones. Raises NotFound."""
    row = Store(call.session).need(AppointmentTypeRow, type_id, "appointment type")
    if guards.is_patient(call) and not (row.active and row.online_bookable):
        raise NotFound("appointment type")
    return row


def list_types(
    call: Call, *, include_inactive: bool, page_size: int, page_token: str
) -> tuple[list[AppointmentTypeRow], str]:
    """A page of types by name."""
    patient = guards.is_patient(call)
    return Store(call.session).list_types(
        include_inactive=include_inactive and not patient,
        online_only=patient,
        page_size=page_size,
        page_token=page_token,
    )


def list_online(call: Call, tenant_id: UUID, page_size: int, page_token: str) -> tuple[list[AppointmentTypeRow], str]:
    """A page of what patients of a tenant may book by themselves, by name; anybody may ask."""
    call.enter_tenant(tenant_id)
    return Store(call.session).list_types(
        include_inactive=False, online_only=True, page_size=page_size, page_token=page_token
    )


def _refuse_defects(kind: AppointmentType) -> None:
    found = defects(kind)
    if found:
        raise InvalidInput([Violation(f"appointment_type.{field}", what) for field, what in found])


def _refuse_used_code(store: Store, kind: AppointmentType) -> None:
    other = store.type_by_code(kind.code)
    if other is not None and other.id != kind.id:
        raise CodeInUse
