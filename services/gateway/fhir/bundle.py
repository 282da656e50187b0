"""Reads a FHIR bundle of any size with bounded memory: what is taken goes to disk in a reduced form, the rest is
counted.

Nothing is sent to anybody before the whole envelope has been read and found right, so a bundle that breaks off leaves
nothing.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import tempfile
from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

import ijson

from chassis.errors import InvalidInput, Violation
from gateway.fhir.scanner import TOO_DEEP, EntryScanner
from gateway.transcoding.problems import BodyTooLarge, MalformedJson, Problems

CHUNK_BYTES = 64 * 1024
# One entry, as it stands in the file. A bundle may have any number of them.
MAX_ENTRY_BYTES = 8 * 1024 * 1024
# One entry, as the registry takes it.
MAX_RESOURCE_BYTES = 1024 * 1024
SPOOL_BYTES = 1024 * 1024
BUNDLE_TYPES = ("transaction", "batch", "collection")
PEOPLE = ("Patient",)
TAKEN = ("Patient", "RelatedPerson", "Coverage")
# Of these only what tells the payer is taken.
CLAIMS = ("Claim", "ExplanationOfBenefit")
CLAIM_ELEMENTS = ("resourceType", "id", "status", "patient", "created", "billablePeriod", "insurance", "insurer")
# Kept aside, to go along with whatever refers to them as payer.
PAYERS = "Organization"
PAYER_ELEMENTS = ("resourceType", "id", "identifier", "name", "alias", "type")
MAX_PAYERS = 5_000
# Claims that say the same of a patient's payer are sent once; this many different ones are remembered at a time.
MAX_HINTS = 10_000


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Entry:
    """One entry that the registry is given: its place in the bundle, its URL, its resource as JSON text."""

    index: int
    full_url: str
    if_none_exist: str
    resource: str


@dataclass
class Spooled:
    """A bundle that has been read. Close it to give back its files."""

    bundle_type: str = ""
    entries: int = 0
    # One byte per entry: what becomes of it (IGNORED, TAKEN_ENTRY, MERGED).
    fate: bytearray = field(default_factory=bytearray)
    # Index into ``types`` of each entry's resource type.
    type_of: array[int] = field(default_factory=lambda: array("H"))
    types: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    merged: Counter[str] = field(default_factory=Counter)
    payers: dict[str, Entry] = field(default_factory=dict)
    people: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115  (closed by close)
    others: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115  (closed by close)

    def taken(self) -> Iterator[Entry]:
        """What was taken, patients first, each kind in the bundle's order."""
        for file in (self.people, self.others):
            file.seek(0)
            for line in file:
                yield Entry(*json.loads(line))

    def close(self) -> None:
        """Deletes the files."""
        self.people.close()
        self.others.close()


IGNORED, TAKEN_ENTRY, MERGED = range(3)


def read_bundle(stream: Stream) -> Spooled:
    """Reads a whole bundle. Raises MalformedJson, InvalidInput (every violation of the envelope) and BodyTooLarge
    (one entry)."""
    reader = _Reader()
    try:
        return reader.read(stream)
    except BaseException:
        reader.spooled.close()
        raise


class _Reader:
    def __init__(self) -> None:
        self.spooled = Spooled()
        self._problems = Problems()
        self._hints: OrderedDict[bytes, tuple[str, Entry]] = OrderedDict()
        self._numbers: dict[str, int] = {}
        self._first = True
        self._scanner = EntryScanner(self._take, frozenset((*TAKEN, *CLAIMS, PAYERS)))

    def read(self, stream: Stream) -> Spooled:
        events = ijson.sendable_list()
        parser = ijson.basic_parse_coro(events, use_float=True)
        since_entry = 0
        try:
            while chunk := stream.read(CHUNK_BYTES):
                if self._first:
                    # Exports of some systems begin with a byte order mark (RFC 8259, section 8.1, lets a reader ignore it).
                    chunk, self._first = chunk.removeprefix(codecs.BOM_UTF8), False
                before = self.spooled.entries
                parser.send(chunk)
                self._scanner.feed(events)
                del events[:]
                since_entry = len(chunk) if self.spooled.entries > before else since_entry + len(chunk)
                if since_entry > MAX_ENTRY_BYTES:
                    raise BodyTooLarge(f"One entry of the bundle has more than {MAX_ENTRY_BYTES} bytes.")
            parser.close()
            self._scanner.feed(events)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise MalformedJson(f"The bundle is not well-formed JSON: {_first_line(error)}.") from None
        self._envelope(self._scanner.top)
        self._problems.refuse()
        for _, entry in self._hints.values():
            self._write(self.spooled.others, entry)
        return self.spooled

    def _envelope(self, top: dict[str, Any]) -> None:
        if top.get("resourceType") != "Bundle":
            self._problems.add("Bundle.resourceType", "must be Bundle")
        if top.get("type") not in BUNDLE_TYPES:
            self._problems.add("Bundle.type", f"must be one of {', '.join(BUNDLE_TYPES)}")
        else:
            self.spooled.bundle_type = top["type"]

    def _take(self, raw: Any) -> None:
        index = self.spooled.entries
        self.spooled.entries += 1
        where = f"Bundle.entry[{index}]"
        resource = raw.get("resource") if isinstance(raw, dict) else None
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if raw is TOO_DEEP:
            self._problems.add(where, "is nested too deeply")
            kind = ""
        elif resource is None and (method := _method_of(raw)) not in ("", "POST", "PUT"):
            self._problems.add(
                f"{where}.request.method", f"{method} is not served; a bundle brings resources by POST or PUT"
            )
            kind = ""
        elif not isinstance(kind, str) or not kind.isalpha() or len(kind) > 64:
            self._problems.add(f"{where}.resource", "must be a resource with a resourceType")
            kind = ""
        self.spooled.type_of.append(self._number(kind))
        self.spooled.fate.append(IGNORED)
        if kind not in TAKEN and kind not in CLAIMS:
            self.spooled.ignored[kind] += 1
            if kind == PAYERS:
                self._keep_payer(index, raw)
            return
        entry = self._entry(index, where, raw, kind)
        if entry is None:
            return
        self.spooled.fate[index] = TAKEN_ENTRY
        if kind in CLAIMS:
            self._hint(entry, kind, raw["resource"])
        else:
            self._write(self.spooled.people if kind in PEOPLE else self.spooled.others, entry)

    def _entry(self, index: int, where: str, raw: dict[str, Any], kind: str) -> Entry | None:
        """Checks the entry around the resource; None (with the problem noted) when it cannot be taken."""
        full_url = raw.get("fullUrl", "")
        request = raw.get("request", {})
        if not isinstance(full_url, str) or len(full_url) > 2048:
            self._problems.add(f"{where}.fullUrl", "must be a URL of up to 2048 characters")
            return None
        if not isinstance(request, dict):
            self._problems.add(f"{where}.request", "must be an object")
            return None
        method, if_none_exist = request.get("method", "POST"), request.get("ifNoneExist", "")
        if method not in ("POST", "PUT"):
            self._problems.add(f"{where}.request.method", f"{kind} is taken by POST or PUT only")
            return None
        if not isinstance(if_none_exist, str) or len(if_none_exist) > 2048:
            self._problems.add(f"{where}.request.ifNoneExist", "must be a search of up to 2048 characters")
            return None
        resource = _reduced(raw["resource"]) if kind in CLAIMS else raw["resource"]
        text = self._text(resource, f"{where}.resource")
        return None if text is None else Entry(index, full_url, if_none_exist, text)

    def _text(self, resource: dict[str, Any], where: str) -> str | None:
        try:
            text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            size = len(text.encode())
        except (RecursionError, ValueError):
            self._problems.add(where, "cannot be read: nested too deeply, or not valid text")
            return None
        if "\\u0000" in text:
            self._problems.add(where, "must not contain NUL characters")
            return None
        if size > MAX_RESOURCE_BYTES:
            self._problems.add(where, f"may have up to {MAX_RESOURCE_BYTES} bytes")
            return None
        return text

    def _keep_payer(self, index: int, raw: dict[str, Any]) -> None:
        """Remembers an Organization under each way a reference may name it."""
        resource = raw["resource"]
        if len(self.spooled.payers) >= MAX_PAYERS:
            return
        reduced = {name: resource[name] for name in PAYER_ELEMENTS if name in resource}
        text = self._text(reduced, f"Bundle.entry[{index}].resource")
        if text is None:
            return
        full_url = raw.get("fullUrl", "")
        entry = Entry(index, full_url if isinstance(full_url, str) else "", "", text)
        for name in (entry.full_url, f"{PAYERS}/{resource['id']}" if isinstance(resource.get("id"), str) else ""):
            if name:
                self.spooled.payers[name] = entry

    def _hint(self, entry: Entry, kind: str, resource: dict[str, Any]) -> None:
        """Keeps, of the claims that name the same payer of the same patient in the same way, the latest."""
        said = {name: resource.get(name) for name in ("patient", "insurance", "insurer")}
        said["contained"] = _contained_coverages(resource)
        key = hashlib.blake2b(json.dumps([kind, said], sort_keys=True).encode(), digest_size=16).digest()
        created = resource.get("created")
        when = created if isinstance(created, str) else ""
        known = self._hints.get(key)
        if known is None:
            self._hints[key] = (when, entry)
            if len(self._hints) > MAX_HINTS:
                _, (_, oldest) = self._hints.popitem(last=False)
                self._write(self.spooled.others, oldest)
            return
        self.spooled.merged[kind] += 1
        if when > known[0]:
            self.spooled.fate[known[1].index] = MERGED
            self._hints[key] = (when, entry)
        else:
            self.spooled.fate[entry.index] = MERGED

    def _number(self, kind: str) -> int:
        number = self._numbers.get(kind)
        if number is None:
            if len(self._numbers) >= 1000:
                raise InvalidInput([Violation("Bundle.entry", "holds more than 1000 different resource types")])
            number = self._numbers[kind] = len(self.spooled.types)
            self.spooled.types.append(kind)
        return number

    @staticmethod
    def _write(file: IO[bytes], entry: Entry) -> None:
        line = [entry.index, entry.full_url, entry.if_none_exist, entry.resource]
        file.write(json.dumps(line).encode() + b"\n")


def _method_of(raw: Any) -> str:
    """The HTTP verb of an entry that asks instead of bringing something; "" when it names none of FHIR's."""
    request = raw.get("request") if isinstance(raw, dict) else None
    method = request.get("method") if isinstance(request, dict) else None
    return method if method in ("GET", "HEAD", "DELETE", "PATCH", "POST", "PUT") else ""


def _reduced(claim: dict[str, Any]) -> dict[str, Any]:
    """What a claim says of its payer, and nothing of what was done."""
    reduced = {name: claim[name] for name in CLAIM_ELEMENTS if name in claim}
    coverages = _contained_coverages(claim)
    if coverages:
        reduced["contained"] = coverages
    return reduced


def _contained_coverages(claim: dict[str, Any]) -> list[Any]:
    contained = claim.get("contained")
    if not isinstance(contained, list):
        return []
    return [each for each in contained if isinstance(each, dict) and each.get("resourceType") == "Coverage"]


def _first_line(error: Exception) -> str:
    """The parser's reason without the excerpt it prints below: that may be somebody's name."""
    text = error.args[0] if error.args else ""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return str(text).splitlines()[0].strip()[:200] if str(text).strip() else "it cannot be read"
