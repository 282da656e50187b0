"""Books in a process of its own that kills itself (SIGKILL) at a named point. Started by test_kills.py."""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

from polyclinic.scheduling.v1 import rebooking_pb2, series_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from sqlalchemy import event

from chassis.call import Call
from chassis.testing.harness import Harness

# What the process has just done, or is about to do, when it dies.
POINTS = ("cells taken", "visit written", "before the commit", "after the commit")
REQUESTS = {
    "BookAppointment": pb.BookAppointmentRequest,
    "BookSeries": series_pb2.BookSeriesRequest,
    "ApplyRebooking": rebooking_pb2.ApplyRebookingRequest,
}


def die(*_: Any) -> None:
    """The end, without any clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Does what its argument says as JSON: environment, now, tenant, principal, key, method, request (hex), point."""
    told = json.loads(sys.argv[1])
    harness = Harness("scheduling", told["environment"])
    harness.clock.set(datetime.fromisoformat(told["now"]))
    engine, written = harness.service.database.engine, []

    def after_statement(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "insert into occupation" in statement and told["point"] == "cells taken":
            die()
        if statement.lstrip().startswith("INSERT INTO visit_step"):
            written.append(statement)
            if told["point"] == "visit written":
                die()

    def before_commit(_connection: Any) -> None:
        if written and told["point"] == "before the commit":
            die()

    event.listen(engine, "after_cursor_execute", after_statement)
    event.listen(engine, "commit", before_commit)
    if told["point"] == "after the commit":
        # Other transactions of the process (its token keys, its upkeep) commit too: only the booking's counts.
        Call.run_after_commit = lambda _call: die() if written else None  # type: ignore[method-assign]
    staff = harness.client(UUID(told["tenant"]), principal_id=told["principal"])
    request = REQUESTS[told["method"]].FromString(bytes.fromhex(told["request"]))
    staff.call(told["method"], request, key=told["key"], seconds=30)
