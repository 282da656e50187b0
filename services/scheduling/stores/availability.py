"""Rules of single resources, pools, counting of limits, and the zones' clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from chassis.principal import Principal
from chassis.store import among
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import Span
from scheduling.stores.changes import ChangeStore
from scheduling.tables import BookingCell, Hold, LocationCopy, Occupation, PractitionerCopy, ResourceCopy
from scheduling.tables_availability import ClockShift, PractitionerPool, ResourceRuleRow, ZoneClock

_COUNT_CELLS = text(
    "insert into booking_cell (tenant_id, resource_id, cell, lane, claim_id)"
    " select :tenant, r, c, l, k from unnest(cast(:resources as uuid[]), cast(:cells as int[]), cast(:lanes as int[]),"
    " cast(:claims as uuid[])) as t(r, c, l, k)"
)


class AvailabilityStore(ChangeStore):
    """Reads and writes what narrows availability."""

    def rules_page(self, page_size: int, page_token: str) -> tuple[list[ResourceRuleRow], str]:
        """A page of rules."""
        query = select(ResourceRuleRow).where(ResourceRuleRow.tenant_id == self.tenant_id)
        return self.page(query, [ResourceRuleRow.id], page_size, page_token)

    def kind_of_resource(self, resource_id: UUID) -> ResourceKind | None:
        """Practitioner, room or device; None for a location. Raises KeyError for an id that is none of them."""
        if self.get(PractitionerCopy, resource_id) is not None:
            return ResourceKind.PRACTITIONER
        if self.get(LocationCopy, resource_id) is not None:
            return None
        row = self.get(ResourceCopy, resource_id)
        if row is None:
            raise KeyError(resource_id)
        return ResourceKind(row.kind)

    def pools_page(self, page_size: int, page_token: str) -> tuple[list[PractitionerPool], str]:
        """A page of pools by name."""
        query = select(PractitionerPool).where(PractitionerPool.tenant_id == self.tenant_id)
        return self.page(query, [PractitionerPool.name, PractitionerPool.id], page_size, page_token)

    def pool_by_name(self, name: str) -> PractitionerPool | None:
        """The pool of this name."""
        query = select(PractitionerPool).where(
            PractitionerPool.tenant_id == self.tenant_id, PractitionerPool.name == name
        )
        return self.session.scalars(query).one_or_none()

    def practitioners_known(self, ids: Sequence[UUID]) -> set[UUID]:
        """Those of the ids that are practitioners."""
        query = select(PractitionerCopy.id).where(
            PractitionerCopy.tenant_id == self.tenant_id, among(PractitionerCopy.id, ids)
        )
        return set(self.session.scalars(query))

    def locations(self) -> list[LocationCopy]:
        """The live locations."""
        query = select(LocationCopy).where(LocationCopy.tenant_id == self.tenant_id, LocationCopy.active)
        return list(self.session.scalars(query.order_by(LocationCopy.id)))

    # ---- counting ----

    def claimed_from(self, cell: int, column: str, owner_id: UUID) -> list[Hold]:
        """Holds of times from this cell on, of one practitioner_id, location_id or appointment_type_id (``column``), whoever asks: they
        count for its limits as visits do. Locked against being given back meanwhile."""
        query = (
            select(Hold)
            .join(
                Occupation,
                (Occupation.tenant_id == Hold.tenant_id)
                & (Occupation.claim_id == Hold.id)
                & (Occupation.resource_id == Hold.practitioner_id),
            )
            .where(Hold.tenant_id == self.tenant_id, getattr(Hold, column) == owner_id, Occupation.first_cell >= cell)
            .order_by(Hold.id)
            .with_for_update(read=True, of=Hold)
        )
        return list(self.session.scalars(query))

    def count_for(self, claims: Sequence[tuple[UUID, UUID, int]]) -> None:
        """Counts claims for limits, each (counter, claim, cell); those that are counted already are left alone.

        More may be counted than the limit allows: what is booked stays booked. The caller keeps bookings away meanwhile.
        """
        if not claims:
            return
        counters = {counter for counter, _, _ in claims}
        known = {
            (resource, claim)
            for resource, claim in self.session.execute(
                select(Occupation.resource_id, Occupation.claim_id).where(
                    Occupation.tenant_id == self.tenant_id, among(Occupation.resource_id, counters)
                )
            )
        }
        lanes: dict[tuple[UUID, int], set[int]] = {}
        for resource, cell, lane in self.session.execute(
            select(BookingCell.resource_id, BookingCell.cell, BookingCell.lane).where(
                BookingCell.tenant_id == self.tenant_id, among(BookingCell.resource_id, counters)
            )
        ):
            lanes.setdefault((resource, cell), set()).add(lane)
        rows: list[dict[str, Any]] = []
        for counter, claim, cell in claims:
            if (counter, claim) in known:
                continue
            taken = lanes.setdefault((counter, cell), set())
            lane = next(n for n in range(len(taken) + 1) if n not in taken)
            taken.add(lane)
            rows.append({"resource": counter, "claim": claim, "cell": cell, "lane": lane})
        if not rows:
            return
        self.ensure_partitions(Span(min(row["cell"] for row in rows), max(row["cell"] for row in rows) + 1))
        self.session.execute(
            _COUNT_CELLS,
            {
                "tenant": self.tenant_id,
                "resources": [row["resource"] for row in rows],
                "cells": [row["cell"] for row in rows],
                "lanes": [row["lane"] for row in rows],
                "claims": [row["claim"] for row in rows],
            },
        )
        self.session.add_all(
            Occupation(
                claim_id=row["claim"],
                resource_id=row["resource"],
                resource_kind=ResourceKind.LIMIT.value,
                first_cell=row["cell"],
                end_cell=row["cell"] + 1,
            )
            for row in rows
        )
        self.session.flush()
        self.note_changes([(row["resource"], Span(row["cell"], row["cell"] + 1)) for row in rows])

    def ensure_partitions(self, span: Span) -> int:
        """Makes the weekly partitions for these cells where they are missing; returns how many were made."""
        return int(
            self.session.scalar(text("select ensure_cell_partitions(:f, :e)"), {"f": span.first, "e": span.end}) or 0
        )

    # ---- clocks ----

    def zone_clock(self, zone: str) -> ZoneClock | None:
        """What was last seen of a zone."""
        return self.session.get(ZoneClock, (self.tenant_id, zone))

    def list_clock_shifts(
        self, include_settled: bool, principal: Principal, page_size: int, page_token: str
    ) -> tuple[list[ClockShift], str]:
        """A page of shifts at the locations that the principal may see, oldest first."""
        query = select(ClockShift).where(ClockShift.tenant_id == self.tenant_id)
        if not include_settled:
            query = query.where(ClockShift.settled_at.is_(None))
        if principal.location_ids:
            query = query.where(among(ClockShift.location_id, principal.location_ids))
        return self.page(query, [ClockShift.id], page_size, page_token)
