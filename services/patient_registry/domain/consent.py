"""Who may be written to, on which channel, for which purpose.

What a person has said counts; until then the rule of the table does: giving a number to a clinic allows messages about
one's own care (47 CFR 64.1200(a)(9)(iv), health care messages); statements by e-mail and campaigns need a yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"
    POST = "post"


class Purpose(StrEnum):
    VISIT = "visit"
    BILLING = "billing"
    OUTREACH = "outreach"


class Source(StrEnum):
    """Where a change of consent came from."""

    DESK = "desk"
    PORTAL = "portal"
    REPLY = "reply"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a person has said: from `changed_at` (UTC instant) on, this channel is (not) allowed for this purpose."""

    channel: Channel
    purpose: Purpose
    granted: bool
    changed_at: datetime
    source: Source


# (channel, purpose) → allowed while nobody has said anything.
UNSTATED: Mapping[tuple[Channel, Purpose], bool] = MappingProxyType(
    {
        (Channel.EMAIL, Purpose.VISIT): True,
        (Channel.EMAIL, Purpose.BILLING): False,
        (Channel.EMAIL, Purpose.OUTREACH): False,
        (Channel.SMS, Purpose.VISIT): True,
        (Channel.SMS, Purpose.BILLING): False,
        (Channel.SMS, Purpose.OUTREACH): False,
        (Channel.VOICE, Purpose.VISIT): True,
        (Channel.VOICE, Purpose.BILLING): True,
        (Channel.VOICE, Purpose.OUTREACH): False,
        (Channel.POST, Purpose.VISIT): True,
        (Channel.POST, Purpose.BILLING): True,
        (Channel.POST, Purpose.OUTREACH): True,
    }
)


def standing(history: Iterable[Change]) -> dict[tuple[Channel, Purpose], Change]:
    """The last thing said for each channel and purpose. Of two at the same instant the later in order counts."""
    latest: dict[tuple[Channel, Purpose], Change] = {}
    for change in history:
        known = latest.get((change.channel, change.purpose))
        if known is None or change.changed_at >= known.changed_at:
            latest[change.channel, change.purpose] = change
    return latest


def allows(history: Iterable[Change], channel: Channel, purpose: Purpose) -> bool:
    """Whether a person may be written to on this channel for this purpose."""
    said = standing(history).get((channel, purpose))
    return said.granted if said else UNSTATED[channel, purpose]


def allowed_purposes(history: Iterable[Change], channel: Channel) -> tuple[Purpose, ...]:
    """The purposes for which a channel may be used."""
    said = standing(history)
    return tuple(
        purpose
        for purpose in Purpose
        if (said[channel, purpose].granted if (channel, purpose) in said else UNSTATED[channel, purpose])
    )


def change(
    history: Iterable[Change], channel: Channel, purpose: Purpose | None, granted: bool, at: datetime, source: Source
) -> list[Change]:
    """What to add to the history when a person says so; a purpose of None means all. Saying the same again adds nothing."""
    said = standing(history)
    wanted = [purpose] if purpose else list(Purpose)
    return [
        Change(channel, one, granted, at, source)
        for one in wanted
        if (channel, one) not in said or said[channel, one].granted is not granted
    ]


def answer(history: Iterable[Change], channel: Channel, granted: bool, at: datetime) -> list[Change]:
    """What to add when the holder of an address answers STOP (everything on the channel ends) or START.

    START brings back what the last STOP took: each purpose that a reply ended returns to what held before, and messages
    about visits are allowed whatever held. An answer older than what was said since adds nothing.
    """
    told = list(history)
    said = standing(told)
    newer = {key for key, last in said.items() if last.changed_at > at}
    if not granted:
        return [
            one for one in change(told, channel, None, False, at, Source.REPLY) if (channel, one.purpose) not in newer
        ]
    added = []
    for purpose in Purpose:
        last = said.get((channel, purpose))
        if (channel, purpose) in newer:
            continue
        stopped = last is not None and not last.granted and last.source is Source.REPLY
        before = allows([one for one in told if one is not last], channel, purpose) if stopped else None
        if purpose is Purpose.VISIT or before:
            added.extend(change(told, channel, purpose, True, at, Source.REPLY))
    return added
