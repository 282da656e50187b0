"""Files of billing: batches of claims out, what the clearinghouse sent in, and one that came another way."""

from __future__ import annotations

from flask import Response

from gateway.console import words
from gateway.console.names import payers_of
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged
from gateway.web.page import Page

BATCHES = (
    Column("file", N_("File"), "file_name", searched=True),
    Column("payer", N_("Payer"), "payer_code", searched=True),
    Column("claims", N_("Claims"), "claim_count", number=True),
    Column("charge", N_("Charge"), "charge", number=True),
    Column("state", N_("State"), "state"),
    Column("written", N_("Written"), "committed_at", shown=False),
)
INBOUND = (
    Column("file", N_("File"), "name", searched=True),
    Column("holds", N_("Holds"), lambda each: ", ".join(each.kinds), searched=True),
    Column("state", N_("State"), "state"),
    Column("received", N_("Received"), "received_at", shown=False),
    Column("reason", N_("Why"), "reason", searched=True, shown=False),
)
TAKEN = ("received", "processed", "refused")


def listing(page: Page) -> Response:
    """Files out: batches of claims; with ``of=in`` what the clearinghouse sent."""
    incoming = page.arg("of") == "in"
    by_state = {key: page.gettext(told[2]) for key, told in words.FILE.items() if (key in TAKEN) == incoming}
    if incoming:
        shown = paged(
            page,
            "files-in",
            "Claims.ListInboundFiles",
            "files",
            INBOUND,
            [Filter("state", N_("State"), list(by_state.items()), N_("All"))],
            hidden={"of": "in"},
            state=page.arg("state"),
        )
    else:
        shown = paged(
            page,
            "files-out",
            "Claims.ListClaimBatches",
            "batches",
            BATCHES,
            [
                Filter(
                    "state", N_("State"), list(by_state.items()), N_("All"), lambda each, value: each.state == value
                ),
            ],
        )
    if page.arg("format") == "csv":
        return shown.csv()
    payers = {} if incoming else payers_of(page)
    return page.show("billing/files.html", words=words, tab="files", listing=shown, incoming=incoming, payers=payers)


def send(page: Page) -> Response:
    """Sends the ready claims now."""
    made = page.submit("Claims.SendBatches").batches
    claims = sum(each.claim_count for each in made)
    return page.go("/console/billing/files", page.gettext("%(count)s claims are on their way.", count=claims))


def poll(page: Page) -> Response:
    """Looks for the clearinghouse's files now."""
    page.do("Claims.PollClearinghouse")
    return page.go("/console/billing/files", page.gettext("Looking; what there is appears here."), of="in")


def upload(page: Page) -> Response:
    """Takes a file that came another way."""
    sent = page.exchange.request.files.get("content")
    if sent is None or not sent.filename:
        return page.go("/console/billing/files", page.gettext("Choose a file first."), of="in")
    page.do("Claims.ImportFile", name=sent.filename.replace("/", "_").replace("\\", "_")[:200], content=sent.read())
    return page.go("/console/billing/files", page.gettext("The file is taken and will be read."), of="in")


def resend(page: Page) -> Response:
    """Hands a batch over again."""
    page.do("Claims.ResendClaimBatch", claim_batch_id=page.values["claim_batch_id"])
    return page.go("/console/billing/files", page.gettext("The file is handed over again."))


def batch_file(page: Page) -> Response:
    """The 837P as it was sent."""
    return page.text(page.call("Claims.GetClaimBatchFile", claim_batch_id=page.values["claim_batch_id"]))


def inbound_file(page: Page) -> Response:
    """A file as it came."""
    return page.text(page.call("Claims.GetInboundFileContent", inbound_file_id=page.values["inbound_file_id"]))
