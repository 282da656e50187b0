"""Queries about superbills, favourite codes and what earlier visits were coded with."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from billing.tables_charge_capture import ChargeReview, FavouriteCode, ReviewRule, SuperbillTemplate
from billing.tables_money import Encounter
from chassis.store import BaseStore, among


class ChargeCaptureStore(BaseStore):
    """Superbills, favourites, last codes; reviews and their rules."""

    # ---- superbills

    def superbills_on(self, type_code: str, practitioner_id: UUID, day: date) -> list[SuperbillTemplate]:
        """The versions of a day: the clinician's own first, then everybody's."""
        query = (
            select(SuperbillTemplate)
            .where(
                SuperbillTemplate.tenant_id == self.tenant_id,
                SuperbillTemplate.appointment_type_code == type_code,
                or_(SuperbillTemplate.practitioner_id.is_(None), SuperbillTemplate.practitioner_id == practitioner_id),
                SuperbillTemplate.start_date <= day,
            )
            .ext(distinct_on(SuperbillTemplate.practitioner_id))
            .order_by(SuperbillTemplate.practitioner_id.nulls_last(), SuperbillTemplate.start_date.desc())
        )
        return list(self.session.scalars(query))

    def superbill_from(self, type_code: str, practitioner_id: UUID | None, start: date) -> SuperbillTemplate | None:
        """The version that begins on that day, locked."""
        query = select(SuperbillTemplate).where(
            SuperbillTemplate.tenant_id == self.tenant_id,
            SuperbillTemplate.appointment_type_code == type_code,
            SuperbillTemplate.practitioner_id.is_not_distinct_from(practitioner_id),
            SuperbillTemplate.start_date == start,
        )
        return self.session.scalar(query.with_for_update())

    def superbill_page(self, type_code: str, page_size: int, page_token: str) -> tuple[list[SuperbillTemplate], str]:
        """Versions by appointment type, the newest first."""
        query = select(SuperbillTemplate).where(SuperbillTemplate.tenant_id == self.tenant_id)
        if type_code:
            query = query.where(SuperbillTemplate.appointment_type_code == type_code)
        order = [SuperbillTemplate.appointment_type_code, SuperbillTemplate.start_date, SuperbillTemplate.id]
        return self.page(query, order, page_size, page_token, descending=True)

    def superbill_starts(self, type_codes: Iterable[str]) -> list[tuple[str, UUID | None, date]]:
        """(appointment type, practitioner, first day) of every version of these types."""
        query = select(
            SuperbillTemplate.appointment_type_code, SuperbillTemplate.practitioner_id, SuperbillTemplate.start_date
        ).where(
            SuperbillTemplate.tenant_id == self.tenant_id,
            among(SuperbillTemplate.appointment_type_code, set(type_codes)),
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(query)]

    # ---- favourites and earlier visits

    def favourites_of(self, practitioner_id: UUID, *, lock: bool = False) -> list[FavouriteCode]:
        """A clinician's chosen codes in their order."""
        query = select(FavouriteCode).where(
            FavouriteCode.tenant_id == self.tenant_id, FavouriteCode.practitioner_id == practitioner_id
        )
        query = query.order_by(FavouriteCode.position, FavouriteCode.id)
        return list(self.session.scalars(query.with_for_update() if lock else query))

    def coded_lately(self, practitioner_id: UUID, limit: int) -> list[tuple[list[str], list[dict[str, object]]]]:
        """(diagnoses, lines) of a clinician's last charged visits."""
        query = (
            select(Encounter.diagnoses, Encounter.lines)
            .where(
                Encounter.tenant_id == self.tenant_id,
                Encounter.practitioner_id == practitioner_id,
                Encounter.state == literal("signed", literal_execute=True),
            )
            .order_by(Encounter.start_time.desc(), Encounter.id.desc())
            .limit(limit)
        )
        return [(row.diagnoses, row.lines) for row in self.session.execute(query)]

    def last_charged(
        self,
        patient_ids: Collection[UUID],
        practitioner_id: UUID | None,
        before: datetime,
        location_ids: Collection[UUID],
    ) -> Encounter | None:
        """The last charged visit that began before an instant: of these patients (none: of anybody), with a clinician (None: any)."""
        query = select(Encounter).where(
            Encounter.tenant_id == self.tenant_id,
            Encounter.state == literal("signed", literal_execute=True),
            Encounter.start_time < before,
        )
        if len(patient_ids) == 1:
            query = query.where(Encounter.patient_id == next(iter(patient_ids)))
        elif patient_ids:
            query = query.where(among(Encounter.patient_id, patient_ids))
        if practitioner_id is not None:
            query = query.where(Encounter.practitioner_id == practitioner_id)
        if location_ids:
            query = query.where(among(Encounter.location_id, location_ids))
        return self.session.scalar(query.order_by(Encounter.start_time.desc(), Encounter.id.desc()).limit(1))

    # ---- reviews

    def review_rules_on(self, day: date) -> list[ReviewRule]:
        """The rules that hold for visits of a day, by name."""
        query = select(ReviewRule).where(
            ReviewRule.tenant_id == self.tenant_id,
            ReviewRule.start_date <= day,
            or_(ReviewRule.end_date.is_(None), ReviewRule.end_date >= day),
        )
        return list(self.session.scalars(query.order_by(ReviewRule.name, ReviewRule.id)))

    def review_rule_page(self, page_size: int, page_token: str) -> tuple[list[ReviewRule], str]:
        """Every rule, in the order they were made."""
        query = select(ReviewRule).where(ReviewRule.tenant_id == self.tenant_id)
        return self.page(query, [ReviewRule.id], page_size, page_token)

    def review_page(
        self,
        *,
        state: str,
        practitioner_id: UUID | None,
        location_id: UUID | None,
        location_ids: Collection[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[ChargeReview], str]:
        """Reviews in a state, the oldest first."""
        query = select(ChargeReview).where(ChargeReview.tenant_id == self.tenant_id, ChargeReview.state == state)
        if practitioner_id is not None:
            query = query.where(ChargeReview.practitioner_id == practitioner_id)
        if location_id is not None:
            query = query.where(ChargeReview.location_id == location_id)
        if location_ids:
            query = query.where(among(ChargeReview.location_id, location_ids))
        return self.page(query, [ChargeReview.id], page_size, page_token)
