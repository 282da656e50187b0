"""Billing in process, with patients whose insurance the registry knows; nobody sends anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chassis.testing import Harness
from tests.billing.claims.insured_clinic import InsuredClinic


@pytest.fixture
def billing(billing: Harness) -> Iterator[Harness]:
    """Each test begins on the same day of 2026: authorisations, enrolments and scales hold for that year."""
    with billing.from_start():
        yield billing


@pytest.fixture
def insured(billing: Harness) -> InsuredClinic:
    """A tenant with four payers."""
    return InsuredClinic(billing)
