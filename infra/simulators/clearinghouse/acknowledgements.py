"""Acknowledgements: TA1 for an interchange, 999 (005010X231A1) for a group, 277CA (005010X214) for claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from infra.simulators.clearinghouse.claims import Claim
from infra.simulators.clearinghouse.edits import Status
from infra.simulators.clearinghouse.grammar import GRAMMARS
from infra.simulators.clearinghouse.structure import SegmentFault, check_structure
from infra.simulators.x12 import Composer, Group, Interchange, TransactionSet, amount

ACK_VERSION = "005010X231A1"
CLAIM_ACK_VERSION = "005010X214"
FAULTS_SHOWN = 50
LOOP_LENGTH = 4  # data element 447 has at most four characters: 2010AA is told as 2010


@dataclass(frozen=True)
class Verdict:
    """What became of one transaction set: its faults and the IK502 codes of its envelope."""

    transaction: TransactionSet
    faults: tuple[SegmentFault, ...]
    envelope: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether its content goes on."""
        return not self.faults and not self.envelope


def judge(group: Group) -> list[Verdict]:
    """A verdict per transaction set. A group of a version or kind we do not take has none accepted."""
    known = {version for _, version, _ in GRAMMARS.values()}
    verdicts: list[Verdict] = []
    seen: set[str] = set()
    for transaction in group.sets:
        envelope = list(transaction.faults)
        if transaction.segments[-1].id != "SE" and "2" not in envelope:
            envelope.append("2")  # trailer missing
        if transaction.control in seen:
            envelope.append("23")  # control number not unique within the group
        seen.add(transaction.control)
        faults: Sequence[SegmentFault] = ()
        if transaction.kind not in GRAMMARS or GRAMMARS[transaction.kind][0] != group.kind:
            envelope.append("1")  # transaction set not supported
        elif group.version in known and transaction.version == group.version:
            faults = check_structure(transaction)
        else:
            envelope.append("I6")  # implementation convention not supported
        verdicts.append(Verdict(transaction, tuple(faults), tuple(dict.fromkeys(envelope))))
    return verdicts


def write_ta1(composer: Composer, interchange: Interchange) -> str:
    """TA1: A when the interchange could be read, R with the reason when not."""
    header = interchange.header
    verdict = "A" if interchange.note == "000" else "R"
    day = header[9] if header[9].isdigit() else "000101"
    moment = header[10] if header[10].isdigit() else "0000"
    return composer.segment("TA1", interchange.control, day, moment, verdict, interchange.note)


def write_999(composer: Composer, group: Group, verdicts: Sequence[Verdict], control: str) -> list[str]:
    """The 999 for a group: one AK2 loop per set, and the group's own verdict."""
    body = [composer.segment("AK1", group.kind, group.control, group.version)]
    for verdict in verdicts:
        transaction = verdict.transaction
        body.append(composer.segment("AK2", transaction.kind, transaction.control, transaction.version))
        for fault in verdict.faults[:FAULTS_SHOWN]:
            body.extend(_error(composer, fault))
        codes = list(verdict.envelope) + (["5"] if verdict.faults else [])
        body.append(composer.segment("IK5", "A" if verdict.accepted else "R", *codes[:5]))
    good = sum(verdict.accepted for verdict in verdicts)
    code = "A" if good == len(verdicts) and not group.faults else "R" if good == 0 or group.faults else "P"
    counts = (group.declared or len(verdicts), len(verdicts), good if not group.faults else 0)
    body.append(composer.segment("AK9", code, *counts, *dict.fromkeys(group.faults[:5])))
    return composer.transaction("999", control, ACK_VERSION, body)


def _error(composer: Composer, fault: SegmentFault) -> Iterable[str]:
    loop = fault.loop[:LOOP_LENGTH]
    yield composer.segment("IK3", fault.segment[:3] or "ZZZ", fault.position, loop, fault.code)
    if fault.claim:
        yield composer.segment("CTX", ("CLM01", fault.claim))
    for element in fault.elements:
        place: tuple[int, ...] = (element.element, element.component) if element.component else (element.element,)
        value = "" if element.code == "6" else element.value[:99]
        yield composer.segment("IK4", place if len(place) > 1 else str(place[0]), element.number, element.code, value)


@dataclass(frozen=True)
class ClaimStatus:
    """One claim in a 277CA: the payer's answer and, when it took the claim, its control number."""

    claim: Claim
    status: Status
    control_number: str


@dataclass(frozen=True)
class BatchAcknowledgement:
    """What a 277CA answers: who answers whom, for which batch (BHT03), received when."""

    source_id: str
    source_name: str
    source_is_payer: bool
    submitter: str
    submitter_name: str
    batch: str
    received: datetime
    claims: tuple[ClaimStatus, ...]
    refused: Status | None = None  # the whole batch, at the level of the receiver (2200B)


def write_277ca(composer: Composer, answer: BatchAcknowledgement, control: str, when: datetime) -> list[str]:
    """The 277CA of one batch and payer, claims grouped by billing provider."""
    segment = composer.segment
    day = when.strftime("%Y%m%d")
    entity = "PR" if answer.source_is_payer else "AY"
    receiver_status = answer.refused or Status("A1", "19", "PR" if answer.source_is_payer else "AY")
    body = [
        segment("BHT", "0085", "08", control, day, when.strftime("%H%M%S"), "TH"),
        segment("HL", 1, "", "20", "1"),
        segment(
            "NM1",
            entity,
            "2",
            answer.source_name,
            "",
            "",
            "",
            "",
            "PI" if answer.source_is_payer else "46",
            answer.source_id,
        ),
        segment("TRN", "1", control),
        segment("DTP", "050", "D8", answer.received.strftime("%Y%m%d")),
        segment("DTP", "009", "D8", day),
        segment("HL", 2, 1, "21", "0" if answer.refused else "1"),
        segment("NM1", "41", "2", answer.submitter_name, "", "", "", "", "46", answer.submitter),
        segment("TRN", "2", answer.batch),
        segment("STC", _status(receiver_status), day, "U" if answer.refused else "WQ", _total(answer.claims)),
        *_counts(composer, answer.claims, "90", "AA"),
    ]
    if answer.refused:
        return composer.transaction("277", control, CLAIM_ACK_VERSION, body)
    level = 2
    ordered = sorted(answer.claims, key=lambda status: status.claim.billing_npi)
    for npi, group in groupby(ordered, key=lambda status: status.claim.billing_npi):
        statuses = tuple(group)
        level += 1
        provider_level = level
        body += [
            segment("HL", level, 2, "19", "1"),
            segment("NM1", "85", "2", statuses[0].claim.billing_name, "", "", "", "", "XX", npi),
            segment("TRN", "1", "0"),
            segment("STC", ("A1", "19", "PR"), "", "WQ", _total(statuses)),
            *_counts(composer, statuses, "QA", "QC"),
        ]
        for status in statuses:
            level += 1
            body.append(segment("HL", level, provider_level, "PT"))
            body.extend(_claim_status(composer, status, day))
    return composer.transaction("277", control, CLAIM_ACK_VERSION, body)


def _claim_status(composer: Composer, status: ClaimStatus, day: str) -> Iterable[str]:
    segment = composer.segment
    claim = status.claim
    last, first = claim.patient
    yield segment("NM1", "QC", "1", last, first, "", "", "", "MI", claim.member or "UNKNOWN")
    yield segment("TRN", "2", claim.number)
    action = "WQ" if status.status.accepted else "U"
    yield segment("STC", _status(status.status), day, action, amount(claim.charge))
    if status.control_number:
        yield segment("REF", "1K", status.control_number)
    if claim.first_date and claim.first_date != claim.last_date:
        yield segment("DTP", "472", "RD8", f"{claim.first_date}-{claim.last_date}")
    elif claim.first_date:
        yield segment("DTP", "472", "D8", claim.first_date)


def _status(status: Status) -> tuple[str, str, str]:
    return status.category, status.code, status.entity


def _total(claims: Sequence[ClaimStatus]) -> str:
    return amount(sum(status.claim.charge for status in claims))


def _counts(composer: Composer, claims: Sequence[ClaimStatus], accepted: str, rejected: str) -> list[str]:
    """QTY and AMT of what was accepted and rejected, each left out when there is none."""
    good = [status for status in claims if status.status.accepted]
    bad = [status for status in claims if not status.status.accepted]
    quantities = [
        composer.segment("QTY", code, len(some)) for code, some in ((accepted, good), (rejected, bad)) if some
    ]
    amounts = [composer.segment("AMT", code, _total(some)) for code, some in (("YU", good), ("YY", bad)) if some]
    return quantities + amounts
