"""Plans of rebooking, and the rows that a change of availability touches, column by column."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid, delete, select
from sqlalchemy.orm.attributes import flag_modified

from chassis.store import BaseStore
from scheduling.tables import Appointment, ScheduleTemplateRow
from scheduling.tables_rebooking import Rebooking, RebookingItem

NOT_RESTORED = frozenset({"tenant_id", "version"})


def columns_of(row: ScheduleTemplateRow) -> dict[str, Any]:
    """Every column of a template, in JSON's types."""
    values = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    return {
        name: str(value) if isinstance(value, (UUID, date)) else value
        for name, value in values.items()
        if name not in NOT_RESTORED
    }


def restored(columns: dict[str, Any]) -> dict[str, Any]:
    """What ``columns_of`` told, in the columns' own types."""
    types = {column.name: column.type for column in ScheduleTemplateRow.__table__.columns}
    return {name: _value(types[name], value) for name, value in columns.items() if name in types}


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Uuid):
        return UUID(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


class RebookingStore(BaseStore):
    """Reads and writes plans."""

    def items_of(self, rebooking_id: UUID) -> list[RebookingItem]:
        """The visits of a plan, by their time."""
        query = select(RebookingItem).where(
            RebookingItem.tenant_id == self.tenant_id, RebookingItem.rebooking_id == rebooking_id
        )
        return list(self.session.scalars(query.order_by(RebookingItem.from_start, RebookingItem.id)))

    def renew(self, row: Rebooking) -> None:
        """A plan that was made anew has a new version, whatever is the same in it."""
        flag_modified(row, "planned_at")
        self.session.flush()

    def forget_items(self, rebooking_id: UUID) -> None:
        """A plan is made anew."""
        self.session.execute(
            delete(RebookingItem).where(
                RebookingItem.tenant_id == self.tenant_id, RebookingItem.rebooking_id == rebooking_id
            )
        )

    def lock_appointments(self, ids: Collection[UUID]) -> list[Appointment]:
        """These appointments, locked in the order of their ids, as they are now."""
        query = (
            select(Appointment)
            .where(Appointment.tenant_id == self.tenant_id, Appointment.id.in_(list(ids)))
            .order_by(Appointment.id)
            .with_for_update()
        )
        return list(self.session.scalars(query, execution_options={"populate_existing": True}))

    def appointments_by_id(self, ids: Collection[UUID]) -> list[Appointment]:
        """These appointments, whoever asks."""
        query = select(Appointment).where(Appointment.tenant_id == self.tenant_id, Appointment.id.in_(list(ids)))
        return list(self.session.scalars(query))

    def list_rebookings(self, page_size: int, page_token: str) -> tuple[list[Rebooking], str]:
        """A page of plans, newest first."""
        query = select(Rebooking).where(Rebooking.tenant_id == self.tenant_id)
        return self.page(query, [Rebooking.id], page_size, page_token, descending=True)
