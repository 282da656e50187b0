"""Servicer of `Authorisations`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from polyclinic.billing.v1 import authorisations_pb2 as pb

from billing.domain.authorisations import AuthorisationKind, Measure
from billing.rpc.payers import period
from billing.usecases import authorisations
from billing.usecases.authorisations import AuthorisationView
from billing.usecases.claim_reads import payer_codes
from chassis.call import Call
from chassis.protos import identifier, optional_date, optional_identifier, to_date

KINDS = {
    pb.AUTHORISATION_KIND_AUTHORISATION: AuthorisationKind.AUTHORISATION,
    pb.AUTHORISATION_KIND_REFERRAL: AuthorisationKind.REFERRAL,
}
KIND_MESSAGES = {kind.value: number for number, kind in KINDS.items()}
STATES = {
    pb.AUTHORISATION_STATE_REQUESTED: "requested",
    pb.AUTHORISATION_STATE_APPROVED: "approved",
    pb.AUTHORISATION_STATE_DENIED: "denied",
    pb.AUTHORISATION_STATE_ENDED: "ended",
}
STATE_MESSAGES = {state: number for number, state in STATES.items()}
MEASURES = {
    pb.AUTHORISATION_MEASURE_UNITS: Measure.UNITS,
    pb.AUTHORISATION_MEASURE_VISITS: Measure.VISITS,
}
MEASURE_MESSAGES = {measure.value: number for number, measure in MEASURES.items()}


class AuthorisationsRpc:
    """Authorisations and referrals."""

    def PutAuthorisation(self, request: pb.PutAuthorisationRequest, call: Call) -> pb.Authorisation:
        command = authorisations.PutAuthorisation(
            authorisation_id=optional_identifier(request.authorisation_id),
            kind=KINDS[request.kind],
            state=STATES[request.state],
            patient_id=identifier(request.patient_id),
            coverage_id=identifier(request.coverage_id),
            number=request.number,
            procedures=tuple(request.procedures),
            measure=MEASURES[request.measure],
            limit=request.limit or None,
            start=to_date(request.effective.start, "effective.start"),
            end=optional_date(request.effective.end, "effective.end"),
            practitioner_id=optional_identifier(request.practitioner_id),
            location_id=optional_identifier(request.location_id),
            referring_npi=request.referring_npi,
            referring_name=request.referring_name,
            note=request.note,
            version=request.version,
        )
        return _authorisation(authorisations.put_authorisation(call, command), payer_codes(call))

    def GetAuthorisation(self, request: pb.GetAuthorisationRequest, call: Call) -> pb.Authorisation:
        view = authorisations.get_authorisation(call, identifier(request.authorisation_id))
        return _authorisation(view, payer_codes(call))

    def ListAuthorisations(self, request: pb.ListAuthorisationsRequest, call: Call) -> pb.ListAuthorisationsResponse:
        views, token = authorisations.list_authorisations(
            call,
            optional_identifier(request.patient_id),
            STATES.get(request.state, ""),
            request.page_size,
            request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListAuthorisationsResponse(
            authorisations=[_authorisation(view, codes) for view in views], next_page_token=token
        )


def _authorisation(view: AuthorisationView, code_of: Callable[[UUID | None], str]) -> pb.Authorisation:
    row = view.row
    return pb.Authorisation(
        authorisation_id=str(row.id),
        kind=KIND_MESSAGES[row.kind],
        state=STATE_MESSAGES[row.state],
        patient_id=str(row.patient_id),
        coverage_id=str(row.coverage_id),
        payer_code=code_of(row.payer_id),
        number=row.number,
        procedures=row.procedures,
        measure=MEASURE_MESSAGES[row.measure],
        limit=row.limit_count or 0,
        used=view.used,
        left=max((row.limit_count or 0) - view.used, 0),
        booked_visits=view.booked_visits,
        effective=period(row.start_date, row.end_date),
        practitioner_id=str(row.practitioner_id or ""),
        location_id=str(row.location_id or ""),
        referring_npi=row.referring_npi,
        referring_name=row.referring_name,
        note=row.note,
        version=row.version,
    )
