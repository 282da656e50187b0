"""Appointments by video as scheduling tells them: a room each, that moves and closes with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from telehealth.domain.vocabulary import CLOSED, SessionStatus
from telehealth.store import Store
from telehealth.tables import Practitioner, VideoSession
from telehealth.usecases.ending import CLOSE, end_now
from telehealth.usecases.room import Rooms

CANCELLED = frozenset({"cancelled", "no_show", "left"})


@dataclass(frozen=True)
class AppointmentFacts:
    """An appointment's state as an event tells it. Instants aware UTC."""

    id: UUID
    patient_id: UUID
    practitioner_id: UUID
    location_id: UUID
    start_time: datetime
    end_time: datetime
    time_zone: str
    by_video: bool
    status: str
    version: int


@dataclass(frozen=True)
class PractitionerFacts:
    """A practitioner as identity tells them; licences as in the table."""

    id: UUID
    account_id: str
    display_name: str
    licences: list[dict[str, str | None]]
    active: bool
    version: int


def follow_appointment(call: Call, rooms: Rooms, facts: AppointmentFacts) -> None:
    """Makes, moves or closes the room of an appointment, unless a later state is known or the visit is over."""
    store = Store(call.session)
    room = store.session_of(facts.id, lock=True)
    if room is None:
        if facts.by_video:
            _follow(call, rooms, store.add(_new_room(call, facts)), facts)
        return
    if room.source_version >= facts.version or room.status in (SessionStatus.ENDED, SessionStatus.NOT_HELD):
        return
    _follow(call, rooms, room, facts)


def follow_practitioner(call: Call, facts: PractitionerFacts) -> None:
    """Keeps a practitioner's copy."""
    store = Store(call.session)
    known = store.get(Practitioner, facts.id)
    if known is None:
        known = Practitioner(id=facts.id)
    elif known.source_version >= facts.version:
        return
    known.account_id, known.display_name = facts.account_id, facts.display_name
    known.licences, known.active, known.source_version = facts.licences, facts.active, facts.version
    store.add(known)


def _follow(call: Call, rooms: Rooms, room: VideoSession, facts: AppointmentFacts) -> None:
    room.source_version = facts.version
    room.practitioner_id, room.location_id = facts.practitioner_id, facts.location_id
    room.start_time, room.end_time, room.time_zone = facts.start_time, facts.end_time, facts.time_zone
    gone = facts.status in CANCELLED or not facts.by_video
    if gone and SessionStatus(room.status) not in CLOSED:
        end_now(call, rooms, Store(call.session), room, SessionStatus.CANCELLED)
    elif not gone and room.status == SessionStatus.CANCELLED.value:
        room.status = SessionStatus.SCHEDULED.value
    if not gone:
        call.due.at(CLOSE, room.id, rooms.window(room).closes_at)


def _new_room(call: Call, facts: AppointmentFacts) -> VideoSession:
    return VideoSession(
        id=call.new_id(),
        appointment_id=facts.id,
        patient_id=facts.patient_id,
        practitioner_id=facts.practitioner_id,
        location_id=facts.location_id,
        start_time=facts.start_time,
        end_time=facts.end_time,
        time_zone=facts.time_zone,
        status=SessionStatus.SCHEDULED.value,
        patient_state="",
        patient_at_home=False,
        ended_at=None,
        seconds_together=0,
        audio_only=False,
        waiting_message="",
        source_version=facts.version,
    )
