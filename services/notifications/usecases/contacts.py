"""Who may be written to, where and when: asked of the registry at the moment of sending, never remembered."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.call import Call
from notifications.adapters.registry import Purpose
from notifications.domain.phones import normalised
from notifications.domain.vocabulary import Channel, Reason, Trigger
from notifications.domain.windows import QuietHours
from notifications.store import Store
from notifications.usecases.outside import Outside


@dataclass(frozen=True)
class Reached:
    """An address that may be used now. ``zone`` is the recipient's, None when nobody knows it; ``quiet_hours`` hold in it."""

    channel: Channel
    address: str
    language: str
    zone: ZoneInfo | None
    quiet_hours: QuietHours | None = None


def purpose_of(trigger: Trigger) -> Purpose:
    """What a message is for: statements are billing, everything else is about visits."""
    return Purpose.BILLING if trigger is Trigger.STATEMENT_ISSUED else Purpose.VISIT


def reach(
    call: Call,
    outside: Outside,
    store: Store,
    patient_id: UUID,
    channel: Channel,
    purpose: Purpose,
) -> Reached | Reason:
    """The first address of the channel whose consent covers the purpose and that is not suppressed, or why there is none.

    Raises Unavailable while the registry does not answer: the work is tried again.
    """
    contact = outside.contact(call, patient_id)
    if contact is None:
        return Reason.NO_ADDRESS
    if contact.suppressed:
        return Reason.PATIENT_SUPPRESSED
    addresses = [address for address in contact.addresses if address.channel is channel]
    allowed = [address for address in addresses if purpose in address.purposes]
    if not allowed:
        return Reason.NO_CONSENT if addresses else Reason.NO_ADDRESS
    usable = [value for address in allowed if (value := normalised(channel, address.value))]
    if not usable:
        return Reason.NO_ADDRESS
    for value in usable:
        if store.suppression(channel, value) is None:
            return Reached(channel, value, contact.language, zone_of(contact.time_zone), contact.quiet_hours)
    return Reason.SUPPRESSED


def zone_of(name: str) -> ZoneInfo | None:
    """The IANA zone of a name; None for an empty or unknown one."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
