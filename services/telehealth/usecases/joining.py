"""Coming in: the token, the door, the licence, the waiting room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, PermissionDenied, Violation
from telehealth.domain import door, tokens, turn
from telehealth.domain.tokens import Pass, Purpose
from telehealth.domain.vocabulary import CLOSED, Media, ParticipantState, PresenceEnd, Role, SessionStatus
from telehealth.store import Store
from telehealth.tables import Participant, Practitioner, VideoSession
from telehealth.usecases.ending import DROP
from telehealth.usecases.room import (
    DeniedEntry,
    Rooms,
    SessionClosed,
    enter,
    follow_status,
    leave,
    open_session,
    others,
    read_pass,
    tell,
)

HOST = "telehealth.host"
NAMES = {Role.PATIENT: "Patient", Role.CLINICIAN: "Clinician"}


class JoinWindow(FailedPrecondition):
    """Too early or too late."""

    reason = "JOIN_WINDOW"
    message = "The door of this video visit is not open now."


class NotLicensedThere(FailedPrecondition):
    """The practitioner may not treat somebody who is in that state."""

    reason = "NOT_LICENSED_THERE"
    message = "The practitioner is not licensed in the state the patient is in."


@dataclass(frozen=True)
class Arrival:
    """What somebody who comes in says of themselves."""

    token: str
    patient_state: str
    patient_at_home: bool
    media: Media


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server for the browser; credentials only for TURN."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


@dataclass(frozen=True)
class Joined:
    """What a browser needs once it has come in (or waits)."""

    session: VideoSession
    participant: Participant
    token: str
    expires_at: datetime
    ice_servers: tuple[IceServer, ...]
    others: list[Participant]


def create_join_token(
    call: Call, rooms: Rooms, session_id: UUID, role: Role, display_name: str
) -> tuple[str, datetime]:
    """A signed token for one role in one room, and when it expires (real time).

    Raises NotFound, SessionClosed, PermissionDenied (a clinician's without telehealth.host).
    """
    store = Store(call.session)
    session = store.session_within(session_id, call.principal.location_ids)
    if SessionStatus(session.status) in CLOSED:
        raise SessionClosed
    practitioner_id = None
    if role is Role.CLINICIAN:
        call.require(HOST)
        host = store.practitioner_of_account(call.principal.id)
        practitioner_id = host.id if host else session.practitioner_id
        display_name = display_name or (host.display_name if host else "")
    if call.principal.kind == "patient" and role is Role.CLINICIAN:
        raise PermissionDenied(internal="a patient asks for a clinician's token")
    expires_at = real_now() + timedelta(seconds=rooms.join_token_seconds)
    if role is Role.GUEST:
        expires_at = rooms.expiry(call, session)
    ticket = Pass(
        Purpose.JOIN, call.tenant_id, session_id, role, display_name or NAMES.get(role, ""), expires_at, practitioner_id
    )
    return tokens.sign(ticket, rooms.token_key), expires_at


def join(call: Call, rooms: Rooms, arrival: Arrival) -> Joined:
    """Lets the holder of a join token in, or into the waiting room; tells the others.

    Raises Unauthenticated, JoinWindow, SessionClosed, NotLicensedThere, DeniedEntry, InvalidInput (a patient without state).
    """
    ticket = read_pass(call, rooms, arrival.token, Purpose.JOIN)
    store = Store(call.session)
    session = _room_at_the_door(call, rooms, store, ticket.session_id)
    _state_patient(session, ticket, arrival)
    _check_licence(call, rooms, store, session, ticket)
    participant = _participant(call, store, session, ticket, arrival.media)
    state = door.state_on_joining(ticket.role, participant.admitted_at is not None)
    if state is ParticipantState.ADMITTED:
        enter(call, store, session, participant, arrival.media)
    else:
        participant.state, participant.media = state.value, arrival.media.value
        participant.waiting_since, participant.last_seen = participant.waiting_since or call.now, call.now
    follow_status(store, session)
    call.touch(session.patient_id)
    call.due.at(DROP, participant.id, call.now + timedelta(seconds=rooms.presence_timeout_seconds))
    present = others(store, participant)
    tell(call, rooms, session.id, present, "participant", participant.state, participant)
    return _joined(call, rooms, store, session, participant, ticket)


def admit(call: Call, rooms: Rooms, session_id: UUID, participant_id: UUID) -> Participant:
    """Lets somebody in from the waiting room. Raises NotFound, SessionClosed, NotLicensedThere."""
    store = Store(call.session)
    session = open_session(store, session_id, call.principal.location_ids)
    participant = _of_room(store, session, participant_id)
    if participant.state == ParticipantState.ADMITTED.value:
        return participant
    if Role(participant.role) is Role.PATIENT:
        _check_patient(call, rooms, store, session)
    if participant.state == ParticipantState.WAITING.value:
        enter(call, store, session, participant, Media(participant.media))
    else:
        # Not at the door now: they come straight in next time, also after an earlier refusal.
        participant.state, participant.admitted_at = ParticipantState.OUT.value, call.now
    follow_status(store, session)
    tell(call, rooms, session.id, [participant], "admitted")
    tell(call, rooms, session.id, others(store, participant), "participant", participant.state, participant)
    return participant


def deny(call: Call, rooms: Rooms, session_id: UUID, participant_id: UUID) -> Participant:
    """Refuses entry, or sends out; not for clinicians. Raises NotFound, SessionClosed."""
    store = Store(call.session)
    session = open_session(store, session_id, call.principal.location_ids)
    participant = _of_room(store, session, participant_id)
    if Role(participant.role) is Role.CLINICIAN:
        raise NotFound("participant", internal="clinicians are not sent out")
    leave(store, participant, call.now, PresenceEnd.SENT_OUT)
    participant.state, participant.waiting_since, participant.admitted_at = ParticipantState.DENIED.value, None, None
    follow_status(store, session)
    tell(call, rooms, session.id, [participant], "denied")
    tell(call, rooms, session.id, others(store, participant), "participant", participant.state, participant)
    return participant


def _room_at_the_door(call: Call, rooms: Rooms, store: Store, session_id: UUID) -> VideoSession:
    session = open_session(store, session_id)
    if not rooms.window(session).contains(call.now):
        raise JoinWindow
    return session


def _state_patient(session: VideoSession, ticket: Pass, arrival: Arrival) -> None:
    if ticket.role is not Role.PATIENT:
        return
    if not arrival.patient_state:
        raise InvalidInput([Violation("patient_state", "is needed: the state you are in now")])
    session.patient_state, session.patient_at_home = arrival.patient_state, arrival.patient_at_home


def _check_licence(call: Call, rooms: Rooms, store: Store, session: VideoSession, ticket: Pass) -> None:
    """The patient's state against the visit's practitioner; a clinician's own licence against a state already stated."""
    if ticket.role is Role.PATIENT:
        _check_patient(call, rooms, store, session)
    elif ticket.role is Role.CLINICIAN and session.patient_state:
        _require_licence(call, rooms, store, session, ticket.subject_id or session.practitioner_id)


def _check_patient(call: Call, rooms: Rooms, store: Store, session: VideoSession) -> None:
    """Every clinician who is in, or, before anybody is, the visit's practitioner, must be licensed where the patient is."""
    inside = {
        one.practitioner_id
        for one in store.participants(session.id)
        if one.role == Role.CLINICIAN.value and one.state == ParticipantState.ADMITTED.value and one.practitioner_id
    }
    for practitioner_id in sorted(inside) or [session.practitioner_id]:
        _require_licence(call, rooms, store, session, practitioner_id)


def _require_licence(call: Call, rooms: Rooms, store: Store, session: VideoSession, practitioner_id: UUID) -> None:
    day = call.now.astimezone(ZoneInfo(session.time_zone)).date()
    copy = store.get(Practitioner, practitioner_id)
    if not rooms.licences.licensed(call, practitioner_id, session.patient_state, day, copy):
        raise NotLicensedThere(internal=f"{practitioner_id} in {session.patient_state} on {day}")


def _participant(call: Call, store: Store, session: VideoSession, ticket: Pass, media: Media) -> Participant:
    known = store.participant(session.id, ticket.role, ticket.display_name)
    if known is not None:
        if known.state == ParticipantState.DENIED.value:
            raise DeniedEntry
        known.practitioner_id = ticket.subject_id or known.practitioner_id
        return known
    return store.add(
        Participant(
            id=call.new_id(),
            session_id=session.id,
            role=ticket.role.value,
            display_name=ticket.display_name,
            state=ParticipantState.OUT.value,
            media=media.value,
            admitted_at=None,
            waiting_since=None,
            last_seen=call.now,
            practitioner_id=ticket.subject_id,
        )
    )


def _of_room(store: Store, session: VideoSession, participant_id: UUID) -> Participant:
    participant = store.get(Participant, participant_id)
    if participant is None or participant.session_id != session.id:
        raise NotFound("participant")
    return participant


def _joined(
    call: Call, rooms: Rooms, store: Store, session: VideoSession, participant: Participant, ticket: Pass
) -> Joined:
    expires_at = rooms.expiry(call, session)
    inside = Pass(
        Purpose.PARTICIPANT,
        ticket.tenant_id,
        session.id,
        ticket.role,
        ticket.display_name,
        expires_at,
        participant.id,
    )
    present = others(store, participant) if participant.state == ParticipantState.ADMITTED.value else []
    token = tokens.sign(inside, rooms.token_key)
    return Joined(session, participant, token, expires_at, ice_servers(rooms, participant.id), present)


def ice_servers(rooms: Rooms, participant_id: UUID) -> tuple[IceServer, ...]:
    """The servers a browser may use; TURN with credentials of its own that expire (real time)."""
    found = [IceServer(rooms.stun_urls)] if rooms.stun_urls else []
    if rooms.turn_urls and rooms.turn_secret:
        until = real_now() + timedelta(seconds=rooms.turn_credential_seconds)
        given = turn.credentials(rooms.turn_secret, str(participant_id), until)
        found.append(IceServer(rooms.turn_urls, given.username, given.credential))
    return tuple(found)
