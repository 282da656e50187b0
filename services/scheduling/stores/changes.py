"""What every process's cache of free time hears: which stretches and rules have changed, by whoever changes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from chassis.store import BaseStore
from scheduling.domain.cells import Span

# With the names of its parameters: resources, first cells, end cells.
CHANGED = (
    "insert into availability_change (tenant_id, xid, resource_id, first_cell, end_cell)"
    " select :tenant, pg_current_xact_id()::text::bigint, r, f, e"
    " from unnest(cast(:{} as uuid[]), cast(:{} as int[]), cast(:{} as int[])) as t(r, f, e)"
    " on conflict (tenant_id, xid, resource_id, first_cell)"
    " do update set end_cell = greatest(availability_change.end_cell, excluded.end_cell)"
)
_CHANGED = text(CHANGED.format("resources", "firsts", "ends"))
_CHANGES = text(
    "select s.xmin, coalesce(f.xid, 0) as floor, c.resource_id, c.first_cell, c.end_cell"
    " from (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin) s"
    " left join availability_floor f on f.tenant_id = :tenant"
    " left join availability_change c on c.tenant_id = :tenant and c.xid >= :since"
)


@dataclass(frozen=True)
class Changes:
    """What happened since a cache last read: ``seen`` is from where to read next, ``floor`` below which nothing is kept."""

    seen: int
    floor: int
    stretches: list[tuple[UUID, Span]]


def array(values: Iterable[object]) -> str:
    """UUIDs or integers as PostgreSQL writes an array: sent as one text, which spares the driver looking at each element."""
    return "{" + ",".join(map(str, values)) + "}"


def distinct(stretches: Sequence[tuple[UUID, Span]]) -> list[tuple[UUID, int, int]]:
    """(resource, first cell, end cell) in order, the longest of those that begin at the same cell."""
    longest = {(resource_id, span.first): span.end for resource_id, span in sorted(stretches)}
    return sorted((resource_id, first, end) for (resource_id, first), end in longest.items())


class ChangeStore(BaseStore):
    """The log of changes."""

    def note_changes(self, stretches: Sequence[tuple[UUID, Span]]) -> None:
        """Tells every process's cache that these stretches of these resources have to be read again."""
        if not stretches:
            return
        rows = distinct(stretches)
        self.session.execute(
            _CHANGED,
            {
                "tenant": self.tenant_id,
                "resources": [resource_id for resource_id, _, _ in rows],
                "firsts": [first for _, first, _ in rows],
                "ends": [end for _, _, end in rows],
            },
        )

    def note_rules_changed(self, owner_id: UUID) -> None:
        """Tells every process's cache that rules (types, hours, templates, people, rooms) have to be read again."""
        self.note_changes([(owner_id, Span(0, 0))])

    def changes_since(self, since: int) -> Changes:
        """What has changed since a cache read last (its ``seen``); 0 the first time (then no stretches are of use)."""
        rows = self.session.execute(_CHANGES, {"tenant": self.tenant_id, "since": since or 2**62}).all()
        stretches = [
            (row.resource_id, Span(row.first_cell, row.end_cell)) for row in rows if row.resource_id is not None
        ]
        return Changes(rows[0].xmin, rows[0].floor, stretches)

    def purge_changes(self, below: int) -> int:
        """Forgets changes of transactions below ``below`` and says so to caches that have not read them; returns the oldest
        transaction still running now, which is where the next purge may go up to."""
        if below:
            forgotten = self.session.scalar(
                text(
                    "with gone as (delete from availability_change where tenant_id = :tenant and xid < :below returning 1)"
                    " select count(*) from gone"
                ),
                {"tenant": self.tenant_id, "below": below},
            )
            if forgotten:
                self.session.execute(
                    text(
                        "insert into availability_floor (tenant_id, xid) values (:tenant, :below)"
                        " on conflict (tenant_id) do update set xid = greatest(availability_floor.xid, excluded.xid)"
                    ),
                    {"tenant": self.tenant_id, "below": below},
                )
        return int(self.session.scalar(text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")) or 0)
