"""What must hold of a person's demographics."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given

from patient_registry.domain import people
from patient_registry.domain.people import Address, AddressUse, Demographics, Name
from tests.patient_registry.domain.strategies import people as anybody

TODAY = date(2026, 3, 2)
LUCIA = Demographics(Name("Ortega", "Lucía"), date(1988, 3, 9))


def fields(person):
    return [problem.field for problem in people.settle(person, TODAY)[1]]


@given(anybody)
def test_settling_twice_changes_nothing(person):
    """What is kept is already in the form it is kept in."""
    settled, _ = people.settle(person, TODAY)
    assert people.settle(settled, TODAY)[0] == settled


def test_every_problem_is_said_at_once():
    """Nobody has to send a form five times to learn five things."""
    wrong = replace(
        LUCIA,
        name=Name("…", " "),
        birth_date=date(2026, 3, 3),
        deceased_on=date(2026, 1, 1),
        time_zone="Mars/Olympus",
        former_names=(Name("", "Lucía"),),
    )
    assert fields(wrong) == [
        "name.family", "name.given", "former_names[0].family", "birth_date", "deceased_on", "time_zone",
    ]  # fmt: skip


def test_nobody_is_older_than_the_oldest():
    """A birth date of the nineteenth century is a slip."""
    assert fields(replace(LUCIA, birth_date=date(1888, 3, 9))) == ["birth_date"]
    assert fields(replace(LUCIA, birth_date=TODAY)) == []


def test_a_day_of_death_means_deceased():
    """Whoever enters the day need not tick the box."""
    assert people.settle(replace(LUCIA, deceased_on=date(2026, 2, 1)), TODAY)[0].deceased


def test_letters_go_to_the_mailing_address_people_live_at_home():
    """An old address is neither."""
    old, home, mailing = (Address(("x",), use=use) for use in (AddressUse.OLD, AddressUse.HOME, AddressUse.MAILING))
    assert people.home_address((old, mailing, home)) == home
    assert people.mailing_address((old, home, mailing)) == mailing
    assert people.home_address((old,)) is None


def test_a_leap_day_birthday_is_kept_on_the_first_of_march():
    """Somebody born on 29 February is a year older on 1 March of a common year, not before."""
    assert people.age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert people.age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18
