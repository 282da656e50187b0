"""References that a message has on the wire, known before it is sent and the same for every attempt.

They are derived from what the message is for, so that work done twice names the same message: the SMS provider drops
the second one by its ClientReference, and a mail reader or an auditor sees two copies of one Message-ID.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from notifications.domain.vocabulary import Channel

REFERENCE_HEX = 40


def reminder_key(tenant_id: UUID, subject_id: UUID, occurrence: int, rule_id: UUID, channel: Channel) -> str:
    """The key of one planned sending: tenant, appointment (or offer, statement), its count of moves, rule and channel."""
    return _digest(f"reminder|{tenant_id}|{subject_id}|{occurrence}|{rule_id}|{channel}")


def manual_key(tenant_id: UUID, message_id: UUID) -> str:
    """The key of a message that somebody sends by hand."""
    return _digest(f"manual|{tenant_id}|{message_id}")


def answer_key(tenant_id: UUID, provider_reference: str) -> str:
    """The key of our answer to a text message, by the provider's id of what came in."""
    return _digest(f"answer|{tenant_id}|{provider_reference}")


def wire_reference(key: str, channel: Channel, email_domain: str) -> str:
    """The Message-ID (RFC 5322 section 3.6.4, in angle brackets) or the SMS ClientReference of a key."""
    return f"<{key}@{email_domain}>" if channel is Channel.EMAIL else f"pc-{key}"


def body_hash(subject: str, text: str, html: str) -> str:
    """SHA-256 (hex) of what is sent."""
    return hashlib.sha256("\x00".join((subject, text, html)).encode()).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:REFERENCE_HEX]
