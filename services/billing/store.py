"""All queries of billing: the money half's and the claims half's on one session."""

from __future__ import annotations

from billing.store_claim_rules import ClaimRulesStore
from billing.store_claim_work import ClaimWorkStore
from billing.store_coding import CodingStore
from billing.store_denials import DenialStore
from billing.store_front import FrontStore
from billing.store_keyed import KeyedStore


class Store(FrontStore, CodingStore, ClaimRulesStore, ClaimWorkStore, KeyedStore):
    """Queries of one transaction."""
