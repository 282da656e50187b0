"""What scheduling refuses, each with its stable reason."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.errors import AlreadyExists, Conflict, Violation


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


class ReservedTime(Conflict):
    """The time is reserved for sessions of other kinds."""

    reason = "RESERVED_TIME"
    message = "That time is reserved for other kinds of visit."


class NotLicensed(Conflict):
    """By video the practitioner needs a licence of the patient's state."""

    reason = "NOT_LICENSED"
    message = "The practitioner has no licence for the patient's state on that day."


class LanguageNotSpoken(Conflict):
    """The type asks the practitioner to speak a language that they do not."""

    reason = "LANGUAGE_NOT_SPOKEN"
    message = "The practitioner does not speak the language that is needed."


class LimitReached(Conflict):
    """As many visits as are allowed: of the practitioner, the location, the type or the patient, in the day, the week or ahead."""

    reason = "LIMIT_REACHED"
    message = "No more such visits may be booked then."


class NotBookableOnline(Conflict):
    """Rules for patients who book by themselves are not met; each is a violation."""

    reason = "NOT_BOOKABLE_ONLINE"
    message = "This visit cannot be booked online for this patient; please call us."

    def __init__(self, rules: Iterable[str]) -> None:
        super().__init__(
            violations=[Violation(rule, "is asked for by this type of visit") for rule in dict.fromkeys(rules)]
        )


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


class RebookingClosed(Conflict):
    """The plan has been applied, or undone, already."""

    reason = "REBOOKING_CLOSED"
    message = "This plan cannot be used any more."


class AvailabilityChanged(Conflict):
    """Somebody has edited the template or exception since."""

    reason = "AVAILABILITY_CHANGED"
    message = "The working time has been edited since; it cannot be put back by itself."


class CutoffPassed(Conflict):
    """Too near to the visit for a patient to change it without calling."""

    reason = "CUTOFF_PASSED"
    message = "It is too late to change this visit here; please call."


class GroupFull(Conflict):
    """Every seat of the group is taken."""

    reason = "GROUP_FULL"
    message = "Every seat is taken."


class GroupCancelled(Conflict):
    """The group does not take place."""

    reason = "GROUP_CANCELLED"
    message = "This group visit was cancelled."


class SeatOfAGroup(Conflict):
    """A seat cannot leave its group."""

    reason = "SEAT_OF_A_GROUP"
    message = "A seat of a group visit cannot be moved: cancel it and take another."


class NameInUse(AlreadyExists):
    """Another pool has the name."""

    reason = "NAME_IN_USE"
    message = "Another pool has this name."


class QueueEmpty(Conflict):
    """Nobody waits whom this practitioner may see."""

    reason = "QUEUE_EMPTY"
    message = "Nobody is waiting."


class TooManyFeeds(Conflict):
    """One practitioner or patient has enough feeds."""

    reason = "TOO_MANY_FEEDS"
    message = "There are enough feeds; end one first."


class RecallClosed(Conflict):
    """Somebody took the patient off the list."""

    reason = "RECALL_CLOSED"
    message = "The patient is no longer on the list."
