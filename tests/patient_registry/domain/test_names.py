"""Names are compared and found in one plain form."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from patient_registry.domain import names

text = st.text(max_size=40)


@given(text)
@example("\N{MATHEMATICAL SANS-SERIF BOLD CAPITAL ALPHA}")
def test_normalising_twice_changes_nothing(written):
    """The plain form of a plain form is itself."""
    once = names.normalise(written)
    assert names.normalise(once) == once


@given(text)
def test_the_plain_form_has_neither_space_nor_mark(written):
    """Only letters and digits are left."""
    assert all(character.isalnum() for character in names.normalise(written))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("O'Brien", "obrien"),
        ("García-López", "garcialopez"),
        ("de la Cruz", "delacruz"),
        ("Łukasz Strauß", "lukaszstrauss"),
        ("Đặng", "dang"),
        ("Søren", "soren"),
        ("Ⅷ", "viii"),
        ("Иванов", "иванов"),
        ("…", ""),
    ],
)
def test_the_plain_form(written, plain):
    """Case, accents, spaces and punctuation do not matter; letters of other scripts stay."""
    assert names.normalise(written) == plain


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Robert", "R163"), ("Rupert", "R163"), ("Rubin", "R150"), ("Ashcraft", "A261"), ("Ashcroft", "A261"),
        ("Tymczak", "T522"), ("Pfister", "P236"), ("Honeyman", "H555"), ("Lee", "L000"), ("", ""), ("Иванов", ""),
    ],
)  # fmt: skip
def test_soundex(name, code):
    """The codes of the National Archives' own examples."""
    assert names.soundex(name) == code


@given(text)
def test_soundex_has_a_letter_and_three_digits(written):
    """Whatever is written, the code is well formed or empty."""
    code = names.soundex(written)
    assert code == "" or (len(code) == 4 and code[0].isalpha() and code[1:].isdecimal())


def test_short_forms_stand_for_their_names():
    """Bill is William; Ted may be Edward or Theodore; John is not Jane."""
    assert names.same_person_calls("bill", "william")
    assert names.same_person_calls("liz", "beth")
    assert names.formal_names("ted") == {"ted", "edward", "theodore"}
    assert not names.same_person_calls("john", "jane")


@given(text, text)
def test_calling_is_symmetric(one, other):
    """If one may be the other's short form, so it is the other way round."""
    assert names.same_person_calls(one, other) == names.same_person_calls(other, one)
    assert names.same_person_calls(one, one)


@given(text)
def test_digits_are_stripped(written):
    """Generated names lose their digits and nothing else."""
    stripped = names.without_digits(written)
    assert not any(character in "0123456789" for character in stripped)
    assert names.without_digits("Alfreda634") == "Alfreda"


def test_parts_of_a_double_name():
    """A double name is found by either part, however it is joined."""
    assert names.parts("García-López") == ("garcia", "lopez")
    assert names.parts("Garcia  Lopez") == ("garcia", "lopez")
    assert names.parts("O'Brien") == ("obrien",)
