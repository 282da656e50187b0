"""What patients hand in: documents, signed consents, answered forms; and what is still open before a visit."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words, words_talk
from gateway.console.patients import banner
from gateway.web.calls import Refused
from gateway.web.page import PAGE_SIZE, Page


def documents(page: Page, problem: problems.Problem | None = None) -> Response:
    """Pictures of cards, consents, forms of one patient."""
    patient_id = page.values["patient_id"]
    head, parts = banner(
        page,
        patient_id,
        documents=page.ask("Intake.ListDocuments", patient_id=patient_id, page_size=PAGE_SIZE),
        consents=page.ask("Intake.ListSignedConsents", patient_id=patient_id, page_size=PAGE_SIZE),
        responses=page.ask("Intake.ListFormResponses", patient_id=patient_id, page_size=PAGE_SIZE),
    )
    return page.show(
        "patient/documents.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="documents",
        words=words,
        talk=words_talk,
        told=words_talk.told(page),
        **parts,
    )


def upload(page: Page) -> Response:
    """Files a picture that was taken at the desk."""
    patient_id = page.values["patient_id"]
    sent = page.exchange.request.files.get("content")
    try:
        page.submit("Intake.UploadDocument", patient_id=patient_id, content=sent.read() if sent is not None else b"")
    except Refused as refused:
        return documents(page, refused.problem)
    return page.go(f"/console/patients/{patient_id}/documents", page.gettext("The picture is filed."))


def picture(page: Page) -> Response:
    """A document's picture, as we wrote it."""
    return page.file(page.call("Intake.GetDocumentContent", document_id=page.values["document_id"]), "document.jpg")


def remove_picture(page: Page) -> Response:
    """Takes a document out of use."""
    found = page.do("Intake.RemoveDocument", document_id=page.values["document_id"])
    return page.go(f"/console/patients/{found.patient_id}/documents", page.gettext("The picture is removed."))


def consent_pdf(page: Page) -> Response:
    """A signed consent on paper."""
    return page.file(page.call("Intake.GetSignedConsentPdf", consent_id=page.values["consent_id"]), "consent.pdf")


def revoke(page: Page) -> Response:
    """Takes a consent back for the patient."""
    found = page.submit("Intake.RevokeConsent", consent_id=page.values["consent_id"])
    return page.go(f"/console/patients/{found.patient_id}/documents", page.gettext("The consent is revoked."))


def form(page: Page, problem: problems.Problem | None = None) -> Response:
    """An answered form, and what it changes in the record."""
    found = page.call("Intake.GetFormResponse", response_id=page.values["response_id"])
    head, _ = banner(page, found.patient_id)
    return page.show(
        "patient/form.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="documents",
        words=words,
        talk=words_talk,
        told=words_talk.told(page),
        found=found,
    )


def review(page: Page) -> Response:
    """Ends the look at a form: the changes ticked are made, the others are not."""
    try:
        page.submit(
            "Intake.ReviewFormResponse",
            response_id=page.values["response_id"],
            apply=page.exchange.request.form.getlist("apply"),
        )
    except Refused as refused:
        return form(page, refused.problem)
    return page.go("/console/messages", page.gettext("The form is looked at."))


def before_visit(page: Page) -> Response:
    """What is open before a visit, with the pictures of the cards; the desk of the visit loads it."""
    visit = page.call("Scheduling.GetAppointment", appointment_id=page.values["appointment_id"])
    parts: dict[str, Any] = page.together(
        checklist=page.ask(
            "Intake.GetIntakeChecklist", patient_id=visit.patient_id, appointment_id=visit.appointment_id
        ),
        documents=page.ask("Intake.ListDocuments", patient_id=visit.patient_id, page_size=20),
    )
    return page.show(
        "before_visit.html",
        visit=visit,
        words=words,
        talk=words_talk,
        told=words_talk.told(page),
        **parts,
    )
