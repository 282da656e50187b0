"""The proof of an 835: four balances, in integer cents, exact; what does not balance is refused whole.

Source: 005010X221A1 section 1.10.2 (balancing).

1. line:  SVC02 − Σ CAS(line) = SVC03
2. claim: CLP03 − Σ CAS(claim) − Σ CAS(lines) = CLP04, and where lines exist CLP03 = Σ SVC02
3. set:   BPR02 = Σ CLP04 − Σ PLB
4. patient: CLP05 = Σ PR (not on reversals; predeterminations carry no money at all)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from billing.domain.x12.remittance import ClaimStatus, ProviderAdjustment, Remittance, RemittanceClaim, RemittanceHeader


class Balance(StrEnum):
    """Which equation failed."""

    LINE = "line"  # SVC02 − Σ CAS = SVC03
    CLAIM = "claim"  # CLP03 − Σ CAS = CLP04
    CLAIM_LINES = "claim_lines"  # CLP03 = Σ SVC02
    SET = "set"  # BPR02 = Σ CLP04 − Σ PLB
    PATIENT = "patient"  # CLP05 = Σ PR
    PAYMENT = "payment"  # BPR02 is never negative, BPR03 is C


@dataclass(frozen=True, slots=True)
class Imbalance:
    """One equation that does not hold: difference = stated − computed, in cents; `segment` is its place in the file."""

    balance: Balance
    stated_minor: int
    computed_minor: int
    segment: int
    claim_control: str = ""

    @property
    def difference_minor(self) -> int:
        """Cents by which the stated amount is too high (negative: too low)."""
        return self.stated_minor - self.computed_minor

    def __str__(self) -> str:
        whose = f" of claim {self.claim_control}" if self.claim_control else ""
        return (
            f"{self.balance} balance{whose} at segment {self.segment}: stated {self.stated_minor}, "
            f"computed {self.computed_minor}, difference {self.difference_minor} cents"
        )


@dataclass(frozen=True, slots=True)
class ProofResult:
    """The proof of one set: totals in cents, and every imbalance (none: the set may be posted)."""

    payment_minor: int
    claims_paid_minor: int
    provider_adjustments_minor: int
    claims: int
    imbalances: tuple[Imbalance, ...]

    @property
    def balances(self) -> bool:
        """Whether all equations hold."""
        return not self.imbalances


MOST_REPORTED = 100


@dataclass(slots=True)
class Proof:
    """Adds claims as they are streamed, then closes over the payment and the provider level.

    Holds sums only, and at most MOST_REPORTED imbalances: constant memory for a set of any size.
    """

    header: RemittanceHeader
    claims: int = 0
    claims_paid_minor: int = 0
    imbalances: list[Imbalance] = field(default_factory=list)

    def add(self, claim: RemittanceClaim) -> None:
        """Checks one claim's balances 1, 2 and 4 and takes its payment into the sum of the set."""
        self.claims += 1
        self.claims_paid_minor += claim.paid_minor
        adjusted = patient = 0
        for adjustment in claim.adjustments:
            adjusted += adjustment.amount_minor
            if adjustment.group == "PR":
                patient += adjustment.amount_minor
        charges = 0
        for line in claim.lines:
            line_adjusted = 0
            for adjustment in line.adjustments:
                line_adjusted += adjustment.amount_minor
                if adjustment.group == "PR":
                    patient += adjustment.amount_minor
            if line.charge_minor - line_adjusted != line.paid_minor:
                self._fail(Balance.LINE, line.paid_minor, line.charge_minor - line_adjusted, line.segment, claim)
            charges += line.charge_minor
            adjusted += line_adjusted
        if claim.charge_minor - adjusted != claim.paid_minor:
            self._fail(Balance.CLAIM, claim.paid_minor, claim.charge_minor - adjusted, claim.segment, claim)
        if claim.lines and charges != claim.charge_minor:
            self._fail(Balance.CLAIM_LINES, claim.charge_minor, charges, claim.segment, claim)
        if claim.patient_minor != patient and claim.status not in (ClaimStatus.REVERSAL, ClaimStatus.PREDETERMINATION):
            self._fail(Balance.PATIENT, claim.patient_minor, patient, claim.segment, claim)

    def close(self, provider_adjustments: Iterable[ProviderAdjustment]) -> ProofResult:
        """Balance 3, and the verdict."""
        taken = sum(entry.amount_minor for entry in provider_adjustments)
        computed = self.claims_paid_minor - taken
        stated = self.header.payment_minor
        if stated != computed:
            self._fail(Balance.SET, stated, computed, 0, None)
        if stated < 0 or not self.header.credit:
            self._fail(Balance.PAYMENT, stated if self.header.credit else -stated, max(stated, 0), 0, None)
        return ProofResult(stated, self.claims_paid_minor, taken, self.claims, tuple(self.imbalances))

    def _fail(self, balance: Balance, stated: int, computed: int, segment: int, claim: RemittanceClaim | None) -> None:
        if len(self.imbalances) < MOST_REPORTED:
            self.imbalances.append(Imbalance(balance, stated, computed, segment, claim.claim_control if claim else ""))


def prove(remittance: Remittance) -> ProofResult:
    """The proof of a set that is in memory."""
    proof = Proof(remittance.header)
    for claim in remittance.claims:
        proof.add(claim)
    return proof.close(remittance.provider_adjustments)
