"""A process that is killed while it books leaves nothing half-written, and the same request may be sent again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from sqlalchemy import text

from chassis.testing.plugin import environment_for
from tests.scheduling.clinic import Clinic, at
from tests.scheduling.killed import POINTS


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_booking_is_whole_or_not_at_all(clinic: Clinic, postgres: Any, nats_server: Any, point: str) -> None:
    """Killed at each step: either no cell, visit, event or key is there, or all of them; the repeated request books exactly once."""
    request = clinic.booking(at(clinic.day(1), 10))
    told = {
        "environment": environment_for("scheduling", postgres, nats_server),
        "now": clinic.now.isoformat(),
        "tenant": str(clinic.tenant_id),
        "principal": "clerk",
        "key": "once",
        "request": request.SerializeToString().hex(),
        "point": point,
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.scheduling.killed"],
        input=json.dumps(told),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-2000:]
    where = {"outbox": " and subject like '%.appointment.booked'", "idempotency_key": " and key = 'once'"}
    whole = {"booking_cell": 12, "occupation": 2, "appointment": 1, "visit_step": 1, "outbox": 1, "idempotency_key": 1}

    def counted() -> dict[str, int]:
        with clinic.harness.session(clinic.tenant_id) as session:
            counts = {
                table: session.scalar(
                    text(f"select count(*) from {table} where tenant_id = :t{where.get(table, '')}"),
                    {"t": clinic.tenant_id},
                )
                for table in whole
            }
            return {table: int(count or 0) for table, count in counts.items()}

    left = counted()
    assert left == (whole if point == "after the commit" else dict.fromkeys(whole, 0))
    staff = clinic.harness.client(clinic.tenant_id, principal_id="clerk")
    booked = staff.call("BookAppointment", request, key="once")
    assert counted() == whole
    (event,) = clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)
    assert event.appointment.appointment_id == booked.appointment_id
