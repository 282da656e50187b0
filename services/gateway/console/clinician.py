"""The clinician's day: who comes, what is to be coded and signed; the superbill, filled from favourites or from the last time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.booking import parts_of
from gateway.console.calendar import at
from gateway.console.patients import banner_asks, banner_of
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.page import PAGE_SIZE, Page

SIGNED = 3
FAVOURITES = 10
LINES, DIAGNOSES = 6, 8
# Codes are looked for from so many letters on, so many are offered; parameters of the page itself, the other one is the input's.
FEWEST_LETTERS, CODES_OFFERED = 2, 15
CODES_OWN = frozenset({"kind", "on"})


def day(page: Page) -> Response:
    """The visits of one clinician's day, with what of them is still to be signed."""
    people = page.call("Identity.ListPractitioners", page_size=500).practitioners
    own = next((each for each in people if each.account_id == page.user.id), None)
    chosen = page.arg("practitioner") or (own.practitioner_id if own is not None else "")
    when = (read_date(page.arg("date"), page.today) if page.arg("date") else None) or page.today
    choices = sorted(
        ((each.practitioner_id, f"{each.name.family}, {each.name.given}") for each in people if each.active),
        key=lambda each: each[1],
    )
    if not chosen:
        return page.show(
            "clinician/day.html",
            choices=choices,
            chosen="",
            visits=None,
            words=words,
            when=when,
            encounters={},
            missing=None,
        )
    zone = ZoneInfo(page.zone)
    both = {"start": parts_of(when), "end": parts_of(when)}
    parts = page.together(
        visits=page.ask(
            "Scheduling.ListAppointments",
            practitioner_id=chosen,
            start_from=at(when, zone),
            start_to=at(when + timedelta(days=1), zone),
            page_size=200,
        ),
        encounters=page.ask("Billing.ListEncounters", practitioner_id=chosen, service_dates=both, page_size=200),
        missing=page.ask("Billing.ListMissingCharges", practitioner_id=chosen, page_size=PAGE_SIZE),
        sessions=page.ask(
            "Telehealth.ListSessions",
            practitioner_id=chosen,
            start_from=at(when, zone),
            start_before=at(when + timedelta(days=1), zone),
        ),
    )
    found = parts["encounters"].value.encounters if parts["encounters"].value is not None else ()
    sessions = parts["sessions"].value.sessions if parts["sessions"].value is not None else ()
    missing = parts["missing"].value.encounters if parts["missing"].value is not None else ()
    names = patient_names(page, [each.appointment_id for each in missing])
    return page.show(
        "clinician/day.html",
        choices=choices,
        chosen=chosen,
        visits=parts["visits"].need().appointments,
        words=words,
        when=when,
        encounters={each.appointment_id: each for each in found},
        encounters_part=parts["encounters"],
        missing=missing,
        names=names,
        sessions={each.appointment_id: each for each in sessions},
    )


def patient_names(page: Page, appointment_ids: list[str]) -> dict[str, str]:
    """Appointment → "Smith, John", for lists of billing, which knows no names."""
    if not appointment_ids:
        return {}
    part = page.together(
        visits=page.ask("Scheduling.BatchGetAppointments", appointment_ids=sorted(set(appointment_ids))[:500])
    )["visits"]
    return (
        {each.appointment_id: each.patient_name for each in part.value.appointments} if part.value is not None else {}
    )


def of_visit(page: Page) -> Response:
    """Leads from a visit to its superbill."""
    found = page.call("Billing.ListEncounters", appointment_ids=[page.values["appointment_id"]], page_size=1).encounters
    if not found:
        return page.go("/console/my-day", page.gettext("Billing does not know this visit yet; try again in a moment."))
    return page.go(f"/console/encounters/{found[0].encounter_id}")


def superbill(page: Page, problem: problems.Problem | None = None, saved: bool = False) -> Response:
    """Diagnoses, services, and the signature."""
    encounter = page.call("Billing.GetEncounter", encounter_id=page.values["encounter_id"])
    parts = page.together(
        **banner_asks(page, encounter.patient_id),
        own=page.ask(
            "Billing.ListEncounters",
            practitioner_id=encounter.practitioner_id,
            states=[SIGNED],
            page_size=100,
            service_dates={"start": parts_of(page.today - timedelta(days=90)), "end": parts_of(page.today)},
        ),
        before=page.ask("Billing.ListEncounters", patient_id=encounter.patient_id, states=[SIGNED], page_size=50),
    )
    before = [
        each
        for each in (parts["before"].value.encounters if parts["before"].value is not None else ())
        if each.encounter_id != encounter.encounter_id
    ]
    copied = before[-1] if before and page.arg("copy") else None
    return page.show(
        "clinician/superbill.html",
        status=problem.status if problem else 200,
        problem=problem,
        encounter=encounter,
        banner=banner_of(page, parts),
        tab="",
        words=words,
        favourites=favourites(parts["own"]),
        before=before[-1] if before else None,
        shown=copied or encounter,
        copied=copied is not None,
        line_count=LINES,
        diagnosis_count=DIAGNOSES,
    )


def favourites(part: Any) -> dict[str, list[str]]:
    """The codes the clinician has used most in the last three months."""
    found = part.value.encounters if part.value is not None else ()
    diagnoses = Counter(code for each in found for code in each.diagnoses)
    services = Counter(line.procedure for each in found for line in each.lines)
    return {
        "diagnoses": [code for code, _ in diagnoses.most_common(FAVOURITES)],
        "services": [code for code, _ in services.most_common(FAVOURITES)],
    }


def codes(page: Page) -> Response:
    """Codes for what is typed into an input, as the choices of its list: by their beginning or by words, the nearest first."""
    kind = 2 if page.arg("kind") == "procedure" else 1
    typed = next((value for name, value in page.exchange.request.args.items() if name not in CODES_OWN), "").strip()
    found: Sequence[Any] = ()
    if len(typed) >= FEWEST_LETTERS:
        on = read_date(page.arg("on"), page.today)
        fields = {"on": parts_of(on)} if on is not None else {}
        found = page.call("CodeSets.SearchCodes", text=typed[:100], kind=kind, limit=CODES_OFFERED, **fields).codes
    return page.show("clinician/codes.html", found=found)


def save(page: Page) -> Response:
    """Saves the codes; with the signing button, signs what was saved."""
    encounter_id = page.values["encounter_id"]
    try:
        encounter = page.submit("Billing.SaveCodes", encounter_id=encounter_id)
        if page.sent("then") == "sign":
            page.do("Billing.SignEncounter", encounter_id=encounter_id, version=encounter.version)
            return page.go("/console/my-day", page.gettext("Signed; the charges are posted."))
    except Refused as refused:
        return superbill(page, refused.problem)
    return page.go(f"/console/encounters/{encounter_id}", page.gettext("Saved; not signed yet."))


def no_charge(page: Page) -> Response:
    """Says that nothing is charged, and why."""
    try:
        page.submit("Billing.NoCharge", encounter_id=page.values["encounter_id"])
    except Refused as refused:
        return superbill(page, refused.problem)
    return page.go("/console/my-day", page.gettext("Noted: no charge."))
