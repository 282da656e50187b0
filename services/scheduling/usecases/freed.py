"""A visit gave up its time: the first step of that time's way round the waitlist."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from scheduling.domain.cells import Span, cell_at, instant_at
from scheduling.domain.waitlist import SHORTEST_ROUND
from scheduling.store import Store
from scheduling.tables import Appointment, FreedTime

ROUND = "waitlist.round"


@dataclass(frozen=True)
class Freed:
    """A visit's time that was given up, and by whom."""

    practitioner_id: UUID
    location_id: UUID
    patient_id: UUID
    span: Span


def time_of(row: Appointment) -> Freed:
    """The time that a visit has now; ask before it changes."""
    span = Span(cell_at(row.start_time), cell_at(row.end_time))
    return Freed(row.practitioner_id, row.location_id, row.patient_id, span)


def time_freed(call: Call, store: Store, freed: Freed) -> None:
    """The waitlist is asked as soon as this is committed: by due work, since the one who gave the time up may be a patient, and must
    not see who waits. Too near a time is left to the desk."""
    if instant_at(freed.span.first) - call.now < SHORTEST_ROUND:
        return
    row = store.add(
        FreedTime(
            practitioner_id=freed.practitioner_id,
            location_id=freed.location_id,
            patient_id=freed.patient_id,
            first_cell=freed.span.first,
            end_cell=freed.span.end,
            round=0,
        )
    )
    call.due.at(ROUND, row.id, call.now)
