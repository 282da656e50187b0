"""Queries about visits and their charge lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, bindparam, func, literal, select

from billing.domain import fees
from billing.domain.charges import ChargeLine, VisitCharges
from billing.domain.fees import FeeScheduleKind
from billing.store_families import FamilyStore
from billing.tables_directory import Practitioner
from billing.tables_money import ChargeLine as ChargeLineRow
from billing.tables_money import Encounter, SessionRecord
from chassis.store import among

# Built once: every step of a visit asks.
_OF_APPOINTMENT = select(Encounter).where(
    Encounter.tenant_id == bindparam("tenant_id"), Encounter.appointment_id == bindparam("appointment_id")
)
_LOCKED_OF_APPOINTMENT = _OF_APPOINTMENT.with_for_update().execution_options(populate_existing=True)


class EncounterStore(FamilyStore):
    """Encounters, session records, charge lines."""

    def encounter_of_appointment(self, appointment_id: UUID, *, lock: bool = False) -> Encounter | None:
        query = _LOCKED_OF_APPOINTMENT if lock else _OF_APPOINTMENT
        return self.session.scalar(query, {"tenant_id": self.tenant_id, "appointment_id": appointment_id})

    def appointments_of(self, encounter_ids: Iterable[UUID]) -> dict[UUID | None, UUID]:
        """Appointments by encounter."""
        query = select(Encounter.id, Encounter.appointment_id).where(
            Encounter.tenant_id == self.tenant_id, among(Encounter.id, encounter_ids)
        )
        return {row.id: row.appointment_id for row in self.session.execute(query)}

    def practitioners_of(self, encounter_ids: Iterable[UUID]) -> dict[UUID, str]:
        """Who saw the patient, as patients read it ("Ngozi Okafor, MD"), by encounter; without those we do not know yet."""
        query = (
            select(Encounter.id, Practitioner.first, Practitioner.last, Practitioner.credential)
            .join(
                Practitioner,
                (Practitioner.tenant_id == Encounter.tenant_id) & (Practitioner.id == Encounter.practitioner_id),
            )
            .where(Encounter.tenant_id == self.tenant_id, among(Encounter.id, encounter_ids))
        )
        return {
            row.id: f"{row.first} {row.last}" + (f", {row.credential}" if row.credential else "")
            for row in self.session.execute(query)
        }

    def session_record(self, appointment_id: UUID) -> SessionRecord | None:
        return self.session.get(SessionRecord, (self.tenant_id, appointment_id))

    def encounter_page(
        self,
        *,
        appointment_ids: Sequence[UUID],
        patient_id: UUID | None,
        location_id: UUID | None,
        practitioner_id: UUID | None,
        states: Sequence[str],
        first_day: date | None,
        last_day: date | None,
        location_ids: Iterable[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[Encounter], str]:
        """Visits by start; `location_ids` are those the caller may see (empty: all)."""
        query = self._seen_at(select(Encounter), location_ids, location_id)
        if appointment_ids:
            query = query.where(among(Encounter.appointment_id, appointment_ids))
        if patient_id is not None:
            query = query.where(Encounter.patient_id.in_(self.with_merged([patient_id])))
        if practitioner_id is not None:
            query = query.where(Encounter.practitioner_id == practitioner_id)
        if states:
            query = query.where(Encounter.state.in_(states))
        if first_day is not None:
            query = query.where(Encounter.service_date >= first_day)
        if last_day is not None:
            query = query.where(Encounter.service_date <= last_day)
        return self.page(query, [Encounter.start_time, Encounter.id], page_size, page_token)

    def expected_visits(self, first_day: date, after: UUID | None, limit: int) -> list[Encounter]:
        """Visits that are booked for a day or later, in the order of their ids, those after an id."""
        query = select(Encounter).where(
            Encounter.tenant_id == self.tenant_id, Encounter.service_date >= first_day, Encounter.state == "expected"
        )
        if after is not None:
            query = query.where(Encounter.id > after)
        return list(self.session.scalars(query.order_by(Encounter.id).limit(limit)))

    def missing_charges(
        self,
        *,
        location_id: UUID | None,
        practitioner_id: UUID | None,
        up_to: date | None,
        location_ids: Iterable[UUID],
        page_size: int,
        page_token: str,
    ) -> tuple[list[Encounter], str]:
        """Visits that were seen and are neither signed nor without charge, the oldest first."""
        query = self._missing(self._seen_at(select(Encounter), location_ids, location_id))
        if practitioner_id is not None:
            query = query.where(Encounter.practitioner_id == practitioner_id)
        if up_to is not None:
            query = query.where(Encounter.service_date <= up_to)
        return self.page(query, [Encounter.start_time, Encounter.id], page_size, page_token)

    def missing_charge_count(self, location_id: UUID | None, first_day: date | None, last_day: date) -> int:
        query = self._missing(self._seen_at(select(func.count(Encounter.id)), (), location_id))
        query = query.where(Encounter.service_date <= last_day)
        if first_day is not None:
            query = query.where(Encounter.service_date >= first_day)
        return int(self.session.scalar(query) or 0)

    def encounter_counts(self, location_id: UUID | None, first_day: date, last_day: date) -> dict[str, int]:
        """How many visits of the days are in each state."""
        query = self._seen_at(select(Encounter.state, func.count().label("visits")), (), location_id).where(
            Encounter.service_date.between(first_day, last_day)
        )
        return {row.state: row.visits for row in self.session.execute(query.group_by(Encounter.state))}

    def _seen_at(self, query: Select, location_ids: Iterable[UUID], location_id: UUID | None) -> Select:  # type: ignore[type-arg]
        query = query.where(Encounter.tenant_id == self.tenant_id)
        allowed = list(location_ids)
        if allowed:
            query = query.where(among(Encounter.location_id, allowed))
        return query if location_id is None else query.where(Encounter.location_id == location_id)

    @staticmethod
    def _missing(query: Select) -> Select:  # type: ignore[type-arg]
        # The state is part of the statement, so that the partial index serves a prepared one too.
        return query.where(Encounter.state == literal("open", literal_execute=True), Encounter.seen_at.is_not(None))

    # ---- charge lines

    def charge_line_rows(self, ids: Iterable[UUID]) -> list[ChargeLineRow]:
        return list(
            self.session.scalars(
                select(ChargeLineRow).where(ChargeLineRow.tenant_id == self.tenant_id, among(ChargeLineRow.id, ids))
            )
        )

    def service_dates(self, ids: Iterable[UUID]) -> dict[UUID, date]:
        """Service dates of charge lines."""
        query = select(ChargeLineRow.id, ChargeLineRow.service_date).where(
            ChargeLineRow.tenant_id == self.tenant_id, among(ChargeLineRow.id, ids)
        )
        return {row.id: row.service_date for row in self.session.execute(query)}

    def charges_of_encounters(self, encounter_ids: Sequence[UUID]) -> list[ChargeLineRow]:
        """Their charge lines, in order of visit and line."""
        query = (
            select(ChargeLineRow)
            .where(ChargeLineRow.tenant_id == self.tenant_id, among(ChargeLineRow.encounter_id, encounter_ids))
            .order_by(ChargeLineRow.encounter_id, ChargeLineRow.line_number)
        )
        return list(self.session.scalars(query))

    def charge_lines(self, ids: Iterable[UUID]) -> dict[UUID, ChargeLine]:
        """Charge lines by id; unknown ids are left out."""
        return {row.id: _charge_line(row) for row in self.charge_line_rows(ids)}

    def visit_charges(self, visit_id: UUID) -> VisitCharges | None:
        """A signed visit as claims are made from it; None when there is none or it is not signed."""
        encounter = self.get(Encounter, visit_id)
        if encounter is None or encounter.signed_at is None:
            return None
        rows = self.charges_of_encounters([visit_id])
        return visit_of(encounter, self.location(encounter.location_id), [_charge_line(row) for row in rows])

    def expected_allowed(
        self,
        payer_id: UUID,
        location_id: UUID,
        procedure: str,
        modifiers: Sequence[str],
        units: int,
        service_date: date,
    ) -> int | None:
        """What the payer's contract allows for all units, in minor units; None: no contract for it."""
        candidates = self.fees_for(FeeScheduleKind.CONTRACT, payer_id, [procedure], service_date)
        fee = fees.choose(
            candidates,
            procedure=procedure,
            modifiers=modifiers,
            location_id=location_id,
            service_date=service_date,
            payer_id=payer_id,
        )
        return None if fee is None else fee.amount_minor * units


def _charge_line(row: ChargeLineRow) -> ChargeLine:
    return ChargeLine(
        charge_line_id=row.id,
        line_number=row.line_number,
        procedure=row.procedure,
        modifiers=tuple(row.modifiers),
        diagnosis_pointers=tuple(row.diagnosis_pointers),
        units=row.units,
        charge_minor=row.charge_minor,
        service_date=row.service_date,
        place_of_service=row.place_of_service,
        ndc=row.ndc,
        ndc_quantity=row.ndc_quantity,
        ndc_unit=row.ndc_unit,
    )


def visit_of(encounter: Encounter, location: object, lines: Sequence[ChargeLine]) -> VisitCharges:
    """A visit with its charge lines, as claims are made from it. Raises ValueError for an unsigned one or one without
    a location.
    """
    if encounter.signed_at is None or location is None:
        raise ValueError("the visit is not signed, or its location is not known")
    facts = encounter.facts
    return VisitCharges(
        visit_id=encounter.id,
        appointment_id=encounter.appointment_id,
        patient_id=encounter.patient_id,
        billing_entity_id=location.billing_entity_id,  # type: ignore[attr-defined]
        location_id=encounter.location_id,
        rendering_practitioner_id=encounter.practitioner_id,
        service_date=encounter.service_date,
        diagnoses=tuple(encounter.diagnoses),
        lines=tuple(lines),
        signed_at=encounter.signed_at,
        referring_npi=facts.get("referring_npi", ""),
        referring_last=facts.get("referring_last", ""),
        referring_first=facts.get("referring_first", ""),
        supervising_practitioner_id=_uuid(facts.get("supervising_practitioner_id")),
        authorisation=facts.get("authorisation", ""),
        accident=facts.get("accident", ""),
        accident_date=_day(facts.get("accident_date")),
        onset_date=_day(facts.get("onset_date")),
        clia=location.clia,  # type: ignore[attr-defined]
    )


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
