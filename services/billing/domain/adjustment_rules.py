"""What an adjustment of an 835 means for us, as dated data: (group, CARC, RARC, recognised or not) → treatment.

A line is *recognised* when the payer allowed something on it: paid, or left a deductible, coinsurance or copay, or,
as a later payer, answered to what an earlier one did (OA-23). On a line that is not recognised nothing becomes a
write-off unless a row says so, whatever group the payer chose (duplicates come as OA-18, others as CO-45).
Sources: X12 code lists 139 (CARC), 411 (RARC); 005010X221A1 front matter 1.10.2.4; RFI 1696 (OA-23).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Treatment(StrEnum):
    """What is done with the money of an adjustment."""

    CONTRACTUAL = "contractual"  # written off under the contract
    SEQUESTRATION = "sequestration"  # CO-253, the federal reduction
    OTHER_ADJUSTMENT = "other_adjustment"  # written off to the account the row names
    PATIENT_SHARE = "patient_share"  # moved to the next payer or the patient
    DENIAL = "denial"  # stays open at the payer; somebody works it
    NOT_MONEY = "not_money"  # explains a balance and moves nothing


@dataclass(frozen=True, slots=True)
class AdjustmentRule:
    """One row. '' for `carc` or `rarc` and None for `recognised` mean any; the most particular row wins."""

    group: str
    carc: str
    treatment: Treatment
    recognised: bool | None = None
    rarc: str = ""
    share: str = ""  # deductible, coinsurance, copay, non_covered
    account: str = ""
    category: str = ""  # of a denial: what kind of work it is
    advice: str = ""  # what usually mends it
    start: date = date(2010, 1, 1)
    end: date | None = None

    def fits(self, group: str, carc: str, rarcs: Iterable[str], recognised: bool, on: date) -> bool:
        """Whether the row speaks of this adjustment on a service of day `on`."""
        return (
            self.group == group
            and self.carc in ("", carc)
            and (not self.rarc or self.rarc in rarcs)
            and self.recognised in (None, recognised)
            and self.start <= on
            and (self.end is None or on <= self.end)
        )

    @property
    def particularity(self) -> tuple[bool, bool, bool, date]:
        """Rows with a code, a remark, a condition, and the younger of two, come first."""
        return (bool(self.carc), bool(self.rarc), self.recognised is not None, self.start)


_T = Treatment


def _denial(group: str, carc: str, category: str, advice: str, rarc: str = "") -> AdjustmentRule:
    return AdjustmentRule(group, carc, _T.DENIAL, rarc=rarc, category=category, advice=advice)


_MISSING = "Read the remark code, add what is missing, send a corrected claim (frequency 7)."
_DENIALS: tuple[tuple[str, str, str], ...] = (
    ("4", "modifier", "Correct the modifier and send a corrected claim."),
    ("5", "place_of_service", "Correct the place of service and send a corrected claim."),
    ("6", "demographics", "The procedure does not go with the patient's age: check the code and the birth date."),
    ("7", "demographics", "The procedure does not go with the patient's sex: check the code and the record."),
    ("11", "diagnosis", "The diagnosis does not support the procedure: check codes and pointers."),
    ("16", "missing_information", _MISSING),
    ("18", "duplicate", "Find the first claim's payment before doing anything else."),
    ("22", "other_payer_first", "Another payer comes first: correct the order of coverages and bill that payer."),
    ("26", "not_covered_then", "Coverage had not begun: verify eligibility for the date, bill the right payer."),
    ("27", "not_covered_then", "Coverage had ended: verify eligibility for the date, bill the right payer."),
    ("29", "timely_filing", "Send proof of the first filing (999, 277CA) with an appeal."),
    ("31", "member_unknown", "Correct the member id and name from a new 271, send a corrected claim."),
    ("50", "medical_necessity", "Appeal with the record, or bill the patient if a waiver was signed."),
    ("96", "non_covered", "Read the remark; without a waiver the patient may not be billed."),
    ("97", "bundled", "Included in another service: check NCCI and whether modifier 59 or X{EPSU} is justified."),
    ("109", "wrong_payer", "Not this payer's claim: find the right payer by eligibility and bill it."),
    ("119", "benefit_limit", "The benefit is used up for the period: check the count, then the patient's share."),
    ("140", "member_unknown", "Name and member id do not go together: correct from a new 271."),
    ("151", "units", "The payer does not accept this many services: check units, appeal with the record."),
    ("167", "diagnosis", "The diagnosis is not covered: check the code, then the patient's share."),
    ("181", "procedure_code", "The procedure code was not valid on the date: correct it."),
    ("182", "modifier", "The modifier was not valid on the date: correct it."),
    ("197", "authorisation", "Ask for a retrospective authorisation, or appeal."),
    ("198", "authorisation", "The authorisation was exceeded: ask for more units, or appeal."),
    ("204", "non_covered", "Not covered under the plan: check the plan, then the patient's share."),
    ("236", "bundled", "The combination of codes is not allowed that day: check NCCI and modifiers."),
    ("252", "documentation", "Send the documents the remark code names."),
    ("B7", "enrolment", "The provider was not certified for this service on the date: check enrolment."),
    ("B13", "duplicate", "Paid before: find the earlier payment."),
)
_WRITE_OFFS: tuple[AdjustmentRule, ...] = (
    AdjustmentRule("CO", "45", _T.CONTRACTUAL, recognised=True),
    AdjustmentRule("CO", "42", _T.CONTRACTUAL, recognised=True),
    AdjustmentRule("CO", "A2", _T.CONTRACTUAL, recognised=True),
    AdjustmentRule("CO", "59", _T.CONTRACTUAL, recognised=True),
    AdjustmentRule("CO", "131", _T.CONTRACTUAL, recognised=True),
    AdjustmentRule("CO", "144", _T.OTHER_ADJUSTMENT, recognised=True, account="incentive"),
    AdjustmentRule("CO", "237", _T.OTHER_ADJUSTMENT, recognised=True, account="other_payer_adjustment"),
    AdjustmentRule("CO", "104", _T.OTHER_ADJUSTMENT, recognised=True, account="withholding"),
    AdjustmentRule("CO", "105", _T.OTHER_ADJUSTMENT, recognised=True, account="withholding"),
    AdjustmentRule("CO", "94", _T.OTHER_ADJUSTMENT, account="other_payer_adjustment"),
    AdjustmentRule("OA", "94", _T.OTHER_ADJUSTMENT, account="other_payer_adjustment"),
    AdjustmentRule("PI", "45", _T.CONTRACTUAL, recognised=True),
    AdjustmentRule("PI", "94", _T.OTHER_ADJUSTMENT, account="other_payer_adjustment"),
    # Covered by the monthly capitation: nothing more is owed by anybody, though the line is unpaid.
    AdjustmentRule("CO", "24", _T.CONTRACTUAL),
    # The sequester began with services of 2013-04-01, rested from 2020-05-01 and is back in full since 2022-07-01.
    AdjustmentRule("CO", "253", _T.SEQUESTRATION, recognised=True, start=date(2013, 4, 1)),
    AdjustmentRule("OA", "23", _T.NOT_MONEY),
)
_SHARES: tuple[AdjustmentRule, ...] = (
    AdjustmentRule("PR", "1", _T.PATIENT_SHARE, share="deductible"),
    AdjustmentRule("PR", "2", _T.PATIENT_SHARE, share="coinsurance"),
    AdjustmentRule("PR", "3", _T.PATIENT_SHARE, share="copay"),
    AdjustmentRule("PR", "66", _T.PATIENT_SHARE, share="deductible"),
    AdjustmentRule("PR", "", _T.PATIENT_SHARE, share="non_covered"),
    # Nobody on file, no coverage: asking the patient to pay before the claim is mended would be wrong.
    _denial("PR", "31", "member_unknown", "Correct the member id and name from a new 271, send a corrected claim."),
    _denial("PR", "26", "not_covered_then", "Coverage had not begun: bill the right payer before the patient."),
    _denial("PR", "27", "not_covered_then", "Coverage had ended: bill the right payer before the patient."),
)
_UNLISTED = "No rule knows this adjustment: look at it, then write it off, appeal, or add a rule."

RULES: tuple[AdjustmentRule, ...] = (
    *_WRITE_OFFS,
    *_SHARES,
    *(_denial(group, carc, category, advice) for carc, category, advice in _DENIALS for group in ("CO", "OA", "PI")),
    _denial("CO", "45", "unpaid", "The payer allowed nothing and gave no other reason: ask it, or appeal."),
    _denial("CO", "16", "member_unknown", "The payer does not find the member: correct from a new 271.", rarc="N382"),
    _denial("CO", "16", "provider", "The payer does not accept the provider's NPI or enrolment.", rarc="N257"),
    _denial("CO", "", "unlisted", _UNLISTED),
    _denial("OA", "", "unlisted", _UNLISTED),
    _denial("PI", "", "unlisted", _UNLISTED),
)


class AdjustmentTable:
    """Looks adjustments up in rows; the order of the rows does not matter."""

    def __init__(self, rules: Iterable[AdjustmentRule] = RULES) -> None:
        self._by_group: dict[str, list[AdjustmentRule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.particularity, reverse=True):
            self._by_group.setdefault(rule.group, []).append(rule)

    def rule_for(self, group: str, carc: str, rarcs: Iterable[str], recognised: bool, on: date) -> AdjustmentRule:
        """The most particular row for an adjustment of a service on day `on`; unknown groups are denials."""
        remarks = tuple(rarcs)
        for rule in self._by_group.get(group, ()):
            if rule.fits(group, carc, remarks, recognised, on):
                return rule
        return _denial(group, carc, "unlisted", _UNLISTED)
