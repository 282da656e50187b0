"""One example of every RPC of conversations, for the set tests."""

from __future__ import annotations

from typing import Any

from polyclinic.notifications.v1 import conversations_pb2 as pb

from chassis.testing import Case


def to_patient(patient_id: str, **more: Any) -> pb.StartThreadRequest:
    """Staff and patient write to each other."""
    return pb.StartThreadRequest(
        patient_id=patient_id,
        kind=more.pop("kind", pb.THREAD_KIND_PATIENT),
        subject=more.pop("subject", "My bill"),
        text=more.pop("text", "Why was I charged twice?"),
        pool=more.pop("pool", "billing"),
        **more,
    )


def world(staff: Any, patient_id: str) -> dict[str, str]:
    """A thread with the patient, one about them that is closed, a phone note, a pool of the tenant's own."""
    thread = staff.call("StartThread", to_patient(patient_id))
    about = staff.call("StartThread", to_patient(patient_id, kind=pb.THREAD_KIND_STAFF, subject="Call back"))
    staff.call("CloseThread", pb.CloseThreadRequest(thread_id=about.thread_id))
    staff.call("StartThread", to_patient(patient_id, kind=pb.THREAD_KIND_PHONE_NOTE, pool="", caller_phone="0142"))
    staff.call("PutPool", pool())
    return {"thread": thread.thread_id, "closed_thread": about.thread_id}


def pool(**more: Any) -> pb.PutPoolRequest:
    """A pool of the tenant's own."""
    return pb.PutPoolRequest(
        code=more.pop("code", "referrals"),
        name_en="Referrals",
        answer_minutes=more.pop("answer_minutes", 120),
        for_patients=more.pop("for_patients", False),
        active=more.pop("active", True),
    )


CASES = {
    "StartThread": Case(lambda w: to_patient(w.patient)),
    "ReplyToThread": Case(
        lambda w: pb.ReplyToThreadRequest(thread_id=w.thread, text="We look at it."), names_resource=True
    ),
    "ListThreads": Case(lambda w: pb.ListThreadsRequest()),
    "GetThread": Case(lambda w: pb.GetThreadRequest(thread_id=w.thread), names_resource=True),
    "MarkThreadRead": Case(lambda w: pb.MarkThreadReadRequest(thread_id=w.thread), names_resource=True),
    "AssignThread": Case(lambda w: pb.AssignThreadRequest(thread_id=w.thread, pool="front-desk"), names_resource=True),
    "CloseThread": Case(lambda w: pb.CloseThreadRequest(thread_id=w.thread), names_resource=True),
    "ReopenThread": Case(lambda w: pb.ReopenThreadRequest(thread_id=w.closed_thread), names_resource=True),
    "CountThreads": Case(lambda w: pb.CountThreadsRequest()),
    "ListCommunications": Case(lambda w: pb.ListCommunicationsRequest(patient_id=w.patient)),
    "ListPools": Case(lambda w: pb.ListPoolsRequest()),
    "PutPool": Case(lambda w: pool()),
}
