"""Who on file might be the same person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from patient_registry import errors
from patient_registry.domain import keys, matching, people
from patient_registry.domain.matching import Grade, Match
from patient_registry.domain.people import Demographics
from patient_registry.store import Store
from patient_registry.tables import DuplicatePair, Patient

# Worth stopping a registration for, and worth a place on the review list.
WARNED = frozenset({Grade.CERTAIN, Grade.LIKELY})
# More than a person can look through helps nobody.
MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on file and how likely they are the person in question."""

    patient: Patient
    match: Match


def find(store: Store, person: Demographics, member_ids: Sequence[str], besides: UUID | None = None) -> list[Candidate]:
    """People on file who may be this person (possible or better), best first."""
    rows = store.candidates(keys.blocking(person, member_ids), besides)
    # A member id only counts when both have one: without ours, nobody else's is looked up.
    members = store.member_ids(rows) if member_ids else {}
    records = [(row, matching.record_of(store.demographics(row), members.get(row.id, ()))) for row in rows.values()]
    ranked = matching.rank(matching.record_of(person, member_ids), records)
    return [Candidate(row, match) for row, match in ranked]


def warned(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those among them that a person should look at."""
    return [candidate for candidate in candidates if candidate.match.grade in WARNED]


def note(
    call: Call, store: Store, patient_id: UUID, likely: Sequence[Candidate], told_apart: Collection[UUID] = ()
) -> None:
    """Puts the pairs on the review list; those that somebody has just told apart are noted as dismissed."""
    for candidate in likely:
        match, other = candidate.match, candidate.patient.id
        store.put_pair(patient_id, other, match.score, match.grade, match.reasons, call.now, call.new_id())
        if other in told_apart:
            store.dismiss_pair(patient_id, other, call.now, call.principal.id)


def check(call: Call, entered: Demographics) -> list[Candidate]:
    """Who on file might be the person described, the fifty likeliest at most. Raises InvalidInput."""
    person, problems = people.settle(entered, call.now.date())
    errors.refuse(problems, "patient")
    return find(Store(call.session), person, ())[:MOST_TOLD]


def compare(call: Call, patient_id: UUID, other_id: UUID) -> Candidate:
    """How likely two patients on file are one person. Raises NotFound, InvalidInput (the same id twice)."""
    store = Store(call.session)
    if patient_id == other_id:
        raise InvalidInput([Violation("other_patient_id", "must be another patient")])
    one, other = store.need(Patient, patient_id, "patient"), store.need(Patient, other_id, "patient")
    members = store.member_ids([one.id, other.id])
    match = matching.compare(
        matching.record_of(store.demographics(one), members[one.id]),
        matching.record_of(store.demographics(other), members[other.id]),
    )
    return Candidate(other, match)


def review_list(
    call: Call, patient_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[tuple[DuplicatePair, Patient, Patient]], str]:
    """A page of pairs that nobody has told apart, each with its two patients, highest score first."""
    store = Store(call.session)
    pairs, token = store.open_pairs(patient_id, page_size, page_token)
    found = store.patients([one for pair in pairs for one in (pair.first_id, pair.second_id)])
    return [(pair, found[pair.first_id], found[pair.second_id]) for pair in pairs], token


def dismiss(call: Call, patient_id: UUID, other_id: UUID) -> None:
    """Says that two patients are different people. Raises NotFound. Once more changes nothing."""
    store = Store(call.session)
    found = store.patients([patient_id, other_id])
    if len(found) < 2:
        raise NotFound("patient")
    members = store.member_ids([patient_id, other_id])
    match = matching.compare(
        *(matching.record_of(store.demographics(found[one]), members[one]) for one in (patient_id, other_id))
    )
    note(call, store, patient_id, [Candidate(found[other_id], match)], told_apart={other_id})
