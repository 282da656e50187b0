"""Claims: made from a signed visit, after a payer's answer, or out of parts of another; what people do with them: claim_changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.assembly import line_numbers
from billing.domain.charges import ChargeLine, VisitCharges
from billing.domain.claims import ClaimEvent, ClaimState, claim_control
from billing.domain.payers import PayerKind, PayerProfile
from billing.domain.posting import PostingDecision, PostingKind
from billing.domain.secondary import NEXT
from billing.domain.x12.professional_claim import Frequency, Responsibility
from billing.store import Store
from billing.tables_claims import Claim, ClaimLine, Coverage
from billing.usecases import claim_life, journals, ledger, work_items
from billing.usecases.payment_order import PaymentOrder
from chassis.call import Call

PREPARE_DUE = "claim.prepare"
SERIES = "claim"
MOST_LINES = 50  # loop 2400 of an 837P
# Why no claim carries what an employer owes.
BY_INVOICE = "billed by invoice"


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """Who owes each charge line first (None: the patient), the claims made for it, and what is held back and why."""

    claim_ids: tuple[UUID, ...]
    responsible: Mapping[UUID, UUID | None]
    held: Mapping[UUID, str]


def build_for_visit(call: Call, store: Store, visit: VisitCharges) -> ClaimPlan:
    """Drafts the primary claims of a visit. Nobody outside is asked: who and what is on them is filled in by due work.

    Without a coverage in force, or when the first payer is self-pay, the patient owes the lines.
    """
    first = next(iter(PaymentOrder(store).of(visit.patient_id, visit.service_date, visit.accident)), None)
    if first is None:
        return ClaimPlan((), {line.charge_line_id: None for line in visit.lines}, {})
    coverage, payer = first
    if not payer.active_on(visit.service_date):
        reason = f"{payer.name} takes no services of that day"
        owing: dict[UUID, UUID | None] = {line.charge_line_id: payer.payer_id for line in visit.lines}
        return ClaimPlan((), owing, {line.charge_line_id: reason for line in visit.lines})
    if payer.kind is PayerKind.EMPLOYER:
        owing = {line.charge_line_id: payer.payer_id for line in visit.lines}
        return ClaimPlan((), owing, {line.charge_line_id: BY_INVOICE for line in visit.lines})
    claims = [
        make(
            call,
            store,
            visit=visit,
            lines=visit.lines[at : at + MOST_LINES],
            coverage_id=coverage.id,
            payer_id=payer.payer_id,
            responsibility=Responsibility.PRIMARY,
        )
        for at in range(0, len(visit.lines), MOST_LINES)
    ]
    return ClaimPlan(
        tuple(claim.id for claim in claims), {line.charge_line_id: payer.payer_id for line in visit.lines}, {}
    )


def next_coverage(
    store: Store, claim: Claim, order: PaymentOrder | None = None
) -> tuple[Coverage, PayerProfile] | None:
    """The coverage that pays after the claim's, and its payer."""
    if Responsibility(claim.responsibility) not in NEXT:
        return None
    return (order or PaymentOrder(store)).after(
        claim.patient_id, claim.service_date, claim.coverage_id, claim.payer_id, accident_of(store, claim)
    )


def accident_of(store: Store, claim: Claim) -> str:
    """CLM11 of the claim's visit ('' for none): read from the claim as written, where there is one."""
    written = (claim.content or {}).get("accident")
    return str(written["cause"]) if written else ""


def make_next(call: Call, store: Store, claim: Claim, *, crossed_over: bool) -> Claim | None:
    """The claim to the next payer, once; None when there is no next coverage.

    When the payer has forwarded the claim itself it is only kept track of: it never goes into a batch.
    """
    following = next_coverage(store, claim)
    visit = store.visit_charges(claim.encounter_id)
    if following is None or visit is None:
        return None
    coverage, payer = following
    rank = NEXT[Responsibility(claim.responsibility)]
    carried = [line.charge_line_id for line in store.claim_lines([claim.id]).get(claim.id, [])]
    known = store.live_claims_of(carried, rank.value)
    if known:
        return _inform_again(call, store, known[0], claim)
    made = make(
        call,
        store,
        visit=visit,
        lines=[line for line in visit.lines if line.charge_line_id in carried],
        coverage_id=coverage.id,
        payer_id=payer.payer_id,
        responsibility=rank,
        previous_claim_id=claim.id,
        crossed_over=crossed_over,
    )
    if crossed_over:
        claim_life.move(call, store, made, ClaimEvent.CROSSED_OVER, detail="the earlier payer has forwarded the claim")
    return made


def _inform_again(call: Call, store: Store, later: Claim, claim: Claim) -> Claim:
    """The next payer's claim exists already: it is told this answer too, or a person looks when it has gone out."""
    if later.previous_claim_id == claim.id and later.crossed_over:
        return later
    later.previous_claim_id = claim.id
    if later.state == ClaimState.DRAFT:
        plan_preparation(call, later)
    elif claim_life.can(later, ClaimEvent.RESCRUB):
        claim_life.move(call, store, later, ClaimEvent.RESCRUB, detail="the earlier payer has answered anew")
        plan_preparation(call, later)
    else:
        work_items.open_item(
            call,
            store,
            kind="later_payer_misinformed",
            key=str(later.id),
            title=f"Claim {later.control} was sent before the earlier payer's last answer",
            claim_id=later.id,
            patient_id=later.patient_id,
            payer_id=later.payer_id,
        )
    return later


def live_claim_of(store: Store, charge_line_id: UUID) -> UUID | None:
    """The claim that carries the charge line at present."""
    claim = store.live_claim_of(charge_line_id)
    return claim.id if claim else None


def make_primary(
    call: Call,
    store: Store,
    visit: VisitCharges,
    charge_line_ids: Sequence[UUID],
    coverage: Coverage,
    payer: PayerProfile,
) -> Claim:
    """Drafts the first payer's claim for lines of a visit that no claim carries."""
    return make(
        call,
        store,
        visit=visit,
        lines=[line for line in visit.lines if line.charge_line_id in charge_line_ids],
        coverage_id=coverage.id,
        payer_id=payer.payer_id,
        responsibility=Responsibility.PRIMARY,
    )


def split_off(
    call: Call,
    store: Store,
    claim: Claim,
    visit: VisitCharges,
    parts: Sequence[tuple[Sequence[UUID], tuple[Coverage, PayerProfile] | None]],
    *,
    whole: bool,
    reason: str,
) -> list[Claim]:
    """Makes claims of their own for parts of a (locked) draft: each is charge lines and, when another payer is asked for
    them, its coverage; that payer owes them from now on. With `whole` nothing stays, and the claim is voided.
    """
    taken = [line_id for line_ids, _ in parts for line_id in line_ids]
    if whole:
        claim_life.move(call, store, claim, ClaimEvent.VOID, detail=reason)
        store.retire_lines(claim.id)
    else:
        store.take_lines_off(claim.id, taken)
    made = []
    for line_ids, other in parts:
        coverage_id, payer_id = (other[0].id, other[1].payer_id) if other else (claim.coverage_id, claim.payer_id)
        part = make(
            call,
            store,
            visit=visit,
            lines=[line for line in visit.lines if line.charge_line_id in line_ids],
            coverage_id=coverage_id,
            payer_id=payer_id,
            responsibility=Responsibility.PRIMARY,
            split_from_id=claim.id,
        )
        if payer_id != claim.payer_id:
            move_debt(call, store, claim, sorted(line_ids), payer_id, reason, key=f"split:{part.id}")
        claim_life.note(call, store, claim, "split", claim.state, f"{part.control}: {reason}")
        made.append(part)
    return made


def plan_preparation(call: Call, claim: Claim) -> None:
    """Has the claim written and scrubbed by due work."""
    call.due.at(PREPARE_DUE, claim.id, call.now)


def local_day(call: Call, store: Store, claim: Claim) -> date:
    """Today at the claim's location."""
    return journals.local_day(call, store, claim.location_id)


def make(
    call: Call,
    store: Store,
    *,
    visit: VisitCharges,
    lines: Sequence[ChargeLine],
    coverage_id: UUID,
    payer_id: UUID,
    responsibility: Responsibility,
    previous_claim_id: UUID | None = None,
    replaces_claim_id: UUID | None = None,
    frequency: Frequency = Frequency.ORIGINAL,
    crossed_over: bool = False,
    split_from_id: UUID | None = None,
) -> Claim:
    """Drafts a claim for lines of a visit under the next number of its series, and has it prepared by due work.

    A claim that is `crossed_over` is only kept track of: nothing is prepared.
    """
    # The family's account before the series: whoever posts a payer's answer has locked them in that order.
    store.lock_account(store.guarantor_of(visit.patient_id))
    control = claim_control(_tenant_prefix(call.tenant_id), store.next_number(SERIES))
    claim = store.add(
        Claim(
            id=call.new_id(),
            control=control,
            state=ClaimState.DRAFT.value,
            encounter_id=visit.visit_id,
            appointment_id=visit.appointment_id,
            patient_id=visit.patient_id,
            coverage_id=coverage_id,
            payer_id=payer_id,
            responsibility=responsibility.value,
            frequency=frequency.value,
            previous_claim_id=previous_claim_id,
            replaces_claim_id=replaces_claim_id,
            crossed_over=crossed_over,
            billing_entity_id=visit.billing_entity_id,
            location_id=visit.location_id,
            service_date=visit.service_date,
            charge_minor=sum(line.charge_minor for line in lines),
            paid_minor=0,
            patient_minor=0,
            payer_control="",
            hold_reason="",
            content=None,
            findings=[],
            batch_id=None,
            sent_on=None,
            happenings=0,
            created_at=call.now,
            changed_at=call.now,
            split_from_id=split_from_id,
        )
    )
    ids = [line.charge_line_id for line in lines]
    for number, (line_id, line_control) in enumerate(zip(ids, line_numbers(control, ids), strict=True), 1):
        store.session.add(
            ClaimLine(
                claim_id=claim.id,
                number=number,
                charge_line_id=line_id,
                line_control=line_control,
                responsibility=responsibility.value,
                live=True,
            )
        )
    store.session.flush()
    claim_life.note(call, store, claim, "made", "")
    claim_life.tell(call, store, claim)
    if not crossed_over:
        plan_preparation(call, claim)
    return claim


def move_debt(
    call: Call,
    store: Store,
    claim: Claim,
    line_ids: Sequence[UUID],
    to_payer_id: UUID | None,
    reason: str,
    *,
    key: str,
) -> None:
    """What the claim's payer owed on these lines is owed by somebody else now."""
    balances = journals.line_balances(store, line_ids)
    decisions = [
        PostingDecision(
            PostingKind.TRANSFER,
            balances[line_id].open_minor,
            claim.payer_id,
            claim_id=claim.id,
            charge_line_id=line_id,
            patient_id=claim.patient_id,
            location_id=claim.location_id,
            billing_entity_id=claim.billing_entity_id,
            to_payer_id=to_payer_id,
        )
        for line_id in line_ids
        if balances[line_id].open_minor
    ]
    ledger.transfer(call, store, decisions, f"claim {claim.control}: {reason}", key=key)


def _tenant_prefix(tenant_id: UUID) -> str:
    """Four characters that tell tenants of one clearinghouse account apart in claim numbers."""
    digits = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    number = int.from_bytes(hashlib.sha256(tenant_id.bytes).digest()[:4])
    return "".join(digits[number // len(digits) ** place % len(digits)] for place in range(4))
