"""What scheduling counts of its business; each counted once its transaction is committed, without tenant or person."""

from __future__ import annotations

from datetime import datetime

from chassis import telemetry
from chassis.call import Call

_MINUTES = tuple(60.0 * minutes for minutes in (1, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120))
_bookings = telemetry.counter("polyclinic.bookings", description="appointments booked, by the kind of caller")
_steps = telemetry.counter("polyclinic.visit.steps", description="steps of the visit flow")
_waits = telemetry.histogram("polyclinic.visit.wait", "s", "business time from arrival to a room", _MINUTES)


def booked(call: Call) -> None:
    """An appointment was made, by staff, a patient, a program or the system."""
    by = call.principal.kind
    call.after_commit(lambda: _bookings.add(1, {"by": by}))


def stepped(call: Call, step: str, waited_since: datetime | None = None) -> None:
    """A visit went a step on; `waited_since` is the arrival when the step ends the wait for a room."""
    waited = None if waited_since is None else max(0.0, (call.now - waited_since).total_seconds())

    def count() -> None:
        _steps.add(1, {"step": step})
        if waited is not None:
            _waits.record(waited)

    call.after_commit(count)
