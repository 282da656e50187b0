"""Files from the clearinghouse: fetched, kept once, and read by what they are."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from billing.adapters.clearinghouse import Clearinghouse, ClearinghouseRefused, Listed
from billing.domain.x12.acknowledgement import read_functional_acknowledgement
from billing.domain.x12.claim_status import read_status
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.errors import InterchangeRefused, SetRefused, UnsupportedVersion
from billing.domain.x12.reader import TransactionSet, X12Reader
from billing.store import Store
from billing.tables_claims import InboundFile
from billing.usecases import acknowledgements, eligibility_answers, remittances, work_items
from billing.usecases.polling import POLL_DUE, POLL_KEY
from chassis import files
from chassis.call import Call
from chassis.errors import Unavailable

# Key of the work item that says that the list itself is refused.
LIST = "list"
READ_DUE = "clearinghouse.read"
EDI = "application/edi-x12"
LONGEST_NAME = 200
# Of one look; with more waiting the next look follows at once.
MOST_FILES = 25
# GS08 of an 837I begins with it.
INSTITUTIONAL = "005010X223"


def poll(call: Call, clearinghouse: Clearinghouse, every: timedelta) -> None:
    """Fetches what is new, keeps it, plans its reading, and plans the next look. A file is kept once by its content.

    What the clearinghouse refuses (its list, or one file of it) becomes a work item; the looking goes on.
    """
    store = Store(call.session)
    cursor = store.cursor()
    wait = every
    try:
        for listed in clearinghouse.list_inbound(cursor)[:MOST_FILES]:
            _fetch(call, store, clearinghouse, listed)
            cursor = listed.cursor
            wait = timedelta(0)
        _settle_refusal(call, store)
    except Unavailable:
        wait = every
    except ClearinghouseRefused as refused:
        _open_item(call, store, LIST, "The clearinghouse does not list the files that wait for us", str(refused), "")
    store.set_cursor(cursor)
    call.due.at(POLL_DUE, POLL_KEY, call.now + (wait or timedelta(seconds=1)))


def _fetch(call: Call, store: Store, clearinghouse: Clearinghouse, listed: Listed) -> None:
    """Fetches and keeps one file; one that is refused does not keep back those behind it. Raises Unavailable."""
    try:
        data = clearinghouse.fetch(listed.name)
    except ClearinghouseRefused as refused:
        key, title = (
            f"fetch:{listed.cursor}",
            f"{listed.name} could not be fetched: ask the clearinghouse, then load it",
        )
        _open_item(call, store, key, title, str(refused), listed.name)
        return
    keep_file(call, store, listed.name, data, source="clearinghouse")


def _settle_refusal(call: Call, store: Store) -> None:
    item = store.work_item_by_key("unreadable_file", LIST)
    work_items.settle(call, [item] if item is not None else [], "listed again")


def keep_file(call: Call, store: Store, name: str, data: bytes, *, source: str) -> InboundFile:
    """Keeps a file and plans its reading; one whose content is known already is the known one."""
    digest = hashlib.sha256(data).hexdigest()
    known = store.inbound_by_hash(digest)
    if known is not None:
        return known
    row = store.add(
        InboundFile(
            id=call.new_id(),
            name=name[:LONGEST_NAME],
            sha256=digest,
            size=len(data),
            source=source,
            state="received",
            reason="",
            kinds=[],
            oddities=[],
            stored_file_id=files.put(call, name[:LONGEST_NAME], EDI, data),
            received_at=call.now,
        )
    )
    call.due.at(READ_DUE, row.id, call.now)
    return row


def read(call: Call, file_id: UUID) -> None:
    """Reads one kept file: acknowledgements take effect here; 835 sets are proved here and posted each on its own."""
    store = Store(call.session)
    row = store.lock(InboundFile, file_id, "file")
    if row.state != "received":
        return
    with opened(call, row) as stream:
        try:
            oddities = _whole(stream)
        except InterchangeRefused as refused:
            _refuse(call, store, row, str(refused))
            return
    kinds: set[str] = set()
    refused_sets: list[str] = []
    with opened(call, row) as stream:
        reader = X12Reader(stream)
        for index, transaction in enumerate(reader.sets()):
            kinds.add(transaction.set_id)
            try:
                _take(call, store, row, index, transaction)
            except SetRefused as refusal:
                refused_sets.append(str(refusal))
        for interchange in reader.acknowledgements:
            kinds.add("TA1")
            acknowledgements.take_interchange(call, store, row, interchange)
    row.state, row.kinds, row.oddities = "processed", sorted(kinds), oddities[:20]
    if refused_sets:
        row.reason = "; ".join(refused_sets)[:500]
        _tell(call, store, row, f"{len(refused_sets)} sets of {row.name} were refused", refused_sets[0])


@contextmanager
def opened(call: Call, row: InboundFile) -> Iterator[BinaryIO]:
    """The file's bytes as a binary stream, read by chunks."""
    yield io.BufferedReader(_Chunks(files.get(call, row.stored_file_id).chunks()), 1 << 16)


class _Chunks(io.RawIOBase):
    """Chunks of bytes as a raw stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            more = next(self._chunks, None)
            if more is None:
                return 0
            self._rest = more
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _whole(stream: BinaryIO) -> list[str]:
    """Reads the file to its end, so that nothing of it takes effect unless its envelope is sound; returns its oddities."""
    reader = X12Reader(stream)
    for _ in reader.sets():
        pass
    return list(reader.oddities)


def _take(call: Call, store: Store, row: InboundFile, index: int, transaction: TransactionSet) -> None:
    match transaction.set_id:
        case "999":
            acknowledgements.take_functional(call, store, row, read_functional_acknowledgement(transaction))
        case "277":
            acknowledgements.take_status(call, store, row, read_status(transaction))
        case "835":
            remittances.register(call, store, row, index, transaction)
        case "271":
            for answer in read_eligibility(transaction):
                check = store.check_by_trace(answer.trace)
                payer = store.payer(check.payer_id, check.service_date) if check else None
                if check is not None and payer is not None:
                    eligibility_answers.take_answer(call, store, check, payer, answer)
        case "837" if transaction.version.startswith(INSTITUTIONAL):
            raise UnsupportedVersion(
                "institutional claims (837I, UB-04) are out of scope: only professional ones (837P, CMS-1500) are handled",
                transaction.place(),
            )
        case _:
            raise UnsupportedVersion(
                f"set {transaction.set_id} is not expected from a clearinghouse", transaction.place()
            )


def _refuse(call: Call, store: Store, row: InboundFile, reason: str) -> None:
    row.state, row.reason = "refused", reason[:500]
    _tell(call, store, row, f"{row.name} was refused", reason)


def _tell(call: Call, store: Store, row: InboundFile, title: str, reason: str) -> None:
    _open_item(call, store, str(row.id), title, reason, row.name)


def _open_item(call: Call, store: Store, key: str, title: str, reason: str, file_name: str) -> None:
    detail = {"reason": reason, "file": file_name}
    work_items.open_item(call, store, kind="unreadable_file", key=key, title=title, detail=detail)
