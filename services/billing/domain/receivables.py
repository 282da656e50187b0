"""Aging: what is owed, by how long it has been owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# First and last day of age of each bucket; None: and older.
BUCKETS: tuple[tuple[int, int | None], ...] = ((0, 30), (31, 60), (61, 90), (91, 120), (121, None))


@dataclass(frozen=True, slots=True)
class Owed:
    """An open amount (minor units, may be negative: a credit) and the day its age counts from."""

    amount_minor: int
    since: date


def bucket_of(age_days: int) -> int:
    """The index of the bucket of an age; a day in the future counts as 0."""
    for index, (_, last) in enumerate(BUCKETS):
        if last is None or age_days <= last:
            return index
    raise AssertionError("the last bucket is open")


def aged(items: Iterable[Owed], as_of: date) -> tuple[int, ...]:
    """The amounts by bucket, minor units; their sum is the sum of the items."""
    totals = [0] * len(BUCKETS)
    for item in items:
        totals[bucket_of((as_of - item.since).days)] += item.amount_minor
    return tuple(totals)
