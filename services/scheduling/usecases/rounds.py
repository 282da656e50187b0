"""A freed time's way round the waitlist: held and offered to the best matches, round after round, until somebody takes it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.call import Call
from scheduling import published
from scheduling.domain import availability, bitmaps
from scheduling.domain import waitlist as rules
from scheduling.domain.cells import CELLS_PER_DAY, Span, instant_at
from scheduling.domain.claims import Ledger, demand_of
from scheduling.domain.visits import PENDING
from scheduling.domain.waitlist import FreedTime, Wish
from scheduling.store import Store
from scheduling.stores.rules import type_of
from scheduling.stores.waitlist import EXPIRED, OFFERED, OPEN, WAITING
from scheduling.tables import AppointmentTypeRow, Hold, LocationCopy, PractitionerCopy, WaitlistEntry, WaitlistOffer
from scheduling.tables import FreedTime as FreedRow
from scheduling.usecases import booking, placing, suiting
from scheduling.usecases.freed import ROUND
from scheduling.usecases.placing import Candidate, Wanted


def next_round(call: Call, freed_time_id: UUID) -> None:
    """One step of a freed time's way round the waitlist: settles the round that is over, then offers the time to the next best.

    Runs when a time is freed, when a round's time is up, when everybody has declined, and when somebody has accepted.
    """
    store = Store(call.session)
    row = store.lock(FreedRow, freed_time_id)
    offers = store.offers_of_freed(row.id)
    still_open = [offer for offer in offers if offer.outcome == OPEN]
    if row.closed_at is not None:
        return
    if row.accepted_offer_id is None and any(offer.expires_at > call.now for offer in still_open):
        call.due.at(ROUND, row.id, max(offer.expires_at for offer in still_open))
        return
    for offer in still_open:
        _expire(call, store, offer)
    asked = {offer.waitlist_entry_id for offer in offers}
    if row.accepted_offer_id is None and _offer(call, store, row, asked):
        return
    if row.hold_id is not None:
        booking.end_hold(call, store, row.hold_id)
        row.hold_id = None
    if row.accepted_offer_id is not None or not _somebody_is_undecided(call, store, row, asked):
        row.closed_at = call.now
    store.session.flush()
    if still_open:
        wake_idle(call, store, but=row.id)


def wake_idle(call: Call, store: Store, but: UUID | None = None) -> None:
    """Somebody waits again: freed times that found nobody, because those who suit had another offer open, ask once more."""
    for freed_time_id in store.idle_freed_times():
        if freed_time_id != but:
            call.due.at(ROUND, freed_time_id, call.now)


def _somebody_is_undecided(call: Call, store: Store, row: FreedRow, asked: set[UUID]) -> bool:
    """Whether somebody who has not been asked has another offer open, and the time is far enough ahead to wait for their answer.

    The time is not held meanwhile: whoever books it may have it.
    """
    if instant_at(row.first_cell) - call.now < rules.SHORTEST_ROUND:
        return False
    return any(entry.id not in asked and entry.patient_id != row.patient_id for entry in store.entries_with(OFFERED))


def _offer(call: Call, store: Store, row: FreedRow, asked: set[UUID]) -> bool:
    """Holds the time and offers it to the best matches that have not been asked; False when nobody is left or the time is gone."""
    location = store.get(LocationCopy, row.location_id)
    if location is None or not location.active:
        return False
    wishes = _wishes(store, row, asked)
    start = instant_at(row.first_cell)
    wanted = [Wanted(wish.type_id, row.practitioner_id, row.location_id, start) for wish in wishes]
    placing.lock_rules(store, wanted)
    while wishes:
        type_id = wishes[0].type_id
        same = [wish for wish in wishes if wish.type_id == type_id]
        hold, end, fitting = _hold_for(call, store, row, location, type_id, same)
        if hold is not None and end is not None:
            _make_offers(call, store, row, location, hold, end, fitting)
            return True
        wishes = [wish for wish in wishes if wish.type_id != type_id]
    return False


def _wishes(store: Store, row: FreedRow, asked: set[UUID]) -> list[Wish]:
    """Who waits and has not been asked about this time, in order."""
    entries = [
        entry for entry in store.entries_with(WAITING) if entry.id not in asked and entry.patient_id != row.patient_id
    ]
    starts = store.starts_of([entry.appointment_id for entry in entries if entry.appointment_id])
    wishes = []
    for entry in entries:
        start, status = starts.get(entry.appointment_id, (None, None)) if entry.appointment_id else (None, None)
        wishes.append(
            Wish(
                entry_id=entry.id,
                patient_id=entry.patient_id,
                type_id=entry.appointment_type_id,
                practitioner_ids=frozenset(map(UUID, entry.practitioner_ids)),
                location_ids=frozenset(map(UUID, entry.location_ids)),
                first_day=entry.first_day,
                last_day=entry.last_day,
                weekdays=frozenset(entry.weekdays),
                earliest_minute=entry.earliest_minute,
                latest_minute=entry.latest_minute,
                priority=entry.priority,
                joined_at=entry.joined_at,
                instead_of=start if status in PENDING else None,
            )
        )
    return rules.ranked(wishes)


def _hold_for(
    call: Call, store: Store, row: FreedRow, location: LocationCopy, type_id: UUID, wishes: list[Wish]
) -> tuple[Hold | None, datetime | None, list[Wish]]:
    """Finds where in the freed time a visit of this type fits that somebody would take, and holds it.

    The hold of the round before is given back first: the next type may need more or less time.
    """
    if row.hold_id is not None:
        booking.end_hold(call, store, row.hold_id)
        row.hold_id = None
    kind_row = store.get(AppointmentTypeRow, type_id)
    practitioner = store.get(PractitionerCopy, row.practitioner_id)
    if kind_row is None or not kind_row.active or practitioner is None or not practitioner.active:
        return None, None, []
    kind = type_of(kind_row)
    if not kind.offered_by(practitioner.id):
        return None, None, []
    span = Span(row.first_cell, row.end_cell).widened(CELLS_PER_DAY // 4, CELLS_PER_DAY // 4)
    busy = bitmaps.of_spans((taken for _, _, taken in store.occupied([practitioner.id], span)), span.first)
    starts = availability.visit_starts(
        placing.working_within(store, practitioner.id, location, span),
        busy,
        kind.duration_cells(practitioner.id),
        kind.before_cells,
        kind.after_cells,
    ) & bitmaps.mask(row.first_cell - span.first, row.end_cell - span.first)
    for index in bitmaps.indexes(starts):
        cell = span.first + index
        start = instant_at(cell)
        end = rules.round_end(call.now, start, kind.minimum_notice_minutes)
        freed = FreedTime(practitioner.id, location.id, location.time_zone, cell, start)
        suited = [wish for wish in wishes if rules.suits(wish, freed)]
        if end is None or not suited:
            continue
        candidate = placing.candidate(
            call, store, Wanted(kind.id, practitioner.id, location.id, start), call.new_id(), None
        )
        fitting = _free_patients(call, store, candidate, suited)[: rules.OFFERS_PER_ROUND]
        if not fitting:
            continue
        placed, conflicts = placing.place(call, store, [candidate])
        if conflicts:
            continue
        minutes = int((end + rules.HOLD_MARGIN - call.now).total_seconds()) // 60
        return booking.keep(call, store, placed[0], None, minutes=minutes, waitlist=True), end, fitting
    return None, None, []


def _free_patients(call: Call, store: Store, candidate: Candidate, wishes: list[Wish]) -> list[Wish]:
    """Those who may have the time (licence, language, limits) and are not booked elsewhere then (the visit they would give up does not
    count): who accepts an offer gets it."""
    ledger = Ledger(store.occupied([wish.patient_id for wish in wishes], candidate.visit.span))
    return [
        wish
        for wish in wishes
        if ledger.first_full(
            demand_of(candidate.visit, placing.patient_resource(wish.patient_id)), candidate.visit.claim_id
        )
        is None
        and suiting.may_be_offered(
            call,
            store,
            candidate.visit,
            candidate.location.time_zone,
            wish.patient_id,
            instead=wish.instead_of is not None,
        )
    ]


def _make_offers(
    call: Call, store: Store, row: FreedRow, location: LocationCopy, hold: Hold, end: datetime, wishes: list[Wish]
) -> None:
    row.round += 1
    row.hold_id = hold.id
    kind = store.need(AppointmentTypeRow, hold.appointment_type_id, "appointment type")
    for wish in wishes:
        entry = store.lock(WaitlistEntry, wish.entry_id)
        if entry.status != WAITING:
            continue
        entry.status = OFFERED
        offer = store.add(
            WaitlistOffer(
                freed_time_id=row.id,
                waitlist_entry_id=entry.id,
                patient_id=entry.patient_id,
                hold_id=hold.id,
                appointment_type_id=hold.appointment_type_id,
                practitioner_id=hold.practitioner_id,
                location_id=hold.location_id,
                start_time=hold.start_time,
                end_time=hold.end_time,
                round=row.round,
                offered_at=call.now,
                expires_at=end,
                outcome=OPEN,
            )
        )
        call.emit(published.offered(offer, kind.code, location.time_zone))
    call.due.at(ROUND, row.id, end)


def _expire(call: Call, store: Store, offer: WaitlistOffer) -> None:
    entry = store.lock(WaitlistEntry, offer.waitlist_entry_id)
    if entry.status == OFFERED:
        entry.status = WAITING
    settle(call, offer, EXPIRED)


def settle(call: Call, offer: WaitlistOffer, outcome: int) -> None:
    """Closes an offer (ACCEPTED, DECLINED, EXPIRED) and says so."""
    offer.outcome, offer.settled_at = outcome, call.now
    call.emit(published.settled(offer))
