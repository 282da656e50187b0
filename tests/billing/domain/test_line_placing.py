"""Lines of a payer that a person places onto ours."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.line_matching import match_lines
from billing.domain.line_placing import LinesDoNotFit, place_lines
from billing.domain.x12.remittance import Adjustment, Procedure, RemittanceLine
from tests.billing.domain.test_posting import LINE1, LINE2


def theirs(charge: int, paid: int, *adjustments: tuple[str, str, int], code: str = "XX999") -> RemittanceLine:
    """A line of a payer that fits none of ours by its code; cents."""
    told = tuple(Adjustment(*each) for each in adjustments)
    procedure = Procedure("HC", code, ())
    return RemittanceLine(
        procedure, charge, paid, Decimal(1), None, None, None, None, told, "", None, ("N1",), segment=0
    )


def test_a_bundle_is_taken_apart_by_our_charges():
    """One line for two of ours: each gets its part of the money and of every adjustment, and our number."""
    placed = place_lines(
        [theirs(20000, 12000, ("CO", "45", 8000))], [LINE1, LINE2], {1: (LINE1.charge_line_id, LINE2.charge_line_id)}
    )
    assert [(one.line_control, one.charge_minor, one.paid_minor) for one in placed] == [
        ("LN1", 15000, 9000),
        ("LN2", 5000, 3000),
    ]
    assert [own for own, _ in match_lines(placed, [LINE1, LINE2]) or []] == [LINE1, LINE2]


def test_two_lines_of_the_payer_may_be_about_one_of_ours():
    """A line that the payer split is whole again when both halves are placed, and refused while one is missing."""
    halves = [theirs(10000, 9000, ("CO", "45", 1000)), theirs(5000, 5000)]
    both = {1: (LINE1.charge_line_id,), 2: (LINE1.charge_line_id,)}
    assert [one.line_control for one in place_lines(halves, [LINE1, LINE2], both)] == ["LN1", "LN1"]
    with pytest.raises(LinesDoNotFit) as refused:
        place_lines(halves, [LINE1, LINE2], {1: (LINE1.charge_line_id,)})
    assert refused.value.problems == ((1, "comes to 10000 cents for 99214, which was charged 15000"),)


def test_every_problem_is_told_at_once():
    """A line that is not in the answer and a charge line of another claim are both named."""
    with pytest.raises(LinesDoNotFit) as refused:
        place_lines([theirs(15000, 0)], [LINE1], {1: (uuid4(),), 7: (LINE1.charge_line_id,)})
    assert [number for number, _ in refused.value.problems] == [1, 7]


cents = st.integers(min_value=0, max_value=10**6)


@given(charges=st.lists(cents, min_size=1, max_size=6), taken=st.lists(cents, max_size=4), allowed=cents)
def test_parts_balance_as_the_whole_did(charges: list[int], taken: list[int], allowed: int):
    """Whatever the amounts: each part balances by itself, and together they are the payer's line to the cent."""
    ours = [
        replace(LINE1, charge_line_id=uuid4(), line_control=f"LN{at}", charge_minor=charge)
        for at, charge in enumerate(charges)
    ]
    whole = sum(charges)
    line = theirs(whole, whole - sum(taken), *(("CO", str(at), amount) for at, amount in enumerate(taken)))
    placed = place_lines([replace(line, allowed_minor=allowed)], ours, {1: [own.charge_line_id for own in ours]})
    assert all(one.charge_minor - sum(a.amount_minor for a in one.adjustments) == one.paid_minor for one in placed)
    assert (sum(one.paid_minor for one in placed), sum(one.charge_minor for one in placed)) == (line.paid_minor, whole)
    assert sum(one.allowed_minor or 0 for one in placed) == allowed
    assert sum(a.amount_minor for one in placed for a in one.adjustments) == sum(taken)
