"""Settings: taking over another system's open books from files, tried first and proved by control totals."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.errors import InvalidInput, Violation
from gateway import errors as problems
from gateway.console import words_billing
from gateway.console.statement_runs import people
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

PATH, NEW = "/console/settings/cut-over", "/console/settings/cut-over/new"
# Rows for control totals: patients, their unused money, and so many payers.
TOTALS = 8


def files(page: Page) -> Response:
    """Files that were taken in, the newest first, with what the ledger holds of them."""
    names = people(page)
    kinds = [(str(value), page.gettext(text)) for value, text in words_billing.CUT_OVER.items()]
    columns = (
        Column("file", N_("File"), "name", searched=True),
        Column("kind", N_("Holds"), lambda each: page.label(words_billing.CUT_OVER, each.kind)),
        Column("as_of", N_("As of"), "as_of"),
        Column("rows", N_("Rows"), "rows", number=True),
        Column(
            "amount", N_("Amount"), lambda each: sum(one.amount.minor_units for one in each.totals) / 100, number=True
        ),
        Column("taken", N_("Taken in"), "imported_at"),
        Column("by", N_("By"), lambda each: names.get(each.imported_by, ""), searched=True),
    )
    by_kind = Filter("kind", N_("Holds"), kinds, N_("All"), lambda each, value: str(each.kind) == value)
    listing = paged(page, "cut-over", "CutOver.ListCutOverFiles", "files", columns, [by_kind])
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/cut_over.html", tab="cut-over", listing=listing, words=words_billing, names=names)


def form(page: Page, problem: problems.Problem | None = None, tried: Any = None) -> Response:
    """A file and the totals that the other system says it comes to: first what it would do, then the thing itself."""
    parts = page.together(payers=page.ask("Billing.ListPayers", page_size=500))
    payers = parts["payers"].value.payers if parts["payers"].value is not None else ()
    return page.show(
        "settings/cut_over_new.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="cut-over",
        words=words_billing,
        tried=tried,
        totals=TOTALS,
        payers=payers,
    )


def take(page: Page) -> Response:
    """Tries the file, gives its bad rows back as a file, or takes it in."""
    sent = page.exchange.request.files.get("file")
    content = sent.read() if sent is not None and sent.filename else b""
    name = sent.filename.replace("/", "_").replace("\\", "_")[:120] if sent is not None and sent.filename else ""
    then = page.sent("then")
    try:
        if not content:
            raise Refused(problems.from_error(InvalidInput([Violation("file", N_("Choose a file first."))])))
        answer = page.submit(
            "CutOver.ImportCutOverFile", keyed=then == "take", content=content, name=name, dry_run=then != "take"
        )
    except Refused as refused:
        return form(page, refused.problem)
    if then == "rows":
        return page.attachment(answer.error_file, "bad-rows.csv", "text/csv; charset=utf-8")
    if then == "take":
        told = N_("The same file was taken in before; nothing was done.") if answer.known_already else TAKEN
        return page.go(PATH, page.gettext(told, count=answer.rows))
    return form(page, tried=answer)


TAKEN = N_("%(count)s rows are taken in, and the ledger agrees with the totals.")
