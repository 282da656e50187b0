"""Claims on time: taking cells, giving them back, and telling the caches about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, delete, select, text
from sqlalchemy.exc import DBAPIError

from chassis.errors import Unavailable
from chassis.store import among
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import Span
from scheduling.domain.claims import Demand, difference
from scheduling.stores.availability import AvailabilityStore
from scheduling.tables import BookingCell, Hold, Occupation

NO_PARTITION = "23514"
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK = "40P01"
TRIES = 3
# Rooms and devices have few lanes, which are tried one after the other; limits on visits have many.
FEW_LANES = 4

_LOCK_SHARED = text(
    "with patience as materialized (select set_config('lock_timeout', '250ms', true))"
    " select pg_advisory_xact_lock_shared(k) from patience, unnest(cast(:keys as bigint[])) as k"
)
_LOCK_EXCLUSIVE = text("select pg_advisory_xact_lock(k) from unnest(cast(:keys as bigint[])) as k")
_TAKE = text(
    "insert into booking_cell (tenant_id, resource_id, cell, lane, claim_id)"
    " select :tenant, r, c, l, k from unnest(cast(:resources as uuid[]), cast(:cells as int[]), cast(:lanes as int[]),"
    " cast(:claims as uuid[])) as t(r, c, l, k) order by r, c, l on conflict do nothing returning resource_id, cell, claim_id"
)
_OCCUPY = text(
    "insert into occupation (tenant_id, claim_id, resource_id, resource_kind, first_cell, end_cell)"
    " select :tenant, k, r, d, f, e from unnest(cast(:claims as uuid[]), cast(:resources as uuid[]), cast(:kinds as int[]),"
    " cast(:firsts as int[]), cast(:ends as int[])) as t(k, r, d, f, e)"
    " on conflict (tenant_id, claim_id, resource_id) do update set first_cell = excluded.first_cell, end_cell = excluded.end_cell"
)
_GIVE_BACK = text(
    "delete from booking_cell b using unnest(cast(:claims as uuid[]), cast(:resources as uuid[]), cast(:firsts as int[]),"
    " cast(:ends as int[])) as t(k, r, f, e) where b.tenant_id = :tenant and b.resource_id = t.r and b.claim_id = t.k"
    " and b.cell >= t.f and b.cell < t.e and b.cell >= :low and b.cell < :high"
)
_OVERLAPPING = text(
    "select o.resource_id, o.first_cell, o.end_cell from occupation o"
    " join unnest(cast(:resources as uuid[]), cast(:firsts as int[]), cast(:ends as int[])) as t(r, f, e)"
    " on o.resource_id = t.r and o.end_cell > t.f and o.first_cell < t.e where o.tenant_id = :tenant"
)


@dataclass(frozen=True)
class Claim:
    """What one hold or appointment asks for. ``had`` is what it has already, by resource (a move, or a hold being booked)."""

    id: UUID
    demands: tuple[Demand, ...]
    had: dict[UUID, Span]


@dataclass(frozen=True)
class Shortfall:
    """A cell that another claim was quicker to take."""

    claim_id: UUID
    resource_id: UUID
    cell: int


class Wanting(NamedTuple):
    """A cell that a claim wants, and the lane (of so many) to be tried next."""

    resource_id: UUID
    cell: int
    claim_id: UUID
    lanes: int
    lane: int = 0


class CellStore(AvailabilityStore):
    """Cells, occupations and holds."""

    def lock_shared(self, resource_ids: Iterable[UUID]) -> None:
        """Keeps the working time of these resources from being edited until the transaction ends; bookings do not wait for each
        other. From now on the transaction waits for no lock longer than a moment (then: Unavailable, try again)."""
        self.session.execute(_LOCK_SHARED, {"keys": self._lock_keys(resource_ids)})

    def lock_exclusive(self, resource_ids: Iterable[UUID]) -> None:
        """For edits of working time: waits for the bookings under way and lets no new one begin."""
        self.session.execute(_LOCK_EXCLUSIVE, {"keys": self._lock_keys(resource_ids)})

    def _lock_keys(self, resource_ids: Iterable[UUID]) -> list[int]:
        """64-bit keys in ascending order, so that two transactions never wait for each other in a circle."""
        digests = {hashlib.blake2b(self.tenant_id.bytes + one.bytes, digest_size=8).digest() for one in resource_ids}
        return sorted(int.from_bytes(digest, "big", signed=True) for digest in digests)

    def occupied(self, resource_ids: Iterable[UUID], span: Span) -> list[tuple[UUID, UUID, Span]]:
        """(resource, claim, span) of everything that touches the span, expired holds included."""
        query = select(Occupation.resource_id, Occupation.claim_id, Occupation.first_cell, Occupation.end_cell).where(
            Occupation.tenant_id == self.tenant_id,
            Occupation.resource_id == bindparam("ids", list(set(resource_ids)), type_=ARRAY(Uuid())).any_(),
            Occupation.end_cell > span.first,
            Occupation.first_cell < span.end,
        )
        return [(r, c, Span(first, end)) for r, c, first, end in self.session.execute(query)]

    def occupied_stretches(self, stretches: Sequence[tuple[UUID, Span]]) -> list[tuple[UUID, Span]]:
        """(resource, span) of everything that touches the given stretches, each with its own resource and span."""
        if not stretches:
            return []
        rows = self.session.execute(
            _OVERLAPPING,
            {
                "tenant": self.tenant_id,
                "resources": [resource_id for resource_id, _ in stretches],
                "firsts": [span.first for _, span in stretches],
                "ends": [span.end for _, span in stretches],
            },
        )
        return [(resource_id, Span(first, end)) for resource_id, first, end in rows]

    def claim_spans(self, claim_id: UUID) -> dict[UUID, tuple[ResourceKind, Span]]:
        """What a claim has taken, by resource."""
        query = select(Occupation).where(Occupation.tenant_id == self.tenant_id, Occupation.claim_id == claim_id)
        return {
            row.resource_id: (ResourceKind(row.resource_kind), Span(row.first_cell, row.end_cell))
            for row in self.session.scalars(query)
        }

    def take(self, claims: Sequence[Claim]) -> list[Shortfall]:
        """Takes all cells of all claims and gives back what they had and no longer want; or nothing at all.

        Returns the cells that could not be had (then nothing has changed). Raises Unavailable when another booking holds a cell for
        longer than the lock timeout, or PostgreSQL chose this one as the victim of a deadlock again and again.
        """
        for attempt in range(TRIES):
            last_try = attempt == TRIES - 1
            savepoint = self.session.begin_nested()
            try:
                short = self._take(claims)
            except DBAPIError as error:
                savepoint.rollback()
                state = getattr(error.orig, "sqlstate", None)
                if state == NO_PARTITION and not last_try:
                    self.ensure_partitions(_hull(d.span for claim in claims for d in claim.demands))
                elif state in (DEADLOCK, LOCK_NOT_AVAILABLE) and not last_try:
                    continue
                elif state in (DEADLOCK, LOCK_NOT_AVAILABLE):
                    raise Unavailable(0.2, internal=f"{state} while taking cells") from error
                else:
                    raise
            else:
                if short:
                    savepoint.rollback()
                else:
                    savepoint.commit()
                return short
        raise Unavailable(0.2, internal="cells could not be taken")

    def _take(self, claims: Sequence[Claim]) -> list[Shortfall]:
        missing = [
            Wanting(demand.resource.id, cell, claim.id, demand.resource.capacity)
            for claim in claims
            for demand in claim.demands
            for part in difference(
                demand.span, [claim.had[demand.resource.id]] if demand.resource.id in claim.had else []
            )
            for cell in range(part.first, part.end)
        ]
        # Lane by lane: in every transaction cells are taken in the order of (lane, resource, cell), so that none waits for another
        # in a circle. A lane that is taken, or being taken by somebody who then commits, is passed over for the next. Limits on
        # visits have dozens of lanes: those seen to be taken are passed over at once (a circle is then broken by PostgreSQL).
        missing = self._past_taken_lanes(missing)
        while missing:
            if short := [row for row in missing if row.lane >= row.lanes]:
                return [Shortfall(row.claim_id, row.resource_id, row.cell) for row in short]
            taken = self._insert(missing)
            missing = [
                row._replace(lane=row.lane + 1)
                for row in missing
                if (row.resource_id, row.cell, row.claim_id) not in taken
            ]
        self._occupy(claims)
        surplus = [
            (claim.id, resource_id, part)
            for claim in claims
            for resource_id, span in claim.had.items()
            for part in difference(span, [d.span for d in claim.demands if d.resource.id == resource_id])
        ]
        self._delete_cells(surplus)
        gone = [(claim.id, r) for claim in claims for r in claim.had if r not in {d.resource.id for d in claim.demands}]
        for claim_id, resource_id in gone:
            self.session.execute(
                delete(Occupation).where(
                    Occupation.tenant_id == self.tenant_id,
                    Occupation.claim_id == claim_id,
                    Occupation.resource_id == resource_id,
                )
            )
        changed = [
            (demand.resource.id, demand.span)
            for claim in claims
            for demand in claim.demands
            if demand.resource.kind is not ResourceKind.PATIENT and claim.had.get(demand.resource.id) != demand.span
        ]
        self.note_changes([*changed, *((resource_id, span) for _, resource_id, span in surplus)])
        return []

    def _past_taken_lanes(self, rows: list[Wanting]) -> list[Wanting]:
        """The rows, those with many lanes from the first lane on that is seen to be free (beyond the last when none is)."""
        many = [row for row in rows if row.lanes > FEW_LANES]
        if not many:
            return rows
        query = select(BookingCell.resource_id, BookingCell.cell, BookingCell.lane).where(
            BookingCell.tenant_id == self.tenant_id,
            among(BookingCell.resource_id, {row.resource_id for row in many}),
            among(BookingCell.cell, {row.cell for row in many}),
        )
        taken = {(resource_id, cell, lane) for resource_id, cell, lane in self.session.execute(query)}
        found = []
        for row in rows:
            lane = row.lane
            while row.lanes > FEW_LANES and (row.resource_id, row.cell, lane) in taken:
                lane += 1
            # Two claims of one transaction must not reach for the same lane.
            taken.add((row.resource_id, row.cell, lane))
            found.append(row._replace(lane=lane) if lane else row)
        return found

    def _insert(self, rows: Sequence[Wanting]) -> set[tuple[UUID, int, UUID]]:
        taken = self.session.execute(
            _TAKE,
            {
                "tenant": self.tenant_id,
                "resources": [row.resource_id for row in rows],
                "cells": [row.cell for row in rows],
                "lanes": [row.lane for row in rows],
                "claims": [row.claim_id for row in rows],
            },
        )
        return {(resource_id, cell, claim_id) for resource_id, cell, claim_id in taken}

    def _occupy(self, claims: Sequence[Claim]) -> None:
        rows = [(claim.id, demand) for claim in claims for demand in claim.demands]
        self.session.execute(
            _OCCUPY,
            {
                "tenant": self.tenant_id,
                "claims": [claim_id for claim_id, _ in rows],
                "resources": [demand.resource.id for _, demand in rows],
                "kinds": [demand.resource.kind.value for _, demand in rows],
                "firsts": [demand.span.first for _, demand in rows],
                "ends": [demand.span.end for _, demand in rows],
            },
        )

    def give_back(self, claim_ids: Sequence[UUID]) -> list[tuple[ResourceKind, UUID, Span]]:
        """Frees everything the claims have taken; returns what it was."""
        gone = self.session.execute(
            delete(Occupation)
            .where(Occupation.tenant_id == self.tenant_id, among(Occupation.claim_id, claim_ids))
            .returning(
                Occupation.claim_id,
                Occupation.resource_kind,
                Occupation.resource_id,
                Occupation.first_cell,
                Occupation.end_cell,
            )
        ).all()
        freed = [(ResourceKind(kind), resource_id, Span(first, end)) for _, kind, resource_id, first, end in gone]
        self._delete_cells([(claim, resource_id, Span(first, end)) for claim, _, resource_id, first, end in gone])
        self.note_changes(
            [(resource_id, span) for kind, resource_id, span in freed if kind is not ResourceKind.PATIENT]
        )
        return freed

    def _delete_cells(self, rows: Sequence[tuple[UUID, UUID, Span]]) -> None:
        if not rows:
            return
        hull = _hull(span for _, _, span in rows)
        self.session.execute(
            _GIVE_BACK,
            {
                "tenant": self.tenant_id,
                "claims": [claim_id for claim_id, _, _ in rows],
                "resources": [resource_id for _, resource_id, _ in rows],
                "firsts": [span.first for _, _, span in rows],
                "ends": [span.end for _, _, span in rows],
                "low": hull.first,
                "high": hull.end,
            },
        )

    # ---- holds ----

    def lock_hold(self, hold_id: UUID, *, wait: bool = True) -> Hold | None:
        """The hold, locked until the transaction ends; None when there is none (any more). Without ``wait`` a hold that somebody
        else has locked raises Unavailable at once."""
        return self.session.get(
            Hold, self.key(hold_id), with_for_update=True if wait else {"nowait": True}, populate_existing=True
        )

    def drop_holds(self, hold_ids: Sequence[UUID]) -> None:
        """Deletes holds and frees their time."""
        self.session.execute(delete(Hold).where(Hold.tenant_id == self.tenant_id, Hold.id.in_(hold_ids)))
        self.give_back(hold_ids)

    def drop_expired_holds(self, resource_ids: Iterable[UUID], span: Span, now: datetime) -> int:
        """Deletes the expired holds that stand in the way of these resources in this span, whole; those that somebody else is
        dealing with are left alone. Returns how many."""
        in_the_way = select(Occupation.claim_id).where(
            Occupation.tenant_id == self.tenant_id,
            among(Occupation.resource_id, set(resource_ids)),
            Occupation.end_cell > span.first,
            Occupation.first_cell < span.end,
        )
        expired = list(
            self.session.scalars(
                select(Hold.id)
                .where(Hold.tenant_id == self.tenant_id, Hold.id.in_(in_the_way), Hold.expires_at <= now)
                .with_for_update(skip_locked=True)
            )
        )
        if expired:
            self.drop_holds(expired)
        return len(expired)

    def holds_of(self, patient_ids: Iterable[UUID], now: datetime) -> int:
        """How many live holds these patients have."""
        query = select(Hold.id).where(
            Hold.tenant_id == self.tenant_id,
            among(Hold.patient_id, patient_ids),
            Hold.expires_at > now,
            Hold.waitlist.is_(False),
        )
        return len(self.session.scalars(query).all())

    # ---- upkeep ----

    def drop_partitions(self, before: int) -> int:
        """Drops the partitions that end at or before this cell; returns how many."""
        return int(self.session.scalar(text("select drop_cell_partitions(:b)"), {"b": before}) or 0)

    def cells_of_claim(self, claim_id: UUID) -> list[tuple[UUID, int, int]]:
        """(resource, cell, lane) of a claim, for proofs; not for hot paths."""
        query = select(BookingCell.resource_id, BookingCell.cell, BookingCell.lane).where(
            BookingCell.tenant_id == self.tenant_id, BookingCell.claim_id == claim_id
        )
        return [(r, c, lane) for r, c, lane in self.session.execute(query)]


def _hull(spans: Iterable[Span]) -> Span:
    listed = list(spans)
    return Span(min(span.first for span in listed), max(span.end for span in listed))
