"""An invoice as PDF (reportlab; `invariant`: the same invoice is the same bytes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import LETTER
from reportlab.lib.units import inch
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer

from billing.adapters.paper import (
    BODY,
    HEAD,
    SMALL,
    address_lines,
    dollars,
    grid,
    paragraph,
    phone,
    printable,
    readable,
)
from billing.adapters.statement_paper import Addressee
from billing.tables_directory import BillingEntity
from billing.tables_invoices import Invoice

MARGIN = 0.9 * inch


def render_invoice(
    invoice: Invoice, debtor: Addressee, biller: BillingEntity | None, lines: Sequence[Mapping[str, Any]]
) -> bytes:
    """Who owes what for which services by when, and where to pay; no diagnosis, and codes only in our own plain words."""
    name = biller.name if biller else "Clinic"
    rows: list[Sequence[object]] = [["Day", "Patient", "Service", "Amount"]]
    rows += [
        [
            readable(date.fromisoformat(str(line["service_date"]))),
            printable(str(line["patient_name"])),
            printable(str(line["description"])),
            dollars(int(line["amount_minor"])),
        ]
        for line in lines
    ]
    rows.append(["Total", "", "", dollars(invoice.amount_minor)])
    bold: list[tuple[object, ...]] = [("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 9)]
    story: list[Flowable] = [paragraph(name, HEAD)]
    if biller is not None:
        story += [paragraph(line, SMALL) for line in address_lines(biller.pay_to or biller.address)]
        told = [f"Tax ID {biller.tax_id}" if biller.tax_id else "", phone(biller.phone) if biller.phone else ""]
        story.append(paragraph("   ".join(one for one in told if one), SMALL))
    story += [Spacer(1, 18), paragraph(debtor.name, BODY), *(paragraph(line, BODY) for line in debtor.lines)]
    story += [Spacer(1, 18), paragraph(f"Invoice {invoice.number}", HEAD), Spacer(1, 4)]
    story.append(paragraph(f"Issued {readable(invoice.issued_on)}, due {readable(invoice.due_on)}", BODY))
    if invoice.reference:
        story.append(paragraph(f"Your reference: {invoice.reference}", BODY))
    story += [
        Spacer(1, 10),
        grid(rows, [1.3 * inch, 1.9 * inch, 2.4 * inch, 1.1 * inch], money_columns=(3,), more=bold),
        Spacer(1, 14),
        paragraph(f"Please write the number {invoice.number} on your payment. Payable to {name}.", SMALL),
    ]
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=LETTER,
        title=f"Invoice {invoice.number}",
        author=printable(name),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        invariant=1,
    )
    document.build(story)
    return buffer.getvalue()
