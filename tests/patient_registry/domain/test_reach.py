"""Where messages about a patient go."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from patient_registry.domain import reach
from patient_registry.domain.consent import Change, Channel, Purpose, Source
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.reach import Holder

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PHONE = ContactPoint(ContactKind.MOBILE, "+13035550123")
LANDLINE = ContactPoint(ContactKind.LANDLINE, "+13035550124")
MAIL = ContactPoint(ContactKind.EMAIL, "jo@example.org", preferred=True)
STOP = tuple(Change(Channel.SMS, purpose, False, NOON, Source.REPLY) for purpose in Purpose)


def holder(number, *points, said=()):
    return Holder(UUID(int=number), f"Holder {number}", points, said)


def test_an_own_address_is_used_and_no_other():
    """Whoever has an address of their own is written to there."""
    found = reach.reaches(holder(1, PHONE), [holder(2, MAIL)])
    assert {(one.channel, one.value, one.on_behalf) for one in found} == {
        (Channel.SMS, PHONE.value, False),
        (Channel.VOICE, PHONE.value, False),
    }


def test_a_child_without_a_phone_is_reached_through_those_who_act_for_it():
    """The message goes to the parent, and says on whose behalf."""
    found = reach.reaches(holder(1), [holder(2, MAIL, PHONE)])
    assert [one.channel for one in found] == [Channel.EMAIL, Channel.SMS, Channel.VOICE]
    assert all(one.on_behalf and one.holder_id == UUID(int=2) for one in found)


def test_a_parent_who_answered_stop_gets_no_text_about_the_child_either():
    """Consent is asked of the holder of the phone as well as of the patient's record."""
    found = {one.channel: one.purposes for one in reach.reaches(holder(1), [holder(2, PHONE, said=STOP)])}
    assert found[Channel.SMS] == ()
    assert Purpose.VISIT in found[Channel.VOICE]
    found = {one.channel: one.purposes for one in reach.reaches(holder(1, said=STOP), [holder(2, PHONE)])}
    assert found[Channel.SMS] == ()


def test_a_landline_takes_no_text():
    """Text messages go to mobiles only."""
    assert {one.channel for one in reach.reaches(holder(1, LANDLINE), [])} == {Channel.VOICE}


def test_the_preferred_address_comes_first():
    """What the patient prefers is tried first."""
    assert reach.reaches(holder(1, PHONE, MAIL), [])[0].value == MAIL.value
