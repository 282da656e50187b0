"""Record numbers carry a check digit."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from patient_registry.domain import mrn

numbers = st.integers(1, mrn.LARGEST)


@given(numbers)
def test_what_is_made_is_valid_and_read_back(number):
    """Typing the digits, with or without letter and zeros, names the record."""
    made = mrn.make(number)
    assert mrn.is_valid(made)
    assert mrn.from_typed(made) == made
    assert mrn.from_typed(made[1:].lstrip("0")) == made
    assert mrn.from_typed(made.lower()) == made


@given(numbers, st.integers(1, 8), st.integers(0, 9))
def test_one_wrong_digit_is_seen(number, place, digit):
    """A slip of one digit gives no valid number."""
    made = mrn.make(number)
    assume(made[place] != str(digit))
    assert not mrn.is_valid(made[:place] + str(digit) + made[place + 1 :])


@given(st.text(max_size=12))
def test_anything_typed_is_a_valid_number_or_none(typed):
    """No text makes it stumble."""
    found = mrn.from_typed(typed)
    assert found is None or mrn.is_valid(found)


@pytest.mark.parametrize("number", [0, mrn.LARGEST + 1])
def test_numbers_out_of_range_are_refused(number):
    """Seven digits, no more."""
    with pytest.raises(ValueError):
        mrn.make(number)
