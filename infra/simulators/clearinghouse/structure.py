"""Does a transaction set follow its guide? Walks it through the grammar and says, in the terms of a 999, where not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from infra.simulators.clearinghouse.elements import Fault, check_elements
from infra.simulators.clearinghouse.grammar import GRAMMARS, Node
from infra.simulators.x12 import Segment, TransactionSet

UNRECOGNISED, UNEXPECTED, SEGMENT_MISSING, LOOP_TOO_OFTEN, SEGMENT_TOO_OFTEN = "1", "2", "3", "4", "5"
NOT_IN_SET, OUT_OF_SEQUENCE, HAS_ELEMENT_FAULTS, LOOP_MISSING = "6", "7", "8", "I7"


@dataclass
class SegmentFault:
    """An IK3 with its IK4s: segment, position in the set, loop, syntax error code, claim number when inside one."""

    segment: str
    position: int
    loop: str
    code: str
    claim: str = ""
    elements: list[Fault] = field(default_factory=list)


@dataclass
class _Frame:
    loop: Node
    position: int = 0
    counts: dict[int, int] = field(default_factory=dict)

    def count(self, child: Node) -> int:
        return self.counts.get(id(child), 0)

    def step(self, child: Node) -> None:
        self.position = child.position
        self.counts[id(child)] = self.count(child) + 1


class _Walk:
    def __init__(self, root: Node) -> None:
        self.stack = [_Frame(root)]
        self.known = _identifiers(root)
        self.faults: list[SegmentFault] = []
        self.claim = ""
        self.levels: set[str] = set()

    def take(self, segment: Segment) -> None:
        """Places one segment, or records why it has no place."""
        for depth in range(len(self.stack) - 1, -1, -1):
            frame = self.stack[depth]
            for child in frame.loop.children:
                opens_again = depth > 0 and child is frame.loop.children[0] and frame.count(child) > 0
                if child.position >= frame.position and not opens_again and _matches(child.first, segment):
                    self._enter(depth, child, segment)
                    return
        self._misplaced(segment)

    def fault(self, segment: Segment, code: str, loop: str = "", elements: list[Fault] | None = None) -> None:
        """Records an IK3."""
        where = loop or self.stack[-1].loop.name
        self.faults.append(
            SegmentFault(
                segment.id, segment.position, where if where[0].isdigit() else "", code, self.claim, elements or []
            )
        )

    def _enter(self, depth: int, child: Node, segment: Segment) -> None:
        for closing in reversed(self.stack[depth + 1 :]):
            self._report_missing(closing, segment)
        del self.stack[depth + 1 :]
        frame = self.stack[depth]
        if segment.id == "SE":
            self._report_missing(frame, segment, besides=child)
        if child.segment == "" and child.name in ("2000A", "2000B", "2000C", "2300"):
            self.claim = ""
        frame.step(child)
        too_often = frame.count(child) > child.maximum
        if child.segment:
            loop = frame.loop.name
        else:
            inner = _Frame(child)
            inner.step(child.first)
            self.stack.append(inner)
            loop = child.name
        if segment.id == "CLM":
            self.claim = segment[1]
        if too_often:
            self.fault(segment, SEGMENT_TOO_OFTEN if child.segment else LOOP_TOO_OFTEN, loop)
        elements = list(check_elements(segment, loop)) + self._hierarchy_faults(segment)
        if elements:
            self.fault(segment, HAS_ELEMENT_FAULTS, loop, elements)

    def _report_missing(self, frame: _Frame, at: Segment, besides: Node | None = None) -> None:
        for child in frame.loop.children:
            if child.required and child is not besides and not frame.count(child):
                code = SEGMENT_MISSING if child.segment else LOOP_MISSING
                name = frame.loop.name if child.segment else child.name
                loop = name if name[0].isdigit() and name not in GRAMMARS else ""
                self.faults.append(SegmentFault(child.first.segment, at.position, loop, code, self.claim))

    def _misplaced(self, segment: Segment) -> None:
        if not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", segment.id):
            self.fault(segment, UNRECOGNISED)
        elif segment.id not in self.known:
            self.fault(segment, NOT_IN_SET)
        elif any(_matches(child.first, segment) for frame in self.stack for child in frame.loop.children):
            self.fault(segment, OUT_OF_SEQUENCE)
        else:
            self.fault(segment, UNEXPECTED)

    def _hierarchy_faults(self, segment: Segment) -> list[Fault]:
        """HL01 counts from 1, HL02 names the level above (guide, appendix B.1.1.4)."""
        if segment.id != "HL":
            return []
        faults = []
        if segment[1] != str(len(self.levels) + 1):
            faults.append(Fault(1, 0, "628", "7", segment[1]))
        if segment[2] and segment[2] not in self.levels:
            faults.append(Fault(2, 0, "734", "7", segment[2]))
        self.levels.add(segment[1])
        return faults


def check_structure(transaction: TransactionSet, grammar: Node | None = None) -> list[SegmentFault]:
    """Every structural fault of a set, in the order found; empty when it follows its guide (or the grammar given)."""
    walk = _Walk(grammar or GRAMMARS[transaction.kind][2])
    for segment in transaction.segments:
        walk.take(segment)
    return walk.faults


def _matches(node: Node, segment: Segment) -> bool:
    if node.segment != segment.id:
        return False
    if not node.codes:
        return True
    element, component = node.element
    return (segment.part(element, component) if component else segment[element]) in node.codes


def _identifiers(node: Node) -> set[str]:
    if node.segment:
        return {node.segment}
    return set().union(*(_identifiers(child) for child in node.children))
