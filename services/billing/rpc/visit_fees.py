"""Servicer of `VisitFees`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Sequence

from polyclinic.billing.v1 import visit_fees_pb2 as pb

from billing.domain.visit_fees import FeeKind
from billing.tables_collections import VisitFee
from billing.usecases import visit_fees
from billing.usecases.claim_reads import payer_codes
from billing.usecases.patient_names import patient_names
from chassis.call import Call
from chassis.protos import identifier, money, optional_identifier, timestamp

KINDS = {
    FeeKind.LATE_CANCELLATION.value: pb.VISIT_FEE_KIND_LATE_CANCELLATION,
    FeeKind.NO_SHOW.value: pb.VISIT_FEE_KIND_NO_SHOW,
}


class VisitFeesRpc:
    """Fees for visits that did not take place."""

    def GetVisitFee(self, request: pb.GetVisitFeeRequest, call: Call) -> pb.VisitFee:
        return _fees(call, [visit_fees.get_fee(call, identifier(request.visit_fee_id))])[0]

    def ListVisitFees(self, request: pb.ListVisitFeesRequest, call: Call) -> pb.ListVisitFeesResponse:
        patient_id = optional_identifier(request.patient_id)
        rows, token = visit_fees.list_fees(call, patient_id, request.state, request.page_size, request.page_token)
        return pb.ListVisitFeesResponse(visit_fees=_fees(call, rows), next_page_token=token)

    def WaiveVisitFee(self, request: pb.WaiveVisitFeeRequest, call: Call) -> pb.VisitFee:
        waived = visit_fees.waive(call, identifier(request.visit_fee_id), request.reason, request.version)
        return _fees(call, [waived])[0]


def _fees(call: Call, rows: Sequence[VisitFee]) -> list[pb.VisitFee]:
    codes, names = payer_codes(call), patient_names(call, [row.patient_id for row in rows])
    return [_fee(row, codes(row.payer_id), names.get(row.patient_id, "")) for row in rows]


def _fee(row: VisitFee, payer_code: str, name: str) -> pb.VisitFee:
    return pb.VisitFee(
        visit_fee_id=str(row.id),
        appointment_id=str(row.appointment_id),
        patient_id=str(row.patient_id),
        patient_name=name,
        location_id=str(row.location_id),
        kind=KINDS[row.kind],
        state=row.state,
        amount=money(row.amount_minor),
        payer_code=payer_code,
        reason=row.reason,
        happened_at=timestamp(row.happened_at),
        charge_line_id=str(row.charge_line_id or ""),
        ended_at=timestamp(row.ended_at),
        ended_by=row.ended_by,
        version=row.version,
    )
