"""Find a patient from anywhere; when there is none, register one with the four things a busy desk asks.

What is typed to find somebody is a name or a birth date: it travels in the body, never in an address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from gateway.console import words
from gateway.web.calls import Refused
from gateway.web.page import PAGE_SIZE, Page

AT_ONCE = 8


def find(page: Page) -> Response:
    """People for what was typed. From the bar (htmx) the best few, as a page all of them."""
    query = page.sent("q")
    quick = page.exchange.request.headers.get("HX-Target") == "found"
    found: Sequence[Any] = ()
    token, problem = "", None
    if query:
        try:
            answer = page.call(
                "PatientRegistry.SearchPatients",
                query=query,
                page_size=AT_ONCE if quick else PAGE_SIZE,
                page_token="" if quick else page.sent("page_token"),
            )
            found, token = answer.patients, answer.next_page_token
        except Refused as refused:
            if refused.problem.status != 400:
                raise
            problem = refused.problem
    if not quick and len(found) == 1 and not page.sent("page_token"):
        return page.go(f"/console/patients/{found[0].patient_id}")
    return page.show("find.html", query=query, patients=found, next_token=token, refused=problem, quick=quick)


def register_form(page: Page) -> Response:
    """Quick registration, begun with what was searched for."""
    typed = page.sent("q")
    family, _, given = typed.partition(",")
    words = any(each.isalpha() for each in typed)
    begun = {
        "family": family.strip().title() if words else "",
        "given": given.strip().title() if words else "",
        "birth_date": typed if not words and len(typed) in (6, 8, 10) else "",
    }
    return _registering(page, begun=begun)


def register(page: Page) -> Response:
    """Registers; whoever is likely the same person is shown first and the form sent again says who was looked at."""
    reading = page.read("PatientRegistry.QuickRegister")
    payer = next((each for each in payers(page) if each.code == reading.message.payer_code), None)
    if payer is not None:
        reading.message.payer_name = payer.name
    try:
        if reading.violations:
            page.submit("PatientRegistry.QuickRegister")
        answer = page.send("PatientRegistry.QuickRegister", reading)
    except Refused as refused:
        return _registering(page, status=refused.problem.status, problem=refused.problem)
    if not answer.registered:
        return _registering(page, candidates=answer.likely_duplicates)
    return page.go(f"/console/patients/{answer.patient.patient_id}", page.gettext("Registered."))


def _registering(
    page: Page, *, begun: Mapping[str, str] | None = None, candidates: Sequence[Any] = (), **more: Any
) -> Response:
    """The form: empty, begun, refused (with its problem), or held up by people who are likely the same."""
    choices = [(each.code, each.name) for each in payers(page)]
    return page.show(
        "register.html", begun=begun or {}, candidates=candidates, payer_choices=choices, grades=words.GRADE, **more
    )


def payers(page: Page) -> list[Any]:
    """The payers to choose from; none when billing does not answer or may not be asked."""
    part = page.together(payers=page.ask("Billing.ListPayers", page_size=500, active_on=date_of(page)))["payers"]
    return [each for each in part.value.payers if each.kind != 4] if part.value is not None else []


def date_of(page: Page) -> dict[str, int]:
    """Today as the fields of a ``google.type.Date``."""
    return {"year": page.today.year, "month": page.today.month, "day": page.today.day}
