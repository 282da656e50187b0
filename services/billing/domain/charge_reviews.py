"""Which signed visits somebody looks at before they are charged: rules as data, each a list of things that must all be so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from uuid import UUID

from billing.domain.procedure_ranges import names

# What `payer_codes` calls visits that nobody but the patient pays.
SELF = "SELF"


@dataclass(frozen=True, slots=True)
class Asks:
    """What a rule asks of a visit; what is empty is not asked. Diagnoses without dots: any that begins so."""

    practitioner_ids: tuple[UUID, ...] = ()
    location_ids: tuple[UUID, ...] = ()
    appointment_type_codes: tuple[str, ...] = ()
    payer_codes: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    charge_from_minor: int | None = None
    sample_percent: int = 0

    @property
    def asks_nothing(self) -> bool:
        """Whether every visit would be held: a rule must name something."""
        return all(getattr(self, one.name) in ((), None, 0) for one in fields(self))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its days (both included)."""

    name: str
    asks: Asks
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class SignedVisit:
    """A visit as rules look at it; minor units, diagnoses without dots."""

    encounter_id: UUID
    practitioner_id: UUID
    location_id: UUID
    appointment_type_code: str
    payer_code: str
    service_date: date
    procedures: tuple[str, ...]
    modifiers: tuple[str, ...]
    diagnoses: tuple[str, ...]
    charge_minor: int


def holds(rule: Rule, visit: SignedVisit) -> bool:
    """Whether the rule holds the visit: it is of its days, and everything asked is so."""
    asks = rule.asks
    if not (rule.start <= visit.service_date and (rule.end is None or visit.service_date <= rule.end)):
        return False
    return (
        _among(visit.practitioner_id, asks.practitioner_ids)
        and _among(visit.location_id, asks.location_ids)
        and _among(visit.appointment_type_code, asks.appointment_type_codes)
        and _among(visit.payer_code or SELF, asks.payer_codes)
        and (not asks.procedures or any(names(asks.procedures, one) for one in visit.procedures))
        and (not asks.modifiers or bool(set(asks.modifiers) & set(visit.modifiers)))
        and (not asks.diagnoses or any(one.startswith(asks.diagnoses) for one in visit.diagnoses))
        and (asks.charge_from_minor is None or visit.charge_minor >= asks.charge_from_minor)
        and (asks.sample_percent == 0 or drawn(visit.encounter_id) < asks.sample_percent)
    )


def drawn(encounter_id: UUID) -> int:
    """A number from 0 to 99 that is always the same for a visit, and as often one as another."""
    return int.from_bytes(sha256(encounter_id.bytes).digest()[:8]) % 100


def _among(value: object, asked: Sequence[object]) -> bool:
    return not asked or value in asked
