"""Reading and writing X12: envelopes, segments, amounts. The simulators' own, so that they judge the services' X12.

Amounts are whole minor units (cents) everywhere. A file may hold several interchanges, groups and transaction sets; the
separators are read from each ISA (X12.5: element = character 4, repetition = ISA11, component = ISA16, segment
terminator = character 106).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

ISA_LENGTH = 106
Element = str | int | Sequence["Element"]


class AmountError(ValueError):
    """Text that is no amount of money with at most two decimals."""


@dataclass(frozen=True)
class Separators:
    """The four separators of an interchange; `line_end` is what follows each segment terminator when we write."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"
    line_end: str = "\n"


@dataclass(frozen=True)
class Segment:
    """One segment: its identifier, its elements (raw text) and its place in the transaction set (ST = 1)."""

    id: str
    elements: tuple[str, ...]
    position: int
    separators: Separators

    def __getitem__(self, number: int) -> str:
        """Element `number` counted from 1, empty when absent: `clm[1]` is CLM01."""
        return self.elements[number - 1] if 0 < number <= len(self.elements) else ""

    def parts(self, number: int) -> list[str]:
        """The components of element `number`."""
        return self[number].split(self.separators.component)

    def part(self, number: int, component: int) -> str:
        """Component `component` (from 1) of element `number`, empty when absent."""
        parts = self.parts(number)
        return parts[component - 1] if component <= len(parts) else ""

    def repeats(self, number: int) -> list[str]:
        """The repetitions of element `number`."""
        return self[number].split(self.separators.repetition)


@dataclass
class TransactionSet:
    """ST to SE. `faults` are IK502 codes found in the envelope (X231: 2 trailer missing, 3 control number, 4 count)."""

    segments: list[Segment]
    faults: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """ST01."""
        return self.segments[0][1]

    @property
    def control(self) -> str:
        """ST02."""
        return self.segments[0][2]

    @property
    def version(self) -> str:
        """ST03."""
        return self.segments[0][3]

    @property
    def body(self) -> list[Segment]:
        """Everything between ST and SE."""
        return [segment for segment in self.segments if segment.id not in ("ST", "SE")]


@dataclass
class Group:
    """GS to GE. `faults` are AK905 codes (X231: 3 trailer missing, 4 control number, 5 count)."""

    header: Segment
    sets: list[TransactionSet] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    declared: int = 0

    @property
    def kind(self) -> str:
        """GS01."""
        return self.header[1]

    @property
    def control(self) -> str:
        """GS06."""
        return self.header[6]

    @property
    def version(self) -> str:
        """GS08."""
        return self.header[8]


@dataclass
class Interchange:
    """ISA to IEA. `note` is the TA105 code of what is wrong with it, 000 when nothing is."""

    header: Segment
    groups: list[Group] = field(default_factory=list)
    note: str = "000"

    @property
    def sender(self) -> str:
        """ISA06 without its padding."""
        return self.header[6].strip()

    @property
    def receiver(self) -> str:
        """ISA08 without its padding."""
        return self.header[8].strip()

    @property
    def control(self) -> str:
        """ISA13."""
        return self.header[13]


def read(data: bytes) -> list[Interchange]:
    """Every interchange of a file. Never raises: what cannot be read is an interchange with a TA105 note."""
    text = data.decode("utf-8", errors="replace").lstrip("\ufeff \r\n\t")
    found: list[Interchange] = []
    while text:
        interchange, text = _read_one(text)
        found.append(interchange)
        text = text.lstrip(" \r\n\t")
    return found or [_unreadable()]


def _unreadable() -> Interchange:
    elements = (
        "00",
        " " * 10,
        "00",
        " " * 10,
        "ZZ",
        "UNKNOWN",
        "ZZ",
        "UNKNOWN",
        "",
        "",
        "^",
        "00501",
        "000000000",
        "0",
        "P",
    )
    return Interchange(Segment("ISA", (*elements, ":"), 1, Separators()), note="022")


def _read_one(text: str) -> tuple[Interchange, str]:
    if not text.startswith("ISA") or len(text) < ISA_LENGTH:
        return _unreadable(), ""
    element, component, terminator = text[3], text[104], text[105]
    fields = text[4:105].split(element)
    if len(fields) != 16 or len({element, component, terminator}) != 3 or terminator.isalnum():
        return _unreadable(), ""
    separators = Separators(element, component, fields[10], terminator)
    interchange = Interchange(Segment("ISA", tuple(fields), 1, separators))
    interchange.note = _header_note(fields)
    raw = text[ISA_LENGTH:].split(terminator)
    for index, line in enumerate(raw):
        stripped = line.lstrip().rstrip("\r\n")
        if stripped.startswith("IEA" + element):
            _close_interchange(interchange, stripped.split(element))
            return interchange, terminator.join(raw[index + 1 :])
        if stripped.startswith("ISA" + element):
            interchange.note = "023"  # premature end: the next one begins before this one's IEA
            return interchange, terminator.join(raw[index:])
        if stripped.strip():
            _add(interchange, stripped.split(element), separators)
    interchange.note = "023"
    return interchange, ""


def _header_note(fields: list[str]) -> str:
    if fields[11] != "00501":
        return "017"
    if not re.fullmatch(r"\d{9}", fields[12]):
        return "018"
    if not is_date("20" + fields[8]):
        return "014"
    if not is_time(fields[9]):
        return "015"
    return "000"


def _close_interchange(interchange: Interchange, trailer: list[str]) -> None:
    if interchange.note != "000":
        return
    if len(trailer) < 3 or trailer[2] != interchange.control:
        interchange.note = "001"
    elif trailer[1] != str(len(interchange.groups)):
        interchange.note = "021"
    elif not interchange.groups:
        interchange.note = "024"


def _add(interchange: Interchange, fields: list[str], separators: Separators) -> None:
    name, elements = fields[0], tuple(fields[1:])
    group = interchange.groups[-1] if interchange.groups else None
    open_set = group.sets[-1] if group and group.sets and group.sets[-1].segments[-1].id != "SE" else None
    position = len(open_set.segments) + 1 if open_set else 1
    segment = Segment(name, elements, position, separators)
    if name == "GS":
        interchange.groups.append(Group(segment))
    elif group is None:
        interchange.note = "024"
    elif name == "GE":
        if open_set:
            open_set.faults.append("2")
        group.declared = int(segment[1]) if segment[1].isdigit() else 0
        if segment[2] != group.control:
            group.faults.append("4")
        if segment[1] != str(len(group.sets)):
            group.faults.append("5")
    elif name == "ST":
        if open_set:
            open_set.faults.append("2")
        group.sets.append(TransactionSet([Segment(name, elements, 1, separators)]))
    elif open_set is None:
        group.faults.append("1")
    else:
        open_set.segments.append(segment)
        if name == "SE":
            if segment[2] != open_set.control:
                open_set.faults.append("3")
            if segment[1] != str(len(open_set.segments)):
                open_set.faults.append("4")


def is_date(text: str) -> bool:
    """Whether the text is a real day as CCYYMMDD."""
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - only the form is looked at
    except ValueError:
        return False
    return len(text) == 8


def is_time(text: str) -> bool:
    """Whether the text is a time of day as HHMM, HHMMSS or HHMMSSDD."""
    return bool(re.fullmatch(r"([01]\d|2[0-3])[0-5]\d([0-5]\d(\d\d)?)?", text))


def minor_units(text: str) -> int:
    """An X12 amount ('100', '99.5', '-3.25') in cents. Raises AmountError for anything else."""
    try:
        cents = Decimal(text) * 100
    except InvalidOperation:
        raise AmountError(f"{text!r} is no amount") from None
    if cents != cents.to_integral_value() or not re.fullmatch(r"-?\d*\.?\d*", text):
        raise AmountError(f"{text!r} is no amount with two decimals")
    return int(cents)


def amount(cents: int) -> str:
    """Cents as an X12 amount in its shortest form: 100, 99.5, -3.25."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    whole, rest = divmod(cents, 100)
    return f"{sign}{whole}" + (f".{rest:02d}".rstrip("0") if rest else "")


class Composer:
    """Renders segments with the separators of an interchange. A tuple is a composite, a list repeats."""

    def __init__(self, separators: Separators | None = None) -> None:
        self.separators = separators or Separators()
        self._forbidden = str.maketrans(
            {
                self.separators.element: " ",
                self.separators.component: " ",
                self.separators.repetition: " ",
                self.separators.segment: " ",
                "\n": " ",
                "\r": " ",
            }
        )

    def segment(self, *elements: Element) -> str:
        """One segment as text, trailing empty elements left out, data freed of separators."""
        rendered = [self._element(element) for element in elements]
        while rendered and not rendered[-1]:
            rendered.pop()
        return self.separators.element.join(rendered)

    def transaction(self, kind: str, control: str, version: str | None, body: Iterable[str]) -> list[str]:
        """ST, the body, SE with its count. `version` is ST03, None where the guide has none (835)."""
        lines = [self.segment("ST", kind, control, version or ""), *body]
        return [*lines, self.segment("SE", len(lines) + 1, control)]

    def interchange(
        self,
        *,
        sender: str,
        receiver: str,
        control: int,
        when: datetime,
        groups: Sequence[tuple[str, str, Sequence[list[str]]]] = (),
        ta1: str | None = None,
    ) -> bytes:
        """A whole interchange from groups of (GS01, GS08, transaction sets), or one that carries only a TA1."""
        s = self.separators
        header = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", f"{sender:<15.15}", "ZZ", f"{receiver:<15.15}"]
        header += [when.strftime("%y%m%d"), when.strftime("%H%M"), s.repetition, "00501", f"{control:09d}", "0", "P"]
        lines = [s.element.join([*header, s.component])]
        if ta1:
            lines.append(ta1)
        for number, (kind, version, sets) in enumerate(groups, start=1):
            day, moment = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
            group_control = f"{control}{number:02d}"
            lines.append(self.segment("GS", kind, sender, receiver, day, moment, group_control, "X", version))
            for transaction in sets:
                lines.extend(transaction)
            lines.append(self.segment("GE", len(sets), group_control))
        lines.append(self.segment("IEA", len(groups), f"{control:09d}"))
        return "".join(line + s.segment + s.line_end for line in lines).encode()

    def _element(self, element: Element) -> str:
        s = self.separators
        if isinstance(element, str):
            return element.translate(self._forbidden).strip() if element else ""
        if isinstance(element, int):
            return str(element)
        joint = s.repetition if isinstance(element, list) else s.component
        rendered = [self._element(part) for part in element]
        while rendered and not rendered[-1]:
            rendered.pop()
        return joint.join(rendered)
