"""The PatientAccess servicer: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.identity.v1 import identity_pb2
from polyclinic.identity.v1 import patient_access_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, timestamp
from identity.rpc.identity import token_response
from identity.usecases import patient_access
from identity.usecases.patient_access import CodeWish
from identity.usecases.sessions import SignInDesk


class PatientAccessRpc:
    """Serves polyclinic.identity.v1.PatientAccess."""

    def __init__(self, desk: SignInDesk) -> None:
        self._desk = desk

    def SignInWithCode(self, request: pb.SignInWithCodeRequest, call: Call) -> identity_pb2.TokenResponse:
        code_id = identifier(request.portal_code_id)
        return token_response(patient_access.sign_in(call, self._desk, request.tenant, code_id, request.code))

    def DrawPortalCode(self, request: pb.DrawPortalCodeRequest, call: Call) -> pb.DrawPortalCodeResponse:
        wish = CodeWish(
            identifier(request.portal_code_id),
            identifier(request.patient_id),
            request.name,
            list(request.proxied_patient_ids),
        )
        drawn = patient_access.draw(call, self._desk.passwords, wish)
        return pb.DrawPortalCodeResponse(code=drawn.code, expires_at=timestamp(drawn.expires_at), slug=drawn.slug)
