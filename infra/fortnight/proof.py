"""Whether the fortnight was sound: asked of the database by other ways than those that the service takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

Rows = Callable[..., list[dict[str, Any]]]

OVERLAPPING_VISITS = """
select count(*) as n from (
  select start_time, lag(end_time) over (partition by tenant_id, who order by start_time, end_time) as before
    from (select tenant_id, practitioner_id as who, start_time, end_time from appointment where cancelled_at is null
          union all
          select tenant_id, patient_id, start_time, end_time from appointment where cancelled_at is null) visits
) ordered where before > start_time
"""
OVERLAPPING_CLAIMS = """
select count(*) as n from (
  select first_cell, lag(end_cell) over (partition by tenant_id, resource_id order by first_cell, end_cell) as before
    from occupation where resource_kind in (1, 4)
) ordered where before > first_cell
"""
# Time that is taken by nobody: its hold has ended, its visit was cancelled.
ORPHANED_CLAIMS = """
select count(*) as n from occupation o
 where not exists (select 1 from appointment a where a.tenant_id = o.tenant_id and a.id = o.claim_id and a.cancelled_at is null)
   and not exists (select 1 from hold h where h.tenant_id = o.tenant_id and h.id = o.claim_id)
"""
VISITS_WITHOUT_TIME = """
select count(*) as n from appointment a
 where a.cancelled_at is null and a.start_time > %(now)s
   and (select count(*) from occupation o where o.tenant_id = a.tenant_id and o.claim_id = a.id
          and o.resource_id in (a.practitioner_id, a.patient_id)
          and o.first_cell * 300 <= extract(epoch from a.start_time) and o.end_cell * 300 >= extract(epoch from a.end_time)) <> 2
"""
EXPIRED_HOLDS = "select count(*) as n from hold where expires_at <= %(now)s"
FREED = """
select count(*) as n, count(*) filter (where offers > 0) as offered, count(*) filter (where owed and offers = 0) as missed from (
  select f.id, (select count(*) from waitlist_offer o where o.tenant_id = f.tenant_id and o.freed_time_id = f.id) as offers,
    exists (select 1 from waitlist_entry e
             where e.tenant_id = f.tenant_id and e.joined_at < f.freed_at and e.patient_id <> f.patient_id
               and e.location_ids @> jsonb_build_array(f.location_id::text)
               and e.status = 1
               and not exists (select 1 from appointment p where p.tenant_id = f.tenant_id and p.patient_id = e.patient_id
                                and p.booked_at <= f.freed_at and extract(epoch from p.start_time) < f.end_cell * 300.0
                                and extract(epoch from p.end_time) > f.first_cell * 300.0))
    and not exists (select 1 from appointment b where b.tenant_id = f.tenant_id and b.practitioner_id = f.practitioner_id
                     and b.cancelled_at is null and extract(epoch from b.start_time) < f.end_cell * 300.0
                     and extract(epoch from b.end_time) > f.first_cell * 300.0) as owed
    from (select t.*, s.at as freed_at from freed_time t
            join lateral (select min(v.at) as at from visit_step v
                            join appointment a on a.tenant_id = v.tenant_id and a.id = v.appointment_id
                           where v.tenant_id = t.tenant_id and v.patient_id = t.patient_id
                             and ((v.step = 'cancel' and extract(epoch from a.start_time) = t.first_cell * 300.0)
                               or (v.step = 'move' and extract(epoch from (v.before ->> 'start_time')::timestamptz) = t.first_cell * 300.0))
                         ) s on true) f
) counted
"""
WAITS = """
select extract(epoch from seen_at - greatest(arrived_at, start_time)) / 60 as room,
       extract(epoch from start_time - booked_at) / 86400 as lead
  from appointment where cancelled_at is null
"""
LISTED = """
select count(*) as n, count(*) filter (where status = 3) as served from waitlist_entry
"""


@dataclass(frozen=True)
class Proof:
    """What was found; each of the first five has to be 0."""

    overlaps: int
    orphaned: int
    without_time: int
    expired_holds: int
    freed_not_offered: int
    freed: int
    freed_offered: int
    waited: int
    served: int
    # Minutes from arrival (or the planned start, whichever is later) to being seen, and days from booking to the visit.
    room_minutes: tuple[float, float]
    lead_days: tuple[float, float]

    @property
    def broken(self) -> dict[str, int]:
        """What is not 0 and has to be."""
        bars = {
            "overlaps": self.overlaps,
            "time taken by nobody": self.orphaned,
            "visits without their time": self.without_time,
            "holds that did not end": self.expired_holds,
            "freed times not offered": self.freed_not_offered,
        }
        return {name: found for name, found in bars.items() if found}


def prove(rows: Rows, now: datetime) -> Proof:
    """Asks the database of scheduling (``rows(query, values)``) as it is at the business instant ``now``."""

    def one(query: str) -> dict[str, Any]:
        return rows(query, {"now": now})[0]

    freed, listed = one(FREED), one(LISTED)
    waits = rows(WAITS, {})
    return Proof(
        overlaps=one(OVERLAPPING_VISITS)["n"] + one(OVERLAPPING_CLAIMS)["n"],
        orphaned=one(ORPHANED_CLAIMS)["n"],
        without_time=one(VISITS_WITHOUT_TIME)["n"],
        expired_holds=one(EXPIRED_HOLDS)["n"],
        freed_not_offered=freed["missed"],
        freed=freed["n"],
        freed_offered=freed["offered"],
        waited=listed["n"],
        served=listed["served"],
        room_minutes=_spread([float(row["room"]) for row in waits if row["room"] is not None]),
        lead_days=_spread([float(row["lead"]) for row in waits if row["lead"] is not None]),
    )


def _spread(found: list[float]) -> tuple[float, float]:
    """Median and ninth decile."""
    if not found:
        return 0.0, 0.0
    ordered = sorted(found)
    return median(ordered), ordered[min(len(ordered) - 1, len(ordered) * 9 // 10)]
