"""The day's own small X12 reader, for proofs: it shares no line with the services' or the simulators' one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Segment:
    """One segment: its elements as text; ``part`` takes a component of a composite one."""

    elements: tuple[str, ...]
    component: str

    @property
    def tag(self) -> str:
        return self.elements[0]

    def __getitem__(self, position: int) -> str:
        """Element ``position`` (1 is the first after the tag); empty when it is absent."""
        return self.elements[position] if position < len(self.elements) else ""

    def cents(self, position: int) -> int:
        """An amount in cents; 0 when it is absent."""
        return cents(self[position])

    def part(self, position: int, component: int) -> str:
        """A component (from 1) of a composite element."""
        parts = self[position].split(self.component)
        return parts[component - 1] if component <= len(parts) else ""


@dataclass(frozen=True)
class TransactionSet:
    """ST to SE, with the control number of the interchange it came in."""

    kind: str
    interchange: str
    control: str
    segments: tuple[Segment, ...]


@dataclass
class Line:
    """A service line of a remittance (SVC and what follows it)."""

    charge: int
    paid: int
    adjustments: int = 0


@dataclass
class RemittanceClaim:
    """A claim of a remittance (CLP and what follows it); amounts in cents."""

    number: str
    status: str
    charge: int
    paid: int
    patient: int
    payer_number: str
    adjustments: int = 0
    patient_adjustments: int = 0
    lines: list[Line] = field(default_factory=list)


@dataclass
class Remittance:
    """One 835 set: its trace, which is a number of the payer named with it (TRN02, TRN03), what it pays (BPR02), its claims,
    its provider-level adjustments (PLB) in cents."""

    trace: str
    originator: str
    interchange: str
    paid: int
    claims: list[RemittanceClaim] = field(default_factory=list)
    provider_adjustments: int = 0

    def faults(self) -> list[str]:
        """Every balance of the 835 guide that does not hold; empty when the set is sound."""
        found: list[str] = []
        total = sum(claim.paid for claim in self.claims) - self.provider_adjustments
        if total != self.paid:
            found.append(f"BPR02 is {self.paid}, ΣCLP04 − ΣPLB is {total}")
        for claim in self.claims:
            lines = sum(line.adjustments for line in claim.lines)
            if claim.charge - claim.adjustments - lines != claim.paid:
                found.append(f"claim {claim.number}: CLP03 − ΣCAS is not CLP04")
            if claim.lines and claim.charge != sum(line.charge for line in claim.lines):
                found.append(f"claim {claim.number}: CLP03 is not ΣSVC02")
            if claim.status != "22" and claim.patient != claim.patient_adjustments:
                found.append(f"claim {claim.number}: CLP05 is not ΣPR")
            found += [
                f"claim {claim.number}: a line pays {line.paid} of {line.charge} with {line.adjustments} adjusted"
                for line in claim.lines
                if line.charge - line.adjustments != line.paid
            ]
        return found


def cents(text: str) -> int:
    """X12's decimal amount as cents, exactly."""
    return int((Decimal(text or "0") * 100).to_integral_exact())


def read(content: bytes) -> Iterator[TransactionSet]:
    """The transaction sets of a file, with whatever separators each interchange declares in its ISA."""
    text = content.decode("utf-8")
    start = text.find("ISA")
    while start != -1:
        head = text[start : start + 106]
        element, component, terminator = head[3], head[104], head[105]
        # A line break may follow each terminator.
        end = re.compile(f"{re.escape(terminator)}[\r\n]*IEA{re.escape(element)}").search(text, start)
        close = text.find(terminator, end.end()) if end else -1
        body = text[start : close if close != -1 else len(text)]
        interchange = head.split(element)[13]
        current: list[Segment] = []
        for raw in body.split(terminator):
            segment = Segment(tuple(raw.strip("\r\n").split(element)), component)
            if segment.tag == "ST":
                current = [segment]
            elif current:
                current.append(segment)
                if segment.tag == "SE":
                    yield TransactionSet(current[0][1], interchange, current[0][2], tuple(current))
                    current = []
        start = text.find("ISA", close) if close != -1 else -1


def remittance(transaction: TransactionSet) -> Remittance:
    """An 835 set as figures."""
    made = Remittance("", "", transaction.interchange, 0)
    claim: RemittanceClaim | None = None
    line: Line | None = None
    for segment in transaction.segments:
        match segment.tag:
            case "BPR":
                made.paid = segment.cents(2)
            case "TRN":
                made.trace, made.originator = segment[2], segment[3]
            case "CLP":
                line = None
                claim = RemittanceClaim(
                    segment[1], segment[2], segment.cents(3), segment.cents(4), segment.cents(5), segment[7]
                )
                made.claims.append(claim)
            case "SVC" if claim is not None:
                line = Line(segment.cents(2), segment.cents(3))
                claim.lines.append(line)
            case "CAS" if claim is not None:
                amount = sum(segment.cents(position) for position in range(3, 20, 3))
                if line is not None:
                    line.adjustments += amount
                else:
                    claim.adjustments += amount
                if segment[1] == "PR":
                    claim.patient_adjustments += amount
            case "PLB":
                made.provider_adjustments += sum(segment.cents(position) for position in range(4, 15, 2))
            case _:
                pass
    return made
