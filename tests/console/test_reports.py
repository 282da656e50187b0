"""The manager's key figures by month: each says how it is computed and leads to its rows."""

from __future__ import annotations

import re

from gateway.console.report_figures import FIGURES
from tests.console.house import House, patient
from tests.console.test_money import insured_visit, sign

PATH = "/console/reports/months"


def test_months_by_location_with_their_rows(house: House) -> None:
    """A signed visit is in this month's charges; the figure leads to the journals behind it; side by side the location has it."""
    sign(house, insured_visit(house, patient(house, "Figure", "Fay")))
    browser = house.browser("manager").get("/console/reports")
    assert PATH in browser.html
    browser.get(PATH)
    assert "charges posted in the month" in browser.text
    amount = re.search(r'<a href="(/console/reports/journals[^"]*)">\$([\d,]+\.\d\d)</a>', browser.html)
    assert amount, browser.text
    assert float(amount[2].replace(",", "")) >= 155
    rows = browser.get(amount[1].replace("&amp;", "&"))
    assert rows.status == 200
    assert "155.00" in rows.text
    assert "Receivable from payers" in rows.text
    browser.get(f"{PATH}?by=location&figure=charges")
    assert "Harbor" in browser.text
    assert "<svg" in browser.html
    for figure in ("payments", "receivables", "days", "first_pass", "denied", "net", "lag"):
        assert browser.get(f"{PATH}?figure={figure}&by=payer").status == 200, figure


def test_every_figure_says_how_and_leads_to_its_rows(house: House) -> None:
    """Each figure of a period stands with its sentence; whoever may see the rows finds them behind it, and an empty clinic has none."""
    browser = house.browser("manager").get("/console/reports?from=t-7&to=t")
    for figure in FIGURES:
        assert figure.how in browser.text, figure.word
    links = re.findall(r'<a class="figure" href="([^"]+)"', browser.html)
    assert len(links) == len(FIGURES) + 1
    for link in links:
        assert browser.get(link.replace("&amp;", "&")).status == 200, link


def test_months_as_a_file(house: House) -> None:
    """The CSV has a line a month with every figure; nonsense in the address shows the last twelve months."""
    browser = house.browser("biller")
    text = browser.get(f"{PATH}?format=csv").html
    assert text.lstrip("\ufeff").startswith("month,group,charges,payments,receivables,days,first_pass,denied,net,lag")
    assert browser.get(f"{PATH}?from=never&to=whenever&by=moon&figure=luck").status == 200
