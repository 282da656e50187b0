"""Edits about what must be there before a visit is billed, and whom codes can be about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from billing.domain.diagnosis_limits import Side, side_of
from billing.domain.payer_demands import PayerDemands
from billing.domain.scrub import Around
from billing.domain.x12.professional_claim import Accident, Payer, ProfessionalClaim
from tests.billing.domain.test_scrub import AROUND, found
from tests.billing.domain.x12.test_professional_claim import PRIMARY, VISIT, line

WORDS = {
    "M25561": "Pain in right knee",
    "M25569": "Pain in unspecified knee",
    "M170": "Bilateral primary osteoarthritis of knee",
}
SIDED = replace(AROUND, is_billable=lambda code, on: True, words_of=lambda code: WORDS.get(code, ""))
ONE = replace(PRIMARY, lines=(line(1, 100),))
KNEE = replace(PRIMARY, diagnoses=("M25.561",), lines=(line(1, 100, procedure="20610", modifiers=("RT",)),))


def edits(claim: ProfessionalClaim, around: Around) -> list[tuple[str, str]]:
    """Findings by edit and field, for a claim whose total is right."""
    return found(claim, replace(around, charged_minor=claim.charge_minor))


@pytest.mark.parametrize(
    ("claim", "around", "finding"),
    [
        (replace(PRIMARY, payer=Payer("Aetna", "60054", "XX")), AROUND, ("FILING", "payer.filing_indicator")),
        (PRIMARY, replace(AROUND, payer_kind="medicare_b"), ("FILING", "payer.filing_indicator")),
        (
            PRIMARY,
            replace(AROUND, demands=PayerDemands(requires_enrolment=True), enrolled=False),
            ("ENROLMENT", "rendering"),
        ),
        (
            PRIMARY,
            replace(AROUND, demands=PayerDemands(authorisation_procedures=("99200-99499",))),
            ("AUTHORISATION", "lines[LN1].procedure"),
        ),
        (PRIMARY, replace(AROUND, over_authorised=frozenset({"LN1"})), ("AUTHORISATION", "lines[LN1].units")),
        (PRIMARY, replace(AROUND, demands=PayerDemands(requires_referral=True)), ("REFERRAL", "referral")),
        (replace(PRIMARY, referral="R1", referring=None), AROUND, ("REFERRAL", "referring")),
        (PRIMARY, replace(AROUND, coverage_kind="workers_comp"), ("CASE", "casualty_claim")),
        (PRIMARY, replace(AROUND, demands=PayerDemands(ndc_procedures=("99213",))), ("NDC", "lines[LN1].ndc")),
        (replace(PRIMARY, diagnoses=("N40.0",)), SIDED, ("DX-WHO", "diagnoses[0]")),
        (replace(PRIMARY, diagnoses=("P07.1",)), SIDED, ("DX-WHO", "diagnoses[0]")),
        (
            replace(KNEE, lines=(line(1, 100, procedure="20610", modifiers=("LT",)),)),
            SIDED,
            ("SIDE", "lines[LN1].modifiers"),
        ),
        (replace(KNEE, diagnoses=("M25.569",)), SIDED, ("SIDE-OPEN", "diagnoses[0]")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_edit_finds_what_it_is_for(claim, around, finding):
    """One fault, its edit and its field."""
    assert finding in edits(claim, around)


@pytest.mark.parametrize(
    ("claim", "around"),
    [
        (PRIMARY, replace(AROUND, demands=PayerDemands(requires_enrolment=True))),
        (
            replace(PRIMARY, authorisation="A1"),
            replace(AROUND, demands=PayerDemands(authorisation_procedures=("99213",)), authorised={"LN1": "A1"}),
        ),
        (
            replace(PRIMARY, casualty_claim="WC-1", accident=Accident("EM", VISIT)),
            replace(AROUND, coverage_kind="workers_comp"),
        ),
        (KNEE, SIDED),
        (replace(KNEE, diagnoses=("M17.0",)), SIDED),
    ],
    ids=["enrolled", "authorised", "case", "side", "both-sides"],
)
def test_what_is_in_order_passes(claim, around):
    """The same claims, complete."""
    assert [edit for edit, _ in edits(claim, around)] == []


def test_lines_under_two_authorisations_do_not_share_a_claim():
    """REF*G1 stands once on a claim."""
    claim = replace(PRIMARY, lines=(line(1, 100), line(2, 100, procedure="85025")))
    assert ("AUTHORISATION", "authorisation") in edits(claim, replace(AROUND, authorised={"LN1": "A1", "LN2": "A2"}))


def test_an_unknown_sex_conflicts_with_nothing():
    """U on the claim is no other sex."""
    claim = replace(ONE, diagnoses=("N40.0",), insured=replace(PRIMARY.insured, sex="U"))
    assert edits(claim, SIDED) == []


def test_the_age_is_that_of_the_day_of_service():
    """A newborn's code is right until the first birthday."""
    born = replace(PRIMARY.insured, birth_date=date(2025, 3, 3))
    claim = replace(ONE, diagnoses=("P07.1",), insured=born)
    assert edits(claim, SIDED) == []
    assert edits(replace(claim, insured=replace(born, birth_date=date(2025, 3, 2))), SIDED) == [
        ("DX-WHO", "diagnoses[0]")
    ]


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("Pain in right knee", Side.RIGHT),
        ("Contracture, left hip", Side.LEFT),
        ("Bilateral primary osteoarthritis of knee", Side.BOTH),
        ("Pain in unspecified knee", Side.UNSPECIFIED),
        ("Essential (primary) hypertension", None),
        ("Acute pharyngitis, unspecified", None),
    ],
)
def test_sides_are_read_from_the_codes_words(words, side):
    """Left, right, both, left open; or a code that has no sides."""
    assert side_of(words) is side
