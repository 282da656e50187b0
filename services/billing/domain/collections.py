"""How far a clinic goes to be paid by its patients: the policy, who is written off or handed to an agency, the agency's file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from billing.domain import statements
from billing.domain.business_days import add_business_days

LEVELS = range(1, 13)
LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Policy:
    """A tenant's policy; the defaults hold for who has set none. Amounts in minor units, times in days."""

    cycle_days: int = statements.CYCLE_DAYS
    # Statements about one balance; after the last a person decides, or the rule hands it to an agency.
    last_cycle: int = statements.LAST_CYCLE
    # Below this no statement is sent.
    minimum_minor: int = statements.SMALL_BALANCE_MINOR
    # How long a statement's link has been out before it goes to paper; 0: paper at once.
    portal_first_days: int = 0
    # Balances up to this may be written off, once they have been owed for so long. 0: none.
    small_balance_minor: int = 0
    small_balance_days: int = 90
    # After the last statement; 0: nothing is handed to an agency by rule.
    hand_off_days: int = 0
    hand_off_minimum_minor: int = 5_000
    agency: str = ""
    agency_client: str = ""
    # What notices say, by level and language; where there is none the built-in words.
    texts: Mapping[tuple[int, str], str] = field(default_factory=dict)

    def next_statement_on(self, last: date) -> date:
        """The day of the statement after one of `last`, when the balance is still owed."""
        return add_business_days(last + timedelta(days=self.cycle_days), 0)

    def mail_on(self, issued: date) -> date:
        """When a statement goes to paper unless it is paid by then."""
        return issued + timedelta(days=self.portal_first_days)

    def notice(self, level: int, language: str) -> str | None:
        """What the policy says on a notice: in the language, else in English; None: the built-in words."""
        return self.texts.get((level, language.split("-")[0].lower())) or self.texts.get((level, "en"))


class Bar(StrEnum):
    """Why a balance is left alone."""

    NOTHING_OWED = "nothing_owed"
    PROTECTED = "protected"
    HELD = "held"
    PAYMENT_PLAN = "payment_plan"
    WITH_AGENCY = "with_agency"
    WITH_PAYER = "with_payer"
    TOO_MUCH = "too_much"
    TOO_LITTLE = "too_little"
    TOO_SOON = "too_soon"
    NO_RULE = "no_rule"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a guarantor's family stands: what may be asked of it now, by charge line, and what stands in the way. Minor units."""

    # What the patients owe on lines that they may be asked for, less what is unapplied.
    balance_minor: int
    # Since when the youngest of it is owed; None: nothing is.
    youngest: date | None
    statements_sent: int
    last_statement_on: date | None
    statement_planned: bool
    # Something is owed that may not be asked for.
    withheld: bool
    held: bool
    on_plan: bool
    with_agency: bool
    # A payer still owes something on a line that the patient owes on as well: what the patient owes may change.
    with_payer: bool


def bar(standing: Standing) -> Bar | None:
    """What keeps the family's balance from being given up at all, by whatever rule."""
    if standing.with_agency:
        return Bar.WITH_AGENCY
    if standing.balance_minor <= 0:
        return Bar.PROTECTED if standing.withheld else Bar.NOTHING_OWED
    if standing.withheld:
        # A line waits for a person's look: what the family owes is not known yet.
        return Bar.PROTECTED
    if standing.held:
        return Bar.HELD
    if standing.on_plan:
        return Bar.PAYMENT_PLAN
    return Bar.WITH_PAYER if standing.with_payer else None


def small_balance_bar(policy: Policy, standing: Standing, today: date) -> Bar | None:
    """Why the balance is not written off as a small one; None: it is."""
    if policy.small_balance_minor <= 0:
        return Bar.NO_RULE
    if (barred := bar(standing)) is not None:
        return barred
    if standing.balance_minor > policy.small_balance_minor:
        return Bar.TOO_MUCH
    since = standing.youngest or today
    return Bar.TOO_SOON if (today - since).days < policy.small_balance_days else None


def hand_off_bar(policy: Policy, standing: Standing, today: date) -> Bar | None:
    """Why the balance is not handed to an agency; None: it is. Every statement has been sent and the last one left unanswered."""
    if policy.hand_off_days <= 0 or not policy.agency:
        return Bar.NO_RULE
    if (barred := bar(standing)) is not None:
        return barred
    if standing.balance_minor < policy.hand_off_minimum_minor:
        return Bar.TOO_LITTLE
    last = standing.last_statement_on
    if standing.statements_sent < policy.last_cycle or standing.statement_planned or last is None:
        return Bar.TOO_SOON
    return Bar.TOO_SOON if (today - last).days < policy.hand_off_days else None


def reinstated(lines: Sequence[int], amount_minor: int) -> tuple[int, ...]:
    """How much of each line's write-off comes back when an agency has collected `amount_minor`: the first lines first.

    Raises ValueError when it is more than is written off.
    """
    left = amount_minor
    found = []
    for written_off in lines:
        part = min(left, max(written_off, 0))
        left -= part
        found.append(part)
    if left:
        raise ValueError("more than is written off")
    return tuple(found)


HEADINGS = (
    "action", "client_number", "case", "account", "first_name", "last_name", "address", "city_state_zip", "patient_first_name",
    "patient_last_name", "service_date", "description", "amount", "last_statement", "last_statement_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """One service of a balance that an agency is told about; what it needs to collect and no diagnosis."""

    action: str
    client_number: str
    case: str
    account: str
    guarantor: tuple[str, str]
    address: tuple[str, ...]
    patient: tuple[str, str]
    service_date: date
    description: str
    amount_minor: int
    last_statement: str
    last_statement_on: date | None


def agency_file(rows: Sequence[AgencyRow]) -> bytes:
    """The rows as CSV (RFC 4180, UTF-8); amounts in dollars with two decimals, days as ISO 8601."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for row in rows:
        *street, town = row.address or ("",)
        cells = (
            row.action, row.client_number, row.case, row.account, *row.guarantor, ", ".join(street), town, *row.patient,
            row.service_date.isoformat(), row.description, f"{row.amount_minor // 100}.{row.amount_minor % 100:02d}",
            row.last_statement, row.last_statement_on.isoformat() if row.last_statement_on else "",
        )  # fmt: skip
        writer.writerow(harmless(cell) for cell in cells)
    return out.getvalue().encode()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (CSV injection, OWASP)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
