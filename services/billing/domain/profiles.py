"""A patient and their coverages as claims and eligibility questions need them, asked of the registry at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.x12.professional_claim import SELF, PostalAddress


@dataclass(frozen=True, slots=True)
class Person:
    """A patient or subscriber; sex is F, M or U as payers write it."""

    last: str
    first: str
    middle: str
    birth_date: date | None
    sex: str
    address: PostalAddress | None


@dataclass(frozen=True, slots=True)
class CoverageDetails:
    """One coverage. `relationship` is the patient's to the subscriber (18 self, 01 spouse, 19 child, G8 other)."""

    coverage_id: UUID
    payer_code: str
    member_id: str
    group_number: str
    plan_name: str
    relationship: str
    subscriber: Person | None  # None when the patient is the subscriber
    start: date | None
    end: date | None
    insurance_type: str  # SBR05, when Medicare is not primary
    case_number: str = ""
    accident_date: date | None = None
    accident_state: str = ""
    kind: str = "health"  # health, auto, workers_comp, employer

    @property
    def is_self(self) -> bool:
        """Whether the patient is the subscriber."""
        return self.relationship == SELF or self.subscriber is None


@dataclass(frozen=True, slots=True)
class Profile:
    """A patient with coverages in the order of payment."""

    patient_id: UUID
    person: Person
    died_on: date | None
    coverages: tuple[CoverageDetails, ...]

    def coverage(self, coverage_id: UUID) -> CoverageDetails | None:
        """The coverage with this id."""
        return next((one for one in self.coverages if one.coverage_id == coverage_id), None)
