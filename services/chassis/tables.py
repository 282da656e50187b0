"""The chassis's own tables, in each service's database: outbox, inbox, idempotency keys, due work, dead letters, files."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from chassis.orm import Tenanted, TenantOnly, declarative_base

Base: Any = declarative_base()


class Outbox(Base):
    """An event that was committed with its effect and waits for (or had) its publication."""

    __tablename__ = "outbox"
    # A database identity, drawn after the aggregate's row is locked: publication order within an aggregate.
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[UUID | None]
    message_id: Mapped[UUID]
    subject: Mapped[str]
    # At most one unacknowledged event per key is under way.
    aggregate: Mapped[str]
    payload: Mapped[bytes]
    headers: Mapped[dict]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_outbox_unpublished", "id", postgresql_where="published_at is null"),
        Index("ix_outbox_published_at", "published_at", postgresql_where="published_at is not null"),
        {"info": {"worker": True}},
    )


class Inbox(TenantOnly, Base):
    """A message whose effect is committed: it will not be applied again."""

    __tablename__ = "inbox"
    consumer: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
    __table_args__ = (Index("ix_inbox_received_at", "received_at"), {"info": {"worker": True}})


class IdempotencyKey(TenantOnly, Base):
    """The answer that was given to a caller's key; kept 48 hours."""

    __tablename__ = "idempotency_key"
    principal_id: Mapped[str] = mapped_column(primary_key=True)
    rpc: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    response: Mapped[bytes | None]
    created_at: Mapped[datetime]
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"), {"info": {"worker": True}})


class Due(TenantOnly, Base):
    """Work to be done when business time reaches ``due_at``; unique by kind and key."""

    __tablename__ = "due"
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    payload: Mapped[dict]
    # Rises with each (re)scheduling, so that a worker cannot finish an item that was rescheduled meanwhile.
    generation: Mapped[int]
    attempts: Mapped[int]
    # Real time: leased to a worker, or backing off, until then.
    not_before: Mapped[datetime | None]
    traceparent: Mapped[str | None]
    __table_args__ = (Index("ix_due_due_at", "due_at"), {"info": {"worker": True}})


class DeadLetter(Tenanted, Base):
    """A message or due item that could not be processed; replayable, encrypted when a key is configured, expiring."""

    __tablename__ = "dead_letter"
    source: Mapped[str]  # "message" or "due"
    consumer: Mapped[str]
    subject: Mapped[str]
    message_id: Mapped[UUID]
    payload: Mapped[bytes]
    headers: Mapped[dict]
    error: Mapped[str]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    replayed_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_dead_letter_created_at", "tenant_id", "created_at"), {"info": {"worker": True}})


class TokenKey(TenantOnly, Base):
    """A public key that tokens are signed with, as identity last published it: a service that restarts while identity
    is down still verifies tokens. Belongs to the nil tenant."""

    __tablename__ = "token_key"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    jwk: Mapped[dict]
    __table_args__ = ({"info": {"directory": "tokens of every tenant are verified with the same keys"}},)


class StoredFile(Tenanted, Base):
    """A document's head; its bytes are in chunks."""

    __tablename__ = "stored_file"
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes]
    created_at: Mapped[datetime]


class StoredFileChunk(TenantOnly, Base):
    __tablename__ = "stored_file_chunk"
    file_id: Mapped[UUID] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes]
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "file_id"], ["stored_file.tenant_id", "stored_file.id"], ondelete="CASCADE"),
    )
