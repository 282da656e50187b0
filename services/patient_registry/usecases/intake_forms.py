"""Forms as a tenant asks them, and the answers: opened, kept, submitted, looked at by staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, PermissionDenied, Violation
from chassis.ids import NIL
from patient_registry import errors, rows
from patient_registry.domain import intake_forms as rules
from patient_registry.domain import people, record_fields
from patient_registry.domain.coverage import Coverage
from patient_registry.domain.intake_forms import Ask, Section, Words
from patient_registry.domain.record_fields import RecordField
from patient_registry.store import Store
from patient_registry.store_intake import IntakeStore
from patient_registry.tables import Coverage as CoverageRow
from patient_registry.tables import Patient, Visit
from patient_registry.tables_intake import FormResponse, IntakeForm
from patient_registry.usecases import coverages, patients

DRAFT, SUBMITTED, DONE = "draft", "submitted", "done"
APPLIED, WAITING, DECLINED = "applied", "waiting", "declined"


@dataclass(frozen=True, slots=True)
class NewForm:
    """A form to be published."""

    code: str
    title: Words
    ask: Ask
    sections: tuple[Section, ...]
    text: Words | None = None
    appointment_type_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """A response and the version of the form that it answers."""

    response: FormResponse
    form: IntakeForm


# ---- forms


def publish(call: Call, new: NewForm) -> IntakeForm:
    """Publishes the next version of a form. Raises InvalidInput."""
    errors.refuse(rules.problems_of(new.sections))
    store = IntakeStore(call.session)
    number = store.replace_form(new.code) + 1
    return store.add(form_row(call, new, number))


def form_row(call: Call, new: NewForm, number: int) -> IntakeForm:
    """A form's row in version `number`, in use."""
    return IntakeForm(
        code=new.code,
        form_version=number,
        title=rules.words_json(new.title),
        text=rules.words_json(new.text),
        ask=new.ask.value,
        appointment_type_codes=list(new.appointment_type_codes),
        sections=rules.sections_json(new.sections),
        published_at=call.now,
        published_by=call.principal.name or call.principal.id,
        in_use=True,
        retired=False,
    )


def listed_forms(call: Call, include_retired: bool, page_size: int, page_token: str) -> tuple[list[IntakeForm], str]:
    """A page of the forms in use, by code."""
    return IntakeStore(call.session).forms(include_retired, page_size, page_token)


def get_form(call: Call, code: str, form_version: int) -> IntakeForm:
    """A form as it is asked now, or was in an earlier version. Raises NotFound."""
    return _form(IntakeStore(call.session), code, form_version)


def retire(call: Call, code: str) -> IntakeForm:
    """Takes a form out of use. Raises NotFound."""
    row = _form(IntakeStore(call.session), code)
    row.retired = True
    call.session.flush()
    return row


# ---- answers


def open_response(call: Call, patient_id: UUID, code: str, appointment_id: UUID | None) -> Answered:
    """The draft begun before, or a new one with what is on file filled in. Raises NotFound."""
    store, registry = IntakeStore(call.session), Store(call.session)
    patient = registry.lock(Patient, patient_id, "patient")
    if appointment_id is not None:
        need_visit(registry, patient_id, appointment_id)
    known = store.draft(patient_id, code, appointment_id or NIL)
    if known is not None:
        return Answered(known, _form(store, code, known.form_version))
    form = _form(store, code)
    if form.retired:
        raise NotFound("form")
    record = record_fields.read(rows.demographics(patient), _first_coverage(call, patient_id))
    fields = rules.fields_of(rules.sections_of(form.sections))
    filled = {name: [record[each.record]] for name, each in fields.items() if each.record and record[each.record]}
    response = FormResponse(
        id=call.new_id(),
        patient_id=patient_id,
        appointment_id=appointment_id or NIL,
        form_code=code,
        form_version=form.form_version,
        state=DRAFT,
        answers=filled,
        changes=[],
        section=0,
        started_at=call.now,
        saved_at=call.now,
        submitted_at=None,
        submitted_by="",
        reviewed_at=None,
        reviewed_by="",
        review_note="",
    )
    return Answered(store.add(response), form)


def save(call: Call, response_id: UUID, entered: rules.Answers, section: int, version: int) -> Answered:
    """Keeps answers of a draft. Raises NotFound, FormSubmitted, StaleVersion, InvalidInput (all of them)."""
    found = _draft(call, response_id, version)
    kept, problems = rules.settle(rules.sections_of(found.form.sections), entered)
    errors.refuse(problems)
    response = found.response
    merged = {**response.answers, **kept}
    response.answers = {name: values for name, values in merged.items() if values}
    response.section, response.saved_at = section, call.now
    call.session.flush()
    return found


def submit(call: Call, response_id: UUID, version: int) -> Answered:
    """Submits a draft: own facts are changed in the record at once, others wait for staff.

    Raises NotFound, FormSubmitted, StaleVersion, InvalidInput (each answer that is missing).
    """
    found = _draft(call, response_id, version)
    response, sections = found.response, rules.sections_of(found.form.sections)
    errors.refuse(rules.missing(sections, response.answers))
    visible = {each.name for each in rules.shown(sections, response.answers)}
    response.answers = {name: values for name, values in response.answers.items() if name in visible}
    registry = Store(call.session)
    patient = registry.lock(Patient, response.patient_id, "patient")
    response.changes = _changes(call, patient, sections, response.answers)
    _apply_own(call, registry, patient, response.changes)
    response.state, response.submitted_at = SUBMITTED, call.now
    response.submitted_by = call.principal.name or call.principal.id
    call.session.flush()
    return found


def get_response(call: Call, response_id: UUID) -> Answered:
    """One response with its form. Raises NotFound."""
    store = IntakeStore(call.session)
    response = store.need(FormResponse, response_id, "form response")
    return Answered(response, _form(store, response.form_code, response.form_version))


def listed_responses(
    call: Call, patient_id: UUID | None, state: str, page_size: int, page_token: str
) -> tuple[list[Answered], str]:
    """A page of responses with their forms, the newest first."""
    store = IntakeStore(call.session)
    found, token = store.responses(patient_id, state, page_size, page_token)
    forms = store.forms_of([(row.form_code, row.form_version) for row in found])
    return [Answered(row, forms[row.form_code, row.form_version]) for row in found], token


def review(call: Call, response_id: UUID, apply: Sequence[str], note: str, version: int) -> Answered:
    """Ends staff's look: waiting changes named are made, the others declined.

    Raises NotFound, FormNotSubmitted, StaleVersion, InvalidInput, PermissionDenied (patients do not review).
    """
    if call.principal.kind == "patient":
        raise PermissionDenied("Staff look at what was submitted.")
    found = _locked(call, response_id, version)
    response = found.response
    if response.state != SUBMITTED:
        raise errors.FormNotSubmitted
    waiting = {each["field"] for each in response.changes if each["state"] == WAITING}
    unknown = [name for name in apply if name not in waiting]
    if unknown:
        raise InvalidInput([Violation("apply", f"{name} is no waiting change of this form") for name in unknown])
    _apply_reviewed(call, response.patient_id, [each for each in response.changes if each["field"] in set(apply)])
    response.changes = [
        {**each, "state": APPLIED if each["field"] in set(apply) else DECLINED} if each["state"] == WAITING else each
        for each in response.changes
    ]
    response.state, response.review_note = DONE, note
    response.reviewed_at, response.reviewed_by = call.now, call.principal.name or call.principal.id
    call.session.flush()
    return found


def need_visit(registry: Store, patient_id: UUID, appointment_id: UUID) -> Visit:
    """A visit of this patient. Raises NotFound."""
    visit = registry.need(Visit, appointment_id, "visit")
    if visit.patient_id != patient_id:
        raise NotFound("visit")
    return visit


# ---- parts


def _form(store: IntakeStore, code: str, form_version: int = 0) -> IntakeForm:
    row = store.form(code, form_version)
    if row is None:
        raise NotFound("form")
    return row


def _locked(call: Call, response_id: UUID, version: int) -> Answered:
    store = IntakeStore(call.session)
    response = store.lock(FormResponse, response_id, "form response")
    call.expect_version(response.version, version)
    call.touch(response.patient_id)
    return Answered(response, _form(store, response.form_code, response.form_version))


def _draft(call: Call, response_id: UUID, version: int) -> Answered:
    found = _locked(call, response_id, version)
    if found.response.state != DRAFT:
        raise errors.FormSubmitted
    return found


def _first_coverage_row(call: Call, patient_id: UUID) -> CoverageRow | None:
    held = coverages.listed(call, patient_id, call.now.date(), False)
    return held[0] if held else None


def _first_coverage(call: Call, patient_id: UUID) -> Coverage | None:
    row = _first_coverage_row(call, patient_id)
    return rows.coverage(row) if row is not None else None


def _changes(
    call: Call, patient: Patient, sections: Sequence[Section], answers: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """What the answers to shown fields change in the record; an answer left blank changes nothing."""
    record = record_fields.read(rows.demographics(patient), _first_coverage(call, patient.id))
    found = []
    for each in rules.shown(sections, answers):
        said = " ".join(answers.get(each.name, ()))
        if each.record is None or not said or said == record[each.record]:
            continue
        state = APPLIED if each.record in record_fields.OWN else WAITING
        found.append(
            {
                "field": each.name,
                "record": each.record.value,
                "before": record[each.record],
                "after": said,
                "state": state,
            }
        )
    return found


def _apply_own(call: Call, registry: Store, patient: Patient, changes: Sequence[Mapping[str, str]]) -> None:
    own = {RecordField(each["record"]): each["after"] for each in changes if each["state"] == APPLIED}
    if own:
        person = record_fields.written(rows.demographics(patient), own)
        settled, problems = people.settle(person, call.now.date())
        errors.refuse(problems)
        patients.put(call, registry, patient, settled)


def _apply_reviewed(call: Call, patient_id: UUID, changes: Sequence[Mapping[str, str]]) -> None:
    made = {RecordField(each["record"]): each["after"] for each in changes}
    registry = Store(call.session)
    patient = registry.lock(Patient, patient_id, "patient")
    of_person = {field: value for field, value in made.items() if field not in record_fields.OF_COVERAGE}
    if of_person:
        person = record_fields.written(rows.demographics(patient), of_person)
        settled, problems = people.settle(person, call.now.date())
        errors.refuse(problems)
        patients.put(call, registry, patient, settled)
    if len(of_person) == len(made):
        return
    held = _first_coverage_row(call, patient_id)
    if held is not None:
        coverages.put(
            call, registry, patient, held, record_fields.with_coverage(rows.coverage(held), made), complete=False
        )
        return
    blank = Coverage(coverage_id=call.new_id(), priority=0)
    coverages.add_to(
        call, registry, patient, replace(record_fields.with_coverage(blank, made), priority=0), complete=False
    )
