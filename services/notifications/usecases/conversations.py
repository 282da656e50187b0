"""Conversations: threads with patients and about them, phone notes, pools."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, PermissionDenied, Violation
from chassis.ids import NIL
from notifications.domain import conversations as rules
from notifications.domain.conversations import MOST_MESSAGES, NEVER, STANDARD_POOLS
from notifications.domain.vocabulary import ThreadKind, ThreadState
from notifications.store_conversations import Communication, ConversationStore, Inbox
from notifications.tables_conversations import Pool, Thread, ThreadMessage
from notifications.usecases.notices import plan_thread_message
from notifications.usecases.outside import Outside

PATIENT = "patient"
DEFAULT_ANSWER_MINUTES = 24 * 60


class ThreadFull(FailedPrecondition):
    """What is kept of one thread has its limit, so that reading it has one."""

    reason = "TOO_MANY"
    message = "This conversation has become very long. Please begin a new one."


@dataclass(frozen=True, slots=True)
class NewThread:
    """A thread as it is begun. `due_at` None: as the pool says."""

    patient_id: UUID
    kind: ThreadKind
    subject: str
    text: str
    pool: str = ""
    assignee_id: str = ""
    assignee_name: str = ""
    due_at: datetime | None = None
    urgent: bool = False
    caller_name: str = ""
    caller_phone: str = ""


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool, the tenant's own or a standard one; version 0 for the latter."""

    code: str
    name_en: str
    name_es: str
    answer_minutes: int
    for_patients: bool
    active: bool = True
    version: int = 0


def start(call: Call, outside: Outside, new: NewThread) -> Thread:
    """Begins a thread with its first message. Raises NotFound, InvalidInput, PermissionDenied."""
    store, by_patient = ConversationStore(call.session), call.principal.kind == PATIENT
    if by_patient:
        _check_patient(call, new)
    if new.kind is ThreadKind.STAFF and not (new.pool or new.assignee_id):
        raise InvalidInput([Violation("pool", "is needed, or somebody it is for")])
    if new.pool:
        need_pool(store, new.pool, by_patient)
    for_somebody = bool(new.pool or new.assignee_id)
    due_at = rules.due_at_start(
        new.kind, by_patient, new.due_at, for_somebody, call.now, _answer_minutes(store, new.pool)
    )
    state = rules.state_at_start(new.kind, for_somebody, due_at)
    thread = Thread(
        id=call.new_id(),
        patient_id=new.patient_id,
        shared_with=new.patient_id if new.kind is ThreadKind.PATIENT else NIL,
        kind=new.kind.value,
        state=state.value,
        subject=new.subject.strip(),
        pool=new.pool,
        assignee_id=new.assignee_id,
        assignee_name=new.assignee_name,
        due_at=due_at,
        urgent=new.urgent and not by_patient,
        caller_name=new.caller_name,
        caller_phone=new.caller_phone,
        started_by=_author(call),
        started_by_patient=by_patient,
        started_at=call.now,
        message_count=0,
        read_by_staff_at=None,
        read_by_patient_at=None,
        notices=0,
        closed_at=call.now if state is ThreadState.CLOSED else None,
        closed_by=_author(call) if state is ThreadState.CLOSED else "",
        last_message_at=call.now,
        last_author_id=call.principal.id,
        last_author=_author(call),
        last_by_patient=by_patient,
    )
    store.add(thread)
    _say(call, outside, store, thread, new.text)
    return thread


def reply(call: Call, outside: Outside, thread_id: UUID, text: str) -> Thread:
    """Adds a message; a closed thread opens again. Raises NotFound, ThreadFull."""
    store, by_patient = ConversationStore(call.session), call.principal.kind == PATIENT
    thread = store.lock(Thread, thread_id, "thread")
    if thread.message_count >= MOST_MESSAGES:
        raise ThreadFull
    thread.due_at = rules.due_after_reply(
        ThreadKind(thread.kind), by_patient, thread.due_at, call.now, _answer_minutes(store, thread.pool)
    )
    thread.state, thread.closed_at, thread.closed_by = ThreadState.OPEN.value, None, ""
    _say(call, outside, store, thread, text)
    return thread


def listed(call: Call, inbox: Inbox, page_size: int, page_token: str) -> tuple[list[Thread], str]:
    """A page of threads: an inbox by what is due first, a patient's by what was said last."""
    return ConversationStore(call.session).threads(inbox, page_size, page_token)


def get(call: Call, thread_id: UUID) -> tuple[Thread, list[ThreadMessage]]:
    """One thread with its messages. Raises NotFound."""
    store = ConversationStore(call.session)
    thread = store.need(Thread, thread_id, "thread")
    return thread, store.messages(thread_id)


def mark_read(call: Call, thread_id: UUID) -> Thread:
    """The caller's side has read the thread. Raises NotFound."""
    thread = ConversationStore(call.session).lock(Thread, thread_id, "thread")
    if is_unread(call, thread):
        if call.principal.kind == PATIENT:
            thread.read_by_patient_at = call.now
        else:
            thread.read_by_staff_at = call.now
        call.session.flush()
    return thread


def assign(
    call: Call,
    thread_id: UUID,
    pool: str,
    assignee_id: str,
    assignee_name: str,
    due_at: datetime | None,
    version: int,
) -> Thread:
    """Gives a thread to a pool or a person. Raises NotFound, StaleVersion."""
    store, thread = _locked(call, thread_id, version)
    need_pool(store, pool, False)
    thread.pool, thread.assignee_id, thread.assignee_name = pool, assignee_id, assignee_name
    if due_at is not None:
        thread.due_at = due_at
    call.session.flush()
    return thread


def close(call: Call, thread_id: UUID, version: int) -> Thread:
    """Nothing is to be done any more. Raises NotFound, StaleVersion."""
    _, thread = _locked(call, thread_id, version)
    if thread.state != ThreadState.CLOSED.value:
        thread.state, thread.due_at = ThreadState.CLOSED.value, NEVER
        thread.closed_at, thread.closed_by = call.now, _author(call)
        call.session.flush()
    return thread


def reopen(call: Call, thread_id: UUID, version: int) -> Thread:
    """There is something to do after all; it is due as the pool says. Raises NotFound, StaleVersion."""
    store, thread = _locked(call, thread_id, version)
    if thread.state != ThreadState.OPEN.value:
        thread.state, thread.closed_at, thread.closed_by = ThreadState.OPEN.value, None, ""
        thread.due_at = rules.due_at_start(
            ThreadKind.STAFF, True, None, True, call.now, _answer_minutes(store, thread.pool)
        )
        call.session.flush()
    return thread


def counts(call: Call) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
    """(open, overdue) of the caller, and of each pool."""
    return ConversationStore(call.session).counts(call.principal.id, call.now)


def communications(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Communication], str]:
    """A page of all that passed between a patient and the clinic. Raises InvalidInput."""
    return ConversationStore(call.session).communications(patient_id, page_size, page_token)


def pools(call: Call) -> list[PoolFacts]:
    """Every pool, the tenant's own in place of standard ones of their code; a patient sees those they may write to."""
    store = ConversationStore(call.session)
    own = {row.code: _facts(row) for row in store.pools()}
    found = {**{each.code: _standard(each) for each in STANDARD_POOLS}, **own}
    for_patient = call.principal.kind == PATIENT
    listed = [each for each in found.values() if not for_patient or (each.active and each.for_patients)]
    return sorted(listed, key=lambda each: each.name_en)


def put_pool(call: Call, facts: PoolFacts) -> PoolFacts:
    """Makes or changes a pool."""
    store = ConversationStore(call.session)
    row = store.pool(facts.code) or Pool(code=facts.code)
    row.name_en, row.name_es, row.answer_minutes = facts.name_en, facts.name_es, facts.answer_minutes
    row.for_patients, row.active = facts.for_patients, facts.active
    return _facts(store.add(row))


def need_pool(store: ConversationStore, code: str, for_patient: bool) -> PoolFacts:
    """An active pool; for a patient one that they may write to. Raises NotFound."""
    found = find_pool(store, code)
    if found is None or not found.active or (for_patient and not found.for_patients):
        raise NotFound("pool")
    return found


def find_pool(store: ConversationStore, code: str) -> PoolFacts | None:
    """A pool of the tenant's own, else the standard one."""
    row = store.pool(code)
    if row is not None:
        return _facts(row)
    return next((_standard(each) for each in STANDARD_POOLS if each.code == code), None)


def is_unread(call: Call, thread: Thread) -> bool:
    """Whether the caller's side has not read the last message."""
    if call.principal.kind == PATIENT:
        return rules.is_unread(thread.last_message_at, thread.last_by_patient, thread.read_by_patient_at)
    own = thread.last_author_id == call.principal.id or (
        thread.kind == ThreadKind.PATIENT.value and not thread.last_by_patient
    )
    return rules.is_unread(thread.last_message_at, own, thread.read_by_staff_at)


def is_read_by_patient(thread: Thread) -> bool:
    """Whether the patient has seen the last message."""
    return not rules.is_unread(thread.last_message_at, thread.last_by_patient, thread.read_by_patient_at)


# ---- parts


def _check_patient(call: Call, new: NewThread) -> None:
    if new.kind is not ThreadKind.PATIENT:
        raise PermissionDenied("A patient writes to staff.")
    if new.patient_id not in call.principal.patient_ids:
        raise NotFound("patient")
    if not new.pool:
        raise InvalidInput([Violation("pool", "is required")])
    given = {"assignee_id": new.assignee_id, "caller_name": new.caller_name, "caller_phone": new.caller_phone}
    wrong = [Violation(field, "is for staff to say") for field, value in given.items() if value]
    if new.due_at is not None:
        wrong.append(Violation("due_time", "is for staff to say"))
    if wrong:
        raise InvalidInput(wrong)


def _say(call: Call, outside: Outside, store: ConversationStore, thread: Thread, text: str) -> None:
    """Writes a message into a locked (or new) thread; the patient hears that something waits, once until they look."""
    by_patient = call.principal.kind == PATIENT
    told_already = not is_read_by_patient(thread) and thread.notices > 0
    store.add(
        ThreadMessage(
            id=call.new_id(),
            thread_id=thread.id,
            patient_id=thread.patient_id,
            shared_with=thread.shared_with,
            by_patient=by_patient,
            author_id=call.principal.id,
            author_name=_author(call),
            text=text.strip(),
            sent_at=call.now,
        )
    )
    thread.message_count += 1
    thread.last_message_at, thread.last_by_patient = call.now, by_patient
    thread.last_author_id, thread.last_author = call.principal.id, _author(call)
    if thread.kind == ThreadKind.PATIENT.value and not by_patient and not told_already:
        thread.notices += 1
        plan_thread_message(call, outside, thread.id, thread.patient_id, thread.notices)
    call.touch(thread.patient_id)
    call.session.flush()


def _locked(call: Call, thread_id: UUID, version: int) -> tuple[ConversationStore, Thread]:
    store = ConversationStore(call.session)
    thread = store.lock(Thread, thread_id, "thread")
    call.expect_version(thread.version, version)
    call.touch(thread.patient_id)
    return store, thread


def _author(call: Call) -> str:
    return call.principal.name or call.principal.id


def _answer_minutes(store: ConversationStore, code: str) -> int:
    found = find_pool(store, code) if code else None
    return found.answer_minutes if found else DEFAULT_ANSWER_MINUTES


def _facts(row: Pool) -> PoolFacts:
    return PoolFacts(row.code, row.name_en, row.name_es, row.answer_minutes, row.for_patients, row.active, row.version)


def _standard(each: rules.StandardPool) -> PoolFacts:
    return PoolFacts(each.code, each.name_en, each.name_es, each.answer_minutes, each.for_patients)
