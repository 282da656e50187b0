"""The bitmaps that a process keeps of one tenant: who works when, what is taken of whom, and what was worked out from both."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from scheduling.domain import availability, bitmaps, limits, overbooking
from scheduling.domain.appointment_types import AppointmentType, Role
from scheduling.domain.availability import Reserve, WorkingRules
from scheduling.domain.cells import CELLS_PER_DAY, CELLS_PER_WEEK, Span, cell_containing
from scheduling.domain.limits import Counter, ResourceRule
from scheduling.stores.rows import NO_RULE
from scheduling.stores.rules import Catalogue

# How far back the bitmaps begin (a limit of the week counts from its Monday, zones differ), how far ahead they reach (the longest
# horizon of an appointment type and a margin), and after how many days they are begun anew.
DAYS_BACK = 8
DAYS_AHEAD = 404
REBASE_AFTER_DAYS = 14

# So many bitmaps that were worked out are kept (each about a kilobyte); beyond it they are all worked out anew.
MOST_WORKED_OUT = 100_000

# Cells of a visit and of its buffers before and after.
Shape = tuple[int, int, int]
# Shape, block, the sessions whose reserved time may be used, and whether no other may.
Opened = tuple[Shape, int, frozenset[str], bool]
# Layers of an occupancy: a room or device is busy when its last lane is taken, a practitioner (as a rule) when anything is.
LAST, ALONE = -1, 0


@dataclass(slots=True)
class TakenTime:
    """What is taken of one practitioner, room, device or limit."""

    occupancy: bitmaps.Occupancy
    # Where visits fit, by shape, block and layer: worked out when first asked for, forgotten when something changes.
    free: dict[tuple[Shape, int, int], int] = field(default_factory=dict)
    # Of a limit: the cells of days and weeks that can take no more, by zone and block.
    full: dict[tuple[str, int], int] = field(default_factory=dict)
    # What else was worked out from it, by identity: forgotten with it.
    memos: dict[int, dict[Any, Any]] = field(default_factory=dict)

    def changed(self) -> None:
        """What was worked out holds no more."""
        self.free.clear()
        self.full.clear()
        for memo in self.memos.values():
            memo.clear()

    def decides(self, memo: dict[Any, Any]) -> None:
        """What is kept in ``memo`` is forgotten when this changes."""
        self.memos[id(memo)] = memo


@dataclass(slots=True, eq=False)
class WorkingTime:
    """When one practitioner works at one location; bit 0 is the tenant's base."""

    practitioner_id: UUID
    location_id: UUID
    rules: WorkingRules
    bits: int
    # What of it is reserved for sessions; what the clinic has set for the practitioner and for the location.
    reserves: tuple[Reserve, ...] = ()
    own: ResourceRule = NO_RULE
    place: ResourceRule = NO_RULE
    # The practitioner's taken time, once it has been read.
    taken: TakenTime | None = None
    # Where visits can start, by shape and block.
    starts: dict[tuple[Shape, int], int] = field(default_factory=dict)
    # The same for sessions' types where time is reserved: up to where each reserve was released then, and the starts.
    opened: dict[Opened, tuple[tuple[int, ...], int]] = field(default_factory=dict)
    # Where visits of a type can start, its limits and reserves considered, by what is sought; up to which minute it holds.
    possible: dict[tuple[int, ...], tuple[int | None, int]] = field(default_factory=dict)
    # (Further visits, cells that take so many more): where templates plan several at a time.
    levels: tuple[tuple[int, int], ...] = ()
    # The limits that visits of a type count for here, by type, as they were first asked for.
    counted: dict[UUID, tuple[Counter, ...]] = field(default_factory=dict)
    # Whether anything but working and taken time has to be looked at.
    narrowed: bool = False

    def ruled_by(self, own: ResourceRule, place: ResourceRule) -> None:
        """Takes what the clinic has set for the practitioner and the location."""
        self.own, self.place, self.counted = own, place, {}
        self.possible.clear()
        self.narrowed = bool(self.reserves) or own is not NO_RULE or place is not NO_RULE

    def begin_with(self, taken: TakenTime | None) -> None:
        """Takes the practitioner's taken time, or forgets it; what was worked out before holds no more."""
        self.taken = taken
        for memo in (self.starts, self.opened, self.possible):
            memo.clear()
            if taken is not None:
                taken.decides(memo)

    def counters(self, kind: AppointmentType) -> tuple[Counter, ...]:
        """The limits that a visit of this type here counts for, whoever the patient is."""
        found = self.counted.get(kind.id)
        if found is None:
            found = tuple(
                limits.practitioner_counters(
                    kind.practitioner_limits, kind.id, self.practitioner_id, self.own, self.location_id, self.place
                )
            )
            self.counted[kind.id] = found
        return found


class TenantCache:
    """The bitmaps of one tenant. Guarded by its lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.base = 0
        self.seen = 0
        self.catalogue: Catalogue | None = None
        self.working: dict[tuple[UUID, UUID], WorkingTime] = {}
        self.by_location: dict[UUID, list[WorkingTime]] = {}
        self.taken: dict[UUID, TakenTime] = {}
        self.lanes: dict[UUID, int] = {}
        # Where some room or device of a class is free, by location and role; by what is sought.
        self.things: dict[tuple[UUID, Role], dict[tuple[int, ...], int]] = {}
        # How many bitmaps have been worked out and kept.
        self.worked_out = 0

    @property
    def span(self) -> Span:
        """The cells that the bitmaps cover."""
        return Span(self.base, self.base + (DAYS_BACK + DAYS_AHEAD + REBASE_AFTER_DAYS) * CELLS_PER_DAY)

    def begin_anew(self, now: datetime) -> None:
        """Forgets everything."""
        first = cell_containing(now - timedelta(days=DAYS_BACK))
        self.base = first - first % CELLS_PER_WEEK
        self.catalogue = None
        self.working, self.taken, self.things, self.worked_out = {}, {}, {}, 0

    def forget_what_was_worked_out(self) -> None:
        """Keeps what has been read, forgets what follows from it: memory has its bounds."""
        for one in self.taken.values():
            one.changed()
        self.things, self.worked_out = {}, 0

    def take_rules(self, catalogue: Catalogue) -> None:
        """Takes new rules; working time whose rules are as they were is kept as it was worked out."""
        self.catalogue = catalogue
        known, self.working, self.by_location = self.working, {}, {}
        same: dict[WorkingRules, WorkingTime] = {}
        self.things = {}
        for one in self.taken.values():
            one.memos.clear()
        for (practitioner_id, location_id), rules in sorted(catalogue.working.items()):
            kept = known.get((practitioner_id, location_id))
            if kept is None or kept.rules != rules:
                kept = self._worked_out(practitioner_id, location_id, rules, same.get(rules))
            same[rules] = kept
            kept.begin_with(kept.taken)
            kept.ruled_by(catalogue.rules.get(practitioner_id, NO_RULE), catalogue.rules.get(location_id, NO_RULE))
            self.working[practitioner_id, location_id] = kept
            self.by_location.setdefault(location_id, []).append(kept)
        self._count_lanes()

    def _worked_out(
        self, practitioner_id: UUID, location_id: UUID, rules: WorkingRules, alike: WorkingTime | None
    ) -> WorkingTime:
        """The working time that follows from the rules; shared with somebody whose rules are the same."""
        if alike is not None:
            return WorkingTime(
                practitioner_id, location_id, alike.rules, alike.bits, alike.reserves, levels=alike.levels
            )
        return WorkingTime(
            practitioner_id,
            location_id,
            rules,
            availability.working_bits(rules, self.span),
            availability.reserves(rules, self.span),
            levels=overbooking.planned_levels(rules, self.span),
        )

    def _count_lanes(self) -> None:
        """How many visits at a time each practitioner may have anywhere; what was counted with fewer lanes is counted anew."""
        self.lanes = {}
        for (practitioner_id, _), where in self.working.items():
            most = 1 + max((level for level, _ in where.levels), default=0)
            self.lanes[practitioner_id] = max(most, self.lanes.get(practitioner_id, 1))
        for (practitioner_id, _), where in self.working.items():
            if where.taken is not None and where.taken.occupancy.capacity != self.lanes[practitioner_id]:
                where.begin_with(None)
                self.taken.pop(practitioner_id, None)
