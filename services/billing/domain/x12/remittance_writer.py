"""Writer of 835 sets: what people key from paper becomes a file of the same kind, so that one proof and one posting serve both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from billing.domain.x12.remittance import (
    Adjustment,
    ProviderAdjustment,
    RemittanceClaim,
    RemittanceHeader,
    RemittanceLine,
)
from billing.domain.x12.writer import EnvelopeData, InterchangeWriter

VERSION = "005010X221A1"
# A CAS holds six reasons.
REASONS = 6


def write_remittance(
    envelope: EnvelopeData,
    header: RemittanceHeader,
    claims: Sequence[RemittanceClaim],
    provider_adjustments: Sequence[ProviderAdjustment],
) -> bytes:
    """One interchange with one 835 set. Raises UnwritableValue for data that X12 cannot carry."""
    writer = InterchangeWriter(envelope)
    with writer.group("HP", VERSION, envelope.control), writer.transaction("835", 1, with_version=False):
        paid_on = header.paid_on_text
        writer.segment("BPR", "I", _money(header.payment_minor), "C", header.method, *[""] * 11, paid_on)
        writer.segment("TRN", "1", header.trace, header.originator)
        writer.segment("N1", "PR", header.payer_name, "XV", *header.payer_ids[:1])
        writer.segment("N1", "PE", header.payee_name, "XX", header.payee_id)
        if claims:
            writer.segment("LX", "1")
        for claim in claims:
            _claim(writer, claim)
        for entry in provider_adjustments:
            year_end = entry.fiscal_year_end
            writer.segment(
                "PLB",
                entry.provider,
                f"{year_end:%Y%m%d}" if year_end else "",
                (entry.code, entry.reference),
                _money(entry.amount_minor),
            )
    return writer.finish()


def _claim(writer: InterchangeWriter, claim: RemittanceClaim) -> None:
    writer.segment(
        "CLP",
        claim.claim_control,
        claim.status,
        _money(claim.charge_minor),
        _money(claim.paid_minor),
        _money(claim.patient_minor),
        claim.filing_indicator,
        claim.payer_control,
        claim.facility,
        claim.frequency,
    )
    _adjustments(writer, claim.adjustments)
    writer.segment("NM1", "QC", "1", claim.patient_last, claim.patient_first, "", "", "", "MI", claim.patient_id)
    for line in claim.lines:
        _line(writer, line)


def _line(writer: InterchangeWriter, line: RemittanceLine) -> None:
    procedure = (line.procedure.qualifier, line.procedure.code, *line.procedure.modifiers)
    writer.segment("SVC", procedure, _money(line.charge_minor), _money(line.paid_minor), "", f"{line.units:f}")
    if line.service_from is not None:
        writer.segment("DTM", "472", f"{line.service_from:%Y%m%d}")
    _adjustments(writer, line.adjustments)
    writer.segment("REF", "6R", line.line_control)
    if line.allowed_minor is not None:
        writer.segment("AMT", "B6", _money(line.allowed_minor))
    for remark in line.remarks:
        writer.segment("LQ", "HE", remark)


def _adjustments(writer: InterchangeWriter, adjustments: Sequence[Adjustment]) -> None:
    by_group = sorted(adjustments, key=lambda adjustment: adjustment.group)
    for group, reasons in groupby(by_group, key=lambda adjustment: adjustment.group):
        of_group = list(reasons)
        for start in range(0, len(of_group), REASONS):
            triples = [
                text
                for adjustment in of_group[start : start + REASONS]
                for text in (adjustment.reason, _money(adjustment.amount_minor), "")
            ]
            writer.segment("CAS", group, *triples)


def _money(minor: int) -> str:
    """Cents as X12 writes them: 12345 → 123.45, -500 → -5, 0 → 0."""
    whole, cents = divmod(abs(minor), 100)
    text = f"{whole}.{cents:02d}".rstrip("0").rstrip(".") if cents else str(whole)
    return f"-{text}" if minor < 0 else text
