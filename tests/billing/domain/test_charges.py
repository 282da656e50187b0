"""From codes to charge lines: what is refused, where and with which modifiers a service is placed, what it costs."""

from __future__ import annotations

from datetime import date
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.charges import (
    CodedLine,
    Modality,
    TelehealthFacts,
    charge_lines,
    coding_faults,
    dotted_diagnosis,
    place_of_service,
    plain_diagnosis,
    with_telehealth_modifier,
)
from billing.domain.fees import Fee, FeeScheduleKind, choose
from billing.domain.payers import ClaimProvider, PayerRules, TelehealthTable, faults_of, rules_on

BILLABLE = frozenset({"E119", "I10", "J069"})
VISIT = CodedLine("99213", 1, (1,))
COMMERCIAL = TelehealthTable(video_modifier="95", audio_modifier="93")
HERE, THERE, LIST_A, LIST_B = (UUID(int=n) for n in range(1, 5))
DAY = date(2026, 3, 2)


def fields(diagnoses: list[str], lines: list[CodedLine], *, complete: bool = True) -> list[str]:
    """The paths of what is wrong."""
    return [fault.field for fault in coding_faults(diagnoses, lines, BILLABLE, complete=complete)]


def test_good_codes_have_no_faults() -> None:
    """Dotted and plain codes, CPT and HCPCS, several pointers."""
    lines = [VISIT, CodedLine("G0439", 1, (2, 1), ("25",)), CodedLine("0001F", 2, (3,))]
    assert fields(["E11.9", "I10", "j06.9"], lines) == []


@pytest.mark.parametrize(
    ("diagnoses", "lines", "field"),
    [
        (["E11"], [VISIT], "diagnoses[0]"),
        (["banana"], [VISIT], "diagnoses[0]"),
        (["I10", "I10"], [VISIT], "diagnoses[1]"),
        (["I10"], [CodedLine("9921", 1, (1,))], "lines[0].procedure"),
        (["I10"], [CodedLine("99213", 0, (1,))], "lines[0].units"),
        (["I10"], [CodedLine("99213", 1, (2,))], "lines[0].diagnosis_pointers"),
        (["I10"], [CodedLine("99213", 1, ())], "lines[0].diagnosis_pointers"),
        (["I10"], [CodedLine("99213", 1, (1,), ("25", "25"))], "lines[0].modifiers"),
        (["I10"], [CodedLine("J1100", 1, (1,), ndc="00517490125")], "lines[0].ndc"),
        ([], [VISIT], "diagnoses"),
        (["I10"], [], "lines"),
        ([f"A{n:02d}" for n in range(13)], [VISIT], "diagnoses"),
    ],
)
def test_each_fault_names_its_field(diagnoses: list[str], lines: list[CodedLine], field: str) -> None:
    """What is wrong is said with the path of the field it is in."""
    assert field in fields(diagnoses, lines)


def test_an_unfinished_draft_may_be_saved() -> None:
    """Before the signature neither a diagnosis nor a line is demanded; what is there must be right all the same."""
    assert fields([], [], complete=False) == []
    assert fields(["E11"], [], complete=False) == ["diagnoses[0]"]


@given(st.from_regex(r"\A[A-Z][0-9][0-9A-Z]([0-9A-Z]{1,4})?\Z"))
def test_dots_come_and_go(code: str) -> None:
    """A code with its dot put in and taken out again is the same code."""
    assert plain_diagnosis(dotted_diagnosis(code)) == code


@pytest.mark.parametrize(
    ("modality", "facts", "place", "modifiers"),
    [
        (Modality.IN_PERSON, None, "11", ()),
        (Modality.VIDEO, TelehealthFacts(True, False), "10", ("95",)),
        (Modality.VIDEO, TelehealthFacts(False, False), "02", ("95",)),
        (Modality.VIDEO, TelehealthFacts(True, True), "10", ("93",)),
        (Modality.PHONE, TelehealthFacts(True, False), "10", ("93",)),
    ],
)
def test_place_and_modifier_of_telehealth(
    modality: Modality, facts: TelehealthFacts | None, place: str, modifiers: tuple[str, ...]
) -> None:
    """At home is place 10, elsewhere 02; the payer's modifier says video or sound only."""
    assert place_of_service(modality, "11", facts, COMMERCIAL) == place
    assert with_telehealth_modifier((), modality, facts, COMMERCIAL) == modifiers


def test_the_clinicians_own_telehealth_modifier_stands() -> None:
    """A modifier of the same meaning is neither doubled nor contradicted, and a full row of four stays as it is."""
    facts = TelehealthFacts(True, False)
    assert with_telehealth_modifier(("GT",), Modality.VIDEO, facts, COMMERCIAL) == ("GT",)
    full = ("25", "59", "76", "RT")
    assert with_telehealth_modifier(full, Modality.VIDEO, facts, COMMERCIAL) == full


def test_a_charge_is_price_times_units_and_a_missing_price_is_a_fault() -> None:
    """Lines are numbered from one; a code without price is named and not charged."""
    ids = (UUID(int=n) for n in count(1))
    lines, faults = charge_lines(
        [CodedLine("99213", 1, (1,)), CodedLine("97110", 3, (1,)), CodedLine("99999", 1, (1,))],
        new_id=lambda: next(ids),
        service_date=DAY,
        place="11",
        modality=Modality.IN_PERSON,
        facts=None,
        table=COMMERCIAL,
        price=lambda code, _: {"99213": 15_000, "97110": 4_500}.get(code),
    )
    assert [(line.line_number, line.charge_minor) for line in lines] == [(1, 15_000), (2, 13_500)]
    assert [fault.field for fault in faults] == ["lines[2].procedure"]


def fee(amount: int, **rest: object) -> Fee:
    """A charge-master fee of 99213."""
    values: dict[str, object] = {
        "fee_schedule_id": LIST_A,
        "kind": FeeScheduleKind.CHARGE_MASTER,
        "payer_id": None,
        "location_id": None,
        "start": date(2026, 1, 1),
        "end": None,
        "procedure": "99213",
        "modifier": "",
        "amount_minor": amount,
    }
    return Fee(**{**values, **rest})  # type: ignore[arg-type]


def test_the_most_particular_fee_wins() -> None:
    """Modifier before bare code, the location's own list before the general one, later versions before earlier ones."""
    general, local = fee(100), fee(110, location_id=HERE, fee_schedule_id=LIST_B)
    professional = fee(60, modifier="26")

    def chosen(*fees: Fee, modifiers: tuple[str, ...] = (), location: UUID = HERE) -> int | None:
        found = choose(fees, procedure="99213", modifiers=modifiers, location_id=location, service_date=DAY)
        return found.amount_minor if found else None

    assert chosen(general, local) == 110
    assert chosen(general, local, location=THERE) == 100
    assert chosen(general, professional, modifiers=("26", "25")) == 60
    assert chosen(general, professional) == 100
    assert chosen(fee(90, start=date(2025, 1, 1)), general) == 100
    assert chosen(fee(90, end=date(2026, 3, 1))) is None
    assert chosen(fee(90, payer_id=HERE)) is None


def rules(start: date, end: date | None) -> PayerRules:
    """A period of a payer's rules."""
    return PayerRules(start, end, 365, 180, 45, ClaimProvider.RENDERING)


def test_a_payers_periods_cover_each_day_once() -> None:
    """Overlaps, gaps, a late beginning and an early end are faults; neighbours are not."""
    first, second = rules(date(2026, 1, 1), date(2026, 6, 30)), rules(date(2026, 7, 1), None)
    start = date(2026, 1, 1)
    assert faults_of([second, first], start, None) == []
    assert faults_of([first, rules(date(2026, 6, 30), None)], start, None)[0][1].startswith("overlaps")
    assert faults_of([first, rules(date(2026, 7, 2), None)], start, None)[0][1].startswith("leaves a gap")
    assert faults_of([second], start, None)[0][1].startswith("the first period")
    assert faults_of([first], start, None)[0][1].startswith("the last period")
    assert faults_of([first], start, date(2026, 6, 30)) == []


@given(st.dates(date(2025, 1, 1), date(2028, 1, 1)))
def test_rules_are_those_of_the_service_day(day: date) -> None:
    """A service is judged by the period it falls into."""
    periods = [rules(date(2026, 1, 1), date(2026, 6, 30)), rules(date(2026, 7, 1), None)]
    assert rules_on(periods, day) is (periods[1] if day >= date(2026, 7, 1) else periods[0])
    assert rules_on(periods, None) is periods[1]
