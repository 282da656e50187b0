"""Search and the plans of bookings against naive oracles."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.appointment_types import AppointmentType, Modality, ResourceKind, Role, defects
from scheduling.domain.cells import Span
from scheduling.domain.claims import ConflictReason, Demand, Ledger, Resource, Visit, plan
from scheduling.domain.search import Starts, Tally, blocks, soonest

EXAM = Role(ResourceKind.ROOM.value, "exam")
LENGTH = 60
CELLS = st.sets(st.integers(0, LENGTH - 1))


def number(value: int) -> UUID:
    """A short id."""
    return UUID(int=value)


def bits_of(cells: set[int]) -> int:
    """The naive bitmap."""
    return sum(1 << cell for cell in cells)


def a_type(duration: int, before: int = 0, after: int = 0, *roles: Role) -> AppointmentType:
    """A type whose lengths are given in cells."""
    return AppointmentType(
        number(900),
        "visit",
        "Visit",
        duration * 5,
        Modality.IN_PERSON,
        buffer_before_minutes=before * 5,
        buffer_after_minutes=after * 5,
        roles=roles,
    )


@given(st.lists(CELLS, max_size=5), st.integers(1, 20), st.integers(0, 4))
def test_search_answers_the_soonest_starts_within_its_limits(people: list[set[int]], limit: int, each: int) -> None:
    """The order is by time, then as the candidates come; not more than wanted, nor more of one practitioner than wanted."""
    place, kind = number(1), number(9)
    candidates = [Starts(number(10 + n), place, kind, 3, bits_of(cells)) for n, cells in enumerate(people)]
    expected: list[tuple[int, UUID]] = []
    for cell in range(LENGTH):
        for n, cells in enumerate(people):
            person = number(10 + n)
            if cell in cells and len(expected) < limit and (not each or sum(p == person for _, p in expected) < each):
                expected.append((1000 + cell, person))
    tally = Tally(limit, each)
    found = soonest(candidates, 1000, tally)
    assert [(one.cell, one.practitioner_id) for one in found] == expected
    assert tally.limit == limit - len(expected)


def test_a_tally_goes_on_from_block_to_block() -> None:
    """What was found in one block counts in the next."""
    tally = Tally(3, 2)
    one = [Starts(number(10), number(1), number(9), 3, 0b111), Starts(number(11), number(1), number(9), 3, 0b100)]
    assert [f.practitioner_id for f in soonest(one[:1], 0, tally)] == [number(10), number(10)]
    assert [(f.cell, f.practitioner_id) for f in soonest(one, 100, tally)] == [(102, number(11))]
    assert tally.done


@given(st.integers(0, 100_000), st.integers(1, 50_000))
def test_blocks_cover_a_span_in_order(first: int, length: int) -> None:
    """The blocks follow each other without gaps, and the first and the last touch the span."""
    span = Span(500 + first, 500 + first + length)
    found = list(blocks(span, 500))
    assert found[0].first <= span.first < found[0].end
    assert found[-1].first < span.end <= found[-1].end
    assert all(earlier.end == later.first for earlier, later in pairwise(found))


SPANS = st.tuples(st.integers(0, 30), st.integers(1, 10)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


@given(st.lists(SPANS, max_size=8), SPANS, st.integers(1, 3))
def test_the_first_full_cell_is_the_first_without_a_free_lane(taken: list[Span], wanted: Span, capacity: int) -> None:
    """A demand fits when no cell of it is covered as often as the capacity; else the first such cell is said."""
    resource = Resource(number(5), ResourceKind.ROOM, capacity)
    ledger = Ledger([(resource.id, number(100 + n), span) for n, span in enumerate(taken)])
    full = [c for c in range(wanted.first, wanted.end) if sum(c in span for span in taken) >= capacity]
    assert ledger.first_full(Demand(resource, wanted), number(1)) == (full[0] if full else None)


@given(st.lists(st.tuples(st.integers(0, 2), SPANS), max_size=8), SPANS)
def test_a_plan_takes_a_free_room_when_there_is_one(taken: list[tuple[int, Span]], span: Span) -> None:
    """The room that a plan takes is free for the visit and its buffers; without one the class is the conflict."""
    rooms = [Resource(number(20 + n), ResourceKind.ROOM, 1, "exam") for n in range(3)]
    visit = Visit(
        number(1),
        a_type(len(span), 1, 1, EXAM),
        Resource(number(10), ResourceKind.PRACTITIONER),
        span,
        Resource(number(30), ResourceKind.PATIENT),
        {EXAM: rooms},
    )
    wide = span.widened(1, 1)
    ledger = Ledger([(rooms[n].id, number(100 + i), one) for i, (n, one) in enumerate(taken)])
    free = {rooms[n].id for n in range(3) if not any(m == n and one.overlaps(wide) for m, one in taken)}
    demands, conflicts = plan(visit, ledger)
    if free:
        assert conflicts == []
        room = next(d for d in demands if d.resource.kind is ResourceKind.ROOM)
        assert room.resource.id in free
        assert room.span == wide
        assert next(d for d in demands if d.resource.kind is ResourceKind.PATIENT).span == span
    else:
        assert [(c.reason, c.resource_class) for c in conflicts] == [(ConflictReason.NONE_FREE, "exam")]


def test_every_conflict_of_a_plan_is_said() -> None:
    """A taken practitioner, a busy patient and a missing room are three conflicts at once."""
    span = Span(10, 16)
    visit = Visit(
        number(1),
        a_type(6, 0, 0, EXAM),
        Resource(number(10), ResourceKind.PRACTITIONER),
        span,
        Resource(number(30), ResourceKind.PATIENT),
        {EXAM: []},
    )
    ledger = Ledger([(number(10), number(50), Span(12, 14)), (number(30), number(51), Span(0, 11))])
    _, conflicts = plan(visit, ledger)
    assert [(c.reason, c.kind, c.cell) for c in conflicts] == [
        (ConflictReason.TAKEN, ResourceKind.PRACTITIONER, 12),
        (ConflictReason.TAKEN, ResourceKind.PATIENT, 10),
        (ConflictReason.NONE_FREE, ResourceKind.ROOM, 10),
    ]


def test_a_move_keeps_its_room_when_it_is_free() -> None:
    """Of several free rooms the one that the visit has already is taken again."""
    rooms = [Resource(number(20 + n), ResourceKind.ROOM, 1, "exam") for n in range(4)]
    for kept in rooms:
        visit = Visit(
            number(7),
            a_type(2, 0, 0, EXAM),
            Resource(number(10), ResourceKind.PRACTITIONER),
            Span(4, 6),
            None,
            {EXAM: rooms},
        )
        demands, _ = plan(visit, Ledger([(kept.id, number(7), Span(3, 5))]), frozenset({kept.id}))
        assert demands[1].resource == kept


def test_a_type_with_defects_names_each() -> None:
    """Code, name, length and doubled roles are each named."""
    kind = AppointmentType(number(1), "", " ", 7, Modality.VIDEO, buffer_after_minutes=3, roles=(EXAM, EXAM))
    assert {field for field, _ in defects(kind)} == {
        "code",
        "name",
        "duration_minutes",
        "buffer_after_minutes",
        "roles",
    }
