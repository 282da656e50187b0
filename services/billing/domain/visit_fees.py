"""What a patient owes for a visit that they cancelled too late or missed, by the rules of who would have paid for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from billing.domain.payers import PayerKind, PayerProfile

# Where the fee stands among the lines of its visit: behind those of a visit that takes place after all (a claim has at most 50).
LINE_NUMBER = {"late_cancellation": 98, "no_show": 99}


class FeeKind(StrEnum):
    """What happened."""

    LATE_CANCELLATION = "late_cancellation"
    NO_SHOW = "no_show"


# What its charge line names in place of a procedure, and what its journal says.
PROCEDURES = {FeeKind.LATE_CANCELLATION: "LATE-CANCEL", FeeKind.NO_SHOW: "NO-SHOW"}
MEMOS = {FeeKind.LATE_CANCELLATION: "Fee for a late cancellation", FeeKind.NO_SHOW: "Fee for a missed visit"}


@dataclass(frozen=True, slots=True)
class Decision:
    """The fee (minor units) or, when it is zero, why there is none; whose rule decided."""

    amount_minor: int
    payer_id: UUID | None
    reason: str


def decide(
    kind: FeeKind, insurers: Sequence[PayerProfile], self_pay: PayerProfile | None, *, protected: bool
) -> Decision:
    """The fee for a visit that did not take place. `insurers`: who would have paid, in their order, with the rules of the day.

    Medicaid's patients are never asked, whoever else insures them: a provider takes its payment as payment in full (42 CFR 447.15;
    CMS: missed visits are no service that could be billed to them). Medicare's may be, when everybody is (CMS Claims Processing
    Manual, chapter 1, 30.3.13).
    """
    medicaid = next((payer for payer in insurers if payer.kind is PayerKind.MEDICAID), None)
    if medicaid is not None:
        return Decision(0, medicaid.payer_id, "medicaid")
    deciding = insurers[0] if insurers else self_pay
    payer_id = deciding.payer_id if deciding else None
    if protected:
        return Decision(0, payer_id, "protected")
    fee = _fee(kind, deciding) if deciding else 0
    return Decision(fee, payer_id, "" if fee else "no_rule")


def _fee(kind: FeeKind, payer: PayerProfile) -> int:
    demands = payer.demands
    asked = demands.late_cancel_fee_minor if kind is FeeKind.LATE_CANCELLATION else demands.no_show_fee_minor
    return asked or 0
