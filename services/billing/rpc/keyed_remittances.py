"""Servicer of `KeyedRemittances`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import claims_pb2, ledger_pb2
from polyclinic.billing.v1 import keyed_remittances_pb2 as pb

from billing.domain.x12.remittance import Adjustment, ProviderAdjustment
from billing.domain.x12.remittance_proof import ProofResult
from billing.rpc import claims_mapping as to
from billing.rpc.claims_mapping import PayerCode
from billing.rpc.ledger import journal_message
from billing.usecases import claim_reads, remittance_keying, remittance_undoing, reports
from billing.usecases.claim_reads import payer_codes
from billing.usecases.remittance_keying import Keyed, KeyedClaim, KeyedLine
from billing.usecases.remittance_undoing import Takeback
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_identifier, to_date

PLAIN = (("CO", "45", "contractual"), ("PR", "1", "deductible"), ("PR", "2", "coinsurance"), ("PR", "3", "copay"))


class KeyedRemittancesRpc:
    """What people key, undo, dismiss and pay back."""

    def KeyRemittance(self, request: pb.KeyRemittanceRequest, call: Call) -> pb.KeyRemittanceResponse:
        done = remittance_keying.key(call, _keyed(request), validate_only=request.validate_only)
        row = done.remittance
        return pb.KeyRemittanceResponse(
            remittance=to.remittance(row, payer_codes(call)) if row is not None else None,
            unposted=money(done.unposted_minor),
            proof=_proof(done.proof),
        )

    def UndoRemittanceClaim(self, request: pb.UndoRemittanceClaimRequest, call: Call) -> claims_pb2.Remittance:
        remittance_id = remittance_undoing.undo(call, identifier(request.remittance_claim_id), request.reason)
        view = claim_reads.get_remittance(call, remittance_id)
        return to.remittance_with_claims(view.remittance, payer_codes(call), view.claims, view.postings)

    def DismissRefusedRemittance(
        self, request: pb.DismissRefusedRemittanceRequest, call: Call
    ) -> claims_pb2.Remittance:
        row = remittance_undoing.dismiss(call, identifier(request.remittance_id), request.reason)
        return to.remittance(row, payer_codes(call))

    def ListTakebacks(self, request: pb.ListTakebacksRequest, call: Call) -> pb.ListTakebacksResponse:
        rows, token = remittance_undoing.list_takebacks(
            call,
            request.payer_code,
            settled_too=request.settled_too,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListTakebacksResponse(takebacks=[_takeback(codes, row) for row in rows], next_page_token=token)

    def PayPayerBack(self, request: pb.PayPayerBackRequest, call: Call) -> ledger_pb2.Journal:
        journal = remittance_undoing.pay_back(
            call, request.payer_code, request.reference, request.amount.minor_units, request.reason
        )
        return journal_message(reports.journal_view(call, journal))


def _keyed(request: pb.KeyRemittanceRequest) -> Keyed:
    return Keyed(
        payer_code=request.payer_code,
        method=request.method,
        trace=request.trace,
        paid_on=to_date(request.paid_on, "paid_on"),
        payment_minor=request.payment.minor_units,
        claims=tuple(_claim(claim) for claim in request.claims),
        provider_level=tuple(
            ProviderAdjustment("", None, entry.reason_code, entry.reference, entry.amount.minor_units, 0)
            for entry in request.provider_level
        ),
        refused_remittance_id=optional_identifier(request.refused_remittance_id),
    )


def _claim(claim: pb.KeyedClaim) -> KeyedClaim:
    return KeyedClaim(
        identifier(claim.claim_id), claim.payer_control, claim.status, tuple(_line(line) for line in claim.lines)
    )


def _line(line: pb.KeyedLine) -> KeyedLine:
    named = [Adjustment(group, carc, getattr(line, field).minor_units) for group, carc, field in PLAIN]
    others = [Adjustment(other.group, other.reason_code, other.amount.minor_units) for other in line.others]
    return KeyedLine(
        charge_line_id=identifier(line.charge_line_id),
        paid_minor=line.paid.minor_units,
        allowed_minor=line.allowed.minor_units if line.HasField("allowed") else None,
        adjustments=tuple(one for one in (*named, *others) if one.amount_minor),
        remarks=tuple(line.remark_codes),
    )


def _proof(proof: ProofResult) -> claims_pb2.BalanceProof:
    return claims_pb2.BalanceProof(
        payment=money(proof.payment_minor),
        claims_paid=money(proof.claims_paid_minor),
        provider_adjustments=money(proof.provider_adjustments_minor),
        balances=proof.balances,
        imbalances=[
            claims_pb2.Imbalance(
                balance=one.balance.value,
                stated=money(one.stated_minor),
                computed=money(one.computed_minor),
                difference=money(one.difference_minor),
                segment=one.segment,
                claim_control=one.claim_control,
            )
            for one in proof.imbalances
        ],
    )


def _takeback(code_of: PayerCode, row: Takeback) -> pb.Takeback:
    return pb.Takeback(
        payer_code=code_of(row.sum.payer_id),
        reference=row.sum.reference,
        claim_id=to.text(row.claim_id),
        patient_id=to.text(row.patient_id),
        open=money(row.sum.open_minor),
        movements=[
            pb.TakebackMovement(
                remittance_id=str(one.remittance_id),
                paid_on=date_message(one.paid_on),
                reason_code=one.code,
                amount=money(one.amount_minor),
            )
            for one in row.movements
        ],
    )
