"""How likely two records are one person, and why: Fellegi–Sunter with the weights of `matching_weights`.

The hard part is people who live together. Twins share birth date, family name, address, phone and policy; a father and
a son may share the whole name. What a household has in common is therefore capped, the more so where given name or birth
date differ, and "certain" asks for agreement in what a person does not share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from rapidfuzz.distance import OSA, JaroWinkler

from patient_registry.domain import contact_points
from patient_registry.domain import matching_weights as weights
from patient_registry.domain.keys import swap_day_and_month
from patient_registry.domain.names import COMMON_FAMILIES, normalise, parts, same_person_calls
from patient_registry.domain.people import Address, Demographics, Sex, home_address

_STREET_WORDS = {
    "street": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "road": "rd", "drive": "dr", "lane": "ln", "court": "ct",
    "place": "pl", "square": "sq", "terrace": "ter", "parkway": "pkwy", "highway": "hwy", "circle": "cir", "north": "n",
    "south": "s", "east": "e", "west": "w", "apartment": "apt", "suite": "ste", "unit": "apt", "floor": "fl",
}  # fmt: skip

Key = TypeVar("Key")


class Grade(StrEnum):
    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"


@dataclass(frozen=True, slots=True)
class Record:
    """What the comparison looks at, in the form it compares: normalised, "" or empty where not known."""

    family: str
    family_parts: frozenset[str]
    former_families: frozenset[str]
    given: str
    middle: str
    suffix: str
    birth_date: date
    sex: Sex
    ssn_last_four: str
    phones: frozenset[str]
    emails: frozenset[str]
    street: str
    postal_code: str
    member_ids: frozenset[str]
    identifiers: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one field says: its level and the bits it counts for in this comparison."""

    field: str
    level: str
    bits: float

    @property
    def words(self) -> str:
        """The finding in words; "" when it is not worth saying."""
        return weights.WEIGHTS[self.field][self.level].words


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict on two records. `score` is in bits (log2 of the odds); above 0 speaks for one person."""

    score: float
    grade: Grade
    reasons: tuple[str, ...]


def record_of(person: Demographics, member_ids: Iterable[str] = ()) -> Record:
    """What the comparison looks at of a person."""
    home = home_address(person.addresses)
    return Record(
        family=normalise(person.name.family),
        family_parts=frozenset(parts(person.name.family)),
        former_families=frozenset(normalise(name.family) for name in person.former_names),
        given=normalise(person.name.given),
        middle=normalise(person.name.middle),
        suffix=normalise(person.name.suffix),
        birth_date=person.birth_date,
        sex=person.sex,
        ssn_last_four=person.ssn_last_four,
        phones=frozenset(contact_points.phones(person.contact_points)),
        emails=frozenset(contact_points.emails(person.contact_points)),
        street=street_form(home),
        postal_code=home.postal_code[:5] if home else "",
        member_ids=frozenset(map(normalise, member_ids)) - {""},
        identifiers=frozenset((identifier.system, identifier.value) for identifier in person.identifiers),
    )


def street_form(address: Address | None) -> str:
    """The street lines in the form they are compared: ``"12 North Main Street, Apt. 3"`` → ``"12 n main st apt 3"``."""
    if address is None:
        return ""
    words = " ".join(address.lines).replace(".", " ").replace(",", " ").replace("#", " apt ").split()
    plain = [normalise(word) for word in words]
    return " ".join(_STREET_WORDS.get(word, word) for word in plain if word)


def compare(one: Record, other: Record) -> Match:
    """How likely the two records are one person. Symmetric."""
    levels = {name: level for name, judge in _JUDGES.items() if (level := judge(one, other))}
    findings = _weigh(levels)
    score = weights.PRIOR_BITS + sum(finding.bits for finding in findings)
    reasons = [f.words for f in sorted(findings, key=lambda f: (-abs(f.bits), f.field)) if f.words]
    if _may_be_twins(levels):
        reasons.insert(0, "may be twins: same birth date and household, another given name")
    return Match(round(score, 2), _grade(score, levels), tuple(reasons))


def rank(record: Record, others: Iterable[tuple[Key, Record]]) -> list[tuple[Key, Match]]:
    """The others that may be this person (possible or better), best first; ties keep their order."""
    matches = [(key, compare(record, other)) for key, other in others]
    found = [(key, match) for key, match in matches if match.grade is not Grade.UNLIKELY]
    return sorted(found, key=lambda pair: -pair[1].score)


def _weigh(levels: dict[str, str]) -> list[Finding]:
    """The findings with the bits they count for, after what relatives share has been capped."""
    findings = [Finding(name, level, weights.WEIGHTS[name][level].bits) for name, level in levels.items()]
    shared = set(weights.HOUSEHOLD)
    cap = weights.HOUSEHOLD_CAP
    if _tells_apart_by_given_name(levels):
        shared.add("family")
        cap = weights.SHARED_CAP_OF_TWINS
    elif levels["birth_date"] == "differs":
        cap = weights.HOUSEHOLD_CAP_OF_RELATIVES
    total = sum(f.bits for f in findings if f.field in shared and f.bits > 0)
    scale = min(1.0, cap / total) if total > 0 else 1.0
    return [Finding(f.field, f.level, f.bits * scale) if f.field in shared and f.bits > 0 else f for f in findings]


def _grade(score: float, levels: dict[str, str]) -> Grade:
    if score >= weights.CERTAIN_BITS and _is_beyond_doubt(levels):
        return Grade.CERTAIN
    if score >= weights.LIKELY_BITS:
        return Grade.LIKELY
    return Grade.POSSIBLE if score >= weights.POSSIBLE_BITS else Grade.UNLIKELY


def _is_beyond_doubt(levels: dict[str, str]) -> bool:
    """Name and birth date agree, nothing a person keeps for life contradicts, and one more thing agrees."""
    agrees = (
        levels["family"] in {"same", "same_common", "former"}
        and levels["given"] in {"same", "nickname"}
        and levels["birth_date"] in {"same", "same_new_year"}
    )
    contradicted = any(levels.get(name) == "differs" for name in ("sex", "ssn", "middle", "suffix"))
    confirmed = any(levels.get(name) == "same" for name in ("ssn", "identifier", "phone", "email", "address", "member"))
    return agrees and confirmed and not contradicted


def _tells_apart_by_given_name(levels: dict[str, str]) -> bool:
    return levels["given"] == "differs"


def _may_be_twins(levels: dict[str, str]) -> bool:
    same_household = any(levels.get(name) == "same" for name in weights.HOUSEHOLD)
    same_day = levels["birth_date"] in {"same", "same_new_year"}
    return _tells_apart_by_given_name(levels) and same_day and (same_household or levels["family"].startswith("same"))


def _family(one: Record, other: Record) -> str:
    if one.family == other.family:
        return "same_common" if one.family in COMMON_FAMILIES else "same"
    if one.family in other.former_families or other.family in one.former_families:
        return "former"
    if one.family_parts & other.family_parts and (len(one.family_parts) > 1 or len(other.family_parts) > 1):
        return "part"
    alike = (
        _slip(one.family, other.family) or JaroWinkler.similarity(one.family, other.family) >= weights.SIMILAR_FAMILY
    )
    return "similar" if alike else "differs"


def _given(one: Record, other: Record) -> str:
    if one.given == other.given:
        return "same"
    if same_person_calls(one.given, other.given):
        return "nickname"
    shorter, longer = sorted((one.given, other.given), key=len)
    if len(shorter) == 1 and longer.startswith(shorter):
        return "initial"
    # A wrong first letter is rare, twins whose names rhyme (Jayden, Kayden) are not.
    slip = shorter[0] == longer[0] and _slip(one.given, other.given)
    alike = slip or JaroWinkler.similarity(one.given, other.given) >= weights.SIMILAR_GIVEN
    return "similar" if alike else "differs"


def _slip(one: str, other: str) -> bool:
    """Whether one letter was missed, added, mistaken or exchanged with its neighbour in a name of some length."""
    return min(len(one), len(other)) >= weights.SHORTEST_WITH_A_SLIP and OSA.distance(one, other, score_cutoff=1) == 1


def _middle(one: Record, other: Record) -> str:
    if not one.middle or not other.middle:
        return ""
    shorter, longer = sorted((one.middle, other.middle), key=len)
    return "agrees" if longer.startswith(shorter) else "differs"


def _suffix(one: Record, other: Record) -> str:
    if not one.suffix or not other.suffix:
        return ""
    return "same" if one.suffix == other.suffix else "differs"


def _birth_date(one: Record, other: Record) -> str:
    if one.birth_date == other.birth_date:
        return "same_new_year" if (one.birth_date.month, one.birth_date.day) == (1, 1) else "same"
    if swap_day_and_month(one.birth_date) == other.birth_date:
        return "swapped"
    digits = zip(f"{one.birth_date:%Y%m%d}", f"{other.birth_date:%Y%m%d}", strict=True)
    return "one_digit" if sum(a != b for a, b in digits) == 1 else "differs"


def _sex(one: Record, other: Record) -> str:
    if Sex.UNKNOWN in (one.sex, other.sex):
        return ""
    return "same" if one.sex is other.sex else "differs"


def _ssn(one: Record, other: Record) -> str:
    if not one.ssn_last_four or not other.ssn_last_four:
        return ""
    return "same" if one.ssn_last_four == other.ssn_last_four else "differs"


def _address(one: Record, other: Record) -> str:
    if not one.postal_code or not other.postal_code:
        return ""
    if one.postal_code != other.postal_code:
        return "differs"
    return "same" if one.street and one.street == other.street else "same_area"


def _any_of(
    field: Callable[[Record], frozenset[object]], *, says_when_different: bool
) -> Callable[[Record, Record], str]:
    def judge(one: Record, other: Record) -> str:
        mine, theirs = field(one), field(other)
        if not mine or not theirs:
            return ""
        if mine & theirs:
            return "same"
        return "differs" if says_when_different else ""

    return judge


# Field → what two records say of it; "" when one of them does not know.
_JUDGES: dict[str, Callable[[Record, Record], str]] = {
    "family": _family,
    "given": _given,
    "middle": _middle,
    "suffix": _suffix,
    "birth_date": _birth_date,
    "sex": _sex,
    "ssn": _ssn,
    "identifier": _any_of(lambda record: frozenset(record.identifiers), says_when_different=False),
    "phone": _any_of(lambda record: frozenset(record.phones), says_when_different=True),
    "email": _any_of(lambda record: frozenset(record.emails), says_when_different=True),
    "address": _address,
    "member": _any_of(lambda record: frozenset(record.member_ids), says_when_different=False),
}
