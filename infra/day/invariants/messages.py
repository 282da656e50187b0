"""Messages: every visit has exactly the reminders its rules ask for, and each went out once."""

from __future__ import annotations

from collections import Counter

from infra.day.client import Json
from infra.day.context import Day, Visit
from infra.day.invariants import Finding


def every_visit_has_its_reminders(day: Day) -> Finding:
    """What the rules ask for, worked out anew, is what was planned, sent or left out with a reason; nothing more."""
    failures: list[str] = []
    looked_at = 0

    def expected(visit: Visit) -> tuple[Visit, Json]:
        return visit, day.accounts.owner.get(f"/api/v1/appointments/{visit.appointment_id}/expected-reminders")

    for visit, answer in day.parallel(expected, day.visits, "comparing reminders with their rules"):
        looked_at += len(answer.get("expected", []))
        if not answer.get("complete"):
            failures.append(f"{visit.appointment_id}: a reminder that its rules ask for is missing")
        failures += [
            f"{visit.appointment_id}: {item['reminder_id']} was not asked for" for item in answer["unexpected"]
        ]
    return Finding("every visit has exactly the reminders its rules ask for", looked_at, failures)


def each_reminder_reached_its_provider_once(day: Day) -> Finding:
    """What notifications says it sent is what the providers were given: once each, by Message-ID or client reference."""
    rows = day.observer.databases.rows("notifications", "SELECT channel, reference, recipient, status FROM message")
    written = {_key(row["reference"]): row for row in rows}
    texts = Counter(_key(message["client_reference"]) for message in day.outside.sms.messages())
    mails = Counter(_key(message["message_id"]) for message in day.outside.mail.messages())
    given = texts + mails
    failures = [f"a provider has {key}, which nobody wrote" for key in given if key not in written]
    failures += [
        f"{row['channel']} {key} is {row['status']} and no provider has it"
        for key, row in written.items()
        if row["status"] in {"sent", "delivered"} and not given[key]
    ]
    # A mail server cannot know that a sender died before it heard "250 OK"; the second copy carries the same Message-ID,
    # by which readers drop it. Without kills there is no excuse.
    copies = {key: times - 1 for key, times in given.items() if times > 1}
    if not day.options.chaos:
        failures += [f"{key} went out {times + 1} times" for key, times in copies.items()]
    failures += [f"text {key} went out {times} times" for key, times in texts.items() if times > 1]
    day.figures["messages"]["copies_with_the_same_message_id"] = sum(copies.values())
    return Finding("each message reached its provider exactly once", len(given), failures)


def _key(reference: str) -> str:
    return reference.strip("<> ")


PROOFS = [every_visit_has_its_reminders, each_reminder_reached_its_provider_once]
