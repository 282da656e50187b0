"""How and where guarantors are written to: asked of the patient registry at the moment of writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.types.v1 import types_pb2

from billing.adapters.paper import address_lines
from billing.adapters.statement_paper import Addressee
from chassis.call import Call
from chassis.peers import Peer

BATCH = 500


class RegistryAddressBook:
    """Guarantors by the people they answer for. ``pay_url``: where they can pay online; "" when they cannot."""

    def __init__(self, registry: Peer, pay_url: str = "") -> None:
        self._registry = registry
        self.pay_url = pay_url

    def __call__(self, call: Call, patient_ids: Sequence[UUID]) -> dict[UUID, Addressee]:
        """The guarantors of these patients by id. Raises Unavailable when the registry does not answer."""
        found: dict[UUID, Addressee] = {}
        for start in range(0, len(patient_ids), BATCH):
            ids = [str(patient_id) for patient_id in patient_ids[start : start + BATCH]]
            request = registry_pb2.GetBillingProfilesRequest(patient_ids=ids)
            answer = cast(
                "registry_pb2.GetBillingProfilesResponse", self._registry.call("GetBillingProfiles", request, call)
            )
            for profile in answer.profiles:
                if profile.HasField("guarantor") and not profile.guarantor.self:
                    key, person = profile.guarantor.guarantor_id, profile.guarantor
                else:
                    key, person = profile.patient_id, profile
                found[UUID(key or profile.patient_id)] = _addressee(person.name, person.address, person.language)
        return found


def _addressee(name: types_pb2.HumanName, address: types_pb2.Address, language: str) -> Addressee:
    kept = {
        "lines": list(address.lines),
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
    }
    written = " ".join(part for part in (name.prefix, name.given, name.middle, name.family, name.suffix) if part)
    return Addressee(written, address_lines(kept) if address.city or address.lines else (), language or "en")
