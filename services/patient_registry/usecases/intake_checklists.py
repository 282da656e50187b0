"""What is asked of a patient before a visit, and what of it is done."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from patient_registry.domain import intake_steps
from patient_registry.domain.intake_forms import Ask, Words
from patient_registry.domain.intake_steps import (
    CONFIRMED_BY_WORD,
    Confirmed,
    ConsentAsked,
    FormAsked,
    Step,
    StepKind,
    VisitToPrepare,
)
from patient_registry.store import Store
from patient_registry.store_intake import IntakeStore, visit_or_none
from patient_registry.tables import Patient
from patient_registry.usecases.documents import CARD_FRONT, PHOTO_ID
from patient_registry.usecases.intake_forms import need_visit

# A tenant that asks for more than this before a visit will not be answered.
MOST_ASKED = 100
_PICTURES = {CARD_FRONT: StepKind.CARD, PHOTO_ID: StepKind.PHOTO_ID}


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps before one visit."""

    patient_id: UUID
    appointment_id: UUID
    steps: tuple[Step, ...]


def get(call: Call, patient_id: UUID, appointment_id: UUID) -> Checklist:
    """The steps of a visit. Raises NotFound."""
    registry, store = Store(call.session), IntakeStore(call.session)
    registry.need(Patient, patient_id, "patient")
    row = need_visit(registry, patient_id, appointment_id)
    visit = VisitToPrepare(
        appointment_id,
        row.appointment_type_code,
        row.start_time,
        row.start_time.astimezone(ZoneInfo(row.time_zone)).date(),
    )
    confirmed = {
        StepKind(kind): Confirmed(each.left_out, each.confirmed_at)
        for kind, each in store.confirmations(patient_id, appointment_id).items()
    }
    newest = store.newest_pictures(patient_id, list(_PICTURES))
    found = intake_steps.steps(
        visit,
        confirmed,
        {_PICTURES[kind]: at for kind, at in newest.items()},
        _consents(store, patient_id),
        _forms(store, patient_id, appointment_id),
    )
    return Checklist(patient_id, appointment_id, tuple(found))


def confirm(call: Call, patient_id: UUID, appointment_id: UUID, kind: StepKind, left_out: bool) -> Checklist:
    """Says that a step is right, or leaves it out. Raises NotFound, InvalidInput."""
    if kind not in CONFIRMED_BY_WORD:
        raise InvalidInput([Violation("kind", "forms and consents are done by answering and signing them")])
    registry = Store(call.session)
    registry.need(Patient, patient_id, "patient")
    need_visit(registry, patient_id, appointment_id)
    IntakeStore(call.session).put_confirmation(
        {
            "patient_id": patient_id,
            "appointment_id": appointment_id,
            "kind": kind.value,
            "left_out": left_out,
            "confirmed_at": call.now,
            "confirmed_by": call.principal.name or call.principal.id,
        }
    )
    return get(call, patient_id, appointment_id)


def _consents(store: IntakeStore, patient_id: UUID) -> list[ConsentAsked]:
    texts, _ = store.consent_texts(False, MOST_ASKED, "")
    signed = store.latest_signatures(patient_id, [text.code for text in texts])
    found = []
    for text in texts:
        last = signed.get(text.code)
        title = Words(text.title["en"], text.title.get("es", ""))
        asked = ConsentAsked(text.code, title, text.accepted_from_version)
        if last is not None:
            revoked = last.revoked_at is not None
            asked = ConsentAsked(
                text.code,
                title,
                text.accepted_from_version,
                last.text_version,
                last.signed_at,
                last.expires_on,
                revoked,
            )
        found.append(asked)
    return found


def _forms(store: IntakeStore, patient_id: UUID, appointment_id: UUID) -> list[FormAsked]:
    forms, _ = store.forms(False, MOST_ASKED, "")
    codes = [form.code for form in forms]
    latest, drafts = store.latest_responses(patient_id, codes), store.drafts(patient_id, appointment_id)
    found = []
    for form in forms:
        last, draft = latest.get(form.code), drafts.get(form.code)
        found.append(
            FormAsked(
                code=form.code,
                title=Words(form.title["en"], form.title.get("es", "")),
                ask=Ask(form.ask),
                appointment_type_codes=frozenset(form.appointment_type_codes),
                last_submitted_at=last.submitted_at if last else None,
                last_appointment_id=visit_or_none(last.appointment_id) if last else None,
                last_response_id=last.id if last else None,
                draft_id=draft.id if draft else None,
            )
        )
    return found
