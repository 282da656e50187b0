"""Ids of FHIR resources that are no rows of ours: a schedule is a practitioner at a location, a slot a type's start in one.

Ids say what they mean, so that nothing has to be kept: base64 in FHIR's own alphabet (``[A-Za-z0-9.-]``, at most 64 characters).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chassis.errors import NotFound

_ALPHABET = b"-."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GRAIN = timedelta(minutes=5)
_REFERENCE = re.compile(r"(?:.*/)?(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.\-]{1,64})(?:/_history/[^/]+)?")


@dataclass(frozen=True)
class ScheduleId:
    """A practitioner at a location."""

    practitioner_id: UUID
    location_id: UUID

    def __str__(self) -> str:
        return _write(self.practitioner_id.bytes + self.location_id.bytes)

    @classmethod
    def read(cls, text: str) -> ScheduleId:
        """Raises NotFound for what is no id of ours."""
        raw = _read(text, 32, "schedule")
        return cls(UUID(bytes=raw[:16]), UUID(bytes=raw[16:]))


@dataclass(frozen=True)
class SlotId:
    """A type's start in a schedule. ``type_tail`` is the second half of the appointment type's id (64 characters hold no more): a
    tenant's types differ in it, since it is random in a UUIDv7."""

    schedule: ScheduleId
    type_tail: bytes
    start: datetime

    def __str__(self) -> str:
        cell = (self.start - _EPOCH) // _GRAIN
        schedule = self.schedule.practitioner_id.bytes + self.schedule.location_id.bytes
        return _write(schedule + self.type_tail + cell.to_bytes(4, "big"))

    @classmethod
    def of(cls, type_id: str, practitioner_id: str, location_id: str, start: datetime) -> SlotId:
        """The id of an offered start."""
        return cls(ScheduleId(UUID(practitioner_id), UUID(location_id)), tail(type_id), start)

    @classmethod
    def read(cls, text: str) -> SlotId:
        """Raises NotFound for what is no id of ours."""
        raw = _read(text, 44, "slot")
        schedule = ScheduleId(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]))
        return cls(schedule, raw[32:40], _EPOCH + int.from_bytes(raw[40:], "big") * _GRAIN)


def tail(type_id: str) -> bytes:
    """The part of an appointment type's id that slots carry."""
    return UUID(type_id).bytes[8:]


def id_in(reference: str, *kinds: str) -> tuple[str, str] | None:
    """(kind, id) of a reference like "Patient/1" or "https://…/Patient/1"; None when it is to nothing of these kinds."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["kind"] not in kinds:
        return None
    return match["kind"], match["id"]


def _write(raw: bytes) -> str:
    return base64.b64encode(raw, _ALPHABET).decode().rstrip("=")


def _read(text: str, length: int, what: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), _ALPHABET, validate=True)
    except ValueError:
        raise NotFound(what) from None
    if len(raw) != length:
        raise NotFound(what)
    return raw
