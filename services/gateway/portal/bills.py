"""Bills: what is owed and why, statements and receipts, paying by card, payment plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Response
from google.type import date_pb2
from polyclinic.billing.v1 import payment_plans_pb2 as payment_plans
from polyclinic.billing.v1 import payments_pb2 as billing
from polyclinic.types.v1 import types_pb2

from gateway import errors as problems
from gateway.portal.page import PortalPage
from gateway.portal.words import Known
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.page import POLICY
from gateway.web.site import Table, get, post

# Movements that are read to explain an account; an account with more is explained by its statements.
MOST_LINES = 2_000
STATEMENTS, PAYMENTS = 12, 20
PAID_BY_PAYER = frozenset({"payer_payment"})
PAID_BY_PATIENT = frozenset({"patient_payment", "refund"})
STATES: Known = {
    billing.PAYMENT_STATE_PENDING: ("◐", "info", N_("On its way")),
    billing.PAYMENT_STATE_RECEIVED: ("✓", "good", N_("Received")),
    billing.PAYMENT_STATE_DECLINED: ("×", "bad", N_("Declined")),
    billing.PAYMENT_STATE_REVERSED: ("↩", "", N_("Taken back")),
    billing.PAYMENT_STATE_DISPUTED: ("!", "warn", N_("Disputed")),
}
# In how many monthly instalments a patient may choose to pay, and when the first one is due.
COUNTS = (3, 6, 12)
FIRST_DUE_DAYS = 30
INSTALMENTS: Mapping[str, tuple[str, str, str]] = {
    "paid": ("✓", "good", N_("Paid")),
    "due": ("○", "warn", N_("Due now")),
    "missed": ("!", "bad", N_("Missed")),
    "scheduled": ("○", "", N_("To come")),
}
PLANS: Mapping[str, tuple[str, str, str]] = {
    "active": ("◐", "info", N_("Running")),
    "completed": ("✓", "good", N_("All paid")),
    "broken": ("!", "bad", N_("Broken off")),
    "cancelled": ("×", "", N_("Ended")),
}
METHODS: Mapping[int, str] = {
    billing.PAYMENT_METHOD_CASH: N_("Cash"),
    billing.PAYMENT_METHOD_CHECK: N_("Check"),
    billing.PAYMENT_METHOD_CARD: N_("Card"),
}
# Why a card was declined, in words that help; others are told as they are.
DECLINES: Mapping[str, str] = {
    "card_declined": N_("The bank declined the card. Please try another one, or call your bank."),
    "insufficient_funds": N_("There is not enough money on the card. Please try another one."),
    "expired_card": N_("The card has expired."),
    "incorrect_cvc": N_("The security code is wrong."),
}


@dataclass(frozen=True, slots=True)
class CardEntry:
    """Where browsers hand a card's number over, so that it never comes to us: the processor's address and our public key there."""

    url: str = ""
    publishable_key: str = ""

    @property
    def is_open(self) -> bool:
        """Whether cards can be entered in the portal."""
        return bool(self.url and self.publishable_key)

    @property
    def policy(self) -> str:
        """The pages' policy, with the processor as the one other place a page may talk to."""
        parts = urlsplit(self.url)
        return POLICY.replace("connect-src 'self'", f"connect-src 'self' {parts.scheme}://{parts.netloc}")


@dataclass
class Explained:
    """One service on the account, in minor units: charge − insurance − adjusted − paid = left + with insurance."""

    description: str
    day: Any
    charge: int = 0
    insurance: int = 0
    adjusted: int = 0
    paid: int = 0
    left: int = 0
    with_insurance: int = 0
    currency: str = field(default="USD")

    def money(self, minor: int) -> types_pb2.Money:
        """An amount of this service as a message."""
        return types_pb2.Money(minor_units=minor, currency=self.currency)


def explain(lines: Iterable[Any]) -> list[Explained]:
    """The movements of an account put together by service, the newest first."""
    found: dict[str, Explained] = {}
    for line in lines:
        if not line.charge_line_id:
            continue
        one = found.get(line.charge_line_id)
        if one is None:
            one = Explained(line.description, line.service_date, currency=line.amount.currency or "USD")
            found[line.charge_line_id] = one
        amount = line.amount.minor_units
        if line.kind == "charge":
            one.charge += amount
            one.description, one.day = line.description, line.service_date
        elif line.kind in PAID_BY_PAYER:
            one.insurance -= amount
        elif line.kind in PAID_BY_PATIENT:
            one.paid -= amount
        else:
            one.adjusted -= amount
        one.left += line.patient_amount.minor_units
        one.with_insurance += amount - line.patient_amount.minor_units
    return sorted(found.values(), key=lambda one: (one.day.year, one.day.month, one.day.day), reverse=True)


class Bills:
    """The pages."""

    def __init__(self, cards: CardEntry) -> None:
        self._cards = cards

    def table(self) -> Table:
        """Every address behind the portal's."""
        return (
            get("/bills", self.listing),
            get("/bills/{statement_id}", self.statement),
            post("/bills/{statement_id}", self.pay),
            get("/bills/{statement_id}/pdf", self.statement_pdf),
            get("/plan", self.plan_form),
            post("/plan", self.agree),
            get("/plan/{payment_plan_id}", self.plan),
            get("/payments/{payment_id}", self.payment),
            get("/payments/{payment_id}/receipt", self.receipt),
        )

    def listing(self, page: PortalPage) -> Response:
        """What is owed, why, the statements and what was paid."""
        parts = page.together(
            account=page.ask("Billing.GetAccount", patient_id=page.patient_id, page_size=500),
            statements=page.ask("Billing.ListStatements", patient_id=page.patient_id, page_size=STATEMENTS),
            payments=page.ask("Billing.ListPayments", patient_id=page.patient_id, page_size=PAYMENTS),
            plans=page.ask("PaymentPlans.ListPaymentPlans", patient_id=page.patient_id, state="active", page_size=5),
        )
        account = parts["account"].need()
        lines = list(account.lines)
        if account.next_page_token:
            lines = list(page.pages("Billing.GetAccount", "lines", MOST_LINES, patient_id=page.patient_id))
        return page.show(
            "bills/list.html",
            account=account,
            explained=explain(lines),
            statements=parts["statements"],
            payments=parts["payments"],
            plans=parts["plans"],
            states=STATES,
            methods=METHODS,
        )

    def statement(self, page: PortalPage, problem: problems.Problem | None = None) -> Response:
        """One statement, line by line, and the way to pay it."""
        found = page.call("Billing.GetStatement", statement_id=page.own("statement_id"))
        shown = page.show(
            "bills/statement.html",
            status=problem.status if problem else 200,
            problem=problem,
            statement=found,
            cards=self._cards,
        )
        if self._cards.is_open:
            shown.headers["Content-Security-Policy"] = self._cards.policy
        return shown

    def pay(self, page: PortalPage) -> Response:
        """Pays a statement with the card that the processor has taken over."""
        try:
            payment = page.submit("Billing.PayStatement", statement_id=page.own("statement_id"))
        except Refused as refused:
            return self.statement(page, refused.problem)
        return page.go(f"{page.here}/payments/{payment.payment_id}")

    def plan_form(self, page: PortalPage, problem: problems.Problem | None = None) -> Response:
        """What is owed, in instalments: how many, and what they would come to."""
        count = page.sent("count") or page.arg("count") or str(COUNTS[0])
        chosen = int(count) if count.isdecimal() and int(count) in COUNTS else COUNTS[0]
        asked = {"patient_id": page.patient_id, "count": chosen, **self._monthly(page)}
        parts = page.together(
            preview=page.ask("PaymentPlans.PreviewPaymentPlan", **asked),
            cards=page.ask("PaymentPlans.ListCards", patient_id=page.patient_id, page_size=10),
        )
        return page.show(
            "bills/plan_form.html",
            status=problem.status if problem else 200,
            problem=problem,
            counts=COUNTS,
            chosen=chosen,
            preview=parts["preview"],
            cards=parts["cards"].value.cards if parts["cards"].value is not None else (),
        )

    def agree(self, page: PortalPage) -> Response:
        """Agrees to the plan that was shown."""
        try:
            made = page.submit("PaymentPlans.AgreePaymentPlan", patient_id=page.patient_id, **self._monthly(page))
        except Refused as refused:
            return self.plan_form(page, refused.problem)
        return page.go(f"{page.here}/plan/{made.payment_plan_id}", page.gettext("Thank you. The plan is agreed."))

    @staticmethod
    def plan(page: PortalPage) -> Response:
        """One plan with its instalments, and the card that pays them."""
        parts = page.together(
            plan=page.ask("PaymentPlans.GetPaymentPlan", payment_plan_id=page.own("payment_plan_id")),
            cards=page.ask("PaymentPlans.ListCards", patient_id=page.patient_id, page_size=10),
        )
        cards = parts["cards"].value.cards if parts["cards"].value is not None else ()
        return page.show("bills/plan.html", plan=parts["plan"].need(), cards=cards, states=INSTALMENTS, ended=PLANS)

    @staticmethod
    def _monthly(page: PortalPage) -> dict[str, Any]:
        """Once a month, for the first time a month from today."""
        first = page.today + timedelta(days=FIRST_DUE_DAYS)
        day = date_pb2.Date(year=first.year, month=first.month, day=first.day)
        return {"every": payment_plans.PLAN_EVERY_MONTH, "first_due": day}

    @staticmethod
    def statement_pdf(page: PortalPage) -> Response:
        """The statement on paper."""
        body = page.call("Billing.GetStatementPdf", statement_id=page.own("statement_id"))
        return page.file(body, "statement.pdf")

    @staticmethod
    def payment(page: PortalPage) -> Response:
        """One payment; asks again by itself until the processor has answered."""
        found = page.call("Billing.GetPayment", payment_id=page.own("payment_id"))
        return page.show("bills/payment.html", payment=found, states=STATES, methods=METHODS, declines=DECLINES)

    @staticmethod
    def receipt(page: PortalPage) -> Response:
        """The receipt on paper."""
        return page.file(page.call("Billing.GetReceipt", payment_id=page.own("payment_id")), "receipt.pdf")
