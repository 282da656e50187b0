"""Money: debits equal credits, balances equal their postings, drawers equal their receipts."""

from __future__ import annotations

from infra.day.client import Json
from infra.day.context import Day
from infra.day.invariants import Finding

UNBALANCED = """
    SELECT journal_id::text AS journal, sum(amount_minor) AS rest FROM ledger_entry WHERE tenant_id = %s
    GROUP BY journal_id HAVING sum(amount_minor) <> 0
"""
DRAWERS = """
    SELECT d.id::text AS drawer, d.opening_float_minor AS float_minor, d.counted_cash_minor AS cash,
           d.counted_checks_minor AS checks, d.over_short_minor AS over_short,
           coalesce((SELECT sum(p.amount_minor) FROM payment p WHERE p.tenant_id = d.tenant_id
                     AND p.drawer_id = d.id AND p.method = 'cash' AND p.state = 'received'), 0) AS cash_receipts,
           coalesce((SELECT sum(p.amount_minor) FROM payment p WHERE p.tenant_id = d.tenant_id
                     AND p.drawer_id = d.id AND p.method = 'check' AND p.state = 'received'), 0) AS check_receipts
    FROM drawer d WHERE d.tenant_id = %s
"""


def every_journal_balances(day: Day) -> Finding:
    """Debits equal credits in every journal, hence in the whole ledger."""
    rows = day.observer.databases.rows("billing", UNBALANCED, [day.cast.tenant_id])
    count = day.observer.databases.one(
        "billing", "SELECT count(*) AS n FROM journal WHERE tenant_id = %s", [day.cast.tenant_id]
    )
    failures = [f"journal {row['journal']} is off by {row['rest']} cents" for row in rows]
    return Finding("ledger debits equal credits, journal by journal", count["n"], failures)


def trial_balance_equals_postings(day: Day) -> Finding:
    """What the API shows as the balance of every account is the sum of its postings."""
    shown = day.accounts.biller.get("/api/v1/trial-balance")
    rows = day.observer.databases.rows(
        "billing",
        "SELECT account, sum(amount_minor)::bigint AS minor FROM ledger_entry WHERE tenant_id = %s GROUP BY account",
        [day.cast.tenant_id],
    )
    posted = {row["account"]: row["minor"] for row in rows if row["minor"]}
    answered = {line["account"]: _minor(line["balance"]) for line in shown["lines"] if _minor(line["balance"])}
    failures = [
        f"{account}: shown {answered.get(account, 0)}, posted {posted.get(account, 0)}"
        for account in sorted(posted.keys() | answered.keys())
        if posted.get(account, 0) != answered.get(account, 0)
    ]
    return Finding("every account's shown balance equals its postings", len(posted), failures)


def drawers_equal_receipts(day: Day) -> Finding:
    """Each drawer's count, less what it was over or short, is its float and its receipts."""
    failures = []
    rows = day.observer.databases.rows("billing", DRAWERS, [day.cast.tenant_id])
    for row in rows:
        if row["cash"] is None:
            failures.append(f"drawer {row['drawer']} was never counted")
            continue
        expected = row["float_minor"] + row["cash_receipts"] + row["check_receipts"]
        counted = row["cash"] + row["checks"] - row["over_short"]
        if expected != counted:
            failures.append(f"drawer {row['drawer']} should hold {expected} and was counted {counted} cents")
    return Finding("every drawer equals its receipts", len(rows), failures)


def receipts_are_numbered_once(day: Day) -> Finding:
    """Every received payment has a receipt number and no number was given twice."""
    rows = day.observer.databases.rows(
        "billing",
        "SELECT receipt_number, count(*) AS n FROM payment WHERE tenant_id = %s"
        " AND state IN ('received', 'disputed') GROUP BY receipt_number",
        [day.cast.tenant_id],
    )
    failures = [f"receipt {row['receipt_number']!r}: {row['n']} payments" for row in rows if row["n"] > 1]
    failures += ["a received payment has no receipt number" for row in rows if not row["receipt_number"]]
    return Finding("every receipt number was given once", len(rows), failures)


def cards_were_charged_once(day: Day) -> Finding:
    """What the card processor has taken, payment by payment and to the cent, is what billing has received by card."""
    told = day.outside.cards.state()
    succeeded = told["payment_intents"].get("succeeded", {"count": 0, "amount": 0})
    row = day.observer.databases.one(
        "billing",
        "SELECT count(*) AS n, coalesce(sum(amount_minor), 0)::bigint AS minor,"
        " count(*) FILTER (WHERE state = 'disputed') AS disputed FROM payment"
        " WHERE method = 'card' AND state IN ('received', 'disputed')",
    )
    failures = [
        f"{what}: the processor says {theirs}, billing {ours}"
        for what, theirs, ours in (
            ("payments", succeeded["count"], row["n"]),
            ("cents", succeeded["amount"], row["minor"]),
            ("disputes", told["disputed"], row["disputed"]),
        )
        if theirs != ours
    ]
    return Finding("every card was charged once, and the books show it to the cent", row["n"], failures)


def _minor(money: Json) -> int:
    return int(money.get("minor_units", "0"))


PROOFS = [
    every_journal_balances,
    trial_balance_equals_postings,
    drawers_equal_receipts,
    receipts_are_numbered_once,
    cards_were_charged_once,
]
