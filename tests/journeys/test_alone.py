"""What still works when others do not: each service alone, and booking while half of the house is dark.

This runs on a stack of its own with the real clock: simulated business time is told over NATS, which is killed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from infra.day.client import Api, Json
from infra.local.servers import SERVICES
from infra.local.stack import Stack

from tests.depth import deep
from tests.journeys.house import House, build_on_the_real_clock, token_of

DARK = ("billing", "notifications", "telehealth")
# A stack of its own takes as long as ten other journeys. tests/infra/test_stack.py keeps a service that starts and answers alone.
pytestmark = deep


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A whole system on the real clock, of which parts will be killed."""
    data: Path = tmp_path_factory.mktemp("alone")
    stack = Stack(data, clock="system", durable=False)
    stack.start()
    try:
        house = build_on_the_real_clock(stack, data / "out")
        try:
            yield house
        finally:
            house.close()
    finally:
        stack.stop()
        stack.postgres.destroy()


def test_booking_goes_on_while_others_are_dark(alone: House) -> None:
    """A video visit is booked while billing, notifications and telehealth are dead; each of them catches up afterwards."""
    stack = alone.day.stack
    for name in DARK:
        stack.kill(name)
    try:
        made = alone.owner.post(
            "/api/v1/patients",
            {
                "patient": {
                    "name": {"family": "Dusk", "given": "Dora"},
                    "birth_date": {"year": 1971, "month": 5, "day": 9},
                    "contact_points": [{"kind": "CONTACT_KIND_EMAIL", "value": "dusk@mail.example", "preferred": True}],
                }
            },
        )
        patient_id = made["patient"]["patient_id"]
        visit = alone.book_when_known(patient_id, "begay", "video-follow-up")
        refused = alone.ask(alone.owner, "GET", "/api/v1/payers")
        assert (refused.status, refused.kind) == (503, "application/problem+json")
    finally:
        with ThreadPoolExecutor(len(DARK)) as pool:
            list(pool.map(stack.restart, DARK))
    alone.settle()
    appointment_id = visit["appointment_id"]
    (encounter,) = alone.biller.get("/api/v1/encounters", appointment_ids=appointment_id)["encounters"]
    assert encounter["patient_id"] == patient_id
    (session,) = alone.owner.get("/api/v1/telehealth/sessions", appointment_id=appointment_id)["sessions"]
    assert session["patient_id"] == patient_id
    told = alone.owner.get(f"/api/v1/appointments/{appointment_id}/reminders")["reminders"]
    assert "Booking confirmation" in {reminder["rule_name"] for reminder in told}
    mails = [mail for mail in alone.day.outside.mail.messages() if "dusk@mail.example" in str(mail["to"])]
    assert len(mails) == 1


def test_each_service_starts_and_serves_alone(alone: House) -> None:
    """With NATS and all others dead each service starts, is ready, and answers an audited read to a token got before."""
    stack = alone.day.stack
    person = alone.register("Lonely")
    reads = {
        "identity": "/api/v1/practitioners",
        "patient_registry": f"/api/v1/patients/{person.patient_id}",
        "scheduling": f"/api/v1/appointments?patient_id={person.patient_id}",
        "billing": f"/api/v1/payments?patient_id={person.patient_id}",
        "notifications": f"/api/v1/messages?patient_id={person.patient_id}",
        "telehealth": f"/api/v1/telehealth/sessions?patient_id={person.patient_id}",
    }
    assert set(reads) == set(SERVICES)
    token = token_of(alone.owner)
    # Asked again while the gateway finds the service that has just come back.
    caller = Api(alone.url, "lonely", lambda: token, alone.day.log)
    began = datetime.now(UTC)
    answers: dict[str, Json] = {}
    for name in (*SERVICES, "NATS"):
        stack.kill(name)
    try:
        for name, path in reads.items():
            stack.restart(name)
            answers[name] = caller.get(path)
            stack.kill(name)
    finally:
        stack.restart("NATS")
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            list(pool.map(stack.restart, SERVICES))
    assert set(answers) == set(reads)
    assert answers["patient_registry"]["name"]["family"] == "Lonely"
    # What was read in the dark is in the audit trail as soon as there is one again.
    alone.settle(trail=True)
    found = alone.owner.post("/api/v1/audit-entries:search", {"patient_id": person.patient_id, "page_size": 100})
    dark = {
        entry["service"]
        for entry in found["entries"]
        if entry["phi"] == "read" and datetime.fromisoformat(entry["occurred_at"]) > began
    }
    assert {"patient_registry", "scheduling", "billing", "notifications", "telehealth"} <= dark
