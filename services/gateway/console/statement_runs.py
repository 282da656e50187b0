"""The run of statements: what is due today, who gets none for now, and what is put on paper."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words_billing
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

PATH = "/console/billing/statements"
HOLDS, MAILINGS = f"{PATH}/holds", f"{PATH}/mailings"
# The preview gives so many guarantors at once.
AT_ONCE = 200
DUE = (
    Column("who", N_("Guarantor"), "name", searched=True),
    Column("due", N_("Due"), "due_on"),
    Column("cycle", N_("Statement"), "cycle", number=True),
    Column("amount", N_("Asks for"), "amount", number=True),
    Column("why_not", N_("What happens"), "skipped"),
)


def due(page: Page) -> Response:
    """Guarantors whose next statement is due today, with what it would ask for or why there would be none."""
    outcome = Filter(
        "outcome",
        N_("What happens"),
        [("sent", page.gettext("Gets one")), ("skipped", page.gettext("Gets none"))],
        N_("All"),
        lambda each, value: bool(each.skipped) == (value == "skipped"),
    )
    listing = paged(
        page, "statements-due", "StatementRuns.PreviewStatementRun", "statements", DUE, [outcome], size=AT_ONCE
    )
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "collecting/statements.html", tab="collecting", part="statements", listing=listing, words=words_billing
    )


HELD = (
    Column("who", N_("Guarantor"), "name", searched=True),
    Column("reason", N_("Why"), "reason", searched=True),
    Column("until", N_("Until"), "until"),
)


def holds(page: Page, problem: problems.Problem | None = None) -> Response:
    """Guarantors to whom nothing is sent now; with ``patient`` the form to hold another one."""
    ends = Filter(
        "ends",
        N_("Ends"),
        [("by_itself", page.gettext("By itself")), ("by_hand", page.gettext("When it is released"))],
        N_("All"),
        lambda each, value: bool(each.until.year) == (value == "by_itself"),
    )
    listing = paged(page, "statement-holds", "StatementRuns.ListStatementHolds", "holds", HELD, [ends])
    if page.arg("format") == "csv":
        return listing.csv()
    patient_id = page.sent("patient_id") or page.arg("patient")
    patient = (
        page.together(patient=page.ask("PatientRegistry.GetPatient", patient_id=patient_id))["patient"].value
        if patient_id
        else None
    )
    return page.show(
        "collecting/holds.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="statements",
        listing=listing,
        patient=patient,
    )


def hold(page: Page) -> Response:
    """Sends nothing to a guarantor until a day, or until it is released."""
    try:
        held = page.submit("StatementRuns.HoldStatements")
    except Refused as refused:
        return holds(page, refused.problem)
    undo = f"{HOLDS}/{held.patient_id}/release"
    return page.go(HOLDS, page.gettext("Held: no statement goes to %(name)s.", name=held.name), undo=undo)


def release(page: Page) -> Response:
    """Statements go on where they were."""
    page.do("StatementRuns.ReleaseStatements", patient_id=page.values["patient_id"])
    return page.go(HOLDS, page.gettext("Released; statements go on where they were."))


def mailings(page: Page, problem: problems.Problem | None = None) -> Response:
    """What was put on paper, the newest first."""
    names = people(page)
    columns = (
        Column("made", N_("Made"), "made_at"),
        Column("statements", N_("Statements"), "statements", number=True),
        Column("by", N_("By"), lambda each: names.get(each.made_by, ""), searched=True),
    )
    whose = Filter(
        "whose",
        N_("By"),
        [("me", page.gettext("Mine"))],
        N_("Everybody's"),
        lambda each, _: each.made_by == page.user.id,
    )
    listing = paged(page, "mailings", "StatementRuns.ListStatementMailings", "mailings", columns, [whose])
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "collecting/mailings.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="statements",
        listing=listing,
        names=names,
    )


def people(page: Page) -> dict[str, str]:
    """Account → name; empty for whom it is not to read."""
    found = page.together(people=page.ask("Identity.ListAccounts", page_size=500))["people"].value
    return {each.account_id: each.name for each in found.accounts} if found is not None else {}


def make_mailing(page: Page) -> Response:
    """Puts the statements whose time for paper has come into one file."""
    try:
        made = page.do("StatementRuns.MakeStatementMailing")
    except Refused as refused:
        return mailings(page, refused.problem)
    return page.go(MAILINGS, page.gettext("%(count)s statements are in the file.", count=made.statements))


def mailing_file(page: Page) -> Response:
    """The ZIP as it was made: the PDFs and a list."""
    mailing_id = page.values["statement_mailing_id"]
    body: Any = page.call("StatementRuns.GetStatementMailingFile", statement_mailing_id=mailing_id)
    return page.attachment(body.data, "statements.zip", body.content_type)
