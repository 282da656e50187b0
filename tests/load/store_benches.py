"""What the store of scheduling takes to book, beside what PostgreSQL takes to insert the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg
from infra.load.figures import Figure
from infra.local.servers import EmbeddedPostgres

from chassis import migrating
from scheduling.domain.cells import CELLS_PER_DAY
from tests.load.store_worker import DAYS, FIRST

CLIENTS = 2
ROUNDS = 3
SECONDS = 5.0
BAR, LEAST_RATIO = 1_000.0, 0.45


def store_bookings() -> list[Figure]:
    """Bookings of three resources a second by two clients, in turn through the store and by plain SQL, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="polyclinic-store-") as data:
        server = EmbeddedPostgres(Path(data))
        server.start()
        try:
            server.provision("scheduling")
            owner = server.url("scheduling_owner", "scheduling")
            migrating.migrate("scheduling", owner, "scheduling_app", "scheduling_worker")
            with psycopg.connect(owner, autocommit=True) as connection:
                connection.execute("select ensure_cell_partitions(%s, %s)", [FIRST, FIRST + (DAYS + 1) * CELLS_PER_DAY])
            url = server.url("scheduling_app", "scheduling")
            ours, raw = [], []
            for number in range(ROUNDS):
                raw.append(_rate(url, "raw", number))
                ours.append(_rate(url, "store", number))
        finally:
            server.destroy()
    rate, limit = median(rate for rate, _ in ours), median(rate for rate, _ in raw)
    cpu = median(cost for _, cost in ours)
    return [
        Figure(
            "store: 3-resource bookings",
            rate,
            "/s",
            f"{CLIENTS} clients, {cpu:.2f} ms of a client's CPU each",
            limit,
            "/s by plain SQL, the same rows",
            f"≥ {BAR:,.0f}/s and ≥ {LEAST_RATIO:.0%}",
            rate >= BAR and rate / limit >= LEAST_RATIO,
        )
    ]


def _rate(url: str, how: str, number: int) -> tuple[float, float]:
    """Bookings a second of all clients, and CPU milliseconds of a client for each; a tenant of its own each time."""
    tenant = str(UUID(int=(number + 1) * 2 + (how == "raw")))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.load.store_worker", url, tenant, how, str(client), str(SECONDS)],
            stdout=subprocess.PIPE,
        )
        for client in range(CLIENTS)
    ]
    answers = [json.loads(one.communicate(timeout=60)[0]) for one in running]
    count = sum(one["count"] for one in answers)
    return sum(one["count"] / one["seconds"] for one in answers), 1000 * sum(one["cpu"] for one in answers) / count
