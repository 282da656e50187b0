"""What a rule may ask about, and what it may write: one row a field.

A field gives the values it has on a claim (none: it is absent), so that one way of comparing serves codes, numbers,
amounts, dates and lists alike. Amounts in rules are written as people write them ("125.00") and compared in minor units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from billing.domain.claim_rules import RENDERING, SUPERVISING, Operator, RuledClaim, RuledLine
from billing.domain.x12.elements import cents


class FieldKind(StrEnum):
    """What a field's values are."""

    TEXT = "text"
    CODES = "codes"  # several texts
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"


_ANY_TEXT = (Operator.IS_ANY_OF, Operator.IS_NONE_OF, Operator.STARTS_WITH, Operator.BETWEEN)
_PRESENCE = (Operator.IS_PRESENT, Operator.IS_ABSENT)
_ORDERED = (Operator.IS_ANY_OF, Operator.IS_NONE_OF, Operator.BETWEEN, Operator.AT_LEAST, Operator.AT_MOST)
OPERATORS: Mapping[FieldKind, tuple[Operator, ...]] = {
    FieldKind.TEXT: (*_ANY_TEXT, *_PRESENCE),
    FieldKind.CODES: (*_ANY_TEXT, Operator.HAS_ALL_OF, *_PRESENCE),
    FieldKind.NUMBER: (*_ORDERED, *_PRESENCE),
    FieldKind.MONEY: _ORDERED,
    FieldKind.DATE: (*_ORDERED, *_PRESENCE),
}
_PARSERS: Mapping[FieldKind, Callable[[str], Any]] = {
    FieldKind.TEXT: str,
    FieldKind.CODES: str,
    FieldKind.NUMBER: int,
    FieldKind.MONEY: cents,
    FieldKind.DATE: date.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class RuleField:
    """A row of the table: its kind, where its values come from, and, where rules may write it, what they may write."""

    kind: FieldKind
    of_claim: Callable[[RuledClaim], Sequence[Any]] | None = None
    of_line: Callable[[RuledLine], Sequence[Any]] | None = None
    writable: Callable[[str], object] | None = None

    def values_of(self, claim: RuledClaim, line: RuledLine | None) -> Sequence[Any]:
        """The field's values on a claim, or on a line of it; empty when it is absent."""
        if self.of_line is not None:
            return self.of_line(line) if line is not None else ()
        return self.of_claim(claim) if self.of_claim is not None else ()

    def parse(self, text: str) -> Any:
        """A value of a test as the field's values are compared. Raises ValueError."""
        return _PARSERS[self.kind](text)


def _text(name: str, writable: str = "") -> RuleField:
    def values(claim: RuledClaim) -> Sequence[str]:
        found = getattr(claim, name)
        return (found,) if found else ()

    return RuleField(FieldKind.TEXT, of_claim=values, writable=re.compile(writable).fullmatch if writable else None)


def _line_text(name: str, writable: str = "") -> RuleField:
    def values(line: RuledLine) -> Sequence[str]:
        found = getattr(line, name)
        return (found,) if found else ()

    return RuleField(FieldKind.TEXT, of_line=values, writable=re.compile(writable).fullmatch if writable else None)


_PLACE = "[0-9]{2}"
_TAXONOMY = "[0-9]{3}[A-Z0-9]{6}X"
# X12 data never holds a separator: what a rule writes is refused here rather than at the batch.
_PLAIN = r"[A-Z0-9][A-Z0-9 ./-]*"
FIELDS: Mapping[str, RuleField] = {
    "payer": _text("payer"),
    "payer_kind": _text("payer_kind"),
    "payer_id": _text("payer_id", rf"(?=.{{2,80}}$){_PLAIN}"),
    "filing_indicator": _text("filing_indicator", "[A-Z0-9]{1,2}"),
    "responsibility": _text("responsibility"),
    "frequency": _text("frequency"),
    "relationship": _text("relationship"),
    "diagnoses": RuleField(FieldKind.CODES, of_claim=lambda claim: claim.diagnoses),
    "procedures": RuleField(FieldKind.CODES, of_claim=lambda claim: [line.procedure for line in claim.lines]),
    "modifiers": RuleField(
        FieldKind.CODES, of_claim=lambda claim: [one for line in claim.lines for one in line.modifiers]
    ),
    "place_of_service": RuleField(
        FieldKind.CODES, of_claim=lambda claim: [line.place_of_service for line in claim.lines if line.place_of_service]
    ),
    "patient_age": RuleField(
        FieldKind.NUMBER, of_claim=lambda claim: () if claim.patient_age is None else (claim.patient_age,)
    ),
    "patient_sex": _text("patient_sex"),
    "member_id": _text("member_id"),
    "group_number": _text("group_number", rf"(?=.{{1,50}}$){_PLAIN}"),
    "insurance_type": _text("insurance_type", "[A-Z0-9]{1,3}"),
    "authorisation": _text("authorisation", rf"(?=.{{1,50}}$){_PLAIN}"),
    "clia": _text("clia", "[0-9]{2}D[0-9]{7}"),
    "accident": _text("accident"),
    "referring_npi": _text("referring_npi"),
    "rendering_npi": _text("rendering_npi"),
    "rendering_taxonomy": _text("rendering_taxonomy", _TAXONOMY),
    "billing_npi": _text("billing_npi"),
    "billing_taxonomy": _text("billing_taxonomy", _TAXONOMY),
    "location": _text("location"),
    "charge": RuleField(FieldKind.MONEY, of_claim=lambda claim: (claim.charge_minor,)),
    "line_count": RuleField(FieldKind.NUMBER, of_claim=lambda claim: (len(claim.lines),)),
    "service_date": RuleField(
        FieldKind.DATE, of_claim=lambda claim: () if claim.service_date is None else (claim.service_date,)
    ),
    "line.procedure": _line_text("procedure"),
    "line.modifiers": RuleField(FieldKind.CODES, of_line=lambda line: line.modifiers),
    "line.diagnoses": RuleField(FieldKind.CODES, of_line=lambda line: line.diagnoses),
    "line.place_of_service": _line_text("place_of_service", _PLACE),
    "line.provider": _line_text("provider", f"{RENDERING}|{SUPERVISING}"),
    "line.ndc": _line_text("ndc"),
    "line.charge": RuleField(FieldKind.MONEY, of_line=lambda line: (line.charge_minor,)),
    "line.units": RuleField(FieldKind.NUMBER, of_line=lambda line: (line.units,)),
    "line.service_date": RuleField(FieldKind.DATE, of_line=lambda line: (line.service_date,)),
}
WRITABLE = tuple(name for name, field in FIELDS.items() if field.writable is not None)
