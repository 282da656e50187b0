"""Billing in process, with patients whose insurance the registry knows; nobody sends anything."""

from __future__ import annotations

import pytest

from chassis.testing import Harness
from tests.billing.claims.insured_clinic import InsuredClinic


@pytest.fixture
def insured(billing: Harness) -> InsuredClinic:
    """A tenant with four payers."""
    return InsuredClinic(billing)
