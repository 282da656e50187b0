"""Billing in process on the first day of the codes and lists that the tests take in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis.testing import Harness


@pytest.fixture
def billing(billing: Harness) -> Iterator[Harness]:
    """Each test begins on the same day of 2026: which list of codes holds depends on it."""
    with billing.from_start():
        yield billing
