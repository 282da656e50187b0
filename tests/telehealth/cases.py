"""A valid request for each of telehealth's RPCs, for the set tests."""

from __future__ import annotations

from types import SimpleNamespace

from polyclinic.telehealth.v1 import telehealth_pb2 as pb

from chassis.testing import Case
from tests.contracts.growth import Bound
from tests.telehealth import house
from tests.telehealth.house import CLINICIAN, PATIENT, VIDEO, House

ENVIRONMENT = house.ENVIRONMENT


def world(harness, tenant):
    """A room with a clinician in it, a patient who is in and one who waits outside with a fresh token."""
    home = House(harness)
    room = home.room(home.book())
    clinician, patient = home.meet(room)
    return SimpleNamespace(
        tenant_id=home.tenant,
        room=room.session_id,
        clinician=clinician,
        patient=patient,
        token=home.token(room, PATIENT),
    )


CASES = {
    "ListSessions": Case(lambda w: pb.ListSessionsRequest()),
    "GetSession": Case(lambda w: pb.GetSessionRequest(session_id=w.room), names_resource=True),
    "CreateJoinToken": Case(
        lambda w: pb.CreateJoinTokenRequest(session_id=w.room, role=CLINICIAN),
        names_resource=True,
        permissions=("telehealth.host",),
    ),
    "JoinSession": Case(lambda w: pb.JoinSessionRequest(token=w.token, patient_state="AZ", media=VIDEO)),
    "DescribeRoom": Case(lambda w: pb.DescribeRoomRequest(token=w.token)),
    "RejoinSession": Case(
        lambda w: pb.RejoinSessionRequest(participant_token=w.patient.participant_token, media=VIDEO)
    ),
    "TellWaiting": Case(
        lambda w: pb.TellWaitingRequest(session_id=w.room, message="Five more minutes."), names_resource=True
    ),
    "AdmitParticipant": Case(
        lambda w: pb.AdmitParticipantRequest(session_id=w.room, participant_id=w.patient.participant.participant_id),
        names_resource=True,
    ),
    "DenyParticipant": Case(
        lambda w: pb.DenyParticipantRequest(session_id=w.room, participant_id=w.patient.participant.participant_id),
        names_resource=True,
    ),
    "Heartbeat": Case(lambda w: pb.HeartbeatRequest(participant_token=w.patient.participant_token, media=VIDEO)),
    "LeaveSession": Case(lambda w: pb.LeaveSessionRequest(participant_token=w.patient.participant_token)),
    "SendSignal": Case(
        lambda w: pb.SendSignalRequest(
            participant_token=w.clinician.participant_token,
            to_participant_id=w.patient.participant.participant_id,
            kind="offer",
            payload="v=0",
        )
    ),
    "OpenSignals": Case(lambda w: pb.OpenSignalsRequest(participant_token=w.patient.participant_token)),
    "EndSession": Case(lambda w: pb.EndSessionRequest(session_id=w.room), names_resource=True),
    "GetLedger": Case(lambda w: pb.GetLedgerRequest(session_id=w.room), names_resource=True),
}

# For the bounds of reads (tests/contracts/test_bounds.py): tables of which one patient has few …
FEW: frozenset[str] = frozenset()
NOT_MADE: frozenset[str] = frozenset()
# … and those that describe the network rather than what happened in it.
SETTLED = frozenset({"practitioner"})
# Reads that may cost more on a long history, each with its bound and the reason.
BOUNDS: dict[str, Bound] = {}
