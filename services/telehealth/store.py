"""All queries of video visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select

from chassis.errors import NotFound
from chassis.store import BaseStore
from telehealth.domain.vocabulary import Role, SessionStatus
from telehealth.tables import Participant, Practitioner, Presence, UsedLink, VideoSession


@dataclass(frozen=True)
class SessionFilter:
    """What a list of video visits is narrowed to; None: not at all. `start_before` itself is not included."""

    appointment_id: UUID | None = None
    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    patient_id: UUID | None = None
    start_from: datetime | None = None
    start_before: datetime | None = None
    status: SessionStatus | None = None
    # What the caller's account is limited to; empty: every location.
    within: frozenset[UUID] = frozenset()


class Store(BaseStore):
    """Queries of one transaction."""

    def practitioner_of_account(self, account_id: str) -> Practitioner | None:
        """The practitioner whose own account this is."""
        query = select(Practitioner).where(Practitioner.account_id == account_id, Practitioner.active)
        return self.session.scalars(query.order_by(Practitioner.id).limit(1)).one_or_none()

    def session_of(self, appointment_id: UUID, *, lock: bool = False) -> VideoSession | None:
        """The room of an appointment."""
        query = select(VideoSession).where(VideoSession.appointment_id == appointment_id)
        return self.session.scalars(query.with_for_update() if lock else query).one_or_none()

    def session_within(self, session_id: UUID, within: frozenset[UUID], *, lock: bool = False) -> VideoSession:
        """A room at one of the locations (any, when there are none); fresh and locked if asked. Raises NotFound."""
        what = "video visit"
        room = self.lock(VideoSession, session_id, what) if lock else self.need(VideoSession, session_id, what)
        if within and room.location_id not in within:
            raise NotFound(what)
        return room

    def list_sessions(self, wanted: SessionFilter, page_size: int, page_token: str) -> tuple[list[VideoSession], str]:
        query = select(VideoSession)
        for column, value in (
            (VideoSession.appointment_id, wanted.appointment_id),
            (VideoSession.practitioner_id, wanted.practitioner_id),
            (VideoSession.location_id, wanted.location_id),
            (VideoSession.patient_id, wanted.patient_id),
            (VideoSession.status, wanted.status.value if wanted.status else None),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.within:
            query = query.where(VideoSession.location_id.in_(wanted.within))
        if wanted.start_from is not None:
            query = query.where(VideoSession.start_time >= wanted.start_from)
        if wanted.start_before is not None:
            query = query.where(VideoSession.start_time < wanted.start_before)
        return self.page(query, [VideoSession.start_time, VideoSession.id], page_size, page_token)

    def before(self, session: VideoSession, since: datetime) -> list[VideoSession]:
        """The same practitioner's other rooms, planned from `since` to this one's start, with somebody in or waiting."""
        query = select(VideoSession).where(
            VideoSession.practitioner_id == session.practitioner_id,
            VideoSession.id != session.id,
            VideoSession.start_time >= since,
            VideoSession.start_time <= session.start_time,
            VideoSession.status.in_((SessionStatus.WAITING.value, SessionStatus.IN_PROGRESS.value)),
        )
        return list(self.session.scalars(query.order_by(VideoSession.start_time, VideoSession.id)))

    def forget_links(self, session_id: UUID) -> None:
        """Takes away which links of a room were used: with the room closed none opens it."""
        self.session.execute(delete(UsedLink).where(UsedLink.session_id == session_id))

    def participant(self, session_id: UUID, role: Role, display_name: str) -> Participant | None:
        query = select(Participant).where(
            Participant.session_id == session_id,
            Participant.role == role.value,
            Participant.display_name == display_name,
        )
        return self.session.scalars(query).one_or_none()

    def participants(self, session_id: UUID) -> list[Participant]:
        """Everybody who came to the door, in that order."""
        query = select(Participant).where(Participant.session_id == session_id)
        return list(self.session.scalars(query.order_by(Participant.id)))

    def open_presence(self, participant_id: UUID) -> Presence | None:
        """The interval of a participant that goes on."""
        query = select(Presence).where(Presence.participant_id == participant_id, Presence.left_at.is_(None))
        return self.session.scalars(query).one_or_none()

    def has_entered(self, participant_id: UUID, since: datetime) -> bool:
        """Whether a participant has come in at or after an instant."""
        query = select(exists().where(Presence.participant_id == participant_id, Presence.entered_at >= since))
        return bool(self.session.scalar(query))

    def presences(self, session_id: UUID) -> list[Presence]:
        """The ledger of a room, in order."""
        query = select(Presence).where(Presence.session_id == session_id)
        return list(self.session.scalars(query.order_by(Presence.entered_at, Presence.id)))
