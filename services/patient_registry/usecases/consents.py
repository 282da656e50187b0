"""What people have said about being written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.call import Call
from patient_registry import rows
from patient_registry.domain import consent as rules
from patient_registry.domain.consent import Change, Channel, Purpose, Source
from patient_registry.store import LARGEST_HISTORY, Store
from patient_registry.tables import ConsentChange, Patient


@dataclass(frozen=True, slots=True)
class Entry:
    """What holds for one channel and purpose; `stated` None: nobody has said, the rule does."""

    channel: Channel
    purpose: Purpose
    granted: bool
    stated: Change | None


@dataclass(frozen=True, slots=True)
class Consent:
    """What holds now, and how it came to be, newest first."""

    patient_id: UUID
    entries: tuple[Entry, ...]
    history: tuple[ConsentChange, ...]


def get(call: Call, patient_id: UUID) -> Consent:
    """What a patient allows. Raises NotFound."""
    store = Store(call.session)
    store.need(Patient, patient_id, "patient")
    return _consent(patient_id, store.consent_history([patient_id], LARGEST_HISTORY)[patient_id])


def put(call: Call, patient_id: UUID, channel: Channel, purpose: Purpose | None, granted: bool) -> Consent:
    """Grants or refuses a channel for a purpose (None: all). Raises NotFound. The same again adds no history."""
    store = Store(call.session)
    store.lock(Patient, patient_id, "patient")
    held = store.consent_history([patient_id], LARGEST_HISTORY)[patient_id]
    source = Source.PORTAL if call.principal.kind == "patient" else Source.DESK
    said = [rows.consent_change(row) for row in held]
    added = _add(call, store, patient_id, rules.change(said, channel, purpose, granted, call.now, source))
    return _consent(patient_id, [*held, *added])


def answered(call: Call, patient_ids: Sequence[UUID], channel: Channel, granted: bool, at: datetime) -> None:
    """Takes an answer such as STOP or START, given at `at` by the holder of an address, for each of these patients."""
    store = Store(call.session)
    known = store.patients(patient_ids)
    for patient_id in sorted(known):
        store.lock(Patient, patient_id, "patient")
        said = [rows.consent_change(row) for row in store.consent_history([patient_id])[patient_id]]
        _add(call, store, patient_id, rules.answer(said, channel, granted, at))
        call.touch(patient_id)


def _add(call: Call, store: Store, patient_id: UUID, changes: Sequence[Change]) -> list[ConsentChange]:
    return [
        store.add(
            ConsentChange(
                patient_id=patient_id,
                channel=change.channel.value,
                purpose=change.purpose.value,
                granted=change.granted,
                changed_at=change.changed_at,
                source=change.source.value,
                changed_by=call.principal.name or call.principal.id,
            )
        )
        for change in changes
    ]


def _consent(patient_id: UUID, held: Sequence[ConsentChange]) -> Consent:
    standing = rules.standing(rows.consent_change(row) for row in held)
    entries = []
    for (channel, purpose), unstated in rules.UNSTATED.items():
        said = standing.get((channel, purpose))
        entries.append(Entry(channel, purpose, said.granted if said else unstated, said))
    return Consent(patient_id, tuple(entries), tuple(reversed(held))[:LARGEST_HISTORY])
