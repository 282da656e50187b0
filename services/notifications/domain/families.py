"""Which visits an answer is for, when one number serves a family.

Every visit that this number was asked about and that is still to come is pending. When they agree (one visit, or several on
the same local day at the same place: the family's one trip) the answer goes for all of them. Otherwise we ask which,
numbered, and understand the numbers that come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from notifications.domain.replies import MAX_CHOICE, Answer
from notifications.domain.vocabulary import Meaning

VISIT_INTENTS = frozenset({Meaning.CONFIRM, Meaning.RESCHEDULE, Meaning.CANCEL_VISIT})


@dataclass(frozen=True)
class PendingVisit:
    """A coming visit that the number was asked about."""

    appointment_id: UUID
    patient_id: UUID
    location_id: UUID
    start_time: datetime
    zone: ZoneInfo
    confirmed: bool


@dataclass(frozen=True)
class Question:
    """Our open question to a number: what was wanted, and the visits in the order of their numbers (1, 2, …)."""

    intent: Meaning
    appointment_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Apply:
    """The answer holds for these visits."""

    intent: Meaning
    visits: tuple[PendingVisit, ...]


@dataclass(frozen=True)
class Ask:
    """Ask which of these visits is meant (numbered from 1)."""

    intent: Meaning
    visits: tuple[PendingVisit, ...]


@dataclass(frozen=True)
class NothingPending:
    """There is no visit to answer about."""


@dataclass(frozen=True)
class NotClear:
    """The numbers do not fit any question of ours."""


Outcome = Apply | Ask | NothingPending | NotClear


def settle(answer: Answer, visits: Sequence[PendingVisit], question: Question | None) -> Outcome:
    """What to do with an answer about visits (CONFIRM, RESCHEDULE, CANCEL_VISIT or CHOICE).

    `question` is the open one of this number, if any; visits that it named and that are no longer pending keep their
    number but are left out.
    """
    if answer.meaning is Meaning.CHOICE and question is None:
        return NotClear()
    if not visits:
        return NothingPending()
    intent = answer.meaning if answer.meaning in VISIT_INTENTS or question is None else question.intent
    if answer.choices or answer.all_of_them:
        return _chosen(intent, answer, visits, question)
    open_visits = _still_open(intent, visits)
    return Apply(intent, open_visits) if agree(open_visits) else Ask(intent, open_visits[:MAX_CHOICE])


def agree(visits: Sequence[PendingVisit]) -> bool:
    """Whether one answer can stand for all: one visit, or all on the same local day at the same place."""
    return len({(visit.start_time.astimezone(visit.zone).date(), visit.location_id) for visit in visits}) <= 1


def in_order(visits: Sequence[PendingVisit]) -> tuple[PendingVisit, ...]:
    """By time; the order in which they are numbered."""
    return tuple(sorted(visits, key=lambda visit: (visit.start_time, visit.appointment_id)))


def _still_open(intent: Meaning, visits: Sequence[PendingVisit]) -> tuple[PendingVisit, ...]:
    """A confirmation is for what is not confirmed yet, as long as there is such a visit."""
    unconfirmed = [visit for visit in visits if not visit.confirmed]
    return in_order(unconfirmed if intent is Meaning.CONFIRM and unconfirmed else visits)


def _chosen(
    intent: Meaning, answer: Answer, visits: Sequence[PendingVisit], question: Question | None
) -> Apply | Ask | NothingPending | NotClear:
    by_id = {visit.appointment_id: visit for visit in visits}
    if question is not None:
        numbered = question.appointment_ids
    else:
        numbered = tuple(visit.appointment_id for visit in _still_open(intent, visits))
        if answer.choices:
            # "C 1" without a question of ours: the number means nothing, the letter does.
            return (
                Apply(intent, in_order(visits))
                if agree(visits)
                else Ask(intent, _still_open(intent, visits)[:MAX_CHOICE])
            )
    if any(number > len(numbered) for number in answer.choices):
        return NotClear()
    wanted = numbered if answer.all_of_them else [numbered[number - 1] for number in answer.choices]
    chosen = tuple(by_id[appointment_id] for appointment_id in wanted if appointment_id in by_id)
    return Apply(intent, chosen) if chosen else NothingPending()
