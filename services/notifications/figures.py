"""What notifications counts of its business; each counted once its transaction is committed, without tenant or person."""

from __future__ import annotations

from datetime import datetime

from chassis import telemetry
from chassis.call import Call

_messages = telemetry.counter("polyclinic.messages", description="messages settled, by channel and what became of them")
_reminders = telemetry.counter("polyclinic.reminders.sent", description="reminders handed over, by channel")
_lateness = telemetry.histogram(
    "polyclinic.reminder.lateness",
    "s",
    "business time from a reminder's planned instant to its hand-over",
    telemetry.LATENESS_SECONDS,
)


def message_settled(call: Call, channel: str, status: str) -> None:
    """A message was sent, or will never be."""
    call.after_commit(lambda: _messages.add(1, {"channel": channel, "status": status}))


def reminder_sent(call: Call, channel: str, due_at: datetime) -> None:
    """A reminder that was to go at `due_at` (business instant) has been taken by the provider now."""
    late = max(0.0, (call.now - due_at).total_seconds())

    def count() -> None:
        _reminders.add(1, {"channel": channel})
        _lateness.record(late, {"channel": channel})

    call.after_commit(count)
