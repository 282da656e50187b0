"""Bookings beyond the rules, by a supervisor who says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling import published
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.claims import Conflict, ConflictReason
from scheduling.store import Store
from scheduling.tables_booking_rules import RuleOverride
from scheduling.usecases import booking, guards, placing, refusals
from scheduling.usecases.booking import Booking
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.placing import Candidate, Placed, Wanted

# What protects the practitioner's day may be overridden; what protects the patient may not.
OVERRIDABLE = frozenset(
    {
        ConflictReason.OUTSIDE_WORKING_TIME,
        ConflictReason.TOO_SOON,
        ConflictReason.TOO_FAR_AHEAD,
        ConflictReason.RESERVED,
        ConflictReason.NOT_BOOKABLE_ONLINE,
    }
)


@dataclass(frozen=True)
class Overridden:
    """The visit, and the rules that it was booked beyond."""

    view: AppointmentView
    rules: tuple[ConflictReason, ...]


def book_with_override(call: Call, command: Booking, reason: str) -> Overridden:
    """Books beyond the rules that may be overridden. Raises what booking raises for those that may not."""
    store = Store(call.session)
    call.reason = reason
    if not isinstance(command.source, Wanted):
        raise InvalidInput([Violation("booking.hold_id", "a hold needs no override")])
    guards.bookable_patient(call, store, command.patient_id)
    placing.lock_rules(store, [command.source])
    asked = placing.candidate(call, store, command.source, call.new_id(), command.patient_id)
    if command.source.start < call.now:
        raise refusals.of([one for one in asked.rule_conflicts if one.reason is ConflictReason.TOO_SOON])
    waived = tuple(one.reason for one in asked.rule_conflicts if one.reason in OVERRIDABLE)
    kept = tuple(one for one in asked.rule_conflicts if one.reason not in OVERRIDABLE)
    placed, beside = _place(call, store, replace(asked, rule_conflicts=kept))
    rules = (*waived, ConflictReason.TAKEN) if beside else waived
    row = booking.write_appointment(call, store, placed, command.patient_id, command.reason, None)
    call.emit(published.of_status(row))
    if rules:
        store.add(
            RuleOverride(
                appointment_id=row.id,
                patient_id=row.patient_id,
                location_id=row.location_id,
                rules=[rule.value for rule in rules],
                reason=reason,
                overridden_by=call.principal.id,
                overridden_at=call.now,
            )
        )
        call.emit(published.overridden(row, [rule.name for rule in rules], call.principal.id))
    return Overridden(guards.describe_one(store, row), rules)


def _place(call: Call, store: Store, candidate: Candidate) -> tuple[Placed, bool]:
    """Places the visit as it is or, when only the practitioner's other visit is in the way, beside that; True then."""
    placed, conflicts = placing.place(call, store, [candidate])
    if not conflicts:
        return placed[0], False
    if not all(_is_other_visit(conflict) for _, conflict in conflicts):
        raise refusals.of([conflict for _, conflict in conflicts if not _is_other_visit(conflict)])
    visit = candidate.visit
    practitioner = replace(visit.practitioner, capacity=visit.practitioner.capacity + 1)
    placed, conflicts = placing.place(
        call, store, [replace(candidate, visit=replace(visit, practitioner=practitioner))]
    )
    if conflicts:
        raise refusals.of([conflict for _, conflict in conflicts])
    return placed[0], True


def _is_other_visit(conflict: Conflict) -> bool:
    return conflict.reason is ConflictReason.TAKEN and conflict.kind is ResourceKind.PRACTITIONER


def list_overrides(
    call: Call, location_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[RuleOverride], str]:
    """A page of overrides, newest first."""
    return Store(call.session).list_overrides(location_id, call.principal, page_size, page_token)
