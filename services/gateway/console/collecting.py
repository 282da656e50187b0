"""Collections: small balances written off by rule, balances handed to an agency, the cases there, and the policy of it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words_billing
from gateway.console.statement_runs import people
from gateway.console.work import said
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

PATH = "/console/billing/collections"
HAND_OFF, CASES, FILES = f"{PATH}/hand-off", f"{PATH}/cases", f"{PATH}/files"
POLICY = "/console/settings/collections"
# Empty rows for notices behind those that there are.
MORE_TEXTS = 2
USD = "USD"


@dataclass(frozen=True)
class Rule:
    """One of the two rules: what it previews, what it does, and how that is said."""

    name: str
    path: str
    preview: str
    act: str
    title: str
    hint: str
    button: str
    question: str
    nothing: str


SMALL = Rule(
    "small",
    PATH,
    "Collections.PreviewSmallBalances",
    "Collections.WriteOffSmallBalances",
    N_("Small balances"),
    N_("Guarantors who owe no more than the policy's small balance. What is ticked is written off together."),
    N_("Write off what is ticked"),
    N_("The ticked balances are written off. Each can be taken back on its account. Go on?"),
    N_("Nobody owes so little."),
)
AGENCY = Rule(
    "hand_off",
    HAND_OFF,
    "Collections.PreviewHandOff",
    "Collections.HandOff",
    N_("Hand-off"),
    N_(
        "Guarantors who have had their last statement. What is ticked is written off as bad debt and goes to the agency in one file."
    ),
    N_("Hand off what is ticked"),
    N_("The ticked balances are written off as bad debt and handed to the agency. Go on?"),
    N_("Nobody's last statement has been out for long enough."),
)
CANDIDATES = (
    Column("who", N_("Guarantor"), "name", searched=True),
    Column("balance", N_("Balance"), "balance", number=True),
    Column("since", N_("Youngest since"), "youngest_since"),
    Column("statements", N_("Statements"), "statements_sent", number=True),
    Column("last_statement", N_("Last statement"), "last_statement_on"),
    Column("rule", N_("The rule"), lambda each: "" if each.applies else each.reason, searched=True),
)


def candidates(page: Page, rule: Rule, problem: problems.Problem | None = None) -> Response:
    """What a rule says of each guarantor: it applies, or why not."""
    applies = Filter(
        "applies",
        N_("The rule"),
        [("yes", page.gettext("Applies")), ("no", page.gettext("Does not apply"))],
        N_("All"),
        lambda each, value: each.applies == (value == "yes"),
    )
    listing = paged(page, f"collections-{rule.name}", rule.preview, "candidates", CANDIDATES, [applies])
    if page.arg("format") == "csv":
        return listing.csv()
    policy = page.call("Collections.GetCollectionPolicy")
    return page.show(
        "collecting/candidates.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="collections",
        rule=rule,
        listing=listing,
        policy=policy,
        words=words_billing,
        may=page.may(rule.act),
        taken=[each for each in listing.rows if each.applies],
    )


def small_balances(page: Page) -> Response:
    """Guarantors whose balance is small."""
    return candidates(page, SMALL)


def hand_off_preview(page: Page) -> Response:
    """Guarantors whose last statement has been out for long."""
    return candidates(page, AGENCY)


def ticked_total(page: Page, patient_ids: list[str]) -> dict[str, Any]:
    """What the ticked guarantors came to on the page that was seen; the service refuses when it is another sum by now."""
    seen = (page.sent(f"seen-{each}") for each in patient_ids)
    return {"minor_units": sum(int(each) for each in seen if each.lstrip("-").isdecimal()), "currency": USD}


def _act(page: Page, rule: Rule) -> Any:
    """Does what the rule does with those that are ticked. Raises Refused, with the fields of the form."""
    reading = page.read(rule.act)
    total = ticked_total(page, list(reading.message.patient_ids))
    reading.message.total.minor_units, reading.message.total.currency = total["minor_units"], total["currency"]
    return page.send(rule.act, reading)


def write_off(page: Page) -> Response:
    """Writes the ticked small balances off."""
    try:
        done = _act(page, SMALL)
    except Refused as refused:
        return candidates(page, SMALL, refused.problem)
    amount = formats.money(done.total, page.language.locale)
    told = page.gettext("%(count)s balances are written off: %(amount)s.", count=len(done.journal_ids), amount=amount)
    if done.left_alone:
        told += " " + page.gettext("%(count)s were left alone.", count=len(done.left_alone))
    return page.go(PATH, told)


def hand_off(page: Page) -> Response:
    """Hands the ticked balances to the agency."""
    try:
        made = _act(page, AGENCY)
    except Refused as refused:
        return candidates(page, AGENCY, refused.problem)
    told = page.gettext(
        "%(count)s cases are with %(agency)s; send them this file.", count=made.cases, agency=made.agency
    )
    return page.go(FILES, told)


# ---- the agency's


CASE_COLUMNS = (
    Column("who", N_("Guarantor"), "patient_name", searched=True),
    Column("agency", N_("Agency"), "agency", searched=True),
    Column("handed", N_("Handed off"), "handed_on"),
    Column("amount", N_("Amount"), "amount", number=True),
    Column("collected", N_("Collected"), "collected", number=True),
    Column("left", N_("Left"), "left", number=True),
    Column("state", N_("State"), "state"),
)


def cases(page: Page) -> Response:
    """Balances with agencies, the newest first."""
    states = [(value, page.gettext(told[2])) for value, told in words_billing.CASE.items()]
    wished = page.arg("state")
    listing = paged(
        page,
        "collection-cases",
        "Collections.ListCollectionCases",
        "cases",
        CASE_COLUMNS,
        [Filter("state", N_("State"), states, N_("All"))],
        state=wished if wished in words_billing.CASE else "",
    )
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "collecting/cases.html", tab="collecting", part="collections", listing=listing, words=words_billing
    )


def case(page: Page, problem: problems.Problem | None = None) -> Response:
    """One case: what was handed off, what came in, what is left."""
    found = page.call("Collections.GetCollectionCase", collection_case_id=page.values["collection_case_id"])
    return page.show(
        "collecting/case.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collecting",
        part="collections",
        case=found,
        words=words_billing,
        names=people(page),
        open=found.state == "handed_off" and page.may("Collections.RecordAgencyPayment"),
    )


CASE_ACTIONS = {
    "payment": ("Collections.RecordAgencyPayment", N_("The agency's payment is posted.")),
    "recall": ("Collections.RecallCollectionCase", N_("Taken back; a file tells the agency.")),
}


def work_case(page: Page) -> Response:
    """Notes what the agency paid over, or takes the case back."""
    case_id = page.values["collection_case_id"]
    if page.values["action"] not in CASE_ACTIONS:
        return page.go(f"{CASES}/{case_id}")
    rpc, told = CASE_ACTIONS[page.values["action"]]
    try:
        page.submit(rpc, collection_case_id=case_id)
    except Refused as refused:
        return case(page, refused.problem)
    return page.go(f"{CASES}/{case_id}", page.gettext(told))


def agency_files(page: Page) -> Response:
    """What agencies were told, the newest first."""
    kinds = said(page, words_billing.HAND_OFF_FILE)
    names = people(page)
    columns = (
        Column("made", N_("Made"), "made_at"),
        Column("kind", N_("Kind"), lambda each: page.label(words_billing.HAND_OFF_FILE, each.kind)),
        Column("agency", N_("Agency"), "agency", searched=True),
        Column("cases", N_("Cases"), "cases", number=True),
        Column("amount", N_("Amount"), "amount", number=True),
        Column("by", N_("By"), lambda each: names.get(each.made_by, ""), searched=True),
    )
    by_kind = Filter("kind", N_("Kind"), kinds, N_("All"), lambda each, value: each.kind == value)
    listing = paged(page, "agency-files", "Collections.ListCollectionFiles", "files", columns, [by_kind])
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "collecting/files.html", tab="collecting", part="collections", listing=listing, words=words_billing, names=names
    )


def agency_file(page: Page) -> Response:
    """The CSV as it was made."""
    body = page.call("Collections.GetCollectionFile", collection_file_id=page.values["collection_file_id"])
    return page.attachment(body.data, "agency.csv", body.content_type)


# ---- the policy


def policy(page: Page, problem: problems.Problem | None = None) -> Response:
    """How often statements go out, what is too small to ask for, when balances go to an agency, and what notices say."""
    found = page.call("Collections.GetCollectionPolicy")
    return page.show(
        "settings/collections.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="collections",
        policy=found,
        may=page.may("Collections.PutCollectionPolicy"),
        more=MORE_TEXTS,
    )


def save_policy(page: Page) -> Response:
    """Sets the policy whole; the next statements follow it."""
    try:
        page.submit("Collections.PutCollectionPolicy")
    except Refused as refused:
        return policy(page, refused.problem)
    return page.go(POLICY, page.gettext("Saved; the next statements follow it."))
