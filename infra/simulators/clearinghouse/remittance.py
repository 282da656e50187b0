"""Remittance advice, 835 (005010X221A1): claims, provider-level adjustments and sets that balance to the cent.

Set: BPR02 = Σ CLP04 - Σ PLB (a positive PLB takes money away, a negative one adds); BPR02 is never negative.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from infra.simulators.clearinghouse.adjudicate import REVERSAL, UNKNOWN_PATIENT, Decision, LineDecision
from infra.simulators.clearinghouse.claims import Adjustment, Claim
from infra.simulators.clearinghouse.config import Payer
from infra.simulators.x12 import Composer, amount

VERSION = "005010X221A1"


@dataclass(frozen=True)
class ClaimPayment:
    """One CLP loop: the claim, the payer's decision and its control number. `received` is CCYYMMDD."""

    claim: Claim
    decision: Decision
    control_number: str
    received: str
    interest: int = 0
    forwarded_name: str = ""
    with_lines: bool = True


@dataclass(frozen=True)
class ProviderAdjustment:
    """One PLB pair: reason (WO, FB, L6), reference, cents (positive takes money away)."""

    reason: str
    reference: str
    amount: int


@dataclass(frozen=True)
class PaymentSet:
    """One ST-SE: a payment (or none) with the claims it settles, and at most six adjustments (one PLB)."""

    trace: str
    claims: tuple[ClaimPayment, ...]
    adjustments: tuple[ProviderAdjustment, ...]

    @property
    def claims_total(self) -> int:
        """Σ CLP04."""
        return sum(payment.decision.paid for payment in self.claims)

    @property
    def adjustments_total(self) -> int:
        """Σ PLB."""
        return sum(adjustment.amount for adjustment in self.adjustments)

    @property
    def paid(self) -> int:
        """BPR02."""
        return self.claims_total - self.adjustments_total


@dataclass(frozen=True)
class Payee:
    """Who is paid: the billing provider of the claims."""

    npi: str
    name: str
    tax_id: str
    address: tuple[str, ...]

    @classmethod
    def of(cls, claim: Claim) -> Payee:
        """The payee of a claim."""
        return cls(claim.billing_npi, claim.billing_name, claim.billing_tax_id, claim.billing_address)


def write_set(
    composer: Composer, payer: Payer, payee: Payee, payment: PaymentSet, control: str, day: date
) -> list[str]:
    """The segments of one 835 set, ST to SE."""
    body = [*_header(composer, payer, payee, payment, day), composer.segment("LX", 1)]
    for claim in payment.claims:
        body.extend(_claim(composer, payer, claim))
    body.extend(_provider_adjustments(composer, payee, payment, day))
    return composer.transaction("835", control, None, body)


def _header(composer: Composer, payer: Payer, payee: Payee, payment: PaymentSet, day: date) -> Iterator[str]:
    segment = composer.segment
    when = day.strftime("%Y%m%d")
    method = payer.method if payment.paid else "NON"
    bank: tuple[str, ...] = ("",) * 11
    if method == "ACH":
        bank = ("CCP", "01", "043000096", "DA", f"88{payer.tax_id}", f"1{payer.tax_id}", "")
        bank += ("01", "021000021", "DA", f"77{payee.npi}")
    # BPR01: I = remittance information with the payment, H = notification only
    yield segment("BPR", "I" if payment.paid else "H", amount(payment.paid), "C", method, *bank, when)
    yield segment("TRN", "1", payment.trace, f"1{payer.tax_id}")
    yield segment("DTM", "405", when)
    yield segment("N1", "PR", payer.name)
    yield segment("N3", "1 PAYER PLAZA")
    yield segment("N4", "RICHMOND", "VA", "232190001")
    yield segment("REF", "2U", payer.id)
    yield segment("PER", "BL", "PROVIDER SERVICES", "TE", "8005550100")
    yield segment("N1", "PE", payee.name, "XX", payee.npi)
    street, suite, city, state, postal_code = payee.address
    if street:
        yield segment("N3", street, suite)
    if city:
        yield segment("N4", city, state, postal_code)
    if payee.tax_id:
        yield segment("REF", "TJ", payee.tax_id)


def _claim(composer: Composer, payer: Payer, payment: ClaimPayment) -> Iterator[str]:
    segment = composer.segment
    claim, decision = payment.claim, payment.decision
    reversal = decision.status == REVERSAL
    patient_share = "" if reversal else amount(decision.patient_share)
    yield segment(
        "CLP",
        claim.number,
        decision.status,
        amount(decision.charge),
        amount(decision.paid),
        patient_share,
        payer.filing_indicator,
        payment.control_number,
        claim.place,
        claim.frequency,
    )
    if not payment.with_lines:
        yield from _adjustments(composer, [entry for line in decision.lines for entry in line.adjustments])
    last, first = claim.patient
    identifier = ("MI", claim.member) if claim.patient_is_subscriber and decision.status != UNKNOWN_PATIENT else ()
    yield segment("NM1", "QC", "1", last, first, "", "", "", *identifier)
    if not claim.patient_is_subscriber:
        yield segment("NM1", "IL", "1", *claim.subscriber, "", "", "", "MI", claim.member)
    if claim.rendering_npi:
        yield segment("NM1", "82", "1", *claim.rendering_name, "", "", "", "XX", claim.rendering_npi)
    if decision.forwarded_to:
        name = payment.forwarded_name or decision.forwarded_to
        yield segment("NM1", "TT", "2", name, "", "", "", "", "PI", decision.forwarded_to)
    if decision.claim_remarks:
        yield segment("MOA", "", "", *decision.claim_remarks[:5])
    yield segment("DTM", "232", claim.first_date)
    if claim.last_date != claim.first_date:
        yield segment("DTM", "233", claim.last_date)
    yield segment("DTM", "050", payment.received)
    if payment.interest:
        yield segment("AMT", "I", amount(payment.interest))
    if payment.with_lines:
        for line in decision.lines:
            yield from _line(composer, line)


def _line(composer: Composer, line: LineDecision) -> Iterator[str]:
    segment = composer.segment
    yield segment("SVC", ("HC", line.code, *line.modifiers), amount(line.charge), amount(line.paid), "", line.units)
    yield segment("DTM", "472", line.date)
    yield from _adjustments(composer, list(line.adjustments))
    if line.reference:
        yield segment("REF", "6R", line.reference)
    if line.allowed:
        yield segment("AMT", "B6", amount(line.allowed))
    for remark in line.remarks:
        yield segment("LQ", "HE", remark)


def _adjustments(composer: Composer, entries: list[Adjustment]) -> Iterator[str]:
    """CAS segments: one per group with up to six reasons each, equal reasons added up."""
    totals: dict[str, dict[str, int]] = {}
    for entry in entries:
        reasons = totals.setdefault(entry.group, {})
        reasons[entry.reason] = reasons.get(entry.reason, 0) + entry.amount
    for group, reasons in totals.items():
        pairs = [(reason, amount(total)) for reason, total in reasons.items() if total]
        for start in range(0, len(pairs), 6):
            elements = [element for reason, total in pairs[start : start + 6] for element in (reason, total, "")]
            yield composer.segment("CAS", group, *elements)


def _provider_adjustments(composer: Composer, payee: Payee, payment: PaymentSet, day: date) -> Iterator[str]:
    fiscal_year_end = date(day.year, 12, 31).strftime("%Y%m%d")
    entries = [entry for entry in payment.adjustments if entry.amount]
    pairs = [element for entry in entries for element in ((entry.reason, entry.reference), amount(entry.amount))]
    if pairs:
        yield composer.segment("PLB", payee.npi, fiscal_year_end, *pairs)


def split_claim(payment: ClaimPayment, suffix: str) -> tuple[ClaimPayment, ClaimPayment]:
    """The claim answered in two halves under one claim number, the second with its own payer control number."""
    lines = payment.decision.lines
    half = len(lines) // 2
    first = dataclasses.replace(payment.decision, lines=lines[:half])
    second = dataclasses.replace(payment.decision, lines=lines[half:])
    return (
        dataclasses.replace(payment, decision=first),
        dataclasses.replace(payment, decision=second, control_number=payment.control_number + suffix),
    )
