"""What a coverage pays, kind of service by kind of service, as its payer said last."""

from __future__ import annotations

from flask import Response

from chassis.errors import NotFound
from gateway.console import words, words_billing
from gateway.console.patients import banner
from gateway.web.page import Page

# What GetBenefits answers of a coverage that was never answered.
NOT_FOUND = 404


def benefits(page: Page) -> Response:
    """The payer's last good answer about one coverage of the patient; that there is none, where it never answered.

    Raises NotFound for a coverage that is not the patient's.
    """
    patient_id, coverage_id = page.values["patient_id"], page.values["coverage_id"]
    head, parts = banner(
        page,
        patient_id,
        every=page.ask("PatientRegistry.ListCoverages", patient_id=patient_id),
        answer=page.ask("Eligibility.GetBenefits", coverage_id=coverage_id),
    )
    coverage = next((each for each in parts["every"].need().coverages if each.coverage_id == coverage_id), None)
    if coverage is None:
        raise NotFound("coverage")
    problem = parts["answer"].problem
    never = problem is not None and problem.status == NOT_FOUND
    return page.show(
        "patient/benefits.html",
        banner=head,
        tab="coverage",
        words=words,
        told=words_billing,
        coverage=coverage,
        answer=parts["answer"],
        never=never,
    )
