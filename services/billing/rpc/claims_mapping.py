"""Claims, batches, files, remittances and work items as protobuf."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from polyclinic.billing.v1 import claims_pb2 as pb

from billing.domain.charges import ChargeLine
from billing.domain.codec import from_json
from billing.domain.ledger import LineBalance
from billing.domain.x12.remittance import RemittanceClaim as Said
from billing.tables_claims import (
    Claim,
    ClaimBatch,
    ClaimHappening,
    ClaimLine,
    InboundFile,
    Remittance,
    RemittanceClaim,
    RemittancePosting,
    WorkItem,
)
from billing.usecases.remittance_matching import WAITING
from chassis.protos import date_message, money, timestamp

PayerCode = Callable[[UUID | None], str]


def text(value: UUID | None) -> str:
    """An id as text; '' for none."""
    return str(value) if value else ""


def claim(row: Claim, payer_code: PayerCode) -> pb.Claim:
    """A claim without lines, findings and life."""
    return pb.Claim(
        claim_id=str(row.id),
        control=row.control,
        state=row.state,
        encounter_id=str(row.encounter_id),
        appointment_id=text(row.appointment_id),
        patient_id=str(row.patient_id),
        coverage_id=str(row.coverage_id),
        payer_code=payer_code(row.payer_id),
        responsibility=row.responsibility,
        frequency=row.frequency,
        previous_claim_id=text(row.previous_claim_id),
        replaces_claim_id=text(row.replaces_claim_id),
        crossed_over=row.crossed_over,
        location_id=str(row.location_id),
        service_date=date_message(row.service_date),
        charge=money(row.charge_minor),
        paid=money(row.paid_minor),
        patient_share=money(row.patient_minor),
        payer_control=row.payer_control,
        hold_reason=row.hold_reason,
        claim_batch_id=text(row.batch_id),
        sent_on=date_message(row.sent_on),
        created_at=timestamp(row.created_at),
        changed_at=timestamp(row.changed_at),
        version=row.version,
        split_from_claim_id=text(row.split_from_id),
    )


def claim_with_life(
    row: Claim,
    payer_code: PayerCode,
    lines: Sequence[tuple[ClaimLine, ChargeLine, LineBalance]],
    life: Sequence[ClaimHappening],
) -> pb.Claim:
    """A claim with everything."""
    message = claim(row, payer_code)
    message.lines.extend(
        pb.ClaimLine(
            number=line.number,
            charge_line_id=str(line.charge_line_id),
            line_control=line.line_control,
            procedure=charge.procedure,
            modifiers=charge.modifiers,
            units=charge.units,
            charge=money(charge.charge_minor),
            open=money(balance.open_minor),
        )
        for line, charge, balance in lines
    )
    message.findings.extend(pb.ScrubFinding(**finding) for finding in row.findings)
    message.life.extend(
        pb.ClaimHappening(
            happened_at=timestamp(one.happened_at),
            event=one.event,
            from_state=one.from_state,
            to_state=one.to_state,
            by=one.by,
            detail=one.detail,
            codes=one.codes,
            claim_batch_id=text(one.batch_id),
            inbound_file_id=text(one.file_id),
        )
        for one in life
    )
    return message


def batch(row: ClaimBatch, payer_code: PayerCode) -> pb.ClaimBatch:
    """A batch."""
    return pb.ClaimBatch(
        claim_batch_id=str(row.id),
        file_name=row.file_name,
        reference=row.reference,
        interchange_control=row.interchange_control,
        payer_code=payer_code(row.payer_id),
        state=row.state,
        claim_count=row.claim_count,
        charge=money(row.charge_minor),
        committed_at=timestamp(row.committed_at),
        sent_at=timestamp(row.sent_at),
        acknowledged_at=timestamp(row.acknowledged_at),
        acknowledgements=[f"{said['kind']} {said['code']} {said['file']}" for said in row.acknowledgement],
        version=row.version,
    )


def inbound_file(row: InboundFile) -> pb.InboundFile:
    """A file that came in."""
    return pb.InboundFile(
        inbound_file_id=str(row.id),
        name=row.name,
        size=row.size,
        source=row.source,
        state=row.state,
        reason=row.reason,
        kinds=row.kinds,
        oddities=row.oddities,
        received_at=timestamp(row.received_at),
    )


def remittance(row: Remittance, payer_code: PayerCode) -> pb.Remittance:
    """A set with its proof, without its claims."""
    return pb.Remittance(
        remittance_id=str(row.id),
        set_key=row.set_key,
        inbound_file_id=str(row.inbound_file_id),
        state=row.state,
        reason=row.reason,
        payer_code=payer_code(row.payer_id),
        payer_name=row.payer_name,
        trace=row.trace,
        method=row.method,
        paid_on=date_message(row.paid_on),
        proof=pb.BalanceProof(
            payment=money(row.payment_minor),
            claims_paid=money(row.claims_paid_minor),
            provider_adjustments=money(row.provider_adjustments_minor),
            balances=not row.imbalances,
            imbalances=[_imbalance(one) for one in row.imbalances],
        ),
        claim_count=row.claim_count,
        oddities=row.oddities,
        journal_id=text(row.journal_id),
        received_at=timestamp(row.received_at),
        posted_at=timestamp(row.posted_at),
        version=row.version,
    )


def remittance_with_claims(
    row: Remittance,
    payer_code: PayerCode,
    claims: Sequence[RemittanceClaim],
    postings: Sequence[RemittancePosting],
) -> pb.Remittance:
    """A set with its claims and all that was posted."""
    by_claim: dict[UUID | None, list[pb.RemittancePosting]] = {}
    for posting in postings:
        by_claim.setdefault(posting.remittance_claim_id, []).append(_posting(posting))
    message = remittance(row, payer_code)
    message.provider_level.extend(by_claim.get(None, []))
    message.claims.extend(
        pb.RemittanceClaim(
            remittance_claim_id=str(one.id),
            claim_id=text(one.claim_id),
            patient_id=text(one.patient_id),
            claim_control=one.claim_control,
            payer_control=one.payer_control,
            status=one.status,
            outcome=one.outcome,
            charge=money(one.charge_minor),
            paid=money(one.paid_minor),
            patient_share=money(one.patient_minor),
            reversed_by_id=text(one.reversed_by_id),
            postings=by_claim.get(one.id, []),
            service_lines=_service_lines(one),
        )
        for one in claims
    )
    return message


def work_item(row: WorkItem, payer_code: PayerCode) -> pb.WorkItem:
    """Something that waits for a person."""
    return pb.WorkItem(
        work_item_id=str(row.id),
        kind=row.kind,
        state=row.state,
        title=row.title,
        owner_id=row.owner_id,
        claim_id=text(row.claim_id),
        patient_id=text(row.patient_id),
        payer_code=payer_code(row.payer_id),
        remittance_id=text(row.remittance_id),
        amount=money(row.amount_minor),
        due_on=date_message(row.due_on),
        detail={key: str(value) for key, value in row.detail.items()},
        opened_at=timestamp(row.opened_at),
        resolved_at=timestamp(row.resolved_at),
        resolved_by=row.resolved_by,
        resolution=row.resolution,
        version=row.version,
    )


def _imbalance(kept: Mapping[str, object]) -> pb.Imbalance:
    return pb.Imbalance(
        balance=str(kept["balance"]),
        stated=money(int(str(kept["stated_minor"]))),
        computed=money(int(str(kept["computed_minor"]))),
        difference=money(int(str(kept["difference_minor"]))),
        segment=int(str(kept["segment"])),
        claim_control=str(kept["claim_control"]),
    )


def _service_lines(row: RemittanceClaim) -> list[pb.RemittanceServiceLine]:
    """The payer's lines of an answer that waits, as a person needs them to place it."""
    if row.outcome not in WAITING:
        return []
    return [
        pb.RemittanceServiceLine(
            number=number,
            procedure=line.procedure.code,
            modifiers=line.procedure.modifiers,
            billed_procedure=line.billed.code if line.billed else "",
            billed_modifiers=line.billed.modifiers if line.billed else (),
            charge=money(line.charge_minor),
            paid=money(line.paid_minor),
            service_date=date_message(line.service_from),
            line_control=line.line_control,
            adjustments=[
                pb.RemittanceAdjustment(group=one.group, reason_code=one.reason, amount=money(one.amount_minor))
                for one in line.adjustments
            ],
            remark_codes=line.remarks,
        )
        for number, line in enumerate(from_json(Said, row.said).lines, 1)
    ]


def _posting(row: RemittancePosting) -> pb.RemittancePosting:
    decision = row.decision
    return pb.RemittancePosting(
        kind=row.kind,
        amount=money(row.amount_minor),
        charge_line_id=text(row.charge_line_id),
        group=decision["group"],
        reason_code=decision["carc"],
        remark_codes=decision["rarcs"],
        share=decision["share"],
        account=decision["account"],
        reference=decision["reference"],
    )
