"""Work items: whatever waits for a person. One per (kind, key); opened by what happens, resolved by whoever mends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from google.protobuf.message import Message

from billing import published_claims as published
from billing.store import Store
from billing.tables_claims import WorkItem
from chassis.call import Call
from chassis.errors import FailedPrecondition

OPEN, RESOLVED = "open", "resolved"


@dataclass(slots=True)
class Known:
    """The work items of many claims, read and locked at once; whoever opens more of them adds them here."""

    by_key: dict[tuple[str, str], WorkItem] = field(default_factory=dict)
    by_claim: dict[UUID, list[WorkItem]] = field(default_factory=dict)
    # What was opened, to be published when all of it has been written.
    news: list[Message] = field(default_factory=list)

    @classmethod
    def of(cls, store: Store, claim_ids: Iterable[UUID]) -> Known:
        """All items of these claims."""
        known = cls()
        for row in store.work_items_of_claims(claim_ids):
            known.take(row)
        return known

    def take(self, row: WorkItem) -> None:
        """Adds an item."""
        if (row.kind, row.key) not in self.by_key:
            self.by_key[row.kind, row.key] = row
            if row.claim_id is not None:
                self.by_claim.setdefault(row.claim_id, []).append(row)

    def has(self, claim_id: UUID, *kinds: str) -> bool:
        """Whether the claim has, or had, an item of one of these kinds."""
        return any(row.kind in kinds for row in self.by_claim.get(claim_id, []))

    def open_of(self, claim_id: UUID, kinds: Sequence[str]) -> list[WorkItem]:
        """A claim's open items of these kinds."""
        return [row for row in self.by_claim.get(claim_id, []) if row.state == OPEN and row.kind in kinds]


def open_item(
    call: Call,
    store: Store,
    *,
    kind: str,
    key: str,
    title: str,
    claim_id: UUID | None = None,
    patient_id: UUID | None = None,
    payer_id: UUID | None = None,
    remittance_id: UUID | None = None,
    amount_minor: int = 0,
    due_on: date | None = None,
    detail: Mapping[str, str] | None = None,
    owner_id: str = "",
    among: Known | None = None,
) -> UUID:
    """Opens an item, or brings the open one with this (kind, key) up to date; a resolved one opens anew.

    Amount in minor units; `owner_id` is whose a new item is. With `among` nothing is looked up: the items of all claims at
    hand were read before.
    """
    row = store.work_item_by_key(kind, key) if among is None else among.by_key.get((kind, key))
    news = row is None or row.state == RESOLVED
    if row is None:
        row = WorkItem(id=call.new_id(), kind=kind, key=key, owner_id=owner_id, opened_at=call.now)
        store.session.add(row)
    elif news:
        row.opened_at = call.now
    row.state, row.title = OPEN, title
    row.claim_id, row.patient_id, row.payer_id, row.remittance_id = claim_id, patient_id, payer_id, remittance_id
    row.amount_minor, row.due_on, row.detail = amount_minor, due_on, dict(detail or {})
    row.resolved_at, row.resolved_by, row.resolution = None, "", ""
    event = published.work_item_opened(work_item_id=row.id, kind=kind, patient_id=patient_id)
    if among is not None:
        among.take(row)
        among.news += [event] if news else []
        return row.id
    store.session.flush()
    if news:
        call.emit(event)
    return row.id


def settle(call: Call, items: Sequence[WorkItem], resolution: str) -> None:
    """Resolves the open ones of these items because what they asked for has happened."""
    for item in items:
        if item.state != OPEN:
            continue  # who resolved it, and how, stays as it was said
        item.state, item.resolved_at, item.resolved_by = RESOLVED, call.now, call.principal.id
        item.resolution = resolution


def assign(call: Call, work_item_id: UUID, owner_id: str, version: int) -> WorkItem:
    """Gives an open item an owner ('' gives it back to everybody). Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row = _open_row(call, store, work_item_id, version)
    row.owner_id = owner_id
    store.session.flush()
    return row


def resolve(call: Call, work_item_id: UUID, resolution: str, version: int) -> WorkItem:
    """A person says that an item is done, and how. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row = _open_row(call, store, work_item_id, version)
    settle(call, [row], resolution)
    store.session.flush()
    return row


def _open_row(call: Call, store: Store, work_item_id: UUID, version: int) -> WorkItem:
    row = store.lock(WorkItem, work_item_id, "work item")
    call.expect_version(row.version, version)
    if row.state != OPEN:
        raise FailedPrecondition("The work item is resolved already.")
    return row
