"""What billing counts of its business; each counted once its transaction is committed, without a tenant or a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from chassis import telemetry
from chassis.call import Call

DAY_SECONDS = 86_400

_claims_sent = telemetry.counter("polyclinic.claims.sent", description="claims handed to the clearinghouse")
_files_sent = telemetry.counter("polyclinic.claims.files", description="claim files handed to the clearinghouse")
_charged = telemetry.counter("polyclinic.claims.charged", "{minor_unit}", "charges of claims that were sent")
_filing = telemetry.histogram(
    "polyclinic.claim.filing", "s", "business time from a claim's writing to its sending", telemetry.DAYS_SECONDS
)
_answered = telemetry.counter("polyclinic.claims.answered", description="payers' answers to claims, by outcome")
_answer = telemetry.histogram(
    "polyclinic.claim.answer", "s", "days from a claim's sending to the payer's answer", telemetry.DAYS_SECONDS
)
_remittances = telemetry.counter("polyclinic.remittances.posted", description="remittance sets posted")
_remitted = telemetry.counter("polyclinic.remittances.paid", "{minor_unit}", "money of remittances that were posted")
_checks = telemetry.counter("polyclinic.eligibility.checks", description="eligibility questions answered, by outcome")
_payments = telemetry.counter("polyclinic.payments.received", description="patients' payments, by method")
_statements = telemetry.counter("polyclinic.statements.issued", description="statements issued")


def file_sent(call: Call, written_at: Iterable[datetime], charge_minor: int) -> None:
    """A claim file has been taken: when its claims were written (instants), and their charges (minor units)."""
    ages = [max(0.0, (call.now - instant).total_seconds()) for instant in written_at]

    def count() -> None:
        _files_sent.add(1)
        _claims_sent.add(len(ages))
        _charged.add(charge_minor)
        for seconds in ages:
            _filing.record(seconds)

    call.after_commit(count)


def remittance_posted(call: Call, outcomes: Iterable[tuple[str, date | None]], payment_minor: int) -> None:
    """A remittance set is in the ledger: each claim's outcome with the day on which it was sent, and the money (minor units,
    negative when the payer takes back more than it pays).
    """
    said = list(outcomes)
    today = call.now.date()

    def count() -> None:
        _remittances.add(1)
        _remitted.add(max(0, payment_minor))
        for outcome, number in Counter(outcome for outcome, _ in said).items():
            _answered.add(number, {"outcome": outcome})
        for _, sent_on in said:
            if sent_on is not None:
                _answer.record(max(0, (today - sent_on).days) * DAY_SECONDS)

    call.after_commit(count)


def eligibility_answered(call: Call, outcome: str) -> None:
    """A payer has confirmed a coverage, or not, or has not answered at all."""
    call.after_commit(lambda: _checks.add(1, {"outcome": outcome}))


def payment_received(call: Call, method: str) -> None:
    """A patient's money is there."""
    call.after_commit(lambda: _payments.add(1, {"method": method}))


def statement_issued(call: Call) -> None:
    """A family has been billed."""
    call.after_commit(lambda: _statements.add(1))
