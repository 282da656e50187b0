"""A tenant with video visits as the tests see it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.protobuf.message import Message
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.identity.v1 import identity_pb2
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.telehealth.v1 import telehealth_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7
from chassis.protos import date_message, timestamp
from chassis.testing import Harness, RpcClient

ENVIRONMENT = {
    "POLYCLINIC_TURN_SECRET": "turn secret of the tests",
    "POLYCLINIC_TURN_URLS": "turn:turn.example.org:3478?transport=udp,turns:turn.example.org:5349",
    "POLYCLINIC_STUN_URLS": "stun:turn.example.org:3478",
}
ZONE = "America/Phoenix"
VIDEO, AUDIO = pb.MEDIA_VIDEO, pb.MEDIA_AUDIO
PATIENT, CLINICIAN, GUEST = pb.ROLE_PATIENT, pb.ROLE_CLINICIAN, pb.ROLE_GUEST


class House:
    """One tenant under test."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.tenant = harness.tenant()
        self.patient_id, self.practitioner_id = str(uuid7()), str(uuid7())
        self.account_id = str(uuid7())
        self.licensed_states = {"AZ", "NV"}
        self.identity = harness.stub_peer("identity", "CheckLicence", self._check)
        self.clinician = harness.client(
            self.tenant,
            ["telehealth.host", "telehealth.join", "telehealth.read"],
            principal_id=self.account_id,
        )
        self.patient = harness.client(self.tenant, patient_ids=[self.patient_id])
        self.tell_practitioner("AZ", "NV")

    @property
    def now(self) -> datetime:
        """Business time."""
        return self.harness.clock.now()

    def after(self, **delta: float) -> None:
        """Business time goes on by a minute at most at once, and everything due is done on the way."""
        until = self.now + timedelta(**delta)
        while self.now < until:
            self.harness.run_due(min(until, self.now + timedelta(minutes=1)))

    # ---- what other services tell

    def tell_practitioner(self, *states: str, version: int = 1) -> None:
        """Identity has changed the practitioner, who is licensed in these states since 2020."""
        start = date_message(date(2020, 1, 1))
        self.harness.deliver(
            self.tenant,
            identity_events.PractitionerChanged(
                practitioner_id=self.practitioner_id,
                name=types_pb2.HumanName(family="Okafor", given="Ada"),
                credential="MD",
                account_id=self.account_id,
                licences=[identity_events.Licence(state=state, number="1", valid_from=start) for state in states],
                active=True,
                version=version,
            ),
        )

    def book(self, start: datetime | None = None, **changes: Any) -> scheduling_events.AppointmentState:
        """Scheduling has booked a visit (by video, in ten minutes, for half an hour, unless said otherwise)."""
        start = start or self.now + timedelta(minutes=10)
        state = scheduling_events.AppointmentState(
            appointment_id=str(uuid7()),
            patient_id=self.patient_id,
            location_id=str(uuid7()),
            practitioner_id=self.practitioner_id,
            appointment_type_id=str(uuid7()),
            appointment_type_code="video-follow-up",
            start_time=timestamp(start),
            end_time=timestamp(start + timedelta(minutes=30)),
            time_zone=ZONE,
            modality=types_pb2.MODALITY_VIDEO,
            status=scheduling_events.APPOINTMENT_STATUS_BOOKED,
            version=1,
            booked_at=timestamp(self.now),
        )
        for name, value in changes.items():
            setattr(state, name, value)
        self.harness.deliver(self.tenant, scheduling_events.AppointmentBooked(appointment=state))
        return state

    def cancel(self, state: scheduling_events.AppointmentState) -> None:
        """The visit is cancelled."""
        state.version += 1
        state.status = scheduling_events.APPOINTMENT_STATUS_CANCELLED
        self.harness.deliver(self.tenant, scheduling_events.AppointmentCancelled(appointment=state))

    def move(self, state: scheduling_events.AppointmentState, start: datetime) -> None:
        """The visit is moved."""
        state.version += 1
        state.reschedule_count += 1
        state.start_time.CopyFrom(timestamp(start))
        state.end_time.CopyFrom(timestamp(start + timedelta(minutes=30)))
        self.harness.deliver(self.tenant, scheduling_events.AppointmentMoved(appointment=state))

    # ---- the room

    def room(self, state: scheduling_events.AppointmentState) -> pb.Session:
        """The room of a visit, as staff sees it."""
        (found,) = self.rooms(state)
        return self.clinician.call("GetSession", pb.GetSessionRequest(session_id=found.session_id))

    def rooms(self, state: scheduling_events.AppointmentState) -> list[pb.Session]:
        """All rooms of a visit."""
        request = pb.ListSessionsRequest(appointment_id=state.appointment_id)
        return list(self.clinician.call("ListSessions", request).sessions)

    def token(self, room: pb.Session, role: int, client: RpcClient | None = None, name: str = "") -> str:
        """A join token."""
        client = client or (self.clinician if role == CLINICIAN else self.patient)
        request = pb.CreateJoinTokenRequest(session_id=room.session_id, role=role, display_name=name)
        return str(client.call("CreateJoinToken", request).token)

    def join(self, room: pb.Session, role: int, media: int = VIDEO, **facts: Any) -> pb.JoinSessionResponse:
        """Comes to the door with a fresh token; the patient is at home in Arizona unless said otherwise."""
        name = facts.pop("name", "Interpreter" if role == GUEST else "")
        if role == PATIENT:
            facts = {"patient_state": "AZ", "patient_at_home": True} | facts
        return self.anyone(
            "JoinSession", pb.JoinSessionRequest(token=self.token(room, role, name=name), media=media, **facts)
        )

    def meet(self, room: pb.Session) -> tuple[pb.JoinSessionResponse, pb.JoinSessionResponse]:
        """Clinician and patient come, and the patient is let in."""
        clinician, patient = self.join(room, CLINICIAN), self.join(room, PATIENT)
        self.admit(room, patient)
        return clinician, patient

    def admit(self, room: pb.Session, joined: pb.JoinSessionResponse) -> pb.Participant:
        """The clinician lets somebody in."""
        request = pb.AdmitParticipantRequest(
            session_id=room.session_id, participant_id=joined.participant.participant_id
        )
        return self.clinician.call("AdmitParticipant", request)

    def deny(self, room: pb.Session, joined: pb.JoinSessionResponse) -> pb.Participant:
        """The clinician refuses somebody, or sends them out."""
        request = pb.DenyParticipantRequest(
            session_id=room.session_id, participant_id=joined.participant.participant_id
        )
        return self.clinician.call("DenyParticipant", request)

    def beat(self, joined: pb.JoinSessionResponse, media: int = VIDEO) -> pb.HeartbeatResponse:
        """A heartbeat."""
        return self.anyone("Heartbeat", pb.HeartbeatRequest(participant_token=joined.participant_token, media=media))

    def together(self, minutes: int, *joined: pb.JoinSessionResponse) -> None:
        """So many minutes pass in which these stay, with a heartbeat each minute, with the media they came with."""
        for _ in range(minutes):
            self.after(minutes=1)
            for one in joined:
                self.beat(one, one.participant.media)

    def leave(self, joined: pb.JoinSessionResponse) -> None:
        """Goes out."""
        self.anyone("LeaveSession", pb.LeaveSessionRequest(participant_token=joined.participant_token))

    def end(self, room: pb.Session) -> pb.Session:
        """The clinician ends the visit."""
        return self.clinician.call("EndSession", pb.EndSessionRequest(session_id=room.session_id))

    def ledger(self, room: pb.Session) -> pb.Ledger:
        """The record of presence."""
        return self.clinician.call("GetLedger", pb.GetLedgerRequest(session_id=room.session_id))

    def anyone(self, method: str, request: Message) -> Any:
        """A call that only its signed token proves."""
        return self.harness.anonymous().call(method, request)

    def _check(self, request: identity_pb2.CheckLicenceRequest) -> identity_pb2.CheckLicenceResponse:
        return identity_pb2.CheckLicenceResponse(licensed=request.state in self.licensed_states)


def instant(value: Any) -> datetime:
    """A protobuf timestamp as an aware instant."""
    return value.ToDatetime(tzinfo=UTC)
