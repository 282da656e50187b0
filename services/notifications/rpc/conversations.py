"""Conversations over RPC."""

from __future__ import annotations

from collections.abc import Iterable

from polyclinic.notifications.v1 import conversations_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier, optional_instant, timestamp
from notifications.domain.conversations import NEVER, is_overdue
from notifications.domain.vocabulary import ThreadKind, ThreadState
from notifications.rpc.words import to_enum, to_word
from notifications.store_conversations import Communication, Inbox
from notifications.tables_conversations import Thread, ThreadMessage
from notifications.usecases import conversations
from notifications.usecases.conversations import NewThread, PoolFacts
from notifications.usecases.outside import Outside

COMMUNICATIONS = {
    "sent": pb.COMMUNICATION_KIND_SENT,
    "answer": pb.COMMUNICATION_KIND_ANSWER,
    ThreadKind.PATIENT.value: pb.COMMUNICATION_KIND_PATIENT_THREAD,
    ThreadKind.STAFF.value: pb.COMMUNICATION_KIND_STAFF_THREAD,
    ThreadKind.PHONE_NOTE.value: pb.COMMUNICATION_KIND_PHONE_NOTE,
}


class ConversationsRpc:
    """Every RPC of polyclinic.notifications.v1.Conversations."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def StartThread(self, request: pb.StartThreadRequest, call: Call) -> pb.Thread:
        new = NewThread(
            patient_id=identifier(request.patient_id),
            kind=to_word(ThreadKind, pb.ThreadKind, "THREAD_KIND", request.kind),
            subject=request.subject,
            text=request.text,
            pool=request.pool,
            assignee_id=request.assignee_id,
            assignee_name=request.assignee_name,
            due_at=optional_instant(request.due_time) if request.HasField("due_time") else None,
            urgent=request.urgent,
            caller_name=request.caller_name,
            caller_phone=request.caller_phone,
        )
        return _thread(call, conversations.start(call, self._outside, new))

    def ReplyToThread(self, request: pb.ReplyToThreadRequest, call: Call) -> pb.Thread:
        found = conversations.reply(call, self._outside, identifier(request.thread_id, "thread_id"), request.text)
        return _thread(call, found)

    def ListThreads(self, request: pb.ListThreadsRequest, call: Call) -> pb.ListThreadsResponse:
        inbox = Inbox(
            patient_id=optional_identifier(request.patient_id, "patient_id"),
            pool=request.pool,
            assignee_id=request.assignee_id,
            closed=request.closed,
            due_before=call.now if request.overdue_only else None,
        )
        found, token = conversations.listed(call, inbox, request.page_size, request.page_token)
        return pb.ListThreadsResponse(threads=[_thread(call, row) for row in found], next_page_token=token)

    def GetThread(self, request: pb.GetThreadRequest, call: Call) -> pb.Thread:
        thread, messages = conversations.get(call, identifier(request.thread_id, "thread_id"))
        return _thread(call, thread, messages)

    def MarkThreadRead(self, request: pb.MarkThreadReadRequest, call: Call) -> pb.Thread:
        return _thread(call, conversations.mark_read(call, identifier(request.thread_id, "thread_id")))

    def AssignThread(self, request: pb.AssignThreadRequest, call: Call) -> pb.Thread:
        found = conversations.assign(
            call,
            identifier(request.thread_id, "thread_id"),
            request.pool,
            request.assignee_id,
            request.assignee_name,
            optional_instant(request.due_time) if request.HasField("due_time") else None,
            request.version,
        )
        return _thread(call, found)

    def CloseThread(self, request: pb.CloseThreadRequest, call: Call) -> pb.Thread:
        return _thread(call, conversations.close(call, identifier(request.thread_id, "thread_id"), request.version))

    def ReopenThread(self, request: pb.ReopenThreadRequest, call: Call) -> pb.Thread:
        return _thread(call, conversations.reopen(call, identifier(request.thread_id, "thread_id"), request.version))

    def CountThreads(self, _request: pb.CountThreadsRequest, call: Call) -> pb.CountThreadsResponse:
        mine, pools = conversations.counts(call)
        return pb.CountThreadsResponse(
            mine=pb.ThreadCount(open=mine[0], overdue=mine[1]),
            pools=[pb.ThreadCount(pool=pool, open=many, overdue=late) for pool, (many, late) in sorted(pools.items())],
        )

    def ListCommunications(self, request: pb.ListCommunicationsRequest, call: Call) -> pb.ListCommunicationsResponse:
        found, token = conversations.communications(
            call, identifier(request.patient_id), request.page_size, request.page_token
        )
        return pb.ListCommunicationsResponse(communications=map(_communication, found), next_page_token=token)

    def ListPools(self, _request: pb.ListPoolsRequest, call: Call) -> pb.ListPoolsResponse:
        return pb.ListPoolsResponse(pools=map(_pool, conversations.pools(call)))

    def PutPool(self, request: pb.PutPoolRequest, call: Call) -> pb.Pool:
        facts = PoolFacts(
            request.code,
            request.name_en,
            request.name_es,
            request.answer_minutes,
            request.for_patients,
            request.active,
        )
        return _pool(conversations.put_pool(call, facts))


def _thread(call: Call, row: Thread, messages: Iterable[ThreadMessage] = ()) -> pb.Thread:
    state = ThreadState(row.state)
    return pb.Thread(
        thread_id=str(row.id),
        patient_id=str(row.patient_id),
        kind=to_enum(pb.ThreadKind, "THREAD_KIND", row.kind),
        state=to_enum(pb.ThreadState, "THREAD_STATE", row.state),
        subject=row.subject,
        pool=row.pool,
        assignee_id=row.assignee_id,
        assignee_name=row.assignee_name,
        due_time=timestamp(row.due_at) if row.due_at < NEVER else None,
        overdue=is_overdue(state, row.due_at, call.now),
        urgent=row.urgent,
        caller_name=row.caller_name,
        caller_phone=row.caller_phone,
        started_by=row.started_by,
        started_by_patient=row.started_by_patient,
        started_at=timestamp(row.started_at),
        last_message_at=timestamp(row.last_message_at),
        last_author=row.last_author,
        last_by_patient=row.last_by_patient,
        message_count=row.message_count,
        unread=conversations.is_unread(call, row),
        read_by_patient=conversations.is_read_by_patient(row),
        version=row.version,
        closed_at=timestamp(row.closed_at),
        closed_by=row.closed_by,
        messages=[
            pb.ThreadMessage(
                message_id=str(each.id),
                by_patient=each.by_patient,
                author_id=each.author_id,
                author_name=each.author_name,
                text=each.text,
                sent_at=timestamp(each.sent_at),
            )
            for each in messages
        ],
    )


def _communication(one: Communication) -> pb.Communication:
    return pb.Communication(
        communication_id=str(one.id),
        kind=COMMUNICATIONS[one.kind],
        at=timestamp(one.at),
        subject=one.subject,
        text=one.text,
        author=one.author,
        by_patient=one.by_patient,
        thread_id=str(one.thread_id or ""),
        status=one.status,
    )


def _pool(one: PoolFacts) -> pb.Pool:
    return pb.Pool(
        code=one.code,
        name_en=one.name_en,
        name_es=one.name_es,
        answer_minutes=one.answer_minutes,
        for_patients=one.for_patients,
        active=one.active,
        version=one.version,
    )
