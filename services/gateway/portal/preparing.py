"""Before a visit: one short step a page, with what is done and what is left; a person may stop anywhere and come back."""

from __future__ import annotations

from typing import Any

from flask import Response
from polyclinic.patient_registry.v1 import intake_pb2 as intake

from chassis import errors
from gateway import errors as problems
from gateway.portal import words_intake as words
from gateway.portal.page import PortalPage
from gateway.web.calls import Refused
from gateway.web.forms import Reading

# The form by which a patient tells of another insurance; staff enter it once they have looked at the card.
INSURANCE_FORM = "insurance-change"


def overview(page: PortalPage) -> Response:
    """Every step, what is done, and where to go on."""
    steps = checklist(page)
    parts = page.together(
        visit=page.ask("Scheduling.GetAppointment", appointment_id=page.own("appointment_id")),
    )
    return page.show(
        "prepare/overview.html",
        words=words,
        told=words.told(page),
        steps=steps,
        visit=parts["visit"].value,
        next_url=next_url(page, steps),
        url_of=lambda step: url_of(page, step),
    )


def step(page: PortalPage, problem: problems.Problem | None = None) -> Response:
    """One step. Raises NotFound for one that this visit does not ask for."""
    steps = checklist(page)
    number, found = _place(page, steps)
    context = _SHOWN[found.kind](page, found)
    return page.show(
        f"prepare/{words.TEMPLATES[found.kind]}.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        told=words.told(page),
        steps=steps,
        number=number,
        step=found,
        **context,
    )


def answer(page: PortalPage) -> Response:
    """Does what a step asks for and leads on to the next one."""
    _, found = _place(page, checklist(page))
    try:
        leads = _DONE[found.kind](page, found)
    except Refused as refused:
        return step(page, refused.problem)
    if leads:
        return page.go(leads)
    return page.go(next_url(page, checklist(page), after=found))


def leave_out(page: PortalPage) -> Response:
    """Leaves a step out ("I have no card")."""
    _, found = _place(page, checklist(page))
    _confirm(page, found, left_out=True)
    return page.go(next_url(page, checklist(page), after=found))


def go_on(page: PortalPage) -> Response:
    """Leads to what is left."""
    return page.go(next_url(page, checklist(page)))


# ---- where one is


def checklist(page: PortalPage) -> Any:
    """The steps of the visit of the address."""
    return page.call("Intake.GetIntakeChecklist", patient_id=page.patient_id, appointment_id=page.own("appointment_id"))


def next_url(page: PortalPage, steps: Any, after: Any = None) -> str:
    """The first open step behind `after` (else the first of all); the overview when nothing is left."""
    listed = list(steps.steps)
    places = [n for n, each in enumerate(listed) if after is not None and _same(each, after)]
    behind = listed[places[0] + 1 :] if places else []
    for each in (*behind, *listed):
        if each.state in words.TO_DO:
            return url_of(page, each)
    return f"{page.here}/prepare/{page.own('appointment_id')}"


def url_of(page: PortalPage, step: Any) -> str:
    """Where a step is done."""
    name = words.SLUGS[step.kind] + (f"/{step.code}" if step.code else "")
    return f"{page.here}/prepare/{page.own('appointment_id')}/{name}"


def _place(page: PortalPage, steps: Any) -> tuple[int, Any]:
    slug, code = page.values["step"], page.values.get("code", "")
    for number, each in enumerate(steps.steps, 1):
        if words.SLUGS[each.kind] == slug and each.code == code:
            return number, each
    raise errors.NotFound("step")


def _same(one: Any, other: Any) -> bool:
    return bool((one.kind, one.code) == (other.kind, other.code))


def _confirm(page: PortalPage, step: Any, *, left_out: bool = False) -> None:
    page.do(
        "Intake.ConfirmIntakeStep",
        patient_id=page.patient_id,
        appointment_id=page.own("appointment_id"),
        kind=step.kind,
        left_out=left_out,
    )


# ---- what a step shows


def _show_contact(page: PortalPage, _step: Any) -> dict[str, Any]:
    return {"patient": page.patient}


def _show_insurance(page: PortalPage, _step: Any) -> dict[str, Any]:
    found = page.call("PatientRegistry.ListCoverages", patient_id=page.patient_id)
    return {"coverages": [each for each in found.coverages if each.active]}


def _show_pictures(page: PortalPage, _step: Any) -> dict[str, Any]:
    found = page.call("Intake.ListDocuments", patient_id=page.patient_id, page_size=50)
    newest: dict[int, Any] = {}
    for each in found.documents:
        newest.setdefault(each.kind, each)
    return {"newest": newest, "kinds": intake}


def _show_consent(page: PortalPage, step: Any) -> dict[str, Any]:
    parts = page.together(
        text=page.ask("Intake.GetConsentText", code=step.code),
        patient=page.ask("PatientRegistry.GetPatient", patient_id=page.patient_id),
    )
    return {
        "text": parts["text"].need(),
        "patient": parts["patient"].need(),
        "own": page.patient_id == page.patient_ids[0],
    }


def _show_form(page: PortalPage, step: Any) -> dict[str, Any]:
    return {"form": page.call("Intake.GetIntakeForm", code=step.code)}


# ---- what a step does; answers where it leads, "" for the next step


def _do_contact(page: PortalPage, step: Any) -> str:
    reading = page.read("PatientRegistry.UpdatePatient", patient_id=page.patient_id)
    if reading.violations:
        raise Refused(problems.from_error(errors.InvalidInput(reading.violations)))
    _without_blanks(reading)
    page.send("PatientRegistry.UpdatePatient", reading)
    _confirm(page, step)
    return ""


def _do_insurance(page: PortalPage, step: Any) -> str:
    if page.sent("changed"):
        _confirm(page, step)
        opened = page.do(
            "Intake.OpenFormResponse",
            patient_id=page.patient_id,
            form_code=INSURANCE_FORM,
            appointment_id=page.own("appointment_id"),
        )
        return f"{page.here}/forms/{opened.response_id}"
    _confirm(page, step)
    return ""


def _do_pictures(page: PortalPage, step: Any) -> str:
    """Files one picture and shows it, so that the person sees whether it can be read."""
    sent = page.exchange.request.files.get("content")
    page.submit(
        "Intake.UploadDocument",
        patient_id=page.patient_id,
        kind=words.PICTURES.get(page.sent("picture"), intake.DOCUMENT_KIND_PHOTO_ID),
        content=sent.read() if sent is not None else b"",
    )
    return url_of(page, step)


def _do_consent(page: PortalPage, step: Any) -> str:
    page.submit(
        "Intake.SignConsent",
        patient_id=page.patient_id,
        code=step.code,
        language=page.language.tag[:2],
        signature=words.drawn(page.sent("drawn")),
    )
    return ""


def _do_form(page: PortalPage, step: Any) -> str:
    opened = page.do(
        "Intake.OpenFormResponse",
        patient_id=page.patient_id,
        form_code=step.code,
        appointment_id=page.own("appointment_id"),
    )
    return f"{page.here}/forms/{opened.response_id}"


def _without_blanks(reading: Reading) -> None:
    """Leaves out phones and e-mail addresses that are blank: they are not on file, or are to be removed."""
    points = reading.message.patient.contact_points
    names = [reading.back(f"patient.contact_points[{n}]") for n in range(len(points))]
    kept = [(name, each) for name, each in zip(names, points, strict=True) if each.value]
    del points[:]
    points.extend(each for _, each in kept)
    reading.moved |= {f"patient.contact_points[{n}]": name for n, (name, _) in enumerate(kept)}


_SHOWN = {
    intake.INTAKE_STEP_KIND_CONTACT: _show_contact,
    intake.INTAKE_STEP_KIND_INSURANCE: _show_insurance,
    intake.INTAKE_STEP_KIND_CARD: _show_pictures,
    intake.INTAKE_STEP_KIND_PHOTO_ID: _show_pictures,
    intake.INTAKE_STEP_KIND_CONSENT: _show_consent,
    intake.INTAKE_STEP_KIND_FORM: _show_form,
}
_DONE = {
    intake.INTAKE_STEP_KIND_CONTACT: _do_contact,
    intake.INTAKE_STEP_KIND_INSURANCE: _do_insurance,
    intake.INTAKE_STEP_KIND_CARD: _do_pictures,
    intake.INTAKE_STEP_KIND_PHOTO_ID: _do_pictures,
    intake.INTAKE_STEP_KIND_CONSENT: _do_consent,
    intake.INTAKE_STEP_KIND_FORM: _do_form,
}
