"""The review of charges: the rules that hold signed visits, the queue, approval and return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain import procedure_ranges
from billing.domain.charge_reviews import SELF, Asks
from billing.domain.codec import to_json
from billing.store import Store
from billing.tables_charge_capture import ChargeReview, ReviewRule
from billing.tables_money import Encounter
from billing.usecases import charge_holds, drawers, encounters
from billing.usecases.charge_holds import WAITING
from billing.usecases.encounters import EncounterView
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation

APPROVED, RETURNED = "approved", "returned"


@dataclass(frozen=True, slots=True)
class PutRule:
    """A rule as it shall be; no id: a new one, `version` 0: whatever there is."""

    rule_id: UUID | None
    name: str
    start: date
    end: date | None
    asks: Asks
    version: int


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review; with its visit where that was asked for."""

    review: ChargeReview
    encounter: EncounterView | None = None


# ---- rules


def put_rule(call: Call, command: PutRule) -> ReviewRule:
    """Adds or replaces a rule. Raises InvalidInput, NotFound, StaleVersion."""
    store = Store(call.session)
    _check(store, command)
    if command.rule_id is None:
        row = ReviewRule(id=call.new_id())
    else:
        row = store.lock(ReviewRule, command.rule_id, "review rule")
        call.expect_version(row.version, command.version)
    row.name, row.start_date, row.end_date, row.asks = command.name, command.start, command.end, to_json(command.asks)
    return store.add(row)


def list_rules(call: Call, page_size: int, page_token: str) -> tuple[list[ReviewRule], str]:
    """Every rule, in the order they were made."""
    return Store(call.session).review_rule_page(page_size, page_token)


def _check(store: Store, command: PutRule) -> None:
    asks = command.asks
    violations = [
        Violation(f"procedures[{at}]", message) for at, message in procedure_ranges.faults_of(asks.procedures)
    ]
    violations += [
        Violation(f"practitioner_ids[{at}]", "is not a practitioner")
        for at, one in enumerate(asks.practitioner_ids)
        if store.practitioner(one) is None
    ]
    violations += [
        Violation(f"location_ids[{at}]", "is not a location")
        for at, one in enumerate(asks.location_ids)
        if store.location(one) is None
    ]
    violations += [
        Violation(f"payer_codes[{at}]", "is no payer of ours")
        for at, code in enumerate(asks.payer_codes)
        if code != SELF and store.payer_row(code) is None
    ]
    if command.end is not None and command.end < command.start:
        violations.append(Violation("effective.end", "must not be before the start"))
    if asks.asks_nothing:
        violations.append(Violation("name", "the rule asks nothing: it must name what it holds"))
    if violations:
        raise InvalidInput(violations)


# ---- the queue


def list_reviews(
    call: Call,
    *,
    state: str,
    practitioner_id: UUID | None,
    location_id: UUID | None,
    page_size: int,
    page_token: str,
) -> tuple[list[ReviewView], str]:
    """Reviews in a state at locations the caller may see, the oldest first."""
    rows, token = Store(call.session).review_page(
        state=state,
        practitioner_id=practitioner_id,
        location_id=location_id,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )
    return [ReviewView(row) for row in rows], token


def get_review(call: Call, review_id: UUID) -> ReviewView:
    """A review with its visit. Raises NotFound."""
    store = Store(call.session)
    row = store.need(ChargeReview, review_id, "charge review")
    if not drawers.may_see(call, row.location_id):
        raise NotFound("charge review")
    return ReviewView(row, encounters.view(store, store.need(Encounter, row.encounter_id, "encounter")))


def approve(call: Call, review_id: UUID, note: str, version: int) -> ReviewView:
    """Has the visit charged as its signature would have. Raises NotFound, StaleVersion, FailedPrecondition, NoPrice."""
    store = Store(call.session)
    row, encounter = _waiting(call, store, review_id, version)
    if encounter.signed_by == call.principal.id:
        raise FailedPrecondition("Whoever signed a visit does not approve its charges.")
    _decide(call, row, APPROVED, note)
    return ReviewView(row, encounters.charge_signed(call, store, encounter))


def give_back(call: Call, review_id: UUID, reason: str, version: int) -> ReviewView:
    """Gives the visit back to be coded anew. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row, encounter = _waiting(call, store, review_id, version)
    _decide(call, row, RETURNED, reason)
    charge_holds.give_back(call, store, encounter, reason)
    store.session.flush()
    return ReviewView(row, EncounterView(encounter))


def _waiting(call: Call, store: Store, review_id: UUID, version: int) -> tuple[ChargeReview, Encounter]:
    """The review and its visit, locked in the order of signing: the visit first."""
    known = store.need(ChargeReview, review_id, "charge review")
    if not drawers.may_see(call, known.location_id):
        raise NotFound("charge review")
    encounter = store.lock(Encounter, known.encounter_id, "encounter")
    row = store.lock(ChargeReview, review_id, "charge review")
    call.expect_version(row.version, version)
    if row.state != WAITING:
        raise FailedPrecondition("The review is decided already.")
    call.touch(row.patient_id)
    return row, encounter


def _decide(call: Call, row: ChargeReview, state: str, note: str) -> None:
    row.state, row.note, row.decided_at, row.decided_by = state, note, call.now, call.principal.id
