"""Bitmaps against a naive oracle that counts cells in lists and sets."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain import bitmaps
from scheduling.domain.cells import Span
from scheduling.domain.claims import difference

CELLS = st.sets(st.integers(0, 120))


def bits_of(cells: set[int]) -> int:
    """The naive bitmap."""
    return sum(1 << cell for cell in cells)


@given(CELLS, st.integers(1, 40))
def test_runs_are_where_every_cell_is_set(cells: set[int], length: int) -> None:
    """A run starts exactly where all of the next cells are set."""
    expected = {start for start in range(121) if all(start + n in cells for n in range(length))}
    assert bitmaps.runs(bits_of(cells), length) == bits_of(expected)


@given(CELLS, st.integers(-20, 130), st.integers(0, 130))
def test_a_section_is_a_window_onto_the_cells(cells: set[int], first: int, length: int) -> None:
    """A section holds the cells of its window, counted from its first; what lies outside of the bitmap is not set."""
    assert bitmaps.section(bits_of(cells), first, length) == bits_of(
        {c - first for c in cells if first <= c < first + length}
    )


@given(CELLS)
def test_spans_and_indexes_give_the_cells_back(cells: set[int]) -> None:
    """A bitmap taken apart into spans, or into indexes, is the same set of cells."""
    bits = bits_of(cells)
    spans = bitmaps.spans_of(bits, 1000)
    assert {cell - 1000 for span in spans for cell in range(span.first, span.end)} == cells
    assert all(earlier.end < later.first for earlier, later in itertools.pairwise(spans))
    assert list(bitmaps.indexes(bits)) == sorted(cells)
    assert bitmaps.lowest(bits) == min(cells, default=-1)


# Spans around the midnights of two days.
STRETCH = st.tuples(st.integers(200, 700), st.integers(0, 400)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


@given(st.lists(STRETCH, max_size=12), st.integers(1, 5), STRETCH)
def test_busy_is_what_is_taken_as_often_as_the_capacity_allows(
    visits: list[Span], capacity: int, looked_at: Span
) -> None:
    """A cell is busy when as many visits cover it as the resource holds at a time, whatever stretch is asked for."""
    occupancy = bitmaps.Occupancy(capacity)
    for visit in visits:
        occupancy.add(visit)
    busy = occupancy.busy(looked_at)
    assert busy.bit_length() <= len(looked_at)
    for cell in range(looked_at.first, looked_at.end):
        covering = sum(cell in visit for visit in visits)
        assert bool(busy >> (cell - looked_at.first) & 1) == (covering >= capacity)


@given(st.lists(STRETCH, max_size=8), st.integers(1, 3), STRETCH)
def test_clearing_and_adding_again_changes_nothing(visits: list[Span], capacity: int, stretch: Span) -> None:
    """A stretch that is cleared and counted anew is as it was: this is how a cache reads changes."""
    occupancy, everything = bitmaps.Occupancy(capacity), Span(0, 1200)
    for visit in visits:
        occupancy.add(visit)
    before = occupancy.busy(everything)
    occupancy.clear(stretch)
    assert occupancy.busy(stretch) == 0
    for visit in visits:
        if visit.overlaps(stretch):
            occupancy.add(Span(max(visit.first, stretch.first), min(visit.end, stretch.end)))
    assert occupancy.busy(everything) == before


SPAN = st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


@given(SPAN, st.lists(SPAN, max_size=5))
def test_the_difference_is_what_no_span_covers(wanted: Span, had: list[Span]) -> None:
    """What a move has to take is exactly the cells it does not have yet."""
    parts = difference(wanted, had)
    covered = {cell for part in parts for cell in range(part.first, part.end)}
    assert covered == {c for c in range(wanted.first, wanted.end) if not any(c in span for span in had)}
    assert sum(map(len, parts)) == len(covered)
