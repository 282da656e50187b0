"""The figures of the whole: what was charged, paid, adjusted, and who still owes what for how long."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from infra.day.client import Json
from infra.day.context import Day
from infra.day.world import DAYS_AFTER, DAYS_BEFORE, PLACES


def run(day: Day) -> None:
    """Read the closing figures through the API."""
    biller = day.accounts.biller
    first = day.visit_day - timedelta(days=DAYS_BEFORE + 1)
    last = day.visit_day + timedelta(days=DAYS_AFTER)
    figures = biller.get("/api/v1/day-figures", **_date("posted_on.start", first), **_date("posted_on.end", last))
    receivables = biller.get("/api/v1/receivables")
    day.figures["money"] = {
        name: cents(figures.get(name, {}))
        for name in (
            "charges",
            "insurance_payments",
            "patient_payments",
            "contractual_adjustments",
            "other_adjustments",
            "write_offs",
            "refunds",
            "payer_receivables",
            "patient_receivables",
            "unapplied_patient",
            "unapplied_insurance",
            "statements_amount",
        )
    }
    # Debits less credits of every account: in a double-entry ledger they add up to nothing.
    day.figures["movements"] = {
        movement["account"]: {"name": movement["name"], "cents": cents(movement["amount"])}
        for movement in figures["movements"]
    }
    day.figures["receivables"] = {
        party["payer_code"] or "patients": {
            _bucket(bucket): cents(bucket["amount"]) for bucket in party["buckets"] if cents(bucket["amount"])
        }
        for party in receivables["parties"]
    }
    day.figures["utilisation_percent"] = utilisation(day)
    day.figures["first_pass"] = first_pass(day)
    day.progress.say(
        f"charged {amount(figures['charges'])}, insurers paid {amount(figures['insurance_payments'])}, "
        f"patients {amount(figures['patient_payments'])}, written down {amount(figures['contractual_adjustments'])}"
    )


def utilisation(day: Day) -> dict[str, Any]:
    """Booked of open minutes on the visit day in percent, by place; None: closed."""
    shares: dict[str, Any] = {}
    for place in PLACES:
        board = day.accounts.front_desks[place.key].get(
            f"/api/v1/locations/{day.cast.locations[place.key]}/day", **_date("date", day.visit_day)
        )
        booked = sum(int(each["booked_minutes"]) for each in board["practitioners"])
        opened = sum(int(each["open_minutes"]) for each in board["practitioners"])
        shares[place.name] = 100 * booked // opened if opened else None
    return shares


def first_pass(day: Day) -> dict[str, Any]:
    """Of the primary claims the payers have decided: how many were accepted and paid at the first try."""
    rows = day.observer.databases.rows(
        "billing",
        "SELECT c.id, c.state, EXISTS (SELECT 1 FROM claim_happening h WHERE h.tenant_id = c.tenant_id"
        " AND h.claim_id = c.id AND h.to_state IN ('rejected', 'denied', 'held')) AS stumbled"
        " FROM claim c WHERE c.tenant_id = %s AND c.replaces_claim_id IS NULL AND c.previous_claim_id IS NULL",
        [day.cast.tenant_id],
    )
    decided = [row for row in rows if row["state"] in {"paid", "denied", "closed", "rejected"}]
    clean = sum(not row["stumbled"] for row in decided)
    return {"decided": len(decided), "clean": clean, "rate_percent": 100 * clean // len(decided) if decided else None}


def amount(money: Json) -> str:
    """Money as a person reads it."""
    return f"${cents(money) / 100:,.2f}"


def cents(money: Json) -> int:
    """Money in cents."""
    return int(money.get("minor_units", "0"))


def _bucket(bucket: Json) -> str:
    return (
        f"{bucket['from_days']}–{bucket['to_days']} days" if bucket["to_days"] else f"over {bucket['from_days']} days"
    )


def _date(name: str, day: date) -> dict[str, int]:
    """A day in a query string."""
    return {f"{name}.year": day.year, f"{name}.month": day.month, f"{name}.day": day.day}
