"""Forms, answers and consents: protobuf ⇄ what the use cases know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polyclinic.patient_registry.v1 import intake_pb2 as pb

from chassis.protos import date_message, timestamp
from patient_registry.domain import intake_forms as rules
from patient_registry.domain.intake_forms import Ask, Field, Kind, Section, ShowIf, Words
from patient_registry.domain.intake_steps import ConsentState, Step, StepKind, StepState, consent_state
from patient_registry.domain.record_fields import RecordField
from patient_registry.store_intake import visit_or_none
from patient_registry.tables_intake import ConsentText, IntakeForm, PatientDocument
from patient_registry.usecases.intake_checklists import Checklist
from patient_registry.usecases.intake_forms import Answered
from patient_registry.usecases.signed_consents import Signed


def _both(enum: Any, words: Iterable[Any], prefix: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Word → number and number → word."""
    numbers = {word: enum.Value(f"{prefix}_{word.name}") for word in words}
    return numbers, {number: word for word, number in numbers.items()}


ASKS, ASK_OF = _both(pb.FormAsk, Ask, "FORM_ASK")
KINDS, KIND_OF = _both(pb.FieldKind, Kind, "FIELD_KIND")
RECORDS, RECORD_OF = _both(pb.RecordField, RecordField, "RECORD_FIELD")
STEP_KINDS, STEP_KIND_OF = _both(pb.IntakeStepKind, StepKind, "INTAKE_STEP_KIND")
STEP_STATES, _ = _both(pb.IntakeStepState, StepState, "INTAKE_STEP_STATE")
CONSENT_STATES, _ = _both(pb.ConsentState, ConsentState, "CONSENT_STATE")
RESPONSE_STATES: dict[str, Any] = {
    "draft": pb.FORM_RESPONSE_STATE_DRAFT,
    "submitted": pb.FORM_RESPONSE_STATE_SUBMITTED,
    "done": pb.FORM_RESPONSE_STATE_DONE,
}
RESPONSE_STATE_OF = {number: word for word, number in RESPONSE_STATES.items()}
CHANGE_STATES: dict[str, Any] = {
    "applied": pb.CHANGE_STATE_APPLIED,
    "waiting": pb.CHANGE_STATE_WAITING,
    "declined": pb.CHANGE_STATE_DECLINED,
}
DOCUMENT_KINDS: dict[str, Any] = {
    "insurance_card_front": pb.DOCUMENT_KIND_INSURANCE_CARD_FRONT,
    "insurance_card_back": pb.DOCUMENT_KIND_INSURANCE_CARD_BACK,
    "photo_id": pb.DOCUMENT_KIND_PHOTO_ID,
    "other": pb.DOCUMENT_KIND_OTHER,
}
DOCUMENT_KIND_OF = {number: word for word, number in DOCUMENT_KINDS.items()}


# ---- words, forms


def words(message: pb.Words) -> Words:
    """Words as they were sent."""
    return Words(message.en, message.es)


def words_or_none(message: Any, field: str) -> Words | None:
    """Words of a field that may be left out."""
    return words(getattr(message, field)) if message.HasField(field) else None


def words_message(held: Any) -> pb.Words | None:
    """Words as a message: from what is kept, or from the domain's; None for none."""
    if isinstance(held, Words):
        return pb.Words(en=held.en, es=held.es)
    return pb.Words(en=held["en"], es=held.get("es", "")) if held else None


def sections(messages: Iterable[pb.FormSection]) -> tuple[Section, ...]:
    """Sections as they were sent."""
    return tuple(
        Section(words(each.title), tuple(map(_field, each.fields)), words_or_none(each, "text")) for each in messages
    )


def _field(message: pb.FormField) -> Field:
    return Field(
        name=message.name,
        label=words(message.label),
        kind=KIND_OF[message.kind],
        required=message.required,
        hint=words_or_none(message, "hint"),
        options=tuple((each.value, words(each.label)) for each in message.options),
        show_if=ShowIf(message.show_if.field, tuple(message.show_if.values)) if message.HasField("show_if") else None,
        record=RECORD_OF.get(message.record),
    )


def form(row: IntakeForm, *, whole: bool = True) -> pb.IntakeForm:
    """A form; in lists without its sections."""
    return pb.IntakeForm(
        code=row.code,
        form_version=row.form_version,
        title=words_message(row.title),
        text=words_message(row.text),
        ask=ASKS[Ask(row.ask)],
        appointment_type_codes=row.appointment_type_codes,
        sections=[_section_message(each) for each in rules.sections_of(row.sections)] if whole else [],
        published_at=timestamp(row.published_at),
        published_by=row.published_by,
        retired=row.retired,
    )


def _section_message(one: Section) -> pb.FormSection:
    return pb.FormSection(
        title=words_message(one.title),
        text=words_message(one.text),
        fields=[
            pb.FormField(
                name=each.name,
                label=words_message(each.label),
                hint=words_message(each.hint),
                kind=KINDS[each.kind],
                required=each.required,
                options=[pb.FieldOption(value=value, label=words_message(label)) for value, label in each.options],
                show_if=pb.ShowIf(field=each.show_if.field, values=each.show_if.values) if each.show_if else None,
                record=RECORDS[each.record] if each.record else pb.RECORD_FIELD_UNSPECIFIED,
            )
            for each in one.fields
        ],
    )


def response(found: Answered, *, whole: bool = True) -> pb.FormResponse:
    """A response; in lists without answers and form, with the form's title."""
    row = found.response
    visit = visit_or_none(row.appointment_id)
    return pb.FormResponse(
        response_id=str(row.id),
        patient_id=str(row.patient_id),
        appointment_id=str(visit or ""),
        form_code=row.form_code,
        form_version=row.form_version,
        state=RESPONSE_STATES[row.state],
        answers=[pb.FormAnswer(field=name, values=values) for name, values in sorted(row.answers.items())]
        if whole
        else [],
        changes=[
            pb.RecordChange(
                field=each["field"],
                record=RECORDS[RecordField(each["record"])],
                before=each["before"],
                after=each["after"],
                state=CHANGE_STATES[each["state"]],
            )
            for each in row.changes
        ],
        section=row.section,
        started_at=timestamp(row.started_at),
        saved_at=timestamp(row.saved_at),
        submitted_at=timestamp(row.submitted_at),
        submitted_by=row.submitted_by,
        reviewed_at=timestamp(row.reviewed_at),
        reviewed_by=row.reviewed_by,
        review_note=row.review_note,
        version=row.version,
        form=form(found.form) if whole else None,
        title=words_message(found.form.title),
    )


# ---- consents, documents, steps


def consent_text(row: ConsentText) -> pb.ConsentText:
    """One version of a consent's words."""
    return pb.ConsentText(
        code=row.code,
        text_version=row.text_version,
        title=words_message(row.title),
        text=words_message(row.text),
        valid_days=row.valid_days,
        retired=row.retired,
        published_at=timestamp(row.published_at),
        published_by=row.published_by,
        accepted_from_version=row.accepted_from_version,
    )


def signed(found: Signed, today: Any) -> pb.SignedConsent:
    """A signature, with what it is worth today."""
    row = found.consent
    return pb.SignedConsent(
        consent_id=str(row.id),
        patient_id=str(row.patient_id),
        code=row.code,
        text_version=row.text_version,
        title=words_message(found.text.title),
        language=row.language,
        signer_name=row.signer_name,
        signer_relationship=row.signer_relationship,
        drawn=row.signature_file_id is not None,
        signed_at=timestamp(row.signed_at),
        expires_on=date_message(row.expires_on),
        state=CONSENT_STATES[consent_state(row.expires_on, row.revoked_at is not None, today)],
        revoked_at=timestamp(row.revoked_at),
        revoked_by=row.revoked_by,
        revoked_reason=row.revoked_reason,
        text_digest=row.text_digest,
        signed_by_account=row.signed_by_account,
    )


def document(row: PatientDocument) -> pb.PatientDocument:
    """What is known of a document, without its picture."""
    return pb.PatientDocument(
        document_id=str(row.id),
        patient_id=str(row.patient_id),
        kind=DOCUMENT_KINDS[row.kind],
        name=row.name,
        coverage_id=str(row.coverage_id or ""),
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        width=row.width,
        height=row.height,
        uploaded_at=timestamp(row.uploaded_at),
        uploaded_by=row.uploaded_by,
        by_patient=row.by_patient,
        current=row.current,
        removed_at=timestamp(row.removed_at),
    )


def checklist(found: Checklist) -> pb.IntakeChecklist:
    """The steps of a visit and how many are settled."""
    done = sum(step.settled for step in found.steps)
    return pb.IntakeChecklist(
        patient_id=str(found.patient_id),
        appointment_id=str(found.appointment_id),
        steps=[_step(each) for each in found.steps],
        done=done,
        complete=done == len(found.steps),
    )


def _step(one: Step) -> pb.IntakeStep:
    return pb.IntakeStep(
        kind=STEP_KINDS[one.kind],
        code=one.code,
        title=words_message(one.title),
        state=STEP_STATES[one.state],
        response_id=str(one.response_id or ""),
        done_at=timestamp(one.done_at),
    )
