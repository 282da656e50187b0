"""Bytes to segments, in blocks: memory is bounded by the block and by the longest segment, whatever the file's size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from billing.domain.x12.envelope import ISA_LENGTH, Interchange, parse_isa
from billing.domain.x12.errors import InterchangeRefused, Place

BLOCK = 1 << 16
LONGEST_SEGMENT = 1 << 20
# Between interchanges: line ends, blanks, and the Ctrl-Z or NULs that old systems pad with.
_FILLER = b" \t\r\n\x00\x1a"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Tokenizer:
    """Splits a binary file into segments, each a list of elements (`['NM1', 'IL', …]`), interchange by interchange.

    After each segment `index` is its number in the file (from 1), `raw` its text without the terminator, and
    `place()` its place. Line breaks after a terminator, indentation and 80-column wrapping are not data.
    """

    def __init__(self, stream: BinaryIO, block_size: int = BLOCK) -> None:
        self._stream = stream
        self._block_size = block_size
        self._pending = b""
        self._offset = 0  # of the first pending byte
        self._block = b""  # the bytes now being yielded, for places
        self._block_offset = 0
        self._in_block = 0
        self.index = 0
        self.raw = ""
        self.oddities: list[str] = []

    def next_interchange(self) -> Interchange | None:
        """Reads on to the next ISA header; None at the end of the file. InterchangeRefused for anything else there."""
        self._skip_filler()
        if not self._pending:
            return None
        while len(self._pending) < 4 * ISA_LENGTH and self._read():
            pass
        self.index += 1
        here = Place(self.index, self._offset, "ISA")
        interchange, length, oddities = parse_isa(self._pending[: 4 * ISA_LENGTH].decode("latin-1"), here)
        signs = interchange.separators
        if not (signs.element + signs.repetition + signs.component + signs.segment).isascii():
            raise InterchangeRefused("the separators of the interchange are not ASCII", here)
        self.oddities.extend(oddity for oddity in oddities if oddity not in self.oddities)
        self._block, self._block_offset, self._in_block = self._pending[:length], self._offset, 1
        self._advance(length)
        self._interchange = interchange
        return interchange

    def segments(self) -> Iterator[list[str]]:
        """The segments after the ISA up to and including IEA. InterchangeRefused when the file ends before it."""
        signs = self._interchange.separators
        separator, terminator = signs.element, signs.segment
        end = re.compile(re.escape(terminator.encode()) + rb"\s*IEA" + re.escape(separator.encode()))
        tidy = re.compile(re.escape(terminator) + r"[\r\n\t ]+")
        while True:
            text = self._next_block(terminator.encode(), end)
            if terminator in "\r\n":
                text = text.replace("\r" if terminator == "\n" else "\n", "")
            elif "\n" in text or "\r" in text:
                text = tidy.sub(terminator, text.lstrip("\r\n\t ")).replace("\r", "").replace("\n", "")
            raws = text.split(terminator)
            raws.pop()
            for raw in raws:
                self.index += 1
                self._in_block += 1
                self.raw = raw
                cells = raw.split(separator)
                yield cells
            if raws and cells[0] == "IEA":
                return

    def place(self, element: int = 0, set_control: str = "") -> Place:
        """The place of the segment read last."""
        cells = self.raw[:4].split(self._interchange.separators.element, 1) if self.raw else [""]
        terminator = self._interchange.separators.segment.encode()
        start = 0
        for _ in range(self._in_block - 1):
            start = self._block.find(terminator, start) + 1
        while self._block[start : start + 1] in (b"\r", b"\n", b" ", b"\t"):
            start += 1
        return Place(self.index, self._block_offset + start, cells[0], element, set_control)

    def _next_block(self, terminator: bytes, end: re.Pattern[bytes]) -> str:
        """The text of whole segments that lie in memory, not beyond the interchange's IEA."""
        while (cut := self._pending.rfind(terminator) + 1) == 0:
            if len(self._pending) > LONGEST_SEGMENT:
                raise InterchangeRefused(f"a segment is longer than {LONGEST_SEGMENT} bytes", self._here())
            if not self._read():
                raise InterchangeRefused("the file ends before the IEA segment of its interchange", self._here())
        # The terminator of the segment before IEA may have gone with the block before: look at the start as well.
        at_start = self._pending.lstrip(_FILLER).startswith(b"IEA")
        found = None if at_start else end.search(self._pending)
        if at_start or found:
            after = self._pending.find(b"IEA") if found is None else found.end()
            iea_end = self._pending.find(terminator, after) + 1
            if iea_end:
                cut = iea_end
        block = self._pending[:cut]
        self._block, self._block_offset, self._in_block = block, self._offset, 0
        self._advance(cut)
        # No character set of X12 has it, and no database keeps it in a text: what a broken transfer leaves behind.
        if b"\x00" in block.strip(_FILLER):
            raise InterchangeRefused("NUL bytes stand within the interchange: the file is damaged", self._here())
        if block.isascii():
            return block.decode("ascii")
        try:
            return block.decode("utf-8")
        except UnicodeDecodeError:
            note = "some text is neither ASCII nor UTF-8; it was read as Latin-1"
            if note not in self.oddities:
                self.oddities.append(note)
            return block.decode("latin-1")

    def _here(self) -> Place:
        return Place(self.index + 1, self._offset)

    def _skip_filler(self) -> None:
        if self._offset == 0 and (self._pending or self._read()) and self._pending.startswith(_BYTE_ORDER_MARK):
            self._advance(len(_BYTE_ORDER_MARK))
        while self._pending or self._read():
            filler = len(self._pending) - len(self._pending.lstrip(_FILLER))
            if filler == 0:
                return
            self._advance(filler)

    def _advance(self, count: int) -> None:
        self._pending = self._pending[count:]
        self._offset += count

    def _read(self) -> bool:
        more = self._stream.read(self._block_size)
        self._pending += more
        return bool(more)
