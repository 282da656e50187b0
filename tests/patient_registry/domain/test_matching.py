"""One person or two? The hard cases, and properties that hold of all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from infra.fhirgen.families import families

from patient_registry.domain import keys, matching
from patient_registry.domain import matching_weights as weights
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.matching import Grade
from patient_registry.domain.people import Address, Demographics, Name, Sex
from tests.depth import deep
from tests.patient_registry.domain.strategies import people as anybody

HOME = Address(("12 North Main Street", "Apt. 3"), "Denver", "CO", "80202")
PHONE = ContactPoint(ContactKind.MOBILE, "+13035550123")
LUCIA = Demographics(Name("Ortega", "Lucía"), date(1990, 3, 9), Sex.FEMALE, addresses=(HOME,), contact_points=(PHONE,))
ALONE = {"addresses": (), "contact_points": ()}


def compare(one, other):
    return matching.compare(matching.record_of(one), matching.record_of(other))


def grade(**changes):
    return compare(LUCIA, replace(LUCIA, **changes)).grade


def test_the_same_person_again_is_certain():
    """Name, birth date and a phone that agree leave no doubt."""
    match = compare(LUCIA, replace(LUCIA, addresses=()))
    assert match.grade is Grade.CERTAIN
    assert match.reasons[0] == "same birth date"


def test_name_and_birth_date_alone_are_likely_not_certain():
    """Two people may share both: something that confirms it is missing."""
    assert grade(**ALONE, sex=Sex.UNKNOWN) is Grade.LIKELY


@pytest.mark.parametrize("given_name", ["Sofía", "Mateo", "Luz"])
def test_twins_are_never_certain_nor_likely(given_name):
    """Same birth date, family name, address and phone, another given name: two people until somebody says otherwise."""
    match = compare(LUCIA, replace(LUCIA, name=Name("Ortega", given_name)))
    assert match.grade in (Grade.POSSIBLE, Grade.UNLIKELY)
    assert match.reasons[0].startswith("may be twins")


@given(anybody, anybody)
def test_no_pair_with_different_given_names_is_certain(one, other):
    """Whatever else two records share, a given name that is neither the same nor a short form leaves doubt."""
    other = replace(other, birth_date=one.birth_date, addresses=one.addresses, contact_points=one.contact_points)
    match = compare(one, other)
    if match.grade is Grade.CERTAIN:
        a, b = matching.record_of(one), matching.record_of(other)
        assert a.given == b.given or matching.same_person_calls(a.given, b.given)


def test_twins_with_names_alike_are_not_certain():
    """Jayden and Kayden may be a slip of the keyboard or two boys."""
    jayden = replace(LUCIA, name=Name("Ortega", "Jayden"))
    assert compare(jayden, replace(LUCIA, name=Name("Ortega", "Jaydon"))).grade is not Grade.CERTAIN


def test_a_married_name_is_likely_where_the_phone_agrees():
    """Given name, birth date and phone agree: a new family name is told as the reason to look, not to refuse."""
    match = compare(LUCIA, replace(LUCIA, name=Name("Miller", "Lucía")))
    assert match.grade is Grade.LIKELY
    assert "family name differs" in match.reasons


def test_a_former_name_counts_as_agreement():
    """Who is on file with the maiden name is recognised by it."""
    married = replace(LUCIA, name=Name("Miller", "Lucía"), former_names=(Name("Ortega", "Lucía"),), **ALONE)
    match = compare(replace(LUCIA, **ALONE), married)
    assert match.grade is Grade.LIKELY
    assert "family name is the other's former one" in match.reasons


def test_father_and_son_of_one_name_and_house_are_not_likely():
    """Everything a household shares, and the whole name, weigh less than a birth date thirty years apart."""
    assert grade(birth_date=date(1961, 7, 21)) in (Grade.POSSIBLE, Grade.UNLIKELY)


def test_siblings_are_unlikely():
    """Another given name and another birth date are two people, however much they share."""
    assert grade(name=Name("Ortega", "Ana"), birth_date=date(1993, 1, 3)) is Grade.UNLIKELY


@pytest.mark.parametrize("born", [date(1990, 9, 3), date(1990, 3, 8), date(1980, 3, 9)])
def test_a_slip_in_the_birth_date_is_likely(born):
    """Day and month exchanged, or one digit wrong."""
    assert grade(birth_date=born) is Grade.LIKELY


def test_a_short_form_is_the_same_person():
    """Liz and Elizabeth of one birth date and phone are one."""
    elizabeth = replace(LUCIA, name=Name("Ortega", "Elizabeth"))
    assert compare(elizabeth, replace(LUCIA, name=Name("Ortega", "Liz"))).grade is Grade.CERTAIN


def test_a_different_social_security_number_takes_the_certainty():
    """What a person keeps for life contradicts: somebody has to look."""
    one = replace(LUCIA, ssn_last_four="1234")
    assert compare(one, replace(LUCIA, ssn_last_four="9876")).grade is not Grade.CERTAIN
    assert compare(one, replace(LUCIA, ssn_last_four="1234", **ALONE)).grade is Grade.CERTAIN


def test_a_common_name_says_less_than_a_rare_one():
    """Two Smiths agree less than two Kowalskis."""
    smith, rare = Name("Smith", "John"), Name("Kowalczyk", "John")
    common = compare(replace(LUCIA, name=smith), replace(LUCIA, name=smith))
    assert common.score < compare(replace(LUCIA, name=rare), replace(LUCIA, name=rare)).score


@given(anybody, anybody)
def test_comparing_is_symmetric(one, other):
    """Who is compared with whom does not matter."""
    assert compare(one, other) == compare(other, one)


@given(anybody)
def test_everybody_is_most_like_themselves(person):
    """A record compared with itself is likely or certain, whatever is missing in it."""
    assert compare(person, person).grade in (Grade.LIKELY, Grade.CERTAIN)


@given(anybody, anybody)
def test_strangers_are_weighed_below_sameness(one, other):
    """Nobody is more like somebody else than like themselves."""
    assert (
        compare(one, other).score <= compare(one, one).score + 1e-9
        or compare(one, other).score <= compare(other, other).score
    )


def test_streets_are_compared_in_one_form():
    """North Main Street and N. Main St. are one street; another flat is another address."""
    assert matching.street_form(HOME) == "12 n main st apt 3"
    assert matching.street_form(replace(HOME, lines=("12 N. Main St.", "Apt 3"))) == matching.street_form(HOME)
    assert matching.street_form(replace(HOME, lines=("12 N Main St", "#4"))) != matching.street_form(HOME)


def test_every_level_that_agrees_speaks_for_and_every_difference_against():
    """The table is sane: m over u above one for agreement, below one for difference."""
    for name, levels in weights.WEIGHTS.items():
        for level, entry in levels.items():
            if level in ("same", "agrees", "same_common", "swapped", "nickname"):
                assert entry.bits > 0, (name, level)
            if level == "differs":
                assert entry.bits < 0, (name, level)


# --- quality: a clinic's file and the same people registered again, badly -------------------------------------------


def file_of_people(count, seed):
    """Generated families as demographics: twins, shared phones and addresses among them."""
    found = []
    for family in families(count, seed, date(2026, 3, 2)):
        address = Address(
            (family.street, family.flat) if family.flat else (family.street,),
            family.city.city,
            family.city.state,
            family.postal_code,
        )
        for member in family.members:
            points = []
            if member.phone:
                points.append(ContactPoint(ContactKind.MOBILE, "+1" + member.phone.replace("-", "")))
            if member.email:
                points.append(ContactPoint(ContactKind.EMAIL, member.email))
            former = (Name(member.maiden_name, member.given),) if member.maiden_name else ()
            found.append(
                Demographics(
                    Name(member.family, member.given, member.middle), member.birth_date, Sex(member.sex),
                    former_names=former, addresses=(address,), contact_points=tuple(points),
                )
            )  # fmt: skip
    return found


def registered_again(person, chance):
    """The same person as another desk enters them: a slip here, something left out there."""
    slip = chance.choice(["none", "typo", "day", "nickname", "no middle", "quick", "new phone", "married", "moved"])
    name = person.name
    if slip == "typo" and len(name.family) > 4:
        place = chance.randrange(2, len(name.family) - 1)
        return replace(person, name=replace(name, family=name.family[:place] + name.family[place + 1 :]))
    if slip == "day":
        born = person.birth_date
        return replace(person, birth_date=keys.swap_day_and_month(born) or born.replace(year=born.year - 10))
    if slip == "no middle":
        return replace(person, name=replace(name, middle=""))
    if slip == "quick":
        return replace(person, addresses=(), sex=Sex.UNKNOWN)
    if slip == "new phone":
        return replace(
            person, contact_points=(ContactPoint(ContactKind.MOBILE, f"+1720555{chance.randrange(10**4):04d}"),)
        )
    if slip == "married" and person.sex is Sex.FEMALE and person.birth_date.year < 2005:
        return replace(person, name=replace(name, family="Thistlewood"))
    if slip == "moved":
        return replace(person, addresses=(Address(("1 New Road",), "Boulder", "CO", "80301"),))
    return person


def test_quality_on_a_clinics_file():
    """Of people registered a second time with the usual slips nearly all are warned about; of others hardly any."""
    chance = random.Random(20260302)
    on_file = file_of_people(900, seed=3)
    records = [matching.record_of(person) for person in on_file]
    by_key: dict[str, set[int]] = {}
    for index, person in enumerate(on_file):
        for key in keys.all_keys(person, "M00000018", ()):
            by_key.setdefault(key, set()).add(index)

    def warned_about(person):
        candidates = set().union(*(by_key.get(key, set()) for key in keys.blocking(person)))
        record = matching.record_of(person)
        grades = {index: matching.compare(record, records[index]).grade for index in candidates}
        return {index for index, grade in grades.items() if grade in (Grade.LIKELY, Grade.CERTAIN)}

    found = wrong = 0
    again = [(index, registered_again(person, chance)) for index, person in enumerate(on_file)]
    for index, person in again:
        warned = warned_about(person)
        found += index in warned
        wrong += len(warned - {index})
    assert found / len(again) > 0.97, f"recall {found / len(again):.3f}"
    assert wrong / max(1, found + wrong) < 0.01, f"precision {found / (found + wrong):.3f}"


@pytest.mark.parametrize("people", [250, pytest.param(1000, marks=deep)])
def test_new_people_are_hardly_ever_warned_about(people):
    """As many strangers as there are on file, families among them, raise next to no warning against a file of others."""
    on_file, strangers = file_of_people(people, seed=3), file_of_people(people, seed=11)
    records = [matching.record_of(person) for person in on_file]
    warned = 0
    for person in strangers:
        record = matching.record_of(person)
        warned += any(matching.compare(record, other).grade in (Grade.LIKELY, Grade.CERTAIN) for other in records)
    assert warned <= people // 250


def test_families_do_not_warn_about_each_other():
    """Registering a whole family, twins included, raises no warning among its members."""
    on_file = file_of_people(900, seed=5)
    records = [matching.record_of(person) for person in on_file]
    by_street: dict[str, list[matching.Record]] = {}
    for record in records:
        by_street.setdefault(record.street + record.postal_code, []).append(record)
    pairs = [(a, b) for home in by_street.values() for i, a in enumerate(home) for b in home[i + 1 :]]
    assert len(pairs) > 500
    assert not [pair for pair in pairs if matching.compare(*pair).grade in (Grade.LIKELY, Grade.CERTAIN)]
