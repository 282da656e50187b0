"""Envelope: separators, interchange (ISA) and group (GS) headers, and which versions of which sets are read."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.domain.x12.errors import InterchangeRefused, Place

ISA_LENGTH = 106
ISA_ELEMENTS = 16
# 004010 wrote the standards identifier 'U' in ISA11; senders that moved to 005010 half-way still do.
# Repetition is then taken to be marked by a sign that no data holds.
NO_REPETITION = "\x1e"


@dataclass(frozen=True, slots=True)
class Separators:
    """The four characters that structure an interchange; they are taken from its ISA, never assumed."""

    element: str = "*"
    repetition: str = "^"
    component: str = ":"
    segment: str = "~"

    def __post_init__(self) -> None:
        four = (self.element, self.repetition, self.component, self.segment)
        if len(set(four)) != 4 or any(len(c) != 1 or c.isalnum() or c == " " for c in four):
            raise InterchangeRefused("the separators of the interchange are not four different signs")
        if any(c in "\r\n" for c in four[:3]):
            raise InterchangeRefused("a line break may end segments, not separate elements")


@dataclass(frozen=True, slots=True)
class Interchange:
    """One ISA header. `sender` and `receiver` are (qualifier, id) without padding; `control` is ISA13 as written."""

    separators: Separators
    sender: tuple[str, str]
    receiver: tuple[str, str]
    date: str
    time: str
    version: str
    control: str
    acknowledgement_requested: bool
    production: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One GS header. `kind` is GS01 (HP, HB, HN, FA, HC …), `version` GS08 (names the guide)."""

    kind: str
    sender: str
    receiver: str
    control: str
    version: str


@dataclass(frozen=True, slots=True)
class InterchangeAcknowledgement:
    """One TA1: interchange `control` was accepted (A), accepted with errors (E) or rejected (R), with its note code."""

    control: str
    status: str
    note: str

    @property
    def rejected(self) -> bool:
        """Whether the whole interchange was thrown away by the receiver."""
        return self.status == "R"


def parse_isa(text: str, place: Place) -> tuple[Interchange, int, list[str]]:
    """The header, its length in characters and what is odd about it, from text that begins with an ISA segment.

    A guide-conforming ISA has 106 characters. Some senders trim the padding; the separators are still certain (the
    first after 'ISA', then those at the sixteenth element), so such a header is read and said.
    """
    if not text.startswith("ISA"):
        raise InterchangeRefused("the file does not begin with an ISA segment", place)
    if len(text) < 8:
        raise InterchangeRefused("the file ends inside its ISA segment", place)
    separator = text[3]
    cells = text[: 4 * ISA_LENGTH].split(separator, ISA_ELEMENTS)
    if len(cells) <= ISA_ELEMENTS or len(cells[16]) < 2:
        raise InterchangeRefused("the ISA segment does not have sixteen elements", place)
    length = sum(len(cell) + 1 for cell in cells[:16]) + 2
    if length > 2 * ISA_LENGTH:
        raise InterchangeRefused("the ISA segment does not have sixteen elements", place)
    version = cells[12].strip()
    if version != "00501":
        raise InterchangeRefused(f"interchange version {version[:5]!r} is not read, only 00501 (005010)", place)
    component, terminator = cells[16][0], cells[16][1]
    oddities = [] if length == ISA_LENGTH else [f"the ISA segment has {length} characters instead of {ISA_LENGTH}"]
    repetition = cells[11].strip(" ")
    if not repetition or repetition.isalnum():
        oddities.append(f"ISA11 {repetition[:1]!r} is no repetition separator; nothing is taken to repeat")
        repetition = NO_REPETITION
    try:
        separators = Separators(separator, repetition, component, terminator)
    except InterchangeRefused as error:
        raise InterchangeRefused(error.reason, place) from None
    control = cells[13].strip()
    if not control:
        raise InterchangeRefused("the interchange has no control number (ISA13)", place)
    interchange = Interchange(
        separators=separators,
        sender=(cells[5].strip(), cells[6].strip()),
        receiver=(cells[7].strip(), cells[8].strip()),
        date=cells[9],
        time=cells[10],
        version=version,
        control=control,
        acknowledgement_requested=cells[14] == "1",
        production=cells[15] == "P",
    )
    return interchange, length, oddities


@dataclass(frozen=True, slots=True)
class ReadableVersions:
    """Which guides are read, per set id, and how a refusal is worded for the ones that are known and not read."""

    read: dict[str, frozenset[str]] = field(
        default_factory=lambda: {
            "271": frozenset({"005010X279", "005010X279A1"}),
            "277": frozenset({"005010X212", "005010X214"}),
            "835": frozenset({"005010X221", "005010X221A1"}),
            "837": frozenset({"005010X222", "005010X222A1", "005010X222A2"}),
            "999": frozenset({"005010X231", "005010X231A1"}),
            "270": frozenset({"005010X279", "005010X279A1"}),
            "276": frozenset({"005010X212"}),
        }
    )

    def refusal(self, set_id: str, version: str) -> str | None:
        """A sentence when a set of this id and version is not read, else None."""
        if version in self.read.get(set_id, frozenset()):
            return None
        if version.startswith("004010"):
            return f"version {version} of set {set_id} is not read: 004010 ended on 2011-12-31, ask for 005010"
        if version.startswith("005010X223"):
            return f"institutional claims ({set_id} {version}) are not read, only professional ones (005010X222A1)"
        if version.startswith("005010X224"):
            return f"dental claims ({set_id} {version}) are not read, only professional ones (005010X222A1)"
        return f"set {set_id} of version {version or 'unknown'} is not read"
