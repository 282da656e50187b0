"""837P 005010X222A1, professional claim: what is written. Amounts in cents, dates local to the place of service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.domain.x12.remittance import Adjustment

VERSION = "005010X222A1"


class Responsibility(StrEnum):
    """SBR01: which payer in the order of benefits this one is."""

    PRIMARY = "P"
    SECONDARY = "S"
    TERTIARY = "T"


class Frequency(StrEnum):
    """CLM05-3: a first claim, one that replaces, one that voids an earlier one at the payer."""

    ORIGINAL = "1"
    REPLACEMENT = "7"
    VOID = "8"


SELF = "18"  # SBR02: the patient is the subscriber; any other relationship is told in PAT01 of a dependant


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """N3/N4. `postal_code` is five or nine digits; a billing provider's must be nine."""

    line1: str
    line2: str
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Submitter:
    """1000A: who sends the file, and whom to ring about it (telephone ten digits)."""

    name: str
    identifier: str
    contact_name: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """1000B: the clearinghouse or payer that takes the file."""

    name: str
    identifier: str


@dataclass(frozen=True, slots=True)
class BillingProvider:
    """2000A/2010AA/AB: the billing entity. `tax_id` is nine digits, kind EI (employer) or SY (social security)."""

    name: str
    npi: str
    tax_id: str
    tax_id_kind: str
    taxonomy: str
    address: PostalAddress
    pay_to: PostalAddress | None = None


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A person in loops 2310/2420."""

    last: str
    first: str
    npi: str
    taxonomy: str = ""


@dataclass(frozen=True, slots=True)
class ServiceLocation:
    """2310C: the place of the service when it is not the billing provider's address."""

    name: str
    npi: str
    address: PostalAddress


@dataclass(frozen=True, slots=True)
class Insured:
    """A subscriber. Birth date and sex (F, M, U) are written when the subscriber is the patient."""

    last: str
    first: str
    middle: str
    member_id: str
    address: PostalAddress | None
    birth_date: date | None
    sex: str
    group_number: str = ""
    group_name: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """2000C/2010CA, only when the patient is not the subscriber. `relationship` is PAT01 (01 spouse, 19 child, G8)."""

    last: str
    first: str
    middle: str
    relationship: str
    address: PostalAddress
    birth_date: date | None
    sex: str


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom a claim goes to, or went to: name, payer id (NM109), claim filing indicator (SBR09)."""

    name: str
    identifier: str
    filing_indicator: str


@dataclass(frozen=True, slots=True)
class LineAdjudication:
    """2430: what an earlier payer said of a line. Balances: charge = paid + Σ adjustments."""

    payer_id: str
    paid_minor: int
    procedure: str
    modifiers: tuple[str, ...]
    units: Decimal
    adjustments: tuple[Adjustment, ...]
    adjudicated_on: date
    patient_left_minor: int | None = None  # AMT*EAF


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """2320/2330: an earlier payer of the claim.

    Claim-level figures (`adjustments`, `patient_left_minor`, `adjudicated_on`) are set only when that payer gave
    claim-level figures instead of line-level ones: never both (RFI 1391).
    """

    payer: Payer
    responsibility: Responsibility
    relationship: str
    insured: Insured
    paid_minor: int
    payer_control: str
    adjustments: tuple[Adjustment, ...] = ()
    patient_left_minor: int | None = None
    adjudicated_on: date | None = None


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """2400. `pointers` are 1-based positions in the claim's diagnoses, at most four, the principal one first."""

    line_control: str
    procedure: str
    modifiers: tuple[str, ...]
    charge_minor: int
    units: Decimal
    pointers: tuple[int, ...]
    service_from: date
    service_to: date
    place_of_service: str = ""  # only when it differs from the claim's
    ndc: str = ""
    ndc_quantity: Decimal | None = None
    ndc_unit: str = ""
    adjudications: tuple[LineAdjudication, ...] = ()


@dataclass(frozen=True, slots=True)
class Accident:
    """CLM11 and DTP*439: cause AA (auto), EM (employment) or OA (other); the state is required for AA."""

    cause: str
    happened_on: date
    state: str = ""


@dataclass(frozen=True, slots=True)
class ProfessionalClaim:
    """One claim: CLM01 is `control` (≤ 20, unique for ever); CLM02 is the sum of the lines by construction."""

    control: str
    billing_provider: BillingProvider
    responsibility: Responsibility
    relationship: str
    insured: Insured
    payer: Payer
    patient: Patient | None
    place_of_service: str
    diagnoses: tuple[str, ...]  # ICD-10-CM, with or without the dot; the principal one first; at most twelve
    lines: tuple[ServiceLine, ...]
    rendering: Practitioner | None
    frequency: Frequency = Frequency.ORIGINAL
    payer_control: str = ""  # REF*F8: the payer's number of the claim that 7 and 8 speak of
    referring: Practitioner | None = None
    service_location: ServiceLocation | None = None
    authorisation: str = ""
    clia: str = ""
    onset_date: date | None = None
    accident: Accident | None = None
    insurance_type: str = ""  # SBR05, when Medicare is not primary
    other_payers: tuple[OtherPayer, ...] = field(default=())
    referral: str = ""  # REF*9F
    casualty_claim: str = ""  # REF*Y4: the payer's claim number of an accident's case

    @property
    def charge_minor(self) -> int:
        """CLM02 in cents."""
        return sum(line.charge_minor for line in self.lines)
