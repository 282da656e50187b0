"""The one error that a caller is told of all the conflicts of a visit."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.errors import Error
from scheduling.domain.appointment_types import ResourceKind
from scheduling.domain.claims import Conflict, ConflictReason
from scheduling.usecases.errors import (
    LanguageNotSpoken,
    LimitReached,
    NotBookableOnline,
    NotLicensed,
    OutsideWorkingTime,
    PatientBusy,
    ReservedTime,
    SlotTaken,
    TooFarAhead,
    TooSoon,
)


def of(conflicts: Sequence[Conflict]) -> Error:
    """The one error that a caller who asked for one visit is told: what they can mend first."""
    by_reason = {conflict.reason: conflict for conflict in conflicts}
    for reason, error in (
        (ConflictReason.TOO_SOON, TooSoon),
        (ConflictReason.TOO_FAR_AHEAD, TooFarAhead),
        (ConflictReason.OUTSIDE_WORKING_TIME, OutsideWorkingTime),
        (ConflictReason.RESERVED, ReservedTime),
        (ConflictReason.NOT_LICENSED, NotLicensed),
        (ConflictReason.LANGUAGE, LanguageNotSpoken),
        (ConflictReason.LIMIT_REACHED, LimitReached),
    ):
        if reason in by_reason:
            return error()
    online = [conflict.detail for conflict in conflicts if conflict.reason is ConflictReason.NOT_BOOKABLE_ONLINE]
    if online:
        return NotBookableOnline(online)
    if all(conflict.kind is ResourceKind.PATIENT for conflict in conflicts):
        return PatientBusy()
    taken = next(conflict for conflict in conflicts if conflict.kind is not ResourceKind.PATIENT)
    if taken.reason is ConflictReason.NONE_FREE:
        return SlotTaken(f"No {taken.resource_class} {taken.kind.name.lower()} is free at that time.")
    return SlotTaken()
