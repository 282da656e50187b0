"""Single engines: event latency, slot engine, X12 reading and writing, memory of the idle stack."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC
from uuid import UUID

import nats
import psutil
from infra.load.figures import Figure, Sample

from tests.load.world import World


def event_latency(world: World, count: int = 200) -> list[Figure]:
    """From the commit of a change (its event's outbox row) to a consumer of JetStream, over the real relay."""
    stack = world.stack
    arrivals: dict[str, float] = {}
    commits: dict[str, float] = {}

    async def listen() -> None:
        client = await nats.connect(stack.nats.address, user="ops", password=stack.nats.password("ops"))

        async def on_message(message: nats.aio.msg.Msg) -> None:
            arrivals[dict(message.headers or {})["Nats-Msg-Id"]] = time.time()

        await client.subscribe("polyclinic.identity.v1.*.room.changed", cb=on_message)
        for number in range(count):
            body = {"location_id": world.location_ids[0], "name": f"Latency {number}", "room_class": "x", "capacity": 1}
            await asyncio.to_thread(world.owner.post, "/api/v1/rooms", body)
        await asyncio.sleep(1)
        await client.close()

    started = time.monotonic()
    asyncio.run(listen())
    import psycopg

    with psycopg.connect(stack.postgres.admin_url("identity")) as connection:
        query = "select message_id, created_at from outbox where subject like '%%room.changed' and tenant_id = %s"
        for message_id, created_at in connection.execute(query, (UUID(world.tenant_id),)):
            commits[str(message_id)] = created_at.astimezone(UTC).timestamp()
    latencies = [(arrivals[one] - commits[one]) * 1000 for one in commits if one in arrivals]
    sample = Sample(len(latencies), time.monotonic() - started, latencies)
    p95 = sample.percentile(95)
    detail = f"p50 {sample.percentile(50):.1f}  p99 {sample.percentile(99):.1f} ms over {len(latencies)} events"
    return [Figure("event: written → consumer, p95", p95, "ms", detail, bar="≤ 100 ms", met=p95 <= 100)]


def idle_memory(world: World) -> list[Figure]:
    """Proportional memory (PSS) of every process of the stack, at rest."""
    pids = set(world.stack.processes().values())
    for pid in list(pids):
        pids |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
    total, parts = 0, {}
    names = {pid: name for name, pid in world.stack.processes().items()}
    for pid in pids:
        used = psutil.Process(pid).memory_full_info().pss
        total += used
        owner = pid if pid in names else psutil.Process(pid).ppid()
        name = names.get(owner, "other")
        parts[name] = parts.get(name, 0) + used
    largest = ", ".join(
        f"{name} {size / 1e6:.0f}" for name, size in sorted(parts.items(), key=lambda item: -item[1])[:6]
    )
    return [Figure("idle stack", total / 1e6, "MB", largest, bar="≤ 1,200 MB", met=total <= 1.2e9)]
