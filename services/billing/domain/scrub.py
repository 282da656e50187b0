"""Scrubbing: every edit that a claim passes before it may go out, as a table with versions and dates.

An edit looks at the claim as it would be written (`ProfessionalClaim`) and at what is known around it; each finding
names the edit, its version, its source, the field, and what mends it. HOLD keeps the claim back; WARNING goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from billing.domain.coding_edits import CodingEdits
from billing.domain.diagnosis_limits import no_words
from billing.domain.payer_demands import PayerDemands
from billing.domain.x12.professional_claim import ProfessionalClaim


class Severity(StrEnum):
    """Whether a finding keeps the claim back."""

    HOLD = "hold"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known around a claim. Dates are local to the place of service; amounts in minor units."""

    today: date
    is_billable: Callable[[str, date], bool]  # ICD-10-CM code without dot, on a day
    timely_filing_days: int
    charged_minor: int  # what the ledger charged for the lines
    coverage_from: date | None = None
    coverage_to: date | None = None
    died_on: date | None = None
    first_sent_on: date | None = None  # of a corrected claim: when the original went out
    duplicates: Mapping[str, str] = field(default_factory=dict)  # line control → control of another live claim
    payer_kind: str = ""
    coding: CodingEdits = field(default_factory=CodingEdits)  # what the tenant's tables say about the claim's codes
    demands: PayerDemands = field(default_factory=PayerDemands)  # what the payer demands of services of the day
    enrolled: bool = True  # whether the payer has enrolled who bills, there, on the day
    coverage_kind: str = "health"
    # Lines that an authorisation covers, and lines of which nothing was left; by line control.
    authorised: Mapping[str, str] = field(default_factory=dict)
    over_authorised: frozenset[str] = frozenset()
    words_of: Callable[[str], str] = no_words  # an ICD-10-CM code's (without dot) official words


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing an edit found."""

    edit_id: str
    version: int
    source: str
    severity: Severity
    field: str
    message: str
    fix: str


_Found = Iterator[tuple[str, str]]  # (field, message)
_Check = Callable[[ProfessionalClaim, Around], _Found]


@dataclass(frozen=True, slots=True)
class Edit:
    """One row of the table: what is asked, since when, where the rule stands, and how it is mended."""

    edit_id: str
    version: int
    source: str
    fix: str
    check: _Check
    severity: Severity = Severity.HOLD
    start: date = date(2010, 1, 1)
    end: date | None = None


def scrub(claim: ProfessionalClaim, around: Around, edits: Iterable[Edit]) -> tuple[Finding, ...]:
    """Everything the edits find on a claim; edits that were not in force on its first day of service are left out."""
    on = min((line.service_from for line in claim.lines), default=around.today)
    return tuple(
        Finding(edit.edit_id, edit.version, edit.source, edit.severity, name, message, edit.fix)
        for edit in edits
        if edit.start <= on and (edit.end is None or on <= edit.end)
        for name, message in edit.check(claim, around)
    )


def holds(findings: Sequence[Finding]) -> bool:
    """Whether any finding keeps the claim back."""
    return any(finding.severity is Severity.HOLD for finding in findings)
