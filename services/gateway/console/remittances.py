"""What payers sent: 835 sets with the proof that they balance, every claim and line with what was posted, and matching by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.names import payers_of
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

REMITTANCES = (
    Column("paid_on", N_("Paid on"), "paid_on"),
    Column("payer", N_("Payer"), lambda each: each.payer_name or each.payer_code, searched=True),
    Column("trace", N_("Trace"), lambda each: f"{each.method} {each.trace}", searched=True),
    Column("payment", N_("Payment"), "proof.payment", number=True),
    Column("claims", N_("Claims"), "claim_count", number=True),
    Column("state", N_("State"), "state"),
    Column("proof", N_("Proof"), "proof.balances"),
)


# Claims of a payer that are looked through for an answer that fits none, the newest first; answers helped at once; claims offered for each.
LOOKED_THROUGH, WAITING, OFFERED = 1000, 20, 5
# A claim that was never sent has no answer.
SENT = frozenset({"sent", "received", "accepted", "rejected", "pended", "paid", "denied", "closed"})


def listing(page: Page) -> Response:
    """Remittances, the newest first."""
    states = [(value, page.gettext(told[2])) for value, told in words.REMITTANCE.items()]
    shown = paged(
        page,
        "remittances",
        "Claims.ListRemittances",
        "remittances",
        REMITTANCES,
        [
            Filter("state", N_("State"), states, N_("All")),
            Filter("payer", N_("Payer"), list(payers_of(page).items()), N_("All")),
        ],
        state=page.arg("state"),
        payer_code=page.arg("payer"),
        trace=page.arg("trace"),
    )
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show("billing/remittances.html", words=words, listing=shown, tab="remittances")


def remittance(page: Page, problem: problems.Problem | None = None) -> Response:
    """One set: the proof, then a grid of its claims with what was posted out of each."""
    found = page.call("Claims.GetRemittance", remittance_id=page.values["remittance_id"])
    rows = [(each, split(each.postings)) for each in found.claims]
    waiting = [each for each in found.claims if each.outcome in ("unmatched", "reversal_unmatched")]
    likely = candidates(page, found.payer_code, waiting) if waiting and page.may("Claims.MatchRemittanceClaim") else {}
    unposted = found.proof.payment.minor_units if found.state != "posted" else 0
    return page.show(
        "billing/remittance.html",
        status=problem.status if problem else 200,
        problem=problem,
        r=found,
        rows=rows,
        waiting=waiting,
        likely=likely,
        unposted=unposted,
        words=words,
        tab="remittances",
    )


def candidates(page: Page, payer_code: str, waiting: Sequence[Any]) -> dict[str, list[tuple[Any, str]]]:
    """Answer that waits → the newest claims to its payer that were billed the same amount or bear its number, each with its patient's name.

    What is shown to choose from; whether a claim fits is the service's to say.
    """
    claims = list(page.pages("Claims.ListClaims", "claims", limit=LOOKED_THROUGH, payer_code=payer_code))
    found = {
        each.remittance_claim_id: [claim for claim in claims if fits(each, claim)][:OFFERED]
        for each in waiting[:WAITING]
    }
    patients = sorted({claim.patient_id for each in found.values() for claim in each})[:8]
    parts = page.together(
        **{
            f"p{number}": page.ask("PatientRegistry.GetPatient", patient_id=each)
            for number, each in enumerate(patients)
        }
    )
    names = {part.value.patient_id: formats.full_name(part.value.name) for part in parts.values() if part.value}
    return {key: [(claim, names.get(claim.patient_id, "")) for claim in each] for key, each in found.items()}


def fits(answer: Any, claim: Any) -> bool:
    """Whether a claim is worth a look for an answer: billed the same, or numbered alike."""
    same = claim.charge.minor_units == answer.charge.minor_units
    number = answer.claim_control.strip().upper()
    return claim.state in SENT and bool(same or (number and number in (claim.control, claim.payer_control)))


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


def placing(page: Page, problem: problems.Problem | None = None) -> Response:
    """An answer's lines beside those of one claim: which is about which is for a person to say."""
    ask_of = page.sent if page.method == "POST" else page.arg
    parts = page.together(
        remittance=page.ask("Claims.GetRemittance", remittance_id=ask_of("remittance_id")),
        claim=page.ask("Claims.GetClaim", claim_id=ask_of("claim_id")),
    )
    found, claim = parts["remittance"].need(), parts["claim"].need()
    wanted = page.values["remittance_claim_id"]
    answer = next((each for each in found.claims if each.remittance_claim_id == wanted), None)
    if answer is None or not answer.service_lines:
        return page.go(
            f"/console/billing/remittances/{found.remittance_id}", page.gettext("No line of this answer waits.")
        )
    return page.show(
        "billing/placing.html",
        status=problem.status if problem else 200,
        problem=problem,
        r=found,
        answer=answer,
        claim=claim,
        words=words,
        tab="remittances",
    )


def place(page: Page) -> Response:
    """Posts an answer by the lines that were ticked; lines without a tick are found as ever."""
    try:
        reading = page.read("Claims.MatchRemittanceClaim", remittance_claim_id=page.values["remittance_claim_id"])
        for at, line in enumerate(reading.message.lines):
            # Lines without a tick are left out of the request: the form's own place is the number of the payer's line.
            line.number = int(reading.moved[f"lines[{at}]"].removeprefix("lines[").removesuffix("]")) + 1
        page.send("Claims.MatchRemittanceClaim", reading)
    except Refused as refused:
        return placing(page, refused.problem)
    return page.go(f"/console/billing/remittances/{page.sent('remittance_id')}", page.gettext("Matched and posted."))
