"""Whether a visit suits its patient, its practitioner and the limits on visits: asked by searches and by bookings alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.call import Call
from scheduling.domain import availability, bitmaps, people, zones
from scheduling.domain.appointment_types import (
    ROLES_OF_HELPERS,
    AppointmentType,
    ClearanceKind,
    Modality,
    PatientKind,
    ResourceKind,
    Role,
)
from scheduling.domain.cells import Span, cell_containing, day_of_cell
from scheduling.domain.claims import Conflict, ConflictReason, Ledger, Visit
from scheduling.domain.limits import Counter, counters
from scheduling.domain.people import Clinician, Person
from scheduling.domain.resources import Demand, Resource
from scheduling.store import Store
from scheduling.stores.rows import clinician_of, person_of
from scheduling.tables import LocationCopy, PatientCopy, PractitionerCopy
from scheduling.usecases import guards

# CPT: a patient is new who was not seen within three years.
NEW_AFTER = timedelta(days=3 * 365 + 1)


def person_for(call: Call, store: Store, patient_id: UUID | None, kinds: Sequence[AppointmentType]) -> Person | None:
    """What these types ask about the patient; nothing is read that none of them asks. None without a patient.

    Of somebody whom the registry has not told yet (they were registered a moment ago) nothing is known: a search goes on without.
    """
    if patient_id is None:
        return None
    copy = store.get(PatientCopy, patient_id)
    online = guards.is_patient(call)
    ask_standing = any(k.lengths_differ or (online and k.online.patients is not PatientKind.ANY) for k in kinds)
    today = zones.local_date("UTC", cell_containing(call.now))
    return Person(
        id=patient_id,
        birth_date=copy.birth_date if copy else None,
        language=copy.language if copy else "",
        state=copy.state if copy else "",
        established=not ask_standing or store.seen_since(patient_id, call.now - NEW_AFTER, call.now),
        payers=store.payers_of(patient_id, today)
        if online and any(k.online.payer_codes for k in kinds)
        else frozenset(),
        clearances=(
            frozenset((ClearanceKind(c.kind), c.code) for c in store.clearances_of(patient_id, today))
            if online and any(k.online.clearances for k in kinds)
            else frozenset()
        ),
    )


def is_new(person: Person | None) -> bool:
    """Whether the visit is a new patient's; nobody is new of whom nothing is known."""
    return person is not None and not person.established


def demands_of(found: Iterator[Counter], day: date) -> tuple[Demand, ...]:
    """What a visit on this local day takes of the counters, whose class is "day" or "week"."""
    return tuple(
        Demand(Resource(one.id, ResourceKind.LIMIT, one.allowed, one.period.name.lower()), one.span(day))
        for one in found
    )


def patient_counters(kind: AppointmentType, person_id: UUID) -> Iterator[Counter]:
    """The limits that a visit counts for because of its patient."""
    return counters(kind.patient_limits, kind.id, person_id)


def conflicts_of(
    kind: AppointmentType, clinician: Clinician, person: Person | None, day: date, cell: int, *, online: bool
) -> list[Conflict]:
    """What keeps these people from this visit on this local day; ``online``: the patient books by themselves."""
    found = []
    practitioner = ResourceKind.PRACTITIONER
    if not people.understands(kind, clinician, person):
        found.append(Conflict(ConflictReason.LANGUAGE, practitioner, clinician.id, cell=cell))
    if not people.licensed(kind, clinician, person, day):
        state = person.state if person else ""
        found.append(Conflict(ConflictReason.NOT_LICENSED, practitioner, clinician.id, cell=cell, detail=state))
    if person is not None and online:
        found += [
            Conflict(ConflictReason.NOT_BOOKABLE_ONLINE, ResourceKind.PATIENT, person.id, cell=cell, detail=rule)
            for rule in people.online_refusals(kind, person, day)
        ]
    return found


def may_be_offered(call: Call, store: Store, visit: Visit, zone: str, patient_id: UUID, *, instead: bool) -> bool:
    """Whether a freed time may be offered to a patient, as far as people and the patient's limits go; ``instead`` of a visit they have,
    limits are those of a move, which are kept."""
    kind = visit.kind
    limited = bool(kind.patient_limits or kind.patient_upcoming) and not instead
    if kind.modality is not Modality.VIDEO and not kind.asks_for_people and not limited:
        return True
    person = person_for(call, store, patient_id, [kind])
    clinician = clinician_of(store.need(PractitionerCopy, visit.practitioner.id, "practitioner"))
    day = zones.local_date(zone, visit.span.first)
    if conflicts_of(kind, clinician, person, day, visit.span.first, online=False):
        return False
    if not limited:
        return True
    demands = patient_demands(kind, patient_id, day)
    ledger = Ledger([taken for demand in demands for taken in store.occupied([demand.resource.id], demand.span)])
    full = any(ledger.first_full(demand, visit.claim_id) is not None for demand in demands)
    ahead = len(store.upcoming_of(patient_id, kind.id, call.now)) if kind.patient_upcoming else 0
    return not full and (not kind.patient_upcoming or ahead < kind.patient_upcoming)


@dataclass(frozen=True)
class Further:
    """So many more visits of a type may a patient have ahead."""

    patient_id: UUID
    left: int


def further_ahead(
    store: Store, kind: AppointmentType, patient_id: UUID, claim_id: UUID, now: datetime
) -> Further | None:
    """How many more visits of the type the patient may have ahead; None without a limit, and for a visit that is counted already (a
    move adds none). The patient's row is locked, so that two bookings at once are counted one after the other."""
    if not kind.patient_upcoming:
        return None
    store.lock(PatientCopy, patient_id, "patient")
    ahead = store.upcoming_of(patient_id, kind.id, now)
    return None if claim_id in ahead else Further(patient_id, max(0, kind.patient_upcoming - len(ahead)))


def too_many_ahead(patient_id: UUID) -> Conflict:
    """The conflict of a visit more than the patient may have ahead."""
    return Conflict(ConflictReason.LIMIT_REACHED, ResourceKind.PATIENT, patient_id, detail="patient_upcoming")


def helper_roles(roles: Sequence[Role]) -> list[Role]:
    """Those of the roles that people fill."""
    return [role for role in roles if role.kind in ROLES_OF_HELPERS]


def patient_demands(kind: AppointmentType, patient_id: UUID | None, day: date) -> tuple[Demand, ...]:
    """What a visit on this local day takes of its patient's limits; nothing without a patient."""
    return demands_of(patient_counters(kind, patient_id), day) if patient_id else ()


def helpers(
    store: Store,
    roles: Sequence[Role],
    location: LocationCopy,
    practitioner_id: UUID,
    person: Person | None,
    span: Span,
) -> dict[Role, list[Resource]]:
    """By role that a person fills: who could, and works at the location for the whole visit."""
    wanted = helper_roles(roles)
    if not wanted:
        return {}
    found: dict[Role, list[Resource]] = {role: [] for role in wanted}
    for other in store.helpers(wanted):
        fitting = [role for role in wanted if people.fills(role, clinician_of(other), person)]
        if not fitting or other.id == practitioner_id:
            continue
        rules, rule, _ = store.rules_for(other.id, location, day_of_cell(span.first) - timedelta(days=1))
        if bitmaps.runs(availability.working_bits(rules, span), len(span)) & 1:
            for role in fitting:
                found[role].append(person_of(other.id, rule))
    return found
