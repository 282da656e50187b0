"""All queries of billing: the money half's and the claims half's on one session."""

from __future__ import annotations

from billing.store_books import BookStore
from billing.store_claim_rules import ClaimRulesStore
from billing.store_claim_work import ClaimWorkStore
from billing.store_coding import CodingStore
from billing.store_collections import CollectionStore
from billing.store_cut_over import CutOverStore
from billing.store_front import FrontStore
from billing.store_invoices import InvoiceStore


class Store(
    FrontStore, CodingStore, ClaimRulesStore, ClaimWorkStore, CollectionStore, InvoiceStore, CutOverStore, BookStore
):
    """Queries of one transaction."""
