"""What payers refused: the worklist by money and deadline, one denial with its reasons, its letters and what came of them."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.names import payer_names, payers_of
from gateway.console.work import is_past, said
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

PATH = "/console/billing/denials"
QUEUE = 200


def filters(page: Page) -> dict[str, Any]:
    """What the list is narrowed to by the address."""
    owner = {"me": page.user.id}.get(page.arg("owner"), "")
    return {
        "state": "closed" if page.arg("state") == "closed" else "open",
        "family": page.arg("family"),
        "payer_code": page.arg("payer"),
        "owner_id": owner,
    }


DENIALS = (
    Column("claim", N_("Claim"), "claim_control", searched=True),
    Column("payer", N_("Payer"), "payer_code", searched=True),
    Column("kind", N_("Kind"), "family"),
    Column("reasons", N_("Reasons"), lambda each: " ".join(codes(each)), searched=True),
    Column("amount", N_("Amount"), "amount", number=True),
    Column("work_by", N_("Work by"), "work_by"),
    Column("appeal_by", N_("Appeal by"), "appeal_by"),
    Column("owner", N_("Owner"), "owner_id"),
    Column("state", N_("State"), "state"),
    Column("denied", N_("Denied"), "denied_on", shown=False),
    Column("recovered", N_("Recovered"), "recovered", number=True, shown=False),
)


def listing(page: Page) -> Response:
    """Denials, what is worth most and is due first at the top."""
    payers = payers_of(page)
    shown = paged(
        page,
        "denials",
        "Denials.ListDenials",
        "denials",
        DENIALS,
        [
            Filter("family", N_("Kind"), said(page, words.DENIAL), N_("All")),
            Filter("payer", N_("Payer"), list(payers.items()), N_("All")),
            Filter("owner", N_("Whose"), [("me", page.gettext("Mine"))], N_("Everybody's")),
            Filter("state", N_("State"), [("closed", page.gettext("Done"))], N_("Open")),
        ],
        **filters(page),
    )
    if page.arg("format") == "csv":
        return shown.csv()
    parts = page.together(
        figures=page.ask("Denials.GetDenialFigures"), people=page.ask("Identity.ListAccounts", page_size=500)
    )
    return page.show(
        "billing/denials.html",
        tab="denials",
        words=words,
        listing=shown,
        figures=parts["figures"].value,
        people=names_of(parts["people"]),
        codes=codes,
        payers=payers,
        late=lambda each: is_past(page, each.work_by),
    )


def codes(denial: Any) -> list[str]:
    """The reasons of a denial as a biller reads them: group and CARC, then remarks, each once."""
    found = [f"{each.group}-{each.reason_code}" for each in denial.reasons]
    found += [remark for each in denial.reasons for remark in each.remark_codes]
    return list(dict.fromkeys(found))


def names_of(part: Any) -> dict[str, str]:
    """Account → name."""
    return {each.account_id: each.name for each in part.value.accounts} if part.value is not None else {}


def denial(page: Page, problem: problems.Problem | None = None) -> Response:
    """One denial; J and K lead through the open ones."""
    found = page.call("Denials.GetDenial", denial_id=page.values["denial_id"])
    parts = page.together(
        queue=page.ask("Denials.ListDenials", page_size=QUEUE),
        claim=page.ask("Claims.GetClaim", claim_id=found.claim_id),
        patient=page.ask("PatientRegistry.GetPatient", patient_id=found.patient_id),
        texts=page.ask("Denials.ListAppealTexts", page_size=100),
        payers=page.ask("Billing.ListPayers", page_size=500),
        people=page.ask("Identity.ListAccounts", page_size=500),
    )
    ids = [each.denial_id for each in parts["queue"].value.denials] if parts["queue"].value is not None else []
    at = ids.index(found.denial_id) if found.denial_id in ids else -1
    claim = parts["claim"].value
    texts = parts["texts"].value.texts if parts["texts"].value is not None else ()
    return page.show(
        "billing/denial.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="denials",
        words=words,
        denial=found,
        claim=claim,
        lines={each.charge_line_id: each for each in claim.lines} if claim is not None else {},
        patient=parts["patient"].value,
        payers=payer_names(parts["payers"].value),
        texts=list(dict.fromkeys((each.code, each.title) for each in texts)),
        people=names_of(parts["people"]),
        is_open=found.state in ("open", "appealed", "resubmitted"),
        late=is_past(page, found.work_by),
        before=ids[at - 1] if at > 0 else "",
        after=ids[at + 1] if 0 <= at < len(ids) - 1 else "",
    )


# What may be done to a denial or to its letter: the RPC, and which id of the address it takes.
ACTIONS = {
    "assign": ("Denials.AssignDenial", "denial_id"),
    "resolve": ("Denials.ResolveDenial", "denial_id"),
    "appeal": ("Denials.WriteAppeal", "denial_id"),
    "send": ("Denials.SendAppeal", "appeal_id"),
    "decide": ("Denials.DecideAppeal", "appeal_id"),
}


def act(page: Page) -> Response:
    """One action on a denial or on its letter, on the version that was seen; then the next denial, when this one is done."""
    denial_id, name = page.values["denial_id"], page.values["action"]
    path = f"{PATH}/{denial_id}"
    if name not in ACTIONS:
        return page.go(path)
    rpc, key = ACTIONS[name]
    try:
        done = page.submit(rpc, **({"denial_id": denial_id} if key == "denial_id" else {}))
    except Refused as refused:
        return denial(page, refused.problem)
    if name == "resolve" and done.state != "resubmitted" and page.sent("after"):
        path = f"{PATH}/{page.sent('after')}"
    return page.go(path, page.gettext("Done."))


def letter(page: Page) -> Response:
    """An appeal letter as it was written."""
    return page.file(page.call("Denials.GetAppealLetter", appeal_id=page.values["appeal_id"]), "appeal.pdf")
