"""What patients are called, for lists of billing that tell about many of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from billing.store import Store
from chassis.call import Call


def patient_names(call: Call, patient_ids: Iterable[UUID]) -> Mapping[UUID, str]:
    """Patient → name as it is spoken, all read at once; who is not known here is left out."""
    known = Store(call.session).patients(patient_ids)
    return {patient_id: f"{person.first} {person.last}".strip() for patient_id, person in known.items()}
