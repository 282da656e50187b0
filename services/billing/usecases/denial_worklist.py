"""What a remittance does to the worklists of denials and underpayments: all of a set at once, a few statements in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from billing.domain import denials as rules
from billing.domain.line_matching import ClaimLine
from billing.domain.posting import ClaimPosting, Outcome, PostingKind
from billing.store import Store
from billing.tables_claims import Claim, Remittance
from billing.usecases import journals, work_items
from chassis.call import Call

_MOVES = frozenset({PostingKind.PAYMENT, PostingKind.PATIENT_SHARE})


@dataclass(frozen=True, slots=True)
class Short:
    """A claim on which less was allowed than contracted: (line, expected, allowed), minor units."""

    claim: Claim
    lines: tuple[tuple[ClaimLine, int, int], ...]

    @property
    def short_minor(self) -> int:
        """By how much in all."""
        return sum(expected - allowed for _, expected, allowed in self.lines)


@dataclass(slots=True)
class Findings:
    """What the answers of one set refuse or pay short, gathered while they are followed up, written by `keep`."""

    store: Store
    denied: dict[UUID, tuple[Claim, ClaimPosting]] = field(default_factory=dict)
    short: dict[UUID, Short] = field(default_factory=dict)
    _plans: dict[UUID, rules.Plan] = field(default_factory=dict)
    _playbooks: tuple[rules.Playbook, ...] | None = None
    _payer_codes: Mapping[UUID, str] = field(default_factory=dict)

    def refuse(self, claim: Claim, posting: ClaimPosting, on: date) -> rules.Plan:
        """Notes a denial and says what is to be done about it."""
        if self._playbooks is None:
            self._payer_codes = codes = self.store.payer_codes()
            self._playbooks = tuple(
                rules.Playbook(
                    row.carc,
                    row.rarc,
                    codes.get(row.payer_id, "?") if row.payer_id else "",
                    row.family,
                    row.owner_id,
                    row.work_days,
                    row.appeal_days,
                    row.steps,
                    row.start_date,
                    row.end_date,
                )
                for row in self.store.playbooks_on(on)
            )
        payer = self._payer_codes.get(claim.payer_id, "")
        self.denied[claim.id] = claim, posting
        self._plans[claim.id] = rules.plan(posting.denials, self._playbooks, payer, on)
        return self._plans[claim.id]

    def keep(
        self, call: Call, row: Remittance, answers: Sequence[tuple[Claim, ClaimPosting]], items: work_items.Known
    ) -> None:
        """Writes what is new, and closes what these answers have settled."""
        self._close(call, answers, items)
        for claim, posting in answers:
            self._tell_overpaid(call, row, claim, posting, items)
        self.store.keep_denials([self._denial(call, row, claim, posting) for claim, posting in self.denied.values()])
        self.store.keep_underpayments([self._underpayment(call, row, short) for short in self.short.values()])

    def _tell_overpaid(
        self, call: Call, row: Remittance, claim: Claim, posting: ClaimPosting, items: work_items.Known
    ) -> None:
        """More than was owed was paid: the rest waits as the payer's money."""
        over = sum(one.amount_minor for one in posting.decisions if one.kind is PostingKind.UNMATCHED)
        if posting.outcome in (Outcome.PAID, Outcome.DENIED) and over > 0:
            work_items.open_item(
                call,
                self.store,
                kind="overpaid",
                key=str(claim.id),
                title=f"{row.payer_name} paid more than was owed on {claim.control}: pay it back, or find what it is for",
                claim_id=claim.id,
                patient_id=claim.patient_id,
                payer_id=claim.payer_id,
                remittance_id=row.id,
                amount_minor=over,
                among=items,
            )

    def _denial(self, call: Call, row: Remittance, claim: Claim, posting: ClaimPosting) -> Mapping[str, object]:
        amount = sum(denial.amount_minor for denial in posting.denials)
        plan = self._plans[claim.id]
        return {
            "id": call.new_id(),
            "claim_id": claim.id,
            "patient_id": claim.patient_id,
            "payer_id": claim.payer_id,
            "location_id": claim.location_id,
            "remittance_id": row.id,
            "service_date": claim.service_date,
            "family": plan.family,
            "reasons": [
                {
                    "charge_line_id": str(denial.charge_line_id or ""),
                    "group": denial.group,
                    "carc": denial.carc,
                    "rarcs": list(denial.rarcs),
                    "amount_minor": denial.amount_minor,
                    "first": number == 0,
                }
                for number, denial in enumerate(posting.denials)
            ],
            "amount_minor": amount,
            "steps": plan.steps,
            "owner_id": plan.owner_id,
            "denied_on": journals.local_day(call, self.store, claim.location_id),
            "work_by": plan.work_by,
            "appeal_by": plan.appeal_by,
            "state": "open",
            "priority": rules.priority(amount, plan.work_by),
            "recovered_minor": 0,
            "note": "",
            "closed_at": None,
            "closed_by": "",
            "version": 1,
        }

    def _underpayment(self, call: Call, row: Remittance, short: Short) -> Mapping[str, object]:
        claim = short.claim
        today = journals.local_day(call, self.store, claim.location_id)
        dispute_by = today + timedelta(days=rules.DISPUTE_DAYS)
        return {
            "id": call.new_id(),
            "claim_id": claim.id,
            "patient_id": claim.patient_id,
            "payer_id": claim.payer_id,
            "location_id": claim.location_id,
            "remittance_id": row.id,
            "service_date": claim.service_date,
            "lines": [
                {
                    "charge_line_id": str(line.charge_line_id),
                    "line_control": line.line_control,
                    "procedure": line.procedure,
                    "expected_minor": expected,
                    "allowed_minor": allowed,
                }
                for line, expected, allowed in short.lines
            ],
            "short_minor": short.short_minor,
            "found_on": today,
            "dispute_by": dispute_by,
            "owner_id": "",
            "state": "open",
            "priority": rules.priority(short.short_minor, dispute_by),
            "recovered_minor": 0,
            "note": "",
            "closed_at": None,
            "closed_by": "",
            "version": 1,
        }

    def _close(self, call: Call, answers: Sequence[tuple[Claim, ClaimPosting]], items: work_items.Known) -> None:
        """A later answer that moves the money ends a denial, also one to the corrected claim; a better one an underpayment."""
        later: dict[UUID, tuple[Claim, int]] = {}
        for claim, posting in answers:
            # What was denied before has a work item; a corrected claim names the one that it replaces.
            known = claim.id if items.has(claim.id, "denial", "underpaid") else claim.replaces_claim_id
            if known is None or posting.outcome not in (Outcome.PAID, Outcome.DENIED, Outcome.REVERSED):
                continue
            moved = sum(decision.amount_minor for decision in posting.decisions if decision.kind in _MOVES)
            later[known] = claim, later.get(known, (claim, 0))[1] + moved
        if not later:
            return
        for denial in self.store.denials_of_claims(later):
            claim, moved = later[denial.claim_id]
            if moved > 0:
                denial.recovered_minor = min(denial.amount_minor, denial.recovered_minor + moved)
            if denial.closed_at is None and rules.overturned(claim.id in self.denied, moved):
                denial.state, denial.closed_at, denial.closed_by = "overturned", call.now, call.principal.id
                work_items.settle(call, items.open_of(denial.claim_id, ("denial",)), "overturned")
        for short in self.store.underpayments_of_claims(later):
            claim, moved = later[short.claim_id]
            if moved > 0 and claim.id not in self.short:
                short.recovered_minor, short.state = min(short.short_minor, moved), "recovered"
                short.closed_at, short.closed_by = call.now, call.principal.id
                work_items.settle(call, items.open_of(short.claim_id, ("underpaid",)), "recovered")
        self.store.session.flush()
