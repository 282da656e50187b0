"""The proof that the README gives, run as it stands there over visits with every kind of history."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from sqlalchemy import delete, select, text, update

import notifications as package
from notifications.tables import Reminder

PROOFS = re.search(r"```sql\n(.*?)```", (Path(package.__file__).parent / "README.md").read_text(), re.DOTALL)[1]
STATEMENTS = [part for part in PROOFS.split(";\n") if part.strip()]


@pytest.fixture
def histories(clinic):
    """A visit that took place, one moved, one cancelled, one of somebody who cannot be reached, one booked late."""
    kept = clinic.book(clinic.patient(), clinic.at(15, days=9))
    moved = clinic.book(clinic.patient(), clinic.at(11, days=8))
    cancelled = clinic.book(clinic.patient(), clinic.at(12, days=7))
    clinic.book(clinic.patient(email_purposes=[], sms_purposes=[]), clinic.at(13, days=7))
    clinic.book(clinic.patient(), clinic.at(8, days=1))
    clinic.until(clinic.at(12, days=2))
    clinic.move(moved, clinic.at(11, days=6))
    clinic.change(cancelled, scheduling_events.APPOINTMENT_STATUS_CANCELLED)
    clinic.until(clinic.at(14, days=7))
    clinic.change(kept, scheduling_events.APPOINTMENT_STATUS_CHECKED_IN)
    clinic.harness.run_due()
    return clinic


def prove(clinic):
    """The rows that each statement of the README finds for this tenant."""
    with clinic.harness.session(clinic.tenant) as session:
        return [session.execute(text(statement)).all() for statement in STATEMENTS]


def test_the_proof_of_the_readme_holds_for_every_history(histories):
    """Two statements, no rows."""
    assert prove(histories) == [[], []]


def test_the_proof_sees_a_missing_and_a_doubled_reminder(histories):
    """A reminder taken out, and one sent besides another of its rule, are found."""
    with histories.harness.session(histories.tenant) as session:
        one = session.scalars(select(Reminder).where(Reminder.status == "sent", Reminder.occurrence == 0)).first()
        session.execute(delete(Reminder).where(Reminder.id == one.id))
        session.execute(update(Reminder).where(Reminder.status == "skipped").values(status="planned"))
    missing, unmatched = prove(histories)
    assert (one.subject_id, one.rule_id) in {(row.appointment_id, row.rule_id) for row in missing}
    assert len(unmatched) == 1
