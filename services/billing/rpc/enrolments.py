"""Servicer of `Enrolments`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from polyclinic.billing.v1 import enrolments_pb2 as pb

from billing.domain.enrolments import EnrolmentState, Transaction
from billing.rpc.payers import period
from billing.tables_enrolments import Enrolment
from billing.usecases import enrolments
from billing.usecases.claim_reads import payer_codes
from chassis.call import Call
from chassis.protos import identifier, optional_date, optional_identifier, to_date

TRANSACTIONS = {
    pb.ENROLMENT_TRANSACTION_CLAIMS: Transaction.CLAIMS,
    pb.ENROLMENT_TRANSACTION_ELIGIBILITY: Transaction.ELIGIBILITY,
    pb.ENROLMENT_TRANSACTION_REMITTANCES: Transaction.REMITTANCES,
}
TRANSACTION_MESSAGES = {transaction.value: number for number, transaction in TRANSACTIONS.items()}
STATES = {
    pb.ENROLMENT_STATE_REQUESTED: EnrolmentState.REQUESTED,
    pb.ENROLMENT_STATE_APPROVED: EnrolmentState.APPROVED,
    pb.ENROLMENT_STATE_REFUSED: EnrolmentState.REFUSED,
}
STATE_MESSAGES = {state.value: number for number, state in STATES.items()}


class EnrolmentsRpc:
    """Enrolments with payers."""

    def PutEnrolment(self, request: pb.PutEnrolmentRequest, call: Call) -> pb.Enrolment:
        command = enrolments.PutEnrolment(
            enrolment_id=optional_identifier(request.enrolment_id),
            payer_code=request.payer_code,
            practitioner_id=optional_identifier(request.practitioner_id),
            location_id=optional_identifier(request.location_id),
            transaction=TRANSACTIONS[request.transaction],
            state=STATES[request.state],
            provider_number=request.provider_number,
            start=to_date(request.effective.start, "effective.start"),
            end=optional_date(request.effective.end, "effective.end"),
            note=request.note,
            version=request.version,
        )
        return _enrolment(enrolments.put_enrolment(call, command), payer_codes(call))

    def GetEnrolment(self, request: pb.GetEnrolmentRequest, call: Call) -> pb.Enrolment:
        row = enrolments.get_enrolment(call, identifier(request.enrolment_id))
        return _enrolment(row, payer_codes(call))

    def ListEnrolments(self, request: pb.ListEnrolmentsRequest, call: Call) -> pb.ListEnrolmentsResponse:
        state = STATES.get(request.state)
        rows, token = enrolments.list_enrolments(
            call,
            payer_code=request.payer_code,
            practitioner_id=optional_identifier(request.practitioner_id),
            location_id=optional_identifier(request.location_id),
            state=state.value if state else "",
            page_size=request.page_size,
            page_token=request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListEnrolmentsResponse(enrolments=[_enrolment(row, codes) for row in rows], next_page_token=token)


def _enrolment(row: Enrolment, code_of: Callable[[UUID | None], str]) -> pb.Enrolment:
    return pb.Enrolment(
        enrolment_id=str(row.id),
        payer_code=code_of(row.payer_id),
        practitioner_id=str(row.practitioner_id or ""),
        location_id=str(row.location_id or ""),
        transaction=TRANSACTION_MESSAGES[row.transaction],
        state=STATE_MESSAGES[row.state],
        provider_number=row.provider_number,
        effective=period(row.start_date, row.end_date),
        note=row.note,
        version=row.version,
    )
