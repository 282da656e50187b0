"""The patient registry: how a person may be reached now, and whose an address is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from uuid import UUID

from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2

from chassis.call import Call
from chassis.peers import Peer
from notifications.domain.vocabulary import Channel
from notifications.domain.windows import QuietHours

# Short, because the answer is needed while a webhook waits.
LOOKUP_SECONDS = 3.0


class Purpose(StrEnum):
    """What consent is asked for."""

    VISIT = "visit"
    BILLING = "billing"


@dataclass(frozen=True)
class Address:
    """An address with the purposes its holder allows now."""

    channel: Channel
    value: str
    purposes: frozenset[Purpose]


@dataclass(frozen=True)
class Contact:
    """How a patient may be reached now, preferred addresses first; ``suppressed``: never write to or about them."""

    language: str
    time_zone: str
    addresses: tuple[Address, ...]
    suppressed: bool
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True)
class Registry:
    """The registry's RPCs that messages need. All raise Unavailable while it does not answer."""

    peer: Peer

    def contacts(self, call: Call, patient_ids: Collection[UUID]) -> dict[UUID, Contact]:
        """How patients may be reached now, those that the registry knows; one question, however many."""
        if not patient_ids:
            return {}
        request = registry_pb2.GetContactsRequest(patient_ids=[str(patient_id) for patient_id in patient_ids])
        answer = cast(registry_pb2.GetContactsResponse, self.peer.call("GetContacts", request, call))
        return {UUID(found.patient_id): _contact(found) for found in answer.contacts}

    def patients_at(self, call: Call, address: str) -> set[UUID]:
        """The patients who are reached at an address."""
        request = registry_pb2.FindByContactRequest(value=address)
        answer = self.peer.call("FindByContact", request, call, seconds=LOOKUP_SECONDS)
        return {UUID(holder.patient_id) for holder in cast(registry_pb2.FindByContactResponse, answer).holders}


def _contact(found: registry_pb2.Contact) -> Contact:
    addresses = tuple(
        Address(_CHANNELS[one.channel], one.value, frozenset(_PURPOSES[p] for p in one.purposes if p in _PURPOSES))
        for one in found.addresses
        if one.channel in _CHANNELS
    )
    quiet = found.quiet_hours if found.HasField("quiet_hours") else None
    return Contact(
        found.language,
        found.time_zone,
        addresses,
        found.suppressed,
        QuietHours(quiet.from_minute, quiet.until_minute) if quiet else None,
    )


_CHANNELS = {
    registry_pb2.CONTACT_CHANNEL_EMAIL: Channel.EMAIL,
    registry_pb2.CONTACT_CHANNEL_SMS: Channel.SMS,
}
_PURPOSES = {
    registry_pb2.CONTACT_PURPOSE_VISIT: Purpose.VISIT,
    registry_pb2.CONTACT_PURPOSE_BILLING: Purpose.BILLING,
}
