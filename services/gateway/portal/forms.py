"""Forms a patient answers, section by section, and the papers they have signed and sent."""

from __future__ import annotations

from typing import Any

from flask import Response
from polyclinic.patient_registry.v1 import intake_pb2 as intake

from gateway import errors as problems
from gateway.portal import words_intake as words
from gateway.portal.page import PortalPage
from gateway.web.calls import Refused

PREFIX = "answers."
PAPERS = 50


def section(page: PortalPage, problem: problems.Problem | None = None, shown: int | None = None) -> Response:
    """One section of a form, with what was answered before."""
    found = page.call("Intake.GetFormResponse", response_id=page.own("response_id"))
    sections = list(found.form.sections)
    if found.state != intake.FORM_RESPONSE_STATE_DRAFT:
        return page.show("forms/sent.html", words=words, told=words.told(page), found=found, back=back(page, found))
    number = _number(page, found, shown)
    return page.show(
        "forms/section.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        told=words.told(page),
        found=found,
        number=number,
        section=sections[number],
        answers={each.field: list(each.values) for each in found.answers},
        back=back(page, found),
    )


def save(page: PortalPage) -> Response:
    """Keeps a section's answers; goes to the next one, or sends the form when it was the last."""
    response_id = page.own("response_id")
    known = page.call("Intake.GetFormResponse", response_id=response_id)
    number = _number(page, known, None)
    later = bool(page.sent("later"))
    last = number + 1 == len(known.form.sections)
    answers = _answers(page, known.form.sections[number].fields)
    try:
        kept = page.submit(
            "Intake.SaveFormResponse",
            response_id=response_id,
            answers=answers,
            section=number if later or last else number + 1,
        )
        if later:
            return page.go(back(page, known), page.gettext("Kept. You can go on whenever you like."))
        if not last:
            return page.go(f"{page.here}/forms/{response_id}", section=str(number + 1))
        page.do("Intake.SubmitFormResponse", response_id=response_id, version=kept.version)
    except Refused as refused:
        return section(page, refused.problem, _section_of(refused.problem, known, number))
    return page.go(back(page, known, onward=True), page.gettext("Thank you. It is sent."))


def begin(page: PortalPage) -> Response:
    """Opens a form that is not about a visit."""
    opened = page.do("Intake.OpenFormResponse", patient_id=page.patient_id, form_code=page.sent("form_code"))
    return page.go(f"{page.here}/forms/{opened.response_id}")


def papers(page: PortalPage) -> Response:
    """Forms to answer and answered, consents, documents."""
    parts: dict[str, Any] = page.together(
        forms=page.ask("Intake.ListIntakeForms", page_size=PAPERS),
        responses=page.ask("Intake.ListFormResponses", patient_id=page.patient_id, page_size=PAPERS),
        consents=page.ask("Intake.ListSignedConsents", patient_id=page.patient_id, page_size=PAPERS),
        documents=page.ask("Intake.ListDocuments", patient_id=page.patient_id, page_size=PAPERS),
    )
    return page.show("forms/papers.html", words=words, told=words.told(page), **parts)


def consent_pdf(page: PortalPage) -> Response:
    """A signed consent as PDF."""
    body = page.call("Intake.GetSignedConsentPdf", consent_id=page.own("consent_id"))
    return page.file(body, "consent.pdf")


def revoke(page: PortalPage) -> Response:
    """Takes a consent back."""
    page.submit("Intake.RevokeConsent", consent_id=page.own("consent_id"))
    return page.go(
        f"{page.here}/papers", page.gettext("The consent is taken back. We will ask you again when it is needed.")
    )


def picture(page: PortalPage) -> Response:
    """A document's picture, as we wrote it."""
    body = page.call("Intake.GetDocumentContent", document_id=page.own("document_id"))
    return page.file(body, "document.jpg")


def remove_picture(page: PortalPage) -> Response:
    """Takes a document out of use."""
    page.do("Intake.RemoveDocument", document_id=page.own("document_id"))
    return page.go(f"{page.here}/papers", page.gettext("The picture is removed."))


def back(page: PortalPage, found: Any, *, onward: bool = False) -> str:
    """Where a form leads: to the steps of its visit (on to the next one), else to the papers."""
    if not found.appointment_id:
        return f"{page.here}/papers"
    url = f"{page.here}/prepare/{found.appointment_id}"
    return f"{url}/next" if onward else url


def _number(page: PortalPage, found: Any, shown: int | None) -> int:
    """The section of the address, of the form that was sent, or where the person left off."""
    if shown is not None:
        return shown
    wished = page.sent("section") or page.arg("section")
    number = int(wished) if wished.isdecimal() else found.section
    return min(number, len(found.form.sections) - 1)


def _answers(page: PortalPage, fields: Any) -> list[Any]:
    """An answer to every field of the section: what was left blank takes an earlier answer back."""
    form = page.exchange.request.form
    return [intake.FormAnswer(field=each.name, values=form.getlist(PREFIX + each.name)) for each in fields]


def _section_of(problem: problems.Problem, found: Any, number: int) -> int:
    """The first section in which something is wrong; where one was when it is none of them."""
    wrong = {each.field.removeprefix(PREFIX) for each in problem.violations}
    for place, each in enumerate(found.form.sections):
        if any(field.name in wrong for field in each.fields):
            return place
    return number
