"""The biller's own rules: conditions and actions on claims, in an order, as data.

A rule fires when each of its clauses holds (a clause holds when one of its tests does) and, when it asks about lines, when
some line (or every line) passes all of those. How they are run: claim_rule_engine; what can be asked: claim_rule_fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

MOST_MODIFIERS = 4  # SV101-3 to SV101-6
RENDERING, SUPERVISING = "rendering", "supervising"


class Operator(StrEnum):
    """How a field is compared with a test's values."""

    IS_ANY_OF = "is_any_of"  # of a field with several values: one of them is
    IS_NONE_OF = "is_none_of"
    HAS_ALL_OF = "has_all_of"
    STARTS_WITH = "starts_with"  # one of the values begins the field
    BETWEEN = "between"  # two values, both included; codes by their order as text
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    IS_PRESENT = "is_present"
    IS_ABSENT = "is_absent"


class ActionKind(StrEnum):
    """What a rule does."""

    HOLD = "hold"  # keeps the claim back, with a reason
    ROUTE = "route"  # gives it to a queue and, when one is named, a person
    SET = "set"  # writes a field
    ADD_MODIFIER = "add_modifier"
    REMOVE_MODIFIER = "remove_modifier"
    CARVE_OUT = "carve_out"  # the chosen lines go to another payer, on a claim of their own
    SPLIT = "split"  # lines that differ in a field, or the chosen lines, go on claims of their own


class SplitBy(StrEnum):
    """What SPLIT tells lines apart by. Lines of different payers or providers stand apart without being told to."""

    PLACE = "place_of_service"
    CHOSEN = "chosen_lines"


@dataclass(frozen=True, slots=True)
class RuledLine:
    """A service line as rules see it. Charge in minor units; `payer` is the code of who is asked to pay it."""

    line_id: str
    procedure: str
    charge_minor: int
    units: int
    service_date: date
    place_of_service: str
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    ndc: str = ""
    payer: str = ""
    provider: str = RENDERING
    # The key of the rule that wants it on a claim of its own.
    apart: str = ""


@dataclass(frozen=True, slots=True)
class RuledClaim:
    """A claim as rules see it: what may be asked about, and what may be written."""

    payer: str
    lines: tuple[RuledLine, ...]
    payer_kind: str = ""
    payer_id: str = ""
    filing_indicator: str = ""
    responsibility: str = "P"
    frequency: str = "1"
    relationship: str = "18"
    diagnoses: tuple[str, ...] = ()
    patient_age: int | None = None
    patient_sex: str = ""
    member_id: str = ""
    group_number: str = ""
    insurance_type: str = ""
    authorisation: str = ""
    clia: str = ""
    accident: str = ""
    referring_npi: str = ""
    rendering_npi: str = ""
    rendering_taxonomy: str = ""
    billing_npi: str = ""
    billing_taxonomy: str = ""
    location: str = ""
    # Lines that differ in these fields are to stand on different claims.
    split_by: tuple[SplitBy, ...] = ()

    @property
    def charge_minor(self) -> int:
        """What its lines charge together."""
        return sum(line.charge_minor for line in self.lines)

    @property
    def service_date(self) -> date | None:
        """The first day of service."""
        return min((line.service_date for line in self.lines), default=None)


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One question about a field (claim_rule_fields.FIELDS)."""

    field: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """Holds when one of its tests does."""

    tests: tuple[RuleTest, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """What is done when a rule fires; which of the values it needs depends on the kind (claim_rule_checks)."""

    kind: ActionKind
    field: str = ""
    value: str = ""
    reason: str = ""
    queue: str = ""
    owner_id: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an example must come to: whether its rule fires, and fields by their paths afterwards."""

    fires: bool
    held: bool = False
    claims: int = 1
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A claim, and what its rule alone must make of it."""

    name: str
    claim: RuledClaim
    expected: Expectation


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `start` and `end` are service dates, both included. With `last` no later rule is run once it fires."""

    key: str
    name: str
    actions: tuple[Action, ...]
    clauses: tuple[Clause, ...] = ()
    line_tests: tuple[RuleTest, ...] = ()
    every_line: bool = False
    start: date | None = None
    end: date | None = None
    last: bool = False
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a rule keeps the claim back."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where a rule sends the claim's work."""

    rule: str
    queue: str
    owner_id: str


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that stand on one claim together."""

    payer: str
    provider: str
    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rules made of a claim."""

    claim: RuledClaim
    fired: tuple[str, ...] = ()
    holds: tuple[Hold, ...] = ()
    routes: tuple[Route, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The claims it comes to; the first holds the claim's first line."""
        return parts_of(self.claim)


def parts_of(claim: RuledClaim) -> tuple[Part, ...]:
    """The claim's lines as they have to stand on claims: never with two payers, providers or wishes to stand apart on one."""
    by_place = SplitBy.PLACE in claim.split_by
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for line in claim.lines:
        key = (line.payer, line.provider, line.apart, line.place_of_service if by_place else "")
        groups.setdefault(key, []).append(line.line_id)
    return tuple(Part(key[0], key[1], tuple(ids)) for key, ids in groups.items())
