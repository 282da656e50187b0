"""Writing interchanges: segments, control numbers and counts; data that contains a separator is refused.

writer = InterchangeWriter(envelope)
with writer.group("HC", "005010X222A1", group_control=17):
    with writer.transaction("837", set_control=1):
        writer.segment("BHT", "0019", "00", …)
data = writer.finish()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from billing.domain.x12.elements import plain_text
from billing.domain.x12.envelope import Separators
from billing.domain.x12.errors import UnwritableValue

Value = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnvelopeData:
    """Who writes to whom, when and under which number. `written_at` is the wall time that ISA09/10 and GS04/05 show.

    `control` is ISA13: 1 … 999,999,999, never used twice for a receiver.
    """

    sender_qualifier: str
    sender_id: str
    receiver_qualifier: str
    receiver_id: str
    control: int
    written_at: datetime
    production: bool
    acknowledgement_requested: bool = True
    separators: Separators = field(default_factory=Separators)


class InterchangeWriter:
    """Writes one interchange of ASCII text. UnwritableValue names the segment and element that cannot be written."""

    def __init__(self, envelope: EnvelopeData, line_breaks: bool = True) -> None:
        self._envelope = envelope
        self._signs = envelope.separators
        self._end = self._signs.segment + ("\n" if line_breaks else "")
        self._out: list[str] = []
        self._groups = 0
        self._sets = 0
        self._segments = 0
        self._version = ""
        if not 1 <= envelope.control <= 999_999_999:
            raise UnwritableValue("the interchange control number (ISA13) is not 1 to 999999999")
        self._isa()

    @property
    def written_at(self) -> datetime:
        """The wall time that the envelope shows."""
        return self._envelope.written_at

    def segment(self, tag: str, *values: Value) -> None:
        """One segment; a tuple is a composite; empty trailing elements and components are left out (X12.6)."""
        texts = [
            self._composite(tag, at, v) if isinstance(v, tuple) else self._checked(tag, at, v)
            for at, v in enumerate(values, 1)
        ]
        while texts and not texts[-1]:
            texts.pop()
        self._segments += 1
        self._out.append(self._signs.element.join([tag, *texts]) + self._end)

    @contextmanager
    def group(self, kind: str, version: str, control: int) -> Iterator[None]:
        """GS … GE around what is written inside; `kind` is GS01, `version` GS08, `control` GS06."""
        at = self._envelope.written_at
        self._sets, self._version = 0, version
        sender, receiver = self._envelope.sender_id, self._envelope.receiver_id
        self.segment("GS", kind, sender, receiver, f"{at:%Y%m%d}", f"{at:%H%M}", str(control), "X", version)
        yield
        self.segment("GE", str(self._sets), str(control))
        self._groups += 1

    @contextmanager
    def transaction(self, set_id: str, control: int, *, with_version: bool = True) -> Iterator[None]:
        """ST … SE around what is written inside; the count of segments is filled in. An 835 has no version in ST03."""
        text = f"{control:04d}"
        self._segments = 0
        self.segment("ST", set_id, text, self._version if with_version else "")
        yield
        self.segment("SE", str(self._segments + 1), text)
        self._sets += 1

    def finish(self) -> bytes:
        """The whole interchange with its trailer."""
        self.segment("IEA", str(self._groups), f"{self._envelope.control:09d}")
        return "".join(self._out).encode("ascii")

    def _isa(self) -> None:
        e, at = self._envelope, self._envelope.written_at
        for name, text in (("ISA06", e.sender_id), ("ISA08", e.receiver_id)):
            if not 1 <= len(text) <= 15:
                raise UnwritableValue(f"{name} is not 1 to 15 characters long")
        cells = ["ISA", "00", " " * 10, "00", " " * 10]
        cells += [
            f"{e.sender_qualifier:2.2}",
            f"{e.sender_id:15}",
            f"{e.receiver_qualifier:2.2}",
            f"{e.receiver_id:15}",
        ]
        cells += [f"{at:%y%m%d}", f"{at:%H%M}", self._signs.repetition, "00501", f"{e.control:09d}"]
        cells += ["1" if e.acknowledgement_requested else "0", "P" if e.production else "T", self._signs.component]
        for cell in cells[1:11]:
            self._checked("ISA", 0, cell)
        self._out.append(self._signs.element.join(cells) + self._end)

    def _composite(self, tag: str, at: int, parts: tuple[str, ...]) -> str:
        texts = [self._checked(tag, at, part) for part in parts]
        while texts and not texts[-1]:
            texts.pop()
        return self._signs.component.join(texts)

    def _checked(self, tag: str, at: int, text: str) -> str:
        signs = self._signs
        if not text:
            return ""
        if signs.element in text or signs.component in text or signs.segment in text or signs.repetition in text:
            raise UnwritableValue(f"{tag}{at:02d} contains a separator of the interchange")
        if not text.isascii() or not text.isprintable():
            raise UnwritableValue(f"{tag}{at:02d} contains a character outside of the X12 character set")
        return text


def identifier(value: str, shortest: int, longest: int, what: str) -> str:
    """`value` unchanged when its length fits; identifiers are never cut or altered. UnwritableValue otherwise."""
    if not shortest <= len(value) <= longest:
        raise UnwritableValue(f"{what} must be {shortest} to {longest} characters long")
    return value


def name_text(value: str, longest: int, what: str) -> str:
    """A name that must be there, as payers accept it (`plain_text`). UnwritableValue when nothing of it can be written."""
    written = plain_text(value, longest)
    if not written:
        raise UnwritableValue(f"{what} has no letter that X12 can carry")
    return written
