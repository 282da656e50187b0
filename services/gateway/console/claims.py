"""Claims: the list, and one claim with its whole life, what scrubbing found, and its X12 beside plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words, words_money
from gateway.console.clinician import patient_names
from gateway.console.names import payer_names, payers_of
from gateway.console.work import is_past
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

# What a biller may press in which state; Claims decides what is allowed.
ACTIONS = {
    "hold": ("Claims.HoldClaim", N_("Hold"), N_("Why it is held"), ("ready",)),
    "release": ("Claims.ReleaseClaim", N_("Release"), N_("Why what was found does not matter"), ("held",)),
    "rescrub": ("Claims.RescrubClaim", N_("Scrub again"), "", ("held", "ready", "rejected")),
    "correct": (
        "Claims.CorrectClaim",
        N_("Replace at the payer"),
        N_("What is corrected"),
        ("paid", "denied", "accepted", "pended"),
    ),
    "void": ("Claims.VoidClaim", N_("Take back"), N_("Why it is taken back"), ("draft", "held", "ready", "rejected")),
}
# What an 837P's segments are, in plain words (X12 005010X222A1).
SEGMENTS = {
    "ISA": N_("Envelope: from whom to whom, and when"),
    "GS": N_("Group of claims"),
    "ST": N_("The claim file begins"),
    "BHT": N_("What kind of file, its reference"),
    "NM1*41": N_("Who sends"),
    "NM1*40": N_("Who receives"),
    "NM1*85": N_("Who bills"),
    "NM1*87": N_("Where the money goes"),
    "NM1*IL": N_("The subscriber"),
    "NM1*QC": N_("The patient"),
    "NM1*PR": N_("The payer"),
    "NM1*82": N_("Who saw the patient"),
    "NM1*77": N_("Where"),
    "NM1*DN": N_("Who referred"),
    "NM1*DQ": N_("Who supervised"),
    "HL": N_("Next level"),
    "SBR": N_("In which order this payer pays"),
    "PAT": N_("The patient's relation to the subscriber"),
    "N3": N_("Street"),
    "N4": N_("City, state, ZIP code"),
    "DMG": N_("Birth date and sex"),
    "REF": N_("Number"),
    "PER": N_("Whom to call"),
    "PRV": N_("Specialty"),
    "CLM": N_("The claim: number, amount, place, signatures"),
    "HI": N_("Diagnoses"),
    "LX": N_("Service line"),
    "SV1": N_("Service: code, amount, units, which diagnoses"),
    "DTP": N_("Date"),
    "OI": N_("Other insurance: consents"),
    "SVD": N_("What the payer before paid on the line"),
    "CAS": N_("What the payer before took off, and why"),
    "AMT": N_("Amount"),
    "NTE": N_("Note"),
    "SE": N_("The claim file ends"),
    "GE": N_("The group ends"),
    "IEA": N_("The envelope ends"),
}


@dataclass(frozen=True)
class Segment:
    """One segment of X12 and what it is."""

    name: str
    rest: str
    words: str


CLAIMS = (
    Column("claim", N_("Claim"), "control", searched=True),
    Column("payer", N_("Payer"), "payer_code", searched=True),
    Column("order", N_("Order"), "responsibility", shown=False),
    Column("service_date", N_("Service"), "service_date"),
    Column("charge", N_("Charge"), "charge", number=True),
    Column("paid", N_("Paid"), "paid", number=True),
    Column("patient_share", N_("Patient's share"), "patient_share", number=True),
    Column("state", N_("State"), "state"),
    Column("sent", N_("Sent"), "sent_on"),
)


def listing(page: Page) -> Response:
    """Claims by state, payer or number, the newest first. A claim's whole number leads to it at once."""
    control = page.arg("control") or page.arg("q").upper()
    if control and page.arg("format") != "csv":
        exact = page.call("Claims.ListClaims", control=control[:20], page_size=2).claims
        if len(exact) == 1:
            return page.go(f"/console/billing/claims/{exact[0].claim_id}")
    states = [(value, page.gettext(told[2])) for value, told in words.CLAIM.items()]
    payers = payers_of(page)
    shown = paged(
        page,
        "claims",
        "Claims.ListClaims",
        "claims",
        CLAIMS,
        [
            Filter("state", N_("State"), states, N_("All")),
            Filter("payer", N_("Payer"), list(payers.items()), N_("All")),
        ],
        state=page.arg("state"),
        payer_code=page.arg("payer"),
    )
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show(
        "billing/claims.html",
        words=words,
        listing=shown,
        tab="claims",
        payers=payers,
        names=patient_names(page, [each.appointment_id for each in shown.rows]),
    )


def claim(page: Page, problem: problems.Problem | None = None) -> Response:
    """One claim; with ``queue`` (a state) J and K lead through that queue."""
    found = page.call("Claims.GetClaim", claim_id=page.values["claim_id"])
    asks = {
        "text": page.ask("Claims.GetClaimText", claim_id=found.claim_id),
        "patient": page.ask("PatientRegistry.GetPatient", patient_id=found.patient_id),
        "encounter": page.ask("Billing.GetEncounter", encounter_id=found.encounter_id),
        "work": page.ask("Claims.ListWorkItems", claim_id=found.claim_id, state="open", page_size=20),
        "notes": page.ask("ClaimWork.ListClaimNotes", claim_id=found.claim_id, page_size=50),
        "follow_up": page.ask("ClaimWork.GetClaimFollowUp", claim_id=found.claim_id),
        "people": page.ask("Identity.ListAccounts", page_size=500),
        "payers": page.ask("Billing.ListPayers", page_size=500),
    }
    if page.arg("queue"):
        asks["queue"] = page.ask("Claims.ListClaims", state=page.arg("queue"), page_size=200)
    # More than are asked at once: where the page stands in its queue, and what things are called, by themselves.
    beside = {name: asks.pop(name) for name in ("queue", "payers") if name in asks}
    parts = page.together(**asks) | page.together(**beside)
    ids = (
        [each.claim_id for each in parts["queue"].value.claims]
        if "queue" in parts and parts["queue"].value is not None
        else []
    )
    at = ids.index(found.claim_id) if found.claim_id in ids else -1
    return page.show(
        "billing/claim.html",
        status=problem.status if problem else 200,
        problem=problem,
        claim=found,
        words=words,
        life=words_money.LIFE,
        payers=payer_names(parts["payers"].value),
        tab="claims",
        segments=explain(page, parts["text"].value.data.decode("utf-8", "replace"))
        if parts["text"].value is not None
        else [],
        patient=parts["patient"].value,
        encounter=parts["encounter"].value,
        work=parts["work"].value.items if parts["work"].value is not None else (),
        notes=parts["notes"],
        follow_up=parts["follow_up"].value,
        people={each.account_id: each.name for each in parts["people"].value.accounts}
        if parts["people"].value is not None
        else {},
        late=is_past(page, parts["follow_up"].value.next_action_on) if parts["follow_up"].value is not None else False,
        edits=edits(found),
        asks_status=found.state in ("sent", "received", "accepted", "pended") and page.may("ClaimWork.AskClaimStatus"),
        actions={name: each for name, each in ACTIONS.items() if found.state in each[3] and page.may(each[0])},
        before=ids[at - 1] if at > 0 else "",
        after=ids[at + 1] if 0 <= at < len(ids) - 1 else "",
    )


def act(page: Page) -> Response:
    """One action on a claim, on the version that was seen."""
    claim_id, name = page.values["claim_id"], page.values["action"]
    if name not in ACTIONS:
        return page.go(f"/console/billing/claims/{claim_id}")
    try:
        answer = page.submit(ACTIONS[name][0], claim_id=claim_id)
    except Refused as refused:
        return claim(page, refused.problem)
    made = answer.instead[0] if name == "void" and answer.instead else (answer.claim if name == "void" else answer)
    # In a queue the next claim follows the one that has left it; a claim that was scrubbed again is looked at first.
    after, queue = page.sent("after"), page.sent("queue")
    if after and name != "rescrub":
        return page.go(f"/console/billing/claims/{after}", page.gettext("Done."), queue=queue)
    return page.go(
        f"/console/billing/claims/{made.claim_id}", page.gettext("Done."), **({"queue": queue} if queue else {})
    )


# What scrubbing names → the page on which it is put right.
EDITED = (
    ("coverage", "/console/patients/{patient}/coverage", N_("Insurance")),
    ("patient", "/console/patients/{patient}/edit", N_("Patient's details")),
    ("", "/console/encounters/{encounter}", N_("Superbill")),
)


def edits(claim: Any) -> list[tuple[str, str, bool]]:
    """Where the claim's data is put right: (address, marked text, whether something found is about it)."""
    fields = [each.field.lower() for each in claim.findings]
    places = [next(word for word, _, _ in EDITED if word in field) for field in fields]
    return [
        (address.format(patient=claim.patient_id, encounter=claim.encounter_id), text, word in places)
        for word, address, text in EDITED
    ]


def note(page: Page) -> Response:
    """Writes down what was done or learned, and with it what is to be done next; stays in the queue."""
    claim_id = page.values["claim_id"]
    try:
        page.submit("ClaimWork.AddClaimNote", claim_id=claim_id)
    except Refused as refused:
        return claim(page, refused.problem)
    queue = page.sent("queue")
    return page.go(f"/console/billing/claims/{claim_id}" + (f"?queue={queue}" if queue else ""), page.gettext("Noted."))


def ask_status(page: Page) -> Response:
    """Has the payer asked what became of the claim."""
    claim_id = page.values["claim_id"]
    page.do("ClaimWork.AskClaimStatus", claim_id=claim_id)
    told = page.gettext("The payer is asked; its answer appears in the claim's life.")
    return page.go(f"/console/billing/claims/{claim_id}", told)


def paper(page: Page) -> Response:
    """The claim as a CMS-1500."""
    body = page.call("ClaimWork.GetClaimForm", claim_id=page.values["claim_id"], with_form=page.arg("form") != "0")
    return page.file(body, "cms-1500.pdf")


def text(page: Page) -> Response:
    """The claim as X12."""
    return page.text(page.call("Claims.GetClaimText", claim_id=page.values["claim_id"]))


def explain(page: Page, x12: str) -> list[Segment]:
    """Each segment beside what it is."""
    segments: list[Any] = []
    for raw in x12.replace("\n", "").replace("\r", "").split("~"):
        name, _, rest = raw.strip().partition("*")
        if name:
            known = SEGMENTS.get(f"{name}*{rest.split('*')[0]}") or SEGMENTS.get(name, "")
            segments.append(Segment(name, rest, page.gettext(known) if known else ""))
    return segments
