"""What the front desk types is understood."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patient_registry.domain import keys, mrn, search
from patient_registry.domain.search import NamePattern
from tests.patient_registry.domain.strategies import people as anybody

TODAY = date(2026, 3, 2)
BORN = {"b:19700405"}


def parse(text):
    return search.parse(text, TODAY)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("smi,jo", NamePattern("smi", "jo")),
        ("Smith, John", NamePattern("smith", "john")),
        ("john smith", NamePattern("smith", "john")),
        ("smi", NamePattern("smi")),
        (",jo", NamePattern("", "jo")),
        ("o'brien,", NamePattern("obrien")),
        ("garcía-lópez, ana", NamePattern("garcialopez", "ana")),
        ("maria de la cruz", NamePattern("delacruz", "maria")),
    ],
)
def test_names(typed, first):
    """Family, given with a comma; either order without one."""
    assert parse(typed).names[0] == first


def test_either_order_of_a_name_is_meant():
    """Somebody who types family first without a comma is understood as well."""
    assert NamePattern("john", "smith") in parse("john smith").names
    assert (
        NamePattern("smith", "john") in parse("smith john q").names
        or NamePattern("john", "smith") in parse("smith q john").names
    )


def test_a_short_form_also_means_the_formal_name():
    """``smith, bill`` finds William, after every Bill."""
    assert parse("smith, bill").names == (NamePattern("smith", "bill"), NamePattern("smith", "william"))


@pytest.mark.parametrize(
    "typed", ["040570", "04051970", "19700405", "4/5/70", "04/05/1970", "1970-04-05", "4-5-1970", "4.5.70"]
)
def test_birth_dates(typed):
    """US order, ISO order, with and without separators."""
    assert parse(typed).terms[0].keys >= BORN


def test_a_two_digit_year_means_every_year_somebody_alive_may_be_born_in():
    """20 is 1920 and 2020; 30 can only be 1930, for nobody is born in the future."""
    assert parse("040520").terms[0].keys == {"b:19200405", "b:20200405"}
    assert parse("040530").terms[0].keys == {"b:19300405"}


@pytest.mark.parametrize("typed", ["(303) 555-0123", "303-555-0123", "303.555.0123", "3035550123", "+1 303 555 0123"])
def test_a_whole_phone_number(typed):
    """In any notation it is one number, not a birth date and not three words."""
    query = parse(typed)
    assert len(query.terms) == 1
    assert "p:+13035550123" in query.terms[0].keys


def test_last_digits_of_a_phone():
    """Four digits are the last of a phone, seven the number without its area."""
    assert parse("0123").terms[0].keys == {"p4:0123"}
    assert parse("555-0123").terms[0].keys == {"p7:5550123"}


def test_record_number_member_id_and_email():
    """Each is recognised by its look; a member id may be begun only."""
    number = mrn.make(12)
    assert keys.mrn_key(number) in parse(number).terms[0].keys
    assert keys.mrn_key(number) in parse(number[1:].lstrip("0")).terms[0].keys
    assert parse("W1234-56").terms[0].beginnings == {"i:w123456"}
    assert parse("jo@Example.org").terms[0].keys == {"e:jo@example.org"}


def test_name_and_number_narrow_each_other():
    """Several things typed must all hold."""
    query = parse("smi,jo 040570 0123")
    assert query.names == (NamePattern("smi", "jo"),)
    assert [bool(term.keys) for term in query.terms] == [True, True]


@pytest.mark.parametrize("typed", ["", "  ", ",", "!!", "…", ", ,"])
def test_nothing_to_look_for(typed):
    """Punctuation alone is no search."""
    assert parse(typed).is_empty


@given(st.text(max_size=60))
def test_no_text_makes_it_stumble(typed):
    """Anything that can be typed is understood somehow, and never as everybody."""
    query = parse(typed)
    assert NamePattern() not in query.names
    assert all(term.keys or term.beginnings for term in query.terms)


@given(anybody, st.integers(1, 6), st.integers(1, 6))
def test_the_beginning_of_a_name_finds_the_person(person, family_length, given_length):
    """Whoever types the beginning of family and given name gets a pattern that the person fits."""
    (family, given), _ = next(iter(keys.name_keys(person).items()))
    pattern = parse(f"{family[:family_length]},{given[:given_length]}").names[0]
    assert family.startswith(pattern.family)
    assert given.startswith(pattern.given)


@given(anybody)
def test_each_key_of_a_person_is_found_as_typed(person):
    """Birth date, phone, its last four, record number, e-mail: typed, each names a key of the person."""
    held = keys.all_keys(person, mrn.make(4711), ["W123456"])
    typed = [f"{person.birth_date:%m%d%Y}", person.birth_date.isoformat(), mrn.make(4711), "W12345"]
    for point in person.contact_points:
        typed += [point.value] if "@" in point.value else [point.value, point.value[-4:]]
    for text in typed:
        terms = search.parse(text, TODAY).terms
        assert terms
        for term in terms:
            assert term.keys & held or any(key.startswith(b) for key in held for b in term.beginnings), text
