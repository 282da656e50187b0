"""Resolving work items whose matter is more than the item: a denial and its item end together, whichever end is taken."""

from __future__ import annotations

from uuid import UUID

from billing.store import Store
from billing.tables_claims import WorkItem
from billing.tables_denials import Denial
from billing.usecases import drawers, work_items
from chassis.call import Call
from chassis.errors import NotFound

DENIAL = "denial"
# What a person who only says "done" is taken to mean: the payer's word stands. It never counts as a success.
UPHELD = "upheld"
MAY_CLOSE_DENIALS = "denial.work"


def resolve(call: Call, work_item_id: UUID, resolution: str, outcome: str, version: int) -> WorkItem:
    """A person says that an item is done, and how; a denial's item closes what its claim was denied, in this transaction.

    `outcome` is a denial's (overturned, upheld, written_off); '' is upheld. Raises NotFound, StaleVersion, FailedPrecondition,
    PermissionDenied.
    """
    store = Store(call.session)
    item = store.need(WorkItem, work_item_id, "work item")
    denials: list[Denial] = []
    if item.kind == DENIAL and item.claim_id is not None:
        call.require(MAY_CLOSE_DENIALS)
        # Denials are locked before their items, here as everywhere.
        denials = [row for row in store.denials_of_claims([item.claim_id]) if row.closed_at is None]
        if any(not drawers.may_see(call, row.location_id) for row in denials):
            raise NotFound("work item")
    row = work_items.resolve(call, work_item_id, resolution, version)
    for denial in denials:
        denial.state, denial.note = outcome or UPHELD, resolution
        denial.closed_at, denial.closed_by = call.now, call.principal.id
    store.session.flush()
    return row
