"""What the elements of a segment must look like, as data: usage, type, length, data element number, codes.

Elements stand between `|`: `R` required, `S` situational, `N` not used; types as in X12.6 (AN text, ID code, R decimal,
N0 whole number, DT date, TM time, NO a date by its qualifier); parts between `;` make a composite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.simulators.x12 import Segment, is_date, is_time

MISSING, CONDITION, TOO_MANY, TOO_SHORT, TOO_LONG = "1", "2", "3", "4", "5"
BAD_CHARACTER, BAD_CODE, BAD_DATE, BAD_TIME, NOT_USED = "6", "7", "8", "9", "I10"
DECIMAL = re.compile(r"-?(\d+\.?\d*|\.\d+)")
PRINTABLE = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class Fault:
    """An IK4: element, component (0 = none), data element number, syntax error code, the bad value."""

    element: int
    component: int
    number: str
    code: str
    value: str = ""


@dataclass(frozen=True)
class Rule:
    """One element or component."""

    usage: str
    kind: str = "AN"
    low: int = 0
    high: int = 999
    number: str = ""
    codes: frozenset[str] = frozenset()
    components: tuple[Rule, ...] = ()


_MODIFIERS = "S AN 2-2 1339 ; S AN 2-2 1339 ; S AN 2-2 1339 ; S AN 2-2 1339"
_PROCEDURE = f"R ID 2-2 235 ER HC IV WK ; R AN 1-48 234 ; {_MODIFIERS}"
_CONTACT = "S ID 2-2 365 | S AN 1-256 364"

RULES_TEXT = {
    "ST": "R ID 3-3 143 | R AN 4-9 329 | R AN 1-35 1705",
    "BHT": "R ID 4-4 1005 0019 0022 0010 | R ID 2-2 353 00 18 01 13 36 | S AN 1-50 127 | R DT 8-8 373 | R TM 4-8 337"
    " | S ID 2-2 640",
    "NM1": "R ID 2-3 98 | R ID 1-1 1065 1 2 | S AN 1-60 1035 | S AN 1-35 1036 | S AN 1-25 1037 | S AN 1-10 1038"
    " | S AN 1-10 1039 | S ID 1-2 66 | S AN 2-80 67",
    "PER": f"R ID 2-2 366 | S AN 1-60 93 | R ID 2-2 365 | R AN 1-256 364 | {_CONTACT} | {_CONTACT}",
    "HL": "R AN 1-12 628 | S AN 1-12 734 | R ID 1-2 735 | S ID 1-1 736 0 1",
    "PRV": "R ID 1-3 1221 | S ID 2-3 128 PXC | S AN 1-50 127",
    "N3": "R AN 1-55 166 | S AN 1-55 166",
    "N4": "R AN 2-30 19 | S ID 2-2 156 | S ID 3-15 116 | S ID 2-3 26",
    "REF": "R ID 2-3 128 | R AN 1-50 127",
    "SBR": "R ID 1-1 1138 P S T A B C D E F G H U | S ID 2-2 1069 | S AN 1-50 127 | S AN 1-60 93 | S ID 1-3 1336"
    " | N | N | N | S ID 1-2 1032",
    "PAT": "S ID 2-2 1069 | N | N | N | S ID 2-3 1250 D8 | S NO 1-35 1251 | S ID 2-2 355 | S R 1-10 81 | S ID 1-1 1073",
    "DMG": "R ID 2-3 1250 D8 | R NO 1-35 1251 | S ID 1-1 1068 F M U",
    "CLM": "R AN 1-38 1028 | R R 1-18 782 | N | N | R AN 1-2 1331 ; R ID 1-2 1332 B ; R ID 1-1 1325"
    " | R ID 1-1 1073 N Y | R ID 1-1 1359 A B C | R ID 1-1 1073 N W Y | R ID 1-1 1363 I Y | S ID 1-1 1351 P",
    "DTP": "R ID 3-3 374 | R ID 2-3 1250 D8 RD8 DT TM | R NO 1-35 1251",
    "AMT": "R ID 1-3 522 | R R 1-18 782",
    "HI": "R ID 1-3 1270 ; R AN 1-30 1271" + " | S ID 1-3 1270 ; S AN 1-30 1271" * 11,
    "OI": "N | N | R ID 1-1 1073 N W Y | S ID 1-1 1351 P | N | R ID 1-1 1363 I Y",
    "CAS": "R ID 1-2 1033 CO CR OA PI PR | R ID 1-5 1034 | R R 1-18 782 | S R 1-15 380"
    + " | S ID 1-5 1034 | S R 1-18 782 | S R 1-15 380" * 5,
    "LX": "R N0 1-6 554",
    "SV1": f"{_PROCEDURE} ; S AN 1-80 352 | R R 1-18 782 | R ID 2-2 355 MJ UN | R R 1-15 380 | S AN 1-2 1331 | N"
    " | R N0 1-2 1328 ; S N0 1-2 1328 ; S N0 1-2 1328 ; S N0 1-2 1328 | N | S ID 1-1 1073 Y",
    "SVD": f"R AN 2-80 67 | R R 1-18 782 | {_PROCEDURE} | N | R R 1-15 380 | S N0 1-6 554",
    "LIN": "N | R ID 2-2 235 N4 EN EO HI ON UK UP | R AN 1-48 234",
    "CTP": "N | N | N | R R 1-15 380 | R ID 2-2 355 F2 GR ME ML UN",
    "TRN": "R ID 1-2 481 1 2 | R AN 1-50 127 | S AN 10-10 509 | S AN 1-50 127",
    "EQ": f"S ID 1-2 1365 | S ID 2-2 235 ; S AN 1-48 234 ; {_MODIFIERS}",
    "SE": "R N0 1-10 96 | R AN 4-9 329",
}
PAIRS = {"NM1": ((8, 9),), "PER": ((3, 4), (5, 6), (7, 8)), "PRV": ((2, 3),), "DMG": ((1, 2),), "PAT": ((5, 6), (7, 8))}
# Elements a guide requires in one loop though the segment leaves them open elsewhere.
REQUIRED_IN_LOOP = {
    ("1000A", "NM1"): (3, 9),
    ("1000B", "NM1"): (3, 9),
    ("2010AA", "NM1"): (3, 9),
    ("2010BA", "NM1"): (3, 9),
    ("2010BB", "NM1"): (3, 9),
    ("2010CA", "NM1"): (3,),
    ("2310B", "NM1"): (3, 9),
    ("2330A", "NM1"): (3, 9),
    ("2330B", "NM1"): (3, 9),
    ("2320", "SBR"): (2,),
    ("2000B", "HL"): (2, 4),
    ("2000C", "HL"): (2,),
    ("2100A", "NM1"): (3, 9),
}


def _rule(text: str) -> Rule:
    if ";" in text:
        components = tuple(_rule(part.strip()) for part in text.split(";"))
        return Rule(components[0].usage, "C", number=components[0].number, components=components)
    words = text.split()
    if words == ["N"]:
        return Rule("N")
    low, high = words[2].split("-")
    return Rule(words[0], words[1], int(low), int(high), words[3], frozenset(words[4:]))


RULES = {name: tuple(_rule(part.strip()) for part in text.split(" | ")) for name, text in RULES_TEXT.items()}


def check_elements(segment: Segment, loop: str) -> Iterator[Fault]:
    """Every fault of a segment's elements. Segments without rules are taken as they are."""
    rules = RULES.get(segment.id)
    if rules is None:
        return
    if len(segment.elements) > len(rules) and segment.id not in (
        "CLM",
        "SV1",
        "SBR",
        "PAT",
        "REF",
        "HI",
        "OI",
        "NM1",
        "N4",
    ):
        yield Fault(len(rules) + 1, 0, "", TOO_MANY, segment[len(rules) + 1])
    needed = REQUIRED_IN_LOOP.get((loop, segment.id), ())
    for place, rule in enumerate(rules, start=1):
        value = segment[place]
        if not value:
            if rule.usage == "R" or place in needed:
                yield Fault(place, 0, rule.number, MISSING)
        elif rule.usage == "N":
            yield Fault(place, 0, rule.number, NOT_USED, value)
        elif rule.components:
            yield from _check_composite(segment, place, rule)
        else:
            yield from _check(value, rule, place, 0)
    yield from _check_pairs(segment, rules)
    yield from _check_qualified_date(segment)


def _check_composite(segment: Segment, place: int, rule: Rule) -> Iterator[Fault]:
    parts = segment.parts(place)
    for component, inner in enumerate(rule.components, start=1):
        value = parts[component - 1] if component <= len(parts) else ""
        if value:
            yield from _check(value, inner, place, component)
        elif inner.usage == "R":
            yield Fault(place, component, inner.number, MISSING)


def _check(value: str, rule: Rule, place: int, component: int) -> Iterator[Fault]:
    def fault(code: str) -> Fault:
        return Fault(place, component, rule.number, code, value)

    digits = value.lstrip("-").replace(".", "") if rule.kind == "R" else value
    if (
        not PRINTABLE.fullmatch(value)
        or (rule.kind == "R" and not DECIMAL.fullmatch(value))
        or (rule.kind == "N0" and not value.isdigit())
    ):
        yield fault(BAD_CHARACTER)
    elif len(digits) < rule.low:
        yield fault(TOO_SHORT)
    elif len(digits) > rule.high:
        yield fault(TOO_LONG)
    elif rule.kind == "DT" and not is_date(value):
        yield fault(BAD_DATE)
    elif rule.kind == "TM" and not is_time(value):
        yield fault(BAD_TIME)
    elif rule.codes and value not in rule.codes:
        yield fault(BAD_CODE)


def _check_pairs(segment: Segment, rules: tuple[Rule, ...]) -> Iterator[Fault]:
    for first, second in PAIRS.get(segment.id, ()):
        if bool(segment[first]) != bool(segment[second]):
            absent = second if segment[first] else first
            if rules[absent - 1].usage != "R":
                yield Fault(absent, 0, rules[absent - 1].number, CONDITION)


def _check_qualified_date(segment: Segment) -> Iterator[Fault]:
    if segment.id not in ("DTP", "DMG"):
        return
    start = 2 if segment.id == "DTP" else 1
    days = segment[start + 1].split("-") if segment[start] == "RD8" else [segment[start + 1]]
    if segment[start] in ("D8", "RD8") and segment[start + 1] and not all(map(is_date, days)):
        yield Fault(start + 1, 0, "1251", BAD_DATE, segment[start + 1])
