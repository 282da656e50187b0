"""Conversations: who is awaited, until when, and whose eyes have seen what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from notifications.domain.vocabulary import ThreadKind, ThreadState

# When a thread is due in which nothing is awaited of staff.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# A thread that is longer is a record nobody reads; another one is begun.
MOST_MESSAGES = 300


@dataclass(frozen=True, slots=True)
class StandardPool:
    """A pool that every tenant has until it makes its own of the code."""

    code: str
    name_en: str
    name_es: str
    answer_minutes: int
    for_patients: bool


HOUR, DAY = 60, 24 * 60
STANDARD_POOLS = (
    StandardPool("front-desk", "Front desk", "Recepción", 8 * HOUR, True),
    StandardPool("billing", "Billing", "Facturación", 2 * DAY, True),
    StandardPool("clinical", "Clinical team", "Equipo clínico", DAY, True),
    StandardPool("managers", "Managers", "Gerencia", 2 * DAY, False),
)


def due_at_start(
    kind: ThreadKind, by_patient: bool, given: datetime | None, for_somebody: bool, now: datetime, answer_minutes: int
) -> datetime:
    """When a new thread is due for staff: as given, else by the pool; never when nobody of staff is awaited."""
    if given is not None:
        return given
    awaited = by_patient or (kind is not ThreadKind.PATIENT and for_somebody)
    return now + timedelta(minutes=answer_minutes) if awaited else NEVER


def state_at_start(kind: ThreadKind, for_somebody: bool, due_at: datetime) -> ThreadState:
    """A phone note that is for nobody and not due is a note for the record: closed."""
    note = kind is ThreadKind.PHONE_NOTE and not for_somebody and due_at == NEVER
    return ThreadState.CLOSED if note else ThreadState.OPEN


def due_after_reply(
    kind: ThreadKind, by_patient: bool, due_at: datetime, now: datetime, answer_minutes: int
) -> datetime:
    """When a thread is due once somebody has written in it: a patient's message awaits an answer, an answer ends the wait.

    A patient who writes again before they were answered does not put the answer off.
    """
    if kind is not ThreadKind.PATIENT:
        return due_at
    return min(due_at, now + timedelta(minutes=answer_minutes)) if by_patient else NEVER


def is_overdue(state: ThreadState, due_at: datetime, now: datetime) -> bool:
    """Whether staff are late."""
    return state is ThreadState.OPEN and due_at < now


def is_unread(last_message_at: datetime, own: bool, read_at: datetime | None) -> bool:
    """Whether a side has not seen the last message; what one has written oneself one has read."""
    return not own and (read_at is None or read_at < last_message_at)
