"""Questions answered while one waits: eligibility 270 → 271 (005010X279A1) and claim status 276 → 277 (005010X212)."""

from __future__ import annotations

from datetime import datetime

from infra.simulators.clearinghouse.acknowledgements import ACK_VERSION, judge, write_999, write_ta1
from infra.simulators.clearinghouse.eligibility import answer_eligibility
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.status import answer_status
from infra.simulators.x12 import Composer, TransactionSet, read

ELIGIBILITY_VERSION = "005010X279A1"
STATUS_VERSION = "005010X212"


class PayerDownError(Exception):
    """The payer that is asked does not answer at present."""


def answer_set(
    office: Office, submitter: str, transaction: TransactionSet, now: datetime, control: str
) -> tuple[str, str, list[str]]:
    """GS01, GS08 and the segments of the answer to one accepted 270 or 276."""
    composer = Composer()
    if transaction.kind == "270":
        body = answer_eligibility(office, composer, transaction, now)
        return "HB", ELIGIBILITY_VERSION, composer.transaction("271", control, ELIGIBILITY_VERSION, body)
    body = answer_status(office, composer, submitter, transaction, now)
    return "HN", STATUS_VERSION, composer.transaction("277", control, STATUS_VERSION, body)


def answer_interchange(office: Office, submitter: str, data: bytes, now: datetime) -> bytes:
    """The interchange that answers one of 270s or 276s: 271 or 277, else a 999 (structure) or a TA1 (envelope).

    Raises PayerDownError when a payer that is asked is down.
    """
    interchange = read(data)[0]
    composer = Composer()
    sender, control = office.config.receiver_id, office.control()
    if interchange.note != "000" or not interchange.groups:
        ta1 = write_ta1(composer, interchange)
        return composer.interchange(sender=sender, receiver=submitter, control=control, when=now, ta1=ta1)
    group = interchange.groups[0]
    verdicts = judge(group)
    if group.faults or not all(verdict.accepted and verdict.transaction.kind in ("270", "276") for verdict in verdicts):
        groups = [("FA", ACK_VERSION, [write_999(composer, group, verdicts, "0001")])]
        return composer.interchange(sender=sender, receiver=submitter, control=control, when=now, groups=groups)
    answers = []
    for number, verdict in enumerate(verdicts, start=1):
        _refuse_when_down(office, verdict.transaction)
        answers.append(answer_set(office, submitter, verdict.transaction, now, f"{number:04d}"))
    groups = [(answers[0][0], answers[0][1], [segments for _, _, segments in answers])]
    return composer.interchange(sender=sender, receiver=submitter, control=control, when=now, groups=groups)


def _refuse_when_down(office: Office, transaction: TransactionSet) -> None:
    for segment in transaction.body:
        payer = office.config.payers.get(segment[9]) if segment.id == "NM1" and segment[1] == "PR" else None
        if payer and payer.realtime_down:
            raise PayerDownError(f"{payer.name} does not answer at present")
