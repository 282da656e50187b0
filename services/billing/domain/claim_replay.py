"""Replaying rules over past claims: what would be different, field by field, and what money would move.

Nothing is changed: a replay compares what was made of a claim with what the rules would make of the same claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from billing.domain.claim_rules import Outcome, RuledClaim, RuledLine


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after, as text; lines are named by their own ids."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Charges (minor units) that one payer would be asked for instead of another."""

    from_payer: str
    to_payer: str
    charge_minor: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What would be different about one claim. Amounts in minor units."""

    fired: tuple[str, ...]
    changes: tuple[FieldChange, ...]
    held: tuple[str, ...]  # reasons that were not there
    no_longer_held: tuple[str, ...]
    claims_before: int
    claims_after: int
    moved: tuple[Moved, ...]
    claim_was_held: bool = False
    claim_is_held: bool = False

    @property
    def any(self) -> bool:
        """Whether anything would be."""
        return bool(self.changes or self.held or self.no_longer_held or self.claims_before != self.claims_after)


def difference(before: Outcome, after: Outcome) -> Difference:
    """Between what was made of a claim and what would be; both are of the same claim before any rule."""
    reasons_before = {hold.reason for hold in before.holds}
    reasons_after = {hold.reason for hold in after.holds}
    return Difference(
        fired=after.fired,
        changes=(*_field_changes(before.claim, after.claim), *_route_changes(before, after)),
        held=tuple(sorted(reasons_after - reasons_before)),
        no_longer_held=tuple(sorted(reasons_before - reasons_after)),
        claims_before=len(before.parts),
        claims_after=len(after.parts),
        moved=_moved(before.claim, after.claim),
        claim_was_held=bool(before.holds),
        claim_is_held=bool(after.holds),
    )


def _field_changes(before: RuledClaim, after: RuledClaim) -> Iterable[FieldChange]:
    for one in fields(RuledClaim):
        if one.name == "lines":
            continue
        was, is_now = _shown(getattr(before, one.name)), _shown(getattr(after, one.name))
        if was != is_now:
            yield FieldChange(one.name, was, is_now)
    for line, later in zip(before.lines, after.lines, strict=True):
        for one in fields(RuledLine):
            was, is_now = _shown(getattr(line, one.name)), _shown(getattr(later, one.name))
            if was != is_now:
                yield FieldChange(f"lines[{line.line_id}].{one.name}", was, is_now)


def _route_changes(before: Outcome, after: Outcome) -> Iterable[FieldChange]:
    was = " ".join(route.queue for route in before.routes[:1])
    is_now = " ".join(route.queue for route in after.routes[:1])
    if was != is_now:
        yield FieldChange("queue", was, is_now)


def _moved(before: RuledClaim, after: RuledClaim) -> tuple[Moved, ...]:
    sums: dict[tuple[str, str], int] = {}
    for line, later in zip(before.lines, after.lines, strict=True):
        if line.payer != later.payer:
            key = (line.payer, later.payer)
            sums[key] = sums.get(key, 0) + line.charge_minor
    return tuple(Moved(*key, charge) for key, charge in sorted(sums.items()))


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the claims that were looked at; amounts in minor units."""

    claims: int = 0
    different: int = 0
    held: int = 0
    held_minor: int = 0
    no_longer_held: int = 0
    no_longer_held_minor: int = 0
    split: int = 0
    moved: tuple[Moved, ...] = ()
    # What has been paid on claims of which charges would move.
    paid_at_stake_minor: int = 0


def totals_of(differences: Iterable[tuple[int, int, Difference]]) -> Totals:
    """The sums of (charge, paid, difference) of many claims."""
    told = list(differences)
    held = [charge for charge, _, one in told if one.held and not one.claim_was_held]
    freed = [charge for charge, _, one in told if one.no_longer_held and not one.claim_is_held]
    moved: dict[tuple[str, str], int] = {}
    for _, _, one in told:
        for part in one.moved:
            key = (part.from_payer, part.to_payer)
            moved[key] = moved.get(key, 0) + part.charge_minor
    return Totals(
        claims=len(told),
        different=sum(one.any for _, _, one in told),
        held=len(held),
        held_minor=sum(held),
        no_longer_held=len(freed),
        no_longer_held_minor=sum(freed),
        split=sum(one.claims_after > one.claims_before for _, _, one in told),
        moved=tuple(Moved(*key, charge) for key, charge in sorted(moved.items())),
        paid_at_stake_minor=sum(paid for _, paid, one in told if one.moved),
    )
