"""Dead letters: what could not be processed, kept encrypted with its error until somebody replays it or it expires."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import loglines, outbox, telemetry
from chassis.clock import real_now
from chassis.ids import uuid7
from chassis.tables import DeadLetter, Due

KEEP = timedelta(days=30)
log = telemetry.logger(__name__)
written = telemetry.counter("polyclinic.dead_letters", description="messages and due items given up")


class DeadLetters:
    """Writes and replays dead letters of a service."""

    def __init__(self, key: bytes | None) -> None:
        self._cipher = AESGCM(key) if key else None

    def write(
        self,
        session: Session,
        *,
        tenant_id: UUID,
        source: str,
        consumer: str,
        subject: str,
        message_id: UUID,
        payload: bytes,
        headers: dict[str, str],
        error: BaseException,
        attempts: int,
    ) -> None:
        """Keeps one in the session's transaction. `source` is "message" or "due"."""
        now = real_now()
        session.add(
            DeadLetter(
                tenant_id=tenant_id,
                id=uuid7(),
                source=source,
                consumer=consumer,
                subject=subject,
                message_id=message_id,
                payload=self._seal(payload),
                headers=headers,
                error=loglines.told(error)[:2000],
                attempts=attempts,
                created_at=now,
                expires_at=now + KEEP,
                replayed_at=None,
            )
        )
        written.add(1, {"consumer": consumer, "source": source})
        log.error(
            "dead letter",
            consumer=consumer,
            subject=subject,
            message_id=message_id,
            attempts=attempts,
            error=type(error).__name__,
        )

    def replay(self, session: Session, letter: DeadLetter) -> None:
        """Puts it back: a due item becomes due at once, a message is published to its subject again under a new id.

        The new id lets the other consumers of that subject see it too; their effects are keyed by their own rules.
        """
        payload = self._open(letter.payload)
        if letter.source == "due":
            values = json.loads(payload)
            statement = insert(Due).values(
                tenant_id=letter.tenant_id,
                kind=values["kind"],
                key=values["key"],
                due_at=datetime.fromisoformat(values["due_at"]),
                payload=values["payload"],
                generation=1,
                attempts=0,
                not_before=None,
                traceparent=None,
            )
            session.execute(statement.on_conflict_do_nothing())
        else:
            outbox.enqueue(
                session,
                tenant_id=letter.tenant_id,
                subject=letter.subject,
                aggregate=f"replay:{letter.id}",
                payload=payload,
                event_type=letter.headers.get("ce-type", ""),
                source=letter.headers.get("ce-source", "").removeprefix("polyclinic/"),
            )
        session.execute(
            update(DeadLetter)
            .where(DeadLetter.tenant_id == letter.tenant_id, DeadLetter.id == letter.id)
            .values(replayed_at=real_now())
        )

    @staticmethod
    def waiting(session: Session) -> list[DeadLetter]:
        """All that were not replayed, oldest first."""
        return list(
            session.scalars(select(DeadLetter).where(DeadLetter.replayed_at.is_(None)).order_by(DeadLetter.created_at))
        )

    def _seal(self, payload: bytes) -> bytes:
        if self._cipher is None:
            return b"\x00" + payload
        nonce = os.urandom(12)
        return b"\x01" + nonce + self._cipher.encrypt(nonce, payload, None)

    def _open(self, sealed: bytes) -> bytes:
        if sealed[:1] == b"\x00":
            return sealed[1:]
        if self._cipher is None:
            raise RuntimeError("the dead letter is encrypted and no key is configured")
        return self._cipher.decrypt(sealed[1:13], sealed[13:], None)
