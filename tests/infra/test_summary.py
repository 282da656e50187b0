"""The closing report of a day, as it is printed."""

from __future__ import annotations

import io
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from infra.day.summary import counted, dollars, summary
from rich.console import Console

MOVEMENTS = {
    account: {"name": name, "cents": cents}
    for account, name, cents in (
        ("charges", "Charges", -100_000),
        ("insurance_deposits", "Insurance deposits", 60_000),
        ("cash_drawer", "Cash in drawers", 0),
        ("bank", "Bank", 4_500),
        ("card_clearing", "Card clearing", 5_000),
        ("contractual", "Contractual adjustments", 20_000),
        ("interest_income", "Interest from payers", -41),
        ("unapplied_patient", "Unapplied patient money", -1_459),
        ("payer_receivable", "Payer receivables", 7_000),
        ("patient_receivable", "Patient receivables", 5_000),
    )
}
REPORT: dict[str, Any] = {
    "network": "Lanternfield Medical Group",
    "visit_day": "2026-03-10",
    "seconds": 99.6,
    "requests": 4_812,
    "figures": {
        "patients": {"files": 94, "people": 260, "resources": {}, "imported_again": 5, "made_twice": 0},
        "insurance": {"coverages": 283, "people_paying_themselves": 4, "answers": {"rejected": 4, "active": 279}},
        "clinic": {
            "visits_seen": 168,
            "video": 10,
            "no_shows": 13,
            "left_unseen": 2,
            "late": 27,
            "wait_minutes_median": 2,
            "wait_minutes_p90": 13,
            "asked_cents": 324_000,
            "payments_card": 48,
            "cards_declined": 4,
            "payments_cash": 37,
            "signed_at_once": 142,
            "signed_late": 26,
        },
        "utilisation_percent": {"Harbor": 63, "Desert": None},
        "first_pass": {"decided": 164, "clean": 149, "rate_percent": 90},
        "claims": {"claims": 194, "by_state": {"paid": 164, "denied": 10}, "primary": 181, "secondary": 13, "corrected": 12},
        "claims_wait_for": {"finished": 192, "the payer": 2},
        "money": {"statements_amount": 5_000},
        "statements": {"issued": 3},
        "movements": MOVEMENTS,
        "receivables": {"patients": {"31–60 days": 5_000}, "COMM1": {"0–30 days": 3_000, "over 121 days": 4_000}},
    },
    "notes": ["27 people came without a usable coverage; the day gave them one [by its seed]."],
    "invariants": [{"name": "ledger debits equal credits", "count": 482, "pass": True}],
    "files": {"claims": 26, "statements": 3},
}  # fmt: skip


def printed(report: dict[str, Any]) -> str:
    screen = io.StringIO()
    Console(width=100, highlight=False, file=screen).print(summary(report, Path("out/day")))
    return "\n".join(" ".join(line.split()) for line in screen.getvalue().splitlines())


def test_a_manager_finds_the_answers() -> None:
    """Visits, waiting, use of time, first pass, claims and messages are told as sentences with their figures."""
    text = printed(REPORT)
    for line in (
        "Lanternfield Medical Group, Tuesday, March 10, 2026",
        "Patients 260 from 94 FHIR bundles; 5 bundles imported again made nobody twice",
        "Insurance 283 coverages asked about: 279 active, 4 rejected; 4 people pay themselves",
        "Visits 168 seen (10 by video), 13 no-shows, 2 left unseen, 27 came late",
        "Waiting half waited 2 minutes or less, nine in ten 13 or less",
        "Time used Harbor 63 %, Desert closed",
        "At the desk $3,240.00 asked for; paid 48 by card, 37 by cash; 4 cards declined",
        "First pass 90 %: 149 of 164 decided primary claims were paid at the first try",
        "Open 2 waiting for the payer",
        "Statements 3 issued over $50.00; 0 card payments begun online",
        "27 people came without a usable coverage; the day gave them one [by its seed].",
        "The books are proved. 4,812 requests in 100 s. report.json and 29 files to open: out/day",
    ):
        assert line in text, line


def test_the_charges_are_explained_to_the_cent() -> None:
    """What was paid, taken off and is still owed adds up to what was charged, account by account."""
    text = printed(REPORT)
    assert "Where the $1,000.00 charged went" in text
    rows = text[text.index("charged went") :].splitlines()[1:9]
    assert rows == [
        "Insurers paid $600.00",
        "Patients paid $95.00",
        "Insurers still owe $70.00",
        "Patients still owe $50.00",
        "Contractual adjustments $200.00",
        "Interest from payers -$0.41",
        "Unapplied patient money -$14.59",
        "Together $1,000.00",
    ]


def test_ages_stand_in_their_order() -> None:
    """The columns of what is owed go from young to old, whoever is named first."""
    text = printed(REPORT)
    assert text.index("0–30 days") < text.index("31–60 days") < text.index("over 121 days")


def test_a_broken_proof_is_seen() -> None:
    """A broken proof is told with its first failures, and the closing line says so."""
    broken = deepcopy(REPORT)
    broken["invariants"].append(
        {"name": "no overlap", "count": 3, "pass": False, "failures": [f"visit [{n}]" for n in range(8)]}
    )
    text = printed(broken)
    assert "Proofs: 1 of 2 hold, 485 things looked at" in text
    assert "visit [4]" in text
    assert "visit [5]" not in text
    assert "and 3 more in report.json" in text
    assert "Some proofs are broken." in text


@pytest.mark.parametrize("section", sorted(REPORT["figures"]))
def test_a_day_without_some_figures_is_told_all_the_same(section: str) -> None:
    """A section that a short day has not filled is left out, nothing else."""
    short = deepcopy(REPORT)
    del short["figures"][section]
    assert "The books are proved." in printed(short)


def test_counts_and_amounts() -> None:
    """The largest count comes first; cents carry their sign in front."""
    assert counted({"a_b": 1, "c": 2}) == "2 c, 1 a b"
    assert counted({}) == "none"
    assert (dollars(123_456), dollars(-5)) == ("$1,234.56", "-$0.05")
