"""All queries of scheduling: the stores of each noun in one, over the transaction of a call."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from scheduling.stores.booking_rules import BookingRuleStore
from scheduling.stores.calendars import CalendarStore
from scheduling.stores.cells import CellStore
from scheduling.stores.day import DayStore
from scheduling.stores.people import PeopleStore
from scheduling.stores.rebookings import RebookingStore
from scheduling.stores.recalls import RecallStore
from scheduling.stores.risk import RiskStore
from scheduling.stores.rules import RuleStore
from scheduling.stores.series import SeriesStore
from scheduling.stores.visits import VisitStore
from scheduling.stores.waitlist import WaitlistStore

Row = TypeVar("Row")


class Store(
    CellStore,
    RuleStore,
    VisitStore,
    WaitlistStore,
    PeopleStore,
    CalendarStore,
    SeriesStore,
    RebookingStore,
    BookingRuleStore,
    DayStore,
    RiskStore,
    RecallStore,
):
    """``Store(call.session)``: rules and copies, cells and holds, visits, the waitlist."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # The session remembers rows only while somebody holds them: a use case reads none of them twice.
        self._read: list[object] = []

    def get(self, model: type[Row], row_id: UUID) -> Row | None:
        """The row with this id, read once; None when there is none that this transaction may see."""
        row = super().get(model, row_id)
        if row is not None:
            self._read.append(row)
        return row
