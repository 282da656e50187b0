"""The ledger of presence: who was in from when to when, and what follows from it for the claim.

Billing takes two things from it: whether the visit was by sound only (CPT modifier 93 needs "audio-only"; video needs interactive
audio and video on both sides, 42 CFR 410.78(a)(3)) and how long patient and clinician were together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telehealth.domain.vocabulary import Media, PresenceEnd, Role

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Interval:
    """One unbroken presence with one kind of media; ``left_at`` is None while it goes on. Aware UTC instants."""

    participant_id: UUID
    role: Role
    media: Media
    entered_at: datetime
    left_at: datetime | None
    ended_by: PresenceEnd = PresenceEnd.OPEN


@dataclass(frozen=True)
class Together:
    """When patient and clinician were both in: the first and last moment (None: never), whole seconds, sound only."""

    joined_from: datetime | None
    joined_to: datetime | None
    seconds: int
    audio_only: bool


def together(intervals: Iterable[Interval], until: datetime) -> Together:
    """The time patient and clinician shared, open intervals counted up to `until`.

    Guests do not count; two clinicians (or one on two devices) in at once count once. The visit is audio only unless
    at some moment both sides sent pictures.
    """
    known = list(intervals)
    shared = overlap(_spans(known, Role.PATIENT, until), _spans(known, Role.CLINICIAN, until))
    if not shared:
        return Together(None, None, 0, audio_only=False)
    seen = overlap(_spans(known, Role.PATIENT, until, Media.VIDEO), _spans(known, Role.CLINICIAN, until, Media.VIDEO))
    total = sum((end - start for start, end in shared), timedelta())
    return Together(shared[0][0], shared[-1][1], int(total.total_seconds()), audio_only=not seen)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time as disjoint spans in order; empty spans vanish, touching ones join."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def overlap(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """The time that is in both; each side must be disjoint and in order (as from `union`), and so is the answer."""
    found: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return found


def drops(intervals: Iterable[Interval]) -> int:
    """How often somebody's connection was lost."""
    return sum(1 for interval in intervals if interval.ended_by is PresenceEnd.DROPPED)


def rejoins(intervals: Iterable[Interval]) -> int:
    """How often somebody who had dropped or left came back."""
    ended_before: set[UUID] = set()
    count = 0
    for interval in sorted(intervals, key=lambda known: (known.entered_at, known.left_at is None)):
        if interval.participant_id in ended_before:
            count += 1
            ended_before.discard(interval.participant_id)
        if interval.ended_by in (PresenceEnd.DROPPED, PresenceEnd.LEFT):
            ended_before.add(interval.participant_id)
    return count


def _spans(intervals: Iterable[Interval], role: Role, until: datetime, media: Media | None = None) -> list[Span]:
    return union(
        (interval.entered_at, min(interval.left_at or until, until))
        for interval in intervals
        if interval.role is role and media in (None, interval.media)
    )
