"""The front-end edits of a payer: what makes it return a claim at the 277CA instead of adjudicating it.

Status category and status codes are those of X12's code sources 507 and 508.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.simulators.clearinghouse.claims import Claim
from infra.simulators.kit.chance import fraction
from infra.simulators.x12 import is_date

RECEIVED, ACCEPTED, UNPROCESSABLE, INCOMPLETE, INVALID, RELATIONAL = "A1", "A2", "A3", "A6", "A7", "A8"
DIAGNOSIS = re.compile(r"[A-TV-Z]\d[0-9A-Z]{1,5}")
PROCEDURE = re.compile(r"[0-9A-Z]\d{3}[0-9A-Z]")


@dataclass(frozen=True)
class Status:
    """An STC01: category, status code, entity the status is about (85 billing provider, IL subscriber …)."""

    category: str
    code: str
    entity: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the claim goes on to adjudication."""
        return self.category == ACCEPTED


ACCEPTED_STATUS = Status(ACCEPTED, "20")
# What a share of claims is returned for though nothing shows on our side: the payer's files differ from the clinic's.
CHANCE_REJECTIONS = (
    Status(UNPROCESSABLE, "33", "IL"),  # subscriber and subscriber id not found
    Status(INVALID, "164", "IL"),  # entity's contract/member number
    Status(INVALID, "453"),  # procedure code modifier(s) for service(s) rendered
    Status(INCOMPLETE, "562", "82"),  # entity's National Provider Identifier
    Status(RELATIONAL, "254"),  # principal diagnosis code
)


def chance_rejection(seed: int, claim: Claim, nth: int) -> Status:
    """The reason for a claim that is rejected by chance."""
    pick = int(fraction(seed, "rejection", claim.number, nth) * len(CHANCE_REJECTIONS))
    return CHANCE_REJECTIONS[pick]


def valid_npi(npi: str) -> bool:
    """Whether the ten digits carry the right check digit (Luhn over 80840 and the number, 45 CFR 162.406)."""
    if not re.fullmatch(r"\d{10}", npi):
        return False
    digits = [int(digit) for digit in reversed("80840" + npi)]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


def first_fault(claim: Claim, received: str) -> Status | None:
    """The first thing wrong with a claim that its structure does not show. `received` is CCYYMMDD."""
    if claim.faults or claim.charge != sum(line.charge for line in claim.lines):
        return Status(INVALID, "400")  # claim is out of balance
    if not valid_npi(claim.billing_npi):
        return Status(INVALID, "562", "85")
    if claim.rendering_npi and not valid_npi(claim.rendering_npi):
        return Status(INVALID, "562", "82")
    if not claim.member:
        return Status(INCOMPLETE, "164", "IL")
    if not all(DIAGNOSIS.fullmatch(code) for code in claim.diagnoses):
        return Status(INVALID, "254" if not DIAGNOSIS.fullmatch(claim.diagnoses[0]) else "255")
    for line in claim.lines:
        if not PROCEDURE.fullmatch(line.code):
            return Status(INVALID, "454")  # procedure code for services rendered
        if not is_date(line.date) or line.date > received:
            return Status(INVALID, "187")  # date(s) of service
        if not line.pointers or not all(0 < int(pointer) <= len(claim.diagnoses) for pointer in line.pointers):
            return Status(INVALID, "477")  # diagnosis code pointer is missing or invalid
    return None if _earlier_payers_balance(claim) else Status(RELATIONAL, "400")


def _earlier_payers_balance(claim: Claim) -> bool:
    """For every earlier payer: SV102 = SVD02 + Σ CAS(2430), and AMT*D = Σ SVD02 - Σ CAS(2320)."""
    for line in claim.lines:
        for result in line.earlier:
            if line.charge != result.paid + sum(entry.amount for entry in result.adjustments):
                return False
    for other in claim.others:
        by_line = [result for line in claim.lines for result in line.earlier if result.payer == other.payer]
        if other.paid is not None and by_line:
            claim_level = sum(entry.amount for entry in other.adjustments)
            if other.paid != sum(result.paid for result in by_line) - claim_level:
                return False
    return True
