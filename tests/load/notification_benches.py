"""Reminders: from due items to texts the provider has taken, by the stack's own process."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import requests
from infra.day.outside import Outside
from infra.load.figures import Figure, Sample, rate_figure

from tests.load.world import World, registered

PATIENTS = 300
VISITS_EACH = 2
ROUNDS = 3
# As many as the service has worker threads.
CONNECTIONS = 3
LONGEST_SECONDS = 180.0
RULE = "One day before, by text"

# Just the rows that bookings of some weeks ago would have left: appointments, their reminders, due now.
_ROWS = """
with visits as (
  insert into appointment (tenant_id, id, patient_id, location_id, appointment_type_code, start_time, time_zone, modality,
    status, reschedule_count, agreed_at, source_version)
  select %(tenant)s, uuidv7(), patient::uuid, %(location)s::uuid, 'bench', clock_timestamp() + interval '1 day',
    'America/Denver', 'in_person', 'booked', 0, clock_timestamp() - interval '20 days', 1
  from unnest(%(patients)s::text[]) patient, generate_series(1, %(each)s)
  returning id, patient_id),
planned as (
  insert into reminder (tenant_id, id, subject_kind, subject_id, occurrence, rule_id, channel, trigger, patient_id,
    intended_at, due_at, status, reason, reference, facts)
  select %(tenant)s, uuidv7(), 'appointment', id, 0, %(rule)s, 'sms', 'before_visit', patient_id,
    now(), now(), 'planned', '', 'pc-bench-' || id, '{}'::jsonb
  from visits returning id)
insert into due (tenant_id, kind, key, due_at, payload, attempts, generation)
select %(tenant)s, 'reminder.decide', id::text, now(), '{}'::jsonb, 0, 1 from planned
"""
_PROGRESS = """
select count(*), count(sent_at), extract(epoch from max(sent_at) - min(created_at))
from message where tenant_id = %s and created_at >= %s
"""


def reminders(world: World) -> list[Figure]:
    """Claim → decide (registry asked, consent, quiet hours, limit) → intent → hand-over, beside bare hand-overs."""
    sms = Outside.of(world.stack.plan).sms
    sms.put("/_sim/config", {"unavailable_fraction": 0.0, "undelivered_fraction": 0.0})
    day = [
        {"channel": channel, "opens_minute": 0, "closes_minute": 1440} for channel in ("CHANNEL_SMS", "CHANNEL_EMAIL")
    ]
    world.owner.patch("/api/v1/messaging-policy", {"windows": day, "sms_per_day": 100})
    patients = registered(world, PATIENTS)
    count = PATIENTS * VISITS_EACH
    mine, limits = [], []
    with psycopg.connect(world.stack.postgres.admin_url("notifications"), autocommit=True) as connection:
        for _ in range(ROUNDS):
            limits.append(bare_hand_overs(sms.url, world.stack.plan.secrets.get("sms"), count))
            mine.append(_round(world, connection, patients, count))
    return [rate_figure("reminders sent", mine, limits, "bare hand-overs to the same provider")]


def bare_hand_overs(url: str, token: str, count: int) -> Sample:
    """The same number of texts posted to the provider over as many connections as the service uses, and nothing else."""
    account = "AC00000000000000000000000000000001"
    target = f"{url}/2010-04-01/Accounts/{account}/Messages.json"
    body = "Bench: you have a visit on Tuesday, March 10 at 3:00 PM. Reply C to confirm, R to reschedule, X to cancel."

    def post_many(share: int) -> int:
        with requests.Session() as session:
            for _ in range(share):
                form = {"To": "+12125550199", "From": "+12125550100", "Body": body, "ClientReference": str(uuid4())}
                session.post(target, data=form, auth=(account, token), timeout=30).raise_for_status()
        return share

    started = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        done = sum(pool.map(post_many, [count // CONNECTIONS] * CONNECTIONS))
    return Sample(done, time.monotonic() - started)


def _round(world: World, connection: psycopg.Connection, patients: list[str], count: int) -> Sample:
    tenant = UUID(world.tenant_id)
    rule, begun = connection.execute(
        "select id, clock_timestamp() from rule where tenant_id = %s and name = %s", (tenant, RULE)
    ).fetchone()
    parameters = {
        "tenant": tenant,
        "rule": rule,
        "location": world.location_ids[0],
        "patients": patients,
        "each": VISITS_EACH,
    }
    connection.execute(_ROWS, parameters)

    def progress() -> tuple[int, int, float]:
        written, sent, seconds = connection.execute(_PROGRESS, (tenant, begun)).fetchone()
        return written, sent, float(seconds or 0)

    _wait(lambda: progress()[1] >= count)
    written, sent, seconds = progress()
    return Sample(sent, seconds, errors=written - sent)


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the reminders were not sent in time")
        time.sleep(0.1)
