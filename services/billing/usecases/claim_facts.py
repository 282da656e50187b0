"""What other records say about a claim: authorisations and referrals for it, the enrolment of who bills, twins of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from billing.domain.authorisations import AuthorisationKind, Ledger, count_down
from billing.domain.charges import VisitCharges
from billing.domain.payers import ClaimProvider, PayerProfile
from billing.domain.profiles import CoverageDetails
from billing.domain.scrub import Around
from billing.domain.x12.professional_claim import ProfessionalClaim
from billing.store import Store
from billing.tables_claims import Claim, ClaimLine


@dataclass(frozen=True, slots=True)
class Facts:
    """Duplicates by line number, whether who bills is enrolled, and what the claim's lines use of authorisations and referrals."""

    duplicates: dict[str, str]
    enrolled: bool
    authorisations: Ledger
    referrals: Ledger


def read(store: Store, claim: Claim, visit: VisitCharges, payer: PayerProfile) -> Facts:
    """The facts of a claim, read in one statement."""
    found = store.claim_facts(
        claim.id,
        patient_id=claim.patient_id,
        payer_id=claim.payer_id,
        practitioner_id=_who_bills(visit, payer),
        location_id=claim.location_id,
        day=claim.service_date,
    )

    def counted(kind: AuthorisationKind) -> Ledger:
        return count_down([one for one in found.authorisations if one.kind is kind], found.uses)

    return Facts(
        found.duplicates, found.enrolled, counted(AuthorisationKind.AUTHORISATION), counted(AuthorisationKind.REFERRAL)
    )


def with_numbers(written: ProfessionalClaim, lines: Sequence[ClaimLine], facts: Facts) -> ProfessionalClaim:
    """The claim with the numbers of its authorisation and referral; one that was given with the visit stays."""
    return replace(
        written,
        authorisation=written.authorisation or _number(facts.authorisations, lines),
        referral=written.referral or _number(facts.referrals, lines),
    )


def told(
    around: Around,
    written: ProfessionalClaim,
    lines: Sequence[ClaimLine],
    facts: Facts,
    payer: PayerProfile,
    coverage: CoverageDetails,
) -> Around:
    """What scrubbing needs of the facts. An authorisation that was given with the visit covers all its lines."""
    ledger = facts.authorisations
    authorised = {
        line.line_control: ledger.of_line[line.charge_line_id].number
        for line in lines
        if line.charge_line_id in ledger.of_line
    }
    given = written.authorisation and written.authorisation not in authorised.values()
    return replace(
        around,
        duplicates=facts.duplicates,
        demands=payer.demands,
        enrolled=facts.enrolled,
        coverage_kind=coverage.kind,
        authorised={line.line_control: written.authorisation for line in lines} if given else authorised,
        over_authorised=frozenset(
            () if given else (line.line_control for line in lines if line.charge_line_id in ledger.over)
        ),
    )


def _who_bills(visit: VisitCharges, payer: PayerProfile) -> UUID:
    """Whose enrolment counts: the one who stands in loop 2310B."""
    if payer.claim_provider is ClaimProvider.SUPERVISING and visit.supervising_practitioner_id is not None:
        return visit.supervising_practitioner_id
    return visit.rendering_practitioner_id


def _number(ledger: Ledger, lines: Sequence[ClaimLine]) -> str:
    """The number that the first line uses; lines under other numbers are told apart by an edit."""
    used = [ledger.of_line[line.charge_line_id].number for line in lines if line.charge_line_id in ledger.of_line]
    return used[0] if used else ""
