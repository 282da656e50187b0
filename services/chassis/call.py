"""What a use case is given: the transaction, who calls, which tenant, the clock, and ways to emit, schedule and audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.orm import Session

from chassis import outbox
from chassis.clock import BusinessClock, monotonic
from chassis.database import Database
from chassis.due import DueWork
from chassis.errors import PermissionDenied, StaleVersion
from chassis.ids import uuid7
from chassis.principal import Principal


class Call:
    """One request, message or due item: one transaction."""

    def __init__(
        self,
        *,
        session: Session,
        principal: Principal,
        clock: BusinessClock,
        service: str,
        deadline: float | None = None,
        request_id: str = "",
        client_address: str = "",
    ) -> None:
        self.session = session
        self.principal = principal
        self.clock = clock
        self.service = service
        self.request_id = request_id
        self.client_address = client_address
        self.due = DueWork(session)
        # Patients this call touched, for its audit entry.
        self.touched: set[str] = set()
        # Why, where the caller gave a reason; ends up in the audit entry.
        self.reason = ""
        self._deadline = deadline
        self._after_commit: list[Callable[[], object]] = []

    @property
    def tenant_id(self) -> UUID:
        """The transaction's tenant. Raises PermissionDenied when the caller belongs to none."""
        tenant_id: UUID | None = self.session.info["tenant_id"]
        if tenant_id is None:
            raise PermissionDenied("This needs a tenant.")
        return tenant_id

    @property
    def now(self) -> datetime:
        """Business time, aware UTC."""
        return self.clock.now()

    @staticmethod
    def new_id() -> UUID:
        """A new UUIDv7."""
        return uuid7()

    def may(self, permission: str) -> bool:
        """Whether the caller holds the permission."""
        return self.principal.may(permission)

    def require(self, permission: str) -> None:
        """Raises PermissionDenied unless the caller holds the permission."""
        if not self.may(permission):
            raise PermissionDenied(internal=permission)

    @staticmethod
    def expect_version(actual: int, given: int) -> None:
        """Raises StaleVersion unless `given` is the actual version; 0 means that the caller did not say."""
        if given not in (0, actual):
            raise StaleVersion(internal=f"{given} is not {actual}")

    def emit(self, event: Message) -> None:
        """Writes an event to the outbox, in this transaction. Draw it after the aggregate's row is locked."""
        outbox.emit(self.session, self.tenant_id, event)

    def emit_all(self, events: Sequence[Message]) -> None:
        """As `emit`, for many events by one statement, in their order."""
        if events:
            outbox.emit_all(self.session, self.tenant_id, events)

    def touch(self, *patient_ids: UUID | str) -> None:
        """Adds patients to the audit entry beyond those in ``patient_id`` fields of request and answer."""
        self.touched.update(map(str, patient_ids))

    def after_commit(self, action: Callable[[], object]) -> None:
        """Runs `action` once the transaction is committed: for caches, never for effects that matter."""
        self._after_commit.append(action)

    def run_after_commit(self) -> None:
        """Called by the chassis."""
        for action in self._after_commit:
            action()

    def deadline_remaining(self) -> float:
        """Real seconds left, or infinity."""
        return float("inf") if self._deadline is None else self._deadline - monotonic()

    def enter_tenant(self, tenant_id: UUID) -> None:
        """Gives a call that began without a tenant its tenant (sign-in, creating a tenant, webhooks)."""
        Database.enter_tenant(self.session, tenant_id)

    def savepoint(self) -> Any:
        """A savepoint as a context manager: an exception inside rolls back to it."""
        return self.session.begin_nested()
