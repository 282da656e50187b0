"""The payment grid: a payer's paper answer keyed line by line, with what is not yet posted running to zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.clinician import patient_names
from gateway.web.calls import Ask, Part, Refused
from gateway.web.page import Page

PATH = "/console/billing/payments/new"
# What is typed once for the whole payment; it stays in the address while claims are added.
HEAD = ("payer_code", "method", "trace", "paid_on", "payment")
AT_ONCE = 8
MOST_CLAIMS = 60
# Claims a payer may still answer.
OPEN = ("sent", "received", "accepted", "pended", "denied", "paid")


def many(page: Page, asks: Mapping[str, Ask]) -> dict[str, Part]:
    """More answers than a page may ask at once: eight after eight, each failing alone."""
    names = list(asks)
    found: dict[str, Part] = {}
    for start in range(0, len(names), AT_ONCE):
        found |= page.together(**{name: asks[name] for name in names[start : start + AT_ONCE]})
    return found


def chosen(page: Page) -> dict[int, str]:
    """The claims of the grid by their place: from the address, or from the form that was sent. A claim taken out leaves its place."""
    if page.method == "POST":
        names = [
            name for name in page.exchange.request.form if name.startswith("claims[") and name.endswith("].claim_id")
        ]
        return {int(name[7:-10]): page.sent(name) for name in names if name[7:-10].isdecimal()}
    listed = page.exchange.request.args.getlist("claim")[:MOST_CLAIMS]
    return {place: claim_id for place, claim_id in enumerate(listed) if claim_id}


def grid(page: Page, problem: problems.Problem | None = None, tried: Any = None, offered: Any = None) -> Response:
    """The grid with the claims that were chosen, and what else the payer has not answered yet."""
    places = chosen(page)
    payer_code = page.sent("payer_code") if page.method == "POST" else page.arg("payer_code")
    claims = many(page, {f"c{place}": page.ask("Claims.GetClaim", claim_id=each) for place, each in places.items()})
    rows = {place: claims[f"c{place}"].need() for place in places}
    parts = page.together(
        payers=page.ask("Billing.ListPayers", page_size=500),
        waiting=page.ask("Claims.ListClaims", payer_code=payer_code, state="accepted", page_size=30)
        if payer_code
        else page.ask("Claims.CountClaims"),
    )
    coverages = many(
        page,
        {
            each: page.ask("PatientRegistry.ListCoverages", patient_id=each)
            for each in dict.fromkeys(claim.patient_id for claim in rows.values())
        },
    )
    taken = set(places.values())
    waiting = parts["waiting"].value.claims if payer_code and parts["waiting"].value is not None else ()
    shown = [*rows.values(), *waiting, *(offered or ())]
    return page.show(
        "billing/grid.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="remittances",
        words=words,
        rows=rows,
        tried=tried,
        payers=[(each.code, f"{each.code} · {each.name}") for each in parts["payers"].value.payers]
        if parts["payers"].value is not None
        else [],
        names=patient_names(page, [each.appointment_id for each in shown]),
        next_payer={place: next_payer(claim, coverages[claim.patient_id]) for place, claim in rows.items()},
        waiting=[each for each in waiting if each.claim_id not in taken],
        offered=[each for each in offered or () if each.claim_id not in taken],
        head={name: page.sent(name) if page.method == "POST" else page.arg(name) for name in HEAD},
    )


def next_payer(claim: Any, part: Part) -> str:
    """Who is asked after this claim's payer: the next coverage of the patient on that day, else the patient (empty)."""
    order = {"P": 1, "S": 2, "T": 3}.get(claim.responsibility, 1)
    listed = part.value.coverages if part.value is not None else ()
    later = sorted((each.priority, each.payer_code) for each in listed if each.priority > order and each.payer_code)
    return str(later[0][1]) if later else ""


def key(page: Page) -> Response:
    """Adds or takes out a claim, looks whether everything balances, or posts."""
    then = page.sent("then") or "check"
    try:
        if then in ("add", "find") or then.startswith(("add ", "out ")):
            return change(page, then)
        tried = page.submit("KeyedRemittances.KeyRemittance", keyed=then == "post", validate_only=then != "post")
    except Refused as refused:
        return grid(page, refused.problem)
    if then != "post":
        return grid(page, tried=tried)
    path = f"/console/billing/remittances/{tried.remittance.remittance_id}"
    return page.go(path, page.gettext("Posted: every line, to the cent."))


def change(page: Page, then: str) -> Response:
    """Leads to the grid with another claim in it, or without one; what was typed is kept by the draft."""
    places = chosen(page)
    verb, _, what = then.partition(" ")
    if verb == "out":
        places.pop(int(what) if what.isdecimal() else -1, None)
    elif what:
        places[max(places, default=-1) + 1] = what
    elif page.sent("find"):
        found = look_for(page, page.sent("find"))
        if len(found) != 1:
            return grid(page, offered=found)
        places[max(places, default=-1) + 1] = found[0].claim_id
    query = [(name, page.sent(name)) for name in HEAD if page.sent(name)]
    query += [("claim", places.get(place, "")) for place in range(max(places, default=-1) + 1)]
    return page.go(f"{PATH}?{urlencode(query)}" if query else PATH)


def look_for(page: Page, text: str) -> list[Any]:
    """Claims by their number, else those of the patients that are found by the text, which a payer may still answer."""
    exact = page.call("Claims.ListClaims", control=text, page_size=2).claims
    if exact:
        return list(exact)[:1]
    people = page.call("PatientRegistry.SearchPatients", query=text, page_size=AT_ONCE).patients
    payer = {"payer_code": page.sent("payer_code")} if page.sent("payer_code") else {}
    found = page.together(
        **{
            f"p{number}": page.ask("Claims.ListClaims", patient_id=each.patient_id, page_size=20, **payer)
            for number, each in enumerate(people)
        }
    )
    claims = [claim for part in found.values() if part.value is not None for claim in part.value.claims]
    return [each for each in claims if each.state in OPEN]
