"""The servicer: protobuf in, use case, protobuf out."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from polyclinic.telehealth.v1 import telehealth_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier, optional_instant, timestamp
from telehealth.domain.vocabulary import Media, Role, SessionStatus
from telehealth.store import SessionFilter
from telehealth.tables import Participant, VideoSession
from telehealth.usecases import being_in, ending, joining, showing
from telehealth.usecases.ending import Shown
from telehealth.usecases.joining import Arrival, Joined
from telehealth.usecases.room import Rooms
from telehealth.usecases.showing import IceServer, RoomView

Word = TypeVar("Word", bound=StrEnum)


class TelehealthRpc:
    """Every RPC of polyclinic.telehealth.v1.Telehealth."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    def ListSessions(self, request: pb.ListSessionsRequest, call: Call) -> pb.ListSessionsResponse:
        wanted = SessionFilter(
            appointment_id=optional_identifier(request.appointment_id),
            practitioner_id=optional_identifier(request.practitioner_id),
            location_id=optional_identifier(request.location_id),
            patient_id=optional_identifier(request.patient_id),
            start_from=optional_instant(request.start_from),
            start_before=optional_instant(request.start_before),
            status=_word(SessionStatus, pb.SessionStatus, "SESSION_STATUS", request.status) if request.status else None,
        )
        rows, token = ending.list_sessions(call, wanted, request.page_size, request.page_token)
        return pb.ListSessionsResponse(sessions=[self._session(row) for row in rows], next_page_token=token)

    def GetSession(self, request: pb.GetSessionRequest, call: Call) -> pb.Session:
        return self._shown(ending.get_session(call, identifier(request.session_id)))

    def CreateJoinToken(self, request: pb.CreateJoinTokenRequest, call: Call) -> pb.JoinToken:
        role = _word(Role, pb.Role, "ROLE", request.role)
        token, expires_at = joining.create_join_token(
            call, self.rooms, identifier(request.session_id), role, request.display_name, as_link=request.as_link
        )
        return pb.JoinToken(token=token, expires_at=timestamp(expires_at))

    def JoinSession(self, request: pb.JoinSessionRequest, call: Call) -> pb.JoinSessionResponse:
        media = _word(Media, pb.Media, "MEDIA", request.media)
        arrival = Arrival(
            request.token,
            request.patient_state,
            request.patient_at_home,
            media,
            request.consented,
            request.device_key,
        )
        return self._joined(joining.join(call, self.rooms, arrival))

    def RejoinSession(self, request: pb.RejoinSessionRequest, call: Call) -> pb.JoinSessionResponse:
        media = _word(Media, pb.Media, "MEDIA", request.media)
        return self._joined(joining.rejoin(call, self.rooms, request.participant_token, media))

    def DescribeRoom(self, request: pb.DescribeRoomRequest, call: Call) -> pb.DescribeRoomResponse:
        view, servers = showing.describe_room(call, self.rooms, request.token)
        return pb.DescribeRoomResponse(room=_room(view), ice_servers=map(_ice_server, servers))

    def TellWaiting(self, request: pb.TellWaitingRequest, call: Call) -> pb.Session:
        return self._shown(joining.tell_waiting(call, self.rooms, identifier(request.session_id), request.message))

    def AdmitParticipant(self, request: pb.AdmitParticipantRequest, call: Call) -> pb.Participant:
        session_id, participant_id = identifier(request.session_id), identifier(request.participant_id)
        return _participant(joining.admit(call, self.rooms, session_id, participant_id))

    def DenyParticipant(self, request: pb.DenyParticipantRequest, call: Call) -> pb.Participant:
        session_id, participant_id = identifier(request.session_id), identifier(request.participant_id)
        return _participant(joining.deny(call, self.rooms, session_id, participant_id))

    def Heartbeat(self, request: pb.HeartbeatRequest, call: Call) -> pb.HeartbeatResponse:
        media = _word(Media, pb.Media, "MEDIA", request.media)
        beat = being_in.heartbeat(call, self.rooms, request.participant_token, media)
        return pb.HeartbeatResponse(
            participant=_participant(beat.participant),
            session_status=_enum(pb.SessionStatus, "SESSION_STATUS", beat.status),
            others=map(_participant, beat.others),
            room=_room(beat.view),
        )

    def LeaveSession(self, request: pb.LeaveSessionRequest, call: Call) -> pb.LeaveSessionResponse:
        being_in.leave_session(call, self.rooms, request.participant_token)
        return pb.LeaveSessionResponse()

    def SendSignal(self, request: pb.SendSignalRequest, call: Call) -> pb.SendSignalResponse:
        to = identifier(request.to_participant_id)
        being_in.send_signal(call, self.rooms, request.participant_token, to, request.kind, request.payload)
        return pb.SendSignalResponse()

    def OpenSignals(self, request: pb.OpenSignalsRequest, call: Call) -> pb.OpenSignalsResponse:
        stream = being_in.open_signals(call, self.rooms, request.participant_token)
        return pb.OpenSignalsResponse(
            tenant_id=str(stream.tenant_id),
            session_id=str(stream.session_id),
            participant_id=str(stream.participant_id),
            subject=stream.subject,
            expires_at=timestamp(stream.expires_at),
        )

    def EndSession(self, request: pb.EndSessionRequest, call: Call) -> pb.Session:
        return self._shown(ending.end_session(call, self.rooms, identifier(request.session_id), request.version))

    def GetLedger(self, request: pb.GetLedgerRequest, call: Call) -> pb.Ledger:
        ledger = ending.get_ledger(call, identifier(request.session_id))
        call.touch(ledger.session.patient_id)
        return pb.Ledger(
            session_id=request.session_id,
            intervals=[
                pb.PresenceInterval(
                    participant_id=str(one.participant_id),
                    role=_enum(pb.Role, "ROLE", one.role),
                    media=_enum(pb.Media, "MEDIA", one.media),
                    entered_at=timestamp(one.entered_at),
                    left_at=timestamp(one.left_at),
                    ended_by=_enum(pb.PresenceEnd, "PRESENCE_END", one.ended_by),
                )
                for one in ledger.intervals
            ],
            joined_from=timestamp(ledger.together.joined_from),
            joined_to=timestamp(ledger.together.joined_to),
            seconds_together=ledger.together.seconds,
            audio_only=ledger.together.audio_only,
            drops=ledger.drops,
            rejoins=ledger.rejoins,
        )

    def _joined(self, joined: Joined) -> pb.JoinSessionResponse:
        return pb.JoinSessionResponse(
            session_id=str(joined.session.id),
            participant=_participant(joined.participant),
            participant_token=joined.token,
            expires_at=timestamp(joined.expires_at),
            ice_servers=map(_ice_server, joined.ice_servers),
            heartbeat_seconds=self.rooms.heartbeat_seconds,
            presence_timeout_seconds=self.rooms.presence_timeout_seconds,
            others=map(_participant, joined.others),
            room=_room(joined.view),
        )

    def _shown(self, shown: Shown) -> pb.Session:
        session = self._session(shown.session)
        session.participants.extend(map(_participant, shown.participants))
        session.seconds_together, session.audio_only = shown.together.seconds, shown.together.audio_only
        return session

    def _session(self, row: VideoSession) -> pb.Session:
        window = self.rooms.window(row)
        return pb.Session(
            session_id=str(row.id),
            appointment_id=str(row.appointment_id),
            patient_id=str(row.patient_id),
            practitioner_id=str(row.practitioner_id),
            location_id=str(row.location_id),
            start_time=timestamp(row.start_time),
            end_time=timestamp(row.end_time),
            time_zone=row.time_zone,
            status=_enum(pb.SessionStatus, "SESSION_STATUS", row.status),
            join_from=timestamp(window.opens_at),
            join_until=timestamp(window.closes_at),
            patient_state=row.patient_state,
            patient_at_home=row.patient_at_home,
            ended_at=timestamp(row.ended_at),
            seconds_together=row.seconds_together,
            audio_only=row.audio_only,
            version=row.version,
            waiting_message=row.waiting_message,
        )


def _participant(row: Participant) -> pb.Participant:
    return pb.Participant(
        participant_id=str(row.id),
        role=_enum(pb.Role, "ROLE", row.role),
        display_name=row.display_name,
        state=_enum(pb.ParticipantState, "PARTICIPANT_STATE", row.state),
        media=_enum(pb.Media, "MEDIA", row.media),
        waiting_since=timestamp(row.waiting_since),
        last_seen=timestamp(row.last_seen),
        consented_at=timestamp(row.consented_at),
    )


def _room(view: RoomView) -> pb.Room:
    session = view.session
    return pb.Room(
        session_id=str(session.id),
        role=_enum(pb.Role, "ROLE", view.ticket.role),
        display_name=view.ticket.display_name,
        host_name=view.host_name,
        start_time=timestamp(session.start_time),
        end_time=timestamp(session.end_time),
        time_zone=session.time_zone,
        join_from=timestamp(view.window.opens_at),
        join_until=timestamp(view.window.closes_at),
        status=_enum(pb.SessionStatus, "SESSION_STATUS", session.status),
        host_in=view.host_in,
        waiting_message=session.waiting_message,
        ahead=view.ahead,
        expected_start_time=timestamp(view.expected_start),
        as_of=timestamp(view.as_of),
    )


def _ice_server(server: IceServer) -> pb.IceServer:
    return pb.IceServer(urls=server.urls, username=server.username, credential=server.credential)


def _enum(enum: Any, prefix: str, word: str) -> Any:
    """ "video" → MEDIA_VIDEO."""
    return enum.Value(f"{prefix}_{word.upper()}")


def _word(kind: type[Word], enum: Any, prefix: str, value: int) -> Word:
    """MEDIA_VIDEO → Media.VIDEO."""
    return kind(enum.Name(value).removeprefix(f"{prefix}_").lower())
