"""Our 271 and 277 follow their guides; the grammars that say so are themselves tried on the guides' own examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from infra.simulators.clearinghouse.structure import HAS_ELEMENT_FAULTS, SegmentFault, check_structure
from infra.simulators.x12 import TransactionSet, read

from tests.simulators.answer_grammars import ELIGIBILITY_ANSWER, STATUS_ANSWER
from tests.simulators.conftest import House
from tests.simulators.populations import SampleClaim, SampleLine
from tests.simulators.test_realtime import BENEFITS, inquiry, question

GRAMMARS = {"271": ELIGIBILITY_ANSWER, "277": STATUS_ANSWER}


def only_set(text: str) -> TransactionSet:
    """The one transaction set of a file whose envelopes are in order."""
    (interchange,) = read(text.encode())
    (group,) = interchange.groups
    (transaction,) = group.sets
    assert (interchange.note, group.faults, transaction.faults) == ("000", [], [])
    return transaction


def misplaced(transaction: TransactionSet) -> list[SegmentFault]:
    """Segments that are missing, too many or out of place; elements (code 8) are judged for what comes in only."""
    faults = check_structure(transaction, GRAMMARS[transaction.kind])
    return [fault for fault in faults if fault.code != HAS_ELEMENT_FAULTS]


def test_every_kind_of_271_follows_the_guide(house: House) -> None:
    """Benefits, another payer, no cover, refusals, unknown payers and dependants: no structural fault in any answer."""
    house.configure(
        members={
            "W1": BENEFITS,
            "MEDB1/W2": {"other": {"payer": "COMM2", "member": "S9"}},
            "W3": {"active": False},
        },
        unknown_members=["W4"],
    )
    questions = [inquiry(), inquiry("W2", "MEDB1"), inquiry("W3"), inquiry("W4"), inquiry("W1", "NOBODY")]
    questions += [inquiry(dependant=True), inquiry("W4", dependant=True)]
    for asked in questions:
        _, answer = house.realtime(asked)
        assert misplaced(only_set(answer)) == [], answer


def test_every_kind_of_277_follows_the_guide(house: House) -> None:
    """Not on file, received, pending, paid: no structural fault in any answer."""
    ask = question("COMM1", "W1", "REF*EJ*C1", "DTP*472*D8*20260302")
    answers = [house.realtime(ask)[1]]
    house.send(SampleClaim("C1", "COMM1", "W1", (SampleLine("97110", 10_000),)))
    for days in (0, 1, 14):
        house.clock(days=days)
        answers.append(house.realtime(ask)[1])
    for answer in answers:
        assert misplaced(only_set(answer)) == [], answer
    assert len({answer.split("STC*")[1][:5] for answer in answers}) == 4


def test_the_grammars_can_say_no(house: House) -> None:
    """An EB before its subject, a missing STC and a segment that does not belong there are found."""
    _, answer = house.realtime(inquiry())
    moved = answer.replace("NM1*IL*1*DOE*JANE****MI*W1~\n", "").replace("SE*", "NM1*IL*1*DOE*JANE****MI*W1~\nSE*")
    assert misplaced(only_set(moved)) != []
    _, status = house.realtime(question("COMM1", "W1", "REF*EJ*C1"))
    stc = next(line for line in status.split("\n") if line.startswith("STC"))
    assert misplaced(only_set(status.replace(stc, "MSG*HELLO~"))) != []


def samples() -> list[Path]:
    """The guides' examples of 271 and 277 in the sample data; none when POLYCLINIC_SAMPLE_DATA is not set."""
    root = os.environ.get("POLYCLINIC_SAMPLE_DATA")
    folder = Path(root or "") / "x12" / "linuxforhealth-x12"
    return sorted([*folder.glob("271_*"), *folder.glob("277_005010X212*")]) if root else []


if SAMPLES := samples():

    @pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
    def test_the_guides_examples_are_accepted(path: Path) -> None:
        """Our grammars find no segment out of place in the published examples."""
        (interchange,) = read(path.read_bytes())
        for transaction in interchange.groups[0].sets:
            misplaced = [
                fault for fault in check_structure(transaction, GRAMMARS[transaction.kind]) if fault.code != "8"
            ]
            assert misplaced == []
