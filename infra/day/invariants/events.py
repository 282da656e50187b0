"""Events and tenancy: what was published was consumed, nothing failed for good, nobody touched the idle tenant."""

from __future__ import annotations

from infra.day.context import Day
from infra.day.invariants import Finding
from infra.local.servers import SERVICES

# What a tenant has from the start: its own row and owner in identity, the copies others keep of that, defaults made
# for it.
TABLES_WITH_TENANT = """
    SELECT c.table_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'
"""


def outboxes_are_drained(day: Day) -> Finding:
    """Every event that was committed has been published."""
    published = 0
    failures = []
    for service in SERVICES:
        row = day.observer.databases.one(
            service,
            "SELECT count(*) AS total, count(*) FILTER (WHERE published_at IS NULL) AS left FROM outbox",
        )
        published += row["total"]
        if row["left"]:
            failures.append(f"{row['left']} events of {service} were never published")
    return Finding("every committed event was published", published, failures)


def every_event_is_in_its_stream(day: Day) -> Finding:
    """What the outboxes say was published is in JetStream: nothing was lost by a killed broker."""
    failures = []
    total = 0
    by_name = {stream["name"]: stream["state"]["messages"] for stream in day.observer.streams()}
    for service in SERVICES:
        row = day.observer.databases.one(
            service, "SELECT count(DISTINCT message_id) AS n FROM outbox WHERE subject LIKE 'polyclinic.%%'", {}
        )
        in_stream = int(by_name.get(service.upper(), 0))
        total += in_stream
        if in_stream < row["n"]:
            failures.append(f"{service}: {row['n']} events published, {in_stream} in the stream")
    return Finding("every published event is in its stream", total, failures)


def consumers_are_done(day: Day) -> Finding:
    """No subscriber has a message waiting or unacknowledged."""
    failures = []
    delivered = 0
    for stream in day.observer.streams():
        for consumer in stream.get("consumer_detail") or []:
            if not consumer["config"].get("durable_name"):
                continue
            delivered += consumer["ack_floor"]["consumer_seq"]
            waiting = consumer["num_pending"] + consumer["num_ack_pending"]
            if waiting:
                failures.append(f"{consumer['name']} has {waiting} messages of {stream['name']} left")
    return Finding("every event was consumed by each subscriber", delivered, failures)


def no_dead_letters(day: Day) -> Finding:
    """Nothing was given up on."""
    failures = []
    for service in SERVICES:
        rows = day.observer.databases.rows(
            service, "SELECT consumer, subject, error, attempts FROM dead_letter ORDER BY created_at LIMIT 20"
        )
        failures += [f"{service}: {row['consumer']} {row['subject']}: {row['error'][:200]}" for row in rows]
    return Finding("no message and no due work became a dead letter", len(SERVICES), failures)


def nothing_is_overdue(day: Day) -> Finding:
    """All work that was due by the last instant has been done."""
    failures = []
    for service in SERVICES:
        rows = day.observer.databases.rows(
            service, "SELECT kind, count(*) AS n FROM due WHERE due_at <= %s GROUP BY kind", [day.time.now]
        )
        failures += [f"{service}: {row['n']} × {row['kind']}" for row in rows]
    return Finding("nothing that was due was left undone", len(SERVICES), failures)


def idle_tenant_is_untouched(day: Day) -> Finding:
    """Of the second tenant there is exactly what there was when it was made."""
    before = day.idle_rows
    after = count_rows(day, day.cast.idle_tenant_id)
    failures = [
        f"{table}: {before.get(table, 0)} rows before, {after.get(table, 0)} after"
        for table in sorted(before.keys() | after.keys())
        if before.get(table, 0) != after.get(table, 0)
    ]
    return Finding("no row of the idle tenant was touched", sum(before.values()), failures)


def count_rows(day: Day, tenant_id: str) -> dict[str, int]:
    """Rows of a tenant by ``service.table``, outbox and idempotency keys included; empty tables are left out."""
    counted: dict[str, int] = {}
    for service in SERVICES:
        tables = sorted(row["table_name"] for row in day.observer.databases.rows(service, TABLES_WITH_TENANT))
        for table in tables:
            row = day.observer.databases.one(
                service, f'SELECT count(*) AS n FROM "{table}" WHERE tenant_id = %s', [tenant_id]
            )
            if row["n"]:
                counted[f"{service}.{table}"] = row["n"]
    return counted


PROOFS = [
    outboxes_are_drained,
    every_event_is_in_its_stream,
    consumers_are_done,
    no_dead_letters,
    nothing_is_overdue,
    idle_tenant_is_untouched,
]
