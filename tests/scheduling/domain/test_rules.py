"""The values behind what narrows availability: cycles, reserves, limits, ages, languages, distances, gaps, turns."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain import availability, bitmaps, fairness, limits, people, search, zones
from scheduling.domain.appointment_types import AppointmentType, Modality, OnlineRules, ResourceKind, Role
from scheduling.domain.availability import Template, WeeklyWindow, WorkingRules
from scheduling.domain.bitmaps import Occupancy
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_at, day_cell
from scheduling.domain.limits import Period, VisitLimits
from scheduling.domain.people import Clinician, Licence, Person
from scheduling.domain.places import Place

ZONES = ["America/New_York", "America/Phoenix", "Europe/London", "Australia/Sydney"]
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


def visit_type(**more: object) -> AppointmentType:
    """A type of half an hour."""
    return AppointmentType(ONE, "visit", "Visit", 30, Modality.IN_PERSON, **more)


# ---- cycles and reserves -------------------------------------------------------------------------------------------------


@given(
    weeks=st.integers(1, 8),
    starts=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    day=st.dates(date(2024, 1, 1), date(2028, 1, 1)),
)
def test_a_cycle_comes_back_after_its_weeks(weeks: int, starts: date, day: date) -> None:
    """A day and the same weekday a cycle later are the same week of it; all days of a week are; the start's week is the first."""
    template = Template((), cycle_weeks=weeks, cycle_starts=starts)
    week = template.week_of(day)
    assert 0 <= week < weeks
    assert template.week_of(day + timedelta(weeks=weeks)) == week
    assert template.week_of(day - timedelta(days=day.weekday())) == week
    assert template.week_of(starts) == 0
    assert template.week_of(starts + timedelta(weeks=1)) == 1 % weeks


def test_effective_dates_bound_a_cycle() -> None:
    """Outside of its effective dates a template is in no week."""
    template = Template((), date(2026, 3, 1), date(2026, 3, 31), cycle_weeks=2, cycle_starts=date(2026, 3, 2))
    assert [template.week_of(date(2026, 3, day)) for day in (1, 2, 9, 16)] == [1, 0, 1, 0]
    assert template.week_of(date(2026, 2, 28)) == template.week_of(date(2026, 4, 1)) == -1


@pytest.mark.parametrize("zone", ZONES)
def test_reserves_follow_the_wall_clock_through_every_change(zone: str) -> None:
    """On each day of two years a reserved hour lies where the wall clock of the zone says, as the working time does."""
    window = [WeeklyWindow(d, 9 * 60, 17 * 60) for d in range(1, 8)]
    kept = [WeeklyWindow(d, 11 * 60, 12 * 60, session="urgent", release_minutes=60) for d in range(1, 8)]
    rules = WorkingRules(zone, templates=(Template(tuple(window)), Template(tuple(kept))))
    for days in range(730):
        day = date(2026, 1, 1) + timedelta(days=days)
        span = zones.day_span(zone, day)
        (reserve,) = availability.reserves(rules, span)
        eleven = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).replace(hour=11).astimezone(UTC)
        first = cell_at(eleven) - span.first
        assert reserve.bits == bitmaps.mask(first, first + 12)
        assert reserve.bits & ~availability.working_bits(rules, span) == 0


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4), st.integers(0, 100))
def test_what_is_open_grows_as_reserves_are_released(reserved: list[tuple[int, int]], minutes: int) -> None:
    """A session's own types may use at least what others may; later, others may use at least what they could before; never more than
    the working time."""
    first = cell_at(NOW)
    working = bitmaps.mask(0, 80)
    found = [availability.Reserve("urgent", 60, bitmaps.mask(*sorted(pair))) for pair in reserved]

    def open_to(sessions: frozenset[str], now: datetime) -> int:
        return availability.open_to(working, found, first, now, sessions, only=False)

    others, later = open_to(frozenset(), NOW), open_to(frozenset(), NOW + timedelta(minutes=minutes))
    assert others & ~later == 0
    assert open_to(frozenset({"urgent"}), NOW) == working
    own = availability.open_to(working, found, first, NOW, frozenset({"urgent"}), only=True)
    assert own | others == working
    assert later & ~working == 0


# ---- limits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("period", list(Period))
def test_a_full_day_or_week_is_hidden_from_midnight_to_midnight_there(zone: str, period: Period) -> None:
    """For each day of two years: the cells hidden by a full counter are those of the local day, or of the week from its Monday."""
    (counter,) = (one for one in limits.counters(VisitLimits(1, 1), ONE) if one.period is period)
    for days in range(0, 730, 3):
        day = date(2026, 1, 1) + timedelta(days=days)
        counted = Occupancy(counter.allowed)
        counted.add(counter.span(day))
        monday = day - timedelta(days=day.weekday())
        begin, last = (day, day) if period is Period.DAY else (monday, monday + timedelta(days=6))
        hidden = Span(zones.day_span(zone, begin).first, zones.day_span(zone, last).end)
        block = Span(day_cell(day) - 9 * CELLS_PER_DAY, day_cell(day) + 9 * CELLS_PER_DAY)
        found = limits.full_cells(counted, period, zone, block)
        assert found == bitmaps.of_spans([hidden], block.first)


def test_counters_are_told_apart() -> None:
    """Each subject has counters of its own, the same every time; what has no limit has none."""
    ids = [c.id for subject in ((ONE,), (TWO,), (ONE, TWO)) for c in limits.counters(VisitLimits(3, 9), *subject)]
    assert len(set(ids)) == 6
    assert ids[:2] == [c.id for c in limits.counters(VisitLimits(1, 1), ONE)]
    assert list(limits.counters(VisitLimits(), ONE)) == []


# ---- people ----------------------------------------------------------------------------------------------------------------


@given(st.dates(date(1920, 1, 1), date(2020, 1, 1)), st.integers(0, 90), st.integers(0, 90))
def test_days_of_an_age_are_those_on_which_one_is_that_old(born: date, low: int, more: int) -> None:
    """The first and last day of an age span agree with the age on them and on the days beside them."""
    high = low + more
    first, last = people.days_of_age(born, low, high)
    if low:
        assert first is not None
        assert people.age_on(born, first) == low
        assert people.age_on(born, first - timedelta(days=1)) == low - 1
    else:
        assert first is None
    if high:
        assert last is not None
        assert people.age_on(born, last) == high
        assert people.age_on(born, last + timedelta(days=1)) == high + 1


def test_who_is_born_on_a_leap_day_comes_of_age_on_the_first_of_march() -> None:
    """In years without a 29 February."""
    born = date(2008, 2, 29)
    assert people.days_of_age(born, 18, 0) == (date(2026, 3, 1), None)
    assert people.days_of_age(born, 20, 0) == (date(2028, 2, 29), None)
    kind = visit_type(online=OnlineRules(min_age=18))
    person = Person(ONE, birth_date=born)
    assert list(people.online_refusals(kind, person, date(2026, 2, 28))) == ["age"]
    assert list(people.online_refusals(kind, person, date(2026, 3, 1))) == []
    assert list(people.online_refusals(kind, Person(ONE), date(2026, 3, 1))) == ["age"]


def test_an_interpreter_is_needed_by_language() -> None:
    """Regions of a language do not matter; what is not known is not asked; who speaks it needs nobody."""
    interpreter = Role(ResourceKind.INTERPRETER.value, "patient")
    kind = visit_type(roles=(interpreter, Role(ResourceKind.LANGUAGE.value, "en")))
    doctor = Clinician(ONE, languages=frozenset({"en", "es"}))
    helper = Clinician(TWO, specialties=frozenset({"interpreter"}), languages=frozenset({"vi"}))
    spanish, vietnamese, unknown = (Person(THREE, language=code) for code in ("es-MX", "vi", ""))
    assert people.needed_roles(kind, doctor, spanish) == people.needed_roles(kind, doctor, unknown) == ()
    assert people.needed_roles(kind, doctor, None) == ()
    assert people.needed_roles(kind, doctor, vietnamese) == (interpreter,)
    assert people.fills(interpreter, helper, vietnamese)
    assert not people.fills(interpreter, doctor, vietnamese)
    assert people.understands(kind, doctor, None)
    assert not people.understands(kind, helper, None)


def test_a_licence_holds_on_its_first_and_last_day() -> None:
    """Both ends are included, open ends are open, other states do not count."""
    doctor = Clinician(ONE, licences=(Licence("NY", date(2026, 3, 1), date(2026, 3, 31)), Licence("NJ", None, None)))
    assert [doctor.licensed("NY", date(2026, 3, day)) for day in (1, 31)] == [True, True]
    assert not doctor.licensed("NY", date(2026, 4, 1))
    assert doctor.licensed("NJ", date(1999, 1, 1))
    assert not doctor.licensed("CT", date(2026, 3, 1))


def test_lengths_of_visits_by_practitioner_and_patient() -> None:
    """A practitioner's own length comes before the type's, for new patients as for others."""
    kind = visit_type(
        practitioner_durations={TWO: 20}, new_patient_minutes=60, practitioner_new_patient_minutes={THREE: 45}
    )
    assert [kind.duration_cells(who) for who in (ONE, TWO, THREE)] == [6, 4, 6]
    assert [kind.duration_cells(who, new_patient=True) for who in (ONE, TWO, THREE)] == [12, 4, 9]


# ---- orders ----------------------------------------------------------------------------------------------------------------


def test_distance_is_the_great_circles() -> None:
    """London to Paris is 344 kilometres, there and back; a place is no distance from itself, and half the world is the most."""
    london, paris = Place(51.5074, -0.1278), Place(48.8566, 2.3522)
    assert london.kilometres_to(paris) == pytest.approx(343.6, abs=1)
    assert paris.kilometres_to(london) == pytest.approx(london.kilometres_to(paris))
    assert london.kilometres_to(london) == 0
    assert Place(90, 0).kilometres_to(Place(-90, 0)) == pytest.approx(20015, abs=1)


@given(
    gaps=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    shape=st.tuples(st.integers(0, 3), st.integers(1, 12), st.integers(0, 3)),
)
def test_wasted_cells_are_gaps_too_short_for_another(gaps: tuple[int, int], shape: tuple[int, int, int]) -> None:
    """Idle cells beside a visit count when there are some and not enough for another of the same."""
    before, duration, after = shape
    needed = before + duration + after
    start = 40 + gaps[0] + before
    idle = bitmaps.mask(40, start + duration + after + gaps[1])
    expected = sum(gap for gap in gaps if 0 < gap < needed)
    assert search.wasted_cells(idle, start, before, duration, after) == expected


@given(st.dictionaries(st.uuids(), st.integers(1, 5), min_size=1, max_size=6), st.integers(1, 120))
def test_turns_share_visits_out_by_weight(weights: dict[UUID, int], visits: int) -> None:
    """Giving each visit to whoever's turn it is, nobody is ever more than one visit for their weight ahead of anybody."""
    loads: dict[UUID, int] = {}
    for _ in range(visits):
        turn = fairness.by_turn(weights, loads)[0]
        loads[turn] = loads.get(turn, 0) + 30
    shares = {one: loads.get(one, 0) / weight for one, weight in weights.items()}
    for one, weight in weights.items():
        assert shares[one] - 30 / weight <= min(shares.values())
