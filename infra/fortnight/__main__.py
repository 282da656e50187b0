"""``python -m infra.fortnight`` (``make fortnight``): lives two weeks of a network through the real services, and proves them."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.day.clock import BusinessTime
from infra.day.observe import Observer
from infra.fortnight.clinic import Clinic
from infra.fortnight.desk import Desk
from infra.fortnight.life import Fortnight, midnights
from infra.fortnight.proof import Proof, prove
from infra.fortnight.tally import Tally
from infra.load import network
from infra.load.people import Loader, people
from infra.local.stack import Stack

TENANT = "network"
# Who decides about time; messages and claims have a day of their own (`make day`).
SERVICES = ("identity", "patient_registry", "scheduling")
MINUTES = 60
TIMES_A_DAY = 9
OUT = Path("out/fortnight")


def main(argv: list[str] | None = None) -> int:
    """Lives the fortnight; 0 when everything is proved, 1 with what is not."""
    options = read_options(argv)
    console = Console(highlight=False, width=130)
    data = Path(tempfile.mkdtemp(prefix="polyclinic-fortnight-"))
    stack = Stack(data, clock="simulated", durable=False, seed=options.seed, services=SERVICES)
    began = time.monotonic()
    try:
        console.print("starting PostgreSQL, NATS, identity, patient registry, scheduling and the gateway")
        stack.start()
        tally, proof = live(stack, options, console)
    finally:
        stack.stop()
        stack.postgres.destroy()
        shutil.rmtree(data, ignore_errors=True)
    show(tally, proof, time.monotonic() - began, console)
    return 1 if proof.broken or tally.counts["lost holds"] else 0


def read_options(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make fortnight")
    parser.add_argument("--providers", type=int, default=200)
    parser.add_argument("--locations", type=int, default=20)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args(argv)


def live(stack: Stack, options: argparse.Namespace, console: Console) -> tuple[Tally, Proof]:
    """The fortnight on a running stack, and what is found afterwards."""
    observer = Observer(stack)
    now = datetime.now(UTC)
    monday = next(midnights(now + timedelta(days=2)))
    # Business time is a little ahead of the machine's while the network is opened: what is planned then is not overdue by either clock.
    business = BusinessTime(stack, observer, now + timedelta(hours=1))
    try:
        business.settle()
        return _live(stack, observer, business, monday, options, console)
    finally:
        business.close()
        observer.databases.close()


def _live(
    stack: Stack,
    observer: Observer,
    business: BusinessTime,
    monday: datetime,
    options: argparse.Namespace,
    console: Console,
) -> tuple[Tally, Proof]:
    organisation = network.open_organisation(
        stack, TENANT, options.locations, options.providers, lambda line: console.print(f"making {line}")
    )
    times = options.providers * TIMES_A_DAY * options.days
    Loader(stack.postgres.admin_url).register(organisation, 0, times)
    kind = {
        "code": "consultation",
        "name": "Consultation",
        "duration_minutes": MINUTES,
        "modality": "MODALITY_IN_PERSON",
        "start_every_minutes": MINUTES,
        "horizon_days": 60,
    }
    type_id = organisation.owner.post("/api/v1/appointment-types", kind)["appointment_type_id"]
    business.to(monday - timedelta(hours=12))
    tally = Tally()
    last_day = (monday + timedelta(days=options.days - 1)).date()
    patient_ids = [str(person.id) for person in people(organisation, 0, times)]
    desk = Desk(organisation, organisation.owner, business, monday.date(), last_day, type_id, patient_ids, tally)
    clinic = Clinic(organisation.owner, tally, MINUTES, options.seed)
    dice = random.Random(options.seed)
    Fortnight(desk, clinic, business, options.days, times, dice, console.print).live(monday)
    # Whatever is still open ends: the last rounds of the waitlist, the last holds.
    business.to(business.now + timedelta(hours=2))
    return tally, prove(lambda query, values: observer.databases.rows("scheduling", query, values), business.now)


def show(tally: Tally, proof: Proof, seconds: float, console: Console) -> None:
    """Prints what was lived and what was proved, and writes it as JSON."""
    counts = tally.counts
    table = Table(title="Two weeks of a network, in simulated time")
    table.add_column("what")
    table.add_column("found", justify="right")
    table.add_column("has to be")
    rows: list[tuple[str, str, str]] = [
        ("overlaps of practitioners or patients", f"{proof.overlaps}", "0"),
        ("lost holds", f"{counts['lost holds']}", "0"),
        ("time taken by nobody", f"{proof.orphaned}", "0"),
        ("visits without their time", f"{proof.without_time}", "0"),
        ("holds that did not end", f"{proof.expired_holds}", "0"),
        ("freed times that were owed to somebody and not offered", f"{proof.freed_not_offered}", "0"),
        ("freed times, of these offered", f"{proof.freed:,}, {proof.freed_offered:,}", ""),
        ("utilisation", f"{utilisation(tally):.1%}", ""),
        ("third next free time, median days", f"{_median(tally.third_next_days):.1f}", ""),
        ("booking to visit, days: median, p90", "{:.1f}, {:.1f}".format(*proof.lead_days), ""),
        ("waiting room, minutes: median, p90", "{:.0f}, {:.0f}".format(*proof.room_minutes), ""),
        ("waitlist: joined, served", f"{proof.waited:,}, {proof.served:,}", ""),
    ]
    rows += [(name, f"{many:,}", "") for name, many in sorted(counts.items()) if name != "lost holds"]
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print(f"lived in {seconds:,.0f} s")
    for name, found in proof.broken.items():
        console.print(f"[red]{name}: {found}")
    OUT.mkdir(parents=True, exist_ok=True)
    report = {"counts": dict(counts), "proof": asdict(proof), "utilisation": utilisation(tally), "seconds": seconds}
    (OUT / "report.json").write_text(json.dumps(report, indent=1))


def utilisation(tally: Tally) -> float:
    """Booked minutes of the open ones."""
    return tally.booked_minutes / tally.open_minutes if tally.open_minutes else 0.0


def _median(found: list[float]) -> float:
    return sorted(found)[len(found) // 2] if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
