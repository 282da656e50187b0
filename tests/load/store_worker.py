"""One client of the store's benchmark, in a process of its own.

`python -m tests.load.store_worker <url> <tenant> store|raw <number> <seconds>`: `store` books through the store as the service does;
`raw` inserts the same rows by plain SQL. Each booking is a transaction of its own, takes a practitioner, a room and a patient for half
an hour, and counts as soon as it is committed. Prints one JSON object: bookings, wall seconds, CPU seconds of this process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid5

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from chassis.database import Scope
from chassis.database import _begin as begin
from chassis.ids import uuid7
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import CELLS_PER_DAY, Span
from scheduling.domain.resources import Demand, Resource
from scheduling.store import Store
from scheduling.stores.cells import Claim

# The first cell of Monday 1 March 2027 in UTC, and so many visits of a practitioner a day.
FIRST = 20_878 * CELLS_PER_DAY
VISITS_A_DAY = 40
LENGTH = 6
DAYS = 30

Booking = tuple[UUID, tuple[Demand, ...]]


def bookings(number: int) -> Iterator[Booking]:
    """Bookings of this client: each at a time of its own, so that all of them succeed."""
    people = UUID(int=number + 1)
    count = 0
    while True:
        who, at = divmod(count, VISITS_A_DAY * DAYS)
        day, slot = divmod(at, VISITS_A_DAY)
        span = Span(FIRST + day * CELLS_PER_DAY + slot * LENGTH, FIRST + day * CELLS_PER_DAY + slot * LENGTH + LENGTH)
        kinds = (ResourceKind.PRACTITIONER, ResourceKind.ROOM, ResourceKind.PATIENT)
        names = (f"practitioner {who}", f"room {who}", f"patient {count}")
        demands = (Demand(Resource(uuid5(people, name), kind), span) for name, kind in zip(names, kinds, strict=True))
        yield uuid7(), tuple(demands)
        count += 1


def through_the_store(url: str, tenant_id: UUID) -> Callable[[Booking], None]:
    """Books as the service does: rules locked, cells taken, caches told."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=1)
    sessions: sessionmaker[Session] = sessionmaker(engine, expire_on_commit=False)

    def book(booking: Booking) -> None:
        claim_id, demands = booking
        with sessions() as session:
            session.info["tenant_id"] = tenant_id
            begin(session, Scope(tenant_id))
            store = Store(session)
            store.lock_shared([demands[0].resource.id])
            if store.take([Claim(claim_id, demands, {})]):
                raise RuntimeError("a time of its own is taken")
            session.commit()

    return book


def by_plain_sql(url: str, tenant_id: UUID) -> Callable[[Booking], None]:
    """The same rows by one INSERT for each table."""
    connection = psycopg.connect(url)

    def book(booking: Booking) -> None:
        claim_id, demands = booking
        with connection.transaction():
            connection.execute("select set_config('app.tenant', %s, true)", [str(tenant_id)])
            connection.execute(
                "insert into booking_cell (tenant_id, resource_id, cell, lane, claim_id)"
                " select %s, r, c, 0, %s from unnest(%s::uuid[], %s::int[]) as t(r, c)",
                [
                    tenant_id,
                    claim_id,
                    [demand.resource.id for demand in demands for _ in range(LENGTH)],
                    [cell for demand in demands for cell in range(demand.span.first, demand.span.end)],
                ],
            )
            connection.execute(
                "insert into occupation (tenant_id, claim_id, resource_id, resource_kind, first_cell, end_cell)"
                " select %s, %s, r, k, %s, %s from unnest(%s::uuid[], %s::int[]) as t(r, k)",
                [
                    tenant_id,
                    claim_id,
                    demands[0].span.first,
                    demands[0].span.end,
                    [demand.resource.id for demand in demands],
                    [demand.resource.kind.value for demand in demands],
                ],
            )
            connection.execute(
                "insert into availability_change (tenant_id, xid, resource_id, first_cell, end_cell)"
                " select %s, pg_current_xact_id()::text::bigint, r, %s, %s from unnest(%s::uuid[]) as r",
                [
                    tenant_id,
                    demands[0].span.first,
                    demands[0].span.end,
                    [d.resource.id for d in demands if d.resource.kind is not ResourceKind.PATIENT],
                ],
            )

    return book


def main() -> None:
    url, tenant, how, number, seconds = sys.argv[1:]
    book = (through_the_store if how == "store" else by_plain_sql)(url, UUID(tenant))
    coming = bookings(int(number))
    for _ in range(50):  # statements prepared, pages read
        book(next(coming))
    count, cpu, began = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - began < float(seconds):
        book(next(coming))
        count += 1
    took = time.perf_counter() - began
    print(json.dumps({"count": count, "seconds": took, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
