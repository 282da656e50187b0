"""The desk of one visit: who it is, insurance, what to ask for, money taken, receipt; and the clerk's drawer."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words, words_money
from gateway.console.finding import date_of
from gateway.console.patients import banner, banner_asks, banner_of, cents, date
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.page import PAGE_SIZE, Page

OPEN = 1


def desk(page: Page, problem: problems.Problem | None = None) -> Response:
    """Everything that arriving asks for, on one page."""
    appointment_id = page.values["appointment_id"]
    visit = page.call("Scheduling.GetAppointment", appointment_id=appointment_id)
    parts = page.together(
        **banner_asks(page, visit.patient_id),
        amounts=page.ask("Billing.AskAmounts", appointment_id=appointment_id),
        drawers=page.ask("Billing.ListDrawers", location_id=visit.location_id, state=OPEN, page_size=50),
        payments=page.ask("Billing.ListPayments", appointment_id=appointment_id, page_size=20),
        checks=page.ask("Eligibility.ListEligibilityChecks", patient_id=visit.patient_id, page_size=5),
    )
    drawer = mine(page, parts["drawers"])
    return page.show(
        "arrive.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=banner_of(page, parts),
        tab="",
        words=words,
        visit=visit,
        drawer=drawer,
        amounts=parts["amounts"],
        payments=parts["payments"],
        checks=parts["checks"],
    )


def mine(page: Page, part: Any) -> Any:
    """The person's own open drawer, None without one."""
    found = part.value.drawers if part.value is not None else ()
    return next((each for each in found if each.user_id == page.user.id), None)


def take(page: Page) -> Response:
    """Takes money for a visit and leads to its receipt."""
    appointment_id = page.values["appointment_id"]
    try:
        payment = page.submit("Billing.TakePayment", appointment_id=appointment_id)
    except Refused as refused:
        return desk(page, refused.problem)
    return page.go(f"/console/payments/{payment.payment_id}", back=f"/console/visits/{appointment_id}/arrive")


def pay(page: Page, problem: problems.Problem | None = None) -> Response:
    """Money from a patient without a visit: the oldest balance first."""
    head, parts = banner(
        page,
        page.values["patient_id"],
        drawers=page.ask("Billing.ListDrawers", state=OPEN, page_size=100),
        payments=page.ask("Billing.ListPayments", patient_id=page.values["patient_id"], page_size=10),
    )
    return page.show(
        "pay.html",
        status=problem.status if problem else 200,
        problem=problem,
        banner=head,
        tab="",
        words=words,
        drawer=mine(page, parts["drawers"]),
        payments=parts["payments"],
    )


def take_from_patient(page: Page) -> Response:
    """Takes it."""
    patient_id = page.values["patient_id"]
    try:
        payment = page.submit("Billing.TakePayment", patient_id=patient_id)
    except Refused as refused:
        return pay(page, refused.problem)
    return page.go(f"/console/payments/{payment.payment_id}", back=f"/console/patients/{patient_id}/account")


def payment(page: Page) -> Response:
    """One payment: what came of it, its receipt, and the ways back (refund, reversal)."""
    found = page.call("Billing.GetPayment", payment_id=page.values["payment_id"])
    head, _ = banner(page, found.patient_id)
    back = page.arg("back")
    return page.show(
        "payment.html",
        payment=found,
        banner=head,
        tab="account",
        words=words,
        declines=words_money.DECLINE,
        back=back if back.startswith("/console/") else "",
    )


def refund(page: Page) -> Response:
    """Gives unapplied money back."""
    payment_id = page.values["payment_id"]
    page.submit("Billing.RefundPayment", payment_id=payment_id)
    return page.go(f"/console/payments/{payment_id}", page.gettext("The money is given back."))


def reverse(page: Page) -> Response:
    """Takes a payment back whole."""
    payment_id = page.values["payment_id"]
    page.submit("Billing.ReversePayment", payment_id=payment_id)
    return page.go(f"/console/payments/{payment_id}", page.gettext("The payment is taken back."))


def receipt(page: Page) -> Response:
    """The receipt as a PDF."""
    return page.file(page.call("Billing.GetReceipt", payment_id=page.values["payment_id"]), "receipt.pdf")


def drawer(page: Page, problem: problems.Problem | None = None) -> Response:
    """The person's drawer: opened with a float, counted at the end; what was over or short before."""
    here = page.location.location_id if page.location is not None else ""
    parts = page.together(
        drawers=page.ask(
            "Billing.ListDrawers", location_id=here, page_size=PAGE_SIZE, page_token=page.arg("page_token")
        ),
        open=page.ask("Billing.ListDrawers", location_id=here, state=OPEN, page_size=100),
        closes=page.ask("Billing.ListDayCloses", location_id=here, page_size=10),
        missing=page.ask("Billing.ListMissingCharges", location_id=here, up_to=date_of(page), page_size=20),
    )
    own = mine(page, parts["open"])
    payments = (
        page.together(payments=page.ask("Billing.ListPayments", drawer_id=own.drawer_id, page_size=100))["payments"]
        if own
        else None
    )
    if page.arg("format") == "csv":
        return page.csv(
            "drawers",
            ["day", "user", "opened", "closed", "expected cash", "counted cash", "over/short", "note"],
            (
                [
                    date(each.business_date),
                    each.user_name,
                    formats.iso(each.opened_at),
                    formats.iso(each.closed_at),
                    cents(each.expected_cash),
                    cents(each.counted_cash),
                    cents(each.over_short),
                    each.note,
                ]
                for each in page.pages("Billing.ListDrawers", "drawers", location_id=here)
            ),
        )
    return page.show(
        "drawer.html",
        status=problem.status if problem else 200,
        problem=problem,
        words=words,
        own=own,
        payments=payments,
        drawers=parts["drawers"].need(),
        open=parts["open"].need().drawers,
        closes=parts["closes"],
        missing=parts["missing"],
    )


def open_drawer(page: Page) -> Response:
    """Opens the person's drawer at the location."""
    try:
        page.submit("Billing.OpenDrawer")
    except Refused as refused:
        return drawer(page, refused.problem)
    back = page.sent("back")
    own = back.startswith("/console/") and "\\" not in back
    return page.go(back if own else "/console/drawer", page.gettext("Your drawer is open."))


def close_drawer(page: Page) -> Response:
    """Counts and closes a drawer."""
    try:
        page.submit("Billing.CloseDrawer", drawer_id=page.values["drawer_id"])
    except Refused as refused:
        return drawer(page, refused.problem)
    return page.go("/console/drawer", page.gettext("The drawer is counted and closed."))


def close_day(page: Page) -> Response:
    """Closes a location's day."""
    try:
        page.submit("Billing.CloseDay")
    except Refused as refused:
        return drawer(page, refused.problem)
    return page.go("/console/drawer", page.gettext("The day is closed: nothing is posted to it any more."))
