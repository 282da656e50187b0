"""A visit's charges go to another coverage than the one that was billed: previewed, then done in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.claims import ClaimEvent, ClaimState
from billing.domain.payers import PayerKind, PayerProfile
from billing.domain.x12.professional_claim import Frequency
from billing.errors import StalePreview
from billing.store import Store
from billing.tables_claims import Claim, Coverage, Remittance, RemittanceClaim
from billing.usecases import claim_changes, claim_life, claims, journals, remittance_undoing, work_items
from billing.usecases.payment_order import in_force
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound

VOID, VOID_AT_PAYER, WITHDRAW = "void", "void_at_payer", "withdraw"
# Not with the payer (any more): nobody outside has to be told.
AT_HOME = frozenset({ClaimState.DRAFT, ClaimState.HELD, ClaimState.READY, ClaimState.REJECTED})
_LATER_FIRST = {"T": 0, "S": 1, "P": 2}


NO_CLAIMS = frozenset({PayerKind.SELF_PAY, PayerKind.EMPLOYER})


@dataclass(frozen=True, slots=True)
class MovedClaim:
    """A claim of the visit and what happens to it: never sent, taken back by frequency 8, or withdrawn by a person."""

    claim: Claim
    payer_code: str
    action: str
    answers: tuple[RemittanceClaim, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What is done, or would be; amounts in minor units. `token` stands for the state it was computed from."""

    encounter_id: UUID
    patient_id: UUID
    coverage: Coverage
    payer: PayerProfile
    claims: tuple[MovedClaim, ...]
    charge_line_ids: tuple[UUID, ...]
    charge_minor: int
    payer_refund_minor: int
    patient_unapplied_minor: int
    token: str


def preview(call: Call, encounter_id: UUID, coverage_id: UUID) -> Move:
    """What moving a visit's charges would do. Raises NotFound, FailedPrecondition."""
    return _plan(call, Store(call.session), encounter_id, coverage_id)


def move(call: Call, encounter_id: UUID, coverage_id: UUID, reason: str, token: str) -> tuple[Move, Claim]:
    """Does what the preview with this token said; returns it and the claim to the other payer.

    Answers that were posted are undone (the payers' money waits until it is paid back or taken back), claims are voided, taken
    back at the payer or given to a person to withdraw, the other payer owes the charges, and its claim is drafted.
    Raises NotFound, FailedPrecondition, StalePreview.
    """
    store = Store(call.session)
    ids = [row.id for row in store.claims_of_encounter(encounter_id)]
    answers = store.answers_to(ids)
    # Remittances before claims, as in posting; an answer that comes in between makes the preview stale.
    store.lock_all(Remittance, {answer.remittance_id for rows in answers.values() for answer in rows}, "remittance")
    store.lock_all(Claim, ids, "claim")
    plan = _plan(call, store, encounter_id, coverage_id)
    if plan.token != token:
        raise StalePreview()
    visit = store.visit_charges(encounter_id)
    if visit is None:
        raise NotFound("visit")
    for one in plan.claims:
        for answer in reversed(one.answers):
            remittance_undoing.undo(call, answer.id, reason)
    for one in plan.claims:
        _end(call, store, one, reason)
    for one in plan.claims:
        if one.claim.payer_id != plan.payer.payer_id and one.claim.responsibility == "P":
            carried = [line.charge_line_id for line in store.claim_lines([one.claim.id]).get(one.claim.id, [])]
            claims.move_debt(
                call, store, one.claim, sorted(carried), plan.payer.payer_id, reason, key=f"move:{one.claim.id}"
            )
    made = claims.make_primary(call, store, visit, plan.charge_line_ids, plan.coverage, plan.payer)
    return plan, made


def _plan(call: Call, store: Store, encounter_id: UUID, coverage_id: UUID) -> Move:
    visit = store.visit_charges(encounter_id)
    if visit is None or (call.principal.location_ids and visit.location_id not in call.principal.location_ids):
        raise NotFound("visit")
    coverage, payer = _coverage(store, visit.patient_id, coverage_id, visit.service_date)
    codes = store.payer_codes()
    rows = [row for row in store.claims_of_encounter(encounter_id) if row.state != ClaimState.VOIDED]
    lines = store.claim_lines([row.id for row in rows])
    rows = [row for row in rows if any(line.live for line in lines.get(row.id, []))]
    if not any(row.responsibility == "P" for row in rows):
        raise FailedPrecondition("The visit has no claim that could be moved.")
    if any(row.coverage_id == coverage_id and row.responsibility == "P" for row in rows):
        raise FailedPrecondition("The visit is billed to this coverage already.")
    waiting = [row.control for row in rows if row.state == ClaimState.SENT]
    if waiting:
        raise FailedPrecondition(f"Claim {waiting[0]} is on its way; wait for its acknowledgement.")
    answers = store.answers_to([row.id for row in rows])
    moved = tuple(
        MovedClaim(row, codes.get(row.payer_id, ""), _action(store, row), tuple(answers.get(row.id, ())))
        for row in sorted(rows, key=lambda row: (_LATER_FIRST[row.responsibility], row.id))
    )
    carried = {line.charge_line_id for row in rows for line in lines[row.id] if line.live}
    line_ids = tuple(line.charge_line_id for line in visit.lines if line.charge_line_id in carried)
    balances = journals.line_balances(store, line_ids)
    paid = [answer.paid_minor for one in moved for answer in one.answers]
    return Move(
        encounter_id=encounter_id,
        patient_id=visit.patient_id,
        coverage=coverage,
        payer=payer,
        claims=moved,
        charge_line_ids=line_ids,
        charge_minor=sum(line.charge_minor for line in visit.lines if line.charge_line_id in carried),
        payer_refund_minor=sum(paid),
        patient_unapplied_minor=sum(balance.patient_paid_minor for balance in balances.values()),
        token=_token(coverage, moved, line_ids, [balances[line_id].patient_paid_minor for line_id in line_ids]),
    )


def _coverage(store: Store, patient_id: UUID, coverage_id: UUID, on: date) -> tuple[Coverage, PayerProfile]:
    """The coverage that is billed instead, of the same patient and in force on the day of service."""
    coverage = next((one for one in store.coverages_of(patient_id) if one.id == coverage_id), None)
    if coverage is None:
        raise NotFound("coverage")
    payer = store.payer_by_code(coverage.payer_code, on) if coverage.payer_code else None
    if payer is None or not in_force(coverage, on) or payer.kind in NO_CLAIMS or not payer.active_on(on):
        raise FailedPrecondition("The coverage was not in force on the day of service, or its payer takes no claims.")
    return coverage, payer


def _action(store: Store, row: Claim) -> str:
    if ClaimState(row.state) in AT_HOME or row.crossed_over:
        return VOID
    payer = store.payer(row.payer_id, row.service_date)
    allowed = payer is not None and not payer.demands.no_void_claims and not payer.demands.paper_claims
    return VOID_AT_PAYER if row.payer_control and allowed and row.responsibility == "P" else WITHDRAW


def _end(call: Call, store: Store, one: MovedClaim, reason: str) -> None:
    """The claim carries its lines no more; the payer hears of it by a void, from a person, or not at all."""
    claim = one.claim
    if one.action == VOID_AT_PAYER:
        taking_back = claim_changes.correct(call, claim.id, f"moved: {reason}", 0, frequency=Frequency.VOID)
        # The void speaks of the lines; the claim to the other payer carries them.
        store.retire_lines(taking_back.id)
        return
    claim_life.move(call, store, claim, ClaimEvent.VOID, detail=f"moved to another coverage: {reason}")
    store.retire_lines(claim.id)
    work_items.settle(call, store.open_items_of_claim(claim.id, claim_changes.SETTLED_BY_ANOTHER), f"moved: {reason}")
    if one.action == WITHDRAW:
        work_items.open_item(
            call,
            store,
            kind="withdraw_claim",
            key=str(claim.id),
            title=f"Ask {one.payer_code} to withdraw claim {claim.control}",
            claim_id=claim.id,
            patient_id=claim.patient_id,
            payer_id=claim.payer_id,
            amount_minor=sum(answer.paid_minor for answer in one.answers),
            detail={"reason": reason, "payer_control": claim.payer_control},
        )


def _token(coverage: Coverage, moved: Sequence[MovedClaim], line_ids: Sequence[UUID], paid: Sequence[int]) -> str:
    parts = [f"{coverage.id}:{coverage.source_version}"]
    parts += [f"{one.claim.id}:{one.claim.version}:{one.action}:{[str(a.id) for a in one.answers]}" for one in moved]
    parts += [f"{line_id}:{minor}" for line_id, minor in zip(line_ids, paid, strict=True)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
