"""Edits about what must be there before a visit is billed: enrolment, authorisation, referral, case; and about whom codes can be of."""

from __future__ import annotations

from collections.abc import Iterator

from billing.domain.diagnosis_limits import Side, age_on, limits_of, side_of
from billing.domain.scrub import Around
from billing.domain.x12.professional_claim import ProfessionalClaim, ServiceLine

Found = Iterator[tuple[str, str]]  # (field, message)

# X12 code list 1032 (SBR09, claim filing indicator) as 005010X222A1 allows it.
FILING_INDICATORS = frozenset(
    "11 12 13 14 15 16 17 AM BL CH CI DS FI HM LM MA MB MC OF TV VA WC ZZ".split()  # noqa: SIM905 - a code list is read as one
)
MEDICARE_KINDS = {"medicare_b": "MB", "medicaid": "MC"}
SIDED_MODIFIERS = {"LT": Side.LEFT, "RT": Side.RIGHT, "50": Side.BOTH}


def filing_indicator(claim: ProfessionalClaim, around: Around) -> Found:
    """The payer is filed under a code that there is, and that fits what it is."""
    code = claim.payer.filing_indicator
    if code not in FILING_INDICATORS:
        yield "payer.filing_indicator", f"{code or 'nothing'} is not a claim filing indicator"
    elif (expected := MEDICARE_KINDS.get(around.payer_kind)) is not None and code != expected:
        yield "payer.filing_indicator", f"{code} is filed for a payer of which {expected} is filed"


def enrolment(claim: ProfessionalClaim, around: Around) -> Found:
    """Who bills is enrolled, where the payer demands it."""
    if around.demands.requires_enrolment and not around.enrolled:
        yield "rendering", f"{claim.payer.name} has not enrolled the provider at this location for the day of service"


def authorisation(claim: ProfessionalClaim, around: Around) -> Found:
    """Services that need an authorisation have one, and only one stands on the claim."""
    for line in claim.lines:
        if line.line_control in around.over_authorised:
            yield _field(line, "units"), f"nothing is left of the authorisation for {line.procedure}"
        elif around.demands.authorises(line.procedure) and line.line_control not in around.authorised:
            yield _field(line, "procedure"), f"{claim.payer.name} wants {line.procedure} authorised beforehand"
    if len(numbers := set(around.authorised.values())) > 1:
        yield "authorisation", f"the lines are under different authorisations ({', '.join(sorted(numbers))})"


def referral(claim: ProfessionalClaim, around: Around) -> Found:
    """A payer that wants a referral is told its number and who referred."""
    if around.demands.requires_referral and not claim.referral:
        yield "referral", f"{claim.payer.name} wants a referral for the visit"
    if claim.referral and claim.referring is None:
        yield "referring", "a referral without the one who referred"


def case(claim: ProfessionalClaim, around: Around) -> Found:
    """An accident's insurer is told its claim number and the day."""
    if around.coverage_kind not in ("auto", "workers_comp"):
        return
    if not claim.casualty_claim:
        yield "casualty_claim", "the insurer's claim number of the accident is missing"
    if claim.accident is None:
        yield "accident", "the day of the accident is missing"


def drug_codes(claim: ProfessionalClaim, around: Around) -> Found:
    """Drugs that the payer wants named are named."""
    for line in claim.lines:
        if around.demands.asks_ndc(line.procedure) and not line.ndc:
            yield _field(line, "ndc"), f"{claim.payer.name} wants the NDC of {line.procedure}"


def sex_and_age(claim: ProfessionalClaim, around: Around) -> Found:
    """Diagnoses that are not of this patient's sex or age. An unknown sex is no conflict."""
    person = claim.patient or claim.insured
    on = min((line.service_from for line in claim.lines), default=around.today)
    age = age_on(person.birth_date, on) if person.birth_date is not None else None
    for at, code in enumerate(claim.diagnoses):
        limits = limits_of(code.replace(".", "").upper(), on)
        if limits.sex and person.sex in ("F", "M") and person.sex != limits.sex:
            yield f"diagnoses[{at}]", f"{code} is of the other sex than the patient's on the claim"
        if age is None:
            continue
        if (limits.youngest is not None and age < limits.youngest) or (
            limits.oldest is not None and age > limits.oldest
        ):
            yield f"diagnoses[{at}]", f"{code} is not of a patient aged {age}"


def laterality(claim: ProfessionalClaim, around: Around) -> Found:
    """A line's side is one that its diagnoses name. Diagnoses without sides agree with every line."""
    for line in claim.lines:
        sides = {SIDED_MODIFIERS[modifier] for modifier in line.modifiers if modifier in SIDED_MODIFIERS}
        if len(sides) != 1:
            continue
        [side] = sides
        pointed = [claim.diagnoses[p - 1].replace(".", "") for p in line.pointers if 1 <= p <= len(claim.diagnoses)]
        named = {found for code in pointed if (found := side_of(around.words_of(code))) is not None}
        if named and not any(_agrees(side, one) for one in named):
            yield _field(line, "modifiers"), f"the line is of the {side}, its diagnoses of the {_told(named)}"


def side_not_named(claim: ProfessionalClaim, around: Around) -> Found:
    """A line names a side and its diagnosis has a code for that side, but leaves it open."""
    for line in claim.lines:
        if not any(modifier in SIDED_MODIFIERS for modifier in line.modifiers):
            continue
        for pointer in line.pointers:
            code = claim.diagnoses[pointer - 1] if 1 <= pointer <= len(claim.diagnoses) else ""
            if side_of(around.words_of(code.replace(".", ""))) is Side.UNSPECIFIED:
                yield f"diagnoses[{pointer - 1}]", f"{code} leaves the side open that the line names"


def _agrees(side: Side, named: Side) -> bool:
    if Side.UNSPECIFIED is named or side is named:
        return True
    # A diagnosis of both sides agrees with treatment of one; treatment of both does not with a diagnosis of one.
    return named is Side.BOTH


def _told(named: set[Side]) -> str:
    return " and ".join(sorted(named))


def _field(line: ServiceLine, name: str) -> str:
    return f"lines[{line.line_control}].{name}"
