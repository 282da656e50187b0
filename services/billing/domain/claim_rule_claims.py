"""Between a claim as it is written (837P) and a claim as the biller's rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from billing.domain.claim_rules import RENDERING, RuledClaim, RuledLine
from billing.domain.x12.professional_claim import Practitioner, ProfessionalClaim, ServiceLine


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules may ask about that does not stand on the claim: our payer's code and kind, the location's name."""

    payer: str
    payer_kind: str
    location: str


def ruled(claim: ProfessionalClaim, around: Surroundings) -> RuledClaim:
    """The claim as rules see it; lines are named by their line numbers (REF*6R)."""
    person = claim.patient or claim.insured
    first = min((line.service_from for line in claim.lines), default=None)
    return RuledClaim(
        payer=around.payer,
        payer_kind=around.payer_kind,
        payer_id=claim.payer.identifier,
        filing_indicator=claim.payer.filing_indicator,
        responsibility=claim.responsibility.value,
        frequency=claim.frequency.value,
        relationship=claim.relationship,
        diagnoses=tuple(_undotted(code) for code in claim.diagnoses),
        patient_age=_years(person.birth_date, first),
        patient_sex=person.sex,
        member_id=claim.insured.member_id,
        group_number=claim.insured.group_number,
        insurance_type=claim.insurance_type,
        authorisation=claim.authorisation,
        clia=claim.clia,
        accident=claim.accident.cause if claim.accident else "",
        referring_npi=claim.referring.npi if claim.referring else "",
        rendering_npi=claim.rendering.npi if claim.rendering else "",
        rendering_taxonomy=claim.rendering.taxonomy if claim.rendering else "",
        billing_npi=claim.billing_provider.npi,
        billing_taxonomy=claim.billing_provider.taxonomy,
        location=around.location,
        lines=tuple(
            RuledLine(
                line_id=line.line_control,
                procedure=line.procedure,
                charge_minor=line.charge_minor,
                units=int(line.units),
                service_date=line.service_from,
                place_of_service=line.place_of_service or claim.place_of_service,
                modifiers=line.modifiers,
                diagnoses=_pointed_at(line, claim.diagnoses),
                ndc=line.ndc,
                payer=around.payer,
            )
            for line in claim.lines
        ),
    )


def written_by_rules(
    claim: ProfessionalClaim, after: RuledClaim, practitioners: Mapping[str, Practitioner | None]
) -> ProfessionalClaim:
    """The claim with what the rules wrote. `practitioners`: who renders for each provider that lines may name.

    The claim keeps the lines it has; what rules have carved out of it or set apart is taken off by whoever splits it.
    """
    lines = {line.line_id: line for line in after.lines}
    place = after.lines[0].place_of_service if after.lines else claim.place_of_service
    providers = {line.provider for line in after.lines}
    who = claim.rendering
    if len(providers) == 1 and (named := practitioners.get(next(iter(providers)))) is not None:
        who = named
    if who is not None and after.rendering_taxonomy and who == claim.rendering:
        who = replace(who, taxonomy=after.rendering_taxonomy)
    return replace(
        claim,
        payer=replace(claim.payer, identifier=after.payer_id, filing_indicator=after.filing_indicator),
        insured=replace(claim.insured, group_number=after.group_number),
        billing_provider=replace(claim.billing_provider, taxonomy=after.billing_taxonomy),
        rendering=who,
        authorisation=after.authorisation,
        clia=after.clia,
        insurance_type=after.insurance_type,
        place_of_service=place,
        lines=tuple(_line(line, lines[line.line_control], place) for line in claim.lines),
    )


def wants_other_provider(after: RuledClaim) -> bool:
    """Whether a line is to be billed under somebody else than the one the payer's table names."""
    return any(line.provider != RENDERING for line in after.lines)


def _line(line: ServiceLine, after: RuledLine, place: str) -> ServiceLine:
    return replace(
        line,
        modifiers=after.modifiers,
        place_of_service="" if after.place_of_service == place else after.place_of_service,
    )


def _pointed_at(line: ServiceLine, diagnoses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_undotted(diagnoses[at - 1]) for at in line.pointers if 1 <= at <= len(diagnoses))


def _undotted(code: str) -> str:
    return code.replace(".", "").upper()


def _years(birth: date | None, on: date | None) -> int | None:
    if birth is None or on is None:
        return None
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
