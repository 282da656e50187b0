"""What a rule asks must all be so; what it leaves empty is not asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.charge_reviews import Asks, Rule, SignedVisit, drawn, holds

DOCTOR, NURSE, SITE = UUID(int=1), UUID(int=2), UUID(int=3)
VISIT = SignedVisit(
    encounter_id=UUID(int=9),
    practitioner_id=DOCTOR,
    location_id=SITE,
    appointment_type_code="follow-up",
    payer_code="COMM1",
    service_date=date(2026, 3, 2),
    procedures=("99215", "85025"),
    modifiers=("25",),
    diagnoses=("E119", "I10"),
    charge_minor=30_000,
)


def rule(**asks: object) -> Rule:
    """A rule of this year."""
    return Rule("A rule", Asks(**asks), date(2026, 1, 1), date(2026, 12, 31))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asks", "held"),
    [
        ({"practitioner_ids": (DOCTOR,)}, True),
        ({"practitioner_ids": (NURSE,)}, False),
        ({"location_ids": (SITE,)}, True),
        ({"appointment_type_codes": ("new",)}, False),
        ({"payer_codes": ("COMM1", "SELF")}, True),
        ({"payer_codes": ("SELF",)}, False),
        ({"procedures": ("99214-99215",)}, True),
        ({"procedures": ("99204-99205",)}, False),
        ({"modifiers": ("25", "59")}, True),
        ({"modifiers": ("59",)}, False),
        ({"diagnoses": ("E11",)}, True),
        ({"diagnoses": ("E10",)}, False),
        ({"charge_from_minor": 30_000}, True),
        ({"charge_from_minor": 30_001}, False),
        ({"practitioner_ids": (DOCTOR,), "modifiers": ("59",)}, False),
    ],
)
def test_each_thing_that_is_asked(asks: dict[str, object], held: bool) -> None:
    """By clinician, place, kind of visit, payer, service, modifier, diagnosis, money; all together."""
    assert holds(rule(**asks), VISIT) is held


def test_a_rule_holds_visits_of_its_days_only() -> None:
    """The first and the last day belong to it."""
    asked = rule(procedures=("99215",))
    around = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    assert [holds(asked, replace(VISIT, service_date=day)) for day in around] == [False, True, True, False]


def test_visits_that_nobody_insures_are_called_self() -> None:
    """A visit without a payer is the patient's."""
    assert holds(rule(payer_codes=("SELF",)), replace(VISIT, payer_code=""))


def test_a_sample_is_as_large_as_it_was_asked_for() -> None:
    """Of ten thousand visits about a fifth at twenty of a hundred, and always the same ones."""
    visits = [replace(VISIT, encounter_id=UUID(int=number)) for number in range(10_000)]
    asked = rule(sample_percent=20)
    chosen = [visit for visit in visits if holds(asked, visit)]
    assert 1_850 < len(chosen) < 2_150
    assert chosen == [visit for visit in visits if holds(asked, visit)]


@given(st.uuids())
def test_a_draw_lies_between_0_and_99(encounter_id: UUID) -> None:
    """Whatever the visit's id is."""
    assert 0 <= drawn(encounter_id) <= 99


def test_a_rule_that_asks_nothing_is_known_as_such() -> None:
    """It would hold every visit of the organisation."""
    assert Asks().asks_nothing
    assert not Asks(sample_percent=1).asks_nothing
    assert Asks(charge_from_minor=0).asks_nothing
    assert not Asks(charge_from_minor=1).asks_nothing
