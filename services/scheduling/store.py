"""All queries of scheduling: the stores of each noun in one, over the transaction of a call."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from scheduling.stores.booking_rules import BookingRuleStore
from scheduling.stores.calendars import CalendarStore
from scheduling.stores.day import DayStore
from scheduling.stores.holds import HoldStore
from scheduling.stores.holidays import HolidayStore
from scheduling.stores.names import NameStore
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
    HoldStore,
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
    NameStore,
    HolidayStore,
):
    """``Store(call.session)``: rules and copies, cells and holds, visits, the waitlist."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        # The session remembers rows only while somebody holds them: a use case reads none of them twice.
        self._read: list[object] = []

    def at_hand(self, model: type[Row], row_id: UUID) -> Row | None:
        """The row with this id, if this use case has read it already; asks nobody."""
        return self.session.identity_map.get(identity_key(model, self.key(row_id)))

    def get(self, model: type[Row], row_id: UUID) -> Row | None:
        """The row with this id, read once; None when there is none that this transaction may see."""
        row = super().get(model, row_id)
        if row is not None:
            self._read.append(row)
        return row
