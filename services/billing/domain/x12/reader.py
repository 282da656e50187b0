"""Interchanges, groups and sets of a file, streamed, with every count and control number checked.

    reader = X12Reader(file)
    for transaction in reader.sets():
        transaction.require("835")
        for segment in transaction.segments(): …

A broken set raises SetRefused from its `segments()` and the next one is read; a broken envelope raises
InterchangeRefused from `sets()`. Whoever acts on sets therefore reads the file once for proof before acting
(`x12.remittance_proof`), because a wrong GE01 or IEA01 stands behind the sets it counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from billing.domain.x12.elements import element
from billing.domain.x12.envelope import Group, Interchange, InterchangeAcknowledgement, ReadableVersions, Separators
from billing.domain.x12.errors import InterchangeRefused, Place, SetRefused, UnsupportedVersion
from billing.domain.x12.tokenizer import BLOCK, Tokenizer

_HASH_BATCH = 512
_CANONICAL = Separators()


class TransactionSet:
    """One ST–SE: its headers, and its segments, which can be read once and in order."""

    def __init__(self, reader: X12Reader, interchange: Interchange, group: Group, header: list[str]) -> None:
        self._reader = reader
        self.interchange = interchange
        self.group = group
        self.set_id = element(header, 1)
        self.control = element(header, 2)
        self.version = element(header, 3) or group.version
        self._hash = hashlib.sha256()
        self._segments = self._read()
        self.finished = False
        signs = interchange.separators
        changes = {
            ours: canonical
            for ours, canonical in (
                (signs.element, _CANONICAL.element),
                (signs.repetition, _CANONICAL.repetition),
                (signs.component, _CANONICAL.component),
            )
            if ours != canonical
        }
        self._to_canonical = str.maketrans(changes) if changes else None

    def require(self, *set_ids: str) -> None:
        """UnsupportedVersion or SetRefused unless the set is one of `set_ids` in a version that is read."""
        if self.version != self.group.version:
            raise SetRefused(f"ST03 says {self.version}, GS08 says {self.group.version}", self.place(3))
        refusal = self._reader.versions.refusal(self.set_id, self.version)
        if refusal:
            raise UnsupportedVersion(refusal, self.place(1))
        if self.set_id not in set_ids:
            raise SetRefused(f"a set {self.set_id} where {' or '.join(set_ids)} is expected", self.place(1))

    def segments(self) -> Iterator[list[str]]:
        """What lies between ST and SE. SetRefused at the end when SE01 or SE02 do not agree with what was read."""
        return self._segments

    def place(self, position: int = 0) -> Place:
        """The place of the segment read last, at element `position`."""
        return self._reader.tokens.place(position, self.control)

    @property
    def segment_index(self) -> int:
        """Number in the file of the segment read last."""
        return self._reader.tokens.index

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the segments between ST and SE in canonical separators; complete once the set has been read.

        Control numbers and the file around the set are not in it: the same set in another file has the same hash.
        """
        return self._hash.hexdigest()

    def _read(self) -> Iterator[list[str]]:
        tokens = self._reader.tokens
        count = 1
        raws: list[str] = []
        for segment in self._reader.current:
            tag = segment[0]
            if tag == "SE":
                self._digest(raws)
                self.finished = True
                self._check_trailer(segment, count + 1)
                return
            if tag in ("ST", "GE", "GS", "IEA"):
                self._reader.push_back(segment)
                self.finished = True
                raise SetRefused("the set has no SE segment", tokens.place(0, self.control))
            count += 1
            raws.append(tokens.raw)
            if len(raws) == _HASH_BATCH:
                self._digest(raws)
            yield segment
        raise InterchangeRefused("the file ends inside a set", tokens.place(0, self.control))

    def _digest(self, raws: list[str]) -> None:
        text = "".join(f"{raw}~" for raw in raws)
        self._hash.update((text.translate(self._to_canonical) if self._to_canonical else text).encode())
        raws.clear()

    def _check_trailer(self, segment: list[str], count: int) -> None:
        if element(segment, 2) != self.control:
            raise SetRefused(f"SE02 {element(segment, 2)!r} does not repeat ST02 {self.control!r}", self.place(2))
        if _number(element(segment, 1)) != count:
            raise SetRefused(f"SE01 says {element(segment, 1)} segments, there are {count}", self.place(1))


class X12Reader:
    """Reads a binary file. `oddities` are faults that touch neither money nor identity; `acknowledgements` are TA1s."""

    def __init__(self, stream: BinaryIO, versions: ReadableVersions | None = None, block_size: int = BLOCK) -> None:
        self.tokens = Tokenizer(stream, block_size)
        self.versions = versions or ReadableVersions()
        self.acknowledgements: list[InterchangeAcknowledgement] = []
        self.current: Iterator[list[str]] = iter(())
        self._pushed: list[list[str]] = []

    @property
    def oddities(self) -> list[str]:
        """What was found odd and read all the same, in words, so far."""
        return self.tokens.oddities

    def sets(self) -> Iterator[TransactionSet]:
        """Every ST–SE of every interchange and group. What the caller leaves unread of a set is skipped.

        InterchangeRefused: not X12, truncated, or counts and control numbers of GE or IEA disagree.
        """
        found = False
        while (interchange := self.tokens.next_interchange()) is not None:
            found = True
            self.current = self._with_pushed(self.tokens.segments())
            yield from self._groups(interchange)
        if not found:
            raise InterchangeRefused("the file is empty", Place(1, 0))

    def push_back(self, segment: list[str]) -> None:
        """Gives a segment back, so that the envelope sees it next."""
        self._pushed.append(segment)

    def _with_pushed(self, segments: Iterator[list[str]]) -> Iterator[list[str]]:
        for segment in segments:
            yield segment
            while self._pushed:
                yield self._pushed.pop()

    def _groups(self, interchange: Interchange) -> Iterator[TransactionSet]:
        groups = 0
        for segment in self.current:
            tag = segment[0]
            if tag == "GS":
                groups += 1
                yield from self._sets_of_group(interchange, segment)
            elif tag == "TA1":
                self.acknowledgements.append(
                    InterchangeAcknowledgement(element(segment, 1), element(segment, 4), element(segment, 5))
                )
            elif tag == "IEA":
                if element(segment, 2) != interchange.control:
                    raise self._refused(
                        f"IEA02 {element(segment, 2)!r} does not repeat ISA13 {interchange.control!r}", 2
                    )
                if _number(element(segment, 1)) != groups:
                    raise self._refused(f"IEA01 says {element(segment, 1)} groups, there are {groups}", 1)
                return
            elif tag:
                raise self._refused(f"segment {tag[:3]!r} stands outside of a group")

    def _sets_of_group(self, interchange: Interchange, header: list[str]) -> Iterator[TransactionSet]:
        group = Group(
            element(header, 1), element(header, 2), element(header, 3), element(header, 6), element(header, 8)
        )
        sets = 0
        for segment in self.current:
            tag = segment[0]
            if tag == "ST":
                sets += 1
                transaction = TransactionSet(self, interchange, group, segment)
                yield transaction
                self._skip_rest(transaction)
            elif tag == "GE":
                if element(segment, 2) != group.control:
                    raise self._refused(f"GE02 {element(segment, 2)!r} does not repeat GS06 {group.control!r}", 2)
                if _number(element(segment, 1)) != sets:
                    raise self._refused(f"GE01 says {element(segment, 1)} sets, there are {sets}", 1)
                return
            elif tag:
                raise self._refused(f"segment {tag[:3]!r} stands outside of a set")
        raise self._refused("the interchange ends inside a group")

    def _skip_rest(self, transaction: TransactionSet) -> None:
        """Whoever gave up a set has refused it already: its trailer is not judged a second time."""
        if transaction.finished:
            return
        try:
            for _ in transaction.segments():
                pass
        except SetRefused:
            return

    def _refused(self, reason: str, position: int = 0) -> InterchangeRefused:
        return InterchangeRefused(reason, self.tokens.place(position))


def _number(text: str) -> int:
    """A count of the envelope; -1, which no count is, when it is not a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
