"""What the use cases need beside their transaction, and what they all do with a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from chassis import telemetry
from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import FailedPrecondition, Unauthenticated, Unavailable
from telehealth.adapters.licences import Licences
from telehealth.domain import door, presence, signals, tokens
from telehealth.domain.presence import Interval, Together
from telehealth.domain.tokens import BadToken, Pass, Purpose
from telehealth.domain.vocabulary import CLOSED, Media, ParticipantState, PresenceEnd, Role, SessionStatus
from telehealth.store import Store
from telehealth.tables import Participant, Presence, VideoSession

log = telemetry.logger(__name__)


class SessionClosed(FailedPrecondition):
    """The visit is over, was cancelled, or never took place."""

    reason = "SESSION_CLOSED"
    message = "This video visit is over."


class DeniedEntry(FailedPrecondition):
    """The host refused entry."""

    reason = "DENIED_ENTRY"
    message = "The host did not let you in."


class RoomFull(FailedPrecondition):
    """As many are in as browsers can serve."""

    reason = "ROOM_FULL"
    message = "The room is full: somebody has to leave first."


class JoinedElsewhere(FailedPrecondition):
    """The same participant has come in with another browser, which speaks for them now."""

    reason = "JOINED_ELSEWHERE"
    message = "You have joined this visit from another window or device."


class Publisher(Protocol):
    """Sends to whoever listens now. Raises Unavailable when there is no connection."""

    def __call__(self, subject: str, payload: bytes, /) -> None: ...


@dataclass(frozen=True)
class Rooms:
    """Made once, in `__main__`. Seconds of tokens and TURN are real time, the others business time."""

    licences: Licences
    publish: Publisher
    token_key: bytes
    join_before_minutes: int
    join_after_minutes: int
    heartbeat_seconds: int
    presence_timeout_seconds: int
    join_token_seconds: int
    max_in_room: int
    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    turn_secret: str
    turn_credential_seconds: int

    def window(self, session: VideoSession) -> door.Window:
        """When the room's door is open."""
        return door.window(session.start_time, session.end_time, self.join_before_minutes, self.join_after_minutes)

    def expiry(self, call: Call, session: VideoSession) -> datetime:
        """The real instant at which the room's window closes, as far from now as in business time."""
        left = self.window(session).closes_at - call.now
        return real_now() + max(left, timedelta(seconds=self.join_token_seconds))


def read_pass(call: Call, rooms: Rooms, token: str, purpose: Purpose) -> Pass:
    """The pass of a token, its tenant entered. Raises Unauthenticated."""
    try:
        ticket = tokens.read(token, purpose, rooms.token_key, real_now())
    except BadToken as error:
        raise Unauthenticated("The token is not valid.", internal=str(error)) from None
    call.enter_tenant(ticket.tenant_id)
    return ticket


def open_session(store: Store, session_id: UUID, within: frozenset[UUID] = frozenset()) -> VideoSession:
    """The room (at one of the locations, if any are given), locked. Raises NotFound, SessionClosed."""
    session = store.session_within(session_id, within, lock=True)
    if SessionStatus(session.status) in CLOSED:
        raise SessionClosed
    return session


def enter(call: Call, store: Store, session: VideoSession, participant: Participant, media: Media) -> None:
    """The participant is in from now on: a new interval of the ledger (one that was open counted as dropped)."""
    leave(store, participant, participant.last_seen, PresenceEnd.DROPPED)
    participant.state, participant.media = ParticipantState.ADMITTED.value, media.value
    participant.admitted_at = participant.admitted_at or call.now
    participant.waiting_since, participant.last_seen = None, call.now
    store.add(
        Presence(
            id=call.new_id(),
            session_id=session.id,
            participant_id=participant.id,
            role=participant.role,
            media=media.value,
            entered_at=call.now,
            left_at=None,
            ended_by=PresenceEnd.OPEN.value,
        )
    )


def expect_place(rooms: Rooms, store: Store, session: VideoSession, participant: Participant) -> None:
    """Raises RoomFull when as many others are in as may be."""
    if not door.has_place(count_others(store, session, participant), rooms.max_in_room):
        raise RoomFull


def count_others(store: Store, session: VideoSession, participant: Participant) -> int:
    """How many others are in."""
    everybody = store.participants(session.id)
    return sum(one.state == ParticipantState.ADMITTED.value and one.id != participant.id for one in everybody)


def leave(store: Store, participant: Participant, at: datetime, why: PresenceEnd) -> bool:
    """Closes the participant's open interval at `at`; False when there is none."""
    present = store.open_presence(participant.id)
    if present is None:
        return False
    present.left_at, present.ended_by = max(at, present.entered_at), why.value
    store.session.flush()
    return True


def follow_status(store: Store, session: VideoSession) -> None:
    """Brings the room's status in line with who is in and who waits."""
    everybody = store.participants(session.id)
    inside = frozenset(Role(one.role) for one in everybody if one.state == ParticipantState.ADMITTED.value)
    waits = any(one.state == ParticipantState.WAITING.value for one in everybody)
    session.status = door.status_with(SessionStatus(session.status), inside, waits).value


def together_of(store: Store, session: VideoSession, until: datetime) -> Together:
    """The time patient and clinician have shared so far."""
    return presence.together(intervals_of(store, session.id), until)


def intervals_of(store: Store, session_id: UUID) -> list[Interval]:
    """The ledger as the domain sees it."""
    return [
        Interval(
            row.participant_id,
            Role(row.role),
            Media(row.media),
            row.entered_at,
            row.left_at,
            PresenceEnd(row.ended_by),
        )
        for row in store.presences(session_id)
    ]


def tell(
    call: Call,
    rooms: Rooms,
    session_id: UUID,
    to: list[Participant],
    kind: str,
    payload: str = "",
    sender: Participant | None = None,
) -> None:
    """Signals to participants once the transaction is committed; lost when nobody listens (browsers ask again)."""
    body = signals.body(kind, sender.id if sender else None, Role(sender.role) if sender else None, payload)
    subjects = [signals.subject(call.tenant_id, session_id, one.id) for one in to]

    def publish() -> None:
        try:
            for subject in subjects:
                rooms.publish(subject, body)
        except Unavailable:
            log.warning("signal lost", kind=kind)

    call.after_commit(publish)


def others(store: Store, participant: Participant) -> list[Participant]:
    """Everybody else who is in the room."""
    return [
        one
        for one in store.participants(participant.session_id)
        if one.id != participant.id and one.state == ParticipantState.ADMITTED.value
    ]
