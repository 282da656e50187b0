"""Key figures of the revenue cycle, from the books as they are now."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from billing.domain.revenue_figures import (
    CHARGE_MONTHS,
    MOST_MONTHS,
    MonthFigures,
    MonthSums,
    figures_of,
    first_of,
    later,
    months_between,
)
from billing.store import Store
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import InvalidInput, Violation


def get_figures(
    call: Call, first: date | None, last: date | None, group: str, location_id: UUID | None
) -> list[tuple[MonthFigures, str]]:
    """(figures, name of the key) by month and key, the months whole. Raises InvalidInput."""
    store = Store(call.session)
    end = first_of(last or journals.local_day(call, store, location_id))
    begin = first_of(first) if first else later(end, -11)
    months = list(months_between(begin, end))
    if not 1 <= len(months) <= MOST_MONTHS:
        raise InvalidInput([Violation("last_month", f"must be at most {MOST_MONTHS} months from first_month on")])
    since, until = later(begin, 1 - CHARGE_MONTHS), later(end, 1)
    sums, openings = _sums(store, group, since, until, location_id)
    names = _names(store, group)
    keys = sorted(sums.keys() | openings.keys(), key=lambda key: (names.get(key, ("", ""))[1], key))
    found = []
    for month in months:
        for key in keys:
            figures = figures_of(month, names.get(key, (key, ""))[0], sums.get(key, {}), openings.get(key, 0))
            if figures.sums != MonthSums() or figures.receivables_minor:
                found.append((figures, names.get(key, ("", ""))[1]))
    return found


def _sums(
    store: Store, group: str, since: date, until: date, location_id: UUID | None
) -> tuple[dict[str, dict[date, MonthSums]], dict[str, int]]:
    """Each key's months, and what was owed under it before them."""
    money = {(row.key, row.month): row for row in store.month_money(group, since, until, location_id)}
    answers = store.month_answers(group, since, until, location_id)
    lags = store.month_lags(group, since, until, location_id)
    sums: dict[str, dict[date, MonthSums]] = {}
    openings: dict[str, int] = {}
    for key, month in {*money, *answers, *lags}:
        row = money.get((key, month))
        if month < since:
            openings[key] = row.receivables_minor if row else 0
            continue
        answered, clean, denied = answers.get((key, month), (0, 0, 0))
        visits, days = lags.get((key, month), (0, 0))
        sums.setdefault(key, {})[month] = MonthSums(
            charges_minor=row.charges_minor if row else 0,
            payments_minor=row.payments_minor if row else 0,
            contractual_minor=row.contractual_minor if row else 0,
            write_offs_minor=row.write_offs_minor if row else 0,
            receivables_minor=row.receivables_minor if row else 0,
            claims_answered=answered,
            first_pass_paid=clean,
            denied=denied,
            visits_signed=visits,
            lag_days=days,
        )
    return sums, openings


def _names(store: Store, group: str) -> dict[str, tuple[str, str]]:
    """Key of the query → (key as it is shown, name)."""
    match group:
        case "location":
            return {str(row.id): (str(row.id), row.name) for row in store.locations()}
        case "practitioner":
            return {str(row.id): (str(row.id), f"{row.last}, {row.first}") for row in store.practitioners()}
        case "payer":
            return {str(payer.payer_id): (payer.code, payer.name) for payer in store.payers()} | {"": ("", "Self-pay")}
        case _:
            return {"": ("", "")}
