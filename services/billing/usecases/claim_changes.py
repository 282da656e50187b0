"""What people do with claims: held, released, judged again, corrected, voided."""

from __future__ import annotations

from uuid import UUID

from billing.domain.claims import ClaimEvent, ClaimState, IllegalTransition
from billing.domain.x12.professional_claim import Frequency, Responsibility
from billing.errors import ClaimStateForbids
from billing.store import Store
from billing.tables_claims import Claim
from billing.usecases import claim_life, claims, work_items
from billing.usecases.payment_order import PaymentOrder
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound

# What need not be done any more about a claim that another one stands in for.
SETTLED_BY_ANOTHER = ("denial", "underpaid", "rejection", "silence", "not_on_file", "scrub")


def hold(call: Call, claim_id: UUID, reason: str, version: int) -> Claim:
    """Keeps a claim back until it is released. Raises NotFound, StaleVersion, ClaimStateForbids."""
    store, claim = _locked(call, claim_id, version)
    _move(call, store, claim, ClaimEvent.HOLD, detail=reason)
    claim.hold_reason = reason
    store.session.flush()
    return claim


def release(call: Call, claim_id: UUID, reason: str, version: int) -> Claim:
    """Lets a held claim go as it is, on somebody's word. Raises NotFound, StaleVersion, ClaimStateForbids."""
    store, claim = _locked(call, claim_id, version)
    if claim.content is None:
        raise FailedPrecondition("The claim has not been written yet; have it scrubbed again.")
    _move(call, store, claim, ClaimEvent.RELEASE, detail=reason)
    claim.hold_reason = ""
    work_items.settle(call, store.open_items_of_claim(claim.id, ["scrub", "rejection"]), f"released: {reason}")
    store.session.flush()
    return claim


def rescrub(call: Call, claim_id: UUID, version: int) -> Claim:
    """Has a held, ready or rejected claim written and judged anew, after something was corrected. Raises as `hold`.

    A rejected claim goes out under a new number, as a claim of its own that is returned: the payer may have kept the
    old number, and no number is used twice.
    """
    store, claim = _locked(call, claim_id, version)
    if claim.state == ClaimState.REJECTED:
        return _in_place_of(call, store, claim, "sent again", Frequency(claim.frequency))
    _move(call, store, claim, ClaimEvent.RESCRUB)
    claims.plan_preparation(call, claim)
    return claim


def correct(call: Call, claim_id: UUID, reason: str, version: int, *, frequency: Frequency) -> Claim:
    """A claim that replaces (7) or voids (8) one the payer has. The old one is closed; its lines are on the new one.

    Raises NotFound, StaleVersion, FailedPrecondition (the payer's number of the claim is not known, or its table says that it takes
    none of these), ClaimStateForbids.
    """
    store, claim = _locked(call, claim_id, version)
    payer = store.payer(claim.payer_id, claim.service_date)
    if payer is not None and frequency is Frequency.REPLACEMENT and payer.demands.no_replacement_claims:
        raise FailedPrecondition(f"{payer.name} takes no replacements; void the claim and send a new one.")
    if payer is not None and frequency is Frequency.VOID and payer.demands.no_void_claims:
        raise FailedPrecondition(f"{payer.name} takes no voids; ask it to withdraw the claim.")
    if not claim.payer_control:
        raise FailedPrecondition("The payer's number of the claim is not known yet.")
    return _in_place_of(call, store, claim, reason, frequency)


def void(call: Call, claim_id: UUID, reason: str, version: int, *, self_pay: bool) -> list[Claim]:
    """Takes back a claim that was never sent; its visit is billed anew by the coverages of today, or to the patient.

    Returns the claims made instead. Raises as `correct`.
    """
    store, claim = _locked(call, claim_id, version)
    if claim.sent_on is not None and claim.state != ClaimState.REJECTED:
        raise FailedPrecondition("The payer has the claim; send a void (frequency 8) instead.")
    _move(call, store, claim, ClaimEvent.VOID, detail=reason)
    lines = store.claim_lines([claim.id]).get(claim.id, [])
    store.retire_lines(claim.id)
    work_items.settle(call, store.open_items_of_claim(claim.id, ["scrub", "rejection"]), f"voided: {reason}")
    visit = store.visit_charges(claim.encounter_id)
    carried = {line.charge_line_id for line in lines}
    if visit is None or claim.responsibility != Responsibility.PRIMARY:
        return []
    order = [] if self_pay else PaymentOrder(store).of(visit.patient_id, visit.service_date, visit.accident)
    coverage, payer = order[0] if order else (None, None)
    made = []
    if coverage is not None and payer is not None:
        made.append(
            claims.make(
                call,
                store,
                visit=visit,
                lines=[line for line in visit.lines if line.charge_line_id in carried],
                coverage_id=coverage.id,
                payer_id=payer.payer_id,
                responsibility=Responsibility.PRIMARY,
                replaces_claim_id=claim.id,
            )
        )
    owes_now = payer.payer_id if payer else None
    if owes_now != claim.payer_id:
        claims.move_debt(call, store, claim, sorted(carried), owes_now, f"voided: {reason}", key=f"void:{claim.id}")
    return made


def _in_place_of(call: Call, store: Store, claim: Claim, reason: str, frequency: Frequency) -> Claim:
    """Closes a claim and makes the one that takes its lines, its rank and its payer's number over."""
    visit = store.visit_charges(claim.encounter_id)
    if visit is None:
        raise NotFound("visit")
    carried = [line.charge_line_id for line in store.claim_lines([claim.id]).get(claim.id, [])]
    _move(call, store, claim, ClaimEvent.CLOSE, detail=f"replaced: {reason}")
    store.retire_lines(claim.id)
    made = claims.make(
        call,
        store,
        visit=visit,
        lines=[line for line in visit.lines if line.charge_line_id in carried],
        coverage_id=claim.coverage_id,
        payer_id=claim.payer_id,
        responsibility=Responsibility(claim.responsibility),
        previous_claim_id=claim.previous_claim_id,
        replaces_claim_id=claim.id,
        frequency=frequency,
    )
    made.payer_control = claim.payer_control if frequency is not Frequency.ORIGINAL else ""
    store.session.flush()
    items = store.open_items_of_claim(claim.id, SETTLED_BY_ANOTHER)
    work_items.settle(call, items, f"replaced by {made.control}: {reason}")
    return made


def _locked(call: Call, claim_id: UUID, version: int) -> tuple[Store, Claim]:
    store = Store(call.session)
    claim = store.lock(Claim, claim_id, "claim")
    if call.principal.location_ids and claim.location_id not in call.principal.location_ids:
        raise NotFound("claim")
    call.expect_version(claim.version, version)
    return store, claim


def _move(call: Call, store: Store, claim: Claim, event: ClaimEvent, *, detail: str = "") -> None:
    try:
        claim_life.move(call, store, claim, event, detail=detail)
    except IllegalTransition as illegal:
        raise ClaimStateForbids(f"{str(illegal).capitalize()}.") from None
