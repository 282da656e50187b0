"""All queries of the money half; they are written by noun in `store_*.py`, each class building on the one before."""

from __future__ import annotations

from billing.store_reports import ReportStore


class MoneyStore(ReportStore):
    """Directory → families → encounters → payments → ledger → reports."""
