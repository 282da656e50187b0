"""Identity: the one-time codes that are about to be sent. A code is known here for the moment of its sending only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

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
