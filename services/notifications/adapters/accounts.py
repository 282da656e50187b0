"""Identity: the one-time codes that are about to be sent, and members of staff's own addresses. Both are known here for the
moment of their use only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from polyclinic.identity.v1 import identity_pb2
from polyclinic.identity.v1 import patient_access_pb2 as pb

from chassis.call import Call
from chassis.errors import Remote
from chassis.peers import Peer

SETTLED = "CODE_SETTLED"


@dataclass(frozen=True)
class Code:
    """A code in clear, and the slug of the clinic whose portal it opens."""

    code: str
    slug: str


@dataclass(frozen=True)
class Accounts:
    """Identity's RPCs that messages need. All raise Unavailable while it does not answer."""

    peer: Peer
    people: Peer

    def email_of(self, call: Call, account_id: str) -> str:
        """A member of staff's e-mail address; '' without one, or when there is no such account."""
        request = identity_pb2.GetAccountRequest(account_id=account_id)
        try:
            return cast(identity_pb2.Account, self.people.call("GetAccount", request, call)).email
        except Remote as error:
            if error.reason == "NOT_FOUND":
                return ""
            raise

    def draw_code(
        self, call: Call, code_id: UUID, patient_id: UUID, name: str, proxied_patient_ids: Sequence[str]
    ) -> Code | None:
        """The code of a request, made anew; None when it has been used or is too old."""
        request = pb.DrawPortalCodeRequest(
            portal_code_id=str(code_id),
            patient_id=str(patient_id),
            name=name,
            proxied_patient_ids=proxied_patient_ids,
        )
        try:
            answer = cast(pb.DrawPortalCodeResponse, self.peer.call("DrawPortalCode", request, call))
        except Remote as error:
            if error.reason == SETTLED:
                return None
            raise
        return Code(answer.code, answer.slug)
