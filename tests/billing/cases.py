"""One example for each RPC of billing, for the set tests in tests/contracts."""

from __future__ import annotations

from uuid import UUID

from chassis.testing import Case, Harness
from tests.billing import cases_claims, cases_money
from tests.billing.cases_claims import ClaimsWorld
from tests.billing.cases_money import MoneyWorld
from tests.billing.claims.insured_clinic import InsuredClinic

ENVIRONMENT = cases_money.ENVIRONMENT
CASES: dict[str, Case] = {**cases_money.CASES, **cases_claims.CASES}


class World(MoneyWorld):
    """What the examples refer to; `claims` knows how to make what the claims half's examples need."""

    def __init__(self, harness: Harness, tenant: UUID) -> None:
        self.tenant_id = tenant
        self.clinic = InsuredClinic(harness, tenant=tenant)
        self.claims = ClaimsWorld(harness, self.clinic)


def world(harness: Harness, tenant: UUID) -> World:
    """What the examples refer to, made in this tenant when it is asked for."""
    return World(harness, tenant)
