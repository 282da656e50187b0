"""Taking in the coverages of a FHIR bundle: Coverage resources, and what claims mention of coverage."""

from __future__ import annotations

from dataclasses import asdict, replace
from uuid import UUID

from patient_registry import rows
from patient_registry.domain import coverage as rules
from patient_registry.domain import fhir_coverage, fhir_import, people
from patient_registry.domain.coverage import Case, Coverage, Subscriber, SubscriberRelation
from patient_registry.domain.fhir_coverage import CoverageHint, CoverageReading, Payer
from patient_registry.domain.fhir_import import Entry, Outcome, Status
from patient_registry.domain.names import normalise
from patient_registry.domain.problems import Problem
from patient_registry.store import Store
from patient_registry.tables import Coverage as CoverageRow
from patient_registry.tables import Patient, Relation
from patient_registry.usecases import coverages
from patient_registry.usecases.intake import Intake, of_patient, unknown


def take_coverage(intake: Intake, entry: Entry) -> Outcome:
    """Adds the coverage of a Coverage resource, or brings the one on file up to date."""
    reading, problems = fhir_coverage.read(entry.resource, intake.organizations)
    if problems:
        return fhir_import.outcome(entry, Status.REFUSED, issues=problems)
    store = intake.store
    payer = resolve(store, reading.payer) if reading else None
    if reading is None or payer is None:
        return fhir_import.outcome(entry, Status.IGNORED)  # it says that there is no insurance
    patient = intake.patient(reading.beneficiary)
    if patient is None:
        return fhir_import.outcome(entry, Status.REFUSED, issues=[unknown("beneficiary.reference")])
    patient = intake.lock(patient)
    entered = _coverage(intake, reading, payer)
    keys = of_patient(patient.id, fhir_import.identity(entry))
    digest = fhir_import.fingerprint(asdict(entered))
    filed = intake.filed("Coverage", keys)
    held = store.coverages([patient.id])[patient.id]
    row = next((row for row in held if row.id in {key.record_id for key in filed}), None) or _same(held, entered)
    remarks: list[Problem] = []
    if row is None and not entered.active:
        return fhir_import.outcome(entry, Status.IGNORED, patient_id=patient.id)
    if row is not None and any(key.fingerprint == digest for key in filed):
        status = Status.UNCHANGED
    else:
        entered = replace(entered, coverage_id=row.id if row else patient.id)
        entered = _with_free_priority(entered, held, row, remarks)
        if row is None:
            row = coverages.add_to(intake.call, store, patient, entered, held=held, complete=False)
            status = Status.CREATED
        else:
            version = row.version
            coverages.put(intake.call, store, patient, row, entered, complete=False)
            status = Status.UNCHANGED if row.version == version else Status.UPDATED
    intake.file("Coverage", keys, row.id, patient.id, digest)
    lacking = rules.lacking(rows.coverage(row))
    return fhir_import.outcome(entry, status, row.id, patient.id, remarks, lacking)


def take_hint(intake: Intake, entry: Entry, hint: CoverageHint) -> Outcome:
    """Adds the coverage a claim mentions, when the patient has none: a mention never overrides what is on file."""
    patient = intake.patient(hint.patient)
    if patient is None:
        return fhir_import.outcome(entry, Status.REFUSED, issues=[unknown("patient.reference")])
    payer = resolve(intake.store, hint.payer)
    if payer is None:
        return fhir_import.outcome(entry, Status.IGNORED, patient_id=patient.id)
    patient = intake.lock(patient)
    held = [row for row in intake.store.coverages([patient.id])[patient.id] if row.active]
    for row in held:
        if (row.payer_code, row.payer_name) == (payer.code, payer.name):
            lacking = rules.lacking(rows.coverage(row))
            return fhir_import.outcome(entry, Status.UNCHANGED, row.id, patient.id, lacking=lacking)
    if held:
        remark = Problem("insurance", f"{payer.name!r} is mentioned, but another coverage is on file, which stays")
        return fhir_import.outcome(entry, Status.IGNORED, patient_id=patient.id, issues=[remark])
    entered = Coverage(
        coverage_id=patient.id, payer_code=payer.code, payer_name=payer.name, member_id=hint.member_id, priority=0
    )
    row = coverages.add_to(intake.call, intake.store, patient, entered, held=held, complete=False)
    lacking = rules.lacking(rows.coverage(row))
    return fhir_import.outcome(entry, Status.CREATED, row.id, patient.id, lacking=lacking)


def resolve(store: Store, payer: Payer) -> Payer | None:
    """The payer with our code, where the document says it or an alias knows it; None: there is no insurance."""
    if payer.is_none:
        return None
    if payer.code:
        return payer
    known = store.payer_aliases_of([normalise(text) for text in payer.texts])
    if not known:
        return payer
    alias = known[0]
    return Payer(alias.payer_code, (alias.payer_name or alias.text,)) if alias.payer_code else None


def _coverage(intake: Intake, reading: CoverageReading, payer: Payer) -> Coverage:
    subscriber = None
    if reading.relation is not SubscriberRelation.SELF:
        subscriber = _subscriber(intake, reading.subscriber)
    case = None
    if reading.kind in rules.KINDS_OF_A_CASE:
        case = Case(number=(reading.member_id or "not stated")[:40])
    return Coverage(
        coverage_id=UUID(int=0),
        kind=reading.kind,
        priority=reading.priority,
        payer_code=payer.code,
        payer_name=payer.name,
        plan_name=reading.plan_name,
        member_id=reading.member_id,
        group_number=reading.group_number,
        subscriber_relation=reading.relation,
        subscriber=subscriber,
        start=reading.start,
        end=reading.end,
        case=case,
        active=reading.active,
    )


def _subscriber(intake: Intake, reference: str) -> Subscriber | None:
    """The subscriber a reference names: another patient, or a related person."""
    relation_id = intake.relations.get(reference)
    relation = intake.store.get(Relation, relation_id) if relation_id else None
    if relation is not None and relation.related_patient_id is None:
        person = rows.related_person(relation)
        return Subscriber(person.name, person.birth_date, person.sex, person.address) if person else None
    patient = (
        intake.store.get(Patient, relation.related_patient_id)
        if relation is not None and relation.related_patient_id
        else intake.patient(reference)
    )
    if patient is None:
        return None
    who = rows.demographics(patient)
    return Subscriber(who.name, who.birth_date, who.sex, people.home_address(who.addresses), patient.id)


def _same(held: list[CoverageRow], entered: Coverage) -> CoverageRow | None:
    """The coverage on file that is plainly the same card: same payer, same member id."""
    if not entered.member_id:
        return None
    return next(
        (
            row
            for row in held
            if row.active
            and (row.payer_code or row.payer_name) == (entered.payer_code or entered.payer_name)
            and normalise(row.member_id) == normalise(entered.member_id)
        ),
        None,
    )


def _with_free_priority(
    entered: Coverage, held: list[CoverageRow], row: CoverageRow | None, remarks: list[Problem]
) -> Coverage:
    """The coverage at the priority it asks for; where that is taken, at the next free one, which is remarked."""
    others = [rows.coverage(one) for one in held if row is None or one.id != row.id]
    if entered.priority and not rules.clashes(entered, others):
        return entered
    if row is not None and not entered.priority:
        kept = replace(entered, priority=row.priority)
        if not rules.clashes(kept, others):
            return kept
    free = replace(entered, priority=rules.next_free_priority(entered, others))
    if entered.priority:
        remarks.append(Problem("order", f"{entered.priority} is taken on a common day; it was put at {free.priority}"))
    return free
