"""A tz database other than the one that is installed: what was seen of a zone before is rewritten, and upkeep finds the difference."""

from __future__ import annotations

from scheduling.domain.cells import CELLS_PER_DAY
from scheduling.store import Store
from scheduling.tables_availability import ZoneClock
from scheduling.usecases import clocks
from tests.scheduling.clinic import Clinic


def pretend_other_clocks(clinic: Clinic, hours: int) -> None:
    """As if working time had been worked out with clocks so many hours ahead of the installed ones; upkeep runs and finds out."""
    follow_zones(clinic)
    with clinic.harness.session(clinic.tenant_id) as session:
        clock = session.get(ZoneClock, (clinic.tenant_id, clinic.zone))
        assert clock is not None
        ahead = hours * CELLS_PER_DAY // 24
        clock.segments = [[first, end, offset + ahead] for first, end, offset in clock.segments]
    follow_zones(clinic)


def follow_zones(clinic: Clinic) -> None:
    """What upkeep does about zones."""
    with clinic.harness.call(clinic.tenant_id) as call:
        clocks.follow(call, Store(call.session))
