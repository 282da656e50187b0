"""Fees for visits that did not take place: what was charged or why nothing was, and taking one back."""

from __future__ import annotations

from flask import Response

from gateway import errors as problems
from gateway.console import words_billing
from gateway.console.statement_runs import people
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

PATH = "/console/billing/visit-fees"


def listing(page: Page) -> Response:
    """Late cancellations and missed visits, the newest first."""
    states = [(value, page.gettext(told[2])) for value, told in words_billing.FEE.items()]
    kinds = [(value, page.gettext(text)) for value, text in words_billing.FEE_KIND.items()]
    columns = (
        Column("patient", N_("Patient"), "patient_name", searched=True),
        Column("what", N_("What"), lambda each: page.label(words_billing.FEE_KIND, each.kind)),
        Column("when", N_("When"), "happened_at"),
        Column("amount", N_("Fee"), "amount", number=True),
        Column("payer", N_("Whose rule"), "payer_code", searched=True),
        Column("reason", N_("Why"), lambda each: page.label(words_billing.NO_FEE, each.reason), searched=True),
        Column("state", N_("State"), "state"),
    )
    wished = page.arg("state")
    shown = paged(
        page,
        "visit-fees",
        "VisitFees.ListVisitFees",
        "visit_fees",
        columns,
        [
            Filter("state", N_("State"), states, N_("All")),
            Filter("kind", N_("What"), kinds, N_("All"), lambda each, value: str(each.kind) == value),
        ],
        state=wished if wished in words_billing.FEE else "",
    )
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show("collecting/fees.html", tab="collecting", part="fees", listing=shown, words=words_billing)


def fee(page: Page, problem: problems.Problem | None = None) -> Response:
    """One fee, or why there is none; a fee that was charged can be waived."""
    found = page.call("VisitFees.GetVisitFee", visit_fee_id=page.values["visit_fee_id"])
    return page.show(
        "collecting/fee.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="fees",
        fee=found,
        words=words_billing,
        places={each.location_id: each.name for each in page.locations},
        names=people(page),
        may=found.state == "charged" and page.may("VisitFees.WaiveVisitFee"),
    )


def waive(page: Page) -> Response:
    """Takes a fee back; what was paid on it is unused money again."""
    visit_fee_id = page.values["visit_fee_id"]
    try:
        page.submit("VisitFees.WaiveVisitFee", visit_fee_id=visit_fee_id)
    except Refused as refused:
        return fee(page, refused.problem)
    return page.go(PATH, page.gettext("The fee is waived."))
