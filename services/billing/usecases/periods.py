"""Periods closed for good, proved against the ledger each night; and receivables by age in any cut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from billing.domain.ledger import Account
from billing.store import Store
from billing.store_books import AgedRow
from billing.tables_books import PeriodClose, PeriodProof
from billing.usecases import accounts, journals, work_items
from chassis.call import Call
from chassis.errors import FailedPrecondition

NIGHTLY_DUE = "period.nightly"
PROVE_DUE = "period.prove"
NIGHTLY = "nightly"
NIGHT = time(3, 0)
# Proved each night; earlier ones are in the sums of later ones.
MOST_PROVED = 24
MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A closed period with its last proof."""

    period: PeriodClose
    proof: PeriodProof | None


def close_period(call: Call, last_day: date) -> PeriodView:
    """Closes the books up to and with a day. Raises FailedPrecondition."""
    store = Store(call.session)
    locations = store.locations()
    if any(last_day >= journals.local_day(call, store, location.id) for location in locations):
        raise FailedPrecondition("The period is not over at every location.")
    # Postings under way are waited for; the next ones see the close.
    for location in locations:
        store.seal_day(location.id)
    before = store.last_period()
    if before is not None and last_day <= before.last_day:
        raise FailedPrecondition("That day is in a closed period already.")
    period_id = call.new_id()
    balances = store.balances_at(last_day)
    after = before.last_day if before is not None else None
    period = PeriodClose(
        id=period_id,
        last_day=last_day,
        closed_at=call.now,
        closed_by=call.principal.id,
        balances=[list(row) for row in balances],
        journals=store.journals_between(last_day, after),
    )
    store.add(period)
    store.keep_journals(period_id, last_day, after)
    if before is None:
        _plan_night(call, store)
    return PeriodView(period, None)


def list_periods(call: Call, page_size: int, page_token: str) -> tuple[list[PeriodView], str]:
    """Closed periods, the newest first."""
    store = Store(call.session)
    rows, token = store.period_page(page_size, page_token)
    proofs = store.proofs_of(row.id for row in rows)
    return [PeriodView(row, proofs.get(row.id)) for row in rows], token


def nightly(call: Call) -> None:
    """Due work, each night: every period is proved by a work of its own."""
    store = Store(call.session)
    for period in store.latest_periods(MOST_PROVED):
        call.due.at(PROVE_DUE, period.id, call.now)
    _plan_night(call, store)


def _plan_night(call: Call, store: Store) -> None:
    zone = accounts.network_zone(store)
    tomorrow = call.now.astimezone(zone).date() + timedelta(days=1)
    call.due.at(NIGHTLY_DUE, NIGHTLY, datetime.combine(tomorrow, NIGHT, zone))


def prove(call: Call, period_id: UUID) -> PeriodView:
    """Proves a closed period against the ledger; a difference is named and becomes work. Raises NotFound."""
    store = Store(call.session)
    period = store.need(PeriodClose, period_id, "period")
    after = store.period_before(period.last_day)
    faults = [*store.journal_differences(period.id, period.last_day, after, MOST_FAULTS), *_balances(store, period)]
    proof = store.proofs_of([period.id]).get(period.id)
    # One row as long as the outcome stays the same: when it was proved first, and when last, is in its id and its time.
    if proof is None or proof.holds != (not faults):
        proof = PeriodProof(id=call.new_id(), period_id=period.id)
    proof.proved_at, proof.holds, proof.faults = call.now, not faults, faults[:MOST_FAULTS]
    store.add(proof)
    if faults:
        named = [fault["journal_id"] for fault in faults if fault.get("journal_id")]
        work_items.open_item(
            call,
            store,
            kind="books_differ",
            key=str(period.id),
            title=f"The books up to {period.last_day} are not what they were when they were closed",
            detail={"journals": " ".join(str(name) for name in named[:10]), "faults": str(len(faults))},
        )
    return PeriodView(period, proof)


def _balances(store: Store, period: PeriodClose) -> list[dict[str, object]]:
    kept = {(account, location): debits - credit for account, location, debits, credit in period.balances}
    found = {
        (account, location): debits - credit for account, location, debits, credit in store.balances_at(period.last_day)
    }
    return [
        {
            "fault": "balance",
            "account": account,
            "location_id": location,
            "difference_minor": found.get((account, location), 0) - kept.get((account, location), 0),
        }
        for account, location in sorted(kept.keys() | found.keys(), key=str)
        if found.get((account, location), 0) != kept.get((account, location), 0)
    ]


def balances_of(period: PeriodClose) -> dict[Account, tuple[int, int]]:
    """(debits, credits) by account over all locations, as they were kept; minor units."""
    sums: dict[Account, tuple[int, int]] = {}
    for account, _, debits, credit in period.balances:
        before = sums.get(Account(account), (0, 0))
        sums[Account(account)] = before[0] + debits, before[1] + credit
    return sums


# ---- receivables


def aged_by(
    call: Call, group: str, as_of: date | None, *, by_responsibility: bool, page_size: int, page_token: str
) -> tuple[date, list[tuple[AgedRow, str, str]], str]:
    """(day, [(row, key as shown, name)], token): what is owed at the end of a day, by payer, location or practitioner."""
    store = Store(call.session)
    day = as_of or journals.present_day(call, store, None)
    rows, token = store.aged_by(
        group, day, by_responsibility=by_responsibility, page_size=page_size, page_token=page_token
    )
    names: dict[str, tuple[str, str]] = {}
    if group == "payer":
        names = {str(payer.payer_id): (payer.code, payer.name) for payer in store.payers()} | {"": ("", "Patients")}
    elif group == "location":
        names = {str(row.id): (str(row.id), row.name) for row in store.locations()}
    else:
        names = {str(row.id): (str(row.id), f"{row.last}, {row.first}") for row in store.practitioners()}
    return day, [(row, *names.get(row.key, (row.key, ""))) for row in rows], token
