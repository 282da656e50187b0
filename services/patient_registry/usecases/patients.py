"""Registering, reading, changing and finding people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, PermissionDenied, Violation
from patient_registry import errors, published, rows
from patient_registry.domain import keys, people, search
from patient_registry.domain.coverage import Coverage
from patient_registry.domain.people import Demographics
from patient_registry.store import Store
from patient_registry.tables import Patient, Relation
from patient_registry.usecases import coverages, duplicates
from patient_registry.usecases.duplicates import Candidate

# What people may change of their own record; the rest is the desk's, with a look at a document.
OWN_FIELDS = frozenset(
    {
        "contact_points",
        "addresses",
        "language",
        "preferred_name",
        "time_zone",
        "quiet_hours",
        "interpreter_needed",
    }
)
# A change of one of these makes it worth while to look for duplicates again.
TELLING_FIELDS = ("name", "former_names", "birth_date", "sex", "ssn_last_four", "contact_points", "addresses")


@dataclass(frozen=True, slots=True)
class Register:
    """What is said at registration, and what the caller has decided about likely duplicates."""

    person: Demographics
    guarantor_id: UUID | None = None
    coverage: Coverage | None = None
    accept_duplicates: bool = False
    reviewed: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Registration:
    """The patient that was made; or, with none, who is likely the same person already on file."""

    patient: Patient | None
    likely: tuple[Candidate, ...] = ()


def register(call: Call, command: Register) -> Registration:
    """Registers a person unless somebody likely the same is on file and was not reviewed. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    person, problems = people.settle(command.person, call.now.date())
    errors.refuse(problems, "patient")
    if command.guarantor_id is not None:
        store.need(Patient, command.guarantor_id, "guarantor")
    member_ids = [command.coverage.member_id] if command.coverage and command.coverage.member_id else []
    store.serialise_registrations(keys.blocking(person, member_ids))
    likely = duplicates.warned(duplicates.find(store, person, member_ids))
    if not command.accept_duplicates and any(one.patient.id not in command.reviewed for one in likely):
        return Registration(None, tuple(likely))
    patient = create(call, store, person, command.guarantor_id)
    _file_identifiers(store, patient, person)
    if command.coverage is not None:
        coverages.add_to(call, store, patient, command.coverage)
    duplicates.note(call, store, patient.id, likely, command.reviewed)
    return Registration(patient)


def create(call: Call, store: Store, person: Demographics, guarantor_id: UUID | None = None) -> Patient:
    """Puts a (settled) person on file and says so. Who files the person's identifiers is the caller's business."""
    patient_id = call.new_id()
    row = Patient(id=patient_id, mrn=store.next_mrn(), guarantor_id=guarantor_id or patient_id, merged_into=None)
    row.registered_at = row.updated_at = call.now
    rows.put_demographics(row, person)
    store.add(row)
    store.put_keys(patient_id, person, row.mrn, new=True)
    call.touch(patient_id)
    call.emit(published.patient_registered(row))
    return row


def _file_identifiers(store: Store, patient: Patient, person: Demographics) -> None:
    """Lets imports recognise the patient by the identifiers given, except those that already name somebody else."""
    taken = {(key.system, key.value) for key in store.external_keys("Patient", person.identifiers)}
    free = [one for one in person.identifiers if (one.system, one.value) not in taken]
    store.put_external_keys(("Patient", one.system, one.value, patient.id, patient.id, "") for one in free)


def get(call: Call, patient_id: UUID) -> Patient:
    """One patient. Raises NotFound."""
    return Store(call.session).need(Patient, patient_id, "patient")


def update(
    call: Call, patient_id: UUID, version: int, fields: frozenset[str], edit: Callable[[Demographics], Demographics]
) -> Patient:
    """Changes what `edit` changes (the fields named). Raises NotFound, StaleVersion, InvalidInput, PermissionDenied."""
    store = Store(call.session)
    row = store.lock(Patient, patient_id, "patient")
    call.expect_version(row.version, version)
    if call.principal.kind == "patient" and not fields <= OWN_FIELDS:
        raise PermissionDenied("Please ask the front desk to change " + ", ".join(sorted(fields - OWN_FIELDS)) + ".")
    person, problems = people.settle(edit(rows.demographics(row)), call.now.date())
    errors.refuse(problems, "patient")
    return put(call, store, row, person)


def put(call: Call, store: Store, row: Patient, person: Demographics) -> Patient:
    """Writes (settled) demographics into a locked row; what changes nothing leaves version and event alone."""
    before = rows.demographics(row)
    if person == before:
        return row
    rows.put_demographics(row, person)
    row.updated_at = call.now
    call.session.flush()
    store.put_keys(row.id, person, row.mrn)
    if call.principal.kind != "patient" and any(getattr(person, f) != getattr(before, f) for f in TELLING_FIELDS):
        likely = duplicates.warned(duplicates.find(store, person, store.member_ids([row.id])[row.id], besides=row.id))
        store.drop_open_pairs_besides(row.id, [one.patient.id for one in likely])
        duplicates.note(call, store, row.id, likely)
    call.emit(published.patient_changed(row))
    return row


def find(call: Call, typed: str, page_size: int, page_token: str) -> tuple[list[Patient], str]:
    """A page of the people that what was typed may mean. Raises InvalidInput when it says nothing to look for."""
    query = search.parse(typed, call.now.date())
    if query.is_empty:
        raise InvalidInput([Violation("query", "type a name, a birth date, a phone, an MRN or a member id")])
    return Store(call.session).search(query, page_size, page_token)


def set_guarantor(call: Call, patient_id: UUID, guarantor_id: UUID, version: int) -> Patient:
    """Says who is billed: the patient, another patient, or one of the patient's relations.

    One step: who is billed for the guarantor's own visits does not matter. Raises NotFound, StaleVersion, InvalidInput (a relation
    of another patient).
    """
    store = Store(call.session)
    row = store.lock(Patient, patient_id, "patient")
    call.expect_version(row.version, version)
    return bill_to(call, store, row, guarantor_id)


def bill_to(call: Call, store: Store, row: Patient, guarantor_id: UUID) -> Patient:
    """Sets the guarantor of a locked patient. Raises NotFound, InvalidInput."""
    chosen = guarantor_id
    if guarantor_id != row.id:
        relation = store.get(Relation, guarantor_id)
        if relation is not None:
            if relation.patient_id != row.id:
                raise InvalidInput([Violation("guarantor_id", "is a relation of another patient")])
            chosen = relation.related_patient_id or relation.id
        else:
            store.need(Patient, guarantor_id, "guarantor")
    if row.guarantor_id == chosen:
        return row
    row.guarantor_id = chosen
    row.updated_at = call.now
    call.session.flush()
    call.emit(published.patient_changed(row))
    return row


def with_identifiers(person: Demographics, before: Demographics) -> Demographics:
    """The person with the identifiers known before kept, too."""
    return replace(person, identifiers=tuple(dict.fromkeys([*before.identifiers, *person.identifiers])))
