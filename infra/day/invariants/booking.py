"""Time: nobody and nothing is in two places at once."""

from __future__ import annotations

from infra.day.context import Day
from infra.day.invariants import Finding

# Status numbers of polyclinic.scheduling.v1.AppointmentStatus: cancelled, no-show, left.
CANCELLED = 8
# A resource's lanes; who is not listed (practitioner, patient) has one.
OVERLAPS = """
    WITH capacity AS (SELECT id AS resource_id, capacity FROM resource_copy WHERE tenant_id = %(tenant)s),
         edges AS (
            SELECT o.resource_id, o.first_cell AS cell, 1 AS delta FROM occupation o WHERE o.tenant_id = %(tenant)s
            UNION ALL
            SELECT o.resource_id, o.end_cell, -1 FROM occupation o WHERE o.tenant_id = %(tenant)s),
         load AS (
            SELECT resource_id, cell, sum(sum(delta)) OVER (PARTITION BY resource_id ORDER BY cell) AS used
            FROM edges GROUP BY resource_id, cell)
    SELECT l.resource_id::text AS resource, l.cell, l.used, coalesce(c.capacity, 1) AS capacity
    FROM load l LEFT JOIN capacity c USING (resource_id) WHERE l.used > coalesce(c.capacity, 1)
"""
# The visits themselves, without trusting scheduling's own tables of claimed time.
VISIT_OVERLAPS = """
    SELECT a.id::text AS one, b.id::text AS other, {what} AS shared
    FROM appointment a JOIN appointment b
      ON a.tenant_id = b.tenant_id AND a.id < b.id AND {what_a} = {what_b}
     AND a.start_time < b.end_time AND b.start_time < a.end_time
    WHERE a.tenant_id = %(tenant)s AND a.status <> %(cancelled)s AND b.status <> %(cancelled)s
"""


def no_visits_overlap(day: Day) -> Finding:
    """No two visits overlap on a practitioner, a room or a patient."""
    values = {"tenant": day.cast.tenant_id, "cancelled": CANCELLED}
    failures: list[str] = []
    for column in ("practitioner_id", "patient_id", "room_id"):
        query = VISIT_OVERLAPS.format(what=f"a.{column}", what_a=f"a.{column}", what_b=f"b.{column}")
        rows = day.observer.databases.rows("scheduling", query, values)
        failures += [f"{row['one']} and {row['other']} share {column} {row['shared']}" for row in rows]
    count = day.observer.databases.one(
        "scheduling",
        "SELECT count(*) AS n FROM appointment WHERE tenant_id = %(tenant)s AND status <> %(cancelled)s",
        values,
    )
    return Finding("no two visits overlap on a practitioner, room or patient", count["n"], failures)


def no_resource_beyond_capacity(day: Day) -> Finding:
    """At no moment is a resource (devices included) claimed more often than it has lanes."""
    values = {"tenant": day.cast.tenant_id}
    rows = day.observer.databases.rows("scheduling", OVERLAPS, values)
    count = day.observer.databases.one(
        "scheduling", "SELECT count(*) AS n FROM occupation WHERE tenant_id = %(tenant)s", values
    )
    failures = [f"{row['resource']} is taken {row['used']} times of {row['capacity']}" for row in rows]
    return Finding("no resource is claimed beyond its capacity", count["n"], failures)


def every_visit_is_where_the_day_knows_it(day: Day) -> Finding:
    """What the API answered when a visit was booked or moved is what the database holds."""
    rows = day.observer.databases.rows(
        "scheduling",
        "SELECT id::text AS id, start_time, practitioner_id::text AS practitioner_id, status FROM appointment"
        " WHERE tenant_id = %s",
        [day.cast.tenant_id],
    )
    held = {row["id"]: row for row in rows}
    failures = []
    for visit in day.visits:
        row = held.get(visit.appointment_id)
        if row is None:
            failures.append(f"{visit.appointment_id} was answered as booked and is not there")
        elif visit.fate not in {"cancelled", "cancelled_by_answer"} and (
            row["start_time"] != visit.start
            or row["practitioner_id"] != day.cast.practitioners[visit.clinician.key]
            or row["status"] == CANCELLED
        ):
            failures.append(f"{visit.appointment_id} is not where the API said")
    known = {visit.appointment_id for visit in day.visits}
    failures += [f"{identity} was booked without anybody asking" for identity in held if identity not in known]
    return Finding("every booked visit is there, as it was answered", len(day.visits), failures)


PROOFS = [no_visits_overlap, no_resource_beyond_capacity, every_visit_is_where_the_day_knows_it]
