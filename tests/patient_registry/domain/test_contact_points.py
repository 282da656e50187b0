"""Phones and e-mail addresses have one form each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patient_registry.domain import contact_points
from patient_registry.domain.contact_points import ContactKind, ContactPoint


@pytest.mark.parametrize(
    "typed", ["303-555-0123", "(303) 555-0123", "303.555.0123", "3035550123", "+1 303 555 0123", "1-303-555-0123"]
)
def test_a_phone_in_any_notation_is_one_number(typed):
    """However it is written, it is kept in E.164."""
    assert contact_points.e164(typed) == "+13035550123"


@pytest.mark.parametrize("typed", ["", "abc", "911", "5550123", "12", "\x00", "+1 303 555 01234567"])
def test_what_is_no_phone_is_none(typed):
    """A number that nobody could dial from here is refused."""
    assert contact_points.e164(typed) is None


@given(st.text(max_size=60))
def test_no_text_makes_it_stumble(typed):
    """Anything typed gives a canonical value that is its own canonical form, or none."""
    for kind in ContactKind:
        value = contact_points.canonical(kind, typed)
        assert value is None or contact_points.canonical(kind, value) == value


@pytest.mark.parametrize(
    "typed", ["no-at.example.org", "a@b", "a b@example.org", "a@example.org\r\nBcc: x@y.z", "@example.org"]
)
def test_what_is_no_address_is_none(typed):
    """Nothing that could be two headers or two addresses passes."""
    assert contact_points.email(typed) is None


def test_repetitions_become_one_and_problems_name_their_place():
    """The same number twice is kept once, preferred if either was; each wrong one is said with its index."""
    points, problems = contact_points.settle(
        [
            ContactPoint(ContactKind.MOBILE, "303-555-0123"),
            ContactPoint(ContactKind.MOBILE, "+13035550123", preferred=True),
            ContactPoint(ContactKind.EMAIL, "Jo@Example.org"),
            ContactPoint(ContactKind.EMAIL, "nothing"),
            ContactPoint(ContactKind.LANDLINE, "5550123"),
        ]
    )
    assert points == (
        ContactPoint(ContactKind.MOBILE, "+13035550123", preferred=True),
        ContactPoint(ContactKind.EMAIL, "jo@example.org"),
    )
    assert [problem.field for problem in problems] == ["contact_points[3].value", "contact_points[4].value"]


def test_preferred_and_mobile_numbers_come_first():
    """The number to try first is the first."""
    points = [
        ContactPoint(ContactKind.WORK_PHONE, "+13035550101"),
        ContactPoint(ContactKind.MOBILE, "+13035550102"),
        ContactPoint(ContactKind.LANDLINE, "+13035550103", preferred=True),
    ]
    assert contact_points.phones(points) == ("+13035550103", "+13035550102", "+13035550101")
