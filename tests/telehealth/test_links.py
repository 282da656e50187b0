"""Links, browsers and the wait: what a token opens, for whom, how often, and what it tells beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.telehealth.v1 import telehealth_pb2 as pb

from chassis.testing import expect_error
from telehealth.domain.door import has_place
from telehealth.domain.queue import Ahead, expected_start
from tests.telehealth.house import CLINICIAN, GUEST, PATIENT, VIDEO, House, instant


def link(house, room, role, name=""):
    """A link as the desk sends it."""
    request = pb.CreateJoinTokenRequest(session_id=room.session_id, role=role, display_name=name, as_link=True)
    return house.clinician.call("CreateJoinToken", request).token


def come(house, token, device="", **more):
    """Somebody comes to the door with a link in a browser."""
    request = pb.JoinSessionRequest(token=token, media=VIDEO, patient_state="AZ", device_key=device, **more)
    return house.anyone("JoinSession", request)


def test_a_guests_link_is_good_for_one_browser(house):
    """The browser that came in first comes in again with it, any other is refused, one without a key of its own too."""
    room = house.room(house.book())
    house.join(room, CLINICIAN)
    token = link(house, room, GUEST, "Interpreter")
    first = come(house, token, "this browser")
    assert first.participant.state == pb.PARTICIPANT_STATE_WAITING
    for device in ("another browser", ""):
        with expect_error("LINK_USED"):
            come(house, token, device)
    assert come(house, token, "this browser").participant.participant_id == first.participant.participant_id


def test_a_link_without_a_browsers_key_is_good_once(house):
    """A client that has no key of its own comes in once."""
    room = house.room(house.book())
    token = link(house, room, GUEST, "Family")
    come(house, token)
    with expect_error("LINK_USED"):
        come(house, token)


def test_two_guests_of_one_name_are_two(house):
    """A second interpreter does not take the first one's place."""
    room = house.room(house.book())
    one = come(house, link(house, room, GUEST, "Interpreter"), "a")
    other = come(house, link(house, room, GUEST, "Interpreter"), "b")
    assert (one.participant.display_name, other.participant.display_name) == ("Interpreter", "Interpreter 2")
    assert other.room.display_name == "Interpreter 2"


def test_a_patients_link_lasts_until_the_door_closes_and_waits_each_time(house):
    """The link opened again, perhaps by somebody else, waits to be looked at; the browser that was in is out."""
    room = house.room(house.book())
    house.join(room, CLINICIAN)
    request = pb.CreateJoinTokenRequest(session_id=room.session_id, role=PATIENT, as_link=True)
    sent = house.clinician.call("CreateJoinToken", request)
    short = house.clinician.call("CreateJoinToken", pb.CreateJoinTokenRequest(session_id=room.session_id, role=PATIENT))
    assert instant(sent.expires_at) > instant(short.expires_at) + timedelta(minutes=60)
    phone = come(house, sent.token)
    house.admit(room, phone)
    house.beat(phone)
    laptop = come(house, sent.token)
    assert laptop.participant.state == pb.PARTICIPANT_STATE_WAITING
    with expect_error("JOINED_ELSEWHERE"):
        house.beat(phone)
    house.leave(phone)
    assert house.room(_visit(room)).participants[1].state == pb.PARTICIPANT_STATE_WAITING
    house.admit(room, laptop)
    assert house.beat(laptop).participant.state == pb.PARTICIPANT_STATE_ADMITTED


def test_the_participants_own_token_comes_back_without_waiting(house):
    """A page that was loaded again goes on where it was, with servers to connect by; after the end it does not."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    house.leave(patient)
    request = pb.RejoinSessionRequest(participant_token=patient.participant_token, media=VIDEO)
    back = house.anyone("RejoinSession", request)
    assert back.participant.state == pb.PARTICIPANT_STATE_ADMITTED
    assert [one.participant_id for one in back.others] == [clinician.participant.participant_id]
    assert back.ice_servers[1].username
    assert house.ledger(room).rejoins == 1
    house.beat(back)
    house.end(room)
    with expect_error("SESSION_CLOSED"):
        house.anyone("RejoinSession", request)


def test_who_was_sent_out_does_not_come_back(house):
    """Neither by the participant's token nor by the link."""
    room = house.room(house.book())
    house.join(room, CLINICIAN)
    token = link(house, room, GUEST, "Family")
    guest = come(house, token, "a")
    house.admit(room, guest)
    house.deny(room, guest)
    with expect_error("DENIED_ENTRY"):
        come(house, token, "a")
    with expect_error("DENIED_ENTRY"):
        house.anyone("RejoinSession", pb.RejoinSessionRequest(participant_token=guest.participant_token, media=VIDEO))


def test_four_are_in_and_a_fifth_waits(house):
    """The room takes as many as browsers can serve; with one gone the next is let in."""
    room = house.room(house.book())
    clinician, patient = house.meet(room)
    guests = [come(house, link(house, room, GUEST, name), name) for name in ("Interpreter", "Mother", "Father")]
    house.admit(room, guests[0])
    house.admit(room, guests[1])
    with expect_error("ROOM_FULL"):
        house.admit(room, guests[2])
    house.leave(guests[0])
    house.admit(room, guests[2])
    # The interpreter's place is taken: back at the door they wait.
    assert house.beat(guests[0]).participant.state == pb.PARTICIPANT_STATE_WAITING
    house.together(1, clinician, patient)


def test_what_a_token_tells_beforehand(house):
    """With whom and when, before the door opens too, when there are no servers to try yet; a forged token tells nothing."""
    start = house.now + timedelta(hours=2)
    room = house.room(house.book(start))
    token = link(house, room, PATIENT)
    told = house.anyone("DescribeRoom", pb.DescribeRoomRequest(token=token))
    assert told.room.host_name == "Ada Okafor, MD"
    assert (instant(told.room.start_time), instant(told.room.join_from)) == (start, start - timedelta(minutes=30))
    assert (told.room.role, list(told.ice_servers)) == (PATIENT, [])
    house.after(minutes=100)
    assert len(house.anyone("DescribeRoom", pb.DescribeRoomRequest(token=token)).ice_servers) == 2
    with expect_error("UNAUTHENTICATED"):
        house.anyone("DescribeRoom", pb.DescribeRoomRequest(token=token[:-4] + "AAAA"))


def test_who_waits_is_told_how_many_come_before(house):
    """A visit before that is under way makes the next wait, as long as planned; its end lets the number fall."""
    first = house.room(house.book(house.now + timedelta(minutes=10)))
    clinician, patient = house.meet(first)
    house.together(8, clinician, patient)
    second = house.room(house.book(house.now + timedelta(minutes=12)))
    waiting = house.join(second, PATIENT)
    assert waiting.room.ahead == 1
    assert instant(waiting.room.expected_start_time) == instant(first.end_time)
    house.end(first)
    told = house.beat(waiting).room
    assert (told.ahead, instant(told.expected_start_time)) == (0, instant(second.start_time))


def test_words_to_those_who_wait(house):
    """What the clinician says is kept for whoever comes later, and taken back with nothing."""
    room = house.room(house.book())
    house.join(room, CLINICIAN)
    early = house.join(room, PATIENT)

    def tell(text):
        request = pb.TellWaitingRequest(session_id=room.session_id, message=text)
        return house.clinician.call("TellWaiting", request)

    assert tell("Five more minutes, please.").waiting_message == "Five more minutes, please."
    assert house.beat(early).room.waiting_message == "Five more minutes, please."
    assert house.join(room, GUEST).room.waiting_message == "Five more minutes, please."
    tell("")
    assert house.beat(early).room.waiting_message == ""


def test_consent_is_kept(house):
    """When somebody agreed is part of the record; who was not asked did not."""
    room = house.room(house.book())
    come(house, link(house, room, PATIENT), consented=True)
    house.join(room, CLINICIAN)
    by_role = {one.role: one for one in house.room(_visit(room)).participants}
    assert instant(by_role[PATIENT].consented_at) == house.now
    assert not by_role[CLINICIAN].HasField("consented_at")


def test_another_tenant_and_another_patient_get_no_token(house):
    """A room of this clinic is unknown to another clinic's staff and to another patient."""
    room = house.room(house.book())
    foreign = House(house.harness)
    for client in (
        foreign.clinician,
        foreign.patient,
        house.harness.client(house.tenant, patient_ids=[room.session_id]),
    ):
        for role in (PATIENT, GUEST):
            request = pb.CreateJoinTokenRequest(session_id=room.session_id, role=role, display_name="x", as_link=True)
            with expect_error("NOT_FOUND"):
                client.call("CreateJoinToken", request)
    with expect_error("NOT_FOUND"):
        foreign.clinician.call("TellWaiting", pb.TellWaitingRequest(session_id=room.session_id, message="x"))


def test_the_expected_start_follows_those_ahead():
    """Never before the plan; after a visit under way and one that waits, each as long as planned; one over its time ends now."""
    now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def minutes(count):
        return now + timedelta(minutes=count)

    assert expected_start(minutes(5), now, []) == minutes(5)
    assert expected_start(minutes(-5), now, []) == now
    under_way = Ahead(minutes(-20), minutes(10), under_way=True)
    waiting = Ahead(minutes(0), minutes(20), under_way=False)
    assert expected_start(minutes(5), now, [waiting, under_way]) == minutes(30)
    assert expected_start(minutes(5), now, [Ahead(minutes(-60), minutes(-30), under_way=True)]) == minutes(5)
    assert (has_place(3, 4), has_place(4, 4)) == (True, False)


def _visit(room):
    """The appointment of a room, as the house's helper takes it."""
    return scheduling_events.AppointmentState(appointment_id=room.appointment_id)
