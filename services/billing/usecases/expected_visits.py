"""The visit before it is coded: what scheduling and telehealth tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.store import Store
from billing.tables_money import Encounter, SessionRecord
from billing.usecases import eligibility, owed_estimates, visit_fees
from chassis.call import Call

# The encounter's state that an appointment's status brings; a status that is not here changes nothing.
STATE_OF_STATUS = {
    "booked": "expected",
    "confirmed": "expected",
    "arrived": "expected",
    "checked_in": "open",
    "roomed": "open",
    "seen": "open",
    "checked_out": "open",
    "cancelled": "cancelled",
    "no_show": "cancelled",
    "left": "cancelled",
}
SEEN = frozenset({"seen", "checked_out"})
# What the clinician has decided is not undone by the visit's flow.
DECIDED = frozenset({"signed", "no_charge", "in_review"})


@dataclass(frozen=True, slots=True)
class AppointmentSeen:
    """An appointment's whole state as scheduling's events carry it. `status` in lower case, e.g. 'checked_in'."""

    appointment_id: UUID
    patient_id: UUID
    location_id: UUID
    practitioner_id: UUID
    appointment_type_code: str
    modality: str
    start_time: datetime
    time_zone: str
    status: str
    version: int


def follow_appointment(call: Call, seen: AppointmentSeen) -> None:
    """Makes or changes the encounter of an appointment; an older state than the one known is dropped.

    A visit that is booked or moved to another day has the patient's insurance checked ahead of it.
    """
    store = Store(call.session)
    encounter = store.encounter_of_appointment(seen.appointment_id, lock=True)
    if encounter is not None and encounter.source_version >= seen.version:
        return
    service_date = seen.start_time.astimezone(ZoneInfo(seen.time_zone)).date()
    state = STATE_OF_STATUS.get(seen.status)
    if encounter is None:
        encounter = Encounter(
            id=call.new_id(),
            appointment_id=seen.appointment_id,
            state="expected",
            booked_at=call.now,
            diagnoses=[],
            lines=[],
            facts={},
            telehealth=_telehealth_of(store.session_record(seen.appointment_id)),
            signed_by="",
            no_charge_reason="",
        )
        _follow(encounter, seen, service_date)
        _enter(call, encounter, state, seen.status)
        store.add(encounter)
        check_insurance = True
    else:
        check_insurance = (encounter.service_date, encounter.patient_id) != (service_date, seen.patient_id)
        came_after_all = encounter.state == "cancelled" and state in ("expected", "open")
        if encounter.state in DECIDED:
            encounter.source_version = seen.version
            if seen.status in SEEN and encounter.seen_at is None:
                encounter.seen_at = call.now
        else:
            _follow(encounter, seen, service_date)
            _enter(call, encounter, state, seen.status)
        store.session.flush()
        if came_after_all:
            visit_fees.took_place(call, seen.appointment_id)
    if check_insurance and encounter.state == "expected":
        eligibility.ahead_of_visit(call, store, patient_id=seen.patient_id, service_date=service_date)
    if check_insurance or encounter.state == "cancelled":
        owed_estimates.follow_visit(call, store, encounter)


def keep_session_record(call: Call, row: SessionRecord) -> None:
    """Keeps how a telehealth visit was held, also when its appointment is not known yet. The first record stays."""
    store = Store(call.session)
    if store.session_record(row.appointment_id) is None:
        store.add(row)
    encounter = store.encounter_of_appointment(row.appointment_id, lock=True)
    if encounter is not None and encounter.state not in DECIDED:
        encounter.telehealth = _telehealth_of(store.session_record(row.appointment_id))
        store.session.flush()


def _follow(encounter: Encounter, seen: AppointmentSeen, service_date: object) -> None:
    encounter.patient_id = seen.patient_id
    encounter.location_id = seen.location_id
    encounter.practitioner_id = seen.practitioner_id
    encounter.appointment_type_code = seen.appointment_type_code
    encounter.modality = seen.modality
    encounter.start_time = seen.start_time
    encounter.time_zone = seen.time_zone
    encounter.service_date = service_date  # type: ignore[assignment]
    encounter.source_version = seen.version


def _enter(call: Call, encounter: Encounter, state: str | None, status: str) -> None:
    encounter.state = state or encounter.state
    if encounter.state == "open" and encounter.checked_in_at is None:
        encounter.checked_in_at = call.now
    if encounter.state == "expected":
        # The check-in was undone.
        encounter.checked_in_at = None
    encounter.seen_at = (encounter.seen_at or call.now) if status in SEEN else None


def _telehealth_of(record: SessionRecord | None) -> dict[str, object] | None:
    if record is None:
        return None
    return {
        "patient_at_home": record.patient_at_home,
        "audio_only": record.audio_only,
        "seconds_together": record.seconds_together,
        "recorded": True,
    }
