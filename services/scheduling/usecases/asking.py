"""For whom a search is, and which starts that leaves: the patient's own time, limits, age, and licences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from chassis.call import Call
from scheduling.domain import bitmaps, limits, people, zones
from scheduling.domain.appointment_types import AppointmentType, Modality
from scheduling.domain.bitmaps import Occupancy
from scheduling.domain.cells import CELLS_PER_DAY, Span, cell_containing
from scheduling.domain.limits import Counter
from scheduling.domain.people import Clinician, Person
from scheduling.store import Store
from scheduling.usecases import guards, suiting
from scheduling.usecases.errors import NotBookableOnline

# Rules that depend on the visit's day: a search leaves out the days, it does not refuse.
_OF_THE_DAY = frozenset({"age"})


@dataclass
class Asking:
    """The patient of a search, if there is one; a search without asks nothing of a patient."""

    store: Store | None = None
    person: Person | None = None
    # By the patient themselves: the rules for booking online count.
    online: bool = False
    # The visit that is to be moved: its own time is the patient's to give.
    moving_id: UUID | None = None
    _busy: dict[Span, int] = field(default_factory=dict)

    def busy(self, block: Span) -> int:
        """The patient's booked time; bit 0 is the block's first cell. A visit may reach beyond the block."""
        if self.store is None or self.person is None:
            return 0
        if block not in self._busy:
            taken = self._of_others(self.store, self.person.id, block.widened(0, CELLS_PER_DAY))
            self._busy[block] = bitmaps.of_spans(taken, block.first)
        return self._busy[block]

    def allowed(self, kind: AppointmentType, zone: str, block: Span) -> int:
        """The cells of the block at which the patient may start such a visit, by limits and age; all (-1) without a rule."""
        if self.store is None or self.person is None:
            return -1
        bits = -1
        for counter in suiting.patient_counters(kind, self.person.id):
            bits &= ~self._full(self.store, counter, zone, block)
        rules = kind.online
        if self.online and (rules.min_age or rules.max_age) and self.person.birth_date is not None:
            first, last = people.days_of_age(self.person.birth_date, rules.min_age, rules.max_age)
            bits &= days_mask(zone, first, last, block)
        return bits

    def _of_others(self, store: Store, resource_id: UUID, span: Span) -> list[Span]:
        """What other visits than the one to be moved have taken."""
        return [taken for _, claim, taken in store.occupied([resource_id], span) if claim != self.moving_id]

    def _full(self, store: Store, counter: Counter, zone: str, block: Span) -> int:
        counted = Occupancy(counter.allowed)
        for span in self._of_others(store, counter.id, block.widened(8 * CELLS_PER_DAY, 2 * CELLS_PER_DAY)):
            counted.add(span)
        return limits.full_cells(counted, counter.period, zone, block)


NOBODY = Asking()


def days_mask(zone: str, first: date | None, last: date | None, block: Span) -> int:
    """The cells of the block whose local day is in [first, last]; None is open."""
    begin = zones.day_span(zone, first).first - block.first if first else 0
    end = zones.day_span(zone, last).end - block.first if last else len(block)
    return bitmaps.mask(min(max(begin, 0), len(block)), min(max(end, 0), len(block)))


def licensed_mask(kind: AppointmentType, clinician: Clinician, person: Person | None, zone: str, block: Span) -> int:
    """The cells of the block on whose local day the practitioner is licensed where the patient lives; all (-1) when that is not asked."""
    if kind.modality is not Modality.VIDEO or person is None or not person.state:
        return -1
    bits = 0
    for licence in clinician.licences:
        if licence.state == person.state:
            bits |= days_mask(zone, licence.first_day, licence.last_day, block)
    return bits


def asking_to_move(
    call: Call, store: Store, patient_id: UUID, appointment_id: UUID, kinds: Sequence[AppointmentType]
) -> Asking:
    """For whom a visit is moved. It was agreed already: rules for booking it online and the number of visits ahead are not asked again."""
    return Asking(store, suiting.person_for(call, store, patient_id, kinds), online=False, moving_id=appointment_id)


def asking_for(
    call: Call, store: Store, patient_id: UUID | None, kinds: Sequence[AppointmentType]
) -> tuple[Asking, list[AppointmentType]]:
    """For whom a search is, and which of the types they may have at all. Raises NotBookableOnline, with the rules that are not met, when
    patients who search for themselves may have none."""
    person = suiting.person_for(call, store, patient_id, kinds)
    if person is None:
        return NOBODY, list(kinds)
    online = guards.is_patient(call)
    today = zones.local_date("UTC", cell_containing(call.now))
    possible, refused = [], []
    for kind in kinds:
        rules = (
            [rule for rule in people.online_refusals(kind, person, today) if _lasting(rule, person)] if online else []
        )
        full = kind.patient_upcoming and len(store.upcoming_of(person.id, kind.id, call.now)) >= kind.patient_upcoming
        refused += rules
        if not rules and not full:
            possible.append(kind)
    if refused and not possible:
        raise NotBookableOnline(refused)
    return Asking(store, person, online), possible


def _lasting(rule: str, person: Person) -> bool:
    """Whether a refusal holds on every day: an age comes and goes, unless it is not known."""
    return rule not in _OF_THE_DAY or person.birth_date is None
