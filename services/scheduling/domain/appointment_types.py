"""What kinds of visit there are, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from scheduling.domain.availability import DEFAULT_HORIZON_DAYS
from scheduling.domain.cells import CELL_MINUTES, cells_of

DEFAULT_START_EVERY_MINUTES = 15


class ResourceKind(Enum):
    """What can be taken; the values are the proto's."""

    PRACTITIONER = 1
    ROOM = 2
    EQUIPMENT = 3
    PATIENT = 4


class Modality(Enum):
    """How patient and practitioner meet; the values are the proto's."""

    IN_PERSON = 1
    VIDEO = 2
    PHONE = 3


@dataclass(frozen=True, order=True)
class Role:
    """Any room or device of this class at the visit's location."""

    kind_number: int
    resource_class: str

    @property
    def kind(self) -> ResourceKind:
        """ROOM or EQUIPMENT."""
        return ResourceKind(self.kind_number)


@dataclass(frozen=True)
class AppointmentType:
    """A kind of visit. Minutes are multiples of five."""

    id: UUID
    code: str
    name: str
    duration_minutes: int
    modality: Modality
    practitioner_durations: Mapping[UUID, int] = field(default_factory=dict)
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    roles: tuple[Role, ...] = ()
    online_bookable: bool = False
    minimum_notice_minutes: int = 0
    horizon_days: int = DEFAULT_HORIZON_DAYS
    start_every_minutes: int = DEFAULT_START_EVERY_MINUTES
    practitioner_ids: frozenset[UUID] = frozenset()
    active: bool = True

    def duration_cells(self, practitioner_id: UUID) -> int:
        """How many cells this practitioner takes for it."""
        if not self.practitioner_durations:
            return self.duration_minutes // CELL_MINUTES
        return cells_of(self.practitioner_durations.get(practitioner_id, self.duration_minutes))

    @property
    def before_cells(self) -> int:
        """Cells of the buffer before."""
        return cells_of(self.buffer_before_minutes)

    @property
    def after_cells(self) -> int:
        """Cells of the buffer after."""
        return cells_of(self.buffer_after_minutes)

    def offered_by(self, practitioner_id: UUID) -> bool:
        """Whether this practitioner takes such visits."""
        return not self.practitioner_ids or practitioner_id in self.practitioner_ids


def defects(kind: AppointmentType) -> list[tuple[str, str]]:
    """What keeps a type from being used, each as (field, what it must be); empty when it is sound."""
    found = []
    if not kind.code:
        found.append(("code", "is required"))
    if not kind.name.strip():
        found.append(("name", "is required"))
    if kind.duration_minutes < CELL_MINUTES:
        found.append(("duration_minutes", "must be at least 5"))
    in_cells = ("duration_minutes", "buffer_before_minutes", "buffer_after_minutes")
    found += [(name, "must be a multiple of 5") for name in in_cells if getattr(kind, name) % CELL_MINUTES]
    if any(minutes % CELL_MINUTES for minutes in kind.practitioner_durations.values()):
        found.append(("practitioner_durations", "must be multiples of 5"))
    if len(set(kind.roles)) != len(kind.roles):
        found.append(("roles", "must name each class once"))
    return found
