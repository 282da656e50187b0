"""Copies of what other services own: kept by event, an older state never replaces a newer one."""

from __future__ import annotations

from billing.store import Store
from billing.tables_directory import BillingEntity, Location, PatientCopy, Practitioner, TenantCopy
from billing.usecases import accounts
from chassis.call import Call


def keep_tenant(call: Call, row: TenantCopy) -> None:
    """Keeps the tenant's copy."""
    Store(call.session).mirror_tenant(row)


def keep_billing_entity(call: Call, row: BillingEntity) -> None:
    """Keeps a billing entity's copy."""
    Store(call.session).mirror(row)


def keep_practitioner(call: Call, row: Practitioner) -> None:
    """Keeps a practitioner's copy."""
    Store(call.session).mirror(row)


def keep_location(call: Call, row: Location) -> None:
    """Keeps a location's copy; a new one gets its number, which receipts carry."""
    store = Store(call.session)
    known = store.location(row.id)
    row.number = known.number if known is not None else store.next_number("location")
    store.mirror(row)


def keep_patient(call: Call, row: PatientCopy) -> None:
    """Keeps a patient's copy. When who pays changed, or the record was merged, both families are settled anew."""
    store = Store(call.session)
    known = store.patient(row.id)
    before = store.guarantor_of(row.id) if known is not None else None
    moved = known is not None and (known.guarantor_id, known.merged_into) != (row.guarantor_id, row.merged_into)
    if store.mirror(row) and moved and before is not None:
        accounts.settle_families(call, store, [row.id])
        accounts.plan_statement(call, store, before)
