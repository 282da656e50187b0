"""All queries of scheduling: the stores of each noun in one, over the transaction of a call."""

from __future__ import annotations

from scheduling.stores.cells import CellStore
from scheduling.stores.rules import RuleStore
from scheduling.stores.visits import VisitStore
from scheduling.stores.waitlist import WaitlistStore


class Store(CellStore, RuleStore, VisitStore, WaitlistStore):
    """``Store(call.session)``: rules and copies, cells and holds, visits, the waitlist."""
