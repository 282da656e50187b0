"""Claims on time: taking cells, giving them back, and telling the caches about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.exc import DBAPIError

from chassis.errors import Unavailable
from chassis.store import among
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import Span
from scheduling.domain.claims import Demand, difference
from scheduling.stores.availability import AvailabilityStore
from scheduling.stores.changes import CHANGED, array, distinct
from scheduling.tables import BookingCell, Occupation

NO_PARTITION = "23514"
LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK = "40P01"
TRIES = 3
# An own savepoint of SQLAlchemy's session costs a third of a booking; nothing of the session is touched in between.
# (It is not released: it ends with the transaction, and the round trip would be a tenth of a booking.)
_SAVEPOINT, _ROLLBACK = "savepoint cells", "rollback to savepoint cells"

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
# The same of whole stretches, with what belongs to them, in one round trip; all of it or, by the count, nothing that may be kept.
_PARTS = (
    "taken as (insert into booking_cell (tenant_id, resource_id, cell, lane, claim_id)"
    " select :tenant, r, c, l, k from unnest(cast(:resources as uuid[]), cast(:firsts as int[]), cast(:ends as int[]),"
    " cast(:lanes as int[]), cast(:claims as uuid[])) as t(r, f, e, l, k), generate_series(f, e - 1) as c"
    " order by r, c, l on conflict do nothing returning 1)",
    "occupied as (insert into occupation (tenant_id, claim_id, resource_id, resource_kind, first_cell, end_cell)"
    " select :tenant, k, r, d, f, e from unnest(cast(:o_claims as uuid[]), cast(:o_resources as uuid[]), cast(:o_kinds as int[]),"
    " cast(:o_firsts as int[]), cast(:o_ends as int[])) as t(k, r, d, f, e)"
    " on conflict (tenant_id, claim_id, resource_id) do update set first_cell = excluded.first_cell, end_cell = excluded.end_cell)",
    f"noted as ({CHANGED.format('c_resources', 'c_firsts', 'c_ends')})",
)
_TAKE_ALL = text(f"with {', '.join(_PARTS)} select count(*) from taken")  # noqa: S608 - constants only
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
    """Cells [first, end) that a claim wants, and the lane (of so many) to be tried next."""

    resource_id: UUID
    first: int
    end: int
    claim_id: UUID
    lanes: int
    lane: int = 0


# Built once: every search and every hold asks.
_OCCUPIED = select(Occupation.resource_id, Occupation.claim_id, Occupation.first_cell, Occupation.end_cell).where(
    Occupation.tenant_id == bindparam("tenant_id"),
    among(Occupation.resource_id, bindparam("ids")),
    Occupation.end_cell > bindparam("first"),
    Occupation.first_cell < bindparam("end"),
)


class CellStore(AvailabilityStore):
    """Cells, occupations and holds."""

    def lock_shared(self, resource_ids: Iterable[UUID]) -> None:
        """Keeps the working time of these resources from being edited until the transaction ends; bookings do not wait for each
        other. From now on the transaction waits for no lock longer than a moment (then: Unavailable, try again)."""
        self.session.connection().execute(_LOCK_SHARED, {"keys": array(self._lock_keys(resource_ids))})

    def lock_exclusive(self, resource_ids: Iterable[UUID]) -> None:
        """For edits of working time: waits for the bookings under way and lets no new one begin."""
        self.session.execute(_LOCK_EXCLUSIVE, {"keys": self._lock_keys(resource_ids)})

    def _lock_keys(self, resource_ids: Iterable[UUID]) -> list[int]:
        """64-bit keys in ascending order, so that two transactions never wait for each other in a circle."""
        digests = {hashlib.blake2b(self.tenant_id.bytes + one.bytes, digest_size=8).digest() for one in resource_ids}
        return sorted(int.from_bytes(digest, "big", signed=True) for digest in digests)

    def occupied(self, resource_ids: Iterable[UUID], span: Span) -> list[tuple[UUID, UUID, Span]]:
        """(resource, claim, span) of everything that touches the span, expired holds included."""
        about = {"tenant_id": self.tenant_id, "ids": set(resource_ids), "first": span.first, "end": span.end}
        return [(r, c, Span(first, end)) for r, c, first, end in self.session.execute(_OCCUPIED, about)]

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
        self.session.flush()
        connection = self.session.connection()
        for attempt in range(TRIES):
            last_try = attempt == TRIES - 1
            connection.exec_driver_sql(_SAVEPOINT)
            try:
                short = self._take(claims)
            except DBAPIError as error:
                if error.connection_invalidated:  # with the connection the savepoint is gone
                    raise
                connection.exec_driver_sql(_ROLLBACK)
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
                    connection.exec_driver_sql(_ROLLBACK)
                return short
        raise Unavailable(0.2, internal="cells could not be taken")

    def _take(self, claims: Sequence[Claim]) -> list[Shortfall]:
        missing = [
            Wanting(demand.resource.id, part.first, part.end, claim.id, demand.resource.capacity)
            for claim in claims
            for demand in claim.demands
            for part in difference(
                demand.span, [claim.had[demand.resource.id]] if demand.resource.id in claim.had else []
            )
        ]
        # In every transaction cells are taken in one order, so that none waits for another in a circle. Of resources with several
        # lanes those seen to be taken are passed over; a lane that is taken meanwhile is passed over for the next, lane by lane
        # (a circle between such transactions is broken by PostgreSQL).
        rows = self._past_taken_lanes(missing)
        if short := _beyond_the_last_lane(rows):
            return short
        surplus = [
            (claim.id, resource_id, part)
            for claim in claims
            for resource_id, span in claim.had.items()
            for part in difference(span, [d.span for d in claim.demands if d.resource.id == resource_id])
        ]
        changed = [
            (demand.resource.id, demand.span)
            for claim in claims
            for demand in claim.demands
            if demand.resource.kind is not ResourceKind.PATIENT and claim.had.get(demand.resource.id) != demand.span
        ]
        changed += [(resource_id, span) for _, resource_id, span in surplus]
        if not self._take_at_once(claims, rows, changed):
            self.session.connection().exec_driver_sql(_ROLLBACK)
            if short := self._take_lane_by_lane(rows):
                return short
            self._occupy(claims)
            self.note_changes(changed)
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
        return []

    def _take_at_once(
        self, claims: Sequence[Claim], rows: Sequence[Wanting], changed: Sequence[tuple[UUID, Span]]
    ) -> bool:
        """Takes all cells with what belongs to them in one statement; False when some cell was not to be had: then all of it has to be
        rolled back."""
        demands = [(claim.id, demand) for claim in claims for demand in claim.demands]
        stretches = distinct(changed)
        taken = self.session.connection().execute(
            _TAKE_ALL,
            {
                "tenant": self.tenant_id,
                "resources": array(row.resource_id for row in rows),
                "firsts": array(row.first for row in rows),
                "ends": array(row.end for row in rows),
                "lanes": array(row.lane for row in rows),
                "claims": array(row.claim_id for row in rows),
                "o_claims": array(claim_id for claim_id, _ in demands),
                "o_resources": array(demand.resource.id for _, demand in demands),
                "o_kinds": array(demand.resource.kind.value for _, demand in demands),
                "o_firsts": array(demand.span.first for _, demand in demands),
                "o_ends": array(demand.span.end for _, demand in demands),
                "c_resources": array(resource_id for resource_id, _, _ in stretches),
                "c_firsts": array(first for _, first, _ in stretches),
                "c_ends": array(end for _, _, end in stretches),
            },
        )
        return taken.scalar_one() == sum(row.end - row.first for row in rows)

    def _take_lane_by_lane(self, rows: Sequence[Wanting]) -> list[Shortfall]:
        """Takes each cell in the first lane that is to be had; the cells that are not, if any."""
        missing = [row._replace(first=cell, end=cell + 1) for row in rows for cell in range(row.first, row.end)]
        while missing:
            if short := _beyond_the_last_lane(missing):
                return short
            taken = self._insert(missing)
            missing = [
                row._replace(lane=row.lane + 1)
                for row in missing
                if (row.resource_id, row.first, row.claim_id) not in taken
            ]
        return []

    def _past_taken_lanes(self, rows: list[Wanting]) -> list[Wanting]:
        """The rows, those with several lanes cell by cell from the first lane on that is seen to be free (beyond the last when none is)."""
        several = [row for row in rows if row.lanes > 1]
        if not several:
            return rows
        cells = {cell for row in several for cell in range(row.first, row.end)}
        query = select(BookingCell.resource_id, BookingCell.cell, BookingCell.lane).where(
            BookingCell.tenant_id == self.tenant_id,
            among(BookingCell.resource_id, {row.resource_id for row in several}),
            among(BookingCell.cell, cells),
        )
        taken = {(resource_id, cell, lane) for resource_id, cell, lane in self.session.execute(query)}
        found = [row for row in rows if row.lanes == 1]
        for row in several:
            for cell in range(row.first, row.end):
                lane = row.lane
                while (row.resource_id, cell, lane) in taken:
                    lane += 1
                # Two claims of one transaction must not reach for the same lane.
                taken.add((row.resource_id, cell, lane))
                found.append(row._replace(first=cell, end=cell + 1, lane=lane))
        return found

    def _insert(self, rows: Sequence[Wanting]) -> set[tuple[UUID, int, UUID]]:
        taken = self.session.execute(
            _TAKE,
            {
                "tenant": self.tenant_id,
                "resources": [row.resource_id for row in rows],
                "cells": [row.first for row in rows],
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


def _beyond_the_last_lane(rows: Iterable[Wanting]) -> list[Shortfall]:
    """The cells of which every lane is taken."""
    return [Shortfall(row.claim_id, row.resource_id, row.first) for row in rows if row.lane >= row.lanes]


def _hull(spans: Iterable[Span]) -> Span:
    listed = list(spans)
    return Span(min(span.first for span in listed), max(span.end for span in listed))
