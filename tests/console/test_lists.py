"""Every list of the console is searched, narrowed, ordered, turned page by page and told as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.console import routes
from gateway.web.lists import Column, Filter, plain, whole
from tests.console.house import Browser, House, patient

TEMPLATES = routes.TEMPLATES
# Lists: the template's name → the address, and an order to try.
LISTS = {
    "billing/claims.html": ("/console/billing/claims", "charge"),
    "billing/denials.html": ("/console/billing/denials", "amount"),
    "billing/files.html": ("/console/billing/files", "file"),
    "billing/follow_ups.html": ("/console/billing/follow-ups", "claim"),
    "billing/missing.html": ("/console/billing/missing", "clinician"),
    "billing/queue.html": ("/console/billing/work", "amount"),
    "billing/remittances.html": ("/console/billing/remittances", "payment"),
    "billing/reviews.html": ("/console/billing/reviews", "patient"),
    "collecting/candidates.html": ("/console/billing/collections", "balance"),
    "collecting/cases.html": ("/console/billing/collections/cases", "left"),
    "collecting/fees.html": ("/console/billing/visit-fees", "amount"),
    "collecting/files.html": ("/console/billing/collections/files", "cases"),
    "collecting/holds.html": ("/console/billing/statements/holds", "who"),
    "collecting/invoice_ages.html": ("/console/billing/invoices/ages", "total"),
    "collecting/invoices.html": ("/console/billing/invoices", "due"),
    "collecting/mailings.html": ("/console/billing/statements/mailings", "statements"),
    "collecting/statements.html": ("/console/billing/statements", "amount"),
    "messages/inbox.html": ("/console/messages", "subject"),
    "patient/looked.html": ("{patient}/looked", "who"),
    "patient/visits.html": ("{patient}/visits", "visit"),
    "settings/audit.html": ("/console/settings/audit", "what"),
    "settings/consents.html": ("/console/settings/consents", "title"),
    "settings/cut_over.html": ("/console/settings/cut-over", "rows"),
    "settings/fees.html": ("/console/settings/fees", "code"),
    "settings/forms.html": ("/console/settings/forms", "title"),
    "settings/locations.html": ("/console/settings/locations", "name"),
    "settings/payers.html": ("/console/settings/payers", "name"),
    "settings/people.html": ("/console/settings/people", "npi"),
    "settings/pools.html": ("/console/settings/pools", "name"),
    "settings/programs.html": ("/console/settings/programs", "name"),
    "settings/review_rules.html": ("/console/settings/review-rules", "name"),
    "settings/texts.html": ("/console/settings/texts", "language"),
    "settings/types.html": ("/console/settings/types", "minutes"),
    "settings/users.html": ("/console/settings/users", "name"),
}
# Pages with lines that are no such list, each with the reason.
OTHERS = {
    "audit_table.html": "the lines of the two lists of the audit",
    "billing/aging.html": "a table of sums by party, as a file; below it who owes most, by pages",
    "billing/overview.html": "the first few of other lists, each with a link to the whole",
    "billing/remittance.html": "what one remittance says, whole",
    "billing/rule_replay.html": "what one try would change",
    "billing/rule_set.html": "rules in the order in which they run",
    "billing/rules.html": "a handful of versions, the newest first, by pages",
    "calendar.html": "one day or week, placed by its time",
    "clinician/day.html": "one clinician's day in the order of its time",
    "day_sheet.html": "a day to be printed",
    "drawer.html": "one drawer's day",
    "found_people.html": "people found by what was typed; what is searched for never stands in an address",
    "journals.html": "the rows behind one figure, narrowed by the figure's link, by pages and as a file",
    "messages/log.html": "everything that passed, the newest first, by pages and as a file",
    "patient/account.html": "a ledger in the order of its postings, as a file",
    "patient/documents.html": "pictures, forms and consents of one patient",
    "patient/messages.html": "what was sent to one patient, the newest first, by pages; the log has all as a file",
    "patient/overview.html": "the first few of other lists, each with a link to the whole",
    "reports_day.html": "the locations side by side, as a file",
    "reports_months.html": "months side by side, as a file",
    "settings/fee_list.html": "one price list: searched, ordered and told as a file by its own codes",
    "settings/hours.html": "weekly hours and closures, of one location at a time",
    "today.html": "the board of one day, live, as a file",
}


def test_every_page_with_lines_is_in_the_inventory() -> None:
    """A template with lines is a list with every ability, or stands among the others with its reason."""
    with_lines = {
        str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if "data-row" in path.read_text()
    }
    listed = {name for name in LISTS if name not in ("patient/looked.html", "settings/audit.html")}
    assert with_lines == listed | set(OTHERS)


@pytest.mark.parametrize("template", LISTS)
def test_a_list_has_every_ability(house: House, template: str) -> None:
    """It is searched (a way back when nothing fits), narrowed by a choice, ordered both ways, and told as a file that follows these."""
    path, order = LISTS[template]
    path = path.replace("{patient}", f"/console/patients/{house.ids['patient']}")
    browser = house.browser("owner").get(path)
    assert browser.status == 200
    assert 'role="search"' in browser.html.split('id="main"')[1], "no search"
    assert "data-go" in browser.html.split('id="main"')[1], "no filter"
    head = table(browser, path)[0]
    assert order.replace("_", " ") in head
    for way in (order, f"-{order}"):
        rows = table(browser, path, sort=way)
        assert rows[0] == head
        assert browser.get(f"{path}?sort={way}").status == 200
    assert table(browser, path, q="nothing is called like this") == [head]
    assert "Show all" in browser.get(f"{path}?q=nothing+is+called+like+this").text


def table(browser: Browser, path: str, **query: str) -> list[list[str]]:
    """The list as a file: its head and its rows."""
    answer = browser.client.get(path, query_string={"format": "csv", **query})
    assert answer.content_type.startswith("text/csv"), answer.status
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))


def test_an_order_is_said_and_turned_round(house: House) -> None:
    """The head of the column says the order to a screen reader and leads to the other one; the search is kept."""
    browser = house.browser("manager").get("/console/settings/people?q=oka&sort=name")
    assert 'aria-sort="ascending"' in browser.html
    assert re.search(r'href="/console/settings/people\?q=oka&amp;sort=-name"', browser.html)
    assert "Okafor" in browser.text


def test_users_are_narrowed_by_role_and_state(house: House) -> None:
    """Choices of the service and of the page go together."""
    browser = house.browser("manager")
    biller = {row[0] for row in table(browser, "/console/settings/users", role="5", use="yes")[1:]}
    assert "biller" in biller
    assert "desk" not in biller
    assert len(table(browser, "/console/settings/users", role="5", use="no")) == 1


def test_a_patient_s_visits_are_narrowed_by_state(house: House) -> None:
    """A patient without visits has an empty list that says so, not one that claims nothing fits."""
    path = f"/console/patients/{patient(house, 'Listed', 'Lea')}/visits"
    browser = house.browser("desk").get(path)
    assert "No visits yet." in browser.text
    assert "Nothing here fits" in browser.get(f"{path}?state=9").text


# ---- the component by itself

NAMES = st.lists(st.tuples(st.text("abcß Z%", max_size=4), st.integers(-3, 3)), max_size=130)
COLUMNS = (Column("name", "Name", "name", searched=True), Column("count", "Count", "count", number=True))


class FakePage:
    """The address of a page, and nothing else of it."""

    def __init__(self, **query: str) -> None:
        self.query = query

    def arg(self, name: str, default: str = "") -> str:
        return self.query.get(name, default)


def listed(entries: list[Any], **query: str) -> Any:
    by_sign = Filter("sign", "Sign", [("-", "below zero")], "All", lambda each, _: each.count < 0)
    page: Any = FakePage(**query)
    return whole(page, "things", entries, COLUMNS, [by_sign])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NAMES, st.sampled_from(["name", "-name", "count", "-count", ""]), st.sampled_from(["", "-"]))
def test_pages_give_every_entry_once_in_order(things: list[tuple[str, int]], order: str, sign: str) -> None:
    """Turned page by page, a list gives what its file has: every entry that fits, once, in the same order."""
    entries = [SimpleNamespace(name=name, count=count, id=number) for number, (name, count) in enumerate(things)]
    file = [each.id for each in listed(entries, sort=order, sign=sign, format="csv").rows]
    assert sorted(file) == [each.id for each in entries if not sign or each.count < 0]
    turned, token = [], ""
    while True:
        page = listed(entries, sort=order, sign=sign, page_token=token)
        turned += [each.id for each in page.rows]
        token = page.next_token
        if not token:
            break
    distinct = len({(each.name, each.count) for each in entries}) == len(entries)
    assert turned == file or not distinct


@given(st.text(max_size=30))
def test_a_token_that_is_none_begins_at_the_beginning(token: str) -> None:
    """What somebody writes into the address breaks no list."""
    entries = [SimpleNamespace(name=str(number), count=number, id=number) for number in range(60)]
    assert listed(entries, page_token=token).rows


def test_values_in_a_file() -> None:
    """Days and money are written so that a spreadsheet reads them; nothing stays nothing."""
    from google.type.date_pb2 import Date
    from polyclinic.types.v1.types_pb2 import Money

    assert plain(Date(year=2026, month=3, day=9)) == date(2026, 3, 9).isoformat()
    assert plain(Date()) == ""
    assert plain(Money(minor_units=-1205, currency="USD")) == "-12.05"
