"""Files from submitters: kept once per name, read, acknowledged with TA1 and 999, their claims sorted to the payers."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from infra.simulators.clearinghouse.acknowledgements import Verdict, judge, write_999, write_ta1
from infra.simulators.clearinghouse.claims import read_claims
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.realtime import answer_set
from infra.simulators.kit.chance import between
from infra.simulators.kit.clock import stamp
from infra.simulators.x12 import Composer, Group, Interchange, TransactionSet, read

ACCEPTANCE_HOUR = 9  # UTC; the payers' 277CAs go out in the morning
DUPLICATE_INTERCHANGE = "025"
NEW, SAME, CONFLICT = "new", "same", "conflict"


def receive(office: Office, submitter: str, name: str, body: bytes, now: datetime) -> str:
    """Takes a file: NEW, SAME (name and bytes known, nothing is done again) or CONFLICT (name known, other bytes)."""
    digest = hashlib.sha256(body).hexdigest()
    database = office.store.database
    with database.transaction() as connection:
        known = database.one("SELECT sha256 FROM submission WHERE submitter = ? AND name = ?", submitter, name)
        if known:
            return SAME if known["sha256"] == digest else CONFLICT
        cursor = connection.execute(
            "INSERT INTO submission (submitter, name, sha256, body, received_at) VALUES (?, ?, ?, ?, ?)",
            (submitter, name, digest, body, stamp(now)),
        )
        if office.drop_folder:
            office.drop_folder.keep(submitter, name, body)
        for interchange in read(body):
            _take(office, submitter, int(cursor.lastrowid or 0), interchange, now)
    return NEW


def _take(office: Office, submitter: str, submission: int, interchange: Interchange, now: datetime) -> None:
    at = now + timedelta(minutes=office.config.acknowledge_minutes)
    with office.store.database.transaction() as connection:
        if interchange.note == "000":
            values = (submitter, interchange.control)
            fresh = connection.execute("INSERT OR IGNORE INTO interchange VALUES (?, ?)", values).rowcount
            interchange.note = "000" if fresh else DUPLICATE_INTERCHANGE
    composer = Composer()
    if interchange.note != "000" or interchange.header[14] == "1":
        ta1 = write_ta1(composer, interchange)
        _answer(office, composer, submitter, "TA1", at, ta1=ta1)
    if interchange.note != "000":
        return
    for group in interchange.groups:
        verdicts = judge(group)
        _answer_group(office, composer, submitter, group, verdicts, at)
        for verdict in verdicts:
            if verdict.accepted and not group.faults:
                _accept(office, submitter, submission, verdict.transaction, now, at)


def _answer_group(
    office: Office, composer: Composer, submitter: str, group: Group, verdicts: list[Verdict], at: datetime
) -> None:
    acknowledgement = write_999(composer, group, verdicts, "0001")
    groups = [("FA", "005010X231A1", [acknowledgement])]
    _answer(office, composer, submitter, "999", at, groups=groups)


def _answer(
    office: Office,
    composer: Composer,
    submitter: str,
    kind: str,
    at: datetime,
    groups: list[tuple[str, str, list[list[str]]]] | None = None,
    ta1: str | None = None,
) -> None:
    sender = office.config.receiver_id
    name, body = office.file(
        composer, sender=sender, receiver=submitter, when=at, kind=kind, groups=groups or (), ta1=ta1
    )
    office.store.plan(at, "publish", submitter=submitter, name=name, file_kind=kind, body=body.decode())


def _accept(
    office: Office, submitter: str, submission: int, transaction: TransactionSet, now: datetime, at: datetime
) -> None:
    if transaction.kind != "837":
        kind, version, reply = answer_set(office, submitter, transaction, at, "0001")
        _answer(office, Composer(), submitter, reply[0][4:7] if kind else "271", at, groups=[(kind, version, [reply])])
        return
    submitter_name = next(
        (segment[3] for segment in transaction.body if segment.id == "NM1" and segment[1] == "41"), ""
    )
    batches: set[tuple[str, str]] = set()
    for claim in read_claims(transaction):
        office.store.add_claim(
            claim,
            submitter=submitter,
            submitter_name=submitter_name,
            submission=submission,
            received_at=now,
            state="received",
            nth=office.store.database.next_number("claims"),
        )
        office.store.remember_plan(claim.person, claim.payer, claim.member)
        batches.add((claim.payer, claim.batch))
    for payer, batch in sorted(batches):
        known = office.config.payers.get(payer)
        low, high = known.days_to_277ca if known else [0, 0]
        day = now + timedelta(days=between(office.seed, low, high, "277CA", payer, batch))
        due = max(at, day.replace(hour=ACCEPTANCE_HOUR, minute=0, second=0, microsecond=0))
        office.store.plan(due, "claim_acknowledgement", submission=submission, payer=payer, batch=batch)
