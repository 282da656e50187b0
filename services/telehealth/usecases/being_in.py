"""While somebody is in: heartbeats, signals, going out, dropping out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound
from telehealth.domain import door, signals
from telehealth.domain.tokens import Pass, Purpose
from telehealth.domain.vocabulary import CLOSED, Media, ParticipantState, PresenceEnd, SessionStatus
from telehealth.store import Store
from telehealth.tables import Participant, VideoSession
from telehealth.usecases.ending import DROP
from telehealth.usecases.room import (
    DeniedEntry,
    JoinedElsewhere,
    Rooms,
    SessionClosed,
    count_others,
    enter,
    follow_status,
    leave,
    open_session,
    others,
    read_pass,
    tell,
)
from telehealth.usecases.showing import RoomView, view_of


class NotAdmitted(FailedPrecondition):
    """Somebody who waits cannot signal into the room."""

    reason = "NOT_ADMITTED"
    message = "You have not been let in yet."


@dataclass(frozen=True)
class Beat:
    """The answer to a heartbeat: where one is, how the room is, who else is in."""

    participant: Participant
    status: SessionStatus
    others: list[Participant]
    view: RoomView


@dataclass(frozen=True)
class Stream:
    """What a stream of signals listens to."""

    tenant_id: UUID
    session_id: UUID
    participant_id: UUID
    subject: str
    expires_at: datetime


def heartbeat(call: Call, rooms: Rooms, token: str, media: Media) -> Beat:
    """Notes that a participant is still there; a change of media begins a new interval, coming back after a drop too.

    Raises Unauthenticated, SessionClosed, DeniedEntry, JoinedElsewhere.
    """
    ticket = read_pass(call, rooms, token, Purpose.PARTICIPANT)
    store = Store(call.session)
    session = open_session(store, ticket.session_id)
    participant = _self(store, ticket)
    if participant.state == ParticipantState.DENIED.value:
        raise DeniedEntry
    _note(call, rooms, store, session, participant, media)
    follow_status(store, session)
    present = others(store, participant) if participant.state == ParticipantState.ADMITTED.value else []
    view = view_of(call, rooms, store, session, ticket)
    return Beat(participant, SessionStatus(session.status), present, view)


def leave_session(call: Call, rooms: Rooms, token: str) -> None:
    """Goes out; again, or after the end, does nothing. Raises Unauthenticated."""
    ticket = read_pass(call, rooms, token, Purpose.PARTICIPANT)
    store = Store(call.session)
    session = store.lock(VideoSession, ticket.session_id, "video visit")
    participant = _participant(store, ticket)
    if SessionStatus(session.status) in CLOSED or participant.state not in _THERE or participant.seat != ticket.seat:
        return
    leave(store, participant, call.now, PresenceEnd.LEFT)
    _out(call, rooms, store, session, participant)


def drop(call: Call, rooms: Rooms, participant_id: UUID) -> None:
    """Closes the presence of somebody who has not been heard of for too long, at the moment they were last heard of."""
    store = Store(call.session)
    participant = store.get(Participant, participant_id)
    if participant is None:
        return
    session = store.lock(VideoSession, participant.session_id, "video visit")
    participant = store.lock(Participant, participant_id, "participant")
    if SessionStatus(session.status) in CLOSED or participant.state not in _THERE:
        return
    overdue = participant.last_seen + timedelta(seconds=rooms.presence_timeout_seconds)
    if overdue > call.now:
        call.due.at(DROP, participant.id, overdue)
        return
    leave(store, participant, participant.last_seen, PresenceEnd.DROPPED)
    _out(call, rooms, store, session, participant)


def send_signal(call: Call, rooms: Rooms, token: str, to: UUID, kind: str, payload: str) -> None:
    """Passes a description or candidate to somebody in the room.

    Raises Unauthenticated, NotAdmitted, NotFound, SessionClosed, JoinedElsewhere.
    """
    ticket = read_pass(call, rooms, token, Purpose.PARTICIPANT)
    store = Store(call.session)
    session = store.need(VideoSession, ticket.session_id, "video visit")
    if SessionStatus(session.status) in CLOSED:
        raise SessionClosed
    sender = _self(store, ticket)
    if sender.state != ParticipantState.ADMITTED.value:
        raise NotAdmitted
    receiver = next((one for one in others(store, sender) if one.id == to), None)
    if receiver is None:
        raise NotFound("participant")
    tell(call, rooms, session.id, [receiver], kind, payload, sender)


def open_signals(call: Call, rooms: Rooms, token: str) -> Stream:
    """What the stream of a participant listens to. Raises Unauthenticated, SessionClosed, JoinedElsewhere."""
    ticket = read_pass(call, rooms, token, Purpose.PARTICIPANT)
    store = Store(call.session)
    session = store.need(VideoSession, ticket.session_id, "video visit")
    if SessionStatus(session.status) in CLOSED:
        raise SessionClosed
    participant = _self(store, ticket)
    subject = signals.subject(ticket.tenant_id, session.id, participant.id)
    return Stream(ticket.tenant_id, session.id, participant.id, subject, ticket.expires_at)


_THERE = frozenset({ParticipantState.ADMITTED.value, ParticipantState.WAITING.value})


def _note(
    call: Call, rooms: Rooms, store: Store, session: VideoSession, participant: Participant, media: Media
) -> None:
    if participant.state == ParticipantState.ADMITTED.value and participant.media != media.value:
        leave(store, participant, call.now, PresenceEnd.MEDIA_CHANGED)
        enter(call, store, session, participant, media)
    elif participant.state == ParticipantState.OUT.value:
        if participant.admitted_at is not None and door.has_place(
            count_others(store, session, participant), rooms.max_in_room
        ):
            enter(call, store, session, participant, media)
        else:
            participant.state, participant.waiting_since = ParticipantState.WAITING.value, call.now
        call.due.at(DROP, participant.id, call.now + timedelta(seconds=rooms.presence_timeout_seconds))
        tell(call, rooms, session.id, others(store, participant), "participant", participant.state, participant)
    participant.media, participant.last_seen = media.value, call.now


def _out(call: Call, rooms: Rooms, store: Store, session: VideoSession, participant: Participant) -> None:
    participant.state, participant.waiting_since = ParticipantState.OUT.value, None
    follow_status(store, session)
    tell(call, rooms, session.id, others(store, participant), "participant", participant.state, participant)


def _self(store: Store, ticket: Pass) -> Participant:
    """Whom a token speaks for. Raises NotFound, JoinedElsewhere."""
    participant = _participant(store, ticket)
    if participant.seat != ticket.seat:
        raise JoinedElsewhere
    return participant


def _participant(store: Store, ticket: Pass) -> Participant:
    if ticket.subject_id is None:
        raise NotFound("participant")
    return store.need(Participant, ticket.subject_id, "participant")
