"""What visits are coded as: the diagnoses and services that a clinician would enter, by visit type and age.

Procedure codes come without descriptions, which are licensed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class Coding:
    """What a clinician would enter after such a visit: diagnoses, then (procedure, modifiers, pointers) a line."""

    diagnoses: tuple[str, ...]
    lines: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...]


ADULT_AGE: Final = 18
# Stands for the preventive visit of the patient's age in the table below.
PREVENTIVE: Final = "preventive"
# From which age on (full years), established patients.
PREVENTIVE_BY_AGE: Final = (
    (0, "99391"), (1, "99392"), (5, "99393"), (12, "99394"), (18, "99395"), (40, "99396"), (65, "99397"),
)  # fmt: skip

CODINGS: Final[dict[str, tuple[Coding, ...]]] = {
    "follow-up": (
        Coding(("I10",), (("99213", (), (1,)),)),
        Coding(("E11.9", "I10"), (("99214", (), (1, 2)), ("83036", ("QW",), (1,)))),
        Coding(("E78.5", "I10"), (("99213", (), (1, 2)), ("36415", (), (1,)))),
        Coding(("K21.9",), (("99213", (), (1,)),)),
        Coding(("F41.1",), (("99214", (), (1,)),)),
        Coding(("M54.50",), (("99213", (), (1,)),)),
        Coding(("I10", "R00.2"), (("99214", ("25",), (1, 2)), ("93000", (), (2,)))),
    ),
    "new-patient": (
        Coding(("I10",), (("99203", (), (1,)),)),
        Coding(("E11.9", "E78.5"), (("99204", (), (1, 2)), ("36415", (), (1,)))),
        Coding(("M25.561",), (("99203", (), (1,)),)),
    ),
    "physical": (
        Coding(("Z00.00",), ((PREVENTIVE, (), (1,)), ("36415", (), (1,)))),
        Coding(("Z00.00", "Z23"), ((PREVENTIVE, ("25",), (1,)), ("90471", (), (2,)), ("90686", (), (2,)))),
    ),
    "ultrasound": (
        Coding(("R10.11",), (("99213", ("25",), (1,)), ("76705", (), (1,)))),
        Coding(("R10.9",), (("76700", (), (1,)),)),
    ),
    "sick": (
        Coding(("J06.9",), (("99213", (), (1,)),)),
        Coding(("J02.9",), (("99213", ("25",), (1,)), ("87880", ("QW",), (1,)))),
        Coding(("N39.0",), (("99213", ("25",), (1,)), ("81002", (), (1,)))),
        Coding(("L20.9",), (("99212", (), (1,)),)),
    ),
    "video-follow-up": (
        Coding(("I10",), (("99213", (), (1,)),)),
        Coding(("F41.1",), (("99214", (), (1,)),)),
        Coding(("J30.2",), (("99212", (), (1,)),)),
    ),
}

# Children have other complaints; where a visit type is missing here, they are coded like everybody.
CHILDRENS_CODINGS: Final[dict[str, tuple[Coding, ...]]] = {
    "follow-up": (
        Coding(("J45.30",), (("99213", (), (1,)),)),
        Coding(("J45.30", "J30.2"), (("99214", (), (1, 2)),)),
        Coding(("L20.9",), (("99213", (), (1,)),)),
        Coding(("F90.2",), (("99214", (), (1,)),)),
        Coding(("H66.91",), (("99213", (), (1,)),)),
    ),
    "new-patient": (
        Coding(("J45.20",), (("99203", (), (1,)),)),
        Coding(("L20.9",), (("99202", (), (1,)),)),
    ),
    "physical": (
        Coding(("Z00.129",), ((PREVENTIVE, (), (1,)),)),
        Coding(("Z00.129", "Z23"), ((PREVENTIVE, ("25",), (1,)), ("90471", (), (2,)), ("90686", (), (2,)))),
    ),
    "sick": (
        Coding(("J06.9",), (("99213", (), (1,)),)),
        Coding(("J02.9",), (("99213", ("25",), (1,)), ("87880", ("QW",), (1,)))),
        Coding(("H66.91",), (("99213", (), (1,)),)),
    ),
}


def codings_for(visit_kind: str, age: int) -> tuple[Coding, ...]:
    """What a visit of a kind may be coded as for somebody of an age (full years)."""
    children = CHILDRENS_CODINGS.get(visit_kind) if age < ADULT_AGE else None
    preventive = [code for from_age, code in PREVENTIVE_BY_AGE if age >= from_age][-1]
    return tuple(
        replace(
            coding,
            lines=tuple((preventive if code == PREVENTIVE else code, *rest) for code, *rest in coding.lines),
        )
        for coding in children or CODINGS[visit_kind]
    )
