"""What must be ready before a patient comes: billing's checklist of a visit, with the page where each step is done."""

from __future__ import annotations

from typing import Any

from flask import Response
from polyclinic.billing.v1 import preparation_pb2 as pb

from gateway.console import words_billing
from gateway.web.page import Page

# Where a step is done: the page's address behind the patient's (or the visit's, where it begins with "visit"), and what it needs.
PLACES: dict[int, tuple[str, str]] = {
    pb.PREPARATION_STEP_DEMOGRAPHICS: ("/edit", "PatientRegistry.UpdatePatient"),
    pb.PREPARATION_STEP_COVERAGE: ("/coverage", "PatientRegistry.ListCoverages"),
    pb.PREPARATION_STEP_BENEFITS: ("/coverage", "PatientRegistry.ListCoverages"),
    pb.PREPARATION_STEP_FORMS: ("visit/intake", "Intake.GetIntakeChecklist"),
}


def preparation(page: Page) -> Response:
    """The checklist of one visit; also the part of the desk that shows it."""
    found = page.call("Preparation.GetPreparation", appointment_id=page.values["appointment_id"])
    return page.show(
        "preparation.html",
        found=found,
        words=words_billing,
        told=lambda item: words_billing.step_words(page, item.words),
        place=lambda item: place_of(page, found, item),
        done=sum(each.state == pb.PREPARATION_STATE_DONE for each in found.items),
        counted=sum(each.state != pb.PREPARATION_STATE_NOT_NEEDED for each in found.items),
    )


def place_of(page: Page, found: Any, item: Any) -> str:
    """The address of the page where a step is done; "" where there is none, or it is not the person's."""
    path, needs = PLACES.get(item.step, ("", ""))
    if not path or not page.may(needs):
        return ""
    if path.startswith("visit"):
        return f"/console/visits/{found.appointment_id}{path.removeprefix('visit')}"
    return f"/console/patients/{found.patient_id}{path}"
