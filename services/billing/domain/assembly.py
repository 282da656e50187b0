"""From what is known of a visit, its people and its payers to the claim as it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.charges import ChargeLine, VisitCharges
from billing.domain.profiles import CoverageDetails, Person, Profile
from billing.domain.x12.professional_claim import (
    Accident,
    BillingProvider,
    Frequency,
    Insured,
    OtherPayer,
    Patient,
    Payer,
    PostalAddress,
    Practitioner,
    ProfessionalClaim,
    Responsibility,
    ServiceLine,
    ServiceLocation,
)

UNKNOWN_ADDRESS = PostalAddress("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class ClaimHead:
    """What is decided about a claim before it is written."""

    control: str
    responsibility: Responsibility
    frequency: Frequency
    payer_control: str
    payer: Payer


@dataclass(frozen=True, slots=True)
class Providers:
    """Who bills, who saw the patient, and where."""

    billing: BillingProvider
    rendering: Practitioner | None
    location: ServiceLocation


def assemble(
    head: ClaimHead,
    visit: VisitCharges,
    lines: Sequence[tuple[str, ChargeLine]],
    profile: Profile,
    coverage: CoverageDetails,
    providers: Providers,
) -> ProfessionalClaim:
    """The claim without coordination of benefits. `lines` are (line number, charge line); nothing is judged here."""
    insured = insured_of(profile, coverage)
    place = _main_place([line for _, line in lines])
    patient = None
    if not coverage.is_self:
        person = profile.person
        patient = Patient(
            person.last,
            person.first,
            person.middle,
            coverage.relationship,
            person.address or UNKNOWN_ADDRESS,
            person.birth_date,
            person.sex,
        )
    return ProfessionalClaim(
        control=head.control,
        billing_provider=providers.billing,
        responsibility=head.responsibility,
        relationship=coverage.relationship,
        insured=insured,
        payer=head.payer,
        patient=patient,
        place_of_service=place,
        diagnoses=visit.diagnoses,
        lines=tuple(_line(number, line, place) for number, line in lines),
        rendering=providers.rendering,
        frequency=head.frequency,
        payer_control=head.payer_control,
        referring=(
            Practitioner(visit.referring_last, visit.referring_first, visit.referring_npi)
            if visit.referring_npi
            else None
        ),
        service_location=_elsewhere(providers),
        authorisation=visit.authorisation,
        clia=visit.clia if _has_laboratory(visit.lines) else "",
        onset_date=visit.onset_date,
        accident=_accident(visit, coverage),
        insurance_type=coverage.insurance_type if head.responsibility is not Responsibility.PRIMARY else "",
        casualty_claim=coverage.case_number if coverage.kind != "health" else "",
    )


def insured_of(profile: Profile, coverage: CoverageDetails) -> Insured:
    """The subscriber of a coverage; the patient when it is their own."""
    person: Person = profile.person if coverage.is_self or coverage.subscriber is None else coverage.subscriber
    return Insured(
        last=person.last,
        first=person.first,
        middle=person.middle,
        member_id=coverage.member_id,
        address=person.address,
        birth_date=person.birth_date,
        sex=person.sex,
        group_number=coverage.group_number,
        group_name=coverage.plan_name,
    )


def with_answers(
    claim: ProfessionalClaim, lines: tuple[ServiceLine, ...], others: tuple[OtherPayer, ...]
) -> ProfessionalClaim:
    """The claim with what earlier payers said."""
    return replace(claim, lines=lines, other_payers=others)


def postal_address(kept: Mapping[str, Any] | None) -> PostalAddress | None:
    """An address as the directory keeps it ({lines, city, state, postal_code})."""
    if not kept:
        return None
    lines = [*kept.get("lines", ()), "", ""]
    return PostalAddress(
        lines[0],
        lines[1],
        kept.get("city", ""),
        kept.get("state", ""),
        str(kept.get("postal_code", "")).replace("-", ""),
    )


def _line(number: str, line: ChargeLine, place: str) -> ServiceLine:
    return ServiceLine(
        line_control=number,
        procedure=line.procedure,
        modifiers=line.modifiers,
        charge_minor=line.charge_minor,
        units=Decimal(line.units),
        pointers=line.diagnosis_pointers,
        service_from=line.service_date,
        service_to=line.service_date,
        place_of_service="" if line.place_of_service == place else line.place_of_service,
        ndc=line.ndc,
        ndc_quantity=Decimal(line.ndc_quantity) if line.ndc_quantity else None,
        ndc_unit=line.ndc_unit,
    )


def _main_place(lines: Sequence[ChargeLine]) -> str:
    """The claim's place of service: the first line's; lines elsewhere say so themselves (SV105)."""
    return lines[0].place_of_service if lines else ""


def _elsewhere(providers: Providers) -> ServiceLocation | None:
    """Loop 2310C is written only when the service was not at the billing provider's address."""
    there, here = providers.location.address, providers.billing.address
    same = (there.line1.upper(), there.postal_code[:5]) == (here.line1.upper(), here.postal_code[:5])
    return None if same else providers.location


def _has_laboratory(lines: Sequence[ChargeLine]) -> bool:
    return any(line.procedure.isdigit() and 80047 <= int(line.procedure) <= 89398 for line in lines)


def _accident(visit: VisitCharges, coverage: CoverageDetails) -> Accident | None:
    causes = {"auto": "AA", "workers_comp": "EM", "employer": "EM"}
    cause = visit.accident or causes.get(coverage.kind, "")
    happened = visit.accident_date or coverage.accident_date
    if not cause or happened is None:
        return None
    return Accident(cause, happened, coverage.accident_state)


def line_numbers(control: str, charge_line_ids: Sequence[UUID]) -> list[str]:
    """REF*6R of each line: the claim's own number and two digits, so that it is unique for ever too."""
    return [f"{control}{position:02d}" for position in range(1, len(charge_line_ids) + 1)]
