"""999 005010X231A1, implementation acknowledgement: which sets of a group the receiver took, and why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from billing.domain.x12.elements import element
from billing.domain.x12.errors import SetRefused
from billing.domain.x12.reader import TransactionSet

# IK304 (segment) and IK403 (element) syntax errors, in words; codes not here are shown as they are.
SEGMENT_ERRORS = {
    "1": "unrecognised segment",
    "2": "unexpected segment",
    "3": "required segment missing",
    "4": "loop occurs too often",
    "5": "segment occurs too often",
    "6": "segment not in the transaction set",
    "7": "segment not in sequence",
    "8": "segment has data element errors",
    "I4": "segment not used by the guide",
    "I6": "segment or loop missing that the guide requires here",
    "I7": "loop occurs fewer times than the guide requires",
    "I8": "segment occurs fewer times than the guide requires",
    "I9": "segment or loop not used here",
}
ELEMENT_ERRORS = {
    "1": "required element missing",
    "2": "conditionally required element missing",
    "3": "too many elements",
    "4": "too short",
    "5": "too long",
    "6": "invalid character",
    "7": "invalid code",
    "8": "invalid date",
    "9": "invalid time",
    "10": "exclusion condition violated",
    "12": "too many repetitions",
    "13": "too many components",
    "I10": "not used by the guide",
    "I11": "too few repetitions",
    "I12": "does not match the guide's pattern",
    "I13": "depends on another element",
}


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """One IK3 (with element 0) or IK4: where in the set, and what. `segment` counts from the ST, which is 1."""

    segment_id: str
    segment: int
    loop: str
    element: str
    code: str
    bad_value: str

    def __str__(self) -> str:
        words = (ELEMENT_ERRORS if self.element else SEGMENT_ERRORS).get(self.code, f"error {self.code}")
        at = f"{self.segment_id}{self.element.zfill(2) if self.element else ''}"
        return f"{at} at segment {self.segment}{f' (loop {self.loop})' if self.loop else ''}: {words}"


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """AK2 … IK5: the verdict on one set. Only A and E were taken; every other letter returns all claims in the set."""

    set_id: str
    set_control: str
    code: str
    faults: tuple[SyntaxFault, ...]
    errors: tuple[str, ...]  # IK502–06

    @property
    def accepted(self) -> bool:
        """A (accepted) or E (accepted, errors noted)."""
        return self.code in ("A", "E")


@dataclass(frozen=True, slots=True)
class FunctionalAcknowledgement:
    """One 999: the group it answers (our GS06), the verdict on the group (AK901: A, E, P, R) and on each set it names.

    A group that was accepted or rejected as a whole may name no set: then `code` holds for all.
    """

    group_kind: str
    group_control: str
    version: str
    code: str
    sets: tuple[SetVerdict, ...]
    sets_included: int
    sets_accepted: int

    def verdict_of(self, set_control: str) -> SetVerdict | None:
        """The verdict on our set ST02, or None when it is not named. Leading zeros do not matter."""
        wanted = set_control.lstrip("0")
        return next((verdict for verdict in self.sets if verdict.set_control.lstrip("0") == wanted), None)

    def accepted(self, set_control: str) -> bool:
        """Whether the set was taken: by its own verdict, else by that on the group."""
        verdict = self.verdict_of(set_control)
        return verdict.accepted if verdict else self.code in ("A", "E")


@dataclass(slots=True)
class _Set:
    header: list[str]
    faults: list[SyntaxFault] = field(default_factory=list)
    segment: list[str] = field(default_factory=list)


def read_functional_acknowledgement(transaction: TransactionSet) -> FunctionalAcknowledgement:
    """The 999 in a set. SetRefused when AK1, an IK5 or AK9 is missing: then it acknowledges nothing."""
    transaction.require("999")
    group: list[str] = []
    verdict: list[str] = []
    sets: list[SetVerdict] = []
    current: _Set | None = None
    for segment in transaction.segments():
        tag = segment[0]
        if tag == "AK1":
            group = segment
        elif tag == "AK2":
            current = _Set(segment)
        elif tag == "IK3" and current is not None:
            current.segment = segment
            if element(segment, 4) != "8":  # 8: the element errors follow in IK4
                current.faults.append(_fault(segment, [], element(segment, 4)))
        elif tag == "IK4" and current is not None:
            current.faults.append(
                _fault(current.segment, segment, element(segment, 3), transaction.interchange.separators.component)
            )
        elif tag == "IK5":
            if current is None:
                raise SetRefused("an IK5 stands without its AK2", transaction.place())
            sets.append(
                SetVerdict(
                    element(current.header, 1),
                    element(current.header, 2),
                    element(segment, 1),
                    tuple(current.faults),
                    tuple(code for code in segment[2:7] if code),
                )
            )
            current = None
        elif tag == "AK9":
            verdict = segment
    if not group or not verdict or current is not None:
        raise SetRefused("the acknowledgement lacks AK1, IK5 or AK9", transaction.place())
    return FunctionalAcknowledgement(
        group_kind=element(group, 1),
        group_control=element(group, 2),
        version=element(group, 3),
        code=element(verdict, 1),
        sets=tuple(sets),
        sets_included=_count(element(verdict, 2)),
        sets_accepted=_count(element(verdict, 4)),
    )


def faults_in(verdicts: tuple[SetVerdict, ...]) -> Iterator[str]:
    """Every fault of the sets that were not taken, in words."""
    for verdict in verdicts:
        if not verdict.accepted:
            yield from (str(fault) for fault in verdict.faults)


def _fault(ik3: list[str], ik4: list[str], code: str, component: str = ":") -> SyntaxFault:
    return SyntaxFault(
        segment_id=element(ik3, 1),
        segment=_count(element(ik3, 2)),
        loop=element(ik3, 3),
        element=element(ik4, 1).split(component)[0] if ik4 else "",
        code=code,
        bad_value=element(ik4, 4) if ik4 else "",
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
