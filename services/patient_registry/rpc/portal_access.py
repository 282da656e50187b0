"""Codes for the portal."""

from __future__ import annotations

from polyclinic.patient_registry.v1 import portal_access_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, to_date
from patient_registry.usecases import portal_access


class PortalAccessRpc:
    """Serves polyclinic.patient_registry.v1.PortalAccess."""

    def RequestPortalCode(self, request: pb.RequestPortalCodeRequest, call: Call) -> pb.RequestPortalCodeResponse:
        code_id = portal_access.request_code(
            call, identifier(request.tenant_id), request.contact, to_date(request.birth_date, "birth_date")
        )
        return pb.RequestPortalCodeResponse(portal_code_id=str(code_id))
