"""835 005010X221A1, health care claim payment/advice: what a set, a claim, a line and an adjustment say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class ClaimStatus(StrEnum):
    """CLP02. 'Processed as' says nothing about paid: denials arrive as 1, 2 and 3 too."""

    PRIMARY = "1"
    SECONDARY = "2"
    TERTIARY = "3"
    DENIED = "4"  # the patient is not recognised (RFI 1423)
    PRIMARY_FORWARDED = "19"
    SECONDARY_FORWARDED = "20"
    TERTIARY_FORWARDED = "21"
    REVERSAL = "22"
    NOT_OURS_FORWARDED = "23"
    PREDETERMINATION = "25"


FORWARDED = frozenset({ClaimStatus.PRIMARY_FORWARDED, ClaimStatus.SECONDARY_FORWARDED, ClaimStatus.TERTIARY_FORWARDED})


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason of a CAS: group (CO, PR, OA, PI), CARC, cents taken off the charge, a quantity where one was given."""

    group: str
    reason: str
    amount_minor: int
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """SVC01 or SVC06: qualifier (HC), code, modifiers."""

    qualifier: str
    code: str
    modifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemittanceLine:
    """Loop 2110. `billed` and `billed_units` are SVC06/07: what we sent, given when the payer paid something else."""

    procedure: Procedure
    charge_minor: int
    paid_minor: int
    units: Decimal
    billed: Procedure | None
    billed_units: Decimal | None
    service_from: date | None
    service_to: date | None
    adjustments: tuple[Adjustment, ...]
    line_control: str  # REF*6R, our own number of the line
    allowed_minor: int | None  # AMT*B6
    remarks: tuple[str, ...]  # LQ*HE
    segment: int  # number of the SVC in the file


@dataclass(frozen=True, slots=True)
class RemittanceClaim:
    """Loop 2100. `claim_control` is our CLM01, `payer_control` the payer's own number; amounts in cents."""

    claim_control: str
    status: str
    charge_minor: int
    paid_minor: int
    patient_minor: int
    filing_indicator: str
    payer_control: str
    facility: str
    frequency: str
    patient_last: str
    patient_first: str
    patient_id: str
    corrected_id: str  # NM1*74: the payer's record differs from what we sent
    forwarded_to: tuple[str, str] | None  # NM1*TT: (name, id) of the payer it was passed on to
    rendering_id: str
    service_from: date | None
    service_to: date | None
    received_on: date | None
    adjustments: tuple[Adjustment, ...]
    lines: tuple[RemittanceLine, ...]
    remarks: tuple[str, ...]  # MOA/MIA
    interest_minor: int  # AMT*I: information, not part of any balance
    covered_minor: int | None  # AMT*AU
    segment: int  # number of the CLP in the file

    @property
    def is_reversal(self) -> bool:
        """CLP02 22: charge, paid and adjustments are those of the earlier payment, negated."""
        return self.status == ClaimStatus.REVERSAL

    @property
    def was_forwarded(self) -> bool:
        """Whether the payer passed the claim on itself: no claim of ours goes to the next payer."""
        return self.status in FORWARDED or self.forwarded_to is not None

    @property
    def all_adjustments(self) -> Iterator[Adjustment]:
        """Claim-level and line-level adjustments, in order."""
        yield from self.adjustments
        for line in self.lines:
            yield from line.adjustments


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """One PLB entry: money moved outside of claims. Positive takes money away from the payment, negative adds."""

    provider: str
    fiscal_year_end: date | None
    code: str
    reference: str
    amount_minor: int
    segment: int


@dataclass(frozen=True, slots=True)
class RemittanceHeader:
    """What a set says before its first claim. `paid_on_text` is BPR16 as written: part of the set's identity."""

    handling: str
    payment_minor: int
    credit: bool
    method: str  # ACH, CHK, FWT, NON …
    paid_on: date | None
    paid_on_text: str
    trace: str  # TRN02
    originator: str  # TRN03
    payer_name: str
    payer_ids: tuple[str, ...]  # N104 of N1*PR and REF*2U, EO, HI, NF: whatever names the payer
    payee_name: str
    payee_id: str  # N104 of N1*PE, the NPI when XX
    produced_on: date | None  # DTM*405
    control: str  # ST02
    receiver_id: str  # ISA08, then GS03: whose file this is
    oddities: tuple[str, ...]

    @property
    def identity(self) -> str:
        """What makes a payer's payment one payment, in any file: TRN03, TRN02, BPR16, BPR02, payee (N1*PE)."""
        return "|".join(
            (self.originator, self.trace, self.paid_on_text, str(self.payment_minor), self.payee_id or self.payee_name)
        )


@dataclass(frozen=True, slots=True)
class Remittance:
    """A whole 835 set in memory. `content_hash` is the same for the same set in any file."""

    header: RemittanceHeader
    claims: tuple[RemittanceClaim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...]
    content_hash: str
