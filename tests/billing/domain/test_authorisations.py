"""Authorisations are counted down by what is charged: never beyond their limit, never twice for one service."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.authorisations import Authorisation, AuthorisationKind, Measure, Use, count_down
from billing.domain.procedure_ranges import faults_of, names

DAY = date(2026, 3, 2)
WHO, WHERE = UUID(int=1), UUID(int=2)


def agreed(number: int, **rest: object) -> Authorisation:
    """An authorisation of March."""
    values: dict[str, object] = {
        "authorisation_id": UUID(int=100 + number),
        "kind": AuthorisationKind.AUTHORISATION,
        "number": f"A{number}",
        "start": date(2026, 3, 1),
        "end": date(2026, 3, 31),
        **rest,
    }
    return Authorisation(**values)  # type: ignore[arg-type]


def use(number: int, units: int = 1, day: date = DAY, procedure: str = "97110", visit: int = 0) -> Use:
    """A service of a visit."""
    return Use(UUID(int=1000 + number), UUID(int=visit or number), day, procedure, units, WHO, WHERE)


def test_units_are_used_in_the_order_of_their_days():
    """Four units were agreed; the third visit's two come too late."""
    authorisation = agreed(1, limit=4)
    services = [use(3, 2, DAY + timedelta(days=2)), use(1, 2), use(2, 2, DAY + timedelta(days=1))]
    ledger = count_down([authorisation], services)
    assert (ledger.left(authorisation), ledger.over) == (0, {UUID(int=1003)})


def test_a_visit_counts_once_whatever_is_done_in_it():
    """Three services of one visit are one visit."""
    authorisation = agreed(1, measure=Measure.VISITS, limit=2)
    ledger = count_down([authorisation], [use(n, 4, visit=7) for n in range(3)])
    assert ledger.left(authorisation) == 1


def test_what_ends_first_is_used_first():
    """The one that runs out sooner is not left to lapse."""
    sooner, later = agreed(2, end=date(2026, 3, 10), limit=1), agreed(1, limit=5)
    ledger = count_down([later, sooner], [use(1), use(2)])
    assert [ledger.of_line[UUID(int=1000 + n)].number for n in (1, 2)] == ["A2", "A1"]


@pytest.mark.parametrize(
    "other",
    [
        {"procedures": ("99213",)},
        {"practitioner_id": UUID(int=9)},
        {"location_id": UUID(int=9)},
        {"end": DAY - timedelta(days=1)},
        {"start": DAY + timedelta(days=1)},
    ],
    ids=lambda value: next(iter(value)),
)
def test_an_authorisation_is_for_its_own_services(other):
    """Another service, clinician, place or time is not covered, and is not called used up either."""
    ledger = count_down([agreed(1, **other)], [use(1)])
    assert (dict(ledger.of_line), ledger.over) == ({}, frozenset())


LIMITS = st.one_of(st.none(), st.integers(0, 6))
AUTHORISATIONS = st.lists(
    st.builds(
        agreed,
        st.integers(1, 4),
        limit=LIMITS,
        measure=st.sampled_from(Measure),
        end=st.sampled_from([date(2026, 3, 5), date(2026, 3, 31), None]),
        procedures=st.sampled_from([(), ("97110-97112",), ("99213",)]),
    ),
    max_size=4,
    unique_by=lambda one: one.authorisation_id,
)
USES = st.lists(
    st.builds(
        use,
        st.integers(1, 30),
        st.integers(1, 3),
        st.sampled_from([DAY + timedelta(days=n) for n in range(8)]),
        st.sampled_from(["97110", "97112", "99213"]),
        st.integers(1, 5),
    ),
    max_size=12,
    unique_by=lambda one: one.line_id,
)


@given(AUTHORISATIONS, USES)
def test_nothing_is_used_beyond_its_limit(authorisations, uses):
    """Whatever was agreed and charged: used ≤ limit, each service uses at most one, and only one that is about it."""
    ledger = count_down(authorisations, uses)
    for one in authorisations:
        left = ledger.left(one)
        assert left is None or left >= 0
    by_line = {one.line_id: one for one in uses}
    assert all(authorisation.fits(by_line[line_id]) for line_id, authorisation in ledger.of_line.items())
    assert not ledger.over & ledger.of_line.keys()


@given(AUTHORISATIONS, USES, st.randoms())
def test_the_order_in_which_things_are_read_does_not_matter(authorisations, uses, random):
    """Shuffled authorisations and services count the same."""
    shuffled, again = list(authorisations), list(uses)
    random.shuffle(shuffled)
    random.shuffle(again)
    assert count_down(authorisations, uses) == count_down(shuffled, again)


@pytest.mark.parametrize(
    ("pattern", "code", "inside"),
    [
        ("97110", "97110", True),
        ("97110", "97112", False),
        ("97110-97546", "97530", True),
        ("97110-97546", "97547", False),
        ("97110-97546", "9715T", False),
        ("J0120-J9999", "J3301", True),
        ("J0120-J9999", "99213", False),
    ],
)
def test_ranges_hold_codes_of_their_own_kind(pattern, code, inside):
    """A range of CPT codes reaches no HCPCS code between its ends."""
    assert names([pattern], code) is inside


def test_a_range_leads_forward():
    """Turned round, or from one kind of code to another, it is refused; so is what is no code."""
    assert [index for index, _ in faults_of(["97546-97110", "97110", "97110-J0120", "x"])] == [0, 2, 3]
