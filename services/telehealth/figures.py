"""What telehealth counts of its business; each counted once its transaction is committed, without tenant or person."""

from __future__ import annotations

from chassis import telemetry
from chassis.call import Call

_sessions = telemetry.counter("polyclinic.video.sessions", description="video visits closed, by what became of them")
_MINUTES = tuple(60.0 * minutes for minutes in (1, 5, 10, 15, 20, 30, 45, 60, 90))
_together = telemetry.histogram("polyclinic.video.together", "s", "time that patient and clinician shared", _MINUTES)


def session_closed(call: Call, status: str, seconds_together: int) -> None:
    """A room was closed; `seconds_together` is business time, 0 when the two never met."""

    def count() -> None:
        _sessions.add(1, {"status": status})
        if seconds_together:
            _together.record(seconds_together)

    call.after_commit(count)
