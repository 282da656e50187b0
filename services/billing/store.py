"""All queries of billing: the money half's and the claims half's on one session."""

from __future__ import annotations

from billing.store_coding import CodingStore
from billing.store_remittances import RemittancesStore


class Store(CodingStore, RemittancesStore):
    """Queries of one transaction."""
