"""The audit trail: fed from AUDIT, searchable by patient, account and request."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.call import Call
from identity.store import Store
from identity.tables import AuditEntry


def keep(call: Call, entries: list[dict[str, Any]]) -> None:
    """Keeps entries; the same one twice is kept once."""
    Store(call.session).add_audit_entries(entries)


def search(
    call: Call,
    *,
    patient_id: UUID | None,
    principal_id: str,
    request_id: str,
    from_time: datetime | None,
    to_time: datetime | None,
    page_size: int,
    page_token: str,
) -> tuple[list[AuditEntry], str]:
    """One page of entries, newest first, by any of patient, principal, request and real time [from, to)."""
    return Store(call.session).search_audit(
        patient_id=patient_id,
        principal_id=principal_id,
        request_id=request_id,
        from_time=from_time,
        to_time=to_time,
        page_size=page_size,
        page_token=page_token,
    )
