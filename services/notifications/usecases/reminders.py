"""What is planned for an appointment, and the proof that it is what the rules ask for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from notifications.domain import plan
from notifications.domain.vocabulary import ReminderStatus
from notifications.store import Store
from notifications.tables import Appointment, Reminder
from notifications.usecases.policy import get_policy
from notifications.usecases.visits import VISIT_TRIGGERS, as_existing, as_rule, as_visit, windows_of


@dataclass(frozen=True)
class Listed:
    """A planned sending with its rule's name."""

    reminder: Reminder
    rule_name: str


@dataclass(frozen=True)
class Accounted:
    """One rule's demand beside what exists for it."""

    asked: plan.Expected
    rule_name: str
    rows: tuple[Listed, ...]
    satisfied: bool
    explanation: str


@dataclass(frozen=True)
class Account:
    """Everything the rules ask for, and live sendings that none asks for."""

    asked: tuple[Accounted, ...]
    unexpected: tuple[Listed, ...]

    @property
    def complete(self) -> bool:
        """Every rule has what it asks for, and there is nothing beside."""
        return not self.unexpected and all(item.satisfied for item in self.asked)


def list_reminders(call: Call, appointment_id: UUID) -> list[Listed]:
    """Every planned sending of an appointment, of earlier times too, in the order they were due. Raises NotFound."""
    store = Store(call.session)
    _visible(call, store, appointment_id)
    rows = store.reminders_of(appointment_id)
    names = store.rule_names([row.rule_id for row in rows])
    return [Listed(row, names[row.rule_id]) for row in rows]


def expected_reminders(call: Call, appointment_id: UUID) -> Account:
    """What the rules ask for, worked out anew, beside what exists. Raises NotFound."""
    store = Store(call.session)
    appointment = _visible(call, store, appointment_id)
    visit = as_visit(appointment)
    rules = [as_rule(rule) for rule in store.rules(VISIT_TRIGGERS)]
    asked = plan.expected(visit, rules, windows_of(get_policy(call)))
    present = [row for row in list_reminders(call, appointment_id) if row.reminder.occurrence == visit.reschedule_count]
    names = store.rule_names([item.rule.id for item in asked])
    accounted = []
    for item in asked:
        rows = tuple(row for row in present if row.reminder.rule_id == item.rule.id)
        satisfied, explanation = plan.is_satisfied(item, [as_existing(row.reminder) for row in rows])
        accounted.append(Accounted(item, names[item.rule.id], rows, satisfied, explanation))
    wanted = {item.rule.id for item in asked}
    waiting = [row for row in present if row.reminder.status == ReminderStatus.PLANNED.value]
    return Account(tuple(accounted), tuple(row for row in waiting if row.reminder.rule_id not in wanted))


def _visible(call: Call, store: Store, appointment_id: UUID) -> Appointment:
    """The appointment, when it is at a location that the caller's account reaches. Raises NotFound."""
    appointment = store.need(Appointment, appointment_id, "appointment")
    within = call.principal.location_ids
    if within and appointment.location_id not in within:
        raise NotFound("appointment")
    return appointment
