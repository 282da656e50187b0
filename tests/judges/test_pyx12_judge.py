"""The judge itself: it must be able to say no."""

from tests.billing.domain.x12.texts import envelope, remittance, remittance_set
from tests.judges.pyx12_judge import judge

CLAIM = [
    "CLP*C1*1*150*130*20*12*ICN1*11*1",
    "NM1*QC*1*DOE*JANE****MI*W1",
    "SVC*HC:99214*150*130**1",
    "DTM*472*20260302",
    "CAS*PR*3*20",
]


def test_a_valid_file_has_no_errors():
    """A guide-conforming 835 passes."""
    assert judge(remittance("130", CLAIM)) == []


def test_errors_are_told_with_their_line():
    """A missing segment and an invalid code are both said."""
    text = remittance("130", CLAIM).replace("PER*BL*TECH SUPPORT*TE*8005551212~\n", "").replace("CAS*PR*3", "CAS*XX*3")
    errors = judge(text)
    assert any("PER" in error for error in errors)
    assert any(error.startswith("line ") and "XX" in error for error in errors)


def test_a_file_without_a_map_is_not_called_valid():
    """What cannot be judged is an error."""
    text = envelope("HS", "005010X279A1", [("270", remittance_set("130", CLAIM))])
    assert "cannot judge" in judge(text)[0]


def test_a_judgement_says_nothing_about_the_next_file():
    """The guides serve every file of the process: a wrong one makes no other wrong, nor a right one another right."""
    right = remittance("130", CLAIM)
    wrong = right.replace("CAS*PR*3", "CAS*XX*3")
    said = judge(wrong)
    assert said
    assert [judge(text) for text in (right, wrong, right)] == [[], said, []]
