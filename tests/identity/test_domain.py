"""Pure rules of identity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.domain import npi, organisation, passwords, roles
from identity.domain.organisation import Hours, Licence

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(st.from_regex(r"[12][0-9]{8}", fullmatch=True))
def test_each_nine_digits_have_exactly_one_check_digit(nine):
    """The Luhn sum over 80840 accepts one of ten last digits."""
    assert sum(npi.is_valid(nine + str(digit)) for digit in range(10)) == 1


@pytest.mark.parametrize("text", ["", "1234567890", "123456789", "12345678933", "١٢٣٤٥٦٧٨٩٣", "12345 7893"])
def test_what_is_no_npi_is_refused(text):
    """Wrong digit, wrong length, other scripts' digits."""
    assert not npi.is_valid(text)


@given(DAYS, DAYS, DAYS)
def test_a_licence_covers_its_days_inclusively(start, end, day):
    """Both ends belong to it; another state never."""
    licence = Licence("CO", "1", start, end)
    assert licence.covers("CO", day) == (start <= day <= end)
    assert not licence.covers("NY", day)


def test_an_open_licence_covers_for_ever():
    """An unset end is open."""
    assert organisation.licence_for([Licence("CO", "1", None, None)], "CO", date(2200, 1, 1)).number == "1"
    assert organisation.licence_for([], "CO", date(2026, 1, 1)) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-10, 1500), st.integers(-10, 1500)), max_size=6))
def test_hours_that_pass_never_overlap_and_lie_within_the_day(rows):
    """Whatever the check lets through can be laid on a week."""
    hours = [Hours(*row) for row in rows]
    if organisation.check_hours(hours):
        return
    for one in hours:
        assert 1 <= one.weekday <= 7
        assert 0 <= one.opens_minute < one.closes_minute <= 1440
    for left in hours:
        for right in hours:
            if left is not right and left.weekday == right.weekday:
                assert left.closes_minute <= right.opens_minute or right.closes_minute <= left.opens_minute


@pytest.mark.parametrize("zone", ["America/Denver", "America/Phoenix", "UTC"])
def test_iana_zones_are_known(zone):
    """They come from the tz database."""
    assert organisation.check_time_zone(zone) == []


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "America/Denver\x00", "EST5EDT4,garbage"])
def test_other_zones_are_refused(zone):
    """Also those that look like paths."""
    assert organisation.check_time_zone(zone)


def test_locks_start_at_the_fifth_failure_and_grow_to_half_an_hour():
    """1, 2, 4 … minutes, 30 at most."""
    waits = [passwords.locked_until(failures, NOW) for failures in range(1, 15)]
    assert waits[:4] == [None] * 4
    minutes = [(until - NOW) / timedelta(minutes=1) for until in waits[4:]]
    assert minutes[:4] == [1, 2, 4, 8]
    assert max(minutes) == 30


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "password1234", "I am clerk, really"])
def test_weak_passwords_are_named(password):
    """Short, monotonous, common, or holding the login."""
    assert passwords.problems(password, "clerk")


def test_a_long_phrase_will_do():
    """Length over composition."""
    assert passwords.problems("correct horse battery", "clerk") == []


def test_roles_hold_what_their_work_needs_and_no_more():
    """A front desk takes money but writes nothing off; a clinician signs; an auditor changes nothing."""
    held = roles.PERMISSIONS
    assert "payment.take" in held["front_desk"]
    assert not {one for one in held["front_desk"] if one.startswith(("ledger", "claim"))}
    assert "encounter.sign" in held["clinician"]
    assert "encounter.sign" not in held["biller"]
    assert all(one.endswith((".read",)) for one in held["auditor"])


def test_several_roles_hold_the_union():
    """Somebody may be clinician and manager."""
    both = roles.permissions_of(["clinician", "biller"])
    assert both == roles.PERMISSIONS["clinician"] | roles.PERMISSIONS["biller"]


def test_a_place_has_both_coordinates_or_none() -> None:
    """One coordinate alone says nothing about where a location is."""
    assert organisation.check_place(None, None) == []
    assert organisation.check_place(40.7, -74.0) == []
    assert [problem.field for problem in organisation.check_place(40.7, None)] == ["longitude"]
    assert [problem.field for problem in organisation.check_place(None, 0.0)] == ["latitude"]
