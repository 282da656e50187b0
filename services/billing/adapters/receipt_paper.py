"""A payment's receipt as PDF (reportlab). The same data gives the same bytes (`invariant`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from reportlab.lib.units import inch
from reportlab.platypus import Paragraph, Spacer, Table

from billing.adapters.paper import (
    BODY,
    HEAD,
    INK,
    PALE,
    SECTION,
    SMALL,
    SOFT_SMALL,
    dollars,
    grid,
    letterhead,
    paragraph,
    pdf_of,
    printable,
    readable,
)
from billing.tables_directory import BillingEntity, Location
from billing.tables_money import Payment

MARGIN = 0.9 * inch


def render_receipt(
    payment: Payment,
    *,
    patient_name: str,
    applied: Sequence[tuple[date, str, int]],
    unapplied_minor: int,
    location: Location | None,
    biller: BillingEntity | None,
    received_on: date,
) -> bytes:
    """A receipt. `applied`: (service date, what, minor units) of each charge the money was used on so far."""
    name = biller.name if biller else "Clinic"
    tax_id = [f"Tax ID {biller.tax_id[:2]}-{biller.tax_id[2:]}"] if biller else []
    place = location.name if location else "Paid online"
    story = letterhead(name, biller, *tax_id)
    story += [
        Spacer(1, 14),
        paragraph("Receipt", HEAD),
        Spacer(1, 4),
        _facts(payment, patient_name, place, received_on),
    ]
    story += [Spacer(1, 8), _amount(payment.amount_minor), Spacer(1, 6)]
    if applied:
        story += [Paragraph("Used for", SECTION), _used(applied), Spacer(1, 6)]
    if unapplied_minor:
        story.append(Paragraph(f"Kept for coming charges: <b>{dollars(unapplied_minor)}</b>", BODY))
    story += [Spacer(1, 10), Paragraph("Thank you. Please keep this receipt for your records.", SOFT_SMALL)]
    return pdf_of(story, title=f"Receipt {payment.receipt_number}", author=name, margin=MARGIN)


def _facts(payment: Payment, patient_name: str, place: str, received_on: date) -> Table:
    how = {
        "cash": "Cash",
        "check": f"Check no. {payment.check_number}",
        "card": "Card",
        "agency": f"Through a collection agency, {payment.check_number}",
        "other_system": "Paid before",
    }[payment.method]
    rows = [
        ("Receipt number", payment.receipt_number),
        ("Date", readable(received_on)),
        ("Received for", patient_name),
        ("Place", place),
        ("Method", how),
    ]
    facts = Table([[paragraph(label, SMALL), paragraph(text)] for label, text in rows], [1.6 * inch, 5.1 * inch])
    facts.setStyle(
        [
            ("LEFTPADDING", (0, 0), (0, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ]
    )
    return facts


def _amount(minor: int) -> Table:
    amount = Table([["Amount received", dollars(minor)]], [3.35 * inch, 3.35 * inch])
    amount.setStyle(
        [
            ("FONT", (0, 0), (-1, -1), "Helvetica-Bold", 13),
            ("TEXTCOLOR", (0, 0), (-1, -1), INK),
            ("BACKGROUND", (0, 0), (-1, -1), PALE),
            ("ALIGN", (1, 0), (1, 0), "RIGHT"),
            ("TOPPADDING", (0, 0), (-1, -1), 8),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 10),
        ]
    )
    return amount


def _used(applied: Sequence[tuple[date, str, int]]) -> Table:
    rows = [[readable(day), printable(what), dollars(minor)] for day, what, minor in applied]
    return grid(
        [["Service date", "Service", "Amount"], *rows], [1.5 * inch, 3.9 * inch, 1.3 * inch], money_columns=(2,)
    )
