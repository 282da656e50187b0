"""Coming in: the token, the door, the licence, the waiting room."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, PermissionDenied, Violation
from telehealth.domain import door, tokens
from telehealth.domain.tokens import Pass, Purpose
from telehealth.domain.vocabulary import CLOSED, Media, ParticipantState, PresenceEnd, Role, SessionStatus
from telehealth.store import Store
from telehealth.tables import Participant, Practitioner, UsedLink, VideoSession
from telehealth.usecases.being_in import heartbeat
from telehealth.usecases.ending import DROP, Shown, shown
from telehealth.usecases.room import (
    DeniedEntry,
    Rooms,
    SessionClosed,
    enter,
    expect_place,
    follow_status,
    leave,
    open_session,
    others,
    read_pass,
    tell,
)
from telehealth.usecases.showing import IceServer, RoomView, ice_servers, view_of

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


class LinkUsed(FailedPrecondition):
    """A guest's link is good for the first browser that comes in with it."""

    reason = "LINK_USED"
    message = "This link has been used in another browser. Ask for a new one."


@dataclass(frozen=True)
class Arrival:
    """What somebody who comes in says of themselves; `device_key` is a secret of their browser, "" when it has none."""

    token: str
    patient_state: str
    patient_at_home: bool
    media: Media
    consented: bool = False
    device_key: str = ""


@dataclass(frozen=True)
class Joined:
    """What a browser needs once it has come in (or waits)."""

    session: VideoSession
    participant: Participant
    token: str
    expires_at: datetime
    ice_servers: tuple[IceServer, ...]
    others: list[Participant]
    view: RoomView


def create_join_token(
    call: Call, rooms: Rooms, session_id: UUID, role: Role, display_name: str, *, as_link: bool
) -> tuple[str, datetime]:
    """A signed token for one role in one room, and when it expires (real time): in minutes, or as a link with the visit's window.

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
    # A colleague is signed in and needs no link; a guest never is.
    link = role is Role.GUEST or (as_link and role is Role.PATIENT)
    if link:
        expires_at = rooms.expiry(call, session)
    name = display_name or NAMES.get(role, "")
    ticket = Pass(Purpose.JOIN, call.tenant_id, session_id, role, name, expires_at, practitioner_id, link=link)
    if role is Role.GUEST:
        ticket = replace(ticket, once=call.new_id())
    return tokens.sign(ticket, rooms.token_key), expires_at


def join(call: Call, rooms: Rooms, arrival: Arrival) -> Joined:
    """Lets the holder of a join token in, or into the waiting room; tells the others.

    Raises Unauthenticated, JoinWindow, SessionClosed, NotLicensedThere, DeniedEntry, LinkUsed, RoomFull, InvalidInput (a patient
    without state).
    """
    ticket = read_pass(call, rooms, arrival.token, Purpose.JOIN)
    store = Store(call.session)
    session = _room_at_the_door(call, rooms, store, ticket.session_id)
    _state_patient(session, ticket, arrival)
    _check_licence(call, rooms, store, session, ticket)
    participant = _participant(call, store, session, ticket, arrival)
    _take_seat(call, rooms, session, participant)
    if arrival.consented:
        participant.consented_at = call.now
    state = door.state_on_joining(ticket.role, _was_let_in(store, ticket, participant))
    if state is ParticipantState.ADMITTED:
        expect_place(rooms, store, session, participant)
        enter(call, store, session, participant, arrival.media)
    else:
        leave(store, participant, call.now, PresenceEnd.LEFT)
        participant.state, participant.media = state.value, arrival.media.value
        participant.waiting_since, participant.last_seen = participant.waiting_since or call.now, call.now
    follow_status(store, session)
    call.touch(session.patient_id)
    call.due.at(DROP, participant.id, call.now + timedelta(seconds=rooms.presence_timeout_seconds))
    present = others(store, participant)
    tell(call, rooms, session.id, present, "participant", participant.state, participant)
    return _joined(call, rooms, store, session, participant, ticket)


def admit(call: Call, rooms: Rooms, session_id: UUID, participant_id: UUID) -> Participant:
    """Lets somebody in from the waiting room. Raises NotFound, SessionClosed, NotLicensedThere, RoomFull."""
    store = Store(call.session)
    session = open_session(store, session_id, call.principal.location_ids)
    participant = _of_room(store, session, participant_id)
    if participant.state == ParticipantState.ADMITTED.value:
        return participant
    if Role(participant.role) is Role.PATIENT:
        _check_patient(call, rooms, store, session)
    if participant.state == ParticipantState.WAITING.value:
        expect_place(rooms, store, session, participant)
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


def _was_let_in(store: Store, ticket: Pass, participant: Participant) -> bool:
    """Whether somebody comes straight in: let in before; by a link, which may have been passed on, once for each time they were let in."""
    admitted_at = participant.admitted_at
    return admitted_at is not None and not (ticket.link and store.has_entered(participant.id, admitted_at))


def _participant(call: Call, store: Store, session: VideoSession, ticket: Pass, arrival: Arrival) -> Participant:
    """Who comes in: known by role and name, a guest by their link. Raises LinkUsed, DeniedEntry."""
    if ticket.once is None:
        return _known_or_new(call, store, session, ticket, arrival.media)
    device = hashlib.sha256(arrival.device_key.encode()).hexdigest() if arrival.device_key else ""
    used = store.get(UsedLink, ticket.once)
    if used is not None:
        if not device or used.device != device:
            raise LinkUsed
        guest = store.need(Participant, used.participant_id, "participant")
        if guest.state == ParticipantState.DENIED.value:
            raise DeniedEntry
        return guest
    guest = _known_or_new(call, store, session, _with_free_name(store, ticket), arrival.media)
    store.session.flush()
    store.add(UsedLink(id=ticket.once, session_id=session.id, participant_id=guest.id, device=device))
    return guest


def _with_free_name(store: Store, ticket: Pass) -> Pass:
    """Two interpreters at once are two people: the second is told apart by a number."""
    taken = {
        one.display_name
        for one in store.participants(ticket.session_id)
        if one.role == ticket.role.value
        and one.state in (ParticipantState.ADMITTED.value, ParticipantState.WAITING.value)
    }
    name, number = ticket.display_name, 1
    while name in taken:
        number += 1
        name = f"{ticket.display_name} {number}"
    return replace(ticket, display_name=name)


def _known_or_new(call: Call, store: Store, session: VideoSession, ticket: Pass, media: Media) -> Participant:
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
            consented_at=None,
            seat=0,
        )
    )


def _take_seat(call: Call, rooms: Rooms, session: VideoSession, participant: Participant) -> None:
    """From now on this browser speaks for the participant; one that did before is told."""
    if participant.state in (ParticipantState.ADMITTED.value, ParticipantState.WAITING.value):
        tell(call, rooms, session.id, [participant], "replaced")
    participant.seat += 1


def _of_room(store: Store, session: VideoSession, participant_id: UUID) -> Participant:
    participant = store.get(Participant, participant_id)
    if participant is None or participant.session_id != session.id:
        raise NotFound("participant")
    return participant


def _joined(
    call: Call, rooms: Rooms, store: Store, session: VideoSession, participant: Participant, ticket: Pass
) -> Joined:
    expires_at = rooms.expiry(call, session)
    inside = replace(
        ticket,
        purpose=Purpose.PARTICIPANT,
        expires_at=expires_at,
        subject_id=participant.id,
        display_name=participant.display_name,
        once=None,
        seat=participant.seat,
    )
    return Joined(
        session,
        participant,
        tokens.sign(inside, rooms.token_key),
        expires_at,
        ice_servers(rooms, str(participant.id)),
        others(store, participant) if participant.state == ParticipantState.ADMITTED.value else [],
        view_of(call, rooms, store, session, inside),
    )


def rejoin(call: Call, rooms: Rooms, token: str, media: Media) -> Joined:
    """Comes back with the participant token, as a heartbeat after a drop does.

    Raises Unauthenticated, SessionClosed, DeniedEntry, JoinedElsewhere.
    """
    beat = heartbeat(call, rooms, token, media)
    store = Store(call.session)
    return _joined(call, rooms, store, beat.view.session, beat.participant, beat.view.ticket)


def tell_waiting(call: Call, rooms: Rooms, session_id: UUID, message: str) -> Shown:
    """Keeps what is said to those who wait, and says it. Raises NotFound, SessionClosed."""
    store = Store(call.session)
    session = open_session(store, session_id, call.principal.location_ids)
    session.waiting_message = message.strip()
    store.session.flush()
    waiting = [one for one in store.participants(session.id) if one.state == ParticipantState.WAITING.value]
    tell(call, rooms, session.id, waiting, "message")
    return shown(call, store, session)
