"""A patient pays a bill by card, and agrees to instalments that a card on file pays; against the card processor's simulator."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.clinic import Clinic
from tests.browser.conftest import NARROW, WIDE
from tests.browser.patients import at_the_portal, billed, look, someone

pytestmark = pytest.mark.browser
# The processor's own test numbers.
TAKEN, NO_FUNDS, MISTYPED = "4242 4242 4242 4242", "4000 0000 0000 9995", "4242 4242 4242 4241"
ANSWERED_MS = 60_000


def type_card(page: Page, number: str) -> None:
    """What a person types about a card."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Valid until (MM/YY)").fill("04/32")
    page.get_by_label("Security code").fill("123")


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["390", "1440"])
def test_a_bill_is_paid_by_card(
    chromium: Browser, clinic: Clinic, keep: Callable[[Page, str], None], size: Any
) -> None:
    """A mistyped number is told before anything is sent to us, a card without money leads back to the bill, a good one to a receipt
    that the processor has confirmed by its webhook; the number itself never comes to us."""
    who = someone(clinic, days=0)
    statement = billed(clinic, who)
    sent: list[str] = []
    with at_the_portal(chromium, clinic, who, size) as page:
        here = f"/portal/{clinic.tenant}"
        page.on("request", lambda request: sent.append(request.post_data or "") if clinic.url in request.url else None)
        page.goto(here)
        page.get_by_role("link", name=re.compile("^Pay")).click()
        page.wait_for_url(re.compile(statement))
        look(page, keep, "statement")
        type_card(page, MISTYPED)
        page.get_by_role("button", name="Pay now").click()
        expect(page.get_by_text("The card was not accepted.")).to_be_visible()
        type_card(page, NO_FUNDS)
        page.get_by_role("button", name="Pay now").click()
        expect(page.get_by_text("There is not enough money on the card.")).to_be_visible(timeout=ANSWERED_MS)
        look(page, keep, "declined")
        page.get_by_role("link", name="Try again").click()
        page.get_by_label("How much do you want to pay?").fill("20.00")
        type_card(page, TAKEN)
        page.get_by_role("button", name="Pay now").click()
        expect(page.get_by_text(re.compile("Receipt .*\\d"))).to_be_visible(timeout=ANSWERED_MS)
        look(page, keep, "paid")
        page.goto(f"{here}/bills")
        expect(page.get_by_role("link", name="$20.00")).to_be_visible()
        look(page, keep, "bills-paid")
    assert any("card_token=pm_" in each for each in sent)
    assert not [each for each in sent if "4242" in each or "9995" in each]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["390", "1440"])
def test_a_card_on_file_pays_a_plan(
    chromium: Browser, clinic: Clinic, keep: Callable[[Page, str], None], size: Any
) -> None:
    """From the bills to instalments, a card added on the way, the plan agreed to be paid from it, and by hand again once it is taken
    away."""
    who = someone(clinic, days=0)
    billed(clinic, who)
    with at_the_portal(chromium, clinic, who, size) as page:
        page.goto(f"/portal/{clinic.tenant}/bills")
        page.get_by_role("link", name="Too much at once? Pay it in instalments.").click()
        look(page, keep, "plan-form")
        page.get_by_role("link", name="Pay them from a card: add one").click()
        look(page, keep, "cards")
        type_card(page, TAKEN)
        page.get_by_role("button", name="Keep this card").click()
        expect(page.get_by_label("How", exact=True)).to_have_value(re.compile("^[0-9a-f-]{36}$"))
        page.get_by_role("button", name="Agree to this plan").click()
        expect(page.get_by_text("From my card Visa ending in 4242").first).to_be_visible()
        look(page, keep, "plan")
        page.goto(f"/portal/{clinic.tenant}/cards")
        look(page, keep, "cards-kept")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("status")).to_contain_text("no longer on file")
