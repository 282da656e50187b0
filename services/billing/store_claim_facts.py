"""What is known around one claim before it is scrubbed: one statement, however much there is to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from billing.domain.authorisations import Authorisation, AuthorisationKind, Measure, Use
from chassis.store import BaseStore

# Duplicates: our line number → number of another live claim to the payer with the same patient, service and day; lines of the same
# visit are not compared, and modifiers that say it is meant twice are asked about by the edit itself.
_FACTS = text(
    """
    with approved as (
        select a.id, a.kind, a.number, a.start_date, a.end_date, a.procedures, a.practitioner_id, a.location_id, a.measure,
               a.limit_count
        from authorisation a
        where a.tenant_id = :tenant_id and a.patient_id = :patient_id and a.payer_id = :payer_id and a.state = 'approved'
          and a.start_date <= :day and (a.end_date is null or a.end_date >= :day)
    ), span as (
        select min(start_date) as first, max(coalesce(end_date, 'infinity'::date)) as last from approved
    )
    select
        (select json_object_agg(mine.line_control, other.control)
         from claim_line mine
         join charge_line line on line.tenant_id = mine.tenant_id and line.id = mine.charge_line_id
         join charge_line twin on twin.tenant_id = line.tenant_id and twin.patient_id = line.patient_id
          and twin.service_date = line.service_date and twin.procedure = line.procedure
          and twin.encounter_id <> line.encounter_id and twin.modifiers = line.modifiers
         join claim_line theirs on theirs.tenant_id = twin.tenant_id and theirs.charge_line_id = twin.id and theirs.live
          and theirs.claim_id <> mine.claim_id
         join claim other on other.tenant_id = theirs.tenant_id and other.id = theirs.claim_id
          and other.payer_id = :payer_id and other.state not in ('voided', 'closed')
         where mine.tenant_id = :tenant_id and mine.claim_id = :claim_id) as duplicates,
        exists(
            select 1 from enrolment e
            where e.tenant_id = :tenant_id and e.payer_id = :payer_id and e.transaction = 'claims' and e.state = 'approved'
              and (e.practitioner_id is null or e.practitioner_id = :practitioner_id)
              and (e.location_id is null or e.location_id = :location_id)
              and e.start_date <= :day and (e.end_date is null or e.end_date >= :day)) as enrolled,
        (select json_agg(row_to_json(approved)) from approved) as authorisations,
        (select json_agg(json_build_array(line.id, line.encounter_id, line.service_date, line.procedure, line.units,
                                          visit.practitioner_id, line.location_id))
         from span
         join claim on claim.tenant_id = :tenant_id and claim.patient_id = :patient_id and claim.payer_id = :payer_id
          and claim.state not in ('voided', 'closed') and claim.service_date between span.first and span.last
         join claim_line on claim_line.tenant_id = claim.tenant_id and claim_line.claim_id = claim.id and claim_line.live
         join charge_line line on line.tenant_id = claim_line.tenant_id and line.id = claim_line.charge_line_id
         join encounter visit on visit.tenant_id = line.tenant_id and visit.id = line.encounter_id
         where span.first is not null) as uses
    """
)


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What other records say about a claim: its payer's authorisations of the day, and what stands on its live claims."""

    duplicates: dict[str, str]
    enrolled: bool
    authorisations: tuple[Authorisation, ...]
    uses: tuple[Use, ...]


class ClaimFactsStore(BaseStore):
    """What is known around one claim."""

    def claim_facts(
        self,
        claim_id: UUID,
        *,
        patient_id: UUID,
        payer_id: UUID,
        practitioner_id: UUID,
        location_id: UUID,
        day: date,
    ) -> ClaimFacts:
        """The facts of one claim; `practitioner_id` is whose enrolment counts, `day` its first day of service."""
        values = {
            "tenant_id": self.tenant_id,
            "claim_id": claim_id,
            "patient_id": patient_id,
            "payer_id": payer_id,
            "practitioner_id": practitioner_id,
            "location_id": location_id,
            "day": day,
        }
        row = self.session.execute(_FACTS, values).one()
        return ClaimFacts(
            duplicates=row.duplicates or {},
            enrolled=row.enrolled,
            authorisations=tuple(_authorisation(one) for one in row.authorisations or ()),
            uses=tuple(_use(one) for one in row.uses or ()),
        )


def _authorisation(kept: dict[str, Any]) -> Authorisation:
    return Authorisation(
        authorisation_id=UUID(kept["id"]),
        kind=AuthorisationKind(kept["kind"]),
        number=kept["number"],
        start=date.fromisoformat(kept["start_date"]),
        end=date.fromisoformat(kept["end_date"]) if kept["end_date"] else None,
        procedures=tuple(kept["procedures"]),
        practitioner_id=UUID(kept["practitioner_id"]) if kept["practitioner_id"] else None,
        location_id=UUID(kept["location_id"]) if kept["location_id"] else None,
        measure=Measure(kept["measure"]),
        limit=kept["limit_count"],
    )


def _use(kept: list[Any]) -> Use:
    line_id, visit_id, day, procedure, units, practitioner_id, location_id = kept
    return Use(
        line_id=UUID(line_id),
        visit_id=UUID(visit_id),
        service_date=date.fromisoformat(day),
        procedure=procedure,
        units=units,
        practitioner_id=UUID(practitioner_id),
        location_id=UUID(location_id),
    )
