"""Who may be written to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from patient_registry.domain import consent
from patient_registry.domain.consent import Change, Channel, Purpose, Source

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
changes = st.builds(
    Change,
    channel=st.sampled_from(Channel),
    purpose=st.sampled_from(Purpose),
    granted=st.booleans(),
    changed_at=st.integers(0, 1000).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    source=st.sampled_from(Source),
)
histories = st.lists(changes, max_size=12)
LATER = NOON + timedelta(days=2)


def test_visits_are_allowed_and_statements_by_email_are_not_until_somebody_says_so():
    """Giving a number allows messages about one's own care; money by e-mail needs a yes."""
    assert consent.allows([], Channel.SMS, Purpose.VISIT)
    assert not consent.allows([], Channel.EMAIL, Purpose.BILLING)
    assert not consent.allows([], Channel.SMS, Purpose.OUTREACH)


@given(histories, st.sampled_from(Channel), st.sampled_from(Purpose), st.booleans())
def test_what_was_said_last_holds(history, channel, purpose, granted):
    """After a change, what was said is what holds; saying it again adds nothing."""
    added = consent.change(history, channel, purpose, granted, LATER, Source.DESK)
    after = [*history, *added]
    assert consent.allows(after, channel, purpose) is granted
    assert consent.change(after, channel, purpose, granted, LATER, Source.DESK) == []


@given(histories, st.sampled_from(Channel))
def test_stop_ends_the_whole_channel_and_no_other(history, channel):
    """After STOP nothing may go out on the channel; the other channels are as before."""
    after = [*history, *consent.answer(history, channel, False, LATER)]
    assert consent.allowed_purposes(after, channel) == ()
    for other in set(Channel) - {channel}:
        assert consent.allowed_purposes(after, other) == consent.allowed_purposes(history, other)


@given(histories, st.sampled_from(Channel))
def test_start_brings_back_what_stop_took(history, channel):
    """STOP and then START leaves each purpose as it was, with visits allowed in any case."""
    history = [one for one in history if one.source is not Source.REPLY]
    before = set(consent.allowed_purposes(history, channel))
    stopped = [*history, *consent.answer(history, channel, False, LATER)]
    started = [*stopped, *consent.answer(stopped, channel, True, LATER + timedelta(hours=1))]
    assert set(consent.allowed_purposes(started, channel)) == before | {Purpose.VISIT}


def test_an_answer_older_than_what_was_said_since_changes_nothing():
    """A STOP that arrives late does not undo what the patient told the desk afterwards."""
    said = [Change(Channel.SMS, Purpose.VISIT, True, NOON + timedelta(hours=1), Source.DESK)]
    late = consent.answer(said, Channel.SMS, False, NOON)
    assert Purpose.VISIT not in {one.purpose for one in late}
    assert consent.allows([*said, *late], Channel.SMS, Purpose.VISIT)


@given(histories)
def test_every_channel_and_purpose_has_a_rule(history):
    """There is no combination nobody has thought of."""
    for channel in Channel:
        for purpose in Purpose:
            assert consent.allows(history, channel, purpose) in (True, False)
            assert (purpose in consent.allowed_purposes(history, channel)) == consent.allows(history, channel, purpose)
