"""Queries about mirrors, payers and prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm.attributes import flag_modified

from billing.domain.codec import from_json, to_json
from billing.domain.fees import Fee, FeeScheduleKind
from billing.domain.payer_demands import PayerDemands
from billing.domain.payer_routes import PayerRoute
from billing.domain.payers import ClaimProvider, PayerKind, PayerProfile, PayerRules, TelehealthTable, rules_on
from billing.tables_directory import (
    BillingEntity,
    FeeSchedule,
    Location,
    Payer,
    PayerRule,
    Practitioner,
    TenantCopy,
)
from billing.tables_directory import Fee as FeeRow
from billing.tables_money import ChargeLine, Counter
from chassis.orm import Tenanted
from chassis.store import BaseStore, among, remembered

# Built once: every visit is priced, every claim is ruled and numbered.
_RULES = (
    select(PayerRule)
    .where(PayerRule.tenant_id == bindparam("tenant_id"), among(PayerRule.payer_id, bindparam("payer_ids")))
    .order_by(PayerRule.start_date)
)
_LOCATIONS = select(Location).where(Location.tenant_id == bindparam("tenant_id")).order_by(Location.number)
_FEES = (
    select(FeeSchedule, FeeRow)
    .join(FeeRow, (FeeRow.tenant_id == FeeSchedule.tenant_id) & (FeeRow.fee_schedule_id == FeeSchedule.id))
    .where(
        FeeSchedule.tenant_id == bindparam("tenant_id"),
        FeeSchedule.kind == bindparam("kind"),
        FeeSchedule.payer_id.is_not_distinct_from(bindparam("payer_id")),
        FeeSchedule.start_date <= bindparam("service_date"),
        or_(FeeSchedule.end_date.is_(None), FeeSchedule.end_date >= bindparam("service_date")),
        among(FeeRow.procedure, bindparam("procedures")),
    )
)
_NEXT_NUMBER = (
    insert(Counter)
    .values(tenant_id=bindparam("the_tenant_id"), name=bindparam("the_series"), value=1)
    .on_conflict_do_update(index_elements=["tenant_id", "name"], set_={"value": Counter.value + 1})
    .returning(Counter.value)
)


class DirectoryStore(BaseStore):
    """Mirrors, payers, price lists, number series."""

    # ---- mirrors

    def mirror(self, row: Tenanted) -> bool:
        """Keeps a copy unless a newer one is kept already (`source_version`); returns whether it was taken."""
        known = self.get(type(row), row.id)
        if known is not None and known.source_version >= row.source_version:  # type: ignore[attr-defined]
            return False
        if known is None:
            self.add(row)
            return True
        row.tenant_id = self.tenant_id
        self.session.merge(row)
        self.session.flush()
        return True

    def mirror_tenant(self, row: TenantCopy) -> bool:
        """As `mirror`, for the tenant itself."""
        known = self.session.get(TenantCopy, self.tenant_id)
        if known is not None and known.source_version >= row.source_version:
            return False
        row.tenant_id = self.tenant_id
        self.session.merge(row)
        self.session.flush()
        return True

    def tenant(self) -> TenantCopy | None:
        return self.session.get(TenantCopy, self.tenant_id)

    def billing_entity(self, billing_entity_id: UUID) -> BillingEntity | None:
        return self.get(BillingEntity, billing_entity_id)

    def location(self, location_id: UUID) -> Location | None:
        return self.get(Location, location_id)

    @remembered
    def locations(self) -> list[Location]:
        """All sites in the order they became known."""
        return list(self.session.scalars(_LOCATIONS, {"tenant_id": self.tenant_id}))

    def practitioner(self, practitioner_id: UUID) -> Practitioner | None:
        return self.get(Practitioner, practitioner_id)

    # ---- payers

    def payer_row(self, code: str) -> Payer | None:
        return self.session.scalar(select(Payer).where(Payer.tenant_id == self.tenant_id, Payer.code == code))

    @remembered
    def all_payers(self) -> list[Payer]:
        """Every payer, without its rules."""
        return list(self.session.scalars(select(Payer).where(Payer.tenant_id == self.tenant_id)))

    @remembered
    def payer_codes(self) -> dict[UUID, str]:
        """Codes of all payers by id."""
        rows = self.session.execute(select(Payer.id, Payer.code).where(Payer.tenant_id == self.tenant_id))
        return {row.id: row.code for row in rows}

    def payer_rules(self, payer_id: UUID) -> list[PayerRules]:
        """A payer's periods in order of time."""
        return self.rules_of([payer_id]).get(payer_id, [])

    def replace_payer_rules(self, payer_id: UUID, rules: Sequence[PayerRules]) -> None:
        self.session.execute(
            delete(PayerRule).where(PayerRule.tenant_id == self.tenant_id, PayerRule.payer_id == payer_id)
        )
        for rule in rules:
            self.session.add(
                PayerRule(
                    payer_id=payer_id,
                    start_date=rule.start,
                    end_date=rule.end,
                    timely_filing_days=rule.timely_filing_days,
                    corrected_filing_days=rule.corrected_filing_days,
                    silence_alarm_days=rule.silence_alarm_days,
                    claim_provider=rule.claim_provider.value,
                    crosses_over=rule.crosses_over,
                    sequestration=rule.sequestration,
                    eligibility=rule.eligibility,
                    video_modifier=rule.telehealth.video_modifier,
                    audio_modifier=rule.telehealth.audio_modifier,
                    home_place=rule.telehealth.home_place,
                    other_place=rule.telehealth.other_place,
                    demands=to_json(rule.demands),
                )
            )
        self.session.flush()

    @remembered
    def payer(self, payer_id: UUID, on: date | None = None) -> PayerProfile | None:
        """The payer with the rules for services of `on` (None: the latest)."""
        row = self.get(Payer, payer_id)
        return None if row is None else self._profiles([row], on)[0]

    @remembered
    def payer_by_code(self, code: str, on: date | None = None) -> PayerProfile | None:
        row = self.payer_row(code)
        return None if row is None else self._profiles([row], on)[0]

    @remembered
    def payers(self, on: date | None = None) -> list[PayerProfile]:
        """All payers by code."""
        rows = self.session.scalars(select(Payer).where(Payer.tenant_id == self.tenant_id).order_by(Payer.code))
        return self._profiles(list(rows), on)

    def payer_page(self, active_on: date | None, page_size: int, page_token: str) -> tuple[list[Payer], str]:
        query = select(Payer).where(Payer.tenant_id == self.tenant_id)
        if active_on is not None:
            query = query.where(
                Payer.active_from <= active_on, or_(Payer.active_to.is_(None), Payer.active_to >= active_on)
            )
        return self.page(query, [Payer.code], page_size, page_token)

    def mark_changed(self, row: object, column: str) -> None:
        """Has the row's version rise at the next flush, although none of its own columns changed."""
        flag_modified(row, column)

    def rules_of(self, payer_ids: Sequence[UUID]) -> dict[UUID, list[PayerRules]]:
        """Each payer's periods in order of time."""
        rows = self.session.scalars(_RULES, {"tenant_id": self.tenant_id, "payer_ids": payer_ids})
        found: dict[UUID, list[PayerRules]] = {}
        for row in rows:
            found.setdefault(row.payer_id, []).append(
                PayerRules(
                    start=row.start_date,
                    end=row.end_date,
                    timely_filing_days=row.timely_filing_days,
                    corrected_filing_days=row.corrected_filing_days,
                    silence_alarm_days=row.silence_alarm_days,
                    claim_provider=ClaimProvider(row.claim_provider),
                    crosses_over=row.crosses_over,
                    sequestration=row.sequestration,
                    eligibility=row.eligibility,
                    telehealth=TelehealthTable(row.video_modifier, row.audio_modifier, row.home_place, row.other_place),
                    demands=from_json(PayerDemands, row.demands),
                )
            )
        return found

    def _profiles(self, rows: Sequence[Payer], on: date | None) -> list[PayerProfile]:
        rules = self.rules_of([row.id for row in rows])
        profiles = []
        for row in rows:
            period = rules_on(rules[row.id], on)
            profiles.append(
                PayerProfile(
                    payer_id=row.id,
                    code=row.code,
                    name=row.name,
                    kind=PayerKind(row.kind),
                    x12_payer_id=row.x12_payer_id,
                    filing_indicator=row.filing_indicator,
                    timely_filing_days=period.timely_filing_days,
                    corrected_filing_days=period.corrected_filing_days,
                    silence_alarm_days=period.silence_alarm_days,
                    claim_provider=period.claim_provider,
                    sequestration=period.sequestration,
                    crosses_over=period.crosses_over,
                    eligibility=period.eligibility,
                    telehealth=period.telehealth,
                    active_from=row.active_from,
                    active_to=row.active_to,
                    demands=period.demands,
                    routes=tuple(from_json(PayerRoute, route) for route in row.routes),
                )
            )
        return profiles

    # ---- prices

    def fee_schedule_versions(self, code: str) -> list[FeeSchedule]:
        """All versions of a list, locked, in order of time."""
        query = (
            select(FeeSchedule)
            .where(FeeSchedule.tenant_id == self.tenant_id, FeeSchedule.code == code)
            .order_by(FeeSchedule.start_date)
            .with_for_update()
        )
        return list(self.session.scalars(query))

    def rival_fee_schedule(
        self, code: str, kind: FeeScheduleKind, payer_id: UUID | None, location_id: UUID | None
    ) -> str | None:
        """The code of another list that would answer for the same payer and place: a price must have one source."""
        return self.session.scalar(
            select(FeeSchedule.code)
            .where(
                FeeSchedule.tenant_id == self.tenant_id,
                FeeSchedule.code != code,
                FeeSchedule.kind == kind.value,
                FeeSchedule.payer_id.is_not_distinct_from(payer_id),
                FeeSchedule.location_id.is_not_distinct_from(location_id),
            )
            .limit(1)
        )

    def fee_schedule_in_use(self, fee_schedule_id: UUID) -> bool:
        """Whether charges were priced from this version."""
        return bool(
            self.session.scalar(
                select(
                    exists().where(
                        ChargeLine.tenant_id == self.tenant_id, ChargeLine.fee_schedule_id == fee_schedule_id
                    )
                )
            )
        )

    def replace_fees(self, fee_schedule_id: UUID, fees: Sequence[tuple[str, str, int]]) -> None:
        """Sets a version's prices: (procedure, modifier or '', minor units for one unit)."""
        self.session.execute(
            delete(FeeRow).where(FeeRow.tenant_id == self.tenant_id, FeeRow.fee_schedule_id == fee_schedule_id)
        )
        self.session.execute(
            insert(FeeRow),
            [
                {
                    "tenant_id": self.tenant_id,
                    "fee_schedule_id": fee_schedule_id,
                    "procedure": procedure,
                    "modifier": modifier,
                    "amount_minor": amount,
                }
                for procedure, modifier, amount in fees
            ],
        )

    def fees_of(self, fee_schedule_id: UUID) -> list[FeeRow]:
        query = (
            select(FeeRow)
            .where(FeeRow.tenant_id == self.tenant_id, FeeRow.fee_schedule_id == fee_schedule_id)
            .order_by(FeeRow.procedure, FeeRow.modifier)
        )
        return list(self.session.scalars(query))

    def fee_schedule_page(self, code: str, page_size: int, page_token: str) -> tuple[list[FeeSchedule], str]:
        query = select(FeeSchedule).where(FeeSchedule.tenant_id == self.tenant_id)
        if code:
            query = query.where(FeeSchedule.code == code)
        return self.page(query, [FeeSchedule.code, FeeSchedule.start_date, FeeSchedule.id], page_size, page_token)

    def fees_for(
        self, kind: FeeScheduleKind, payer_id: UUID | None, procedures: Iterable[str], service_date: date
    ) -> list[Fee]:
        """All fees of the codes that hold on the day, at any location, with any modifier."""
        about = {
            "tenant_id": self.tenant_id,
            "kind": kind.value,
            "payer_id": payer_id,
            "service_date": service_date,
            "procedures": set(procedures),
        }
        return [
            Fee(
                fee_schedule_id=schedule.id,
                kind=kind,
                payer_id=schedule.payer_id,
                location_id=schedule.location_id,
                start=schedule.start_date,
                end=schedule.end_date,
                procedure=fee.procedure,
                modifier=fee.modifier,
                amount_minor=fee.amount_minor,
            )
            for schedule, fee in self.session.execute(_FEES, about)
        ]

    # ---- number series

    def next_number(self, series: str) -> int:
        """The next number of a series, without gaps: the series stays locked until the transaction ends."""
        return int(self.session.scalar(_NEXT_NUMBER, {"the_tenant_id": self.tenant_id, "the_series": series}) or 0)
