"""Writing the books: the one way in which anything is posted, on which day, and what stands on a charge line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain.ledger import Account, Dimensions, Entry, EntryKind, LineBalance, line_balance, proved
from billing.store import Store
from billing.tables_directory import Location
from billing.tables_ledger import Journal, LedgerEntry
from chassis.call import Call

UTC_ZONE = "UTC"


def local_day(call: Call, store: Store, location_id: UUID | None) -> date:
    """Today at the location; at the network's first location when none is given; in UTC before any is known."""
    location = store.location(location_id) if location_id is not None else None
    return day_at(call.now, location or next(iter(store.locations()), None))


def day_at(instant: datetime, location: Location | None) -> date:
    """The local day of an instant at a location; in UTC when there is none."""
    return instant.astimezone(ZoneInfo(location.time_zone if location else UTC_ZONE)).date()


def present_day(call: Call, store: Store, location_id: UUID | None) -> date:
    """The day up to which the books are complete now: today at the location (without one: at the easternmost), or the
    day after a closed one to which something has been posted already.
    """
    places = [location_id] if location_id else [location.id for location in store.locations()]
    today = max((local_day(call, store, place) for place in places), default=local_day(call, store, None))
    return max(today, store.last_posted_day(location_id) or today)


def posting_day(call: Call, store: Store, location_ids: Iterable[UUID]) -> date:
    """The day that something posted now belongs to: today at the location, or the day after its last closed one.

    Keeps these locations' days open until the transaction ends.
    """
    touched = sorted(set(location_ids))
    store.join_day(touched)
    today = max((local_day(call, store, place) for place in touched), default=None) or local_day(call, store, None)
    closed = store.last_closed_day(touched)
    return closed + timedelta(days=1) if closed is not None and today <= closed else today


def post(
    call: Call,
    store: Store,
    *,
    kind: str,
    source: tuple[str, str],
    memo: str,
    entries: Iterable[Entry],
    patient_id: UUID | None = None,
    reverses_id: UUID | None = None,
) -> Journal:
    """Posts a journal once for its source (kind of source, key); a second time the first journal is returned.

    The entries are proved before and, in the database, again. Raises Unbalanced.
    """
    known = store.journal_of(*source)
    if known is not None:
        return known
    proven = proved(entries)
    locations = [entry.of.location_id for entry in proven if entry.of.location_id is not None]
    journal = Journal(
        id=call.new_id(),
        kind=kind,
        source_kind=source[0],
        source_key=source[1],
        posted_on=posting_day(call, store, locations),
        posted_at=call.now,
        posted_by=call.principal.id,
        memo=memo,
        location_id=locations[0] if len(set(locations)) == 1 else None,
        patient_id=patient_id,
        reverses_id=reverses_id,
    )
    return store.add_journal(journal, proven)


def line_balances(store: Store, charge_line_ids: Iterable[UUID]) -> dict[UUID, LineBalance]:
    """The balance of each charge line: the one function for showing and for deciding. Lines without entries are all
    zero.
    """
    ids = list(charge_line_ids)
    movements = store.movements_of(ids)
    return {line_id: line_balance(movements.get(line_id, [])) for line_id in ids}


def entry_of(row: LedgerEntry) -> Entry:
    """A stored entry as the domain sees it."""
    return Entry(
        Account(row.account),
        row.amount_minor,
        EntryKind(row.kind),
        Dimensions(
            patient_id=row.patient_id,
            payer_id=row.payer_id,
            charge_line_id=row.charge_line_id,
            claim_id=row.claim_id,
            payment_id=row.payment_id,
            drawer_id=row.drawer_id,
            location_id=row.location_id,
            billing_entity_id=row.billing_entity_id,
            service_date=row.service_date,
        ),
    )
