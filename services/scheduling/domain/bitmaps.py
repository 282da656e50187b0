"""Stretches of time as Python integers, one bit per cell; bit 0 is the first cell of whatever range the caller works in.

Integers of any length make "free and not busy" one machine-speed operation for weeks of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scheduling.domain.cells import CELLS_PER_DAY, Span

_DAY_BYTES = CELLS_PER_DAY // 8


def mask(first: int, end: int) -> int:
    """Bits ``first`` … ``end - 1`` set; negative ends are cut off at 0; empty when there is nothing between."""
    first = max(first, 0)
    return ((1 << (end - first)) - 1) << first if end > first else 0


def of_spans(spans: Iterable[Span], base: int) -> int:
    """The cells of the spans, relative to the cell ``base``; what lies before ``base`` is cut off."""
    bits = 0
    for span in spans:
        bits |= mask(span.first - base, span.end - base)
    return bits


def runs(bits: int, length: int) -> int:
    """Bit i is set when bits i … i + length - 1 are all set. ``length`` ≥ 1; doubling makes it log2(length) steps."""
    if length < 1:
        raise ValueError("a run has at least one cell")
    have = 1
    while have < length:
        step = min(have, length - have)
        bits &= bits >> step
        have += step
    return bits


def section(bits: int, first: int, length: int) -> int:
    """``length`` bits from ``first`` on, as a bitmap that begins there."""
    return (bits >> first if first >= 0 else bits << -first) & ((1 << length) - 1)


def lowest(bits: int) -> int:
    """The index of the lowest set bit; -1 when none is set."""
    return (bits & -bits).bit_length() - 1


def indexes(bits: int) -> Iterator[int]:
    """The indexes of the set bits, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def spans_of(bits: int, base: int) -> list[Span]:
    """The bitmap as maximal spans, ascending; ``base`` is the cell of bit 0."""
    spans = []
    position = 0
    while bits:
        gap = lowest(bits)
        bits >>= gap
        length = lowest(~bits)
        spans.append(Span(base + position + gap, base + position + gap + length))
        bits >>= length
        position += gap + length
    return spans


class Occupancy:
    """How often each cell of a resource is taken, up to its capacity, kept by days so that a change touches little.

    Layer k of a day holds the cells taken more than k times; the last layer holds the busy ones. A visit takes any free lane of each
    cell, therefore counting is enough: as long as fewer than ``capacity`` visits cover a cell, a lane of it is free.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("a resource holds at least one visit")
        self.capacity = capacity
        self._days: dict[int, list[int]] = {}

    def add(self, span: Span) -> None:
        """Takes these cells once more; what is beyond the capacity is ignored."""
        for day, bits in _by_day(span):
            layers = self._days.setdefault(day, [0] * self.capacity)
            for index, layer in enumerate(layers):
                layers[index] = layer | bits
                bits &= layer
                if not bits:
                    break

    def copy(self) -> Occupancy:
        """The same, to be changed by itself."""
        twin = Occupancy(self.capacity)
        twin._days = {day: list(layers) for day, layers in self._days.items()}
        return twin

    def clear(self, span: Span) -> None:
        """Forgets these cells."""
        for day, bits in _by_day(span):
            if day in self._days:
                self._days[day] = [layer & ~bits for layer in self._days[day]]

    def busy(self, span: Span, layer: int = -1) -> int:
        """The cells of the span without a free lane, or (a layer k) taken more than k times; bit 0 is its first cell."""
        first_day = span.first // CELLS_PER_DAY
        last = [
            self._days[day][layer] if day in self._days else 0
            for day in range(first_day, span.end // CELLS_PER_DAY + 1)
        ]
        return section(join_days(last), span.first - first_day * CELLS_PER_DAY, len(span))


def join_days(patterns: Iterable[int]) -> int:
    """Bitmaps of one day each, one after the other."""
    return int.from_bytes(b"".join(pattern.to_bytes(_DAY_BYTES, "little") for pattern in patterns), "little")


def _by_day(span: Span) -> Iterator[tuple[int, int]]:
    """The span as (day, bits of that day)."""
    first, end = span.first, span.end
    while first < end:
        day, within = divmod(first, CELLS_PER_DAY)
        stop = min(end, (day + 1) * CELLS_PER_DAY)
        yield day, ((1 << (stop - first)) - 1) << within
        first = stop
