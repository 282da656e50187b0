"""The slip that goes to the bank with a day's cash and checks, as PDF (reportlab; `invariant`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from reportlab.lib.units import inch
from reportlab.platypus import Flowable, Spacer

from billing.adapters.paper import (
    BODY,
    HEAD,
    SMALL,
    address_lines,
    dollars,
    grid,
    paragraph,
    pdf_of,
    printable,
    readable,
)
from billing.tables_directory import BillingEntity, Location

MARGIN = 0.9 * inch


def render_deposit_slip(
    number: str,
    day: date,
    location: Location,
    biller: BillingEntity | None,
    *,
    cash_minor: int,
    checks: Sequence[tuple[str, int]],
) -> bytes:
    """A slip. `checks`: (number of the check, minor units)."""
    name = biller.name if biller else location.name
    total = cash_minor + sum(amount for _, amount in checks)
    rows = [["Cash", "", dollars(cash_minor)]]
    rows += [["Check", printable(check), dollars(amount)] for check, amount in checks]
    rows.append([f"{len(checks)} checks and cash", "", dollars(total)])
    bold: list[tuple[object, ...]] = [("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 9)]
    story: list[Flowable] = [paragraph(name, HEAD)]
    story += [paragraph(line, SMALL) for line in address_lines(location.address)]
    story += [
        Spacer(1, 14),
        paragraph(f"Deposit slip {number}", HEAD),
        Spacer(1, 4),
        paragraph(f"{location.name}, {readable(day)}", BODY),
        Spacer(1, 10),
        grid(
            [["What", "Number", "Amount"], *rows], [2.6 * inch, 2.6 * inch, 1.5 * inch], money_columns=(2,), more=bold
        ),
        Spacer(1, 30),
        paragraph("Counted by ______________________    Received by the bank ______________________", SMALL),
    ]
    return pdf_of(story, title=f"Deposit slip {number}", author=name, margin=MARGIN)
