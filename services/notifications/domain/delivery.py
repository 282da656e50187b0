"""Handing a message over: what the other side may answer, what follows, when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from notifications.domain.vocabulary import MessageStatus

# After this many attempts a message that could not be handed over has failed.
MAX_ATTEMPTS = 6
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)


class Refusal(StrEnum):
    """What a refusal means for the address."""

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    # The address does not exist or cannot take such messages: nothing is sent there again.
    BAD_ADDRESS = "bad_address"
    # The holder opted out at the provider.
    OPTED_OUT = "opted_out"


@dataclass(frozen=True)
class Accepted:
    """Taken; the provider's own id when it gives one."""

    provider_reference: str = ""


@dataclass(frozen=True)
class Refused:
    """Not taken: the other side's code and what it means."""

    code: str
    refusal: Refusal


HandOver = Accepted | Refused

# Our own code for a server that did not answer.
UNREACHABLE = "UNREACHABLE"
# Twilio error codes (https://www.twilio.com/docs/api/errors) that say something about the number.
SMS_CODES: Mapping[str, Refusal] = {
    "21211": Refusal.BAD_ADDRESS,  # not a valid number
    "21214": Refusal.BAD_ADDRESS,  # cannot be reached
    "21614": Refusal.BAD_ADDRESS,  # not a mobile number
    "21610": Refusal.OPTED_OUT,
    "30004": Refusal.OPTED_OUT,  # blocked by the recipient
    "30005": Refusal.BAD_ADDRESS,  # unknown or no longer existing handset
    "30006": Refusal.BAD_ADDRESS,  # landline
    "21611": Refusal.TEMPORARY,  # our queue is full
}


def sms_refusal(http_status: int, code: str) -> Refusal:
    """What a refusal of the SMS provider means: by its code, else by the HTTP status (429 and 5xx pass)."""
    if code in SMS_CODES:
        return SMS_CODES[code]
    return Refusal.TEMPORARY if http_status == 429 or http_status >= 500 else Refusal.PERMANENT


def smtp_refusal(status: int, text: str, *, of_recipient: bool) -> Refusal:
    """What an SMTP reply means: 4yz passes, 5yz does not (RFC 5321 section 4.2.1).

    A refused recipient with 5.1.x (RFC 3463: bad address), or 550, 551, 553 without an enhanced code, is a bad address.
    """
    if status < 500:
        return Refusal.TEMPORARY
    enhanced = text.strip().split(" ", 1)[0]
    if enhanced.startswith("5.1."):
        return Refusal.BAD_ADDRESS
    if of_recipient and status in (550, 551, 553) and not enhanced.startswith("5."):
        return Refusal.BAD_ADDRESS
    return Refusal.PERMANENT


def retry_after(attempts: int) -> timedelta:
    """How long to wait after the given number of failed attempts (1 and up): doubling, at most an hour."""
    return min(FIRST_RETRY * (1 << (attempts - 1)), LONGEST_RETRY)


# How far along each status is: a receipt never takes a message back.
_PROGRESS: Mapping[MessageStatus, int] = {
    MessageStatus.INTENDED: 0,
    MessageStatus.SENT: 1,
    MessageStatus.WITHDRAWN: 2,
    MessageStatus.SUPPRESSED: 3,
    MessageStatus.FAILED: 3,
    MessageStatus.DELIVERED: 4,
}
RECEIPTS: Mapping[str, MessageStatus] = {
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.FAILED,
    "failed": MessageStatus.FAILED,
}


def after_receipt(present: MessageStatus, told: str) -> MessageStatus:
    """The status after the provider's word; an unknown or older one (they come in any order) changes nothing."""
    status = RECEIPTS.get(told)
    if status is None or _PROGRESS[status] <= _PROGRESS[present]:
        return present
    return status
