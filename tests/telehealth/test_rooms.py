"""Rooms follow their appointments; people come in by the door, wait, are let in, and leave a record."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from uuid import UUID

from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.telehealth.v1 import events_pb2
from polyclinic.telehealth.v1 import telehealth_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis import errors
from chassis.clock import real_now
from chassis.ids import uuid7
from chassis.testing import expect_error
from tests.telehealth.house import AUDIO, CLINICIAN, GUEST, PATIENT, VIDEO, instant


def test_only_a_visit_by_video_has_a_room(house):
    """A room appears with the booking of a video visit, once, and none for a visit in person."""
    assert len(house.rooms(house.book())) == 1
    assert house.rooms(house.book(modality=types_pb2.MODALITY_IN_PERSON)) == []


def test_a_room_moves_and_closes_with_its_appointment(house):
    """The window follows the new time; after the cancellation nobody gets in."""
    visit = house.book()
    start = house.now + timedelta(days=2)
    house.move(visit, start)
    room = house.room(visit)
    assert instant(room.start_time) == start
    assert instant(room.join_from) == start - timedelta(minutes=30)
    house.cancel(visit)
    assert house.room(visit).status == pb.SESSION_STATUS_CANCELLED
    with expect_error("SESSION_CLOSED"):
        house.join(room, PATIENT)


def test_an_older_event_does_not_reopen_a_cancelled_room(house):
    """The confirmation that arrives after the cancellation it precedes changes nothing."""
    visit = house.book()
    late = scheduling_events.AppointmentState()
    late.CopyFrom(visit)
    house.cancel(visit)
    house.harness.deliver(house.tenant, scheduling_events.AppointmentConfirmed(appointment=late))
    assert house.room(visit).status == pb.SESSION_STATUS_CANCELLED


def test_a_visit_from_the_waiting_room_to_its_record(house):
    """The patient waits, is let in, both talk for twenty minutes, the clinician ends: billing hears what it needs."""
    room = house.room(house.book())
    patient = house.join(room, PATIENT)
    assert patient.participant.state == pb.PARTICIPANT_STATE_WAITING
    assert list(patient.others) == []
    clinician = house.join(room, CLINICIAN)
    assert clinician.participant.display_name == "Ada Okafor, MD"
    house.together(5, patient, clinician)
    house.admit(room, patient)
    begun = house.now
    house.together(20, patient, clinician)
    assert house.room(house_visit(house, room)).status == pb.SESSION_STATUS_IN_PROGRESS
    ended = house.end(room)

    assert ended.status == pb.SESSION_STATUS_ENDED
    (event,) = house.harness.events(house.tenant, events_pb2.SessionEnded)
    assert (event.seconds_together, event.audio_only) == (1200, False)
    assert (event.patient_at_home, event.patient_state) == (True, "AZ")
    assert (instant(event.joined_from), instant(event.joined_to)) == (begun, begun + timedelta(minutes=20))
    assert event.appointment_id == room.appointment_id
    ledger = house.ledger(room)
    assert [one.ended_by for one in ledger.intervals] == [pb.PRESENCE_END_SESSION_ENDED] * 2
    assert (ledger.drops, ledger.rejoins) == (0, 0)


def house_visit(house, room):
    """The appointment of a room."""
    return scheduling_events.AppointmentState(appointment_id=room.appointment_id)


def test_ending_twice_tells_once(house):
    """The second end answers the same and publishes nothing."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    house.together(3, clinician, patient)
    assert house.end(room).seconds_together == house.end(room).seconds_together == 180
    assert len(house.harness.events(house.tenant, events_pb2.SessionEnded)) == 1
    with expect_error("SESSION_CLOSED"):
        house.beat(patient)


def test_the_door_opens_half_an_hour_before_and_closes_an_hour_after(house):
    """Too early and too late are refused with the reason."""
    room = house.room(house.book(house.now + timedelta(minutes=31)))
    with expect_error("JOIN_WINDOW"):
        house.join(room, PATIENT)
    house.after(minutes=1)
    assert house.join(room, PATIENT).participant.state == pb.PARTICIPANT_STATE_WAITING
    late = house.room(house.book(house.now - timedelta(minutes=90)))
    with expect_error("JOIN_WINDOW"):
        house.join(late, CLINICIAN)


def test_a_patient_in_a_state_without_a_licence_is_not_seen(house):
    """The practitioner is licensed in Arizona and Nevada: from California the patient is refused, from Nevada not."""
    room = house.room(house.book())
    with expect_error("NOT_LICENSED_THERE"):
        house.join(room, PATIENT, patient_state="CA")
    with expect_error("INVALID_INPUT", field="patient_state"):
        house.join(room, PATIENT, patient_state="")
    house.join(room, PATIENT, patient_state="NV", patient_at_home=False)
    assert (house.room(house_visit(house, room)).patient_state, room.patient_at_home) == ("NV", False)


def test_the_licence_is_asked_again_when_the_patient_is_let_in(house):
    """A licence that ended while the patient waited counts."""
    room = house.room(house.book())
    house.join(room, CLINICIAN)
    patient = house.join(room, PATIENT)
    house.licensed_states.clear()
    with expect_error("NOT_LICENSED_THERE"):
        house.admit(room, patient)
    assert house.ledger(room).seconds_together == 0


def test_while_identity_is_away_the_licences_it_told_last_count(house):
    """Identity does not answer: a licence of the last event lets in, and a state that is not among them does not."""

    def away(_request):
        raise errors.Unavailable

    house.identity.answers["CheckLicence"] = away
    room = house.room(house.book())
    house.join(room, PATIENT, patient_state="NV")
    with expect_error("NOT_LICENSED_THERE"):
        house.join(room, PATIENT, patient_state="CA")
    house.tell_practitioner("AZ", version=2)
    with expect_error("NOT_LICENSED_THERE"):
        house.join(room, PATIENT, patient_state="NV")


def test_sound_only_all_the_time_makes_it_audio_only(house):
    """The patient never sends pictures: audio only; a minute of pictures on both sides and it is not."""
    room = house.room(house.book())
    clinician, patient = house.join(room, CLINICIAN), house.join(room, PATIENT, AUDIO)
    house.admit(room, patient)
    house.together(4, clinician, patient)
    assert house.end(room).audio_only
    other = house.room(house.book())
    clinician, patient = house.join(other, CLINICIAN), house.join(other, PATIENT, AUDIO)
    house.admit(other, patient)
    house.together(1, clinician, patient)
    house.beat(patient, VIDEO)
    house.together(1, clinician)
    house.beat(patient, AUDIO)
    assert not house.end(other).audio_only
    kinds = [(one.media, one.ended_by) for one in house.ledger(other).intervals if one.role == PATIENT]
    assert kinds == [
        (AUDIO, pb.PRESENCE_END_MEDIA_CHANGED),
        (VIDEO, pb.PRESENCE_END_MEDIA_CHANGED),
        (AUDIO, pb.PRESENCE_END_SESSION_ENDED),
    ]


def test_a_lost_connection_counts_until_it_was_last_heard_of(house):
    """After ninety seconds of silence the patient has dropped since the last heartbeat, and comes straight back."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    house.together(5, clinician, patient)
    heard = house.now
    house.together(4, clinician)
    (dropped,) = [one for one in house.ledger(room).intervals if one.role == PATIENT]
    assert (dropped.ended_by, instant(dropped.left_at)) == (pb.PRESENCE_END_DROPPED, heard)
    back = house.join(room, PATIENT)
    assert back.participant.state == pb.PARTICIPANT_STATE_ADMITTED
    house.together(3, clinician, back)
    ledger = house.ledger(room)
    assert (ledger.drops, ledger.rejoins, ledger.seconds_together) == (1, 1, 480)


def test_a_heartbeat_after_a_drop_is_a_way_back(house):
    """The browser that slept goes on with its participant token; the gap is in the record."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    house.together(3, clinician)
    assert house.beat(patient).participant.state == pb.PARTICIPANT_STATE_ADMITTED
    house.together(2, clinician, patient)
    ledger = house.ledger(room)
    assert (ledger.drops, ledger.rejoins, ledger.seconds_together) == (1, 1, 120)


def test_leaving_and_coming_back(house):
    """Who leaves is out at that moment; leaving again does nothing; coming back needs no second admission."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    house.together(2, clinician, patient)
    house.leave(patient)
    house.leave(patient)
    house.together(2, clinician)
    house.join(room, PATIENT)
    ledger = house.ledger(room)
    assert [one.ended_by for one in ledger.intervals if one.role == PATIENT] == [
        pb.PRESENCE_END_LEFT,
        pb.PRESENCE_END_OPEN,
    ]
    assert (ledger.drops, ledger.rejoins, ledger.seconds_together) == (0, 1, 120)


def test_who_is_denied_cannot_come_in(house):
    """A guest who was refused stays out until admitted; a guest who was sent out is out at once."""
    room = house.room(house.book())
    house.join(room, CLINICIAN)
    guest = house.join(room, GUEST)
    house.deny(room, guest)
    with expect_error("DENIED_ENTRY"):
        house.join(room, GUEST)
    with expect_error("DENIED_ENTRY"):
        house.beat(guest)
    house.admit(room, guest)
    back = house.join(room, GUEST)
    assert back.participant.state == pb.PARTICIPANT_STATE_ADMITTED
    house.deny(room, back)
    assert [one.ended_by for one in house.ledger(room).intervals if one.role == GUEST] == [pb.PRESENCE_END_SENT_OUT]


def test_a_visit_nobody_ends_is_ended_by_the_clock(house):
    """When the door closes, a visit that was held is published with its time; one that was not is marked so."""
    held, empty = house.book(), house.book()
    room = house.room(held)
    clinician, patient = house.meet(room)
    house.together(10, clinician, patient)
    house.after(minutes=120)
    assert house.room(held).status == pb.SESSION_STATUS_ENDED
    assert house.room(empty).status == pb.SESSION_STATUS_NOT_HELD
    (event,) = house.harness.events(house.tenant, events_pb2.SessionEnded)
    assert (event.appointment_id, event.seconds_together) == (held.appointment_id, 600)


def test_a_clinicians_token_is_for_hosts_only(house):
    """Neither a patient nor staff without the permission can be the clinician."""
    room = house.room(house.book())
    with expect_error("PERMISSION_DENIED"):
        house.token(room, CLINICIAN, house.patient)
    desk = house.harness.client(house.tenant, ["telehealth.join"])
    with expect_error("PERMISSION_DENIED"):
        house.token(room, CLINICIAN, desk)
    assert house.token(room, PATIENT, desk)


def test_a_patient_sees_their_own_visits_only(house):
    """Another patient of the same clinic is told that there is no such visit."""
    room = house.room(house.book())
    other = house.harness.client(house.tenant, patient_ids=[uuid7()])
    assert list(other.call("ListSessions", pb.ListSessionsRequest()).sessions) == []
    with expect_error("NOT_FOUND"):
        house.token(room, PATIENT, other)
    assert len(house.patient.call("ListSessions", pb.ListSessionsRequest()).sessions) == 1


def test_a_token_is_good_for_one_purpose(house):
    """A join token does not speak for a participant, a participant token does not open the door, a forged one nothing."""
    room = house.room(house.book())
    joining = house.token(room, PATIENT)
    with expect_error("UNAUTHENTICATED"):
        house.anyone("Heartbeat", pb.HeartbeatRequest(participant_token=joining, media=VIDEO))
    clinician = house.join(room, CLINICIAN)
    for forged in (clinician.participant_token, joining[:-4] + "AAAA", "x" * 40):
        with expect_error("UNAUTHENTICATED"):
            house.anyone("JoinSession", pb.JoinSessionRequest(token=forged, media=VIDEO, patient_state="AZ"))


def test_turn_credentials_are_what_coturn_checks(house):
    """User name is the expiry and the participant, the password its HMAC-SHA1; STUN comes without credentials."""
    joined = house.join(house.room(house.book()), CLINICIAN)
    stun, turn = joined.ice_servers
    assert (list(stun.urls), stun.username) == (["stun:turn.example.org:3478"], "")
    expiry, who = turn.username.split(":")
    assert who == joined.participant.participant_id
    assert 4 * 3600 - 60 < int(expiry) - real_now().timestamp() <= 4 * 3600
    digest = hmac.new(b"turn secret of the tests", turn.username.encode(), hashlib.sha1).digest()
    assert turn.credential == base64.b64encode(digest).decode()
    assert len(turn.urls) == 2


def test_signals_reach_the_other_over_nats(house):
    """An offer comes out at the subject that the other's stream listens to, as the browser made it."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    stream = house.anyone("OpenSignals", pb.OpenSignalsRequest(participant_token=patient.participant_token))
    assert stream.subject == (
        f"polyclinic.telehealth.signal.{house.tenant}.{room.session_id}.{patient.participant.participant_id}"
    )
    heard: list[bytes] = []
    arrived = threading.Event()

    def on_signal(_subject, payload, _reply):
        heard.append(payload)
        arrived.set()

    assert house.harness.service.bus.wait_connected(10)
    house.harness.service.bus.subscribe_core(stream.subject, on_signal).result(5)
    house.anyone(
        "SendSignal",
        pb.SendSignalRequest(
            participant_token=clinician.participant_token,
            to_participant_id=patient.participant.participant_id,
            kind="offer",
            payload='{"sdp":"v=0 ü"}',
        ),
    )
    assert arrived.wait(5)
    assert json.loads(heard[0]) == {
        "kind": "offer",
        "from": clinician.participant.participant_id,
        "from_role": "clinician",
        "payload": '{"sdp":"v=0 ü"}',
    }


def test_who_waits_cannot_signal_into_the_room(house):
    """Signals are for those who were let in, to those who were let in."""
    room = house.room(house.book())
    clinician, patient = house.join(room, CLINICIAN), house.join(room, PATIENT)

    def signal(sender, receiver):
        request = pb.SendSignalRequest(
            participant_token=sender.participant_token,
            to_participant_id=receiver.participant.participant_id,
            kind="candidate",
        )
        house.anyone("SendSignal", request)

    with expect_error("NOT_ADMITTED"):
        signal(patient, clinician)
    with expect_error("NOT_FOUND"):
        signal(clinician, patient)
    house.admit(room, patient)
    signal(patient, clinician)


def test_the_version_guards_the_end(house):
    """Who ends the visit from an old page is told so; business goes on."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    with expect_error("STALE_VERSION"):
        house.clinician.call("EndSession", pb.EndSessionRequest(session_id=room.session_id, version=room.version))
    house.beat(patient)
    house.beat(clinician)


def test_an_account_of_another_location_does_not_see_the_room(house):
    """Staff limited to one location neither lists, reads nor ends the visits of another."""
    visit = house.book()
    room = house.room(visit)
    here, elsewhere = (
        house.harness.client(house.tenant, ["telehealth.*"], location_ids=[location])
        for location in (UUID(visit.location_id), uuid7())
    )
    assert len(here.call("ListSessions", pb.ListSessionsRequest()).sessions) == 1
    assert len(elsewhere.call("ListSessions", pb.ListSessionsRequest()).sessions) == 0
    assert here.call("GetSession", pb.GetSessionRequest(session_id=room.session_id)).session_id == room.session_id
    for method, request in (
        ("GetSession", pb.GetSessionRequest(session_id=room.session_id)),
        ("GetLedger", pb.GetLedgerRequest(session_id=room.session_id)),
        ("EndSession", pb.EndSessionRequest(session_id=room.session_id)),
        ("CreateJoinToken", pb.CreateJoinTokenRequest(session_id=room.session_id, role=PATIENT)),
    ):
        with expect_error("NOT_FOUND"):
            elsewhere.call(method, request)
