"""A process that is killed while it books leaves nothing half-written, and the same request may be sent again."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import rebooking_pb2, series_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2
from sqlalchemy import text

from chassis.protos import date_message
from chassis.testing import expect_error
from chassis.testing.plugin import environment_for
from scheduling.stores.cells import CellStore
from tests.depth import pieces
from tests.forks import Fork
from tests.scheduling.clinic import Clinic, at
from tests.scheduling.killed import POINTS

# On both sides of the commit; the others are in depth.
KEPT = ("before the commit", "after the commit")


def kill(clinic: Clinic, servers: tuple[Any, Any], method: str, request: Any, point: str) -> None:
    """Another process does this and dies at this point."""
    told = {
        "environment": environment_for("scheduling", *servers),
        "now": clinic.now.isoformat(),
        "tenant": str(clinic.tenant_id),
        "principal": "clerk",
        "key": "once",
        "method": method,
        "request": request.SerializeToString().hex(),
        "point": point,
    }
    with tempfile.NamedTemporaryFile("r") as log:
        booking = Fork("tests.scheduling.killed", json.dumps(told), log=Path(log.name))
        assert booking.exit_code(60) == -signal.SIGKILL, log.read()[-2000:]


def counted(clinic: Clinic, tables: Iterable[str]) -> dict[str, int]:
    """How many rows of these tables the tenant has."""
    where = {"outbox": " and subject like '%.appointment.%'", "idempotency_key": " and key = 'once'"}
    with clinic.harness.session(clinic.tenant_id) as session:
        counts = {
            table: session.scalar(
                text(f"select count(*) from {table} where tenant_id = :t{where.get(table, '')}"),
                {"t": clinic.tenant_id},
            )
            for table in tables
        }
    return {table: int(count or 0) for table, count in counts.items()}


@pytest.mark.parametrize("point", pieces(POINTS, *KEPT))
def test_a_killed_booking_is_whole_or_not_at_all(clinic: Clinic, postgres: Any, nats_server: Any, point: str) -> None:
    """Killed at each step: either no cell, visit, event or key is there, or all of them; the repeated request books exactly once."""
    request = clinic.booking(at(clinic.day(1), 10))
    kill(clinic, (postgres, nats_server), "BookAppointment", request, point)
    whole = {"booking_cell": 12, "occupation": 2, "appointment": 1, "visit_step": 1, "outbox": 1, "idempotency_key": 1}
    assert counted(clinic, whole) == (whole if point == "after the commit" else dict.fromkeys(whole, 0))
    staff = clinic.harness.client(clinic.tenant_id, principal_id="clerk")
    booked = staff.call("BookAppointment", request, key="once")
    assert counted(clinic, whole) == whole
    (event,) = clinic.harness.events(clinic.tenant_id, events.AppointmentBooked)
    assert event.appointment.appointment_id == booked.appointment_id


def test_a_lost_connection_is_told_as_such(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL goes away while the cells are taken: the caller hears that it may try again, not that we have stumbled."""

    def lost(store: CellStore, *_wanted: Any) -> bool:
        store.session.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        return True

    staff = clinic.harness.client(clinic.tenant_id, principal_id="clerk")
    request = clinic.booking(at(clinic.day(1), 10))
    with monkeypatch.context() as patched, expect_error("UNAVAILABLE"):
        patched.setattr(CellStore, "_take_at_once", lost)
        staff.call("BookAppointment", request, key="once")
    assert staff.call("BookAppointment", request, key="once").appointment_id


@pytest.mark.parametrize("point", pieces(POINTS, *KEPT))
def test_a_killed_series_is_whole_or_not_at_all(clinic: Clinic, postgres: Any, nats_server: Any, point: str) -> None:
    """Of five visits, killed at each step, none is there or all five; the repeated request books exactly five."""
    request = series_pb2.BookSeriesRequest(
        patient_id=str(clinic.patient()),
        appointment_type_id=clinic.type_ids["visit"],
        practitioner_id=str(clinic.practitioner_ids[0]),
        location_id=str(clinic.location_id),
        first_date=date_message(clinic.day(1)),
        start_minute=600,
        rule="FREQ=DAILY;COUNT=5",
    )
    kill(clinic, (postgres, nats_server), "BookSeries", request, point)
    whole = {"booking_cell": 60, "appointment": 5, "appointment_series": 1, "outbox": 5, "idempotency_key": 1}
    assert counted(clinic, whole) == (whole if point == "after the commit" else dict.fromkeys(whole, 0))
    staff = clinic.harness.client(clinic.tenant_id, principal_id="clerk")
    assert len(staff.call("BookSeries", request, key="once").appointments) == 5
    assert counted(clinic, whole) == whole


@pytest.mark.parametrize("point", pieces(["cells taken", "before the commit", "after the commit"], *KEPT))
def test_a_killed_leave_moves_everybody_or_nobody(clinic: Clinic, postgres: Any, nats_server: Any, point: str) -> None:
    """A process that dies while it applies a leave leaves either the plan, or the leave and all moves."""
    for slot in range(3):
        clinic.book(at(clinic.day(2), 9 + slot))
    day = date_message(clinic.day(2))
    exception = pb.ScheduleException(
        kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
        practitioner_id=str(clinic.practitioner_ids[0]),
        dates=types_pb2.DateRange(start=day, end=day),
    )
    change = pb.CreateScheduleExceptionRequest(exception=exception)
    plan = clinic.staff.call("PlanRebooking", rebooking_pb2.PlanRebookingRequest(create_exception=change))
    request = rebooking_pb2.ApplyRebookingRequest(rebooking_id=plan.rebooking_id)
    kill(clinic, (postgres, nats_server), "ApplyRebooking", request, point)
    applied = point == "after the commit"
    assert counted(clinic, ["schedule_exception"]) == {"schedule_exception": int(applied)}
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentMoved)) == (3 if applied else 0)
    staff = clinic.harness.client(clinic.tenant_id, principal_id="clerk")
    again = staff.call("ApplyRebooking", request, key="once", seconds=30)
    assert again.status == rebooking_pb2.REBOOKING_STATUS_APPLIED
    assert len(clinic.harness.events(clinic.tenant_id, events.AppointmentMoved)) == 3
    assert counted(clinic, ["schedule_exception", "booking_cell"]) == {"schedule_exception": 1, "booking_cell": 36}
