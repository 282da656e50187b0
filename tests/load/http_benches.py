"""Requests through the whole chain: gateway, service, PostgreSQL; with authentication, tenancy, audit and telemetry on."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.load.driver import drive, request
from infra.load.figures import Figure, Sample, rate_figure
from infra.load.names import FAMILIES, GIVENS
from infra.local.process import free_port, port_is_taken
from polyclinic.scheduling.v1.events_pb2 import APPOINTMENT_STATUS_CANCELLED

from tests.load.world import World, registered

ROUNDS = 3
SECONDS = 3.0


@contextmanager
def bare_chain(world: World) -> Iterator[int]:
    """Bare Flask → gRPC → PostgreSQL on the same database; yields its port."""
    service_port, http_port = free_port(), free_port()
    dsn = world.stack.postgres.admin_url("patient_registry")
    running = [_bare("service", service_port, dsn)]
    _wait_for(service_port)
    running.append(_bare("gateway", http_port, service_port))
    _wait_for(http_port)
    try:
        yield http_port
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(10)


def _bare(*command: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.load.bare_chain", *map(str, command)])


def _wait_for(port: int) -> None:
    """Returns when somebody listens. Raises TimeoutError after ten seconds."""
    deadline = time.monotonic() + 10
    while not port_is_taken(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody listens on {port}")
        time.sleep(0.1)


def patient_read(world: World) -> list[Figure]:
    """An authenticated, audited read of one patient beside the bare chain on the same row."""
    token = world.token()
    ours = [request("GET", f"/api/v1/patients/{patient}", token) for patient in world.patient_ids[:200]]
    bare = [request("GET", f"/patients/{world.tenant_id}/{patient}") for patient in world.patient_ids[:200]]
    mine, limits = [], []
    with bare_chain(world) as bare_port:
        drive(world.port, ours, seconds=1)
        drive(bare_port, bare, seconds=1)
        for _ in range(ROUNDS):
            limits.append(drive(bare_port, bare, seconds=SECONDS))
            mine.append(drive(world.port, ours, seconds=SECONDS))
    return [rate_figure("patient read", mine, limits, "bare Flask→gRPC→PostgreSQL", "≥ 50 % of the bare chain", 0.5)]


def patient_search(world: World) -> list[Figure]:
    """`smi,jo` among all patients: the first page."""
    token = world.token()
    chosen = random.Random(5)
    queries = [f"{chosen.choice(FAMILIES)[:4]},{chosen.choice(GIVENS)[:2]}" for _ in range(100)]
    texts = [request("POST", "/api/v1/patients:search", token, {"query": query, "page_size": 20}) for query in queries]
    samples = [drive(world.port, texts, connections=4, seconds=SECONDS) for _ in range(ROUNDS)]
    return [rate_figure("patient search in 100,000", samples)]


def patient_create(world: World) -> list[Figure]:
    """Registering with the duplicate check on, of people who share neither birth date nor phone."""
    token = world.token()
    bodies = (
        {
            "name": {"family": _family_name(number), "given": "Ann"},
            "birth_date": {"year": 1930 + number % 90, "month": 1 + number % 12, "day": 1 + number % 28},
            "phone": f"+1212{number % 7000 + 2_000_000:07d}",
            "accept_duplicates": True,
        }
        for number in range(0, 100_000, 13)
    )
    texts = [request("POST", "/api/v1/patients:quickRegister", token, body, key=True) for body in bodies]
    samples = [drive(world.port, texts, connections=4, seconds=SECONDS) for _ in range(ROUNDS)]
    return [rate_figure("patient create", samples)]


def _family_name(number: int) -> str:
    """A name that sounds like few others: three syllables."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    base = len(syllables)
    return "".join(syllables[number // base**place % base] for place in range(3)).capitalize() + "n"


def slot_search(world: World) -> list[Figure]:
    """The next free times of 200 practitioners over 60 days, over the API."""
    first = datetime.now(UTC).date() + timedelta(days=1)
    last = first + timedelta(days=60)
    dates = {"start": _day(first), "end": _day(last)}
    body = {"appointment_type_ids": [world.appointment_type_id], "dates": dates, "limit": 20}
    texts = [request("POST", "/api/v1/slots:search", world.token(), body)]
    drive(world.port, texts, connections=1, seconds=2)
    samples = [drive(world.port, texts, connections=1, seconds=SECONDS) for _ in range(ROUNDS)]
    figures = [_within("slot search 200 × 60 days, API", samples, 15.0, 0.0)]
    soon = {"start": _day(first), "end": _day(first + timedelta(days=13))}
    narrow = body | {"dates": soon, "practitioner_ids": [world.practitioner_ids[0]], "limit": 100}
    calendar = [request("POST", "/api/v1/slots:search", world.token(), narrow)]
    drive(world.port, calendar, connections=1, seconds=1)
    samples = [drive(world.port, calendar, connections=4, seconds=SECONDS) for _ in range(ROUNDS)]
    figures.append(_within("slot search 14 days of one, API", samples, 15.0, 300.0))
    return figures


def _within(name: str, samples: list[Sample], most_ms: float, least_rate: float) -> Figure:
    """The rate beside the promised one (0: none), and whether 95 of 100 were answered within so many milliseconds."""
    figure = rate_figure(name, samples)
    whole = Sample(1, 1, [one for sample in samples for one in sample.latencies_ms])
    bar = f"p95 ≤ {most_ms:.0f} ms" + (f" and ≥ {least_rate:.0f}/s" if least_rate else "")
    met = whole.percentile(95) <= most_ms and figure.value >= least_rate
    return replace(figure, limit=least_rate or None, limit_name="/s promised" if least_rate else "", bar=bar, met=met)


def booking(world: World) -> list[Figure]:
    """Direct bookings by eight clients, half of them racing for the same times; then the doubles are counted."""
    patients = registered(world, 60)
    start = (datetime.now(UTC) + timedelta(days=20)).replace(hour=16, minute=0, second=0, microsecond=0)
    token = world.token()
    texts = []
    chosen = random.Random(3)
    for number in range(6000):
        moment = start + timedelta(days=number // 400 % 40, minutes=20 * (number % 20))
        practitioner = chosen.randrange(len(world.practitioner_ids))
        body = {
            "patient_id": patients[number % len(patients)],
            "appointment_type_id": world.appointment_type_id,
            "practitioner_id": world.practitioner_ids[practitioner],
            "location_id": world.location_ids[practitioner % 3],
            "start_time": moment.isoformat().replace("+00:00", "Z"),
        }
        texts.append(request("POST", "/api/v1/appointments", token, body, key=True))
    sample = drive(world.port, texts, connections=8, seconds=8)
    doubles = count_doubles(world)
    latencies = f"p50 {sample.percentile(50):.1f}  p95 {sample.percentile(95):.1f}  p99 {sample.percentile(99):.1f} ms"
    detail = f"{latencies}, {sample.errors} lost the race or the patient was busy"
    return [
        Figure("booking", sample.rate, "/s", detail),
        Figure(
            "double bookings", doubles, "", "overlaps on a practitioner or patient, by SQL", bar="0", met=doubles == 0
        ),
    ]


def count_doubles(world: World) -> int:
    """Pairs of live appointments that overlap on a practitioner or a patient."""
    import psycopg

    query = """
    select count(*) from appointment a join appointment b on a.tenant_id = b.tenant_id and a.id < b.id
      and (a.practitioner_id = b.practitioner_id or a.patient_id = b.patient_id)
      and a.start_time < b.end_time and b.start_time < a.end_time
      and a.status <> %(cancelled)s and b.status <> %(cancelled)s
    """
    with psycopg.connect(world.stack.postgres.admin_url("scheduling")) as connection:
        row = connection.execute(query, {"cancelled": APPOINTMENT_STATUS_CANCELLED}).fetchone()
        return int(row[0]) if row else 0


def _day(day: object) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}  # type: ignore[attr-defined]
