"""When the door of a room is open, and who goes straight in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from telehealth.domain.vocabulary import ParticipantState, Role, SessionStatus


@dataclass(frozen=True)
class Window:
    """The door is open from ``opens_at`` (included) until ``closes_at`` (excluded); aware UTC."""

    opens_at: datetime
    closes_at: datetime

    def contains(self, at: datetime) -> bool:
        """Whether the door is open at `at`."""
        return self.opens_at <= at < self.closes_at


def window(start: datetime, end: datetime, before_minutes: int, after_minutes: int) -> Window:
    """The window around a visit from `start` to `end`."""
    return Window(start - timedelta(minutes=before_minutes), end + timedelta(minutes=after_minutes))


def state_on_joining(role: Role, admitted_before: bool) -> ParticipantState:
    """Clinicians go in; patients and guests wait, unless they had been admitted and come back."""
    return ParticipantState.ADMITTED if role is Role.CLINICIAN or admitted_before else ParticipantState.WAITING


def has_place(inside: int, places: int) -> bool:
    """Whether one more may be in: every browser sends its picture to every other, which few can do for more than three."""
    return inside < places


def status_with(present: SessionStatus, roles_in: frozenset[Role], somebody_waits: bool) -> SessionStatus:
    """The room's status when these roles are in; once in progress it stays so until it is ended."""
    if present is SessionStatus.IN_PROGRESS or roles_in >= {Role.PATIENT, Role.CLINICIAN}:
        return SessionStatus.IN_PROGRESS
    return SessionStatus.WAITING if roles_in or somebody_waits or present is SessionStatus.WAITING else present
