"""Key figures by month: what was charged and came in, how fast, and what was refused; by location, clinician or payer."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response

from gateway.console import words
from gateway.console.booking import parts_of
from gateway.console.patients import cents
from gateway.web import formats
from gateway.web.dates import read_date
from gateway.web.i18n import N_
from gateway.web.page import Page

PATH = "/console/reports/months"
GROUPS = {
    "": ("REVENUE_GROUP_NONE", N_("The whole clinic")),
    "location": ("REVENUE_GROUP_LOCATION", N_("By location")),
    "practitioner": ("REVENUE_GROUP_PRACTITIONER", N_("By clinician")),
    "payer": ("REVENUE_GROUP_PAYER", N_("By payer")),
}
# Months that are shown when nothing is chosen; lines of a chart that an eye can tell apart.
MONTHS, LINES = 12, 6


@dataclass(frozen=True)
class Figure:
    """One key figure: its word, how it is computed, its value for a chart, and how it is written."""

    word: str
    how: str
    value: Callable[[Any], float]
    unit: str
    # Where its rows are: an address with {first} and {last}, the month's days.
    rows: str = ""


FIGURES = {
    "charges": Figure(
        N_("Charged"), N_("charges posted in the month"), lambda m: m.charges.minor_units / 100, "money",
        "/console/reports/journals?kind=charge&from={first}&to={last}",
    ),
    "payments": Figure(
        N_("Came in"), N_("payers' and patients' money used on services"), lambda m: m.payments.minor_units / 100, "money",
        "/console/reports/journals?from={first}&to={last}",
    ),
    "receivables": Figure(
        N_("Owed"), N_("owed by payers and patients at the month's end"), lambda m: m.receivables.minor_units / 100, "money",
        "/console/billing/aging",
    ),
    "days": Figure(
        N_("Days in receivables"), N_("what is owed, divided by the charges of a day in the last three months"),
        lambda m: m.days_in_receivables_tenths / 10, "days", "/console/billing/aging",
    ),
    "first_pass": Figure(
        N_("Paid at once"),
        N_("claims answered in the month that were paid at once: never rejected, never corrected, nothing denied"),
        lambda m: m.first_pass_basis_points / 100, "percent", "/console/billing/claims?state=paid",
    ),
    "denied": Figure(
        N_("Denied"), N_("claims answered in the month of which something was denied"),
        lambda m: m.denial_basis_points / 100, "percent", "/console/billing/denials",
    ),
    "net": Figure(
        N_("Net collection"), N_("money that came in, divided by the charges less what contracts take off"),
        lambda m: m.net_collection_basis_points / 100, "percent", "/console/billing/aging",
    ),
    "lag": Figure(
        N_("Days until signed"), N_("from the day of service to the signature, average of the visits signed in the month"),
        lambda m: m.charge_lag_tenths / 10, "days", "/console/billing/missing",
    ),
}  # fmt: skip


def months(page: Page) -> Response:
    """The key figures of the months, one of them drawn; grouped, each group's own line."""
    last = read_date(page.arg("to"), page.today) or page.today
    first = read_date(page.arg("from"), page.today) or earlier(last, MONTHS - 1)
    by = page.arg("by") if page.arg("by") in GROUPS else ""
    name = page.arg("figure") if page.arg("figure") in FIGURES else "charges"
    found = page.call(
        "RevenueFigures.GetRevenueFigures",
        first_month=parts_of(min(first, last)),
        last_month=parts_of(last),
        group_by=GROUPS[by][0],
        **({"location_id": page.arg("place")} if page.arg("place") else {}),
    ).months
    if page.arg("format") == "csv":
        return page.csv("months", ["month", "group", *FIGURES], ([month_of(m), m.key_name, *plain(m)] for m in found))
    order = list(dict.fromkeys(month_of(m) for m in found))
    groups = list(dict.fromkeys((m.key, m.key_name) for m in found))
    cell = {(month_of(m), m.key): m for m in found}
    chosen = FIGURES[name]
    weight = {key: sum(m.charges.minor_units for m in found if m.key == key) for key, _ in groups}
    groups.sort(key=lambda each: -weight[each[0]])
    lines = [
        (
            told or page.gettext(chosen.word),
            [chosen.value(cell[month, key]) if (month, key) in cell else 0.0 for month in order],
        )
        for key, told in groups[:LINES]
    ]
    return page.show(
        "reports_months.html",
        words=words,
        first=min(first, last),
        last=last,
        by=by,
        name=name,
        chosen=chosen,
        figures=FIGURES,
        kinds=[(key, page.gettext(each.word)) for key, each in FIGURES.items()],
        groups=[(key, page.gettext(each[1])) for key, each in GROUPS.items()],
        order=order,
        labels=[formats.day(date.fromisoformat(each), page.language.locale, "MMM yy") for each in order],
        rows=groups,
        lines=lines,
        cell=cell,
        told=lambda figure, month: told(page, figure, month),
        latest=[cell[order[-1], key] for key, _ in groups if (order[-1], key) in cell] if order else [],
        rows_of=rows_of,
        places=[(each.location_id, each.name) for each in page.locations],
    )


def earlier(day: date, months_back: int) -> date:
    """The first day of the month so many months before."""
    number = day.year * 12 + day.month - 1 - months_back
    return date(number // 12, number % 12 + 1, 1)


def month_of(row: Any) -> str:
    """A month as its first day, ``2026-03-01``."""
    return f"{row.month.year:04d}-{row.month.month:02d}-01"


def plain(row: Any) -> list[Any]:
    """The figures of a month for a spreadsheet: dollars, days, percent."""
    return [
        cents(getattr(row, {"charges": "charges", "payments": "payments", "receivables": "receivables"}[key]))
        if figure.unit == "money"
        else figure.value(row)
        for key, figure in FIGURES.items()
    ]


def told(page: Page, figure: Figure, row: Any) -> str:
    """A figure as a person reads it."""
    value = figure.value(row)
    if figure.unit == "money":
        return formats.money(round(value * 100), page.language.locale) or "–"
    if figure.unit == "percent":
        return formats.percent(round(value * 100), 10_000, page.language.locale) or "–"
    return page.gettext("%(count)s days", count=formats.number(round(value, 1), page.language.locale))


def rows_of(figure: Figure, month: str) -> str:
    """The address of the rows behind a month's figure."""
    first = date.fromisoformat(month)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return figure.rows.format(first=first.isoformat(), last=last.isoformat())
