"""The proof of an 835, written from the guide: it shares no code with what writes or reads remittances."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class ClaimSum:
    """What a CLP loop adds up to."""

    number: str
    status: str
    charge: Decimal
    paid: Decimal
    patient: Decimal | None
    control_number: str
    adjusted: Decimal = Decimal(0)
    patient_adjusted: Decimal = Decimal(0)
    line_charges: list[Decimal] = field(default_factory=list)


@dataclass
class SetSum:
    """What an ST-SE adds up to."""

    payment: Decimal
    method: str
    trace: str = ""
    claims: list[ClaimSum] = field(default_factory=list)
    provider_adjustments: list[tuple[str, str, Decimal]] = field(default_factory=list)


def elements(text: str) -> list[list[str]]:
    """Segments of a file by the separators its ISA names."""
    terminator, separator = text[105], text[3]
    return [segment.strip("\r\n").split(separator) for segment in text.split(terminator) if segment.strip()]


def faults(text: str) -> list[str]:
    """Every balance of an 835 file that does not hold, as sentences; empty when all do."""
    found: list[str] = []
    for payment in read_sets(text):
        found += _set_faults(payment)
    return found


def read_sets(text: str) -> list[SetSum]:
    """The sums of each set; a line that does not balance raises AssertionError with its segment."""
    sets: list[SetSum] = []
    line: tuple[Decimal, Decimal, list[str]] | None = None
    line_adjusted = Decimal(0)
    component = text[104]

    def close_line() -> None:
        nonlocal line
        if line is not None:
            charge, paid, segment = line
            assert charge - line_adjusted == paid, f"line {segment}: {charge} - {line_adjusted} is not {paid}"
            line = None

    for segment in elements(text):
        name = segment[0]
        if name in ("CLP", "SVC", "PLB", "SE"):
            close_line()
        if name == "BPR":
            sets.append(SetSum(Decimal(segment[2]), segment[4]))
        elif name == "TRN":
            sets[-1].trace = segment[2]
        elif name == "CLP":
            patient = Decimal(segment[5]) if segment[5] else None
            claim = ClaimSum(segment[1], segment[2], Decimal(segment[3]), Decimal(segment[4]), patient, segment[7])
            sets[-1].claims.append(claim)
        elif name == "SVC":
            line, line_adjusted = (Decimal(segment[2]), Decimal(segment[3]), segment), Decimal(0)
            sets[-1].claims[-1].line_charges.append(line[0])
        elif name == "CAS":
            amounts = [Decimal(amount) for amount in segment[3::3] if amount]
            line_adjusted += sum(amounts)
            claim = sets[-1].claims[-1]
            claim.adjusted += sum(amounts)
            claim.patient_adjusted += sum(amounts) if segment[1] == "PR" else 0
        elif name == "PLB":
            for reason, amount in zip(segment[3::2], segment[4::2], strict=True):
                code, _, reference = reason.partition(component)
                sets[-1].provider_adjustments.append((code, reference, Decimal(amount)))
    return sets


def _set_faults(payment: SetSum) -> list[str]:
    found = []
    for claim in payment.claims:
        if claim.charge - claim.adjusted != claim.paid:
            found.append(f"claim {claim.number}: {claim.charge} - {claim.adjusted} is not {claim.paid}")
        if claim.line_charges and sum(claim.line_charges) != claim.charge:
            found.append(f"claim {claim.number}: its lines charge {sum(claim.line_charges)}, not {claim.charge}")
        if claim.status != "22" and claim.patient != claim.patient_adjusted:
            found.append(f"claim {claim.number}: CLP05 {claim.patient} is not the sum of PR {claim.patient_adjusted}")
    paid = sum(claim.paid for claim in payment.claims)
    adjusted = sum(amount for _, _, amount in payment.provider_adjustments)
    if paid - adjusted != payment.payment:
        found.append(f"set {payment.trace}: {paid} - {adjusted} is not {payment.payment}")
    if payment.payment < 0:
        found.append(f"set {payment.trace}: pays {payment.payment}")
    if (payment.method == "NON") != (payment.payment == 0):
        found.append(f"set {payment.trace}: method {payment.method} with {payment.payment}")
    return found
