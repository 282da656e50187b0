"""Signals between the browsers of a room: where they go and what they look like."""

from __future__ import annotations

import json
from uuid import UUID

from telehealth.domain.vocabulary import Role


def subject(tenant_id: UUID, session_id: UUID, participant_id: UUID) -> str:
    """The core NATS subject one participant's stream listens to."""
    return f"polyclinic.telehealth.signal.{tenant_id}.{session_id}.{participant_id}"


def body(kind: str, sender_id: UUID | None, sender_role: Role | None, payload: str) -> bytes:
    """UTF-8 JSON {"kind", "from", "from_role", "payload"}; `from` is empty when the room itself speaks."""
    message = {
        "kind": kind,
        "from": str(sender_id) if sender_id else "",
        "from_role": sender_role.value if sender_role else "",
        "payload": payload,
    }
    return json.dumps(message, ensure_ascii=False).encode()
