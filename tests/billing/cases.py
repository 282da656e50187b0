"""One example for each RPC of billing, for the set tests in tests/contracts."""

from __future__ import annotations

from uuid import UUID

from chassis.testing import Case, Harness
from tests.billing import cases_money
from tests.billing.cases_money import MoneyWorld

ENVIRONMENT = cases_money.ENVIRONMENT
CASES: dict[str, Case] = {**cases_money.CASES}


def world(harness: Harness, tenant: UUID) -> MoneyWorld:
    """What the examples refer to, made in this tenant when it is asked for."""
    return MoneyWorld(harness, tenant)
