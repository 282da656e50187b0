"""What the rules ask for, and how the reminders that exist are brought in line with it.

``expected`` is a pure function of the visit and the rules; ``reconcile`` compares its answer with what exists. The same two
functions plan the reminders and answer the question whether every visit has exactly its reminders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from notifications.domain.vocabulary import Channel, Reason, ReminderStatus, Trigger
from notifications.domain.windows import ALWAYS_OPEN, SendWindow, minutes_before

# Statuses of scheduling in which a visit is still to come.
COMING = frozenset({"booked", "confirmed"})
CANCELLED = "cancelled"


@dataclass(frozen=True)
class Rule:
    """What is sent when: for one visit type, or (empty code) for every type without its own rules of the trigger."""

    id: UUID
    trigger: Trigger
    # Minutes before the visit; 0 unless the trigger is BEFORE_VISIT.
    offset_minutes: int
    appointment_type_code: str
    # Tried in this order.
    channels: tuple[Channel, ...]
    template_code: str
    # E-mails of the rule go out at any hour.
    any_hour: bool
    # Nothing that would have been sent before this instant is asked for: a new rule does not reach back.
    effective_from: datetime
    active: bool = True


@dataclass(frozen=True)
class Visit:
    """What planning needs of an appointment. Instants are aware UTC."""

    id: UUID
    appointment_type_code: str
    start_time: datetime
    zone: ZoneInfo
    status: str
    # Rises with each change of time or place.
    reschedule_count: int
    # When the present time was agreed: the booking, or the last move.
    agreed_at: datetime
    cancelled_at: datetime | None = None
    # Of a series, and not its first: the first one's confirmation is that of the series.
    follows_in_series: bool = False


@dataclass(frozen=True)
class Expected:
    """One sending that the rules ask for. ``reason`` is set when it is left out from the start."""

    rule: Rule
    channel: Channel
    intended_at: datetime
    due_at: datetime
    reason: Reason | None = None


@dataclass(frozen=True)
class Existing:
    """A planned sending as it stands in the table."""

    id: UUID
    rule_id: UUID
    occurrence: int
    channel: Channel
    intended_at: datetime
    due_at: datetime
    status: ReminderStatus
    reason: str


@dataclass(frozen=True)
class Changes:
    """What brings the table in line: rows to add, rows to give a new time, rows to cancel with a reason."""

    add: tuple[Expected, ...]
    retime: tuple[tuple[UUID, Expected], ...]
    cancel: tuple[tuple[UUID, Reason], ...]


def phase(status: str) -> str:
    """What planning tells apart of a visit's status: "coming", "cancelled" or "begun" (which includes over and missed)."""
    if status in COMING:
        return "coming"
    return CANCELLED if status == CANCELLED else "begun"


def applicable(rules: Iterable[Rule], trigger: Trigger, appointment_type_code: str) -> list[Rule]:
    """The active rules of a trigger for a visit type: its own when it has any, else those for all types."""
    of_trigger = [rule for rule in rules if rule.active and rule.trigger is trigger]
    own = [rule for rule in of_trigger if rule.appointment_type_code == appointment_type_code != ""]
    return own or [rule for rule in of_trigger if rule.appointment_type_code == ""]


def window_for(rule: Rule, channel: Channel, windows: Mapping[Channel, SendWindow]) -> SendWindow:
    """The send window of a rule's message on a channel; texts always keep to theirs."""
    return ALWAYS_OPEN if rule.any_hour and channel is Channel.EMAIL else windows[channel]


def expected(visit: Visit, rules: Sequence[Rule], windows: Mapping[Channel, SendWindow]) -> list[Expected]:
    """Every sending that the rules ask for, for the visit as it stands (not for its earlier times), earliest first.

    A reminder whose moment had passed when the present time was agreed, or that the send window would push to or beyond
    the visit, is in the list with its reason, so that each rule is accounted for.
    """
    asked: list[Expected] = []
    if visit.status == CANCELLED:
        asked += [
            _at_event(rule, visit, visit.cancelled_at or visit.agreed_at, windows)
            for rule in applicable(rules, Trigger.CANCELLED, visit.appointment_type_code)
        ]
    else:
        told = Trigger.MOVED if visit.reschedule_count else Trigger.BOOKED
        asked += [
            _at_event(rule, visit, visit.agreed_at, windows)
            for rule in applicable(rules, told, visit.appointment_type_code)
            if not (told is Trigger.BOOKED and visit.follows_in_series)
        ]
        asked += [
            _before_visit(rule, visit, windows)
            for rule in applicable(rules, Trigger.BEFORE_VISIT, visit.appointment_type_code)
        ]
    return sorted(asked, key=lambda item: (item.due_at, item.rule.id))


def at_once(
    rule: Rule, now: datetime, zone: ZoneInfo, windows: Mapping[Channel, SendWindow], not_after: datetime | None
) -> Expected:
    """The sending of a rule whose trigger (an offer, a statement) happens now; left out when its time runs out first."""
    return _planned(rule, now, not_after, zone, windows, passed=False)


def _at_event(rule: Rule, visit: Visit, at: datetime, windows: Mapping[Channel, SendWindow]) -> Expected:
    return _planned(rule, at, visit.start_time, visit.zone, windows, passed=at < rule.effective_from)


def _before_visit(rule: Rule, visit: Visit, windows: Mapping[Channel, SendWindow]) -> Expected:
    at = minutes_before(visit.start_time, rule.offset_minutes, visit.zone)
    passed = at <= visit.agreed_at or at < rule.effective_from
    return _planned(rule, at, visit.start_time, visit.zone, windows, passed=passed)


def _planned(
    rule: Rule,
    at: datetime,
    not_after: datetime | None,
    zone: ZoneInfo,
    windows: Mapping[Channel, SendWindow],
    *,
    passed: bool,
) -> Expected:
    first = rule.channels[0]
    if passed:
        return Expected(rule, first, at, at, Reason.TIME_PASSED)
    for channel in rule.channels:
        due = window_for(rule, channel, windows).next_open(at, zone)
        if not_after is None or due < not_after:
            return Expected(rule, channel, at, due)
    return Expected(rule, first, at, window_for(rule, first, windows).next_open(at, zone), Reason.QUIET_HOURS)


def reconcile(visit: Visit, asked: Sequence[Expected], existing: Sequence[Existing]) -> Changes:
    """The changes after which `existing` (all reminders of the visit, of every occurrence) matches `asked`.

    What was sent or left out stays as it is; only what still waits is moved or cancelled. A rule that was taken back and
    returns plans again. A visit that has begun asks for nothing more.
    """
    planned = [row for row in existing if row.status is ReminderStatus.PLANNED]
    if visit.status not in COMING and visit.status != CANCELLED:
        return Changes((), (), tuple((row.id, _why_gone(visit, row)) for row in planned))
    add: list[Expected] = []
    retime: list[tuple[UUID, Expected]] = []
    kept: set[UUID] = set()
    for item in asked:
        rows = [row for row in existing if row.occurrence == visit.reschedule_count and row.rule_id == item.rule.id]
        waiting = [row for row in rows if row.status is ReminderStatus.PLANNED and row.channel in item.rule.channels]
        revived = [row for row in rows if row.channel is item.channel and _may_return(row)]
        settled = [row for row in rows if row.status in (ReminderStatus.SENT, ReminderStatus.SKIPPED)]
        if waiting:
            kept.add(waiting[0].id)
            if waiting[0].channel is item.channel and waiting[0].intended_at != item.intended_at:
                retime.append((waiting[0].id, item))
        elif settled:
            continue
        elif revived:
            retime.append((revived[0].id, item))
        elif not rows:
            add.append(item)
    cancel = [(row.id, _why_gone(visit, row)) for row in planned if row.id not in kept]
    return Changes(tuple(add), tuple(retime), tuple(cancel))


def _may_return(row: Existing) -> bool:
    # A rule that was taken back, or a step of the visit that was undone (a wrong check-in).
    return row.status is ReminderStatus.CANCELLED and row.reason in (Reason.RULE_CHANGED, Reason.VISIT_BEGAN)


def _why_gone(visit: Visit, row: Existing) -> Reason:
    if visit.status == CANCELLED:
        return Reason.APPOINTMENT_CANCELLED
    if row.occurrence != visit.reschedule_count:
        return Reason.APPOINTMENT_MOVED
    return Reason.RULE_CHANGED if visit.status in COMING else Reason.VISIT_BEGAN


def is_satisfied(item: Expected, rows: Sequence[Existing]) -> tuple[bool, str]:
    """Whether the rows of one rule do what it asks, with the explanation in words.

    One row that waits or was sent, or every one tried left out with a reason, is right; two that were both sent or wait
    are not.
    """
    live = [row for row in rows if row.status in (ReminderStatus.PLANNED, ReminderStatus.SENT)]
    if len(live) > 1:
        return False, f"{len(live)} sendings for one rule"
    if live:
        tried = "".join(f"{row.channel}: {row.reason}; " for row in rows if row is not live[0] and row.reason)
        return True, f"{tried}{live[0].channel}: {live[0].status}"
    if rows:
        return True, "; ".join(f"{row.channel}: {row.reason}" for row in rows)
    if item.reason is not None:
        return False, f"should be on record as left out: {item.reason}"
    return False, "nothing is planned"
