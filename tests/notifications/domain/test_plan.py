"""What the rules ask for, and that bringing reminders in line ends in exactly that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from notifications.domain import plan
from notifications.domain.plan import Existing, Expected, Rule, Visit
from notifications.domain.vocabulary import Channel, Reason, ReminderStatus, Trigger
from notifications.domain.windows import DEFAULT_EMAIL_WINDOW, DEFAULT_SMS_WINDOW

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
WINDOWS = {Channel.SMS: DEFAULT_SMS_WINDOW, Channel.EMAIL: DEFAULT_EMAIL_WINDOW}
NOON = datetime(2026, 5, 4, 17, 0, tzinfo=UTC)
PLANNED, SENT, SKIPPED, CANCELLED = (
    ReminderStatus.PLANNED,
    ReminderStatus.SENT,
    ReminderStatus.SKIPPED,
    ReminderStatus.CANCELLED,
)


def rule(trigger=Trigger.BEFORE_VISIT, offset=1440, code="", channels=(Channel.SMS,), **changes):
    """A rule that has always been there."""
    return Rule(uuid4(), trigger, offset, code, channels, "appointment.reminder", False, ALWAYS, **changes)


def visit(start=NOON + timedelta(days=10), **changes):
    """A visit agreed at noon today."""
    facts = {
        "id": uuid4(),
        "appointment_type_code": "follow-up",
        "start_time": start,
        "zone": ZONE,
        "status": "booked",
        "reschedule_count": 0,
        "agreed_at": NOON,
    }
    return Visit(**(facts | changes))


def row(item: Expected, occurrence=0, status=PLANNED, reason="") -> Existing:
    """The row that a plan becomes."""
    return Existing(uuid4(), item.rule.id, occurrence, item.channel, item.intended_at, item.due_at, status, reason)


def apply(one: Visit, changes: plan.Changes, rows: list[Existing]) -> list[Existing]:
    """The table after the changes."""
    from dataclasses import replace

    retimed = dict(changes.retime)
    cancelled = dict(changes.cancel)
    after = []
    for known in rows:
        if known.id in retimed:
            item = retimed[known.id]
            status = SKIPPED if item.reason else PLANNED
            known = replace(known, intended_at=item.intended_at, due_at=item.due_at, status=status, reason="")
        if known.id in cancelled:
            known = replace(known, status=CANCELLED, reason=cancelled[known.id].value)
        after.append(known)
    return after + [
        row(item, one.reschedule_count, SKIPPED if item.reason else PLANNED, item.reason or "") for item in changes.add
    ]


rules_strategy = st.lists(
    st.builds(
        rule,
        st.sampled_from([Trigger.BEFORE_VISIT, Trigger.BOOKED, Trigger.MOVED, Trigger.CANCELLED]),
        st.integers(1, 20 * 1440),
        st.sampled_from(["", "follow-up", "physical"]),
        st.sampled_from([(Channel.SMS,), (Channel.EMAIL,), (Channel.SMS, Channel.EMAIL), (Channel.EMAIL, Channel.SMS)]),
    ),
    max_size=8,
)
states = st.lists(
    st.tuples(
        st.sampled_from(["booked", "confirmed", "cancelled", "checked_in", "checked_out"]),
        st.integers(0, 3),
        st.integers(-2 * 1440, 30 * 1440),
    ),
    min_size=1,
    max_size=6,
)


@given(rules_strategy, states)
def test_whatever_happens_every_rule_has_what_it_asks_and_nothing_else_waits(rules, history):
    """After any history of moves, cancellations and check-ins: each rule is satisfied once, and a repetition changes nothing."""
    rows: list[Existing] = []
    identity = uuid4()
    count = 0
    for status, moves, minutes in history:
        count += moves
        one = visit(
            NOON + timedelta(minutes=minutes), id=identity, status=status, reschedule_count=count,
            cancelled_at=NOON if status == "cancelled" else None,
        )  # fmt: skip
        asked = plan.expected(one, rules, WINDOWS)
        rows = apply(one, plan.reconcile(one, asked, rows), rows)
        again = plan.reconcile(one, asked, rows)
        assert again == plan.Changes((), (), ())
        waiting = [known for known in rows if known.status is PLANNED]
        if status in ("checked_in", "checked_out"):
            assert waiting == []
            continue
        wanted = {item.rule.id for item in asked}
        assert {known.rule_id for known in waiting} <= wanted
        assert all(known.occurrence == count for known in waiting)
        for item in asked:
            of_rule = [known for known in rows if known.rule_id == item.rule.id and known.occurrence == count]
            gone = [known for known in of_rule if known.reason == Reason.APPOINTMENT_CANCELLED]
            assert plan.is_satisfied(item, of_rule)[0] or gone


@given(rules_strategy, st.integers(-1440, 30 * 1440))
def test_nothing_is_planned_for_the_past_or_for_after_the_visit(rules, minutes):
    """What waits is due at or after the agreement and before the visit begins, inside its channel's window."""
    one = visit(NOON + timedelta(minutes=minutes))
    for item in plan.expected(one, rules, WINDOWS):
        if item.reason is None:
            assert NOON <= item.due_at < one.start_time
            assert WINDOWS[item.channel].contains(item.due_at, ZONE)


def test_a_types_own_rules_take_the_place_of_the_general_ones():
    """With a rule of its own a type ignores the general rules of that trigger; other triggers stay."""
    general, own, booked = rule(), rule(code="follow-up", offset=120), rule(Trigger.BOOKED, 0)
    found = plan.expected(visit(), [general, own, booked], WINDOWS)
    assert {item.rule.id for item in found} == {own.id, booked.id}
    other = plan.expected(visit(appointment_type_code="physical"), [general, own, booked], WINDOWS)
    assert {item.rule.id for item in other} == {general.id, booked.id}


def test_a_new_rule_does_not_reach_back():
    """A rule made today asks nothing of moments before it was made."""
    late = Rule(uuid4(), Trigger.BEFORE_VISIT, 9 * 1440, "", (Channel.SMS,), "x.y", False, NOON + timedelta(days=3))
    (item,) = plan.expected(visit(), [late], WINDOWS)
    assert item.reason is Reason.TIME_PASSED


def test_when_the_first_channel_would_come_too_late_the_second_is_planned():
    """A visit at 7:30: the text two hours before cannot go, the e-mail (from seven) can."""
    start = datetime(2026, 5, 14, 12, 30, tzinfo=UTC)
    both = rule(offset=120, channels=(Channel.SMS, Channel.EMAIL))
    (item,) = plan.expected(visit(start), [both], WINDOWS)
    assert (item.channel, item.reason) == (Channel.EMAIL, None)
    (item,) = plan.expected(visit(start), [rule(offset=120)], WINDOWS)
    assert (item.channel, item.reason) == (Channel.SMS, Reason.QUIET_HOURS)


def test_a_rule_that_changes_its_moment_moves_what_waits():
    """One day before becomes two days before: the waiting row gets the new time, a sent one stays."""
    day = rule()
    one = visit()
    (item,) = plan.expected(one, [day], WINDOWS)
    from dataclasses import replace

    earlier = replace(day, offset_minutes=2880)
    (moved,) = plan.expected(one, [earlier], WINDOWS)
    waiting, sent = row(item), row(item, status=SENT)
    assert plan.reconcile(one, [moved], [waiting]).retime == ((waiting.id, moved),)
    assert plan.reconcile(one, [moved], [sent]) == plan.Changes((), (), ())


def test_a_retired_rule_takes_its_reminder_back_and_a_revived_one_returns_it():
    """Cancelled as changed, and planned again in the same row: the reference stays one."""
    day = rule()
    one = visit()
    (item,) = plan.expected(one, [day], WINDOWS)
    waiting = row(item)
    assert plan.reconcile(one, [], [waiting]).cancel == ((waiting.id, Reason.RULE_CHANGED),)
    gone = row(item, status=CANCELLED, reason=Reason.RULE_CHANGED.value)
    changes = plan.reconcile(one, [item], [gone])
    assert (changes.add, changes.retime) == ((), ((gone.id, item),))


def test_two_sendings_for_one_rule_are_never_right():
    """The proof says no when a rule has two live rows, none, or only an unplanned demand."""
    (item,) = plan.expected(visit(), [rule()], WINDOWS)
    assert plan.is_satisfied(item, [row(item, status=SENT), row(item)]) == (False, "2 sendings for one rule")
    assert plan.is_satisfied(item, [])[0] is False
    assert plan.is_satisfied(item, [row(item, status=SKIPPED, reason="NO_CONSENT")])[0] is True
    assert isinstance(item.rule.id, UUID)
