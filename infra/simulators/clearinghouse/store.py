"""All reads and writes of what the clearinghouse remembers."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.simulators.clearinghouse.adjudicate import Decision, LineDecision
from infra.simulators.clearinghouse.claims import Adjustment, Claim, from_json
from infra.simulators.kit.clock import stamp
from infra.simulators.kit.database import Database


@dataclass(frozen=True)
class StoredClaim:
    """A claim with the payer's side of it."""

    id: int
    submitter: str
    submitter_name: str
    payer: str
    state: str
    control_number: str
    nth: int
    received_at: datetime
    batch: str
    claim: Claim
    decision: Decision | None
    status: str
    paid_at: str
    trace: str
    crossover: bool


@dataclass(frozen=True)
class Payable:
    """Something a payment run has to put into a remittance: a claim, a reversal, a late correction."""

    id: int
    kind: str
    claim: int
    detail: dict[str, Any]


class Store:
    """All reads and writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add_claim(
        self,
        claim: Claim,
        *,
        submitter: str,
        submitter_name: str,
        submission: int,
        received_at: datetime,
        state: str,
        nth: int,
        crossover: bool = False,
    ) -> int:
        """Keeps a claim; returns its row id."""
        with self.database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO claim (submitter, submitter_name, submission, payer, number, member, first_date,"
                " received_at, batch, state, nth, body, crossover) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    submitter,
                    submitter_name,
                    submission,
                    claim.payer,
                    claim.number,
                    claim.member,
                    claim.first_date,
                    stamp(received_at),
                    claim.batch,
                    state,
                    nth,
                    claim.to_json(),
                    int(crossover),
                ),
            )
        return int(cursor.lastrowid or 0)

    def claim(self, identity: int) -> StoredClaim:
        """The claim with this row id."""
        rows = self.claims("id = ?", identity)
        return rows[0]

    def claims(self, where: str, *values: object) -> list[StoredClaim]:
        """Claims that fit a condition written by this package, oldest first."""
        rows = self.database.all(f"SELECT * FROM claim WHERE {where} ORDER BY id", *values)  # noqa: S608
        return [_stored(row) for row in rows]

    def update_claim(self, identity: int, **changes: object) -> None:
        """Changes columns of a claim."""
        columns = ", ".join(f"{name} = ?" for name in changes)
        with self.database.transaction() as connection:
            connection.execute(f"UPDATE claim SET {columns} WHERE id = ?", (*changes.values(), identity))  # noqa: S608

    def plan(self, at: datetime, kind: str, **detail: object) -> None:
        """Puts work on the calendar; a payment run is planned once per payer and day."""
        with self.database.transaction() as connection:
            text = json.dumps(detail, sort_keys=True)
            connection.execute("INSERT OR IGNORE INTO due (at, kind, detail) VALUES (?, ?, ?)", (stamp(at), kind, text))

    def next_due(self, now: datetime) -> sqlite3.Row | None:
        """The first piece of work due by `now`."""
        return self.database.one("SELECT * FROM due WHERE at <= ? ORDER BY at, id LIMIT 1", stamp(now))

    def earliest(self) -> str | None:
        """When the first planned piece of work is due, if any is planned."""
        row = self.database.one("SELECT min(at) AS at FROM due")
        return row["at"] if row else None

    def done(self, due_id: int) -> None:
        """Takes work off the calendar."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM due WHERE id = ?", (due_id,))

    def add_payable(self, payer: str, day: str, kind: str, claim: int, **detail: object) -> None:
        """Keeps something for the payer's run of that day."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO payable (payer, day, kind, claim, detail) VALUES (?, ?, ?, ?, ?)",
                (payer, day, kind, claim, json.dumps(detail)),
            )

    def take_payables(self, payer: str, day: str) -> list[Payable]:
        """What the run of that day has to pay, in order; it is taken away."""
        rows = self.database.all("SELECT * FROM payable WHERE payer = ? AND day <= ? ORDER BY id", payer, day)
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM payable WHERE payer = ? AND day <= ?", (payer, day))
        return [Payable(row["id"], row["kind"], row["claim"], json.loads(row["detail"])) for row in rows]

    def used(self, payer: str, member: str, year: str) -> tuple[int, int]:
        """Cents of deductible and of cost share used by the member's claims of a year."""
        key = "payer = ? AND member = ? AND year = ?"
        row = self.database.one(f"SELECT * FROM member_year WHERE {key}", payer, member, year)  # noqa: S608
        return (row["deductible"], row["cost_share"]) if row else (0, 0)

    def use(self, payer: str, member: str, year: str, deductible: int, cost_share: int) -> None:
        """Adds to (or, negative, gives back) what a member has used."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO member_year VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET deductible = deductible + excluded.deductible, cost_share = cost_share + excluded.cost_share",
                (payer, member, year, deductible, cost_share),
            )

    def remember_plan(self, person: str, payer: str, member: str) -> None:
        """Keeps that a person has a plan: payers learn of one another's members, as from coordination-of-benefits files."""
        with self.database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO plan VALUES (?, ?, ?)", (person, payer, member))

    def other_plan(self, person: str, payer: str) -> tuple[str, str] | None:
        """Payer and member number of a plan the person has elsewhere."""
        row = self.database.one(
            "SELECT payer, member FROM plan WHERE person = ? AND payer <> ? ORDER BY payer, member LIMIT 1",
            person,
            payer,
        )
        return (row["payer"], row["member"]) if row else None

    def publish(self, submitter: str, name: str, kind: str, body: bytes, sha256: str, at: datetime) -> None:
        """Makes a file appear in the submitter's inbound listing."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO inbound (submitter, name, kind, sha256, body, appeared_at) VALUES (?, ?, ?, ?, ?, ?)",
                (submitter, name, kind, sha256, body, stamp(at)),
            )


def decision_to_json(decision: Decision) -> str:
    """A decision as text for the database."""
    lines = [
        {**line.__dict__, "adjustments": [entry.__dict__ for entry in line.adjustments]} for line in decision.lines
    ]
    return json.dumps({**decision.__dict__, "lines": lines})


def decision_from_json(text: str) -> Decision:
    """The decision kept by `decision_to_json`."""
    raw = json.loads(text)
    lines = tuple(
        LineDecision(
            **{
                **line,
                "modifiers": tuple(line["modifiers"]),
                "remarks": tuple(line["remarks"]),
                "adjustments": tuple(Adjustment(**entry) for entry in line["adjustments"]),
            }
        )
        for line in raw["lines"]
    )
    return Decision(raw["status"], lines, tuple(raw["claim_remarks"]), raw["forwarded_to"])


def _stored(row: sqlite3.Row) -> StoredClaim:
    return StoredClaim(
        id=row["id"],
        submitter=row["submitter"],
        submitter_name=row["submitter_name"],
        payer=row["payer"],
        state=row["state"],
        control_number=row["control_number"],
        nth=row["nth"],
        received_at=datetime.fromisoformat(row["received_at"]),
        batch=row["batch"],
        claim=from_json(row["body"]),
        decision=decision_from_json(row["decision"]) if row["decision"] else None,
        status=row["status"],
        paid_at=row["paid_at"] or "",
        trace=row["trace"],
        crossover=bool(row["crossover"]),
    )
