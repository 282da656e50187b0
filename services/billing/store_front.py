"""Queries about what happens before a visit; written by noun in `store_*.py`."""

from __future__ import annotations

from billing.store_authorisations import AuthorisationStore
from billing.store_charge_capture import ChargeCaptureStore
from billing.store_claim_facts import ClaimFactsStore
from billing.store_code_sets import CodeSetStore
from billing.store_discounts import DiscountStore
from billing.store_enrolments import EnrolmentStore
from billing.store_estimates import EstimateStore


class FrontStore(
    EnrolmentStore,
    AuthorisationStore,
    ClaimFactsStore,
    EstimateStore,
    DiscountStore,
    CodeSetStore,
    ChargeCaptureStore,
):
    """Enrolments, authorisations, what is known around a claim, estimates, discounts, codes and charge capture."""
