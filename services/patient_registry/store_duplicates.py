"""Queries about the review list: pairs of records that may be one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.store import BaseStore
from patient_registry.tables import DuplicatePair


class DuplicateStore(BaseStore):
    """The pairs of one transaction."""

    def put_pair(
        self, one: UUID, other: UUID, score: float, grade: str, reasons: Sequence[str], now: datetime, new_id: UUID
    ) -> None:
        """Puts two patients on the review list, or brings their score up to date; a dismissed pair stays dismissed."""
        first, second = sorted((one, other))
        adding = insert(DuplicatePair).values(
            tenant_id=self.tenant_id,
            id=new_id,
            first_id=first,
            second_id=second,
            score_hundredths=round(score * 100),
            grade=grade,
            reasons=list(reasons),
            found_at=now,
            dismissed_at=None,
            dismissed_by="",
        )
        changed = {name: adding.excluded[name] for name in ("score_hundredths", "grade", "reasons")}
        self.session.execute(
            adding.on_conflict_do_update(index_elements=["tenant_id", "first_id", "second_id"], set_=changed)
        )

    def dismiss_pair(self, one: UUID, other: UUID, now: datetime, by: str) -> int:
        """Takes a pair off the review list; answers how many there were (0 or 1)."""
        first, second = sorted((one, other))
        result = self.session.execute(
            update(DuplicatePair)
            .where(
                DuplicatePair.tenant_id == self.tenant_id,
                DuplicatePair.first_id == first,
                DuplicatePair.second_id == second,
                DuplicatePair.dismissed_at.is_(None),
            )
            .values(dismissed_at=now, dismissed_by=by)
        )
        return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult

    def drop_open_pairs_besides(self, patient_id: UUID, still: Iterable[UUID]) -> None:
        """Takes pairs of this patient off the list that no longer look alike."""
        kept = list(still)
        other = DuplicatePair.second_id.in_(kept) | DuplicatePair.first_id.in_(kept)
        self.session.execute(
            delete(DuplicatePair).where(
                DuplicatePair.tenant_id == self.tenant_id,
                DuplicatePair.dismissed_at.is_(None),
                (DuplicatePair.first_id == patient_id) | (DuplicatePair.second_id == patient_id),
                ~other,
            )
        )

    def open_pairs(self, patient_id: UUID | None, page_size: int, page_token: str) -> tuple[list[DuplicatePair], str]:
        """A page of the review list, highest score first."""
        query = select(DuplicatePair).where(
            DuplicatePair.tenant_id == self.tenant_id, DuplicatePair.dismissed_at.is_(None)
        )
        if patient_id is not None:
            query = query.where((DuplicatePair.first_id == patient_id) | (DuplicatePair.second_id == patient_id))
        return self.page(
            query, [DuplicatePair.score_hundredths, DuplicatePair.id], page_size, page_token, descending=True
        )
