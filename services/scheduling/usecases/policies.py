"""What a clinic chooses about changes of visits and about delays."""

from __future__ import annotations

from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from scheduling import published
from scheduling.domain import policy
from scheduling.domain.policy import BookingPolicy
from scheduling.store import Store
from scheduling.stores.booking_rules import EVERYWHERE
from scheduling.tables import Appointment, LocationCopy
from scheduling.tables_booking_rules import BookingPolicyRow
from scheduling.usecases import guards
from scheduling.usecases.errors import CutoffPassed


def get_policy(call: Call, location_id: UUID | None) -> BookingPolicyRow | None:
    """The policy that holds at a location (None: everywhere else); None when nobody has set any. Raises NotFound."""
    store = Store(call.session)
    if location_id is not None:
        store.need(LocationCopy, location_id, "location")
    return store.policy_row(location_id or EVERYWHERE)


def set_policy(call: Call, location_id: UUID | None, new: BookingPolicy, version: int) -> BookingPolicyRow:
    """Sets a policy whole. Raises NotFound, InvalidInput, StaleVersion."""
    store = Store(call.session)
    if location_id is not None:
        store.need(LocationCopy, location_id, "location")
    if new.late_clear_minutes >= new.late_tell_minutes:
        raise InvalidInput([Violation("late_clear_minutes", "must be less than late_tell_minutes")])
    row = store.get(BookingPolicyRow, location_id or EVERYWHERE)
    if row is None:
        call.expect_version(0, version)
        return store.add(BookingPolicyRow(id=location_id or EVERYWHERE, **vars(new)))
    call.expect_version(row.version, version)
    for name, value in vars(new).items():
        setattr(row, name, value)
    store.session.flush()
    return row


def refuse_late_change(call: Call, store: Store, row: Appointment) -> None:
    """A patient who changes a visit by themselves must be early enough. Raises CutoffPassed."""
    if guards.is_patient(call) and not policy.patient_may_change(
        store.policy(row.location_id), call.now, row.start_time
    ):
        raise CutoffPassed


def note_late_cancellation(call: Call, store: Store, row: Appointment, reason: int) -> None:
    """Marks a visit that is being cancelled too late, and says so to whom it may concern (billing)."""
    if reason not in policy.PATIENTS_OWN:
        return
    rules = store.policy(row.location_id)
    if policy.cancels_late(rules, call.now, row.start_time, reason):
        row.late_cancelled = True
        call.emit(published.cancelled_late(row, call.now, rules.cancel_cutoff_minutes))
