"""The risk that nobody comes: learned once a week, read for outreach, for how full a session may be, and for its fairness."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Unavailable, Violation
from scheduling.domain import availability, bitmaps, no_show, overbooking, zones
from scheduling.domain.appointment_types import Modality
from scheduling.domain.availability import WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_at, cell_containing, day_of_cell, instant_at
from scheduling.domain.no_show import Facts, NoShowModel, Reason, Record
from scheduling.domain.visits import PENDING, Status
from scheduling.store import Store
from scheduling.stores.risk import PastVisit
from scheduling.stores.visits import AppointmentFilter
from scheduling.tables import Appointment, LocationCopy
from scheduling.tables_day import RiskModel
from scheduling.usecases import guards
from scheduling.usecases.guards import AppointmentView

TRAIN = "risk.train"
KEY = "weekly"
EVERY = timedelta(days=7)
LOOK_BACK = timedelta(days=730)
# Learning from a hundred thousand visits takes a few seconds.
LONGEST_TRAINING_SECONDS = 120
MOST_DAYS = 366
FEWEST_TO_COMPARE = 30
NOBODYS_GROUP = "no group"


@dataclass(frozen=True)
class RiskView:
    """A coming visit with its risk and what raises it."""

    view: AppointmentView
    risk: float
    reasons: list[str]


@dataclass(frozen=True)
class SessionView:
    """A stretch of a practitioner's working time, and how many more visits it can take."""

    practitioner_id: UUID
    span: Span
    visits: int
    expected: float
    cap: int
    overbooked: int
    advised: int


@dataclass(frozen=True)
class GroupView:
    """How a group of patients fares."""

    name: str
    visits: int
    no_show_rate: float
    average_risk: float
    brier: float
    overbooked_share: float
    average_wait: float


# ---- learning --------------------------------------------------------------------------------------------------------


def train(call: Call) -> None:
    """Learns from the tenant's history and asks for the next time; too little history: the base rate."""
    store = Store(call.session)
    visits = store.history(call.now - LOOK_BACK, call.now)
    missed = sum(visit.missed for visit in visits)
    call.due.at(TRAIN, KEY, call.now + EVERY)
    if len(visits) < no_show.FEWEST_VISITS or missed < no_show.FEWEST_NO_SHOWS:
        rate = missed / len(visits) if visits else 0.0
        learned = {
            "kind": "base_rate",
            "body": {"base_rate": rate},
            "figures": {"visits": len(visits), "no_show_rate": rate},
        }
    else:
        learned = _learned(_rows(visits, missed / len(visits)))
    known = store.newest_model()
    # Where nothing has happened nothing is written.
    if known is None or (known.kind, known.body, known.figures) != (
        learned["kind"],
        learned["body"],
        learned["figures"],
    ):
        store.add(
            RiskModel(trained_at=call.now, kind=learned["kind"], body=learned["body"], figures=learned["figures"])
        )


def train_soon(call: Call) -> RiskModel | None:
    """Asks for it to be learned anew; answers the present model."""
    call.due.at(TRAIN, KEY, call.now)
    return Store(call.session).newest_model()


def get_model(call: Call) -> RiskModel | None:
    """The model in use; None when nothing has been learned yet."""
    return Store(call.session).newest_model()


def _learned(rows: list[list[float]]) -> dict[str, Any]:
    """Learns in a process of its own: what learning needs would stay in this one's memory."""
    ended = subprocess.run(
        [sys.executable, "-m", "scheduling.training"],
        input=json.dumps(rows),
        text=True,
        capture_output=True,
        timeout=LONGEST_TRAINING_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise Unavailable(internal=f"training ended with {ended.returncode}: {ended.stderr[-500:]}")
    learned: dict[str, Any] = json.loads(ended.stdout)
    return learned


def _rows(visits: Sequence[PastVisit], base_rate: float) -> list[list[float]]:
    """What is learned from: each visit with its patient's record as it was then, whether it was booked ahead, and whether it was missed."""
    return [
        [*no_show.features(facts, base_rate), float(no_show.booked_in_advance(facts)), float(visit.missed)]
        for visit, facts in _as_they_were(visits)
    ]


def _as_they_were(visits: Sequence[PastVisit]) -> Iterable[tuple[PastVisit, Facts]]:
    """Each visit with what was known before it began. Oldest first."""
    records: dict[UUID, Record] = {}
    for visit in visits:
        record = records.get(visit.patient_id, Record())
        yield (
            visit,
            Facts(
                visit.start,
                visit.booked_at,
                visit.zone,
                int((visit.end - visit.start).total_seconds()) // 60,
                Modality(visit.modality),
                visit.reschedules,
                record,
            ),
        )
        records[visit.patient_id] = record.after(missed=visit.missed)


# ---- reading ---------------------------------------------------------------------------------------------------------


def model_of(row: RiskModel | None) -> NoShowModel:
    """The domain's value of a stored model; without one nobody is thought to stay away."""
    if row is None:
        return NoShowModel(0.0)
    body = row.body
    return NoShowModel(
        body["base_rate"],
        tuple(body.get("weights", ())),
        body.get("intercept", 0.0),
        tuple(body.get("means", ())),
        tuple(body.get("scales", ())),
        tuple((x, y) for x, y in body.get("calibration", ())),
    )


def outreach(call: Call, location_id: UUID, day: date | None, at_least: float) -> tuple[list[RiskView], str]:
    """The coming visits of a local day (None: tomorrow) by risk, and the kind of model. Raises NotFound."""
    store = Store(call.session)
    location = _location(call, store, location_id)
    row = store.newest_model()
    rows = _pending(call, store, location, _day(call, location, day))
    scored = _scored(call, store, model_of(row), rows)
    views = {view.row.id: view for view in guards.describe(store, rows)}
    found = [
        RiskView(views[one.id], risk, [_in_words(reason, facts) for reason in reasons])
        for one, facts, risk, reasons in scored
        if risk >= at_least
    ]
    return sorted(
        found, key=lambda v: (-v.risk, v.view.row.start_time, v.view.row.id)
    ), row.kind if row else "base_rate"


def advice(call: Call, location_id: UUID, day: date | None) -> tuple[list[SessionView], str]:
    """How many more visits each session of a local day can take. Raises NotFound."""
    store = Store(call.session)
    location = _location(call, store, location_id)
    row = store.newest_model()
    span = _day(call, location, day)
    rules = store.working_rules_at(location, day_of_cell(span.first) - timedelta(days=1))
    rows = _pending(call, store, location, span)
    risks = {one.id: risk for one, _, risk, _ in _scored(call, store, model_of(row), rows)}
    sessions = []
    for person, known in sorted(rules.items()):
        for stretch in bitmaps.spans_of(availability.working_bits(known, span), span.first):
            own = [r for r in rows if r.practitioner_id == person and cell_at(r.start_time) in stretch]
            cap = overbooking.cap(known, stretch)
            expected, _ = no_show.expected_no_shows(risks[r.id] for r in own)
            beside = sum(bool(r.overbooked) for r in own)
            more = max(no_show.extra_visits((risks[r.id] for r in own), cap) - beside, 0)
            sessions.append(SessionView(person, stretch, len(own), expected, cap, beside, more))
    return sessions, row.kind if row else "base_rate"


def further_visits(
    call: Call, store: Store, practitioner_id: UUID, location: LocationCopy, rules: WorkingRules, span: Span
) -> int:
    """How many visits more than one at a time the practitioner may have throughout these cells: as planned or, where it is left to
    the risks, as many as are likely not to come to the hours around and are not taken yet. Asks nothing where nothing is planned."""
    planned = overbooking.further(rules, span) if overbooking.levels(rules) else 0
    if planned and overbooking.by_risk(rules, span):
        return planned if _session_takes_more(call, store, practitioner_id, location, span, planned) else 0
    return planned


def _session_takes_more(
    call: Call, store: Store, practitioner_id: UUID, location: LocationCopy, span: Span, cap: int
) -> bool:
    day = zones.day_span(location.time_zone, zones.local_date(location.time_zone, span.first))
    half = Span(span.first - CELLS_PER_DAY // 6, span.end + CELLS_PER_DAY // 6)
    around = Span(max(day.first, half.first), min(day.end, half.end))
    rows = store.live_from(instant_at(around.first), practitioner_id, location.id, instant_at(around.end))
    risks = [risk for _, _, risk, _ in _scored(call, store, model_of(store.newest_model()), rows)]
    return no_show.extra_visits(risks, cap) > sum(bool(row.overbooked) for row in rows)


def fairness(
    call: Call, first: date, last: date, groups: Mapping[str, Collection[UUID]]
) -> tuple[list[GroupView], float, float, str]:
    """How risks and overbooking fall on groups; the gaps of calibration and of overbooking. Raises InvalidInput."""
    if last < first or (last - first).days >= MOST_DAYS:
        raise InvalidInput([Violation("end", f"must be on or after the start, and less than {MOST_DAYS} days later")])
    store = Store(call.session)
    row = store.newest_model()
    model = model_of(row)
    begin, end = datetime.combine(first, time(), UTC), datetime.combine(last + timedelta(days=1), time(), UTC)
    past = [
        (visit, no_show.probability(model, no_show.features(facts, model.base_rate)))
        for visit, facts in _as_they_were(store.history(begin - LOOK_BACK, min(end, call.now)))
        if visit.start >= begin
    ]
    beside = _with_another_beside([visit for visit, _ in past])
    named = {patient: name for name, patients in groups.items() for patient in patients}
    by_group: dict[str, list[tuple[PastVisit, float]]] = {name: [] for name in groups}
    for visit, risk in past:
        by_group.setdefault(named.get(visit.patient_id, NOBODYS_GROUP), []).append((visit, risk))
    views = [_group(name, found, beside) for name, found in by_group.items()]
    large = [view for view in views if view.visits >= FEWEST_TO_COMPARE]
    calibration = _gap([view.average_risk - view.no_show_rate for view in large])
    return views, calibration, _gap([v.overbooked_share for v in large]), row.kind if row else "base_rate"


def _group(
    name: str, found: Sequence[tuple[PastVisit, float]], beside: Collection[tuple[UUID, datetime, UUID]]
) -> GroupView:
    waits = [visit.waited_minutes for visit, _ in found if visit.waited_minutes is not None]
    count = len(found) or 1
    return GroupView(
        name,
        len(found),
        sum(visit.missed for visit, _ in found) / count,
        sum(risk for _, risk in found) / count,
        no_show.brier((risk, visit.missed) for visit, risk in found),
        sum((v.practitioner_id, v.start, v.patient_id) in beside for v, _ in found) / count,
        sum(waits) / len(waits) if waits else 0.0,
    )


def _with_another_beside(visits: Sequence[PastVisit]) -> set[tuple[UUID, datetime, UUID]]:
    """The visits that shared their practitioner's time with another."""
    by_practitioner: dict[UUID, list[PastVisit]] = {}
    for visit in visits:
        by_practitioner.setdefault(visit.practitioner_id, []).append(visit)
    found = set()
    for person, own in by_practitioner.items():
        own.sort(key=lambda visit: (visit.start, visit.end))
        for index, visit in enumerate(own):
            for other in own[index + 1 : index + 9]:
                if other.start < visit.end:
                    found |= {(person, visit.start, visit.patient_id), (person, other.start, other.patient_id)}
    return found


def _gap(values: Sequence[float]) -> float:
    return max(values) - min(values) if values else 0.0


def _scored(
    call: Call, store: Store, model: NoShowModel, rows: Sequence[Appointment]
) -> list[tuple[Appointment, Facts, float, list[Reason]]]:
    records = store.records({row.patient_id for row in rows}, call.now - LOOK_BACK, call.now)
    scored = []
    for row in rows:
        facts = Facts(
            row.start_time,
            row.booked_at,
            row.time_zone,
            int((row.end_time - row.start_time).total_seconds()) // 60,
            Modality(row.modality),
            row.reschedule_count,
            records.get(row.patient_id, Record()),
        )
        values = no_show.features(facts, model.base_rate)
        scored.append((row, facts, no_show.probability(model, values), no_show.reasons(model, values)))
    return scored


def _pending(call: Call, store: Store, location: LocationCopy, span: Span) -> list[Appointment]:
    return store.all_appointments(
        AppointmentFilter(
            location_id=location.id,
            start_from=max(instant_at(span.first), call.now),
            start_to=instant_at(span.end),
            statuses=frozenset(status.value for status in PENDING),
        ),
        call.principal,
    )


def _location(call: Call, store: Store, location_id: UUID) -> LocationCopy:
    location = store.need(LocationCopy, location_id, "location")
    if call.principal.location_ids and location.id not in call.principal.location_ids:
        raise NotFound("location")
    return location


def _day(call: Call, location: LocationCopy, day: date | None) -> Span:
    today = zones.local_date(location.time_zone, cell_containing(call.now))
    return zones.day_span(location.time_zone, day or today + timedelta(days=1))


def _in_words(reason: Reason, facts: Facts) -> str:
    days = (facts.start - facts.booked_at).days
    record = facts.record
    return {
        "lead_days_log": f"booked {days} days ahead",
        "same_day": "booked for the same day",
        "first_visit": "first visit",
        "earlier_visits_log": f"{record.due} earlier visits",
        "missed_rate": f"missed {record.missed} of {record.due} earlier visits",
        "missed_last": "missed the last visit",
        "rescheduled": f"moved {facts.reschedules} times",
        "long_visit": f"{facts.minutes} minutes long",
        "remote": "by video or telephone",
        "early_in_the_day": "before nine",
        "late_in_the_day": "after four",
        "monday": "on a Monday",
        "friday": "on a Friday",
    }[reason.feature]


def confirmed(row: Appointment) -> bool:
    """Whether the patient said that they will come."""
    return Status(row.status) is Status.CONFIRMED
