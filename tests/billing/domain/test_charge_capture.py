"""Favourites by use, and their places in a list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.charge_capture import UsedProcedure, Visit, diagnoses_by_use, placed, procedures_by_use


def test_codes_are_counted_by_visits() -> None:
    """A service that stands twice on one visit counts once; the most used first, ties by code."""
    visits = [
        Visit(("I10", "E119"), (UsedProcedure("99213", (), 1), UsedProcedure("99213", ("25",), 1))),
        Visit(("I10",), (UsedProcedure("99213", ("25",), 1), UsedProcedure("85025", (), 1))),
    ]
    assert [(one.code, one.visits) for one in diagnoses_by_use(visits)] == [("I10", 2), ("E119", 1)]
    assert [(one.code, one.visits, one.modifiers) for one in procedures_by_use(visits)] == [
        ("99213", 2, ("25",)),
        ("85025", 1, ()),
    ]


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.sampled_from("abcxyz"), st.integers(0, 8))
def test_a_code_has_its_place_and_the_others_keep_their_order(order: list[str], code: str, position: int) -> None:
    """It stands there once; what was before or after another one still is."""
    found = placed(order, code, position)
    assert found.count(code) == 1
    assert [one for one in found if one != code] == [one for one in order if one != code]
    if 0 < position <= len(found):
        assert found[position - 1] == code
    else:
        assert found[-1] == code
