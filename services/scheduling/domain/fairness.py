"""Whose turn it is in a pool."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID


def by_turn(weights: Mapping[UUID, int], loads: Mapping[UUID, int]) -> list[UUID]:
    """The members of a pool, the one whose turn it is first: who has been given the least for their weight.

    :param weights: shares, each at least 1: a member of weight 2 is given twice what one of weight 1 is
    :param loads: minutes each has been given, whoever is missing has none; equals are in the order of their ids
    """
    return sorted(weights, key=lambda one: (loads.get(one, 0) / weights[one], one))
