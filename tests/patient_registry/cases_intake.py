"""One example of every RPC of intake, for the set tests."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw
from polyclinic.patient_registry.v1 import intake_pb2 as pb

from chassis.testing import Case


@dataclass(frozen=True)
class Intake:
    """What the examples refer to."""

    appointment_id: str
    draft_id: str
    full_draft_id: str
    submitted_id: str
    consent_id: str
    document_id: str


def photo(width: int = 640, height: int = 400, kind: str = "JPEG", **more: Any) -> bytes:
    """A picture as a phone takes it: a card on a table."""
    made = Image.new("RGB", (width, height), "#6b5b4b")
    edge = min(width, height) // 10
    ImageDraw.Draw(made).rectangle((edge, edge, width - edge, height - edge), fill="#f4f4ee", outline="#123", width=4)
    out = io.BytesIO()
    made.save(out, kind, **more)
    return out.getvalue()


def drawn() -> bytes:
    """A signature as a canvas gives it: black lines on nothing."""
    made = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    ImageDraw.Draw(made).line([(10, 80), (60, 20), (110, 70), (160, 30), (290, 60)], fill="black", width=4)
    out = io.BytesIO()
    made.save(out, "PNG")
    return out.getvalue()


def words(en: str, es: str = "") -> pb.Words:
    """Words in English and, where given, Spanish."""
    return pb.Words(en=en, es=es)


def pain_form(code: str = "pain", **more: Any) -> pb.PublishIntakeFormRequest:
    """A form with a condition, a choice, and fields that change the record."""
    fields = [
        pb.FormField(name="in_pain", label=words("Are you in pain?"), kind=pb.FIELD_KIND_YES_NO, required=True),
        pb.FormField(
            name="where",
            label=words("Where?"),
            kind=pb.FIELD_KIND_CHOICE,
            required=True,
            options=[
                pb.FieldOption(value="back", label=words("Back", "Espalda")),
                pb.FieldOption(value="knee", label=words("Knee", "Rodilla")),
            ],
            show_if=pb.ShowIf(field="in_pain", values=["yes"]),
        ),
    ]
    record = [
        pb.FormField(name="mobile", label=words("Mobile"), kind=pb.FIELD_KIND_PHONE, record=pb.RECORD_FIELD_MOBILE),
        pb.FormField(name="family", label=words("Name"), kind=pb.FIELD_KIND_TEXT, record=pb.RECORD_FIELD_FAMILY_NAME),
        pb.FormField(name="member", label=words("Member"), kind=pb.FIELD_KIND_TEXT, record=pb.RECORD_FIELD_MEMBER_ID),
    ]
    return pb.PublishIntakeFormRequest(
        code=code,
        title=words("About your pain", "Sobre su dolor"),
        ask=more.pop("ask", pb.FORM_ASK_EACH_VISIT),
        sections=[
            pb.FormSection(title=words("Today"), fields=fields),
            pb.FormSection(title=words("You"), fields=record),
        ],
        **more,
    )


def treatment(**more: Any) -> pb.PublishConsentTextRequest:
    """A consent's text that holds for a year."""
    return pb.PublishConsentTextRequest(
        code="treatment",
        title=words("Consent to treatment", "Consentimiento"),
        text=words("I agree to be treated.", "Acepto el tratamiento."),
        valid_days=more.pop("valid_days", 365),
        **more,
    )


def signing(patient_id: str, text_version: int = 1, **more: Any) -> pb.SignConsentRequest:
    """The patient signs the text."""
    return pb.SignConsentRequest(
        patient_id=patient_id,
        code="treatment",
        text_version=text_version,
        language=more.pop("language", "en"),
        signer_name=more.pop("signer_name", "Lucia Ortega"),
        **more,
    )


def answer(**values: str | list[str]) -> list[pb.FormAnswer]:
    """Answers by field."""
    return [
        pb.FormAnswer(field=name, values=[given] if isinstance(given, str) else given) for name, given in values.items()
    ]


def opened(client: Any, patient_id: str, code: str = "pain", appointment_id: str = "") -> pb.FormResponse:
    """The draft of a form."""
    return client.call(
        "OpenFormResponse",
        pb.OpenFormResponseRequest(patient_id=patient_id, form_code=code, appointment_id=appointment_id),
    )


def saved(client: Any, response: pb.FormResponse, **values: str | list[str]) -> pb.FormResponse:
    """The draft with these answers kept."""
    return client.call(
        "SaveFormResponse",
        pb.SaveFormResponseRequest(
            response_id=response.response_id, answers=answer(**values), version=response.version
        ),
    )


def submitted(client: Any, response: pb.FormResponse) -> pb.FormResponse:
    """The draft, submitted."""
    return client.call(
        "SubmitFormResponse",
        pb.SubmitFormResponseRequest(response_id=response.response_id, version=response.version),
    )


def uploaded(client: Any, patient_id: str, kind: int, content: bytes | None = None) -> pb.PatientDocument:
    """A picture, filed."""
    return client.call(
        "UploadDocument",
        pb.UploadDocumentRequest(patient_id=patient_id, kind=kind, content=content or photo()),  # type: ignore[arg-type]
    )


def world(desk: Any, patient_id: str, appointment_id: str) -> Intake:
    """Forms, a draft, a submitted one, a consent signed, pictures, a confirmed step."""
    desk.call("PublishIntakeForm", pain_form())
    desk.call("PublishIntakeForm", pain_form("pain-before"))
    desk.call("PublishIntakeForm", pain_form("pain-whole"))
    desk.call("PublishConsentText", treatment())
    draft = opened(desk, patient_id)
    whole = saved(desk, opened(desk, patient_id, "pain-whole"), in_pain="no")
    before = submitted(desk, saved(desk, opened(desk, patient_id, "pain-before"), in_pain="no", member="W999"))
    for code in ("pain", "pain-whole"):
        submitted(desk, saved(desk, opened(desk, patient_id, code, appointment_id), in_pain="no"))
    consent = desk.call("SignConsent", signing(patient_id, signature=drawn()))
    card = uploaded(desk, patient_id, pb.DOCUMENT_KIND_INSURANCE_CARD_FRONT)
    uploaded(desk, patient_id, pb.DOCUMENT_KIND_PHOTO_ID)
    desk.call("ConfirmIntakeStep", confirming(patient_id, appointment_id))
    return Intake(
        appointment_id,
        draft.response_id,
        whole.response_id,
        before.response_id,
        consent.consent_id,
        card.document_id,
    )


def confirming(patient_id: str, appointment_id: str) -> pb.ConfirmIntakeStepRequest:
    """The contact data were looked at and are right."""
    return pb.ConfirmIntakeStepRequest(
        patient_id=patient_id, appointment_id=appointment_id, kind=pb.INTAKE_STEP_KIND_CONTACT
    )


CASES = {
    "PublishIntakeForm": Case(lambda w: pain_form("back-pain")),
    "ListIntakeForms": Case(lambda w: pb.ListIntakeFormsRequest()),
    "GetIntakeForm": Case(lambda w: pb.GetIntakeFormRequest(code="pain"), names_resource=True, any_patient=True),
    "RetireIntakeForm": Case(lambda w: pb.RetireIntakeFormRequest(code="pain"), names_resource=True),
    "OpenFormResponse": Case(
        lambda w: pb.OpenFormResponseRequest(
            patient_id=w.patient_id, form_code="pain", appointment_id=w.intake.appointment_id
        ),
        names_resource=True,
    ),
    "SaveFormResponse": Case(
        lambda w: pb.SaveFormResponseRequest(response_id=w.intake.draft_id, answers=answer(in_pain="yes")),
        names_resource=True,
    ),
    "SubmitFormResponse": Case(
        lambda w: pb.SubmitFormResponseRequest(response_id=w.intake.full_draft_id), names_resource=True
    ),
    "GetFormResponse": Case(lambda w: pb.GetFormResponseRequest(response_id=w.intake.draft_id), names_resource=True),
    "ListFormResponses": Case(lambda w: pb.ListFormResponsesRequest()),
    "ReviewFormResponse": Case(
        lambda w: pb.ReviewFormResponseRequest(response_id=w.intake.submitted_id, apply=["member"]),
        names_resource=True,
    ),
    "PublishConsentText": Case(lambda w: treatment(ask_again=True)),
    "ListConsentTexts": Case(lambda w: pb.ListConsentTextsRequest()),
    "GetConsentText": Case(lambda w: pb.GetConsentTextRequest(code="treatment"), names_resource=True, any_patient=True),
    "SignConsent": Case(lambda w: signing(w.patient_id), names_resource=True),
    "ListSignedConsents": Case(lambda w: pb.ListSignedConsentsRequest(patient_id=w.patient_id), names_resource=True),
    "RevokeConsent": Case(lambda w: pb.RevokeConsentRequest(consent_id=w.intake.consent_id), names_resource=True),
    "GetSignedConsentPdf": Case(
        lambda w: pb.GetSignedConsentPdfRequest(consent_id=w.intake.consent_id), names_resource=True
    ),
    "UploadDocument": Case(
        lambda w: pb.UploadDocumentRequest(
            patient_id=w.patient_id, kind=pb.DOCUMENT_KIND_INSURANCE_CARD_BACK, content=photo()
        ),
        names_resource=True,
    ),
    "ListDocuments": Case(lambda w: pb.ListDocumentsRequest(patient_id=w.patient_id), names_resource=True),
    "GetDocumentContent": Case(
        lambda w: pb.GetDocumentContentRequest(document_id=w.intake.document_id), names_resource=True
    ),
    "RemoveDocument": Case(lambda w: pb.RemoveDocumentRequest(document_id=w.intake.document_id), names_resource=True),
    "GetIntakeChecklist": Case(
        lambda w: pb.GetIntakeChecklistRequest(patient_id=w.patient_id, appointment_id=w.intake.appointment_id),
        names_resource=True,
    ),
    "ConfirmIntakeStep": Case(
        lambda w: confirming(w.patient_id, w.intake.appointment_id),
        names_resource=True,
    ),
}
