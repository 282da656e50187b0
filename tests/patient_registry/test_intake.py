"""Forms, consents and documents as patients and staff meet them."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.patient_registry.v1 import intake_pb2 as pb
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from pypdf import PdfReader

from chassis.testing import expect_error
from tests.patient_registry.cases_intake import (
    answer,
    drawn,
    opened,
    pain_form,
    photo,
    saved,
    signing,
    submitted,
    treatment,
    uploaded,
    words,
)
from tests.patient_registry.people import add_coverage, appointment, mobile, register


class Clinic:
    """A tenant with a patient, who has a visit ahead, and the desk."""

    def __init__(self, registry: Any) -> None:
        self.registry, self.tenant = registry, registry.tenant()
        self.desk = registry.client(self.tenant, name="Dora Desk")
        self.patient = register(self.desk, contact_points=[mobile("303-555-0101")]).patient_id
        self.own = registry.client(self.tenant, patient_ids=[self.patient], name="Lucia Ortega")
        self.visit = self.book(3)

    def book(self, days: int) -> str:
        """A visit so many days ahead."""
        state = appointment(self.patient, start=self.registry.clock.now() + timedelta(days=days))
        self.registry.deliver(self.tenant, scheduling_events.AppointmentBooked(appointment=state))
        return str(state.appointment_id)

    def checklist(self, visit: str = "") -> pb.IntakeChecklist:
        """The steps of a visit, as the patient sees them."""
        request = pb.GetIntakeChecklistRequest(patient_id=self.patient, appointment_id=visit or self.visit)
        return self.own.call("GetIntakeChecklist", request)

    def state(self, code: str, visit: str = "") -> int:
        """The state of a form's or consent's step."""
        (found,) = [each for each in self.checklist(visit).steps if each.code == code]
        return found.state

    def record(self) -> registry_pb.Patient:
        """What is on file."""
        return self.desk.call("GetPatient", registry_pb.GetPatientRequest(patient_id=self.patient))


@pytest.fixture
def clinic(registry: Any) -> Clinic:
    """A clinic that asks one form and one consent."""
    made = Clinic(registry)
    made.desk.call("PublishIntakeForm", pain_form())
    made.desk.call("PublishConsentText", treatment())
    return made


def test_a_tenant_begins_with_forms_and_consents_in_two_languages(registry: Any) -> None:
    """TenantChanged installs the standard set once; what the tenant has published itself stays."""
    tenant = registry.tenant()
    desk = registry.client(tenant)
    mine = treatment(valid_days=7)
    desk.call("PublishConsentText", mine)
    event = identity_events.TenantChanged(tenant_id=str(tenant), slug="a", name="A", active=True, version=1)
    registry.deliver(tenant, event)
    registry.deliver(tenant, event)
    forms = desk.call("ListIntakeForms", pb.ListIntakeFormsRequest()).forms
    texts = {one.code: one for one in desk.call("ListConsentTexts", pb.ListConsentTextsRequest()).texts}
    assert {one.code for one in forms} == {"health-history", "insurance-change", "reason-for-visit"}
    assert all(one.title.es and one.form_version == 1 for one in forms)
    assert (texts["treatment"].valid_days, texts["treatment"].text_version) == (7, 1)
    assert texts["privacy-practices"].text.es


def test_a_draft_is_opened_once_and_begins_with_what_is_on_file(clinic: Clinic) -> None:
    """Opening again gives the same draft with its answers; the mobile number is there from the start."""
    first = opened(clinic.own, clinic.patient, appointment_id=clinic.visit)
    assert answer(mobile="+13035550101")[0] in first.answers
    saved(clinic.own, first, in_pain="yes")
    again = opened(clinic.own, clinic.patient, appointment_id=clinic.visit)
    assert again.response_id == first.response_id
    assert answer(in_pain="yes")[0] in again.answers
    assert opened(clinic.own, clinic.patient).response_id != first.response_id


def test_own_facts_change_at_once_and_others_wait_for_staff(clinic: Clinic) -> None:
    """The mobile number is the patient's to say; name and member number are changed by who looks at a paper."""
    add_coverage(clinic.desk, clinic.patient)
    draft = opened(clinic.own, clinic.patient)
    kept = saved(clinic.own, draft, in_pain="no", mobile="(303) 555-0199", family="Vega", member="W999")
    sent = submitted(clinic.own, kept)
    assert clinic.record().contact_points[0].value == "+13035550199"
    assert clinic.record().name.family == "Ortega"
    states = {each.field: each.state for each in sent.changes}
    assert states == {
        "mobile": pb.CHANGE_STATE_APPLIED,
        "family": pb.CHANGE_STATE_WAITING,
        "member": pb.CHANGE_STATE_WAITING,
    }
    done = clinic.desk.call(
        "ReviewFormResponse",
        pb.ReviewFormResponseRequest(response_id=sent.response_id, apply=["member"], version=sent.version),
    )
    assert (done.state, done.reviewed_by) == (pb.FORM_RESPONSE_STATE_DONE, "Dora Desk")
    assert clinic.record().name.family == "Ortega"
    listed = clinic.desk.call("ListCoverages", registry_pb.ListCoveragesRequest(patient_id=clinic.patient))
    assert [one.member_id for one in listed.coverages] == ["W999"]
    with expect_error("FORM_NOT_SUBMITTED"):
        clinic.desk.call("ReviewFormResponse", pb.ReviewFormResponseRequest(response_id=sent.response_id))


def test_an_insurance_told_by_form_is_entered_when_staff_have_looked(clinic: Clinic) -> None:
    """Who had no coverage has one after the review, without the payer's code: staff say which payer it is."""
    form = pain_form("insurance")
    form.sections[1].fields.add(
        name="payer", label=words("Payer"), kind=pb.FIELD_KIND_TEXT, record=pb.RECORD_FIELD_PAYER_NAME
    )
    clinic.desk.call("PublishIntakeForm", form)
    draft = saved(
        clinic.own, opened(clinic.own, clinic.patient, "insurance"), in_pain="no", member="X12345", payer="Sun"
    )
    sent = submitted(clinic.own, draft)
    listing = registry_pb.ListCoveragesRequest(patient_id=clinic.patient)
    assert not clinic.desk.call("ListCoverages", listing).coverages
    review = pb.ReviewFormResponseRequest(response_id=sent.response_id, apply=["member"])
    with expect_error("INVALID_INPUT", field="coverage.payer_code"):
        clinic.desk.call("ReviewFormResponse", review)
    review.apply.append("payer")
    clinic.desk.call("ReviewFormResponse", review)
    (made,) = clinic.desk.call("ListCoverages", listing).coverages
    assert (made.payer_name, made.member_id, made.payer_code) == ("Sun", "X12345", "")
    assert "payer_code" in made.lacking


def test_what_is_not_shown_is_neither_asked_nor_kept(clinic: Clinic) -> None:
    """Where it hurts is required of those in pain only; an answer from before the mind was changed is dropped."""
    draft = opened(clinic.own, clinic.patient)
    hurt = saved(clinic.own, draft, in_pain="yes")
    with expect_error("INVALID_INPUT", field="answers.where"):
        submitted(clinic.own, hurt)
    back = saved(clinic.own, saved(clinic.own, hurt, where="back"), in_pain="no")
    sent = submitted(clinic.own, back)
    assert {each.field for each in sent.answers} == {"in_pain", "mobile", "family"}


@pytest.mark.parametrize(
    ("field", "value"), [("in_pain", "maybe"), ("mobile", "12"), ("no_such_field", "x"), ("in_pain", ["yes", "no"])]
)
def test_an_answer_that_is_none_of_its_kind_is_refused(clinic: Clinic, field: str, value: Any) -> None:
    """Each wrong answer is told at its field, and nothing of the sending is kept."""
    draft = opened(clinic.own, clinic.patient)
    with expect_error("INVALID_INPUT", field=f"answers.{field}"):
        saved(clinic.own, draft, **{field: value})
    read = clinic.own.call("GetFormResponse", pb.GetFormResponseRequest(response_id=draft.response_id))
    assert read.version == draft.version


def test_two_tabs_do_not_overwrite_each_other(clinic: Clinic) -> None:
    """The second of two savings on one version is told that somebody was faster; what was submitted takes no more answers."""
    draft = opened(clinic.own, clinic.patient)
    kept = saved(clinic.own, draft, in_pain="no")
    with expect_error("STALE_VERSION"):
        saved(clinic.own, draft, in_pain="yes")
    sent = submitted(clinic.own, kept)
    with expect_error("FORM_SUBMITTED"):
        saved(clinic.own, sent, in_pain="yes")


def test_answers_are_finished_on_the_version_they_were_begun_on(clinic: Clinic) -> None:
    """A form that is published anew meanwhile does not change under the hands of who answers it."""
    draft = opened(clinic.own, clinic.patient)
    newer = pain_form()
    del newer.sections[1:]
    newer.sections[0].title.en = "Newer"
    clinic.desk.call("PublishIntakeForm", newer)
    again = opened(clinic.own, clinic.patient)
    assert (again.response_id, again.form_version, len(again.form.sections)) == (draft.response_id, 1, 2)
    submitted(clinic.own, saved(clinic.own, again, in_pain="no"))
    assert opened(clinic.own, clinic.patient).form_version == 2


def test_a_form_that_cannot_be_answered_is_not_published(clinic: Clinic) -> None:
    """A condition on a later field, a choice without options, a name used twice: all are told at once."""
    broken = pain_form("broken")
    broken.sections[0].fields[0].show_if.CopyFrom(pb.ShowIf(field="where", values=["back"]))
    broken.sections[0].fields[1].ClearField("options")
    broken.sections[1].fields[0].name = "in_pain"
    for path in ("sections[0].fields[0].show_if.field", "sections[0].fields[1].options", "sections[1].fields[0].name"):
        with expect_error("INVALID_INPUT", field=path):
            clinic.desk.call("PublishIntakeForm", broken)


def test_a_consent_holds_for_its_time_until_it_is_revoked(clinic: Clinic) -> None:
    """Signed, in force; revoked, asked for again; and on a visit beyond its last day it does not count."""
    assert clinic.state("treatment") == pb.INTAKE_STEP_STATE_OPEN
    signed = clinic.own.call("SignConsent", signing(clinic.patient, signature=drawn()))
    assert (signed.state, signed.drawn, signed.signer_name) == (pb.CONSENT_STATE_IN_FORCE, True, "Lucia Ortega")
    assert clinic.state("treatment") == pb.INTAKE_STEP_STATE_DONE
    assert clinic.state("treatment", clinic.book(400)) == pb.INTAKE_STEP_STATE_OPEN
    revoked = clinic.own.call("RevokeConsent", pb.RevokeConsentRequest(consent_id=signed.consent_id, reason="moving"))
    assert (revoked.state, revoked.revoked_by) == (pb.CONSENT_STATE_REVOKED, "Lucia Ortega")
    assert clinic.state("treatment") == pb.INTAKE_STEP_STATE_OPEN


def test_nobody_signs_words_that_were_replaced(clinic: Clinic) -> None:
    """A newer text is read first; whether the old signature counts on is the tenant's to say."""
    clinic.own.call("SignConsent", signing(clinic.patient))
    clinic.desk.call("PublishConsentText", treatment())
    assert clinic.state("treatment") == pb.INTAKE_STEP_STATE_DONE
    clinic.desk.call("PublishConsentText", treatment(ask_again=True))
    assert clinic.state("treatment") == pb.INTAKE_STEP_STATE_OPEN
    with expect_error("CONSENT_TEXT_CHANGED"):
        clinic.own.call("SignConsent", signing(clinic.patient, text_version=1))
    assert clinic.own.call("SignConsent", signing(clinic.patient, text_version=3)).text_version == 3


def test_the_paper_of_a_consent_says_who_signed_what_and_when(clinic: Clinic) -> None:
    """The PDF holds the words in the language that was shown, the name, the version and their digest."""
    signed = clinic.own.call("SignConsent", signing(clinic.patient, language="es", signature=drawn()))
    body = clinic.own.call("GetSignedConsentPdf", pb.GetSignedConsentPdfRequest(consent_id=signed.consent_id))
    (sheet,) = PdfReader(io.BytesIO(body.data)).pages
    text = sheet.extract_text()
    assert all(each in text for each in ("Acepto el tratamiento.", "Lucia Ortega", "version 1", signed.text_digest))
    assert len(sheet.images) == 1


def test_an_empty_drawing_is_no_signature(clinic: Clinic) -> None:
    """A pad that nobody touched is refused at its field, and so is what is no picture."""
    blank = io.BytesIO()
    Image.new("RGBA", (300, 100), (0, 0, 0, 0)).save(blank, "PNG")
    for content in (blank.getvalue(), b"not a picture"):
        with expect_error("INVALID_INPUT", field="signature"):
            clinic.own.call("SignConsent", signing(clinic.patient, signature=content))


def test_a_picture_is_written_anew_without_what_it_told_besides(clinic: Clinic) -> None:
    """Place and device of a photograph are gone, it stands upright, and what was hidden behind it is gone too."""
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Phone of Lucia", 6  # camera model; turned by 90 degrees
    sent = photo(800, 500, exif=exif) + b"<script>alert(1)</script>"
    made = uploaded(clinic.own, clinic.patient, pb.DOCUMENT_KIND_PHOTO_ID, sent)
    body = clinic.desk.call("GetDocumentContent", pb.GetDocumentContentRequest(document_id=made.document_id))
    assert (made.width, made.height, made.by_patient) == (500, 800, True)
    assert body.content_type == "image/jpeg"
    assert b"Lucia" not in body.data
    assert b"script" not in body.data
    assert Image.open(io.BytesIO(body.data)).size == (500, 800)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_become_photographs(clinic: Clinic, kind: str) -> None:
    """PNG and WebP are taken, and kept as JPEG of at most 2,000 pixels a side."""
    made = uploaded(clinic.own, clinic.patient, pb.DOCUMENT_KIND_OTHER, photo(2600, 1300, kind))
    assert (made.content_type, made.width, made.height) == ("image/jpeg", 2000, 1000)


@pytest.mark.parametrize(
    "content",
    [b"<html></html>", b"%PDF-1.7", b"GIF89a" + bytes(40), photo()[:900], photo(30, 30)],
    ids=["page", "pdf", "gif", "half", "dot"],
)
def test_what_is_no_readable_picture_is_refused(clinic: Clinic, content: bytes) -> None:
    """A page, a PDF, another format, half a picture, a dot: refused at the field, and nothing is filed."""
    with expect_error("INVALID_INPUT", field="content"):
        uploaded(clinic.own, clinic.patient, pb.DOCUMENT_KIND_PHOTO_ID, content)
    listing = pb.ListDocumentsRequest(patient_id=clinic.patient)
    assert not clinic.own.call("ListDocuments", listing).documents


def test_a_newer_card_takes_the_place_of_the_older(clinic: Clinic) -> None:
    """The list shows the newest front and back; the old ones are kept for the record; a removed one asks for another."""
    uploaded(clinic.own, clinic.patient, pb.DOCUMENT_KIND_INSURANCE_CARD_FRONT)
    uploaded(clinic.own, clinic.patient, pb.DOCUMENT_KIND_INSURANCE_CARD_BACK)
    newest = uploaded(clinic.own, clinic.patient, pb.DOCUMENT_KIND_INSURANCE_CARD_FRONT)
    shown = clinic.own.call("ListDocuments", pb.ListDocumentsRequest(patient_id=clinic.patient)).documents
    everything = pb.ListDocumentsRequest(patient_id=clinic.patient, include_replaced=True)
    assert len(shown) == 2
    assert len(clinic.desk.call("ListDocuments", everything).documents) == 3
    card = next(each for each in clinic.checklist().steps if each.kind == pb.INTAKE_STEP_KIND_CARD)
    assert card.state == pb.INTAKE_STEP_STATE_DONE
    clinic.own.call("RemoveDocument", pb.RemoveDocumentRequest(document_id=newest.document_id))
    card = next(each for each in clinic.checklist().steps if each.kind == pb.INTAKE_STEP_KIND_CARD)
    assert card.state == pb.INTAKE_STEP_STATE_OPEN


def test_forms_are_due_as_they_say(clinic: Clinic) -> None:
    """Each visit asks anew, once is once, a year is a year, by hand is never asked, and a type's own form only there."""
    for code, ask in (("once", pb.FORM_ASK_ONCE), ("yearly", pb.FORM_ASK_YEARLY), ("by-hand", pb.FORM_ASK_BY_HAND)):
        clinic.desk.call("PublishIntakeForm", pain_form(code, ask=ask))
    clinic.desk.call("PublishIntakeForm", pain_form("surgery", appointment_type_codes=["surgery"]))
    asked = {each.code for each in clinic.checklist().steps if each.kind == pb.INTAKE_STEP_KIND_FORM}
    assert asked == {"pain", "once", "yearly"}
    for code in asked:
        submitted(clinic.own, saved(clinic.own, opened(clinic.own, clinic.patient, code, clinic.visit), in_pain="no"))
    later, next_year = clinic.book(30), clinic.book(380)
    done, due = pb.INTAKE_STEP_STATE_DONE, pb.INTAKE_STEP_STATE_OPEN
    assert [clinic.state(code) for code in ("pain", "once", "yearly")] == [done, done, done]
    assert [clinic.state(code, later) for code in ("pain", "once", "yearly")] == [due, done, done]
    assert [clinic.state(code, next_year) for code in ("pain", "once", "yearly")] == [due, done, due]


def test_a_step_is_confirmed_or_left_out_for_one_visit(clinic: Clinic) -> None:
    """What was right for one visit is asked again before the next; forms are not done by saying so."""
    confirm = pb.ConfirmIntakeStepRequest(
        patient_id=clinic.patient, appointment_id=clinic.visit, kind=pb.INTAKE_STEP_KIND_CARD, left_out=True
    )
    found = clinic.own.call("ConfirmIntakeStep", confirm)
    assert found.done == 1
    assert clinic.checklist(clinic.book(9)).done == 0
    confirm.kind = pb.INTAKE_STEP_KIND_FORM
    with expect_error("INVALID_INPUT", field="kind"):
        clinic.own.call("ConfirmIntakeStep", confirm)


def test_a_patient_reviews_nothing_and_sees_nobody_else(clinic: Clinic) -> None:
    """A patient's token is not let in to the review, lists only its own, and another's visit cannot be prepared."""
    sent = submitted(clinic.own, saved(clinic.own, opened(clinic.own, clinic.patient), in_pain="no"))
    with expect_error("PERMISSION_DENIED"):
        clinic.own.call("ReviewFormResponse", pb.ReviewFormResponseRequest(response_id=sent.response_id))
    other = register(clinic.desk, family="Berg", given="Otto", born="1970-01-01").patient_id
    stranger = clinic.registry.client(clinic.tenant, patient_ids=[other])
    assert not stranger.call("ListFormResponses", pb.ListFormResponsesRequest()).responses
    assert not stranger.call("ListFormResponses", pb.ListFormResponsesRequest(patient_id=clinic.patient)).responses
    with expect_error("NOT_FOUND"):
        opened(stranger, other, appointment_id=clinic.visit)
    proxy = clinic.registry.client(clinic.tenant, patient_ids=[UUID(other), UUID(clinic.patient)])
    assert proxy.call("GetFormResponse", pb.GetFormResponseRequest(response_id=sent.response_id)).response_id
