"""Policies, overrides, group visits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select

from chassis.principal import Principal
from chassis.store import BaseStore, among
from scheduling.domain.policy import BookingPolicy
from scheduling.tables import Appointment, AppointmentTypeRow, Occupation
from scheduling.tables_booking_rules import BookingPolicyRow, GroupVisit, RuleOverride

# The policy of all locations without their own has this id.
EVERYWHERE = UUID(int=0)


def policy_of(row: BookingPolicyRow | None) -> BookingPolicy:
    """The domain's value of a stored policy; what holds when nobody has set any."""
    if row is None:
        return BookingPolicy()
    return BookingPolicy(
        row.cancel_cutoff_minutes,
        row.patients_change_until_minutes,
        row.no_show_grace_minutes,
        row.late_tell_minutes,
        row.late_again_minutes,
        row.late_clear_minutes,
    )


_POLICIES = select(BookingPolicyRow).where(
    BookingPolicyRow.tenant_id == bindparam("tenant_id"), among(BookingPolicyRow.id, bindparam("ids"))
)


class BookingRuleStore(BaseStore):
    """Reads and writes what goes beyond the plain rules of booking."""

    def policy_row(self, location_id: UUID) -> BookingPolicyRow | None:
        """The policy that holds at the location: its own, else the one of all locations."""
        about = {"tenant_id": self.tenant_id, "ids": [location_id, EVERYWHERE]}
        rows = {row.id: row for row in self.session.scalars(_POLICIES, about)}
        return rows.get(location_id) or rows.get(EVERYWHERE)

    def policy(self, location_id: UUID) -> BookingPolicy:
        """The same as a value."""
        return policy_of(self.policy_row(location_id))

    def list_overrides(
        self, location_id: UUID | None, principal: Principal, page_size: int, page_token: str
    ) -> tuple[list[RuleOverride], str]:
        """A page of overrides, newest first."""
        query = select(RuleOverride).where(RuleOverride.tenant_id == self.tenant_id)
        if location_id:
            query = query.where(RuleOverride.location_id == location_id)
        if principal.location_ids:
            query = query.where(RuleOverride.location_id.in_(principal.location_ids))
        return self.page(query, [RuleOverride.id], page_size, page_token, descending=True)

    # ---- group visits ----

    def seats_taken(self, group_ids: Collection[UUID]) -> dict[UUID, int]:
        """How many seats of each group are taken."""
        query = (
            select(Occupation.resource_id, func.count())
            .where(
                Occupation.tenant_id == self.tenant_id,
                Occupation.resource_id.in_(list(group_ids)),
            )
            .group_by(Occupation.resource_id)
        )
        return {group_id: int(count) for group_id, count in self.session.execute(query)} if group_ids else {}

    def groups_from(self, since: datetime, column: str, owner_id: UUID) -> list[GroupVisit]:
        """Every group visit that starts from then on and was not cancelled, of one practitioner_id, location_id or appointment_type_id
        (``column``): each counts once for its limits. Locked against being cancelled meanwhile."""
        query = select(GroupVisit).where(
            GroupVisit.tenant_id == self.tenant_id,
            GroupVisit.start_time >= since,
            GroupVisit.cancelled_at.is_(None),
            getattr(GroupVisit, column) == owner_id,
        )
        return list(self.session.scalars(query.order_by(GroupVisit.id).with_for_update(read=True)))

    def seats_of(self, group_id: UUID) -> list[Appointment]:
        """The seats of a group that somebody has or had, locked in the order of their ids."""
        query = (
            select(Appointment)
            .where(
                Appointment.tenant_id == self.tenant_id,
                Appointment.id.in_(
                    select(Occupation.claim_id).where(
                        Occupation.tenant_id == self.tenant_id, Occupation.resource_id == group_id
                    )
                ),
            )
            .order_by(Appointment.id)
            .with_for_update()
        )
        return list(self.session.scalars(query, execution_options={"populate_existing": True}))

    def list_groups(
        self, location_id: UUID, start_from: datetime, *, online_only: bool, page_size: int, page_token: str
    ) -> tuple[list[GroupVisit], str]:
        """A page of group visits of a location that are not cancelled, in order of their start."""
        query = select(GroupVisit).where(
            GroupVisit.tenant_id == self.tenant_id,
            GroupVisit.location_id == location_id,
            GroupVisit.start_time >= start_from,
            GroupVisit.cancelled_at.is_(None),
        )
        if online_only:
            online = select(AppointmentTypeRow.id).where(
                AppointmentTypeRow.tenant_id == self.tenant_id,
                AppointmentTypeRow.online_bookable,
                AppointmentTypeRow.active,
            )
            query = query.where(GroupVisit.appointment_type_id.in_(online))
        return self.page(query, [GroupVisit.start_time, GroupVisit.id], page_size, page_token)
