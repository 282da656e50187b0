"""What `make fortnight` proves with: each defect, planted by hand, is found by the query that looks for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from infra.fortnight.proof import Proof, prove
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.protos import date_message
from tests.scheduling.clinic import Clinic, at


def proof(clinic: Clinic) -> Proof:
    """What is found in the clinic's own tenant now."""
    with clinic.harness.session(clinic.tenant_id) as session:

        def rows(query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
            found = session.connection().exec_driver_sql(query, values or {"now": clinic.now})
            return [dict(row) for row in found.mappings()]

        return prove(rows, clinic.now)


def plant(clinic: Clinic, statement: str) -> None:
    """Changes the database behind the service's back."""
    with clinic.harness.session(clinic.tenant_id) as session:
        assert session.connection().exec_driver_sql(statement).rowcount > 0


def waiting(clinic: Clinic) -> str:
    """Somebody who would take any time at the location."""
    request = pb.JoinWaitlistRequest(
        patient_id=str(clinic.patient("Baker")),
        appointment_type_id=clinic.type_ids["visit"],
        location_ids=[str(clinic.location_id)],
        dates=types_pb2.DateRange(end=date_message(clinic.day(9))),
    )
    return str(clinic.staff.call("JoinWaitlist", request).waitlist_entry_id)


def test_a_sound_network_has_nothing_to_be_found(clinic: Clinic) -> None:
    """Visits booked, held, freed and offered, as the service does it."""
    visit = clinic.book(at(clinic.day(2), 10))
    clinic.book(at(clinic.day(2), 11))
    clinic.hold(at(clinic.day(2), 12))
    waiting(clinic)
    clinic.harness.advance(minutes=1)
    clinic.cancel(visit.appointment_id)
    clinic.harness.run_due()
    found = proof(clinic)
    assert found.broken == {}
    assert (found.freed, found.freed_offered, found.waited) == (1, 1, 1)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("update appointment set start_time = start_time - interval '45 minutes'", "overlaps"),
        ("update occupation set first_cell = first_cell - 9 where resource_kind = 1", "overlaps"),
        ("update appointment set cancelled_at = now()", "time taken by nobody"),
        ("delete from occupation where resource_kind = 1", "visits without their time"),
    ],
)
def test_a_defect_is_found(clinic: Clinic, statement: str, name: str) -> None:
    """Two visits one after the other, and something wrong with them."""
    first = clinic.book(at(clinic.day(2), 10))
    second = clinic.book(at(clinic.day(2), 10, 30))
    assert proof(clinic).broken == {}
    chosen = {"overlaps": second}.get(name, first).appointment_id
    column = "claim_id" if "occupation" in statement else "id"
    plant(clinic, f"{statement} {'and' if ' where ' in statement else 'where'} {column} = '{chosen}'")
    assert name in proof(clinic).broken


def test_a_hold_that_did_not_end_is_found(clinic: Clinic) -> None:
    """It has expired, and nobody has taken it away."""
    clinic.hold(at(clinic.day(2), 10))
    clinic.harness.advance(minutes=6)
    assert proof(clinic).broken == {"holds that did not end": 1}


def test_a_freed_time_that_was_owed_to_somebody_is_found(clinic: Clinic) -> None:
    """Somebody waited for it, and was not asked."""
    visit = clinic.book(at(clinic.day(2), 10))
    waiting(clinic)
    clinic.harness.advance(minutes=1)
    clinic.cancel(visit.appointment_id)
    assert proof(clinic).broken == {"freed times not offered": 1}
    clinic.harness.run_due()
    clinic.harness.advance(minutes=int(timedelta(minutes=31).total_seconds()) // 60)
    assert proof(clinic).freed_not_offered == 0
