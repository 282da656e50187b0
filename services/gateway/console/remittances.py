"""What payers sent: 835 sets with the proof that they balance, every claim and line with what was posted, and matching by hand."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.patients import cents, date
from gateway.web.calls import Refused
from gateway.web.page import PAGE_SIZE, Page


def listing(page: Page) -> Response:
    """Remittances, the newest first."""
    fields: dict[str, Any] = {"state": page.arg("state"), "payer_code": page.arg("payer"), "trace": page.arg("trace")}
    if page.arg("format") == "csv":
        return page.csv(
            "remittances",
            ["paid on", "payer", "trace", "method", "payment", "claims", "state"],
            (
                [
                    date(each.paid_on),
                    each.payer_name or each.payer_code,
                    each.trace,
                    each.method,
                    cents(each.proof.payment),
                    each.claim_count,
                    each.state,
                ]
                for each in page.pages("Claims.ListRemittances", "remittances", **fields)
            ),
        )
    answer = page.call("Claims.ListRemittances", page_size=PAGE_SIZE, page_token=page.arg("page_token"), **fields)
    return page.show(
        "billing/remittances.html",
        words=words,
        remittances=answer.remittances,
        next_token=answer.next_page_token,
        tab="remittances",
    )


def remittance(page: Page, problem: problems.Problem | None = None) -> Response:
    """One set: the proof, then a grid of its claims with what was posted out of each."""
    found = page.call("Claims.GetRemittance", remittance_id=page.values["remittance_id"])
    rows = [(each, split(each.postings)) for each in found.claims]
    waiting = [each for each in found.claims if each.outcome in ("unmatched", "reversal_unmatched")]
    unposted = found.proof.payment.minor_units if found.state != "posted" else 0
    return page.show(
        "billing/remittance.html",
        status=problem.status if problem else 200,
        problem=problem,
        r=found,
        rows=rows,
        waiting=waiting,
        unposted=unposted,
        words=words,
        tab="remittances",
    )


def split(postings: Any) -> dict[str, int]:
    """Cents by kind of posting."""
    sums: dict[str, int] = defaultdict(int)
    for each in postings:
        sums[each.kind] += each.amount.minor_units
    return sums


def match(page: Page) -> Response:
    """Says which claim an answer is about, by the claim's number."""
    back = f"/console/billing/remittances/{page.sent('remittance_id')}"
    page.values["remittance_id"] = page.sent("remittance_id")
    try:
        claims = (
            page.call("Claims.ListClaims", control=page.sent("control"), page_size=1).claims
            if page.sent("control")
            else ()
        )
        if not claims:
            return page.go(back, page.gettext("There is no claim of this number."))
        page.do(
            "Claims.MatchRemittanceClaim",
            remittance_claim_id=page.values["remittance_claim_id"],
            claim_id=claims[0].claim_id,
        )
    except Refused as refused:
        return remittance(page, refused.problem)
    return page.go(back, page.gettext("Matched and posted."))
