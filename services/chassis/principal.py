"""Who is calling: what a verified token says."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from chassis.ids import NIL


@dataclass(frozen=True)
class Principal:
    """The caller. ``patient_ids`` is what a patient's token reaches: that patient and those they are proxy for."""

    kind: str  # user, patient, service, system
    id: str
    name: str = ""
    tenant_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    # Empty: all locations of the tenant.
    location_ids: frozenset[UUID] = frozenset()
    patient_ids: tuple[UUID, ...] = ()
    # Real-time expiry of the token, Unix seconds; 0 for the system.
    expires_at: int = 0
    issued_at: int = 0
    extra: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    def may(self, permission: str) -> bool:
        """Whether the permission is held: exactly, by ``noun.*`` or by ``*``."""
        return holds(self.permissions, permission)

    @property
    def patient_scope(self) -> tuple[UUID, ...] | None:
        """The patients this transaction is narrowed to; None when it is not narrowed."""
        if self.kind != "patient":
            return None
        return self.patient_ids or (NIL,)


SYSTEM = Principal(kind="system", id="system", name="system", permissions=frozenset({"*"}))


@lru_cache(maxsize=4096)
def holds(permissions: frozenset[str], permission: str) -> bool:
    """Whether a set of granted permissions covers one; wildcards are ``noun.*`` and ``*``.

    ``*`` is everything within a tenant: it never covers ``platform.…``, which operators are given by name.
    """
    noun = permission.split(".")[0]
    return permission in permissions or f"{noun}.*" in permissions or ("*" in permissions and noun != "platform")
