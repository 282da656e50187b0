"""What scheduling refuses, each with its stable reason."""

from __future__ import annotations

from chassis.errors import AlreadyExists, Conflict


class SlotTaken(Conflict):
    """The time of the practitioner, or every room or device of a needed class, is taken."""

    reason = "SLOT_TAKEN"
    message = "That time has just been taken."


class PatientBusy(Conflict):
    """The patient is booked elsewhere at that time."""

    reason = "PATIENT_BUSY"
    message = "The patient is already booked at that time."


class PatientNotBookable(Conflict):
    """The patient's record was merged into another, or is closed."""

    reason = "PATIENT_NOT_BOOKABLE"
    message = "This patient's record was merged or closed; book the one that is in use."


class OutsideWorkingTime(Conflict):
    """The practitioner does not work there then."""

    reason = "OUTSIDE_WORKING_TIME"
    message = "The practitioner does not work there at that time."


class TooSoon(Conflict):
    """In the past, or nearer than the type's notice."""

    reason = "TOO_SOON"
    message = "That time is too near, or has passed."


class TooFarAhead(Conflict):
    """Beyond the type's horizon."""

    reason = "TOO_FAR_AHEAD"
    message = "That time cannot be booked yet."


class HoldExpired(Conflict):
    """The hold is gone."""

    reason = "HOLD_EXPIRED"
    message = "The time is no longer held; search again."


class TooManyHolds(Conflict):
    """A patient keeps more times than needed."""

    reason = "TOO_MANY_HOLDS"
    message = "Too many times are held; release one first."


class WrongStatus(Conflict):
    """The transition table has no such step."""

    reason = "WRONG_STATUS"
    message = "That cannot be done with the visit as it stands."


class NotToday(Conflict):
    """An arrival far from the visit's start."""

    reason = "NOT_TODAY"
    message = "The visit does not start within 12 hours."


class TooEarly(Conflict):
    """A no-show before the visit's start."""

    reason = "TOO_EARLY"
    message = "The visit has not started yet."


class NothingToUndo(Conflict):
    """The last step is no step of the flow."""

    reason = "NOTHING_TO_UNDO"
    message = "There is no step of the visit that can be taken back."


class OfferClosed(Conflict):
    """Expired, declined, or taken by another."""

    reason = "OFFER_CLOSED"
    message = "The offer is no longer open."


class CodeInUse(AlreadyExists):
    """Another appointment type has the code."""

    reason = "CODE_IN_USE"
    message = "Another appointment type has this code."
