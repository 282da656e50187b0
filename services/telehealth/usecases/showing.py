"""A room as the holder of a token may know it: when, with whom, how long the wait is; nothing of any other visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import Unauthenticated
from telehealth.domain import queue, tokens, turn
from telehealth.domain.door import Window
from telehealth.domain.queue import Ahead
from telehealth.domain.tokens import BadToken, Pass, Purpose
from telehealth.domain.vocabulary import ParticipantState, Role, SessionStatus
from telehealth.store import Store
from telehealth.tables import Practitioner, VideoSession
from telehealth.usecases.room import Rooms

# Visits planned longer ago than this are no part of today's queue.
QUEUE = timedelta(hours=12)


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server for the browser; credentials only for TURN."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


@dataclass(frozen=True)
class RoomView:
    """What a browser shows of the room. Instants aware UTC; `as_of` is business time."""

    session: VideoSession
    ticket: Pass
    window: Window
    host_name: str
    host_in: bool
    ahead: int
    expected_start: datetime
    as_of: datetime


def describe_room(call: Call, rooms: Rooms, token: str) -> tuple[RoomView, tuple[IceServer, ...]]:
    """The room of a join or participant token, and the servers to try the network with while the door is open.

    Raises Unauthenticated.
    """
    ticket = read_any(call, rooms, token)
    store = Store(call.session)
    session = store.need(VideoSession, ticket.session_id, "video visit")
    view = view_of(call, rooms, store, session, ticket)
    open_now = view.window.contains(call.now)
    return view, ice_servers(rooms, str(session.id)) if open_now else ()


def view_of(call: Call, rooms: Rooms, store: Store, session: VideoSession, ticket: Pass) -> RoomView:
    """The room as of now."""
    host = store.get(Practitioner, session.practitioner_id)
    before = [
        Ahead(one.start_time, one.end_time, one.status == SessionStatus.IN_PROGRESS.value)
        for one in store.before(session, session.start_time - QUEUE)
        if session.status != SessionStatus.IN_PROGRESS.value
    ]
    return RoomView(
        session,
        ticket,
        rooms.window(session),
        host.display_name if host is not None else "",
        any(
            one.role == Role.CLINICIAN.value and one.state == ParticipantState.ADMITTED.value
            for one in store.participants(session.id)
        ),
        len(before),
        queue.expected_start(session.start_time, call.now, before),
        call.now,
    )


def read_any(call: Call, rooms: Rooms, token: str) -> Pass:
    """The pass of a token of either purpose, its tenant entered. Raises Unauthenticated."""
    for purpose in Purpose:
        try:
            ticket = tokens.read(token, purpose, rooms.token_key, real_now())
        except BadToken:
            continue
        call.enter_tenant(ticket.tenant_id)
        return ticket
    raise Unauthenticated("The token is not valid.", internal="neither a join nor a participant token of ours")


def ice_servers(rooms: Rooms, who: str) -> tuple[IceServer, ...]:
    """The servers a browser may use; TURN with credentials of its own that expire (real time)."""
    found = [IceServer(rooms.stun_urls)] if rooms.stun_urls else []
    if rooms.turn_urls and rooms.turn_secret:
        until = real_now() + timedelta(seconds=rooms.turn_credential_seconds)
        given = turn.credentials(rooms.turn_secret, who, until)
        found.append(IceServer(rooms.turn_urls, given.username, given.credential))
    return tuple(found)
