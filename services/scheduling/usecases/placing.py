"""Placing visits: from a wish (what, who, where, when) to cells that belong to it.

Everything that books goes through here: holds, bookings, batches, moves, the waitlist. The rules are read under a shared advisory
lock of the practitioner and the location, so that an edit of working time either comes first and is seen, or waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.domain import availability, bitmaps, people, zones
from scheduling.domain.appointment_types import AppointmentType, ResourceKind
from scheduling.domain.cells import CELLS_PER_DAY, NotOnGrid, Span, cell_at, day_of_cell, instant_at
from scheduling.domain.claims import (
    Conflict,
    ConflictReason,
    Demand,
    Ledger,
    Resource,
    Visit,
    demand_of,
    limit_reached,
    plan,
)
from scheduling.domain.limits import practitioner_counters
from scheduling.store import Store
from scheduling.stores.cells import Claim
from scheduling.stores.rows import clinician_of, person_of, type_of
from scheduling.tables import AppointmentTypeRow, Hold, LocationCopy, PractitionerCopy
from scheduling.usecases import guards, risk, suiting

# So often a visit is planned anew when somebody else was quicker (each time with what is then seen to be free).
ATTEMPTS = 5


@dataclass(frozen=True)
class Wanted:
    """What is to be placed. ``start`` is an aware instant."""

    type_id: UUID
    practitioner_id: UUID
    location_id: UUID
    start: datetime

    @property
    def rule_owners(self) -> tuple[UUID, UUID, UUID]:
        """Whose rules decide: to be locked before they are read."""
        return self.practitioner_id, self.location_id, self.type_id


@dataclass(frozen=True)
class Candidate:
    """A visit ready to be placed, with the rules it breaks, if any.

    ``had`` is what its claim has taken already, by resource; ``fixed`` that it keeps exactly that (a hold), and plans nothing anew.
    """

    visit: Visit
    location: LocationCopy
    rule_conflicts: tuple[Conflict, ...] = ()
    had: tuple[Demand, ...] = ()
    fixed: bool = False
    # How many more visits of the type the patient may have ahead, where that is limited and this one is not counted yet.
    further: suiting.Further | None = None

    @property
    def demands_kept(self) -> dict[UUID, Span]:
        """What its claim has taken already, by resource."""
        return {demand.resource.id: demand.span for demand in self.had}


@dataclass(frozen=True)
class Placed:
    """What a visit has got."""

    visit: Visit
    location: LocationCopy
    demands: tuple[Demand, ...]
    # Beside another visit of its practitioner.
    overbooked: bool = False

    @property
    def room_id(self) -> UUID | None:
        """The room, if one was needed."""
        return next((d.resource.id for d in self.demands if d.resource.kind is ResourceKind.ROOM), None)

    @property
    def equipment_ids(self) -> list[str]:
        """The devices."""
        return [str(d.resource.id) for d in self.demands if d.resource.kind is ResourceKind.EQUIPMENT]

    @property
    def helper_ids(self) -> list[str]:
        """Other practitioners and interpreters."""
        own = self.visit.practitioner.id
        people = (d.resource for d in self.demands if d.resource.kind is ResourceKind.PRACTITIONER)
        return [str(person.id) for person in people if person.id != own]

    @property
    def start(self) -> datetime:
        """Start of the visit (UTC)."""
        return instant_at(self.visit.span.first)

    @property
    def end(self) -> datetime:
        """End of the visit (UTC)."""
        return instant_at(self.visit.span.end)


def patient_resource(patient_id: UUID) -> Resource:
    """The patient, who can be at one place at a time."""
    return Resource(patient_id, ResourceKind.PATIENT)


def start_cell(start: datetime, field: str = "start_time") -> int:
    """The cell of a planned start. Raises InvalidInput unless it is a multiple of five minutes."""
    try:
        return cell_at(start)
    except NotOnGrid as error:
        raise InvalidInput([Violation(field, str(error))]) from None


def lock_rules(
    store: Store, wanted: Iterable[Wanted], *, types: Iterable[UUID] = (), groups: Iterable[UUID] = ()
) -> None:
    """Before rules are read for a booking: nobody edits those of the practitioners, locations and types meanwhile.

    :param types: of visits whose practitioner and time are taken already (holds, seats): the patient's limits are still asked
    :param groups: group visits in which seats are taken; nobody cancels them meanwhile
    """
    store.lock_shared({owner for one in wanted for owner in one.rule_owners} | {*types, *groups})


def candidate(
    call: Call,
    store: Store,
    wanted: Wanted,
    claim_id: UUID,
    patient_id: UUID | None,
    had: Sequence[Demand] = (),
    *,
    about: UUID | None = None,
) -> Candidate:
    """Reads the rules for a wish. Raises NotFound (type, practitioner, location), InvalidInput.

    :param patient_id: whose time is taken as well
    :param about: whose facts count when nobody's time is taken (a hold for somebody)
    """
    kind = bookable_type(call, store, wanted.type_id)
    location = store.need(LocationCopy, wanted.location_id, "location")
    practitioner = store.need(PractitionerCopy, wanted.practitioner_id, "practitioner")
    if not location.active:
        raise NotFound("location")
    if not practitioner.active:
        raise NotFound("practitioner")
    if not kind.offered_by(practitioner.id):
        raise InvalidInput([Violation("practitioner_id", "does not take this type of appointment")])
    about = patient_id or about
    person = suiting.person_for(call, store, about, [kind])
    first = start_cell(wanted.start)
    span = Span(first, first + kind.duration_cells(practitioner.id, new_patient=suiting.is_new(person)))
    rules, rule, place_rule = store.rules_for(practitioner.id, location, day_of_cell(first) - timedelta(days=1))
    clinician = clinician_of(practitioner)
    roles = people.needed_roles(kind, clinician, person)
    day = zones.local_date(location.time_zone, first)
    counted = practitioner_counters(kind.practitioner_limits, kind.id, practitioner.id, rule, location.id, place_rule)
    visit = Visit(
        claim_id=claim_id,
        kind=kind,
        practitioner=replace(
            person_of(practitioner.id, rule),
            capacity=1 + risk.further_visits(call, store, practitioner.id, location, rules, span),
        ),
        span=span,
        patient=patient_resource(patient_id) if patient_id else None,
        pools=store.pools(location.id, roles) | suiting.helpers(store, roles, location, practitioner.id, person, span),
        roles=roles,
        counters=suiting.demands_of(counted, day) + suiting.patient_demands(kind, patient_id, day),
    )
    conflicts = rule_conflicts(
        call.now,
        kind,
        visit,
        availability.working_bits(rules, span),
        location.time_zone,
        availability.reserves(rules, span),
    )
    # A visit that is moved was agreed already: rules for booking it online are not asked again.
    online = guards.is_patient(call) and not had
    conflicts += suiting.conflicts_of(kind, clinician, person, day, first, online=online)
    further = suiting.further_ahead(store, kind, about, claim_id, call.now) if about else None
    return Candidate(visit, location, tuple(conflicts), tuple(had), further=further)


def bookable_type(call: Call, store: Store, type_id: UUID) -> AppointmentType:
    """An active appointment type that the caller may book. Raises NotFound."""
    row = store.need(AppointmentTypeRow, type_id, "appointment type")
    if not row.active or (guards.is_patient(call) and not row.online_bookable):
        raise NotFound("appointment type")
    return type_of(row)


def working_within(store: Store, practitioner_id: UUID, location: LocationCopy, span: Span) -> int:
    """Working time of the cells of ``span``, from the rules in force now."""
    rules = store.working_rules(practitioner_id, location, day_of_cell(span.first) - timedelta(days=1))
    return availability.working_bits(rules, span)


def rule_conflicts(
    now: datetime,
    kind: AppointmentType,
    visit: Visit,
    working: int,
    zone: str,
    reserved: Sequence[availability.Reserve] = (),
) -> list[Conflict]:
    """Which rules a visit would break; ``working`` and the reserves begin at its first cell."""
    person = visit.practitioner
    limits = availability.start_limits(now, zone, kind.minimum_notice_minutes, kind.horizon_days)
    found = []
    if visit.span.first < limits.first:
        found.append(Conflict(ConflictReason.TOO_SOON, person.kind, person.id, cell=visit.span.first))
    if visit.span.first >= limits.end:
        found.append(Conflict(ConflictReason.TOO_FAR_AHEAD, person.kind, person.id, cell=visit.span.first))
    if not bitmaps.runs(working, len(visit.span)) & 1:
        idle = bitmaps.lowest(~working)
        found.append(
            Conflict(ConflictReason.OUTSIDE_WORKING_TIME, person.kind, person.id, cell=visit.span.first + idle)
        )
    elif reserved or kind.session_only:
        usable = availability.open_to(working, reserved, visit.span.first, now, kind.sessions, only=kind.session_only)
        if not bitmaps.runs(usable, len(visit.span)) & 1:
            kept = visit.span.first + bitmaps.lowest(~usable)
            found.append(Conflict(ConflictReason.RESERVED, person.kind, person.id, cell=kept))
    return found


def held(call: Call, store: Store, hold: Hold, patient_id: UUID | None) -> Candidate:
    """A hold as a candidate: what it keeps was found to be in order when it was made, and stays promised. What only the patient
    decides (licence, language, limits) is asked now."""
    spans = store.claim_spans(hold.id)
    first = cell_at(hold.start_time)
    fixed = tuple(Demand(Resource(r, kind), span) for r, (kind, span) in sorted(spans.items()))
    kind = type_of(store.need(AppointmentTypeRow, hold.appointment_type_id, "appointment type"))
    location = store.need(LocationCopy, hold.location_id, "location")
    day = zones.local_date(location.time_zone, first)
    visit = Visit(
        claim_id=hold.id,
        kind=kind,
        practitioner=Resource(hold.practitioner_id, ResourceKind.PRACTITIONER),
        span=Span(first, cell_at(hold.end_time)),
        patient=patient_resource(patient_id) if patient_id else None,
        pools={},
        counters=suiting.patient_demands(kind, patient_id, day),
    )
    conflicts: list[Conflict] = []
    further = None
    if patient_id:
        person = suiting.person_for(call, store, patient_id, [kind])
        clinician = clinician_of(store.need(PractitionerCopy, hold.practitioner_id, "practitioner"))
        # What the waitlist offers was offered by the clinic: the patient accepts it, whatever rules there are for finding it online.
        online = guards.is_patient(call) and not hold.waitlist
        conflicts += suiting.conflicts_of(kind, clinician, person, day, first, online=online)
        further = suiting.further_ahead(store, kind, patient_id, hold.id, call.now)
    return Candidate(visit, location, tuple(conflicts), fixed, fixed=True, further=further)


def place(call: Call, store: Store, candidates: Sequence[Candidate]) -> tuple[list[Placed], list[tuple[int, Conflict]]]:
    """Takes the time of all candidates, or of none: then every conflict is returned with the index of its candidate."""
    rules = _broken_rules(candidates)
    resources = {resource.id for one in candidates for resource in _resources(one)}
    hull = Span(
        min(one.visit.span.first for one in candidates) - CELLS_PER_DAY // 4,
        max(one.visit.span.end for one in candidates) + CELLS_PER_DAY // 4,
    )
    counters = [demand for one in candidates for demand in one.visit.counters]
    counter_ids = {demand.resource.id for demand in counters}
    counted = Span(min(d.span.first for d in counters), max(d.span.end for d in counters)) if counters else None
    for _ in range(ATTEMPTS):
        taken = store.occupied(resources, hull)
        if counted is not None:
            taken += store.occupied(counter_ids, counted)
        placed, conflicts = _plan(candidates, Ledger(taken))
        if rules or conflicts:
            if _drop_expired(call, store, resources, hull, counter_ids, counted):
                continue
            return [], [*rules, *conflicts]
        claims = [
            Claim(one.visit.claim_id, got.demands, one.demands_kept)
            for one, got in zip(candidates, placed, strict=True)
        ]
        if not store.take(claims):
            return placed, []
        # Somebody was quicker, or an expired hold is in the way: the next plan sees which.
        _drop_expired(call, store, resources, hull, counter_ids, counted)
    return [], [
        (i, Conflict(ConflictReason.TAKEN, ResourceKind.PRACTITIONER, c.visit.practitioner.id))
        for i, c in enumerate(candidates)
    ]


def conflicts_of(store: Store, candidates: Sequence[Candidate]) -> list[tuple[int, Conflict]]:
    """What stands in the way of the candidates, beside each other, as far as can be seen without taking anything."""
    rules = _broken_rules(candidates)
    counters = [demand for one in candidates for demand in one.visit.counters]
    spans = [one.visit.span.widened(CELLS_PER_DAY // 4, CELLS_PER_DAY // 4) for one in candidates]
    spans += [demand.span for demand in counters]
    resources = {resource.id for one in candidates for resource in _resources(one)}
    hull = Span(min(span.first for span in spans), max(span.end for span in spans))
    taken = store.occupied(resources | {demand.resource.id for demand in counters}, hull)
    return [*rules, *_plan(candidates, Ledger(taken))[1]]


def _broken_rules(candidates: Sequence[Candidate]) -> list[tuple[int, Conflict]]:
    """The rules that candidates break by themselves, and those that only all of them together break."""
    found = [(index, conflict) for index, one in enumerate(candidates) for conflict in one.rule_conflicts]
    asked: dict[tuple[UUID, UUID], int] = {}
    for index, one in enumerate(candidates):
        if one.further is None:
            continue
        who = (one.further.patient_id, one.visit.kind.id)
        asked[who] = asked.get(who, 0) + 1
        if asked[who] > one.further.left:
            found.append((index, suiting.too_many_ahead(one.further.patient_id)))
    return found


def _drop_expired(
    call: Call, store: Store, resources: set[UUID], hull: Span, counter_ids: set[UUID], counted: Span | None
) -> int:
    dropped = store.drop_expired_holds(resources, hull, call.now)
    return dropped + (store.drop_expired_holds(counter_ids, counted, call.now) if counted is not None else 0)


def _plan(candidates: Sequence[Candidate], ledger: Ledger) -> tuple[list[Placed], list[tuple[int, Conflict]]]:
    placed: list[Placed] = []
    conflicts: list[tuple[int, Conflict]] = []
    for index, one in enumerate(candidates):
        demands, found = (
            _fixed(one, ledger) if one.fixed else plan(one.visit, ledger, frozenset(d.resource.id for d in one.had))
        )
        conflicts.extend((index, conflict) for conflict in found)
        beside = one.visit.practitioner.capacity > 1 and any(
            ledger.is_taken(d, one.visit.claim_id) for d in demands if d.resource.id == one.visit.practitioner.id
        )
        ledger.add(one.visit.claim_id, demands)
        placed.append(Placed(one.visit, one.location, tuple(demands), beside))
    return placed, conflicts


def _fixed(one: Candidate, ledger: Ledger) -> tuple[list[Demand], list[Conflict]]:
    """A hold keeps what it has and takes the patient's time besides."""
    if one.visit.patient is None:
        return list(one.had), []
    demand = demand_of(one.visit, one.visit.patient)
    full = ledger.first_full(demand, one.visit.claim_id)
    conflicts = (
        [] if full is None else [Conflict(ConflictReason.TAKEN, ResourceKind.PATIENT, demand.resource.id, cell=full)]
    )
    conflicts += [
        limit_reached(counter)
        for counter in one.visit.counters
        if ledger.first_full(counter, one.visit.claim_id) is not None
    ]
    return [*one.had, demand, *one.visit.counters], conflicts


def _resources(one: Candidate) -> list[Resource]:
    people = [one.visit.practitioner, *([one.visit.patient] if one.visit.patient else [])]
    return people + [resource for pool in one.visit.pools.values() for resource in pool]
