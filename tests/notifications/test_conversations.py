"""Conversations: who is awaited until when, who sees what, and what the patient is told meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from polyclinic.notifications.v1 import conversations_pb2 as pb
from polyclinic.notifications.v1 import notifications_pb2

from chassis.ids import uuid7
from chassis.protos import instant, timestamp
from chassis.testing import expect_error
from tests.notifications.cases_conversations import pool, to_patient

PATIENT, STAFF, NOTE = pb.THREAD_KIND_PATIENT, pb.THREAD_KIND_STAFF, pb.THREAD_KIND_PHONE_NOTE


class Talk:
    """A patient, who signs in to the portal, and two people of staff."""

    def __init__(self, clinic: Any) -> None:
        self.clinic = clinic
        self.patient = clinic.patient()
        harness, tenant = clinic.harness, clinic.tenant
        self.own = harness.client(tenant, patient_ids=[self.patient.id], name="Pia Patient")
        self.other = harness.client(tenant, patient_ids=[str(uuid7())])
        self.desk = harness.client(tenant, name="Dora Desk")
        self.nurse = harness.client(tenant, principal_id="nurse-1", name="Nora Nurse")

    @property
    def now(self) -> Any:
        return self.clinic.harness.clock.now()

    def start(self, who: Any, **more: Any) -> pb.Thread:
        return who.call("StartThread", to_patient(self.patient.id, **more))

    def reply(self, who: Any, thread: pb.Thread, text: str = "Thank you") -> pb.Thread:
        return who.call("ReplyToThread", pb.ReplyToThreadRequest(thread_id=thread.thread_id, text=text))

    def inbox(self, who: Any, **filters: Any) -> list[str]:
        found = who.call("ListThreads", pb.ListThreadsRequest(**filters)).threads
        return [each.thread_id for each in found]

    def notices(self) -> list[notifications_pb2.Message]:
        """What was written to the patient because of threads."""
        self.clinic.harness.run_due()
        listing = notifications_pb2.ListMessagesRequest(patient_id=self.patient.id)
        found = self.clinic.staff.call("ListMessages", listing).messages
        return [each for each in found if each.template_code == "thread.message"]


@pytest.fixture
def talk(clinic: Any) -> Talk:
    """People who write to each other."""
    return Talk(clinic)


def test_a_patients_message_is_due_as_the_pool_says_and_an_answer_ends_the_wait(talk: Talk) -> None:
    """Two days in billing; answered, nothing is awaited; asked again, the time begins anew, and asking twice does not put it off."""
    asked = talk.start(talk.own)
    assert instant(asked.due_time) - talk.now == timedelta(days=2)
    assert not talk.reply(talk.desk, asked).HasField("due_time")
    talk.clinic.harness.advance(hours=1)
    again = talk.reply(talk.own, asked)
    talk.clinic.harness.advance(hours=5)
    twice = talk.reply(talk.own, asked, "Hello?")
    assert twice.due_time == again.due_time
    talk.clinic.harness.advance(days=3)
    assert talk.desk.call("GetThread", pb.GetThreadRequest(thread_id=asked.thread_id)).overdue
    assert talk.inbox(talk.desk, overdue_only=True) == [asked.thread_id]


def test_the_patient_hears_that_something_waits_once_and_never_what(talk: Talk) -> None:
    """Two messages before the patient looks are one notice; after they have looked the next one is told again."""
    thread = talk.start(talk.desk, text="Your biopsy is benign.", subject="Your result")
    talk.reply(talk.desk, thread, "One more thing")
    (told,) = talk.notices()
    assert "biopsy" not in told.text + told.subject
    assert "result" not in told.text + told.subject
    talk.own.call("MarkThreadRead", pb.MarkThreadReadRequest(thread_id=thread.thread_id))
    talk.clinic.harness.advance(minutes=1)
    talk.reply(talk.desk, thread, "And another")
    assert len(talk.notices()) == 2
    talk.reply(talk.own, thread)
    assert len(talk.notices()) == 2


def test_what_staff_write_among_themselves_is_not_the_patients(talk: Talk) -> None:
    """A patient's token finds neither the thread nor the phone note, in no list and not by its id."""
    about = talk.start(talk.desk, kind=STAFF, subject="Difficult family")
    note = talk.start(talk.desk, kind=NOTE, pool="", subject="Called about results")
    open_one = talk.start(talk.own)
    assert talk.inbox(talk.own) == [open_one.thread_id]
    assert not talk.inbox(talk.own, closed=True)
    log = pb.ListCommunicationsRequest(patient_id=talk.patient.id)
    assert {each.subject for each in talk.own.call("ListCommunications", log).communications} == {"My bill"}
    for hidden in (about, note):
        with expect_error("NOT_FOUND"):
            talk.own.call("GetThread", pb.GetThreadRequest(thread_id=hidden.thread_id))
        with expect_error("NOT_FOUND"):
            talk.reply(talk.own, hidden)
    assert not talk.notices()


def test_other_patients_see_no_thread(talk: Talk) -> None:
    """Not in the list, not by id, not by the patient's id; and nobody begins one in another's name."""
    thread = talk.start(talk.own)
    assert not talk.inbox(talk.other)
    assert not talk.inbox(talk.other, patient_id=talk.patient.id)
    with expect_error("NOT_FOUND"):
        talk.other.call("MarkThreadRead", pb.MarkThreadReadRequest(thread_id=thread.thread_id))
    with expect_error("NOT_FOUND"):
        talk.start(talk.other)


def test_a_patient_writes_to_pools_that_are_for_patients(talk: Talk) -> None:
    """Neither to one that is not, nor to none, nor to a person; and says no due time."""
    with expect_error("NOT_FOUND"):
        talk.start(talk.own, pool="managers")
    with expect_error("INVALID_INPUT", field="pool"):
        talk.start(talk.own, pool="")
    with expect_error("INVALID_INPUT", field="assignee_id"):
        talk.start(talk.own, assignee_id="nurse-1")
    with expect_error("INVALID_INPUT", field="due_time"):
        talk.start(talk.own, due_time=timestamp(talk.now))
    with expect_error("PERMISSION_DENIED"):
        talk.start(talk.own, kind=STAFF)
    offered = {each.code for each in talk.own.call("ListPools", pb.ListPoolsRequest()).pools}
    assert offered == {"front-desk", "billing", "clinical"}


def test_a_thread_goes_from_a_pool_to_a_person_and_is_counted(talk: Talk) -> None:
    """It is in the pool's inbox, then in the nurse's; counts say how many are open and how many are late."""
    thread = talk.start(talk.own)
    assert talk.inbox(talk.nurse, pool="billing") == [thread.thread_id]
    due = talk.now + timedelta(hours=1)
    given = talk.desk.call(
        "AssignThread",
        pb.AssignThreadRequest(
            thread_id=thread.thread_id,
            pool="clinical",
            assignee_id="nurse-1",
            assignee_name="Nora Nurse",
            due_time=timestamp(due),
            version=thread.version,
        ),
    )
    assert (given.assignee_name, instant(given.due_time)) == ("Nora Nurse", due)
    assert talk.inbox(talk.nurse, assignee_id="nurse-1") == [thread.thread_id]
    assert not talk.inbox(talk.nurse, pool="billing")
    talk.clinic.harness.advance(hours=2)
    counted = talk.nurse.call("CountThreads", pb.CountThreadsRequest())
    assert (counted.mine.open, counted.mine.overdue) == (1, 1)
    assert {each.pool: (each.open, each.overdue) for each in counted.pools} == {"clinical": (1, 1)}
    with expect_error("STALE_VERSION"):
        talk.desk.call("CloseThread", pb.CloseThreadRequest(thread_id=thread.thread_id, version=thread.version))
    talk.nurse.call("CloseThread", pb.CloseThreadRequest(thread_id=thread.thread_id, version=given.version))
    assert talk.nurse.call("CountThreads", pb.CountThreadsRequest()).mine.open == 0
    assert talk.inbox(talk.nurse, closed=True) == [thread.thread_id]
    talk.reply(talk.own, thread, "It is back")
    assert talk.inbox(talk.nurse) == [thread.thread_id]


def test_a_phone_note_is_a_record_unless_somebody_is_to_act(talk: Talk) -> None:
    """For nobody it is closed at once; for a pool it waits there with its time."""
    record = talk.start(talk.desk, kind=NOTE, pool="", caller_name="Her sister", caller_phone="212 555 0199")
    assert (record.state, record.caller_name) == (pb.THREAD_STATE_CLOSED, "Her sister")
    waiting = talk.start(talk.desk, kind=NOTE, pool="clinical")
    assert (waiting.state, instant(waiting.due_time) - talk.now) == (pb.THREAD_STATE_OPEN, timedelta(days=1))


def test_who_has_read_is_known_of_each_side(talk: Talk) -> None:
    """A message is unread by the side that did not write it until that side has looked."""
    thread = talk.start(talk.own)
    get = pb.GetThreadRequest(thread_id=thread.thread_id)
    assert talk.desk.call("GetThread", get).unread
    assert not talk.own.call("GetThread", get).unread
    assert not talk.desk.call("MarkThreadRead", pb.MarkThreadReadRequest(thread_id=thread.thread_id)).unread
    talk.clinic.harness.advance(minutes=1)
    answered = talk.reply(talk.desk, thread)
    assert not answered.read_by_patient
    assert talk.own.call("GetThread", get).unread
    talk.own.call("MarkThreadRead", pb.MarkThreadReadRequest(thread_id=thread.thread_id))
    assert talk.desk.call("GetThread", get).read_by_patient


def test_the_log_has_all_that_passed_newest_first_page_by_page(talk: Talk) -> None:
    """Reminders sent, answers by text, threads and notes in one order, each once, however small the pages are."""
    talk.clinic.book(talk.patient, talk.clinic.now + timedelta(days=3))
    talk.clinic.harness.run_due()
    talk.clinic.harness.advance(minutes=1)
    talk.start(talk.own)
    talk.clinic.harness.advance(minutes=1)
    talk.start(talk.desk, kind=NOTE, pool="")
    token, found = "", []
    while True:
        request = pb.ListCommunicationsRequest(patient_id=talk.patient.id, page_size=1, page_token=token)
        answer = talk.desk.call("ListCommunications", request)
        found += answer.communications
        token = answer.next_page_token
        if not token:
            break
    times = [instant(each.at) for each in found]
    assert times == sorted(times, reverse=True)
    assert len({each.communication_id for each in found}) == len(found)
    assert [each.kind for each in found[:2]] == [
        pb.COMMUNICATION_KIND_PHONE_NOTE,
        pb.COMMUNICATION_KIND_PATIENT_THREAD,
    ]
    assert pb.COMMUNICATION_KIND_SENT in {each.kind for each in found[2:]}


def test_a_tenants_own_pool_stands_in_place_of_the_standard_one(talk: Talk) -> None:
    """Another answering time counts for new messages; a pool that is not active takes none."""
    talk.desk.call("PutPool", pool(code="billing", answer_minutes=60, for_patients=True))
    assert instant(talk.start(talk.own).due_time) - talk.now == timedelta(hours=1)
    talk.desk.call("PutPool", pool(code="billing", active=False, for_patients=True))
    with expect_error("NOT_FOUND"):
        talk.start(talk.desk, kind=STAFF)
