"""An estimate as PDF (reportlab): a good-faith estimate carries what 45 CFR 149.610(c) wants. The same data gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reportlab.lib.units import inch
from reportlab.platypus import Paragraph, Spacer, Table

from billing.adapters.paper import (
    BODY,
    HEAD,
    SECTION,
    SMALL,
    address_lines,
    dollars,
    grid,
    letterhead,
    paragraph,
    pdf_of,
    printable,
    readable,
)
from billing.domain.charges import dotted_diagnosis
from billing.domain.estimates import EstimatedService
from billing.domain.good_faith_words import DISCLAIMERS
from billing.domain.plain_words import service_words
from billing.tables_directory import BillingEntity, Location, Practitioner
from billing.tables_estimates import Estimate

MARGIN = 0.8 * inch
TITLES = {"good_faith": "Good Faith Estimate", "insured": "Estimate of what you will pay"}


@dataclass(frozen=True, slots=True)
class EstimatePaper:
    """What is printed."""

    estimate: Estimate
    services: tuple[EstimatedService, ...]
    patient_name: str
    birth_date: date | None
    location: Location
    biller: BillingEntity | None
    practitioner: Practitioner | None
    made_on: date


def render_estimate(sheet: EstimatePaper) -> bytes:
    """The estimate as PDF."""
    row = sheet.estimate
    title = TITLES[row.kind]
    name = sheet.biller.name if sheet.biller else sheet.location.name
    story = letterhead(name, sheet.biller)
    story += [Spacer(1, 12), Paragraph(title, HEAD), Spacer(1, 4), _facts(sheet), Spacer(1, 8)]
    story += [Paragraph("Expected services", SECTION), _services(sheet), Spacer(1, 6)]
    story.append(Paragraph(f"<b>You are expected to pay {dollars(row.patient_minor)}</b>", BODY))
    if row.kind == "good_faith":
        story += [Spacer(1, 8), Paragraph("About this estimate", SECTION)]
        story += [part for words in DISCLAIMERS for part in (paragraph(words, SMALL), Spacer(1, 4))]
    else:
        story += [Spacer(1, 8), paragraph(_insured_words(row), SMALL)]
    return pdf_of(story, title=title, author=name, margin=MARGIN)


def _facts(sheet: EstimatePaper) -> Table:
    row = sheet.estimate
    born = readable(sheet.birth_date) if sheet.birth_date else "not on file"
    rows = [
        ("Patient", f"{sheet.patient_name}, born {born}"),
        ("Date of service", readable(row.service_date)),
        ("Place", ", ".join([sheet.location.name, *address_lines(sheet.location.address)])),
        ("Provider", _provider(sheet)),
        ("Diagnoses", ", ".join(dotted_diagnosis(code) for code in row.diagnoses) or "not known yet"),
        ("Estimate made on", readable(sheet.made_on)),
    ]
    table = Table([[paragraph(label, SMALL), paragraph(text, SMALL)] for label, text in rows], [1.4 * inch, 5.4 * inch])
    table.setStyle(
        [("LEFTPADDING", (0, 0), (0, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 1), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    return table


def _provider(sheet: EstimatePaper) -> str:
    """Name, NPI and tax id of who bills, and who sees the patient (149.610(c)(1)(ii)(F))."""
    parts = []
    if sheet.practitioner is not None:
        who = f"{sheet.practitioner.first} {sheet.practitioner.last}"
        credential = f", {sheet.practitioner.credential}" if sheet.practitioner.credential else ""
        parts.append(f"{who}{credential} (NPI {sheet.practitioner.npi})")
    if sheet.biller is not None:
        tax_id = f"{sheet.biller.tax_id[:2]}-{sheet.biller.tax_id[2:]}"
        parts.append(f"{sheet.biller.name} (NPI {sheet.biller.npi}, Tax ID {tax_id})")
    return "; ".join(parts)


def _services(sheet: EstimatePaper) -> Table:
    good_faith = sheet.estimate.kind == "good_faith"
    heading = ["Service", "Code", "Units", "Charge", "Expected price" if good_faith else "Plan's price", "You pay"]
    rows = [
        [
            printable(service_words(service.procedure).rsplit(" (", 1)[0]),
            " ".join([service.procedure, *service.modifiers]),
            str(service.units),
            dollars(service.charge_minor),
            dollars(service.expected_minor),
            dollars(service.patient_minor),
        ]
        for service in sheet.services
    ]
    widths = [2.1 * inch, 1.1 * inch, 0.5 * inch, 1.0 * inch, 1.1 * inch, 1.0 * inch]
    return grid([heading, *rows], widths, money_columns=(2, 3, 4, 5))


def _insured_words(row: Estimate) -> str:
    asked = row.basis.get("benefits", "none")
    known = (
        f"what your plan told us on {asked[:10]}"
        if asked != "none"
        else "your plan's contract only; your plan has not answered yet"
    )
    return f"This estimate rests on {known}. What you owe is decided by your plan when it has processed the claim."
