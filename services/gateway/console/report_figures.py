"""The figures of the reports' first page: the word, how each is computed, and where its rows are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.web import formats
from gateway.web.i18n import N_
from gateway.web.page import Page

JOURNALS = "/console/reports/journals?from={first}&to={last}&kind="
DECIDED = ("paid", "denied", "closed")


@dataclass(frozen=True)
class Figure:
    """One figure of a period."""

    word: str
    how: str
    # Of the period's `DayFigures`: a Money or a number.
    value: Callable[[Any], Any]
    # Where its rows are: an address with {first} and {last}, the period's days; and the RPC of that page, when not everybody has it.
    rows: str
    needs: str = "Billing.ListJournals"
    # Whether it is a number of visits, not an amount; whether anything but none is bad news.
    counted: bool = False
    bad: bool = False


FIGURES = (
    Figure(
        N_("visits signed"), N_("visits of these days that their clinician has signed"), lambda f: f.encounters_signed,
        JOURNALS + "charge", counted=True,
    ),
    Figure(
        N_("seen, not signed"), N_("visits of these days whose clinician has neither signed nor said that nothing is charged"),
        lambda f: f.missing_charges, "/console/billing/missing?everywhere=1", "Billing.ListMissingCharges",
        counted=True, bad=True,
    ),
    Figure(N_("charged"), N_("charges posted on these days, less those taken back"), lambda f: f.charges, JOURNALS + "charge"),
    Figure(
        N_("insurance paid"), N_("payers' money posted on these days, less what they took back"), lambda f: f.insurance_payments,
        JOURNALS + "remittance",
    ),
    Figure(
        N_("patients paid"), N_("patients' cash, checks and cards received on these days"), lambda f: f.patient_payments,
        JOURNALS + "payment",
    ),
    Figure(
        N_("written off"), N_("what was given up on these days: small balances, courtesy, charity, bad debt, filed too late"),
        lambda f: f.write_offs, JOURNALS + "write_off",
    ),
    Figure(
        N_("owed"), N_("what payers and patients owe at the end of these days, from the ledger"),
        lambda f: f.payer_receivables.minor_units + f.patient_receivables.minor_units, "/console/billing/aging",
        "Billing.GetReceivables",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A figure as it is shown: the text, its word, how it is computed, the address of its rows ("" none), its kind."""

    text: str
    word: str
    how: str
    rows: str
    kind: str = ""


def told(page: Page, figures: Any, counts: Any, first: date, last: date) -> list[Told]:
    """Every figure of a period in the reader's language; `counts`: claims by state, None when they could not be had."""
    found = []
    for each in FIGURES:
        value = each.value(figures)
        text = formats.number(value, page.language.locale) if each.counted else money(page, value)
        rows = each.rows.format(first=first.isoformat(), last=last.isoformat()) if page.may(each.needs) else ""
        kind = "bad" if each.bad and value else ""
        found.append(Told(text, page.gettext(each.word), page.gettext(each.how), rows, kind))
    if counts is not None:
        found.append(share_paid(page, counts))
    return found


def money(page: Page, value: Any) -> str:
    """An amount, also when it is nothing."""
    cents = value if isinstance(value, int) else value.minor_units
    return formats.money(cents, page.language.locale)


def share_paid(page: Page, counts: Any) -> Told:
    """How many of the claims that payers have decided are paid, over all time."""
    claims = {each.state: each.claims for each in counts.counts}
    decided = sum(claims.get(state, 0) for state in DECIDED)
    paid = claims.get("paid", 0) + claims.get("closed", 0)
    return Told(
        formats.percent(paid, decided, page.language.locale) if decided else "–",
        page.gettext("of decided claims are paid"),
        page.gettext(
            "paid and closed claims out of all that payers have decided so far (%(paid)s of %(decided)s)",
            paid=formats.number(paid, page.language.locale),
            decided=formats.number(decided, page.language.locale),
        ),
        "/console/billing/claims?state=denied",
    )
