"""Where a message about a patient may go: their own addresses, or those of the people who act for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from patient_registry.domain import consent
from patient_registry.domain.consent import Change, Channel, Purpose
from patient_registry.domain.contact_points import ContactKind, ContactPoint

_CHANNELS = {
    ContactKind.EMAIL: (Channel.EMAIL,),
    ContactKind.MOBILE: (Channel.SMS, Channel.VOICE),
    ContactKind.LANDLINE: (Channel.VOICE,),
    ContactKind.WORK_PHONE: (Channel.VOICE,),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose addresses may be used. `said` is None for somebody who is not a patient here."""

    holder_id: UUID
    name: str
    points: tuple[ContactPoint, ...]
    said: tuple[Change, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """One address on one channel, and what it may be used for now."""

    channel: Channel
    value: str
    purposes: tuple[Purpose, ...]
    on_behalf: bool
    holder_id: UUID
    holder_name: str


def reaches(patient: Holder, acting: Sequence[Holder]) -> list[Reach]:
    """Where messages about a patient may go, preferred addresses first.

    A patient with any address of their own is written to there. Otherwise those who act for them are, as far as both the
    patient's record and the holder allow: somebody who answered STOP gets no message about their children either.
    """
    own = list(_of(patient, patient, on_behalf=False))
    if own:
        return own
    return [reach for holder in acting for reach in _of(patient, holder, on_behalf=True)]


def is_reached_through_others(patient_points: Iterable[ContactPoint]) -> bool:
    """Whether a patient has no address of their own."""
    return not any(True for _ in patient_points)


def _of(patient: Holder, holder: Holder, *, on_behalf: bool) -> Iterable[Reach]:
    points = sorted(holder.points, key=lambda point: (not point.preferred, point.kind is not ContactKind.MOBILE))
    for point in points:
        for channel in _CHANNELS[point.kind]:
            purposes = consent.allowed_purposes(patient.said or (), channel)
            if on_behalf and holder.said is not None:
                allowed = set(consent.allowed_purposes(holder.said, channel))
                purposes = tuple(purpose for purpose in purposes if purpose in allowed)
            yield Reach(channel, point.value, purposes, on_behalf, holder.holder_id, holder.name)
