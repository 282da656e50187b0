"""Queries about keyed remittances and the takeback sub-ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select, text

from billing.domain.ledger import Account
from billing.store_denials import DenialStore
from billing.tables_claims import Claim, Remittance, RemittanceClaim, RemittancePosting
from billing.tables_ledger import LedgerEntry
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, among, make_token, read_token

# The sub-ledger is read from what was posted; what came to zero under one reference is settled.
_TAKEBACKS = text(
    """
    select decision ->> 'payer_id' as payer_id, upper(decision ->> 'reference') as reference,
        sum(amount_minor) as open, min(id::text) as first,
        (array_agg(remittance_id order by id desc))[1:20] as remittances
    from remittance_posting
    where tenant_id = :tenant_id and kind = 'takeback' and decision ->> 'account' = 'takeback'
        and (cast(:payer_id as text) is null or decision ->> 'payer_id' = :payer_id)
        and (cast(:reference as text) is null or upper(decision ->> 'reference') = :reference)
    group by 1, 2
    having (:settled_too or sum(amount_minor) <> 0) and (cast(:after as text) is null or min(id::text) > :after)
    order by min(id::text)
    limit :size
    """
)
_MOVEMENTS = text(
    """
    with latest as (
        select id, remittance_id, decision ->> 'carc' as code, amount_minor, decision ->> 'payer_id' as payer_id,
            upper(decision ->> 'reference') as reference,
            row_number() over (partition by decision ->> 'payer_id', upper(decision ->> 'reference') order by id desc) as place
        from remittance_posting
        where tenant_id = :tenant_id and kind = 'takeback' and decision ->> 'account' = 'takeback'
            and upper(decision ->> 'reference') = any(:references))
    select latest.remittance_id, remittance.paid_on, latest.code, latest.amount_minor, latest.payer_id, latest.reference
    from latest
    join remittance on remittance.tenant_id = :tenant_id and remittance.id = latest.remittance_id
    where latest.place <= 20
    order by latest.id
    """
)


@dataclass(frozen=True, slots=True)
class TakebackMovement:
    """One movement under a reference, minor units as they moved the bank."""

    remittance_id: UUID
    paid_on: date | None
    code: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TakebackSum:
    """A reference of a payer and what is open under it, minor units."""

    payer_id: UUID
    reference: str
    open_minor: int
    # The latest first, twenty at most.
    remittance_ids: tuple[UUID, ...]


class KeyedStore(DenialStore):
    """Keyed remittances, takebacks."""

    def keyed_remittance(self, payer_id: UUID, trace: str, payment_minor: int) -> Remittance | None:
        """The payment of this payer, trace and amount that a person has keyed."""
        query = select(Remittance).where(
            Remittance.tenant_id == self.tenant_id,
            Remittance.trace == trace,
            Remittance.payer_id == payer_id,
            Remittance.payment_minor == payment_minor,
            Remittance.set_key.startswith("KEYED|"),
        )
        return self.session.scalar(query.limit(1))

    def remittance_of_payment(self, payer_id: UUID, trace: str, payment_minor: int) -> Remittance | None:
        """The payment of this payer, trace and amount, however it came."""
        query = select(Remittance).where(
            Remittance.tenant_id == self.tenant_id,
            Remittance.trace == trace,
            Remittance.payer_id == payer_id,
            Remittance.payment_minor == payment_minor,
        )
        return self.session.scalar(query.limit(1))

    def claims_by_id(self, claim_ids: Iterable[UUID]) -> dict[UUID, Claim]:
        """Claims by their ids; unknown ones are left out."""
        query = select(Claim).where(Claim.tenant_id == self.tenant_id, among(Claim.id, claim_ids))
        return {row.id: row for row in self.session.scalars(query)}

    def takeback_page(
        self, payer_id: UUID | None, *, settled_too: bool, page_size: int, page_token: str
    ) -> tuple[list[TakebackSum], str]:
        """References with what is open under them, the longest known first."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        [after] = read_token(page_token, 1) if page_token else [None]
        rows = self.session.execute(_TAKEBACKS, self._takebacks(payer_id, None, settled_too, after, size + 1)).all()
        token = make_token([rows[size - 1].first]) if len(rows) > size else ""
        return [
            TakebackSum(UUID(row.payer_id), row.reference, int(row.open), tuple(row.remittances)) for row in rows[:size]
        ], token

    def takeback(self, payer_id: UUID, reference: str) -> TakebackSum | None:
        """What is open under one reference."""
        row = self.session.execute(_TAKEBACKS, self._takebacks(payer_id, reference.upper(), True, None, 1)).first()
        return None if row is None else TakebackSum(payer_id, row.reference, int(row.open), tuple(row.remittances))

    def _takebacks(
        self, payer_id: UUID | None, reference: str | None, settled_too: bool, after: object, size: int
    ) -> dict[str, object]:
        return {
            "tenant_id": self.tenant_id,
            "payer_id": str(payer_id) if payer_id else None,
            "reference": reference,
            "settled_too": settled_too,
            "after": after,
            "size": size,
        }

    def takeback_movements(self, sums: Iterable[TakebackSum]) -> dict[tuple[UUID, str], list[TakebackMovement]]:
        """The latest movements (twenty at most) under these references, in order."""
        found: dict[tuple[UUID, str], list[TakebackMovement]] = {(one.payer_id, one.reference): [] for one in sums}
        values = {"tenant_id": self.tenant_id, "references": [reference for _, reference in found]}
        for row in self.session.execute(_MOVEMENTS, values) if found else ():
            of = found.get((UUID(row.payer_id), row.reference))
            if of is not None:
                of.append(TakebackMovement(row.remittance_id, row.paid_on, row.code, int(row.amount_minor)))
        return found

    def answers_in(self, remittance_ids: Iterable[UUID]) -> list[RemittanceClaim]:
        """The answers of these sets that are about claims of ours."""
        query = select(RemittanceClaim).where(
            RemittanceClaim.tenant_id == self.tenant_id,
            among(RemittanceClaim.remittance_id, remittance_ids),
            RemittanceClaim.claim_id.is_not(None),
        )
        return list(self.session.scalars(query))

    def unapplied_of_payer(self, payer_id: UUID) -> int:
        """Deposits of a payer that wait to be used, minor units."""
        query = select(func.coalesce(-func.sum(LedgerEntry.amount_minor), 0)).where(
            LedgerEntry.tenant_id == self.tenant_id,
            LedgerEntry.account == Account.UNAPPLIED_INSURANCE.value,
            LedgerEntry.payer_id == payer_id,
        )
        return int(self.session.scalar(query) or 0)

    def posting_count(self, remittance_id: UUID) -> int:
        """How many postings a set has."""
        query = select(func.count()).where(
            RemittancePosting.tenant_id == self.tenant_id, RemittancePosting.remittance_id == remittance_id
        )
        return int(self.session.scalar(query) or 0)
