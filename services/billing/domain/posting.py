"""From an 835 claim to posting decisions, line by line. Pure: what is known of the claim comes in, decisions go out.

The order inside a line: what was paid, what was sequestered or withheld, what the patient (or the next payer) owes,
and last the contractual write-off, which never takes more than is still open. Every cent of CLP04 becomes a PAYMENT
or, when nothing of ours fits, UNMATCHED, so that the decisions of a set add up to its deposit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import partial
from uuid import UUID

from billing.domain.adjustment_rules import AdjustmentRule, AdjustmentTable, Treatment
from billing.domain.line_matching import ClaimLine, allocate, match_lines
from billing.domain.x12.remittance import Adjustment, ClaimStatus, RemittanceClaim, RemittanceLine

# Qualified Medicare Beneficiaries owe no cost sharing (remark codes N781 deductible, N782 coinsurance, N783 copay).
PROTECTED_REMARKS = frozenset({"N781", "N782", "N783"})
PLAIN_SHARES = frozenset({"1", "2", "3", "66"})


class PostingKind(StrEnum):
    """What a decision does to the ledger (`domain.remittance_entries` says how)."""

    PAYMENT = "payment"
    CONTRACTUAL = "contractual"
    SEQUESTRATION = "sequestration"
    OTHER_ADJUSTMENT = "other_adjustment"
    PATIENT_SHARE = "patient_share"
    TRANSFER = "transfer"
    DENIAL = "denial"
    INTEREST = "interest"
    TAKEBACK = "takeback"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class PostingDecision:
    """One movement, minor units. Positive: money in, amounts written off or moved; a reversal carries them negated.

    `amount_minor` of INTEREST, TAKEBACK and UNMATCHED is as it enters the bank (negative: money taken).
    """

    kind: PostingKind
    amount_minor: int
    payer_id: UUID
    claim_id: UUID | None = None
    charge_line_id: UUID | None = None
    patient_id: UUID | None = None
    location_id: UUID | None = None
    billing_entity_id: UUID | None = None
    to_payer_id: UUID | None = None
    share: str = ""
    account: str = ""
    group: str = ""
    carc: str = ""
    rarcs: tuple[str, ...] = ()
    reference: str = ""
    reverses: UUID | None = None


@dataclass(frozen=True, slots=True)
class Deposit:
    """The payment of one 835 set: its identity, who paid, how, on which day, BPR02 in minor units."""

    set_key: str
    payer_id: UUID | None
    payer_name: str
    trace: str
    method: str
    paid_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RemittancePosting:
    """A proven set: its deposit and everything posted out of it; the decisions add up to the deposit."""

    deposit: Deposit
    decisions: tuple[PostingDecision, ...]


@dataclass(frozen=True, slots=True)
class LineState:
    """What has happened to a charge line so far, minor units; `open_minor` is what payers still owe."""

    insurance_paid_minor: int
    written_off_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class ClaimToPost:
    """Our claim as the payer answers it. `next_payer_id` is the coverage after this one, None: the patient is next."""

    claim_id: UUID
    control: str
    payer_id: UUID
    patient_id: UUID
    location_id: UUID
    billing_entity_id: UUID
    next_payer_id: UUID | None
    first_payer: bool
    lines: tuple[ClaimLine, ...]


@dataclass(frozen=True, slots=True)
class EarlierPosting:
    """A CLP that was posted before, with its decisions by posting id; what a reversal undoes."""

    posted_claim_id: UUID
    payer_control: str
    charge_minor: int
    paid_minor: int
    decisions: Mapping[UUID, PostingDecision]


@dataclass(frozen=True, slots=True)
class Denial:
    """Money a payer refused: it stays open, somebody works it. `lines` is empty when the whole claim is meant."""

    charge_line_id: UUID | None
    group: str
    carc: str
    rarcs: tuple[str, ...]
    amount_minor: int
    category: str
    advice: str


class Outcome(StrEnum):
    """What became of the claim by this CLP."""

    PAID = "paid"  # processed: something was allowed
    DENIED = "denied"  # processed: nothing was allowed
    REVERSED = "reversed"
    REVERSAL_UNMATCHED = "reversal_unmatched"
    NOTED = "noted"  # 23, 25: nothing happens
    UNMATCHED = "unmatched"  # lines do not fit ours


@dataclass(frozen=True, slots=True)
class ClaimPosting:
    """Everything that follows from one CLP."""

    outcome: Outcome
    decisions: tuple[PostingDecision, ...]
    denials: tuple[Denial, ...] = ()
    reverses: UUID | None = None  # EarlierPosting.posted_claim_id
    forwarded: bool = False
    protected: bool = False
    allowed_minor: Mapping[UUID, int] = field(default_factory=dict)  # charge line → what the payer recognised


class Poster:
    """Decides claim after claim of one set; keeps each line's state as its own decisions change it."""

    def __init__(self, table: AdjustmentTable, states: Mapping[UUID, LineState]) -> None:
        self._table = table
        self._states = dict(states)

    def post(self, said: RemittanceClaim, claim: ClaimToPost, earlier: Sequence[EarlierPosting]) -> ClaimPosting:
        """The decisions for one CLP about our claim. `earlier`: CLPs of the claim posted and not reversed yet."""
        if said.is_reversal:
            return self._reverse(said, claim, earlier)
        if said.status in (ClaimStatus.NOT_OURS_FORWARDED, ClaimStatus.PREDETERMINATION):
            return ClaimPosting(
                Outcome.NOTED, unmatched_money(said, claim.payer_id, claim), forwarded=said.was_forwarded
            )
        shares = self._by_line(said, claim)
        if shares is None:
            return ClaimPosting(Outcome.UNMATCHED, unmatched_money(said, claim.payer_id, claim))
        decisions: list[PostingDecision] = []
        denials: list[Denial] = []
        allowed: dict[UUID, int] = {}
        for part in shares:
            self._post_line(part, said, claim, decisions, denials, allowed)
        remarks = {remark for line in said.lines for remark in line.remarks} | set(said.remarks)
        return ClaimPosting(
            outcome=Outcome.PAID if any(allowed.values()) or said.paid_minor else Outcome.DENIED,
            decisions=tuple(decisions),
            denials=tuple(denials),
            forwarded=said.was_forwarded,
            protected=bool(remarks & PROTECTED_REMARKS),
            allowed_minor=allowed,
        )

    def _by_line(self, said: RemittanceClaim, claim: ClaimToPost) -> list[_LinePart] | None:
        """What the payer says of each of our lines; claim-level figures are spread over them by charge."""
        if said.lines:
            matched = match_lines(said.lines, claim.lines)
            if matched is None:
                return None
            parts = [_LinePart(ours, theirs, theirs.paid_minor, list(theirs.adjustments)) for ours, theirs in matched]
        elif said.charge_minor == sum(line.charge_minor for line in claim.lines):
            paid = allocate(said.paid_minor, [line.charge_minor for line in claim.lines])
            parts = [_LinePart(ours, None, amount, []) for ours, amount in zip(claim.lines, paid, strict=True)]
        else:
            return None
        weights = [part.ours.charge_minor for part in parts]
        for adjustment in said.adjustments:
            for part, amount in zip(parts, allocate(adjustment.amount_minor, weights), strict=True):
                if amount:
                    part.adjustments.append(replace(adjustment, amount_minor=amount))
                    if said.lines:  # the line's own figures did not know of it: the payment is less by as much
                        part.paid_minor -= amount
        return parts

    def _post_line(
        self,
        part: _LinePart,
        said: RemittanceClaim,
        claim: ClaimToPost,
        decisions: list[PostingDecision],
        denials: list[Denial],
        allowed: dict[UUID, int],
    ) -> None:
        line = part.ours
        remarks = (*(part.theirs.remarks if part.theirs else ()), *said.remarks)
        state = self._states.get(line.charge_line_id, LineState(0, 0, line.charge_minor))
        base = _base(claim, line.charge_line_id, said.payer_control)
        before_others = state.insurance_paid_minor + state.written_off_minor
        plain_share = sum(a.amount_minor for a in part.adjustments if a.group == "PR" and a.reason in PLAIN_SHARES)
        other_payers = sum(a.amount_minor for a in part.adjustments if a.group == "OA" and a.reason == "23")
        recognised = bool(part.paid_minor or plain_share or (other_payers and not claim.first_payer))
        # More than is owed (paid twice, or written off before) is the payer's money: it waits, and no line goes below zero.
        surplus = max(part.paid_minor - max(state.open_minor, 0), 0)
        paid = part.paid_minor - surplus
        open_minor = state.open_minor - paid
        if paid:
            decisions.append(replace(base, kind=PostingKind.PAYMENT, amount_minor=paid))
        if surplus:
            decisions.append(_waiting(claim, said.claim_control, surplus))
        written_off = at_next_payer = 0
        for adjustment, rule in self._in_order(part.adjustments, remarks, recognised, line.service_date):
            amount = adjustment.amount_minor
            because = partial(replace, base, group=adjustment.group, carc=adjustment.reason, rarcs=remarks)
            treatment = Treatment.DENIAL if said.status == ClaimStatus.DENIED else rule.treatment
            if treatment is Treatment.NOT_MONEY:
                continue
            if treatment is Treatment.DENIAL:
                category, advice = (
                    rule.category or "not_recognised",
                    rule.advice or "The payer does not know the patient.",
                )
                denials.append(
                    Denial(line.charge_line_id, adjustment.group, adjustment.reason, remarks, amount, category, advice)
                )
                decisions.append(because(kind=PostingKind.DENIAL, amount_minor=amount))
                continue
            if treatment is Treatment.CONTRACTUAL and not claim.first_payer:
                # Part of it may only restate what the earlier payers' figures explain and OA-23 does not.
                amount = max(amount - max(before_others - other_payers, 0), 0)
            if amount > 0:
                amount = min(amount, max(open_minor, 0))
            if amount == 0:
                continue
            open_minor -= amount
            if treatment is Treatment.PATIENT_SHARE:
                at_next_payer += amount if claim.next_payer_id else 0
                share, to = rule.share, claim.next_payer_id
                decisions.append(
                    because(kind=PostingKind.PATIENT_SHARE, amount_minor=amount, share=share, to_payer_id=to)
                )
                continue
            written_off += amount
            kind = PostingKind(treatment.value)
            decisions.append(because(kind=kind, amount_minor=amount, account=rule.account))
        sequestered = sum(a.amount_minor for a in part.adjustments if a.reason == "253")
        allowed[line.charge_line_id] = allowed.get(line.charge_line_id, 0) + (
            part.paid_minor + plain_share + sequestered if recognised else 0
        )
        self._states[line.charge_line_id] = LineState(
            state.insurance_paid_minor + paid,
            state.written_off_minor + written_off,
            open_minor + at_next_payer,
        )

    def _in_order(
        self, adjustments: Iterable[Adjustment], remarks: Sequence[str], recognised: bool, on: date
    ) -> list[tuple[Adjustment, AdjustmentRule]]:
        """Adjustments with their rules; the contractual ones last, because they give way."""
        ruled = [
            (a, self._table.rule_for(a.group, a.reason, remarks, recognised, on)) for a in adjustments if a.amount_minor
        ]
        return sorted(ruled, key=lambda pair: pair[1].treatment is Treatment.CONTRACTUAL)

    def _reverse(self, said: RemittanceClaim, claim: ClaimToPost, earlier: Sequence[EarlierPosting]) -> ClaimPosting:
        """The exact earlier posting, negated; when it is not certain which, the money waits and a person decides."""
        same = [e for e in earlier if e.charge_minor == -said.charge_minor and e.paid_minor == -said.paid_minor]
        exact = [e for e in same if e.payer_control == said.payer_control] or same
        if len(exact) != 1:
            return ClaimPosting(Outcome.REVERSAL_UNMATCHED, unmatched_money(said, claim.payer_id, claim))
        [undone] = exact
        decisions = tuple(
            replace(decision, amount_minor=-decision.amount_minor, reverses=posting_id, reference=said.payer_control)
            for posting_id, decision in undone.decisions.items()
        )
        for decision in decisions:
            self._undo(decision)
        return ClaimPosting(Outcome.REVERSED, decisions, reverses=undone.posted_claim_id)

    def _undo(self, decision: PostingDecision) -> None:
        line = decision.charge_line_id
        if line is None or line not in self._states or decision.kind is PostingKind.DENIAL:
            return
        state, amount = self._states[line], decision.amount_minor
        paid = amount if decision.kind is PostingKind.PAYMENT else 0
        moved = amount if decision.kind in (PostingKind.PATIENT_SHARE, PostingKind.TRANSFER) else 0
        self._states[line] = LineState(
            state.insurance_paid_minor + paid,
            state.written_off_minor + (amount - paid - moved),
            # What had moved to a next payer never left `open`; only what had moved to the patient comes back.
            state.open_minor - (0 if moved and decision.to_payer_id is not None else amount),
        )


@dataclass(slots=True)
class _LinePart:
    """What a payer says of one line of ours, claim-level figures spread in."""

    ours: ClaimLine
    theirs: RemittanceLine | None
    paid_minor: int
    adjustments: list[Adjustment]


def unmatched_money(said: RemittanceClaim, payer_id: UUID, claim: ClaimToPost | None) -> tuple[PostingDecision, ...]:
    """The money of a CLP that cannot be posted to lines: it waits under its reference. Nothing when CLP04 is zero."""
    if not said.paid_minor:
        return ()
    return (
        PostingDecision(
            PostingKind.UNMATCHED,
            said.paid_minor,
            payer_id,
            claim_id=claim.claim_id if claim else None,
            patient_id=claim.patient_id if claim else None,
            location_id=claim.location_id if claim else None,
            billing_entity_id=claim.billing_entity_id if claim else None,
            account="unapplied",
            reference=said.claim_control,
        ),
    )


def _waiting(claim: ClaimToPost, reference: str, amount_minor: int) -> PostingDecision:
    """Money of a payer that no line of the claim takes."""
    return PostingDecision(
        PostingKind.UNMATCHED,
        amount_minor,
        claim.payer_id,
        claim_id=claim.claim_id,
        patient_id=claim.patient_id,
        location_id=claim.location_id,
        billing_entity_id=claim.billing_entity_id,
        account="unapplied",
        reference=reference,
    )


def underpaid_minor(allowed_minor: int, expected_minor: int | None, tolerance_minor: int = 1) -> int:
    """By how much the payer allowed less than the contract says, minor units; 0 within tolerance or without one."""
    if expected_minor is None or expected_minor - allowed_minor <= tolerance_minor:
        return 0
    return expected_minor - allowed_minor


def _base(claim: ClaimToPost, charge_line_id: UUID, reference: str) -> PostingDecision:
    return PostingDecision(
        PostingKind.PAYMENT,
        0,
        claim.payer_id,
        claim_id=claim.claim_id,
        charge_line_id=charge_line_id,
        patient_id=claim.patient_id,
        location_id=claim.location_id,
        billing_entity_id=claim.billing_entity_id,
        reference=reference,
    )
