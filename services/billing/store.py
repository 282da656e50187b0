"""All queries of billing: the money half's and the claims half's on one session."""

from __future__ import annotations

from billing.store_coding import CodingStore
from billing.store_denials import DenialStore


class Store(CodingStore, DenialStore):
    """Queries of one transaction."""
