"""Claim status: a 277 (005010X212) for a 276, from what the payers have done with the claim so far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.store import StoredClaim
from infra.simulators.x12 import Composer, Segment, TransactionSet, amount, minor_units

NOT_ON_FILE = ("D0", "35")
RECEIVED = ("P1", "19", "PR")
IN_PROCESS = ("P1", "20")
PAID = ("F1", "65")
DENIED = ("F2", "585")
REVERSED = ("F3", "101")


def answer_status(
    office: Office, composer: Composer, submitter: str, request: TransactionSet, now: datetime
) -> list[str]:
    """The body of the 277: the levels of the 276 with an STC for each claim asked about."""
    day = now.strftime("%Y%m%d")
    body = [composer.segment("BHT", "0010", "08", request.body[0][3], day, now.strftime("%H%M%S"), "DG")]
    payer, member = "", ""
    segments = request.body[1:]
    for position, segment in enumerate(segments):
        if segment.id in ("HL", "NM1"):
            body.append(composer.segment(segment.id, *segment.elements))
        if segment.id == "NM1" and segment[1] == "PR":
            payer = segment[9]
        elif segment.id == "NM1" and segment[1] == "IL":
            member = segment[9]
        elif segment.id == "TRN":
            asked = _details(segments[position + 1 :])
            found = _find(office, submitter, payer, member, asked)
            body.append(composer.segment("TRN", "2", segment[2]))
            body.extend(_report(composer, found, day))
            body.extend(_echo(composer, found, asked))
    return body


def _details(following: list[Segment]) -> dict[str, Segment]:
    """REF by qualifier, AMT and DTP that belong to the claim asked about."""
    asked: dict[str, Segment] = {}
    for segment in following:
        if segment.id in ("TRN", "HL", "SVC"):
            break
        asked[segment[1] if segment.id == "REF" else segment.id] = segment
    return asked


def _find(office: Office, submitter: str, payer: str, member: str, asked: dict[str, Segment]) -> StoredClaim | None:
    """By the payer's number (1K), else by ours (EJ), else by the member, the charge and the day."""
    mine = "submitter = ? AND payer = ?"
    if "1K" in asked:
        found = office.store.claims(f"{mine} AND control_number = ?", submitter, payer, asked["1K"][2])
    elif "EJ" in asked:
        found = office.store.claims(f"{mine} AND number = ?", submitter, payer, asked["EJ"][2])
    else:
        day = asked["DTP"][3][:8] if "DTP" in asked else ""
        found = office.store.claims(f"{mine} AND member = ? AND first_date = ?", submitter, payer, member, day)
        if "AMT" in asked:
            charge = minor_units(asked["AMT"][2])
            found = [stored for stored in found if stored.claim.charge == charge]
    return found[-1] if found else None


def _report(composer: Composer, stored: StoredClaim | None, day: str) -> Iterator[str]:
    if stored is None:
        yield composer.segment("STC", NOT_ON_FILE, day)
        return
    charge = amount(stored.claim.charge)
    if stored.state in ("paid", "reversed") and stored.decision:
        paid = stored.decision.paid
        status = REVERSED if stored.state == "reversed" else PAID if paid or stored.decision.patient_share else DENIED
        decided = stored.paid_at.replace("-", "")
        method = ("ACH", decided, stored.trace) if paid else ()
        yield composer.segment("STC", status, decided, "", charge, amount(paid), decided, *method)
    elif stored.state == "rejected":
        yield composer.segment("STC", tuple(stored.status.split(":")), day, "", charge)
    else:
        yield composer.segment("STC", IN_PROCESS if stored.state == "accepted" else RECEIVED, day, "", charge)


def _echo(composer: Composer, stored: StoredClaim | None, asked: dict[str, Segment]) -> Iterator[str]:
    if stored and stored.control_number:
        yield composer.segment("REF", "1K", stored.control_number)
    if stored:
        yield composer.segment("REF", "EJ", stored.claim.number)
        yield composer.segment("DTP", "472", "D8", stored.claim.first_date)
    elif "DTP" in asked:
        yield composer.segment("DTP", *asked["DTP"].elements)
