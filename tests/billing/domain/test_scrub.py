"""Scrubbing: each edit finds what it is for, and an honest claim passes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.npi import is_npi
from billing.domain.scrub import Around, Severity, holds, scrub
from billing.domain.scrub_edits import EDITS
from billing.domain.x12.professional_claim import Accident, Frequency, ProfessionalClaim
from tests.billing.domain.x12.test_professional_claim import (
    ADDRESS,
    CHILD,
    EVERYTHING,
    MEDICARE,
    PRIMARY,
    PROVIDER,
    SECONDARY,
    VISIT,
    line,
)

BILLABLE = {"I10", "E119", "J029", "V892XXA"}
AROUND = Around(
    today=date(2026, 3, 3), is_billable=lambda code, on: code in BILLABLE, timely_filing_days=90, charged_minor=12500
)


def found(claim: ProfessionalClaim, around: Around = AROUND) -> list[tuple[str, str]]:
    """The findings as (edit, field)."""
    charged = replace(around, charged_minor=claim.charge_minor) if around is AROUND else around
    return [(finding.edit_id, finding.field) for finding in scrub(claim, charged, EDITS)]


@pytest.mark.parametrize(
    "claim", [PRIMARY, replace(PRIMARY, patient=CHILD, relationship=""), EVERYTHING, SECONDARY], ids=lambda c: c.control
)
def test_honest_claims_pass(claim: ProfessionalClaim):
    """A complete claim has no findings."""
    assert found(claim, replace(AROUND, charged_minor=claim.charge_minor, today=date(2026, 3, 20))) == []


CASES = [
    (replace(PRIMARY, billing_provider=replace(PROVIDER, npi="1234567890")), "NPI", "billing_provider.npi"),
    (replace(PRIMARY, rendering=replace(PRIMARY.rendering, npi="")), "NPI", "rendering.npi"),
    (replace(PRIMARY, billing_provider=replace(PROVIDER, tax_id="12-345678")), "TAX", "billing_provider.tax_id"),
    (replace(PRIMARY, rendering=replace(PRIMARY.rendering, taxonomy="X")), "TAXONOMY", "rendering.taxonomy"),
    (
        replace(PRIMARY, billing_provider=replace(PROVIDER, address=replace(ADDRESS, postal_code="02111"))),
        "BILLADDR",
        "billing_provider.address.postal_code",
    ),
    (
        replace(PRIMARY, billing_provider=replace(PROVIDER, address=replace(ADDRESS, line1="P.O. Box 9"))),
        "BILLADDR",
        "billing_provider.address",
    ),
    (replace(PRIMARY, insured=replace(PRIMARY.insured, member_id="")), "MEMBER", "insured.member_id"),
    (replace(PRIMARY, payer=MEDICARE), "MBI", "insured.member_id"),
    (replace(PRIMARY, insured=replace(PRIMARY.insured, birth_date=None)), "PERSON", "insured.birth_date"),
    (replace(PRIMARY, insured=replace(PRIMARY.insured, sex="X")), "PERSON", "insured.sex"),
    (replace(PRIMARY, patient=replace(CHILD, relationship="")), "PERSON", "patient.name"),
    (
        replace(PRIMARY, lines=(line(1, 100, service_from=date(2026, 3, 4), service_to=date(2026, 3, 4)),)),
        "DATES",
        "lines[LN1].service_date",
    ),
    (replace(PRIMARY, lines=(line(1, 100, service_to=date(2026, 3, 1)),)), "DATES", "lines[LN1].service_date"),
    (
        replace(PRIMARY, insured=replace(PRIMARY.insured, birth_date=date(2026, 3, 3))),
        "DATES",
        "lines[LN1].service_date",
    ),
    (replace(PRIMARY, accident=Accident("OA", date(2026, 3, 3))), "DATES", "accident"),
    (replace(PRIMARY, diagnoses=("I10", "E11.99")), "DX", "diagnoses[1]"),
    (replace(PRIMARY, diagnoses=("V89.2XXA", "I10")), "DX", "diagnoses[0]"),
    (replace(PRIMARY, diagnoses=("I10", "I10")), "DX", "diagnoses[1]"),
    (replace(PRIMARY, diagnoses=()), "DX", "diagnoses"),
    (replace(PRIMARY, lines=(line(1, 100, pointers=(3,)),)), "POINTER", "lines[LN1].pointers"),
    (replace(PRIMARY, lines=(line(1, 100, pointers=(1, 1)),)), "POINTER", "lines[LN1].pointers"),
    (replace(PRIMARY, lines=(line(1, 100, procedure="9921"),)), "PROCEDURE", "lines[LN1].procedure"),
    (replace(PRIMARY, lines=()), "PROCEDURE", "lines"),
    (replace(PRIMARY, lines=(line(1, 100, units=Decimal("1.5")),)), "UNITS", "lines[LN1].units"),
    (replace(PRIMARY, lines=(line(1, 0),)), "UNITS", "lines[LN1].charge"),
    (replace(PRIMARY, lines=(line(1, 100, modifiers=("25", "25")),)), "MODIFIER", "lines[LN1].modifiers"),
    (replace(PRIMARY, lines=(line(1, 100, modifiers=("26", "TC")),)), "MODIFIER", "lines[LN1].modifiers"),
    (replace(PRIMARY, lines=(line(1, 100, modifiers=("50", "LT")),)), "MODIFIER", "lines[LN1].modifiers"),
    (replace(PRIMARY, place_of_service="00"), "PLACE", "place_of_service"),
    (
        replace(PRIMARY, lines=(line(1, 100, place_of_service="12", modifiers=("95",)),)),
        "PLACE",
        "lines[LN1].modifiers",
    ),
    (replace(PRIMARY, lines=(line(1, 100), line(1, 100, modifiers=("59",)))), "LINENO", "lines[LN1].line_control"),
    (replace(PRIMARY, lines=(line(1, 100), line(2, 100))), "DUPLICATE", "lines[LN2].procedure"),
    (replace(PRIMARY, frequency=Frequency.REPLACEMENT), "CORRECTION", "payer_control"),
    (replace(SECONDARY, other_payers=()), "COB", "other_payers"),
    (replace(SECONDARY, other_payers=(replace(SECONDARY.other_payers[0], paid_minor=1),)), "COB", "other_payers"),
    (replace(PRIMARY, accident=Accident("AA", VISIT)), "ACCIDENT", "accident.state"),
    (replace(PRIMARY, lines=(line(1, 100, ndc="123"),)), "DRUG", "lines[LN1].ndc"),
    (replace(PRIMARY, lines=(line(1, 100, procedure="80053"),)), "CLIA", "lines[LN1].procedure"),
]


@pytest.mark.parametrize(("claim", "edit", "where"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_each_edit_finds_what_it_is_for(claim: ProfessionalClaim, edit: str, where: str):
    """One fault, its edit and its field."""
    assert (edit, where) in found(claim, replace(AROUND, charged_minor=claim.charge_minor))


@pytest.mark.parametrize(
    ("around", "edit"),
    [
        (replace(AROUND, charged_minor=12501), "TOTAL"),
        (replace(AROUND, coverage_from=date(2026, 3, 3)), "COVERAGE"),
        (replace(AROUND, coverage_to=date(2026, 3, 1)), "COVERAGE"),
        (replace(AROUND, died_on=date(2026, 3, 1)), "DATES"),
        (replace(AROUND, duplicates={"LN1": "PC0"}), "DUPLICATE"),
        (replace(AROUND, today=date(2026, 6, 1)), "TIMELY"),
        (replace(AROUND, today=date(2026, 5, 31)), "TIMELY-SOON"),
    ],
)
def test_what_is_known_around_the_claim_matters(around: Around, edit: str):
    """Ledger, coverage, death, other claims and the calendar are asked."""
    assert [name for name, _ in found(PRIMARY, around)] == [edit]


def test_the_filing_clock_of_a_later_payer_starts_with_the_earlier_answer():
    """Medicare answered on 16 March: 90 days from then, not from the visit."""
    late = replace(AROUND, charged_minor=SECONDARY.charge_minor, today=date(2026, 6, 13))
    assert found(SECONDARY, late) == [("TIMELY-SOON", "service_date")]
    assert found(SECONDARY, replace(late, today=date(2026, 6, 15))) == [("TIMELY", "service_date")]


def test_every_edit_of_the_table_is_exercised_above():
    """An edit nobody tests is an edit nobody knows."""
    exercised = {edit for _, edit, _ in CASES} | {"TOTAL", "COVERAGE", "TIMELY", "TIMELY-SOON"}
    exercised |= {"NCCI", "MUE", "MUE-RECORDS"}  # in test_coding_edits.py
    exercised |= {
        "FILING",
        "ENROLMENT",
        "AUTHORISATION",
        "REFERRAL",
        "CASE",
        "NDC",
        "DX-WHO",
        "SIDE",
        "SIDE-OPEN",
    }  # test_scrub_front.py
    assert {edit.edit_id for edit in EDITS} == exercised


def test_a_well_formed_medicare_id_passes():
    """CMS's own example of an identifier."""
    assert found(replace(PRIMARY, payer=MEDICARE, insured=replace(PRIMARY.insured, member_id="1EG4TE5MK73"))) == []


def test_findings_say_what_a_biller_needs():
    """Edit, version, source, field, message and what mends it."""
    [finding] = scrub(replace(PRIMARY, place_of_service="00"), AROUND, EDITS)
    assert (finding.edit_id, finding.version, finding.severity) == ("PLACE", 1, Severity.HOLD)
    assert finding.source
    assert finding.fix
    assert "00" in finding.message


def test_warnings_do_not_hold():
    """A claim with warnings only goes out."""
    warned = scrub(replace(PRIMARY, lines=(line(1, 12500, procedure="80053"),)), AROUND, EDITS)
    assert [finding.severity for finding in warned] == [Severity.WARNING]
    assert not holds(warned)
    assert holds(scrub(replace(PRIMARY, place_of_service="00"), AROUND, EDITS))


def test_edits_hold_within_their_dates():
    """An edit that was not in force on the day of service does not judge it."""
    later = [replace(edit, start=date(2026, 4, 1)) for edit in EDITS]
    assert scrub(replace(PRIMARY, place_of_service="00"), AROUND, later) == ()


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_exactly_one_check_digit_makes_an_npi(nine: str):
    """Of ten last digits one is right."""
    assert sum(is_npi(nine + digit) for digit in "0123456789") == 1


@pytest.mark.parametrize(
    "text", ["", "123456789", "12345678901", "abcdefghij", "1234567890", "3234567893", "١٢٣٤٥٦٧٨٩٣"]
)
def test_what_is_not_an_npi(text: str):
    """Length, digits, first digit and check digit are asked."""
    assert not is_npi(text)
