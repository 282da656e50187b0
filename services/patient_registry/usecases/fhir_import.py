"""Taking in the people, relations and coverages of a FHIR bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from uuid import UUID

from chassis.call import Call
from chassis.errors import Error, InvalidInput
from patient_registry import errors, fhir_edge, rows
from patient_registry.domain import fhir_import, fhir_patient, fhir_related_person, people, relations
from patient_registry.domain.fhir_import import Entry, Outcome, Status
from patient_registry.domain.people import Demographics, Identifier
from patient_registry.domain.problems import Problem
from patient_registry.store import Store
from patient_registry.tables import Patient, Relation
from patient_registry.usecases import duplicates, patients
from patient_registry.usecases import fhir_import_coverages as coverages
from patient_registry.usecases import relations as relation_usecases
from patient_registry.usecases.intake import Filed, Intake, of_patient, unknown
from patient_registry.usecases.relations import NewRelation

# Fields of demographics → elements of the resource they were read from.
_ELEMENTS = {
    "birth_date": "birthDate",
    "deceased_on": "deceasedDateTime",
    "time_zone": "extension",
    "contact_points": "telecom",
    "former_names": "name",
}


def import_bundle(
    call: Call, bundle_type: str, entries: Sequence[Entry], unreadable: Sequence[Outcome] = ()
) -> list[Outcome]:
    """Takes in the entries of one bundle; `unreadable` are outcomes of those that were not even JSON objects.

    A transaction is taken whole or raises InvalidInput with every violation. Of a batch or collection each entry has its
    own outcome, and what refers to a refused one is refused.
    """
    store = Store(call.session)
    outcomes = list(unreadable)
    sound = []
    for entry in entries:
        if problems := fhir_edge.problems_of(entry.resource):
            outcomes.append(fhir_import.outcome(entry, Status.REFUSED, issues=problems))
        else:
            sound.append(entry)
    kept = [entry for entry in sound if entry.resource_type in fhir_import.KEPT_TYPES]
    store.serialise_imports(key for entry in kept for key in fhir_import.identity(entry))
    intake = Intake(call, store, fhir_import.organizations(sound), whole=bundle_type == "transaction")
    intake.look_up(
        "Patient", (key for one in kept if one.resource_type == "Patient" for key in fhir_import.identity(one))
    )
    hints = fhir_import.coverage_hints(sound)
    steps: dict[str, Callable[[Intake, Entry], Outcome]] = {
        "Patient": take_patient,
        "RelatedPerson": take_related_person,
        "Coverage": coverages.take_coverage,
    }
    for resource_type, take in steps.items():
        of_type = [entry for entry in sound if entry.resource_type == resource_type]
        if resource_type != "Patient":
            intake.look_up(resource_type, (key for entry in of_type for key in _keys_of_relative(intake, entry)))
        outcomes += [_guarded(intake, entry, take) for entry in of_type]
    for entry in sound:
        if entry.index in hints:
            take_hint = partial(coverages.take_hint, hint=hints[entry.index])
            outcomes.append(_guarded(intake, entry, take_hint))
        elif entry.resource_type not in steps:
            outcomes.append(fhir_import.outcome(entry, Status.IGNORED))
    intake.write_keys()
    outcomes.sort(key=lambda one: one.index)
    if bundle_type == "transaction":
        errors.refuse(fhir_import.violations(outcomes))
    return outcomes


def take_patient(intake: Intake, entry: Entry) -> Outcome:
    """Registers the person of a Patient resource, or brings the one on file up to date."""
    reading = fhir_patient.read(entry.resource)
    if reading.demographics is None:
        return fhir_import.outcome(entry, Status.REFUSED, issues=reading.problems)
    person, problems = people.settle(reading.demographics, intake.call.now.date())
    if problems:
        return fhir_import.outcome(entry, Status.REFUSED, issues=map(_in_resource, problems))
    keys = fhir_import.identity(entry)
    known = _patients_on_file(intake, keys)
    if len(known) > 1:
        clash = Problem("identifier", "its identifiers belong to different patients on file; merge or mend them first")
        return fhir_import.outcome(entry, Status.REFUSED, issues=[clash])
    digest = fhir_import.fingerprint(asdict(person))
    if known:
        row, filed = next(iter(known.values()))
        status = _update(intake, row, person, unchanged=any(key.fingerprint == digest for key in filed))
    else:
        row, status = _create(intake, person), Status.CREATED
    intake.file("Patient", keys, row.id, row.id, digest)
    intake.people.update(dict.fromkeys(entry.names(), row.id))
    intake.same_as.update(dict.fromkeys(reading.same_as, row.id))
    return fhir_import.outcome(entry, status, row.id, row.id, reading.remarks)


def take_related_person(intake: Intake, entry: Entry) -> Outcome:
    """Adds the person of a RelatedPerson resource to a patient's relations, or brings the one on file up to date."""
    reading, problems = fhir_related_person.read(entry.resource)
    if reading is None:
        return fhir_import.outcome(entry, Status.REFUSED, issues=problems)
    patient = intake.patient(reading.patient)
    if patient is None:
        return fhir_import.outcome(entry, Status.REFUSED, issues=[unknown("patient.reference")])
    store = intake.store
    minor = people.age_on(patient.birth_date, intake.call.now.date()) < relations.OF_AGE_YEARS
    same = next((intake.same_as[name] for name in entry.names() if name in intake.same_as), None)
    same = None if same == patient.id else same
    entered = NewRelation(
        relationship=reading.relationship,
        related_patient_id=same,
        person=None if same else reading.person,
        guarantor=reading.guarantor,
        proxy=reading.proxy or (minor and reading.relationship in relations.PARENTS),
        emergency_contact=reading.emergency_contact,
    )
    keys = of_patient(patient.id, fhir_import.identity(entry))
    digest = fhir_import.fingerprint(asdict(entered))
    filed = intake.filed("RelatedPerson", keys)
    row = next((row for key in filed if (row := store.get(Relation, key.record_id))), None)
    patient = intake.lock(patient)
    if row is None:
        row, status = relation_usecases.add_to(intake.call, store, patient, entered), Status.CREATED
    elif any(key.fingerprint == digest for key in filed):
        status = Status.UNCHANGED
    else:
        relation_usecases.put(store, row, entered)
        intake.call.session.flush()
        if entered.guarantor:
            patients.bill_to(intake.call, store, patient, row.id)
        status = Status.UPDATED
    intake.file("RelatedPerson", keys, row.id, patient.id, digest)
    intake.relations.update(dict.fromkeys(entry.names(), row.id))
    return fhir_import.outcome(entry, status, row.id, patient.id, reading.remarks)


def _guarded(intake: Intake, entry: Entry, take: Callable[[Intake, Entry], Outcome]) -> Outcome:
    """Takes one entry; one that is refused leaves nothing behind (in a transaction, neither do the others)."""
    try:
        if intake.whole:
            return take(intake, entry)
        with intake.call.savepoint():
            return take(intake, entry)
    except InvalidInput as error:
        issues = [Problem(one.field, one.message) for one in error.violations]
        return fhir_import.outcome(entry, Status.REFUSED, issues=map(_in_resource, issues))
    except Error as error:
        if error.reason in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
            raise  # nothing is wrong with the entry: the whole request is to be sent again
        return fhir_import.outcome(entry, Status.REFUSED, issues=[Problem("", error.message)])


def _keys_of_relative(intake: Intake, entry: Entry) -> list[Identifier]:
    """The keys of a resource that belongs to a patient of this bundle."""
    resource = entry.resource
    reference = (resource.get("beneficiary") or resource.get("patient") or {}).get("reference", "")
    patient_id = intake.people.get(reference)
    return of_patient(patient_id, fhir_import.identity(entry)) if patient_id else []


def _patients_on_file(intake: Intake, keys: Sequence[Identifier]) -> dict[UUID, tuple[Patient, list[Filed]]]:
    """The patients on file under any of the keys (followed to the record they were merged into), with their keys."""
    store = intake.store
    found: dict[UUID, tuple[Patient, list[Filed]]] = {}
    for filed in intake.filed("Patient", keys):
        row = store.get(Patient, filed.record_id)
        if row is not None and row.merged_into is not None:
            row = store.get(Patient, row.merged_into)
        if row is not None:
            found.setdefault(row.id, (row, []))[1].append(filed)
    ours = fhir_patient.mrn_system(intake.call.tenant_id)
    for number in (key.value for key in keys if key.system == ours):
        row = store.patient_by_mrn(number)
        if row is not None:
            found.setdefault(row.id, (row, []))
    return found


def _create(intake: Intake, person: Demographics) -> Patient:
    likely = duplicates.warned(duplicates.find(intake.store, person, ()))
    row = patients.create(intake.call, intake.store, person)
    intake.made(row)
    duplicates.note(intake.call, intake.store, row.id, likely)
    return row


def _update(intake: Intake, row: Patient, person: Demographics, *, unchanged: bool) -> Status:
    """Writes what the resource says over what is on file; what it cannot say, and numbers known before, stay."""
    if unchanged:
        intake.call.touch(row.id)
        return Status.UNCHANGED
    row = intake.lock(row)
    before = rows.demographics(row)
    merged = replace(
        patients.with_identifiers(person, before),
        preferred_name=person.preferred_name or before.preferred_name,
        time_zone=person.time_zone or before.time_zone,
        quiet_hours=before.quiet_hours,
        ssn_last_four=person.ssn_last_four or before.ssn_last_four,
        payer_hint=before.payer_hint,
    )
    version = row.version
    patients.put(intake.call, intake.store, row, merged)
    return Status.UNCHANGED if row.version == version else Status.UPDATED


def _in_resource(problem: Problem) -> Problem:
    """A problem of demographics under the name of the resource's element."""
    name, bracket, rest = problem.field.removeprefix("patient.").partition("[")
    head, dot, tail = name.partition(".")
    return Problem(_ELEMENTS.get(head, head) + dot + tail + bracket + rest, problem.message)
