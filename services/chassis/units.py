"""Units of work outside a request: one transaction for a message or a due item, as the system, in its tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.orm import Session

from chassis.call import Call
from chassis.clock import BusinessClock, monotonic
from chassis.database import Database, Scope
from chassis.principal import SYSTEM

# What a handler may take; the broker redelivers after ACK_WAIT_SECONDS, which must be longer.
HANDLER_SECONDS = 25.0


class Units:
    """Opens calls of the system."""

    def __init__(self, service: str, database: Database, clock: BusinessClock, wake: Callable[[Session], None]) -> None:
        self.service = service
        self.database = database
        self.clock = clock
        self._wake = wake

    @contextmanager
    def system_call(self, tenant_id: UUID | None, *, seconds: float = HANDLER_SECONDS) -> Iterator[Call]:
        """A system call in the tenant; commits at the end, then wakes the relay and the due worker where they have work."""
        with self.database.transaction(Scope(tenant_id, timeout_seconds=seconds)) as session:
            call = Call(
                session=session,
                principal=SYSTEM,
                clock=self.clock,
                service=self.service,
                deadline=monotonic() + seconds,
            )
            yield call
        call.run_after_commit()
        self._wake(session)
