"""What has to be done now and then so that booking goes on: partitions ahead, old ones dropped, the change log purged,
time zones followed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chassis.call import Call
from scheduling.domain.cells import CELLS_PER_WEEK, Span, cell_containing
from scheduling.store import Store
from scheduling.usecases import clocks, risk

UPKEEP = "upkeep"
DROP = "upkeep.drop_partitions"
KEY = "daily"
WEEKS_AHEAD = 26
# Past cells are of no use once the day is over; a few weeks are kept for whoever looks into an incident.
WEEKS_KEPT = 5
EVERY = timedelta(days=1)


def run(call: Call, payload: dict[str, Any]) -> None:
    """Does it once and asks for the next time. Bookings further ahead make their partitions themselves.

    :param payload: ``{"purge_below": n}``: the mark that the run before has noted; whatever is older has been seen by every cache
        that is still alive, or is said to it by the floor.
    """
    store = Store(call.session)
    now = cell_containing(call.now)
    store.ensure_partitions(Span(now, now + WEEKS_AHEAD * CELLS_PER_WEEK))
    clocks.follow(call, store)
    mark = store.purge_changes(int(payload.get("purge_below", 0)))
    call.due.at(UPKEEP, KEY, call.now + EVERY, {"purge_below": mark})
    call.due.at(DROP, KEY, call.now)
    if store.newest_model() is None:
        call.due.at(risk.TRAIN, risk.KEY, call.now)


def drop_past(call: Call) -> None:
    """Drops the partitions of weeks long past. On its own, because it gives up (and is tried again) when bookings are in the way."""
    Store(call.session).drop_partitions(cell_containing(call.now) - WEEKS_KEPT * CELLS_PER_WEEK)


def begin(call: Call) -> None:
    """Starts the upkeep of a new tenant."""
    call.due.at(UPKEEP, KEY, call.now)
