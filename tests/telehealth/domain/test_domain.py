"""Presence, the door, tokens, TURN credentials and licences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from telehealth.domain import door, presence, tokens
from telehealth.domain.licences import is_licensed
from telehealth.domain.presence import Interval
from telehealth.domain.tokens import BadToken, Pass, Purpose
from telehealth.domain.vocabulary import Media, ParticipantState, PresenceEnd, Role, SessionStatus

START = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
PEOPLE = {Role.PATIENT: UUID(int=1), Role.CLINICIAN: UUID(int=2), Role.GUEST: UUID(int=3)}
LONG = 120


@st.composite
def ledgers(draw):
    """Any ledger of two hours, in whole minutes; the last interval of a person may go on."""
    rows = []
    for _ in range(draw(st.integers(0, 12))):
        role = draw(st.sampled_from(list(Role)))
        begin = draw(st.integers(0, LONG))
        end = draw(st.one_of(st.none(), st.integers(begin, LONG)))
        media = draw(st.sampled_from(list(Media)))
        left = None if end is None else START + timedelta(minutes=end)
        ended = PresenceEnd.OPEN if end is None else draw(st.sampled_from([PresenceEnd.LEFT, PresenceEnd.DROPPED]))
        rows.append(Interval(PEOPLE[role], role, media, START + timedelta(minutes=begin), left, ended))
    return rows


def minutes_of(rows, role, until, media=None):
    """The minutes somebody of that role was in, by counting each minute."""
    found = set()
    for row in rows:
        if row.role is role and media in (None, row.media):
            begin = int((row.entered_at - START).total_seconds() // 60)
            end = int((min(row.left_at or until, until) - START).total_seconds() // 60)
            found |= set(range(begin, end))
    return found


@given(ledgers(), st.integers(0, LONG))
def test_the_time_together_is_what_counting_minutes_gives(rows, minutes):
    """Seconds, first and last moment and sound-only agree with a count minute by minute."""
    until = START + timedelta(minutes=minutes)
    found = presence.together(rows, until)
    shared = minutes_of(rows, Role.PATIENT, until) & minutes_of(rows, Role.CLINICIAN, until)
    seen = minutes_of(rows, Role.PATIENT, until, Media.VIDEO) & minutes_of(rows, Role.CLINICIAN, until, Media.VIDEO)
    assert found.seconds == 60 * len(shared)
    assert found.audio_only == (bool(shared) and not seen)
    if shared:
        assert found.joined_from == START + timedelta(minutes=min(shared))
        assert found.joined_to == START + timedelta(minutes=max(shared) + 1)
    else:
        assert (found.joined_from, found.joined_to) == (None, None)


@given(ledgers())
def test_guests_change_nothing(rows):
    """The record for billing is the same with and without guests."""
    until = START + timedelta(minutes=LONG)
    without = [row for row in rows if row.role is not Role.GUEST]
    assert presence.together(rows, until) == presence.together(without, until)


spans = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(
        lambda pair: (START + timedelta(minutes=min(pair)), START + timedelta(minutes=max(pair)))
    ),
    max_size=10,
)


@given(spans)
def test_a_union_is_disjoint_in_order_and_of_the_same_time(some):
    """No empty span, no two that touch, and again the same."""
    joined = presence.union(some)
    assert all(start < end for start, end in joined)
    assert all(left[1] < right[0] for left, right in pairwise(joined))
    assert presence.union(joined) == joined


@given(spans, spans)
def test_an_overlap_is_in_both_and_does_not_depend_on_the_order(left, right):
    """Symmetric, and never longer than either side."""
    one, other = presence.union(left), presence.union(right)
    shared = presence.overlap(one, other)
    assert shared == presence.overlap(other, one)
    assert presence.overlap(shared, one) == shared

    def length(some):
        return sum((end - start for start, end in some), timedelta())

    assert length(shared) <= min(length(one), length(other))


def interval(role, begin, end, ended):
    """An interval in minutes."""
    left = None if end is None else START + timedelta(minutes=end)
    return Interval(PEOPLE[role], role, Media.VIDEO, START + timedelta(minutes=begin), left, ended)


def test_drops_and_rejoins_are_counted_per_person():
    """A drop with return, a leave with return, a change of media: one drop, two rejoins."""
    rows = [
        interval(Role.PATIENT, 0, 5, PresenceEnd.DROPPED),
        interval(Role.PATIENT, 6, 10, PresenceEnd.MEDIA_CHANGED),
        interval(Role.PATIENT, 10, None, PresenceEnd.OPEN),
        interval(Role.CLINICIAN, 0, 3, PresenceEnd.LEFT),
        interval(Role.CLINICIAN, 4, None, PresenceEnd.OPEN),
    ]
    assert (presence.drops(rows), presence.rejoins(rows)) == (1, 2)


# ---- the door


@given(st.integers(-120, 240))
def test_the_door_is_open_from_before_the_visit_until_after_it(minutes):
    """Half an hour before (included) until an hour after the planned end (excluded)."""
    window = door.window(START, START + timedelta(minutes=30), 30, 60)
    assert window.contains(START + timedelta(minutes=minutes)) == (-30 <= minutes < 90)


@given(st.sampled_from(list(SessionStatus)), st.frozensets(st.sampled_from(list(Role))), st.booleans())
def test_a_visit_in_progress_stays_so(present, roles, waits):
    """Only patient and clinician together make it in progress, and nobody's leaving takes that back."""
    assume(present in (SessionStatus.SCHEDULED, SessionStatus.WAITING, SessionStatus.IN_PROGRESS))
    status = door.status_with(present, roles, waits)
    met = {Role.PATIENT, Role.CLINICIAN} <= roles
    assert (status is SessionStatus.IN_PROGRESS) == (met or present is SessionStatus.IN_PROGRESS)
    if status is SessionStatus.SCHEDULED:
        assert not roles
        assert not waits


@pytest.mark.parametrize(
    ("role", "before", "state"),
    [
        (Role.CLINICIAN, False, ParticipantState.ADMITTED),
        (Role.PATIENT, False, ParticipantState.WAITING),
        (Role.PATIENT, True, ParticipantState.ADMITTED),
        (Role.GUEST, False, ParticipantState.WAITING),
    ],
)
def test_who_goes_straight_in(role, before, state):
    """Clinicians, and whoever was let in before."""
    assert door.state_on_joining(role, before) is state


# ---- tokens

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@given(st.sampled_from(list(Purpose)), st.sampled_from(list(Role)), st.text(max_size=60), st.integers(1, 10_000))
def test_a_token_says_what_was_signed_and_only_for_its_purpose(purpose, role, name, seconds):
    """Read back unchanged; refused with another key, for the other purpose, and from its last second on."""
    ticket = Pass(purpose, uuid4(), uuid4(), role, name, START + timedelta(seconds=seconds), uuid4())
    token = tokens.sign(ticket, KEY)
    assert tokens.read(token, purpose, KEY, START) == ticket
    other = Purpose.JOIN if purpose is Purpose.PARTICIPANT else Purpose.PARTICIPANT
    for key, wanted, now in (
        (OTHER_KEY, purpose, START),
        (KEY, other, START),
        (KEY, purpose, START + timedelta(seconds=seconds)),
    ):
        with pytest.raises(BadToken):
            tokens.read(token, wanted, key, now)


@given(st.text(max_size=80))
def test_no_text_is_a_token(text):
    """Anything that we did not sign is refused in the same way."""
    with pytest.raises(BadToken):
        tokens.read(text, Purpose.JOIN, KEY, START)


# ---- licences


@pytest.mark.parametrize(
    ("state", "on", "licensed"),
    [
        ("AZ", date(2026, 1, 1), True),
        ("AZ", date(2025, 12, 31), False),
        ("AZ", date(2026, 12, 31), True),
        ("AZ", date(2027, 1, 1), False),
        ("NV", date(1999, 1, 1), True),
        ("CA", date(2026, 6, 1), False),
    ],
)
def test_a_licence_holds_in_its_state_and_its_time(state, on, licensed):
    """Both ends are included; an unset end is open."""
    licences = [
        {"state": "AZ", "valid_from": "2026-01-01", "valid_to": "2026-12-31"},
        {"state": "NV", "valid_from": None, "valid_to": None},
    ]
    assert is_licensed(licences, state, on) is licensed
