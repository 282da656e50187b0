"""What can be taken: people, rooms, devices, and limits on the number of visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.cells import Span


@dataclass(frozen=True)
class Resource:
    """Something that can be taken: ``capacity`` visits at a time. ``resource_class`` is empty for people.

    ``before`` and ``after``: cells of its own buffers around each visit.
    """

    id: UUID
    kind: ResourceKind
    capacity: int = 1
    resource_class: str = ""
    before: int = field(default=0, compare=False)
    after: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Demand:
    """One resource for one stretch of cells, buffers included."""

    resource: Resource
    span: Span
