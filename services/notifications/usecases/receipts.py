"""What the SMS provider tells about a text it took."""

from __future__ import annotations

from dataclasses import dataclass

from chassis import telemetry
from chassis.call import Call
from notifications.domain.delivery import Refused, after_receipt, sms_refusal
from notifications.domain.vocabulary import MessageStatus
from notifications.store import Store
from notifications.usecases.outside import Outside
from notifications.usecases.sending import fail, tell

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Receipt:
    """One status callback. ``reference`` is our ClientReference, from the callback's URL."""

    provider_reference: str
    reference: str
    status: str
    error_code: str


def take_receipt(call: Call, outside: Outside, receipt: Receipt) -> None:
    """Follows a receipt; one that is unknown, repeated or older than what is known changes nothing.

    It may come before our own transaction that handed the text over has ended: the reference in the callback's URL finds
    the message then, and its lock waits for that transaction.
    """
    store = Store(call.session)
    message = store.message_by_reference(receipt.reference) or store.message_by_provider(receipt.provider_reference)
    if message is None:
        log.warning("receipt for no message of ours", status=receipt.status)
        return
    status = after_receipt(MessageStatus(message.status), receipt.status)
    if status.value == message.status:
        return
    message.provider_reference = message.provider_reference or receipt.provider_reference
    if status is MessageStatus.FAILED:
        fail(call, outside, store, message, Refused(receipt.error_code, sms_refusal(400, receipt.error_code)))
        return
    message.status = status.value
    message.sent_at = message.sent_at or call.now
    if status is MessageStatus.DELIVERED:
        message.settled_at = call.now
    tell(call, message)
