"""What waits for people in billing: the queues by kind, one item, and the lists behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words, words_billing, words_money
from gateway.console.booking import parts_of
from gateway.console.clinician import patient_names
from gateway.console.names import patients_of, payer_names, payers_of
from gateway.console.patients import cents
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

# How many open items are counted for the overview; a queue longer than that says "or more".
COUNTED = 500
# Guarantors on a page: each is read for their name.
GUARANTORS = 16


def overview(page: Page) -> Response:
    """Billing at a glance: queues, claims by state, what came in, what is owed."""
    parts: dict[str, Any] = page.together(
        work=page.ask("Claims.ListWorkItems", state="open", page_size=COUNTED),
        counts=page.ask("Claims.CountClaims"),
        aging=page.ask("Billing.GetReceivables"),
        remittances=page.ask("Claims.ListRemittances", page_size=6),
        batches=page.ask("Claims.ListClaimBatches", page_size=6),
        missing=page.ask("Billing.ListMissingCharges", page_size=100),
    )
    items = parts["work"].value.items if parts["work"].value is not None else ()
    queues: dict[str, dict[str, Any]] = {}
    for each in items:
        queue = queues.setdefault(each.kind, {"count": 0, "amount": 0, "overdue": 0, "mine": 0})
        queue["count"] += 1
        queue["amount"] += each.amount.minor_units
        queue["overdue"] += is_overdue(page, each)
        queue["mine"] += each.owner_id == page.user.id
    return page.show(
        "billing/overview.html", words=words, queues=queues, more=len(items) == COUNTED, tab="overview", **parts
    )


def is_overdue(page: Page, item: Any) -> bool:
    """Whether an item's day has passed."""
    return is_past(page, item.due_on)


def is_past(page: Page, day: Any) -> bool:
    """Whether a day (google.type.Date) was before today; one that is not set was not."""
    return bool(day.year) and (day.year, day.month, day.day) < (page.today.year, page.today.month, page.today.day)


FOLLOW_UPS = (
    Column("on", N_("On"), "follow_up.next_action_on"),
    Column("next_action", N_("What"), "follow_up.next_action", searched=True),
    Column("claim", N_("Claim"), "claim.control", searched=True),
    Column("payer", N_("Payer"), "claim.payer_code", searched=True),
    Column("charge", N_("Charge"), "claim.charge", number=True),
    Column("state", N_("State"), "claim.state"),
    Column("owner", N_("Owner"), "follow_up.owner_id"),
)


def follow_ups(page: Page) -> Response:
    """Claims with something to be done next, what is due first at the top."""
    fields: dict[str, Any] = {"state": page.arg("state"), "payer_code": page.arg("payer").upper()}
    if page.arg("owner") == "me":
        fields["owner_id"] = page.user.id
    elif page.arg("owner") == "nobody":
        fields["unowned"] = True
    if page.arg("due") == "today":
        fields["due_by"] = parts_of(page.today)
    states = [(value, page.gettext(told[2])) for value, told in words.CLAIM.items()]
    filters = (
        Filter("owner", N_("Whose"), said(page, WHOSE), N_("Everybody's")),
        Filter("due", N_("Due"), [("today", page.gettext("until today"))], N_("all")),
        Filter("state", N_("State"), states, N_("All")),
    )
    listing = paged(page, "follow-ups", "ClaimWork.ListClaimQueue", "claims", FOLLOW_UPS, filters, **fields)
    if page.arg("format") == "csv":
        return listing.csv()
    parts = page.together(
        people=page.ask("Identity.ListAccounts", page_size=500), payers=page.ask("Billing.ListPayers", page_size=500)
    )
    people = parts["people"].value
    return page.show(
        "billing/follow_ups.html",
        words=words,
        tab="follow_ups",
        listing=listing,
        payers=payer_names(parts["payers"].value),
        people={each.account_id: each.name for each in people.accounts} if people is not None else {},
        late=lambda each: is_past(page, each.follow_up.next_action_on),
    )


def work_claims(page: Page) -> Response:
    """One thing done to the claims that are ticked; what could not be done is said."""
    done = page.submit("ClaimWork.WorkClaims")
    refused = [each for each in done.results if each.refused]
    told = page.gettext("%(count)s claims done.", count=done.done)
    if refused:
        why = ", ".join(dict.fromkeys(page.gettext(each.message) for each in refused))
        told += " " + page.gettext("%(count)s not: %(why)s", count=len(refused), why=why)
    return page.go("/console/billing/follow-ups", told)


WHOSE = {"me": N_("Mine"), "nobody": N_("Nobody's")}
WORK = (
    Column("title", N_("What"), "title", searched=True),
    Column("kind", N_("Queue"), "kind"),
    Column("payer", N_("Payer"), "payer_code", searched=True),
    Column("amount", N_("Amount"), "amount", number=True),
    Column("due", N_("Due"), "due_on"),
    Column("opened", N_("Since"), "opened_at"),
    Column("state", N_("State"), "state", shown=False),
)


def queue(page: Page) -> Response:
    """The items of one kind or of all, the oldest first."""
    fields: dict[str, Any] = {
        "kinds": [page.arg("kind")] if page.arg("kind") else [],
        "state": "resolved" if page.arg("state") == "resolved" else "open",
        "owner_id": page.user.id if page.arg("owner") == "me" else "",
        "unowned": page.arg("owner") == "nobody",
        "exception": page.arg("exception") if page.arg("exception") in words_billing.EXCEPTION else "",
    }
    filters = (
        Filter("kind", N_("Queue"), said(page, words.WORK), N_("All")),
        Filter("owner", N_("Whose"), said(page, WHOSE), N_("Everybody's")),
        Filter("exception", N_("Insurance checks"), said(page, words_billing.EXCEPTION), N_("All")),
        Filter("state", N_("State"), [("resolved", page.gettext("Done"))], N_("Open")),
    )
    listing = paged(page, "work", "Claims.ListWorkItems", "items", WORK, filters, **fields)
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(
        "billing/queue.html",
        words=words,
        listing=listing,
        tab="work",
        payers=payers_of(page),
        overdue={each.work_item_id for each in listing.rows if is_overdue(page, each)},
    )


def said(page: Page, table: Mapping[str, str]) -> list[tuple[str, str]]:
    """A table of words as choices, in the reader's language."""
    return [(value, page.gettext(text)) for value, text in table.items()]


def item(page: Page, problem: problems.Problem | None = None) -> Response:
    """One item with everything it is about, and the next of its kind."""
    found = page.call("Claims.GetWorkItem", work_item_id=page.values["work_item_id"])
    asks = {
        "queue": page.ask("Claims.ListWorkItems", kinds=[found.kind], state="open", page_size=200),
        "payers": page.ask("Billing.ListPayers", page_size=500),
    }
    if found.claim_id:
        asks["claim"] = page.ask("Claims.GetClaim", claim_id=found.claim_id)
    if found.patient_id:
        asks["patient"] = page.ask("PatientRegistry.GetPatient", patient_id=found.patient_id)
    if page.may("Identity.ListAccounts"):
        asks["people"] = page.ask("Identity.ListAccounts", page_size=500)
    parts: dict[str, Any] = page.together(**asks)
    ids = [each.work_item_id for each in parts["queue"].value.items] if parts["queue"].value is not None else []
    at = ids.index(found.work_item_id) if found.work_item_id in ids else -1
    return page.show(
        "billing/item.html",
        status=problem.status if problem else 200,
        problem=problem,
        item=found,
        words=words,
        details=details(page, found),
        payers=payer_names(parts["payers"].value),
        tab="work",
        claim=parts["claim"].value if "claim" in parts else None,
        patient=parts["patient"].value if "patient" in parts else None,
        people=parts["people"].value.accounts if "people" in parts and parts["people"].value is not None else (),
        before=ids[at - 1] if at > 0 else "",
        after=ids[at + 1] if 0 <= at < len(ids) - 1 else "",
        overdue=is_overdue(page, found),
    )


def details(page: Page, found: Any) -> list[tuple[str, str]]:
    """What an item tells besides, as (label, text) in the reader's language; identifiers are for programs and left out."""
    told = []
    for key, value in sorted(found.detail.items()):
        if not value or key.endswith("_id"):
            continue
        text = value
        if key == "family":
            text = page.label(words.DENIAL, value)
        elif key == "exception":
            text = page.label(words_money.COVERAGE_EXCEPTION, value)
        elif key == "state" and value in words.CLAIM:
            text = page.gettext(words.CLAIM[value][2])
        elif (key.endswith("_minor") or found.kind == "underpaid") and value.lstrip("-").isdecimal():
            text = formats.money(int(value), page.language.locale)
        label = page.label(words_money.DETAIL, key)
        if found.kind == "underpaid":
            label = page.gettext("Line %(number)s is short by", number=key)
        told.append((label, text))
    return told


def assign(page: Page) -> Response:
    """Gives an item an owner, or back to everybody."""
    work_item_id = page.values["work_item_id"]
    page.submit("Claims.AssignWorkItem", work_item_id=work_item_id)
    return page.go(f"/console/billing/work/{work_item_id}", page.gettext("Saved."))


def resolve(page: Page) -> Response:
    """Says how an item was done, and leads to the next one."""
    work_item_id = page.values["work_item_id"]
    try:
        done = page.submit("Claims.ResolveWorkItem", work_item_id=work_item_id)
    except Refused as refused:
        return item(page, refused.problem)
    after = page.sent("after")
    path = f"/console/billing/work/{after}" if after else f"/console/billing/work?kind={done.kind}"
    return page.go(path, page.gettext("Done."))


def missing(page: Page) -> Response:
    """Visits that were seen and neither signed nor marked as no charge."""
    here = (
        {"location_id": page.location.location_id}
        if page.location is not None and page.arg("everywhere") != "1"
        else {}
    )
    people = page.together(people=page.ask("Identity.ListPractitioners", page_size=500))["people"]
    who = {each.practitioner_id: each.name for each in people.value.practitioners} if people.value is not None else {}
    if page.arg("practitioner") in who:
        here["practitioner_id"] = page.arg("practitioner")
    told = {key: formats.full_name(name) for key, name in who.items()}
    choices = sorted(told.items(), key=lambda choice: choice[1])
    columns = (
        Column("visit", N_("Visit"), "start_time"),
        Column("kind", N_("Kind"), "appointment_type_code", searched=True),
        Column(
            "clinician",
            N_("Clinician"),
            lambda each: told.get(each.practitioner_id, ""),
            searched=True,
        ),
        Column("state", N_("State"), lambda each: page.label(page.plain(words.ENCOUNTER), each.state)),
    )
    listing = paged(
        page,
        "missing-charges",
        "Billing.ListMissingCharges",
        "encounters",
        columns,
        [
            Filter("practitioner", N_("Clinician"), choices, N_("Everybody")),
            Filter("everywhere", N_("Where"), [("1", page.gettext("All locations"))], N_("This location")),
        ],
        **here,
    )
    if page.arg("format") == "csv":
        return listing.csv()
    names = patient_names(page, [each.appointment_id for each in listing.rows])
    return page.show("billing/missing.html", words=words, listing=listing, names=names, who=who, tab="missing")


def aging(page: Page) -> Response:
    """Receivables by party and age."""
    here = {"location_id": page.arg("location")} if page.arg("location") else {}
    basis = 2 if page.arg("basis") == "responsibility" else 1
    parts: dict[str, Any] = page.together(
        aging=page.ask("Billing.GetReceivables", basis=basis, **here),
        balances=page.ask("Billing.ListBalances", filter=1, page_size=GUARANTORS, page_token=page.arg("page_token")),
        payers=page.ask("Billing.ListPayers", page_size=500),
    )
    found = parts["aging"].need()
    names = payer_names(parts["payers"].value)
    if page.arg("format") == "csv":
        head = [f"{each.from_days}-{each.to_days or ''}" for each in found.totals]
        return page.csv(
            "receivables",
            ["party", *head, "total"],
            (
                [
                    names.get(each.payer_code, each.payer_code) or "patients",
                    *[cents(bucket.amount) for bucket in each.buckets],
                    cents(each.total),
                ]
                for each in found.parties
            ),
        )
    balances = parts["balances"].value.balances if parts["balances"].value is not None else ()
    return page.show(
        "billing/aging.html",
        words=words,
        aging=found,
        names=names,
        basis=basis,
        balances=balances,
        tab="aging",
        next_token=parts["balances"].value.next_page_token if parts["balances"].value is not None else "",
        patients=patients_of(page, [each.patient_id for each in balances]),
    )


def statement(page: Page) -> Response:
    """A statement as it was issued."""
    return page.file(page.call("Billing.GetStatementPdf", statement_id=page.values["statement_id"]), "statement.pdf")


def issue_statement(page: Page) -> Response:
    """Issues a patient's statement now, when one is due."""
    patient_id = page.values["patient_id"]
    answer = page.do("Billing.IssueStatements", patient_ids=[patient_id])
    told = (
        page.gettext("The statement is issued.")
        if answer.statement_ids
        else page.gettext(
            "No statement is due: %(why)s.",
            why=", ".join(page.label(words_money.NO_STATEMENT, each.reason) for each in answer.skipped) or "–",
        )
    )
    return page.go(f"/console/patients/{patient_id}/account", told)


def last_days(page: Page, count: int) -> dict[str, Any]:
    """The last days as a DateRange."""
    return {"start": parts_of(page.today - timedelta(days=count - 1)), "end": parts_of(page.today)}
