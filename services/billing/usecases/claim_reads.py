"""Reading claims, batches, remittances and work items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from billing.domain.charges import ChargeLine
from billing.domain.ledger import LineBalance
from billing.store import Store
from billing.tables_claims import (
    Claim,
    ClaimBatch,
    ClaimHappening,
    ClaimLine,
    Remittance,
    RemittanceClaim,
    RemittancePosting,
    WorkItem,
)
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import NotFound


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with its lines (as charged, and what is open on them) and its life."""

    claim: Claim
    lines: Sequence[tuple[ClaimLine, ChargeLine, LineBalance]]
    life: Sequence[ClaimHappening]


@dataclass(frozen=True, slots=True)
class RemittanceView:
    """A set with its claims and what was posted."""

    remittance: Remittance
    claims: Sequence[RemittanceClaim]
    postings: Sequence[RemittancePosting]


def payer_codes(call: Call) -> Callable[[UUID | None], str]:
    """Payer id → code ('' for none or one that is gone)."""
    codes = Store(call.session).payer_codes()
    return lambda payer_id: codes.get(payer_id, "") if payer_id is not None else ""


def list_claims(
    call: Call, filters: Mapping[str, object], payer_code: str, page_size: int, page_token: str
) -> tuple[list[Claim], str]:
    """A page of claims at locations the caller may see."""
    store = Store(call.session)
    asked = dict(filters)
    if payer_code:
        row = store.payer_row(payer_code)
        if row is None:
            return [], ""
        asked["payer_id"] = row.id
    return store.claim_page(asked, page_size, page_token, list(call.principal.location_ids))


def get_claim(call: Call, claim_id: UUID) -> ClaimView:
    """A claim with everything. Raises NotFound."""
    store = Store(call.session)
    claim = store.need(Claim, claim_id, "claim")
    if call.principal.location_ids and claim.location_id not in call.principal.location_ids:
        raise NotFound("claim")
    lines = store.claim_lines([claim.id]).get(claim.id, [])
    ids = [line.charge_line_id for line in lines]
    charges, balances = store.charge_lines(ids), journals.line_balances(store, ids)
    shown = [(line, charges[line.charge_line_id], balances[line.charge_line_id]) for line in lines]
    return ClaimView(claim, shown, store.happenings(claim.id))


def count_claims(call: Call) -> list[tuple[str, int, int]]:
    """(state, number, charge in minor units)."""
    return Store(call.session).claim_counts()


def list_batches(call: Call, payer_code: str, page_size: int, page_token: str) -> tuple[list[ClaimBatch], str]:
    """A page of batches. Raises NotFound (payer)."""
    store = Store(call.session)
    return store.batch_page(_payer_id(store, payer_code), page_size, page_token)


def list_remittances(
    call: Call, state: str, payer_code: str, trace: str, page_size: int, page_token: str
) -> tuple[list[Remittance], str]:
    """A page of 835 sets. Raises NotFound (payer)."""
    store = Store(call.session)
    return store.remittance_page(
        state=state, payer_id=_payer_id(store, payer_code), trace=trace, page_size=page_size, page_token=page_token
    )


def get_remittance(call: Call, remittance_id: UUID) -> RemittanceView:
    """A set with its claims and what was posted. Raises NotFound."""
    store = Store(call.session)
    row = store.need(Remittance, remittance_id, "remittance")
    return RemittanceView(row, store.remittance_claims(row.id), store.postings_of_remittance(row.id))


def list_work_items(
    call: Call,
    *,
    kinds: Sequence[str],
    state: str,
    owner_id: str | None,
    claim_id: UUID | None,
    patient_id: UUID | None,
    exception: str,
    page_size: int,
    page_token: str,
) -> tuple[list[WorkItem], str]:
    """A page of work items."""
    return Store(call.session).work_item_page(
        kinds=kinds,
        state=state,
        owner_id=owner_id,
        claim_id=claim_id,
        patient_id=patient_id,
        exception=exception,
        page_size=page_size,
        page_token=page_token,
    )


def get_work_item(call: Call, work_item_id: UUID) -> WorkItem:
    """One work item. Raises NotFound."""
    return Store(call.session).need(WorkItem, work_item_id, "work item")


def _payer_id(store: Store, code: str) -> UUID | None:
    if not code:
        return None
    row = store.payer_row(code)
    if row is None:
        raise NotFound("payer")
    return row.id
