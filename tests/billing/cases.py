"""One example for each RPC of billing, for the set tests in tests/contracts."""

from __future__ import annotations

from uuid import UUID

from chassis.testing import Case, Harness
from tests.billing import (
    cases_books,
    cases_capture,
    cases_claim_rules,
    cases_claim_work,
    cases_claims,
    cases_collections,
    cases_cut_over,
    cases_denials,
    cases_front,
    cases_keyed,
    cases_money,
    cases_plans,
)
from tests.billing.cases_capture import CaptureWorld
from tests.billing.cases_claim_rules import RulesWorld
from tests.billing.cases_claim_work import ClaimWorkWorld
from tests.billing.cases_claims import ClaimsWorld
from tests.billing.cases_front import FrontWorld
from tests.billing.cases_money import MoneyWorld
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.contracts.growth import Bound

ENVIRONMENT = cases_money.ENVIRONMENT
CASES: dict[str, Case] = {
    **cases_money.CASES,
    **cases_claims.CASES,
    **cases_claim_rules.CASES,
    **cases_claim_work.CASES,
    **cases_front.CASES,
    **cases_capture.CASES,
    **cases_denials.CASES,
    **cases_keyed.CASES,
    **cases_plans.CASES,
    **cases_books.CASES,
    **cases_collections.CASES,
    **cases_cut_over.CASES,
}


class World(MoneyWorld):
    """What the examples refer to; `claims` knows how to make what the claims half's examples need."""

    def __init__(self, harness: Harness, tenant: UUID) -> None:
        clinic = InsuredClinic(harness, tenant=tenant)
        super().__init__(clinic, tenant)
        self.claims = ClaimsWorld(harness, clinic)
        self.claim_work = ClaimWorkWorld(self.claims)
        self.rules = RulesWorld(clinic)
        self.front = FrontWorld(clinic)
        self.capture = CaptureWorld(clinic)


def world(harness: Harness, tenant: UUID) -> World:
    """What the examples refer to, made in this tenant when it is asked for."""
    return World(harness, tenant)


# For the bounds of reads (tests/contracts/test_bounds.py): tables of which one patient has few …
FEW = frozenset({"coverage"})  # of one patient there are few by the registry's rules
# session_record, card_event, plan_attempt: read by one key. statement_hold, refund, day_close: at most a few of one visit, payment or day.
NOT_MADE = frozenset(
    {
        "session_record",
        "statement_hold",
        "refund",
        "card_event",
        "day_close",
        "plan_attempt",
        "collection_payment",
        "cut_over_file",
        "cut_over_row",
        "invoice_payment",
    }
)
# … and those that describe the network rather than what happened in it.
SETTLED = frozenset(
    {
        "tenant_copy",
        "billing_entity",
        "location",
        "practitioner",
        "payer",
        "payer_rule",
        "fee_schedule",
        "fee",
        "claim_rule_set",
        "coding_table",
        "coding_edit",
        "code_set",
        "code_set_code",
        "superbill_template",
        "favourite_code",
        "review_rule",
        "eligibility_policy",
        "clearinghouse_cursor",
        "enrolment",
        "discount_policy",
        "poverty_guideline",
        "denial_playbook",
        "appeal_template",
        "collection_policy",
        "period_close",
        "period_journal",
        "period_proof",
        "counter",
    }
)
# Reads that may cost more on a long history, each with its bound and the reason.
_A_REPORT = (
    "sums over the ledger as of a day are made in the database and come back as a few rows; nobody waits at a desk"
)
_OF_ONE_PATIENT = "goes through one patient's entries by their index; what is returned is a page"
BOUNDS: dict[str, Bound] = {
    **cases_front.BOUNDS,
    **cases_claim_rules.BOUNDS,
    **cases_collections.BOUNDS,
    "GetReceivables": Bound(_A_REPORT, rows=50, visits_all=True),
    "GetTrialBalance": Bound(_A_REPORT, visits_all=True),
    "GetDayFigures": Bound(_A_REPORT, visits_all=True),
    "ListBalances": Bound(_A_REPORT, visits_all=True),
    "ListTakebacks": Bound("sums what was ever taken back, found by an index of those few", rows=70, visits_all=True),
    "GetRevenueFigures": Bound(_A_REPORT, rows=100, visits_all=True),
    "ListAgedReceivables": Bound(_A_REPORT, visits_all=True),
    "ListClaimQueue": Bound("joins what is planned with its claims, as a whole while both are few", visits_all=True),
    "PreviewPaymentPlan": Bound(_OF_ONE_PATIENT, visits_all=True),
    "CountClaims": Bound("counts a tenant's claims by state from the index", visits_all=True),
    "GetAccount": Bound(_OF_ONE_PATIENT, visits_all=True),
    "ListJournals": Bound(_OF_ONE_PATIENT, visits_all=True),
}
