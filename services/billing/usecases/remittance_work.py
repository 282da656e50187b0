"""The work that a remittance leaves to people."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from billing.domain.claims import ClaimState
from billing.domain.line_matching import ClaimLine
from billing.domain.posting import ClaimPosting, Outcome, underpaid_minor
from billing.domain.x12.remittance import RemittanceClaim
from billing.store import Store
from billing.tables_claims import Claim, Remittance
from billing.usecases import journals, work_items
from billing.usecases.denial_worklist import Findings, Short
from chassis.call import Call


def tell_unmatched(
    call: Call,
    store: Store,
    row: Remittance,
    said: RemittanceClaim,
    claim: Claim | None,
    posting: ClaimPosting,
    answer_id: UUID,
) -> None:
    """Money or a reversal that fits nothing of ours: a person finds out what it is."""
    reversal = posting.outcome is Outcome.REVERSAL_UNMATCHED
    what = "reversal fits nothing that was posted" if reversal else "answer fits no claim of ours"
    work_items.open_item(
        call,
        store,
        kind="unmatched_reversal" if reversal else "unmatched_remittance",
        key=str(answer_id),
        title=f"{row.payer_name}'s {what}: {said.claim_control}",
        claim_id=claim.id if claim else None,
        patient_id=claim.patient_id if claim else None,
        payer_id=row.payer_id,
        remittance_id=row.id,
        amount_minor=said.paid_minor,
        detail={"claim_control": said.claim_control, "payer_control": said.payer_control, "status": said.status},
    )


def tell_denied(
    call: Call,
    store: Store,
    row: Remittance,
    claim: Claim,
    posting: ClaimPosting,
    findings: Findings,
    known: work_items.Known,
) -> None:
    """Refused money: with its codes, and by the playbook what helps, whose it is and until when it is worked."""
    denials = posting.denials
    plan = findings.refuse(claim, posting, journals.local_day(call, store, claim.location_id))
    amount = sum(denial.amount_minor for denial in denials)
    categories = sorted({denial.category for denial in denials})
    codes = sorted({f"{denial.group}-{denial.carc}" for denial in denials})
    work_items.open_item(
        call,
        store,
        kind="denial",
        key=str(claim.id),
        title=f"{row.payer_name} denied {'part of ' if posting.outcome is Outcome.PAID else ''}{claim.control}",
        claim_id=claim.id,
        patient_id=claim.patient_id,
        payer_id=claim.payer_id,
        remittance_id=row.id,
        amount_minor=amount,
        due_on=plan.work_by,
        owner_id=plan.owner_id,
        detail={
            "codes": " ".join(codes),
            "remarks": " ".join(sorted({remark for denial in denials for remark in denial.rarcs})),
            "categories": " ".join(categories),
            "family": plan.family,
            "advice": plan.steps,
        },
        among=known,
    )


def tell_later_payers(call: Call, store: Store, claim: Claim) -> None:
    """A payer took its answer back after the next payer was billed with it: somebody must look."""
    for later in store.claims_after([claim.id]):
        if not later.crossed_over and later.state not in (
            ClaimState.VOIDED,
            ClaimState.DRAFT,
            ClaimState.HELD,
            ClaimState.READY,
        ):
            work_items.open_item(
                call,
                store,
                kind="later_payer_misinformed",
                key=str(later.id),
                title=f"Claim {later.control} was sent with an answer that has been taken back",
                claim_id=later.id,
                patient_id=later.patient_id,
                payer_id=later.payer_id,
            )


class Contracts:
    """What contracts allow; a rate that was looked up for one claim of a set is not looked up for the next."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rates: dict[tuple[object, ...], int | None] = {}

    def allowed_minor(self, claim: Claim, line: ClaimLine) -> int | None:
        """The contracted amount for all units of a line, minor units; None without a contract."""
        key = (claim.payer_id, claim.location_id, line.procedure, line.modifiers, line.units, line.service_date)
        if key not in self._rates:
            self._rates[key] = self._store.expected_allowed(
                claim.payer_id, claim.location_id, line.procedure, line.modifiers, line.units, line.service_date
            )
        return self._rates[key]


def check_contract(
    call: Call,
    store: Store,
    row: Remittance,
    claim: Claim,
    posting: ClaimPosting,
    lines: Sequence[ClaimLine],
    contracts: Contracts,
    findings: Findings,
    known: work_items.Known,
) -> None:
    """Compares what was allowed with the contract, line by line."""
    if posting.denials:
        return
    short: list[tuple[ClaimLine, int, int]] = []
    for line in lines:
        allowed = posting.allowed_minor.get(line.charge_line_id)
        if not allowed:
            continue
        expected = contracts.allowed_minor(claim, line)
        if expected is not None and underpaid_minor(allowed, expected):
            short.append((line, expected, allowed))
    if short:
        found = findings.short[claim.id] = Short(claim, tuple(short))
        work_items.open_item(
            call,
            store,
            kind="underpaid",
            key=str(claim.id),
            title=f"{row.payer_name} allowed less than its contract on {claim.control}",
            claim_id=claim.id,
            patient_id=claim.patient_id,
            payer_id=claim.payer_id,
            remittance_id=row.id,
            amount_minor=found.short_minor,
            detail={line.line_control: str(expected - allowed) for line, expected, allowed in short},
            among=known,
        )
