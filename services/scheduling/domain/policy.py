"""What a clinic may choose about changes and delays of visits, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# Reasons of the patient's own (the proto's CancellationReason): PATIENT, INSURANCE, OTHER. Nobody pays for snow, or for our own fault.
PATIENTS_OWN = frozenset({1, 5, 8})


@dataclass(frozen=True)
class BookingPolicy:
    """Minutes; see the proto's BookingPolicy."""

    cancel_cutoff_minutes: int = 0
    patients_change_until_minutes: int = 0
    no_show_grace_minutes: int = 0
    late_tell_minutes: int = 15
    late_again_minutes: int = 10
    late_clear_minutes: int = 5


def cancels_late(policy: BookingPolicy, now: datetime, start: datetime, reason: int) -> bool:
    """Whether a cancellation now, of a visit that begins at ``start``, for this reason, is a late one."""
    return reason in PATIENTS_OWN and start - now < timedelta(minutes=policy.cancel_cutoff_minutes)


def patient_may_change(policy: BookingPolicy, now: datetime, start: datetime) -> bool:
    """Whether a patient may still cancel or move a visit by themselves."""
    return start - now >= timedelta(minutes=policy.patients_change_until_minutes)


def no_show_from(policy: BookingPolicy, start: datetime) -> datetime:
    """From when on a patient who has not come may be marked as a no-show."""
    return start + timedelta(minutes=policy.no_show_grace_minutes)
