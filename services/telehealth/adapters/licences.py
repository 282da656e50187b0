"""Licences, asked of identity at the moment of joining; from our copy while identity does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from polyclinic.identity.v1 import identity_pb2

from chassis import telemetry
from chassis.call import Call
from chassis.errors import DeadlineExceeded, Remote, Unavailable
from chassis.peers import Peer
from chassis.protos import date_message
from telehealth.domain.licences import is_licensed
from telehealth.tables import Practitioner

log = telemetry.logger(__name__)
ASK_SECONDS = 3.0


@dataclass(frozen=True)
class Licences:
    """Identity's answer, or the degraded one."""

    peer: Peer

    def licensed(self, call: Call, practitioner_id: UUID, state: str, on: date, copy: Practitioner | None) -> bool:
        """Whether the practitioner may treat a patient in a USPS state on a day.

        While identity is away the licences told by its last event count; a practitioner of whom there is none is not licensed.
        """
        request = identity_pb2.CheckLicenceRequest(
            practitioner_id=str(practitioner_id), state=state, on_date=date_message(on)
        )
        try:
            answer = self.peer.call("CheckLicence", request, call, seconds=ASK_SECONDS)
            return cast(identity_pb2.CheckLicenceResponse, answer).licensed
        except (Unavailable, DeadlineExceeded) as error:
            log.warning("licence checked in our copy", error=error.internal)
            return copy is not None and copy.active and is_licensed(copy.licences, state, on)
        except Remote as error:
            if error.reason == "NOT_FOUND":
                return False
            raise
