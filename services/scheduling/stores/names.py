"""The names that stand beside visits: of all three copies in one statement, which each step and list of visits asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sqlalchemy import text

from chassis.store import BaseStore

_NAMES = text(
    """
    select 'patient' as kind, id, name, mrn from patient_copy where tenant_id = :tenant_id and id = any(:patients)
    union all
    select 'practitioner', id, name, '' from practitioner_copy where tenant_id = :tenant_id and id = any(:practitioners)
    union all
    select 'location', id, name, '' from location_copy where tenant_id = :tenant_id and id = any(:locations)
    """
)


class Meeting(Protocol):
    """Whatever has a patient, a practitioner and a place."""

    @property
    def patient_id(self) -> UUID: ...

    @property
    def practitioner_id(self) -> UUID: ...

    @property
    def location_id(self) -> UUID: ...


@dataclass
class Names:
    """Names by id, of those that are known; patients with their record numbers."""

    patients: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    practitioners: dict[UUID, str] = field(default_factory=dict)
    locations: dict[UUID, str] = field(default_factory=dict)


class NameStore(BaseStore):
    """Reads names."""

    def names_beside(self, rows: Collection[Meeting]) -> Names:
        """The names of everybody and every place in these rows."""
        found = Names()
        if not rows:
            return found
        values = {
            "tenant_id": self.tenant_id,
            "patients": list({row.patient_id for row in rows}),
            "practitioners": list({row.practitioner_id for row in rows}),
            "locations": list({row.location_id for row in rows}),
        }
        for kind, row_id, name, mrn in self.session.execute(_NAMES, values):
            match kind:
                case "patient":
                    found.patients[row_id] = (name, mrn)
                case "practitioner":
                    found.practitioners[row_id] = name
                case "location":
                    found.locations[row_id] = name
        return found
