"""Queries about what keeps charges off statements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from billing.store_accounts import AccountStore
from billing.tables_money import StatementHold
from chassis.store import among

_HOLDS = select(StatementHold).where(
    StatementHold.tenant_id == bindparam("tenant_id"),
    among(StatementHold.patient_id, bindparam("patient_ids")),
    StatementHold.released_at.is_(None),
)


class HoldStore(AccountStore):
    """The holds of one transaction."""

    def holds_of(self, patient_ids: Iterable[UUID]) -> list[StatementHold]:
        """The patients' holds that nobody has released."""
        return list(self.session.scalars(_HOLDS, {"tenant_id": self.tenant_id, "patient_ids": patient_ids}))

    def add_hold(self, hold: StatementHold) -> bool:
        """Adds a hold unless the same one exists; returns whether it was added."""
        values = {column: getattr(hold, column) for column in ("patient_id", "charge_line_id", "from_date", "kind")}
        statement = insert(StatementHold).values(
            tenant_id=self.tenant_id,
            id=hold.id,
            **values,
            reason=hold.reason,
            source=hold.source,
            released_by="",
        )
        added = statement.on_conflict_do_nothing().returning(StatementHold.id)
        return self.session.scalar(added) is not None

    def release_holds(self, charge_line_id: UUID, released_by: str, now: datetime) -> int:
        """Releases a charge line's review holds; returns how many there were."""
        rows = self.session.scalars(
            select(StatementHold).where(
                StatementHold.tenant_id == self.tenant_id,
                StatementHold.charge_line_id == charge_line_id,
                StatementHold.released_at.is_(None),
            )
        ).all()
        for row in rows:
            row.released_at, row.released_by = now, released_by
        self.session.flush()
        return len(rows)
