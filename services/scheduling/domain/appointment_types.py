"""What kinds of visit there are, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from uuid import UUID

from scheduling.domain.availability import DEFAULT_HORIZON_DAYS
from scheduling.domain.cells import CELL_MINUTES, cells_of
from scheduling.domain.limits import NO_LIMITS, VisitLimits

DEFAULT_START_EVERY_MINUTES = 15


class ResourceKind(Enum):
    """What can be taken; the values are the proto's."""

    PRACTITIONER = 1
    ROOM = 2
    EQUIPMENT = 3
    PATIENT = 4
    # The seats of a group visit.
    GROUP = 5
    # A limit on the number of visits (see domain/limits.py).
    LIMIT = 6
    # Roles that people fill: somebody who interprets, and the practitioner's own language.
    INTERPRETER = 7
    LANGUAGE = 8


class Modality(Enum):
    """How patient and practitioner meet; the values are the proto's."""

    IN_PERSON = 1
    VIDEO = 2
    PHONE = 3


class PatientKind(Enum):
    """Whose visits; the values are the proto's. New: not seen by the organisation within three years."""

    ANY = 0
    NEW = 1
    ESTABLISHED = 2


class ClearanceKind(Enum):
    """What a patient may have to have before booking; the values are the proto's."""

    REFERRAL = 1
    QUESTIONNAIRE = 2


# As the class of a LANGUAGE or INTERPRETER role: the language of the visit's patient.
PATIENTS_LANGUAGE = "patient"
ROLES_OF_THINGS = frozenset({ResourceKind.ROOM, ResourceKind.EQUIPMENT})
ROLES_OF_HELPERS = frozenset({ResourceKind.PRACTITIONER, ResourceKind.INTERPRETER})


@dataclass(frozen=True, order=True)
class Role:
    """What a visit needs besides its practitioner and patient, from the visit's location.

    ROOM, EQUIPMENT: any of this class. PRACTITIONER: another one with this specialty, working there then. INTERPRETER: somebody
    with the specialty "interpreter" who speaks this language, unless the practitioner does. LANGUAGE: the practitioner speaks it.
    Its own buffers, where they are longer than the type's, are the resource's only.
    """

    kind_number: int
    resource_class: str
    buffer_before_minutes: int = field(default=0, compare=False)
    buffer_after_minutes: int = field(default=0, compare=False)

    @property
    def kind(self) -> ResourceKind:
        """What fills it."""
        return ResourceKind(self.kind_number)


@dataclass(frozen=True)
class OnlineRules:
    """What a patient who books for themselves has to meet; ages are whole years on the visit's day, a maximum of 0 is none."""

    min_age: int = 0
    max_age: int = 0
    patients: PatientKind = PatientKind.ANY
    payer_codes: frozenset[str] = frozenset()
    clearances: tuple[tuple[ClearanceKind, str], ...] = ()

    def __bool__(self) -> bool:
        return self != NO_ONLINE_RULES


NO_ONLINE_RULES = OnlineRules()


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
    # For new patients, 0 and absent: as for others. A practitioner's own comes before the type's.
    new_patient_minutes: int = 0
    practitioner_new_patient_minutes: Mapping[UUID, int] = field(default_factory=dict)
    # Sessions whose reserved time it may use; ``session_only``: no other time.
    sessions: frozenset[str] = frozenset()
    session_only: bool = False
    practitioner_limits: VisitLimits = NO_LIMITS
    patient_limits: VisitLimits = NO_LIMITS
    # At most so many visits of one patient ahead, 0: any number.
    patient_upcoming: int = 0
    online: OnlineRules = NO_ONLINE_RULES

    def duration_cells(self, practitioner_id: UUID, *, new_patient: bool = False) -> int:
        """How many cells this practitioner takes for it."""
        minutes = self.practitioner_durations.get(practitioner_id, 0)
        if new_patient:
            own = self.practitioner_new_patient_minutes.get(practitioner_id, 0)
            minutes = own or minutes or self.new_patient_minutes
        return cells_of(minutes or self.duration_minutes)

    @cached_property
    def lengths_differ(self) -> bool:
        """Whether new patients take another time than established ones, with anybody."""
        return bool(self.new_patient_minutes or self.practitioner_new_patient_minutes)

    @cached_property
    def asks_for_people(self) -> bool:
        """Whether a role is a person's or a language."""
        return any(role.kind not in ROLES_OF_THINGS for role in self.roles)

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
    new_minutes = [kind.new_patient_minutes, *kind.practitioner_new_patient_minutes.values()]
    if any(minutes % CELL_MINUTES for minutes in new_minutes):
        found.append(("new_patient_minutes", "must be multiples of 5"))
    if any(
        role.buffer_before_minutes % CELL_MINUTES or role.buffer_after_minutes % CELL_MINUTES for role in kind.roles
    ):
        found.append(("roles", "must have buffers of multiples of 5 minutes"))
    if kind.session_only and not kind.sessions:
        found.append(("sessions", "must not be empty for a type that takes place in its sessions only"))
    if kind.online.max_age and kind.online.max_age < kind.online.min_age:
        found.append(("online.max_age", "must not be below min_age"))
    if len(set(kind.roles)) != len(kind.roles):
        found.append(("roles", "must name each class once"))
    return found
