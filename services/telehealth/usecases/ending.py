"""The end of a video visit, by the clinician or by the clock, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.call import Call
from telehealth import figures, published
from telehealth.domain import presence
from telehealth.domain.presence import Interval, Together
from telehealth.domain.vocabulary import CLOSED, ParticipantState, PresenceEnd, SessionStatus
from telehealth.store import SessionFilter, Store
from telehealth.tables import Participant, VideoSession
from telehealth.usecases.room import Rooms, SessionClosed, intervals_of, leave, tell, together_of

# Due work: the door closes; somebody has not been heard of.
CLOSE = "session.close"
DROP = "presence.drop"


@dataclass(frozen=True)
class Shown:
    """A video visit with who came, and the time shared so far."""

    session: VideoSession
    participants: list[Participant]
    together: Together


@dataclass(frozen=True)
class Ledger:
    """The record of presence and what follows from it."""

    session: VideoSession
    intervals: list[Interval]
    together: Together
    drops: int
    rejoins: int


def end_session(call: Call, rooms: Rooms, session_id: UUID, version: int) -> Shown:
    """Ends the visit for everybody and publishes its record; again answers the same.

    Raises NotFound, StaleVersion, SessionClosed (it was cancelled, or never held).
    """
    store = Store(call.session)
    session = store.session_within(session_id, call.principal.location_ids, lock=True)
    if session.status == SessionStatus.ENDED.value:
        return shown(call, store, session)
    if SessionStatus(session.status) in CLOSED:
        raise SessionClosed
    call.expect_version(session.version, version)
    end_now(call, rooms, store, session)
    return shown(call, store, session)


def close_session(call: Call, rooms: Rooms, session_id: UUID) -> None:
    """The door closes: ends a visit that nobody ended. A visit that was moved meanwhile waits for its new time."""
    store = Store(call.session)
    session = store.lock(VideoSession, session_id, "video visit")
    if SessionStatus(session.status) in CLOSED:
        return
    closes_at = rooms.window(session).closes_at
    if closes_at > call.now:
        call.due.at(CLOSE, session.id, closes_at)
        return
    end_now(call, rooms, store, session)


def end_now(
    call: Call,
    rooms: Rooms,
    store: Store,
    session: VideoSession,
    unmet: SessionStatus = SessionStatus.NOT_HELD,
) -> None:
    """Closes every interval (at the moment its participant was last heard of, when that is long ago) and settles the room.

    Patient and clinician having met decides whether the visit was held: only then is there a record to publish, else
    the room becomes `unmet`. The caller has locked the room.
    """
    everybody = store.participants(session.id)
    for participant in everybody:
        silent = (call.now - participant.last_seen).total_seconds() >= rooms.presence_timeout_seconds
        at, why = (participant.last_seen, PresenceEnd.DROPPED) if silent else (call.now, PresenceEnd.SESSION_ENDED)
        leave(store, participant, at, why)
        if participant.state in (ParticipantState.ADMITTED.value, ParticipantState.WAITING.value):
            participant.state, participant.waiting_since = ParticipantState.OUT.value, None
    shared = together_of(store, session, call.now)
    session.ended_at = call.now
    session.seconds_together, session.audio_only = shared.seconds, shared.audio_only
    store.forget_links(session.id)
    tell(call, rooms, session.id, everybody, "ended")
    if shared.joined_from is None:
        session.status = unmet.value
        store.session.flush()
        figures.session_closed(call, session.status, 0)
        return
    session.status = SessionStatus.ENDED.value
    store.session.flush()
    figures.session_closed(call, session.status, shared.seconds)
    call.emit(
        published.session_ended(
            session.id,
            session.appointment_id,
            session.patient_id,
            shared,
            at_home=session.patient_at_home,
            state=session.patient_state,
        )
    )


def get_session(call: Call, session_id: UUID) -> Shown:
    """One video visit. Raises NotFound."""
    store = Store(call.session)
    return shown(call, store, store.session_within(session_id, call.principal.location_ids))


def list_sessions(call: Call, wanted: SessionFilter, page_size: int, page_token: str) -> tuple[list[VideoSession], str]:
    """A page of the video visits that the caller may see, oldest first."""
    return Store(call.session).list_sessions(replace(wanted, within=call.principal.location_ids), page_size, page_token)


def get_ledger(call: Call, session_id: UUID) -> Ledger:
    """Who was in from when to when. Raises NotFound."""
    store = Store(call.session)
    session = store.session_within(session_id, call.principal.location_ids)
    intervals = intervals_of(store, session_id)
    until = session.ended_at or call.now
    return Ledger(
        session,
        intervals,
        presence.together(intervals, until),
        presence.drops(intervals),
        presence.rejoins(intervals),
    )


def shown(call: Call, store: Store, session: VideoSession) -> Shown:
    """A room with everybody who came to its door."""
    return Shown(session, store.participants(session.id), together_of(store, session, session.ended_at or call.now))
