"""Hands a bundle that has been read to the patient registry, part by part, and writes the response bundle."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from google.protobuf.message import Message

from chassis import descriptors
from chassis.errors import InvalidInput, Violation
from gateway.edge import Exchange
from gateway.fhir.bundle import MERGED, SPOOL_BYTES, TAKEN_ENTRY, Entry, Spooled
from gateway.fhir.outcome import issue, operation_outcome
from gateway.transcoding.json_out import dumps
from gateway.transcoding.problems import BodyTooLarge

PART_ENTRIES = 100
PART_BYTES = 1024 * 1024
# A transaction is one call, and a call has up to 4 MB.
TRANSACTION_BYTES = 3 * 1024 * 1024
TRANSACTION_ENTRIES = 20_000
PART_SECONDS = 15.0
_HTTP_STATUS = {"CREATED": "201 Created", "UPDATED": "200 OK", "UNCHANGED": "200 OK", "IGNORED": "202 Accepted"}


class Import:
    """One import: what was sent, what came of each entry."""

    def __init__(self, bundle: Spooled, rpc: descriptors.Rpc, exchange: Exchange, idempotency_key: str) -> None:
        self.bundle = bundle
        self._rpc = rpc
        self._exchange = exchange
        self._key = idempotency_key
        self._parts = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        # The response entries of what was taken, and where each lies (offset + 1; 0: none) by its place in the bundle.
        self._written: IO[bytes] = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115  (closed by close)
        self._offsets = array("Q", bytes(8 * bundle.entries))

    def run(self) -> None:
        """Sends everything. Raises grpc.RpcError (what was sent before stays and is recognised when sent again),
        BodyTooLarge."""
        if self.bundle.bundle_type == "transaction":
            self._send_transaction()
            return
        part: list[Entry] = []
        size = 0
        for entry in self.bundle.taken():
            if part and (len(part) >= PART_ENTRIES or size + len(entry.resource) > PART_BYTES):
                self._send(part)
                part, size = [], 0
            part.append(entry)
            size += len(entry.resource)
        if part:
            self._send(part)

    def response(self) -> Iterator[bytes]:
        """The response bundle in pieces: an entry for each of the request's, in its order, and a summary as the
        last."""
        kind = "transaction-response" if self.bundle.bundle_type == "transaction" else "batch-response"
        try:
            yield b'{"resourceType":"Bundle","type":"' + kind.encode() + b'","entry":['
            for index in range(self.bundle.entries):
                yield self._response_entry(index) + b","
            yield dumps({"resource": self.summary(), "response": {"status": "200 OK"}}) + b"]}"
        finally:
            self.close()

    def summary(self) -> dict[str, Any]:
        """An OperationOutcome that counts by resource type what was created, updated, unchanged, refused, merged,
        ignored."""
        lines: dict[str, list[str]] = {}
        for (kind, status), count in sorted(self._counts.items()):
            lines.setdefault(kind, []).append(f"{count} {status.lower()}")
        for kind, count in sorted(self.bundle.merged.items()):
            lines.setdefault(kind, []).append(f"{count} said the same as another")
        for kind, count in sorted(self.bundle.ignored.items()):
            lines.setdefault(kind, []).append(f"{count} ignored")
        issues = [issue("information", "informational", ", ".join(said), text=kind) for kind, said in lines.items()]
        return operation_outcome(issues or [issue("information", "informational", "The bundle is empty.")])

    def close(self) -> None:
        """Deletes the files."""
        self.bundle.close()
        self._written.close()

    # --- sending ----------------------------------------------------------------------------------------------------

    def _send_transaction(self) -> None:
        entries: list[Entry] = []
        size = 0
        for entry in self.bundle.taken():
            entries.append(entry)
            size += len(entry.resource.encode()) + len(entry.full_url)
            if size > TRANSACTION_BYTES or len(entries) > TRANSACTION_ENTRIES:
                raise BodyTooLarge(
                    f"A transaction may hold up to {TRANSACTION_BYTES} bytes of people and coverage, because it is"
                    " taken whole or not at all; send it as a batch or a collection."
                )
        if entries:
            self._send(entries)

    def _send(self, part: list[Entry]) -> None:
        sent = {entry.index for entry in part}
        request: Any = self._rpc.request_class(bundle_type=self.bundle.bundle_type)
        for entry in [*self._payers_of(part), *part]:
            request.entries.add(
                index=entry.index,
                full_url=entry.full_url,
                if_none_exist=entry.if_none_exist,
                resource=entry.resource.encode(),
            )
        key = f"{self._key}.{self._parts}" if self._key else ""
        self._parts += 1
        answer: Any = self._exchange.call("patient_registry", self._rpc, request, key, PART_SECONDS)
        for outcome in answer.outcomes:
            if outcome.index in sent:
                self._note(outcome)

    def _payers_of(self, part: list[Entry]) -> list[Entry]:
        """The Organizations that entries of this part refer to, so that a payer's name can be looked up beside them."""
        if not self.bundle.payers:
            return []
        found: dict[int, Entry] = {}
        for entry in part:
            for name in _references(json.loads(entry.resource)):
                payer = self.bundle.payers.get(name)
                if payer is not None:
                    found[payer.index] = payer
        return [found[index] for index in sorted(found)]

    def _note(self, outcome: Message) -> None:
        made: Any = outcome
        status = _status_name(made)
        self._counts[made.resource_type, status] += 1
        response: dict[str, Any] = {"status": _HTTP_STATUS.get(status, "400 Bad Request")}
        if made.resource_type == "Patient" and made.resource_id:
            response["location"] = f"Patient/{made.resource_id}"
        severity, code = ("error", "invalid") if status == "REFUSED" else ("warning", "informational")
        issues = [issue(severity, code, each.message, each.expression) for each in made.issues]
        if made.lacking:
            issues.append(issue("warning", "incomplete", f"Billing still needs: {', '.join(made.lacking)}."))
        if issues:
            response["outcome"] = operation_outcome(issues)
        self._offsets[made.index] = self._written.seek(0, 2) + 1
        self._written.write(dumps({"response": response}) + b"\n")

    # --- answering --------------------------------------------------------------------------------------------------

    def _response_entry(self, index: int) -> bytes:
        offset = self._offsets[index]
        if offset:
            self._written.seek(offset - 1)
            return self._written.readline().rstrip(b"\n")
        kind = self.bundle.types[self.bundle.type_of[index]]
        fate = self.bundle.fate[index]
        if fate == MERGED:
            said = issue("information", "informational", "It names the same payer as another claim of this patient.")
        elif fate == TAKEN_ENTRY:
            said = issue("information", "informational", f"{kind} tells nothing that is kept here.")
        else:
            said = issue("warning", "not-supported", f"{kind} is not kept here; it was ignored.")
        return dumps({"response": {"status": "202 Accepted", "outcome": operation_outcome([said])}})


def refuse_when_empty(bundle: Spooled) -> None:
    """A bundle without one entry is a mistake, not an empty success. Raises InvalidInput."""
    if not bundle.entries:
        raise InvalidInput([Violation("Bundle.entry", "must hold at least one entry")])


def _status_name(outcome: Any) -> str:
    """``FHIR_OUTCOME_STATUS_CREATED`` → ``CREATED``."""
    descriptor = outcome.DESCRIPTOR.fields_by_name["status"].enum_type
    return str(descriptor.values_by_number[outcome.status].name).rsplit("_", 1)[-1]


def _references(value: Any) -> Iterator[str]:
    """Every ``reference`` in a resource."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            name = each.get("reference")
            if isinstance(name, str):
                yield name
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)
