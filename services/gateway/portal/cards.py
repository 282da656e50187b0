"""Cards on file: adding one, choosing the one that pays a plan's instalments, forgetting one."""

from __future__ import annotations

from calendar import monthrange
from typing import Any

from flask import Response
from google.type import date_pb2

from gateway import errors as problems
from gateway.portal.bills import CardEntry
from gateway.portal.page import PortalPage
from gateway.web.calls import Refused
from gateway.web.site import Table, get, post

MOST = 20


class Cards:
    """The pages. A card's number is handed to the card company by the browser; what comes here is its token."""

    def __init__(self, cards: CardEntry) -> None:
        self._cards = cards

    def table(self) -> Table:
        """Every address behind the portal's."""
        return (
            get("/cards", self.listing),
            post("/cards", self.add),
            post("/cards/{card_id}/remove", self.remove),
            post("/plan/{payment_plan_id}/card", self.choose),
        )

    def listing(self, page: PortalPage, problem: problems.Problem | None = None) -> Response:
        """The cards on file and the way to add one; ``plan`` is the plan that a new one shall pay."""
        found = page.call("PaymentPlans.ListCards", patient_id=page.patient_id, page_size=MOST)
        shown = page.show(
            "bills/cards.html",
            status=problem.status if problem else 200,
            problem=problem,
            found=found.cards,
            entry=self._cards,
            plan=page.sent("plan") or page.arg("plan"),
            count=page.sent("count") or page.arg("count"),
        )
        if self._cards.is_open:
            shown.headers["Content-Security-Policy"] = self._cards.policy
        return shown

    def add(self, page: PortalPage) -> Response:
        """Keeps a card, and lets it pay the plan that the person came from."""
        try:
            card = page.submit("PaymentPlans.StoreCard", patient_id=page.patient_id, **_expiry(page))
            if plan := page.sent("plan"):
                return self._use(page, plan, card.card_id)
        except Refused as refused:
            return self.listing(page, refused.problem)
        if page.sent("count").isdecimal():
            return page.go(f"{page.here}/plan", count=page.sent("count"), card=card.card_id)
        return page.go(f"{page.here}/cards", page.gettext("The card is on file."))

    @staticmethod
    def remove(page: PortalPage) -> Response:
        """Forgets a card; what it paid is paid by hand from now on."""
        page.do("PaymentPlans.RemoveCard", card_id=page.own("card_id"))
        return page.go(f"{page.here}/cards", page.gettext("The card is no longer on file."))

    def choose(self, page: PortalPage) -> Response:
        """Lets a card on file pay the coming instalments; none: they are paid by hand."""
        return self._use(page, page.own("payment_plan_id"), page.sent("card_id"))

    @staticmethod
    def _use(page: PortalPage, plan_id: str, card_id: str) -> Response:
        plan = page.call("PaymentPlans.GetPaymentPlan", payment_plan_id=plan_id)
        page.do("PaymentPlans.SetPlanCard", payment_plan_id=plan_id, card_id=card_id, version=plan.version)
        told = (
            page.gettext("The card pays the coming instalments.")
            if card_id
            else page.gettext("You pay each one yourself.")
        )
        return page.go(f"{page.here}/plan/{plan.payment_plan_id}", told)


def _expiry(page: PortalPage) -> dict[str, Any]:
    """The last day of the month that the card company has named; nothing when it has named none."""
    month, year = page.sent("exp_month"), page.sent("exp_year")
    if not (month.isdecimal() and year.isdecimal() and 1 <= int(month) <= 12 and 0 <= int(year) <= 9999):
        return {}
    full = int(year) if int(year) > 99 else 2000 + int(year)
    return {"expires_on": date_pb2.Date(year=full, month=int(month), day=monthrange(full, int(month))[1])}
