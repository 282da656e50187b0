"""Parts of the day that its proofs lean on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from infra.day.chaos import QUOTAS, ROUNDS, SPACING, VICTIMS, Rota
from infra.day.clock import _round_up
from infra.day.codes import codings_for
from infra.day.context import Strike
from infra.day.invariants import Finding
from infra.day.invariants.audit import phi_rpcs
from infra.day.invariants.kills import enough_was_killed
from infra.day.steps.step_02_patients import choose_insurer
from infra.day.steps.step_06_clinic import Agenda
from infra.day.world import CHARGES, CLINICIANS, INSURERS, PLACES, VISIT_KINDS
from stdnum.luhn import is_valid

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_the_agenda_gives_one_minute_at_a_time_in_order() -> None:
    """What was put in for one minute comes out together, in the order it was put in, earlier minutes first."""
    agenda = Agenda()
    done: list[str] = []
    agenda.at(NOON + timedelta(minutes=1), lambda: done.append("later"))
    agenda.at(NOON, lambda: done.append("first"))
    agenda.at(NOON + timedelta(seconds=30), lambda: done.append("second"))
    while (minute := agenda.next_minute()) is not None:
        for entry in agenda.take(minute):
            entry.action()
    assert done == ["first", "second", "later"]


def test_chaos_kills_everything_twice() -> None:
    """Every service, the gateway, NATS and PostgreSQL are killed at least twice, twenty kills in all, and all find a place."""
    kills = Counter(ROUNDS)
    assert set(kills) == set(VICTIMS)
    assert min(kills.values()) >= 2
    assert len(ROUNDS) >= 20
    assert sum(QUOTAS.values()) >= len(ROUNDS)


def points() -> list[str]:
    """The points of a whole day, as its steps name them."""
    booking = [f"booking, {days} days before" for days in range(30, 3, -2)]
    clinic = [f"clinic, {hour}:00 UTC" for hour in range(12, 25)]
    money = ["money, the first claims go out", *(f"money, day {number}" for number in range(1, 61))]
    return [*booking, "booking, moves", "reminders going out", "reminders being answered", *clinic, *money]


@pytest.mark.parametrize("seed", [3, 7, 11])
def test_a_day_is_long_enough_for_all_its_kills(seed: int) -> None:
    """Whatever the seed, every round finds its point, and the weeks of money are struck over weeks, not on their first days."""
    rota = Rota(seed)
    struck = [(point, strike[0]) for point in points() if (strike := rota.next_at(point)) is not None]
    assert Counter(victim for _, victim in struck) == Counter(ROUNDS)
    days = [int(point.rsplit(" ", 1)[1]) for point, _ in struck if point.startswith("money, day")]
    assert len(days) >= 5
    assert all(later - earlier >= SPACING["money"] for earlier, later in pairwise(days))


def test_the_same_seed_strikes_the_same() -> None:
    """Whom and when is decided by the seed alone, so that a broken day can be lived again."""
    one, other = Rota(7), Rota(7)
    assert [one.next_at(point) for point in points()] == [other.next_at(point) for point in points()]


def lived_under(*victims: str, dead: str = "") -> Any:
    """A day, as the proof sees it, in which these were killed; ``dead`` had ended by itself before."""
    strikes = [Strike("money, day 1", victim, None if victim == dead else 100, 1.0) for victim in victims]
    return SimpleNamespace(strikes=strikes)


def test_a_day_under_all_its_kills_was_killed_enough() -> None:
    """When every round was struck the proof of chaos holds."""
    assert enough_was_killed(lived_under(*ROUNDS)).passed


@pytest.mark.parametrize("spared", VICTIMS)
def test_a_day_that_spared_somebody_fails(spared: str) -> None:
    """Chaos that killed a part only once has not proved that it survives, and says whom it spared."""
    others = [victim for victim in ROUNDS if victim != spared]
    found = enough_was_killed(lived_under(spared, *others, others[0], others[0]))
    assert found.failures == [f"{spared} was killed 1 times of 2"]


def test_fewer_than_twenty_kills_are_too_few() -> None:
    """Two kills of each are eighteen: two are missing."""
    assert enough_was_killed(lived_under(*VICTIMS, *VICTIMS)).failures == ["18 kills of 20"]


def test_a_process_that_was_dead_already_was_not_killed() -> None:
    """Who had died by itself before the strike does not count, and is named."""
    found = enough_was_killed(lived_under(*ROUNDS, dead="telehealth"))
    assert any("telehealth was dead already" in failure for failure in found.failures)
    assert any("telehealth was killed 0 times" in failure for failure in found.failures)


def test_every_npi_has_its_check_digit() -> None:
    """Group, locations and practitioners have NPIs that a payer would accept, each its own."""
    numbers = [*(place.npi for place in PLACES), *(clinician.npi for clinician in CLINICIANS)]
    assert all(is_valid("80840" + number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_what_is_coded_has_a_price() -> None:
    """Every procedure a visit may be coded with is in the charge master, at every age, for every kind of visit."""
    possible = [coding for kind in VISIT_KINDS for age in range(100) for coding in codings_for(kind.code, age)]
    assert {line[0] for coding in possible for line in coding.lines} <= set(CHARGES)


@pytest.mark.parametrize(("age", "code"), [(0, "99391"), (4, "99392"), (17, "99394"), (18, "99395"), (80, "99397")])
def test_a_physical_is_coded_by_age(age: int, code: str) -> None:
    """The preventive visit has the code of the patient's age."""
    assert {coding.lines[0][0] for coding in codings_for("physical", age)} == {code}


def test_only_the_old_have_medicare() -> None:
    """Nobody under 65 is given Medicare, and everybody else of working age has one of the other payers."""
    assert {choose_insurer(draw / 100, 70).code for draw in range(100)} == {"MEDB1"}
    assert {choose_insurer(draw / 100, 40).code for draw in range(100)} == {
        insurer.code for insurer in INSURERS if insurer.code != "MEDB1"
    }


def test_an_invariant_that_looked_at_nothing_does_not_hold() -> None:
    """A proof over no rows proves nothing."""
    assert not Finding("nothing", 0).passed
    assert Finding("something", 1).passed
    assert not Finding("something", 1, ["broken"]).passed


def test_instants_are_rounded_up_to_the_grid() -> None:
    """Business time never stops before the work it stops for is due."""
    assert _round_up(NOON, timedelta(hours=1)) == NOON
    assert _round_up(NOON + timedelta(seconds=1), timedelta(minutes=30)) == NOON + timedelta(minutes=30)


def test_the_contracts_say_which_calls_touch_health_information() -> None:
    """Reading a patient does, signing in does not."""
    names = phi_rpcs()
    assert "polyclinic.patient_registry.v1.PatientRegistry/GetPatient" in names
    assert "polyclinic.identity.v1.Identity/SignIn" not in names
