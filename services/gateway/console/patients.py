"""One page a patient: banner, demographics, coverage, visits, messages, account, who looked."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words, words_money, words_talk
from gateway.console.audited import AUDITED, refused
from gateway.console.finding import date_of, payers
from gateway.console.names import payer_names
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import PAGE_SIZE, Page


def banner_asks(page: Page, patient_id: str) -> dict[str, Any]:
    """What the banner of every patient page asks for."""
    return {
        "patient": page.ask("PatientRegistry.GetPatient", patient_id=patient_id),
        "coverages": page.ask("PatientRegistry.ListCoverages", patient_id=patient_id, on=date_of(page)),
        "account": page.ask("Billing.GetAccount", patient_id=patient_id),
        "work": page.ask("Claims.ListWorkItems", patient_id=patient_id, state="open", page_size=20),
    }


def banner_of(page: Page, parts: dict[str, Any]) -> dict[str, Any]:
    """The banner's values. Raises Refused when there is no such patient; the rest may be missing."""
    patient = parts["patient"].need()
    coverages = list(parts["coverages"].value.coverages) if parts["coverages"].value is not None else []
    return {
        "patient": patient,
        "coverage": coverages[0] if coverages else None,
        "coverages_part": parts["coverages"],
        "account": parts["account"].value,
        "account_part": parts["account"],
        "work": list(parts["work"].value.items) if parts["work"].value is not None else [],
    }


def banner(page: Page, patient_id: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Asks for the banner and, in the same round, for more; answers the banner and the other parts."""
    parts = page.together(**banner_asks(page, patient_id), **more)
    return banner_of(page, parts), {name: parts[name] for name in more}


def overview(page: Page) -> Response:
    """What a desk looks for first: what comes next, insurance, people around, contact."""
    patient_id = page.values["patient_id"]
    head, parts = banner(
        page,
        patient_id,
        visits=page.ask("Scheduling.ListAppointments", patient_id=patient_id, start_from=page.now, page_size=20),
        past=page.ask("PatientRegistry.ListVisits", patient_id=patient_id, page_size=6),
        relations=page.ask("PatientRegistry.ListRelations", patient_id=patient_id),
        duplicates=page.ask("PatientRegistry.ListDuplicates", patient_id=patient_id, page_size=5),
    )
    return page.show("patient/overview.html", banner=head, tab="overview", words=words, **parts)


def visits(page: Page) -> Response:
    """All visits, the newest first."""
    patient_id = page.values["patient_id"]
    head, parts = banner(
        page,
        patient_id,
        practitioners=page.ask("Identity.ListPractitioners", page_size=500),
        types=page.ask("Scheduling.ListAppointmentTypes", page_size=500, include_inactive=True),
    )
    names = {}
    if parts["practitioners"].value is not None:
        names = {each.practitioner_id: each.name for each in parts["practitioners"].value.practitioners}
    types = {}
    if parts["types"].value is not None:
        types = {each.code: each.name for each in parts["types"].value.appointment_types}
    told = {key: formats.full_name(name) for key, name in names.items()}
    places = {each.location_id: each.name for each in page.locations}
    states = page.plain(words.STATUS)
    columns = (
        Column("when", N_("When"), "start_time"),
        Column(
            "visit",
            N_("Visit"),
            lambda each: types.get(each.appointment_type_code, each.appointment_type_code),
            searched=True,
        ),
        Column(
            "clinician",
            N_("Clinician"),
            lambda each: told.get(each.practitioner_id, ""),
            searched=True,
        ),
        Column("where", N_("Where"), lambda each: places.get(each.location_id, ""), searched=True),
        Column("state", N_("State"), lambda each: page.label(states, each.status)),
    )
    by_state = [(value, page.gettext(text)) for value, text in states.items()]
    listing = paged(
        page,
        "visits",
        "PatientRegistry.ListVisits",
        "visits",
        columns,
        [Filter("state", N_("State"), by_state, N_("All"), lambda each, value: str(each.status) == value)],
        patient_id=patient_id,
    )
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "patient/visits.html",
        banner=head,
        tab="visits",
        words=words,
        listing=listing,
        names=names,
        types=types,
        places=places,
    )


def edit_form(page: Page) -> Response:
    """Demographics, to be changed."""
    head, _ = banner(page, page.values["patient_id"])
    return page.show("patient/edit.html", banner=head, tab="edit", words=words)


def edit(page: Page) -> Response:
    """Saves demographics on the version that was seen."""
    patient_id = page.values["patient_id"]
    try:
        page.submit("PatientRegistry.UpdatePatient", patient_id=patient_id)
    except Refused as refused:
        head, _ = banner(page, patient_id)
        return page.show(
            "patient/edit.html",
            status=refused.problem.status,
            problem=refused.problem,
            banner=head,
            tab="edit",
            words=words,
        )
    return page.go(f"/console/patients/{patient_id}", page.gettext("Saved."))


def coverage(page: Page, problem: problems.Problem | None = None) -> Response:
    """Coverages with what the payers said of them, and a form for another one."""
    patient_id = page.values["patient_id"]
    head, parts = banner(
        page,
        patient_id,
        all_coverages=page.ask("PatientRegistry.ListCoverages", patient_id=patient_id),
        benefits=page.ask("Eligibility.GetPatientBenefits", patient_id=patient_id),
        checks=page.ask("Eligibility.ListEligibilityChecks", patient_id=patient_id, page_size=10),
    )
    return page.show(
        "patient/coverage.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="coverage",
        words=words,
        lacking=words_money.LACKING,
        payers=payers(page),
        **parts,
    )


def add_coverage(page: Page) -> Response:
    """Adds a coverage."""
    patient_id = page.values["patient_id"]
    reading = page.read("PatientRegistry.AddCoverage", patient_id=patient_id)
    chosen = next((each for each in payers(page) if each.code == reading.message.coverage.payer_code), None)
    if chosen is not None:
        reading.message.coverage.payer_name = chosen.name
    try:
        if reading.violations:
            page.submit("PatientRegistry.AddCoverage", patient_id=patient_id)
        page.send("PatientRegistry.AddCoverage", reading)
    except Refused as refused:
        return coverage(page, refused.problem)
    return page.go(f"/console/patients/{patient_id}/coverage", page.gettext("The coverage is added."))


def remove_coverage(page: Page) -> Response:
    """Takes back a coverage that was entered in error."""
    patient_id = page.values["patient_id"]
    page.submit("PatientRegistry.RemoveCoverage", coverage_id=page.values["coverage_id"])
    return page.go(f"/console/patients/{patient_id}/coverage", page.gettext("The coverage is taken back."))


def verify(page: Page) -> Response:
    """Asks the payer about a coverage now; the answer comes by itself."""
    patient_id = page.values["patient_id"]
    page.do("Eligibility.CheckEligibility", coverage_id=page.values["coverage_id"])
    back = page.sent("back")
    own = back.startswith("/console/") and "\\" not in back
    return page.go(back if own else f"/console/patients/{patient_id}/coverage", page.gettext("The payer is asked."))


def messages(page: Page) -> Response:
    """Everything that was written to the patient, and what they allow."""
    patient_id = page.values["patient_id"]
    head, parts = banner(
        page,
        patient_id,
        messages=page.ask(
            "Notifications.ListMessages", patient_id=patient_id, page_size=PAGE_SIZE, page_token=page.arg("page_token")
        ),
        consent=page.ask("PatientRegistry.GetContactConsent", patient_id=patient_id),
        templates=page.ask("Notifications.ListTemplates", page_size=200),
        threads=page.ask("Conversations.ListThreads", patient_id=patient_id, page_size=20),
    )
    return page.show("patient/messages.html", banner=head, tab="messages", words=words, talk=words_talk, **parts)


def send_message(page: Page) -> Response:
    """Sends a message from a template."""
    patient_id = page.values["patient_id"]
    page.submit("Notifications.SendMessage", patient_id=patient_id)
    return page.go(f"/console/patients/{patient_id}/messages", page.gettext("The message is on its way."))


def consent(page: Page) -> Response:
    """Grants or refuses a channel for a purpose."""
    patient_id = page.values["patient_id"]
    page.submit("PatientRegistry.SetContactConsent", patient_id=patient_id)
    return page.go(f"/console/patients/{patient_id}/messages", page.gettext("Saved."))


def account(page: Page) -> Response:
    """The patient's account as a ledger, with payments and statements."""
    patient_id = page.values["patient_id"]
    head, parts = banner(
        page,
        patient_id,
        payments=page.ask("Billing.ListPayments", patient_id=patient_id, page_size=20),
        statements=page.ask("Billing.ListStatements", patient_id=patient_id, page_size=12),
        claims=page.ask("Claims.ListClaims", patient_id=patient_id, page_size=20),
        payers=page.ask("Billing.ListPayers", page_size=500),
    )
    names = payer_names(parts.pop("payers").value)
    if page.arg("format") == "csv":
        lines = head["account"].lines if head["account"] is not None else ()
        return page.csv(
            "account",
            ["posted", "service", "kind", "description", "amount", "balance", "patient balance"],
            (
                [
                    date(each.posted_on),
                    date(each.service_date),
                    each.kind,
                    each.description,
                    cents(each.amount),
                    cents(each.balance),
                    cents(each.patient_balance),
                ]
                for each in lines
            ),
        )
    return page.show("patient/account.html", banner=head, tab="account", words=words, payers=names, **parts)


def looked(page: Page) -> Response:
    """Who looked at the patient's record, and what for."""
    patient_id = page.values["patient_id"]
    listing = paged(page, "looked", "Identity.SearchAudit", "entries", AUDITED, [refused(page)], patient_id=patient_id)
    if page.arg("format") == "csv":
        return listing.csv()
    head, _ = banner(page, patient_id)
    return page.show("patient/looked.html", banner=head, tab="looked", words=words, listing=listing)


def dismiss_duplicate(page: Page) -> Response:
    """Says that two patients are different people."""
    patient_id = page.values["patient_id"]
    page.do("PatientRegistry.DismissDuplicate", patient_id=patient_id, other_patient_id=page.sent("other_patient_id"))
    return page.go(f"/console/patients/{patient_id}", page.gettext("Noted: two different people."))


def date(value: Any) -> str:
    """A ``google.type.Date`` in a spreadsheet."""
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}" if value.year else ""


def cents(value: Any) -> str:
    """A Money in a spreadsheet."""
    sign = "-" if value.minor_units < 0 else ""
    return f"{sign}{abs(value.minor_units) // 100}.{abs(value.minor_units) % 100:02d}"
