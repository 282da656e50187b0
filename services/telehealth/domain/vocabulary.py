"""The words of video visits, the same in proto, code and tables. Values are what the tables hold."""

from __future__ import annotations

from enum import StrEnum


class SessionStatus(StrEnum):
    """How far a video visit has come."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    ENDED = "ended"
    CANCELLED = "cancelled"
    NOT_HELD = "not_held"


CLOSED = frozenset({SessionStatus.ENDED, SessionStatus.CANCELLED, SessionStatus.NOT_HELD})


class Role(StrEnum):
    """What somebody is in the room."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    GUEST = "guest"


class ParticipantState(StrEnum):
    """Where somebody is."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    DENIED = "denied"
    OUT = "out"


class Media(StrEnum):
    """What somebody sends: sound only, or sound and picture."""

    AUDIO = "audio"
    VIDEO = "video"


class PresenceEnd(StrEnum):
    """How an interval of presence ended."""

    OPEN = "open"
    LEFT = "left"
    DROPPED = "dropped"
    MEDIA_CHANGED = "media_changed"
    SENT_OUT = "sent_out"
    SESSION_ENDED = "session_ended"
