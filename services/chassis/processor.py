"""How one message is applied: the inbox row, the handler, the events it causes, one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from chassis import descriptors, telemetry
from chassis.call import Call
from chassis.clock import real_now
from chassis.database import Database, Scope
from chassis.deadletters import DeadLetters
from chassis.errors import Unprocessable
from chassis.tables import Inbox
from chassis.units import Units

# Built once: putting a statement together anew for each message costs more than running it.
_CLAIM = insert(Inbox.__table__).on_conflict_do_nothing().returning(Inbox.__table__.c.message_id)
_CLAIM_ALL = text(
    "insert into inbox (tenant_id, consumer, message_id, received_at)"
    " select :tenant_id, :consumer, message_id, :received_at from unnest(cast(:message_ids as uuid[])) as message_id"
    " on conflict do nothing returning message_id"
)
processed = telemetry.counter("polyclinic.consumer.processed", description="messages processed")


class UnknownEvent(Exception):
    """An event that this code does not read and that its consumer is given all the same: a replica of a newer release reads
    it, and it is that one's."""


@dataclass(frozen=True)
class Subscription:
    """Subject → handler. The event class names the subject; purposes of a service are consumed independently.

    Replicas of two releases share one durable consumer while one takes the place of the other, so no release takes a
    subject from it that another one reads. An event that is read no longer keeps its line for one release, with None as
    its handler: that takes it back.
    """

    event: type[Message]
    handler: Callable[[Call, Any], None] | None
    purpose: str
    # The handler takes a list of events of one tenant: one transaction for many messages, where each is cheap.
    bulk: bool = False
    # Seconds for which messages are let gather between two lots of a bulk consumer that nobody waits for.
    gathers: float = 0.0

    @property
    def kind(self) -> descriptors.EventKind:
        return descriptors.event_kind(self.event.DESCRIPTOR)


def each(handler: Callable[[Call, Any], None]) -> Callable[[Call, Any], None]:
    """A bulk handler that takes its events one after another: the transaction is shared, and what it costs; for copies of
    others' records, which come by the hundred when somebody imports them."""

    def handle_all(call: Call, events: Sequence[Message]) -> None:
        for event in events:
            handler(call, event)

    return handle_all


class Processor:
    """Applies one message: inbox, handler, outbox, commit."""

    def __init__(
        self,
        consumer: str,
        subscriptions: Sequence[Subscription],
        units: Units,
        dead_letters: DeadLetters,
        database: Database,
    ) -> None:
        self.consumer = consumer
        self._handlers = {s.kind.full_name: s for s in subscriptions}
        self._units = units
        self._dead_letters = dead_letters
        self._database = database

    def takes(self, event_type: str) -> bool:
        """Whether the consumer reads events of this type, or takes their subject back."""
        return event_type in self._handlers

    def apply(self, *, tenant_id: UUID, message_id: UUID, event_type: str, payload: bytes) -> bool:
        """Applies the message unless it was applied before; returns whether it was applied now.

        Raises whatever the handler raises; Unprocessable when the payload cannot be read, UnknownEvent when it is another
        release's.
        """
        subscription = self._handlers.get(event_type)
        if subscription is None:
            raise UnknownEvent(event_type)
        if subscription.handler is None:
            return False
        try:
            event = subscription.event.FromString(payload)
        except DecodeError as error:
            raise Unprocessable("not a " + event_type) from error
        with self._units.system_call(tenant_id) as call:
            mine = {"tenant_id": tenant_id, "consumer": self.consumer, "received_at": real_now()}
            if call.session.scalar(_CLAIM, {**mine, "message_id": message_id}) is None:
                return False
            subscription.handler(call, [event] if subscription.bulk else event)
        processed.add(1, {"consumer": self.consumer, "event": subscription.kind.subject})
        return True

    @property
    def bulk(self) -> bool:
        """Whether all its subscriptions take lists."""
        return all(subscription.bulk for subscription in self._handlers.values() if subscription.handler is not None)

    @property
    def gathers(self) -> float:
        """Seconds for which messages are let gather between two lots."""
        return max((subscription.gathers for subscription in self._handlers.values()), default=0.0)

    def apply_bulk(self, tenant_id: UUID, messages: list[tuple[UUID, str, bytes]]) -> None:
        """Applies many messages (id, type, payload) of one tenant in one transaction; those applied before are left out.

        Raises whatever a handler raises, and UnknownEvent: nothing of them is applied then.
        """
        for _, event_type, _ in messages:
            if event_type not in self._handlers:
                raise UnknownEvent(event_type)
        with self._units.system_call(tenant_id) as call:
            mine = {"tenant_id": tenant_id, "consumer": self.consumer, "received_at": real_now()}
            # In one order everywhere, so that two replicas with the same messages wait instead of blocking each other.
            ids = sorted(message_id for message_id, _, _ in messages)
            fresh = set(call.session.scalars(_CLAIM_ALL, {**mine, "message_ids": ids}))
            by_type: dict[str, list[Message]] = {}
            for message_id, event_type, payload in messages:
                if message_id in fresh:
                    by_type.setdefault(event_type, []).append(self._handlers[event_type].event.FromString(payload))
            for event_type, events in by_type.items():
                if (handler := self._handlers[event_type].handler) is not None:
                    handler(call, events)
        processed.add(len(fresh), {"consumer": self.consumer, "event": "bulk"})

    def give_up(self, *, tenant_id: UUID, message_id: UUID, message: Msg, error: BaseException, attempts: int) -> None:
        """Writes the dead letter; no inbox row, so that a replay is applied."""
        with self._database.transaction(Scope(tenant_id)) as session:
            self._dead_letters.write(
                session,
                tenant_id=tenant_id,
                source="message",
                consumer=self.consumer,
                subject=message.subject,
                message_id=message_id,
                payload=message.data,
                headers=dict(message.headers or {}),
                error=error,
                attempts=attempts,
            )
