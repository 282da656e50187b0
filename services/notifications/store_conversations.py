"""Queries of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, BaseStore, make_token, read_token
from notifications.domain.conversations import NEVER
from notifications.domain.vocabulary import ThreadState
from notifications.tables_conversations import Pool, Thread, ThreadMessage

# What passed between a patient and the clinic: each kind's newest by its own index, put together.
_COMMUNICATIONS = text(
    """
    select * from (
        (select id, created_at as at, 'sent' as kind, subject, text, channel as author, false as by_patient,
                cast(null as uuid) as thread_id, status
         from message where tenant_id = :tenant_id and patient_id = :patient_id and (created_at, id) < (:at, :id)
         order by created_at desc, id desc limit :size)
        union all
        (select r.id, r.received_at, 'answer', '', r.text, r.sender, true, null, ''
         from reply r where r.tenant_id = :tenant_id and (r.received_at, r.id) < (:at, :id)
             and r.id in (select v.reply_id from reply_visit v
                          where v.tenant_id = :tenant_id and v.patient_id = :patient_id)
         order by r.received_at desc, r.id desc limit :size)
        union all
        (select m.id, m.sent_at, t.kind, t.subject, m.text, m.author_name, m.by_patient, m.thread_id, ''
         from thread_message m join thread t on t.tenant_id = m.tenant_id and t.id = m.thread_id
         where m.tenant_id = :tenant_id and m.patient_id = :patient_id and (m.sent_at, m.id) < (:at, :id)
         order by m.sent_at desc, m.id desc limit :size)
    ) as passed order by at desc, id desc limit :size
    """
)


@dataclass(frozen=True, slots=True)
class Communication:
    """One thing that passed between a patient and the clinic."""

    id: UUID
    at: datetime
    kind: str
    subject: str
    text: str
    author: str
    by_patient: bool
    thread_id: UUID | None
    status: str


@dataclass(frozen=True, slots=True)
class Inbox:
    """Which threads: empty means all."""

    patient_id: UUID | None = None
    pool: str = ""
    assignee_id: str = ""
    closed: bool = False
    due_before: datetime | None = None


class ConversationStore(BaseStore):
    """Queries of one transaction."""

    def threads(self, inbox: Inbox, page_size: int, page_token: str) -> tuple[list[Thread], str]:
        """A page of threads: of a patient and the closed ones by their last message, an inbox by what is due first."""
        state = ThreadState.CLOSED if inbox.closed else ThreadState.OPEN
        query = select(Thread).where(Thread.tenant_id == self.tenant_id, Thread.state == state.value)
        if inbox.patient_id is not None:
            query = query.where(Thread.patient_id == inbox.patient_id)
        if inbox.pool:
            query = query.where(Thread.pool == inbox.pool)
        if inbox.assignee_id:
            query = query.where(Thread.assignee_id == inbox.assignee_id)
        if inbox.due_before is not None:
            query = query.where(Thread.due_at < inbox.due_before)
        if inbox.closed or inbox.patient_id is not None:
            return self.page(query, [Thread.last_message_at, Thread.id], page_size, page_token, descending=True)
        return self.page(query, [Thread.due_at, Thread.id], page_size, page_token)

    def messages(self, thread_id: UUID) -> list[ThreadMessage]:
        """A thread's messages, oldest first (there are at most as many as a thread takes)."""
        query = (
            select(ThreadMessage)
            .where(ThreadMessage.tenant_id == self.tenant_id, ThreadMessage.thread_id == thread_id)
            .order_by(ThreadMessage.id)
        )
        return list(self.session.scalars(query))

    def counts(self, assignee_id: str, now: datetime) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
        """(open, overdue) of one person, and of each pool."""
        overdue = func.count().filter(Thread.due_at < now)
        is_open = (Thread.tenant_id == self.tenant_id, Thread.state == ThreadState.OPEN.value)
        mine = self.session.execute(select(func.count(), overdue).where(*is_open, Thread.assignee_id == assignee_id))
        pools = select(Thread.pool, func.count(), overdue).where(*is_open, Thread.pool != "").group_by(Thread.pool)
        found = {pool: (many, late) for pool, many, late in self.session.execute(pools)}
        many, late = mine.one()
        return (many, late), found

    def pool(self, code: str) -> Pool | None:
        """A pool of the tenant's own."""
        return self.session.get(Pool, (self.tenant_id, code))

    def pools(self) -> Sequence[Pool]:
        """The pools of the tenant's own."""
        return list(self.session.scalars(select(Pool).where(Pool.tenant_id == self.tenant_id)))

    def communications(self, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Communication], str]:
        """A page of all that passed between a patient and the clinic, the newest first. Raises InvalidInput."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        at, last = read_token(page_token, 2) if page_token else (NEVER, UUID(int=2**128 - 1))
        values = {"tenant_id": self.tenant_id, "patient_id": patient_id, "size": size + 1, "at": at, "id": last}
        found = [Communication(*row) for row in self.session.execute(_COMMUNICATIONS, values)]
        if len(found) <= size:
            return found, ""
        found = found[:size]
        return found, make_token([found[-1].at, found[-1].id])
