"""The manager's page: figures a person can read, each with how it is computed, and the rows behind it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Response

from gateway.console import report_figures, words, words_money
from gateway.console.booking import parts_of
from gateway.console.names import several
from gateway.console.patients import cents
from gateway.console.patients import date as date_text
from gateway.web import formats
from gateway.web.dates import read_date
from gateway.web.page import Page

WEEKS = 8
# Locations side by side.
PLACES = 48


def show(page: Page) -> Response:
    """Money of a period, by location, with the weeks before it; claims by state; receivables by age."""
    until = (read_date(page.arg("to"), page.today) if page.arg("to") else None) or page.today
    since = (read_date(page.arg("from"), page.today) if page.arg("from") else None) or until - timedelta(days=29)
    since = min(since, until)
    places = list(page.locations)[:PLACES]
    period = {"start": parts_of(since), "end": parts_of(until)}
    weeks = [] if page.arg("format") == "csv" else weeks_before(until)
    # One list, so that it is asked in as few turns as it can be.
    figures, counts, trial, *rest = several(
        page,
        [
            page.ask("Billing.GetDayFigures", posted_on=period),
            page.ask("Claims.CountClaims"),
            page.ask("Billing.GetTrialBalance"),
            *(page.ask("Billing.GetDayFigures", posted_on=period, location_id=each.location_id) for each in places),
            *(
                page.ask("Billing.GetDayFigures", posted_on={"start": parts_of(a), "end": parts_of(b)})
                for a, b in weeks
            ),
        ],
    )
    here, trend = rest[: len(places)], rest[len(places) :]
    by_place = [(each, part.value) for each, part in zip(places, here, strict=True)]
    if page.arg("format") == "csv":
        return page.csv(
            "figures",
            ["location", "signed visits", "charges", "insurance payments", "patient payments", "write-offs"],
            (
                [
                    each.name,
                    f.encounters_signed,
                    cents(f.charges),
                    cents(f.insurance_payments),
                    cents(f.patient_payments),
                    cents(f.write_offs),
                ]
                for each, f in by_place
                if f is not None
            ),
        )
    series = [part.value for part in trend]
    return page.show(
        "reports.html",
        words=words,
        since=since,
        until=until,
        figures=report_figures.told(page, figures.need(), counts.value, since, until),
        counts=counts,
        trial=trial,
        accounts=words_money.ACCOUNT,
        by_place=by_place,
        week_labels=[formats.day(a, page.language.locale, "MMM d") for a, _ in weeks],
        charges=[dollars(each.charges) if each is not None else 0 for each in series],
        payments=[
            dollars(each.insurance_payments) + dollars(each.patient_payments) if each is not None else 0
            for each in series
        ],
        signed=[each.encounters_signed if each is not None else 0 for each in series],
    )


def weeks_before(until: date) -> list[tuple[date, date]]:
    """The weeks that end with a day, the oldest first."""
    return [(until - timedelta(days=7 * n + 6), until - timedelta(days=7 * n)) for n in range(WEEKS - 1, -1, -1)]


def dollars(value: Any) -> float:
    """A Money for the height of a bar; the amount itself is told by `formats.money`."""
    return float(value.minor_units) / 100


def day(page: Page) -> Response:
    """The day of each location, side by side: visits, waits, no-shows, how full clinicians are."""
    chosen = (read_date(page.arg("date"), page.today) if page.arg("date") else None) or page.today
    places = list(page.locations)[:PLACES]
    parts = several(
        page,
        [page.ask("Scheduling.GetDay", location_id=each.location_id, date=parts_of(chosen)) for each in places],
    )
    rows = [
        (each, summary(part.value) if part.value is not None else None)
        for each, part in zip(places, parts, strict=True)
    ]
    if page.arg("format") == "csv":
        return page.csv(
            "day",
            ["location", *(rows[0][1] or {})],
            ([each.name, *told.values()] for each, told in rows if told is not None),
        )
    return page.show("reports_day.html", words=words, rows=rows, chosen=chosen)


def summary(found: Any) -> dict[str, int]:
    """A location's day in figures."""
    statuses = [each.appointment.status for each in found.visits]
    waits = sorted(each.minutes_waited for each in found.visits if each.appointment.status in (6, 7))
    return {
        "visits": len(statuses),
        "out": statuses.count(7),
        "no_shows": statuses.count(9),
        "left": statuses.count(10),
        "median_wait": waits[len(waits) // 2] if waits else 0,
        "longest_wait": waits[-1] if waits else 0,
        "open_minutes": sum(each.open_minutes for each in found.practitioners),
        "booked_minutes": sum(each.booked_minutes for each in found.practitioners),
    }


def journals(page: Page) -> Response:
    """The rows behind the figures: journals of a period and kind."""
    last = read_date(page.arg("to"), page.today) or page.today
    first = min(read_date(page.arg("from"), page.today) or last, last)
    fields: dict[str, Any] = {
        "posted_on": {"start": parts_of(first), "end": parts_of(last)},
        "kind": page.arg("kind"),
    }
    if page.arg("format") == "csv":
        return page.csv(
            "journals",
            ["posted", "kind", "memo", "account", "amount"],
            (
                [date_text(each.posted_on), each.kind, each.memo, entry.account, cents(entry.amount)]
                for each in page.pages("Billing.ListJournals", "journals", **fields)
                for entry in each.entries
            ),
        )
    answer = page.call("Billing.ListJournals", page_size=50, page_token=page.arg("page_token"), **fields)
    return page.show(
        "journals.html",
        journals=answer.journals,
        next_token=answer.next_page_token,
        first=first,
        last=last,
        kinds=words_money.JOURNAL,
        accounts=words_money.ACCOUNT,
    )
