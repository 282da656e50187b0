"""What is held now, for the calendar: times that somebody is about to book, and freed times that are offered to the waitlist."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling.store import Store
from scheduling.stores.holds import HoldFilter
from scheduling.tables import Hold
from scheduling.usecases import waitlist
from scheduling.usecases.waitlist import OfferView

MOST_DAYS = timedelta(days=62)


@dataclass(frozen=True)
class HeldView:
    """A hold with the names a person reads, and to whom its time is offered."""

    row: Hold
    patient_name: str
    type_name: str
    offers: list[OfferView]


def list_holds(call: Call, wanted: HoldFilter, page_size: int, page_token: str) -> tuple[list[HeldView], str]:
    """A page of holds that have not expired, by start. Raises InvalidInput when nobody's time is named, or too much of it."""
    store = Store(call.session)
    if not (wanted.location_id or wanted.practitioner_id):
        raise InvalidInput([Violation("location_id", "a location or a practitioner is required")])
    if wanted.start_to <= wanted.start_from:
        raise InvalidInput([Violation("start_to", "must be after start_from")])
    if wanted.start_to - wanted.start_from > MOST_DAYS:
        raise InvalidInput([Violation("start_to", f"must be at most {MOST_DAYS.days} days after start_from")])
    rows, token = store.list_holds(replace(wanted, now=call.now), call.principal, page_size, page_token)
    offers = waitlist.views(store, store.open_offers_of([row.id for row in rows if row.waitlist]))
    patients = store.patients(row.patient_id for row in rows if row.patient_id)
    kinds = store.type_names({row.appointment_type_id for row in rows})
    call.touch(*(row.patient_id for row in rows if row.patient_id), *(one.row.patient_id for one in offers))
    return [
        HeldView(
            row,
            patients[row.patient_id].name if row.patient_id in patients else "",
            kinds.get(row.appointment_type_id, ""),
            [one for one in offers if one.row.hold_id == row.id],
        )
        for row in rows
    ], token
