"""What a clinician has at hand when coding: favourites by use, and their order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Of each kind so many are offered by use.
MOST_BY_USE = 20


@dataclass(frozen=True, slots=True)
class UsedProcedure:
    """A service as it was coded."""

    procedure: str
    modifiers: tuple[str, ...]
    units: int


@dataclass(frozen=True, slots=True)
class Visit:
    """What one charged visit was coded with; diagnoses without dots."""

    diagnoses: tuple[str, ...]
    services: tuple[UsedProcedure, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """A code, in how many visits it was used, and what came with it most often."""

    code: str
    visits: int
    modifiers: tuple[str, ...] = ()
    units: int = 1


def diagnoses_by_use(visits: Iterable[Visit]) -> list[Use]:
    """Diagnoses by the number of visits that had them, the most used first, then by code."""
    tally = Counter(code for visit in visits for code in set(visit.diagnoses))
    return [Use(code, count) for code, count in sorted(tally.items(), key=lambda one: (-one[1], one[0]))]


def procedures_by_use(visits: Iterable[Visit]) -> list[Use]:
    """Services by the number of visits that had them, each with the modifiers and units that it mostly had."""
    tally: Counter[str] = Counter()
    shapes: defaultdict[str, Counter[tuple[tuple[str, ...], int]]] = defaultdict(Counter)
    for visit in visits:
        tally.update({service.procedure for service in visit.services})
        for service in visit.services:
            shapes[service.procedure][service.modifiers, service.units] += 1
    found = []
    for code, count in sorted(tally.items(), key=lambda one: (-one[1], one[0])):
        modifiers, units = min(shapes[code], key=lambda shape: (-shapes[code][shape], shape))
        found.append(Use(code, count, modifiers, units))
    return found


def placed(order: Sequence[str], code: str, position: int) -> list[str]:
    """A list of codes with one at a place (from 1; 0: at the end); one that is there already is moved."""
    others = [one for one in order if one != code]
    at = len(others) if position == 0 else min(position - 1, len(others))
    return [*others[:at], code, *others[at:]]
