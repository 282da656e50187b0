"""Queries about inbound files, remittances and what was posted out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import orjson
from sqlalchemy import Table, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from billing.store_claims import ClaimsStore
from billing.tables_claims import (
    Claim,
    ClaimHappening,
    ClearinghouseCursor,
    InboundFile,
    Remittance,
    RemittanceClaim,
    RemittancePosting,
)
from chassis.store import among

_DIALECT = postgresql.dialect()


def insert_at_once(session: Session, table: Table, rows: Sequence[Mapping[str, object]], conflict: str = "") -> None:
    """Inserts rows of a table by one statement, as one document; the driver would send them one by one.

    `conflict`: an "on conflict …" clause of ours.
    """
    names = ", ".join(rows[0])
    typed = ", ".join(f"{name} {table.columns[name].type.compile(_DIALECT)}" for name in rows[0])
    # Names of our own tables and columns only.
    statement = f"insert into {table.name} ({names}) select {names} from json_to_recordset(cast(:rows as json)) as r({typed}) {conflict}"  # noqa: S608
    session.execute(text(statement), {"rows": orjson.dumps(rows, default=str).decode()})


class RemittancesStore(ClaimsStore):
    """Files that came in, 835 sets, their claims and postings."""

    # ---- files

    def inbound_by_hash(self, sha256: str) -> InboundFile | None:
        """The file with this content, whatever it was called."""
        return self.session.scalar(
            select(InboundFile).where(InboundFile.tenant_id == self.tenant_id, InboundFile.sha256 == sha256)
        )

    def inbound_page(self, state: str, page_size: int, page_token: str) -> tuple[list[InboundFile], str]:
        query = select(InboundFile).where(InboundFile.tenant_id == self.tenant_id)
        if state:
            query = query.where(InboundFile.state == state)
        return self.page(query, [InboundFile.id], page_size, page_token, descending=True)

    def patients_in_file(self, inbound_file_id: UUID) -> list[UUID]:
        """Patients whom a file is known to speak of: whose claims it moved or answered."""
        moved = select(ClaimHappening.patient_id).where(
            ClaimHappening.tenant_id == self.tenant_id, ClaimHappening.file_id == inbound_file_id
        )
        answered = (
            select(RemittanceClaim.patient_id)
            .join(
                Remittance,
                (Remittance.tenant_id == RemittanceClaim.tenant_id) & (Remittance.id == RemittanceClaim.remittance_id),
            )
            .where(
                Remittance.tenant_id == self.tenant_id,
                Remittance.inbound_file_id == inbound_file_id,
                RemittanceClaim.patient_id.is_not(None),
            )
        )
        return list(self.session.scalars(moved.union(answered)))

    def written_in_batch(self, batch_id: UUID) -> list[datetime]:
        """When the claims in a batch's file were written, UTC instants."""
        query = select(Claim.created_at).where(Claim.tenant_id == self.tenant_id, Claim.batch_id == batch_id)
        return list(self.session.scalars(query))

    def patients_in_batch(self, batch_id: UUID) -> list[UUID]:
        """Patients whose claims are in a batch's file."""
        query = (
            select(ClaimHappening.patient_id)
            .where(ClaimHappening.tenant_id == self.tenant_id, ClaimHappening.batch_id == batch_id)
            .distinct()
        )
        return list(self.session.scalars(query))

    def cursor(self) -> str:
        """How far the clearinghouse's list was read; '' from the beginning. Locked: one poll at a time."""
        row = self.session.get(ClearinghouseCursor, self.tenant_id, with_for_update=True)
        return row.cursor if row else ""

    def set_cursor(self, cursor: str) -> None:
        statement = insert(ClearinghouseCursor).values(tenant_id=self.tenant_id, cursor=cursor)
        self.session.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_={"cursor": cursor}))

    # ---- remittances

    def remittance_by_key(self, set_key: str) -> Remittance | None:
        return self.session.scalar(
            select(Remittance).where(Remittance.tenant_id == self.tenant_id, Remittance.set_key == set_key)
        )

    def remittance_page(
        self, *, state: str, payer_id: UUID | None, trace: str, page_size: int, page_token: str
    ) -> tuple[list[Remittance], str]:
        query = select(Remittance).where(Remittance.tenant_id == self.tenant_id)
        if state:
            query = query.where(Remittance.state == state)
        if payer_id is not None:
            query = query.where(Remittance.payer_id == payer_id)
        if trace:
            query = query.where(Remittance.trace == trace)
        return self.page(query, [Remittance.id], page_size, page_token, descending=True)

    def add_answers(self, remittance_id: UUID, rows: Sequence[dict[str, object]]) -> None:
        """Writes the CLPs of a set."""
        self._insert(RemittanceClaim, remittance_id, rows)

    def add_postings(self, remittance_id: UUID, rows: Sequence[dict[str, object]], after: int = 0) -> None:
        """Writes what was posted out of a set; `after`: how many rows it has already."""
        self._insert(
            RemittancePosting,
            remittance_id,
            [{"remittance_claim_id": None, "number": number, **row} for number, row in enumerate(rows, after + 1)],
        )

    def _insert(
        self, model: type[RemittanceClaim | RemittancePosting], remittance_id: UUID, rows: Sequence[dict[str, object]]
    ) -> None:
        if rows:
            common = {"tenant_id": self.tenant_id, "remittance_id": remittance_id}
            insert_at_once(self.session, cast(Table, model.__table__), [{**common, **row} for row in rows])

    def write_happenings(self) -> None:
        """Writes the happenings of claims that wait in the session by one statement instead of one each."""
        waiting = [row for row in self.session.new if isinstance(row, ClaimHappening)]
        if not waiting:
            return
        table = cast(Table, ClaimHappening.__table__)
        rows = [{column.name: getattr(row, column.name) for column in table.columns} for row in waiting]
        for row in waiting:
            self.session.expunge(row)
        insert_at_once(self.session, table, [{**row, "tenant_id": self.tenant_id} for row in rows])

    def mark_reversed(self, undone: Mapping[UUID | None, UUID]) -> None:
        """CLP → the CLP that undid it."""
        for row_id, by_id in undone.items():
            self.session.execute(
                update(RemittanceClaim)
                .where(RemittanceClaim.tenant_id == self.tenant_id, RemittanceClaim.id == row_id)
                .values(reversed_by_id=by_id)
            )

    def remittance_claims(self, remittance_id: UUID) -> list[RemittanceClaim]:
        query = (
            select(RemittanceClaim)
            .where(RemittanceClaim.tenant_id == self.tenant_id, RemittanceClaim.remittance_id == remittance_id)
            .order_by(RemittanceClaim.number)
        )
        return list(self.session.scalars(query))

    def answers_to(self, claim_ids: Iterable[UUID]) -> dict[UUID, list[RemittanceClaim]]:
        """The CLPs posted about these claims, in order of posting, without those undone and their reversals."""
        query = (
            select(RemittanceClaim)
            .join(
                Remittance,
                (Remittance.tenant_id == RemittanceClaim.tenant_id) & (Remittance.id == RemittanceClaim.remittance_id),
            )
            .where(
                RemittanceClaim.tenant_id == self.tenant_id,
                among(RemittanceClaim.claim_id, claim_ids),
                RemittanceClaim.reversed_by_id.is_(None),
                RemittanceClaim.outcome.in_(["paid", "denied"]),
            )
            .order_by(Remittance.posted_at, Remittance.set_index, RemittanceClaim.number)
        )
        found: dict[UUID, list[RemittanceClaim]] = {}
        for row in self.session.scalars(query):
            if row.claim_id is not None:
                found.setdefault(row.claim_id, []).append(row)
        return found

    def postings_of(self, remittance_claim_ids: Iterable[UUID]) -> dict[UUID, list[RemittancePosting]]:
        """Postings by CLP, in order."""
        query = (
            select(RemittancePosting)
            .where(
                RemittancePosting.tenant_id == self.tenant_id,
                among(RemittancePosting.remittance_claim_id, remittance_claim_ids),
            )
            .order_by(RemittancePosting.remittance_id, RemittancePosting.number)
        )
        found: dict[UUID, list[RemittancePosting]] = {}
        for row in self.session.scalars(query):
            if row.remittance_claim_id is not None:
                found.setdefault(row.remittance_claim_id, []).append(row)
        return found

    def patient_shares(self, charge_line_ids: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
        """What payers have left to patients, by charge line and share ("deductible", …), minor units, reversals taken off."""
        share, to_payer = RemittancePosting.decision["share"].astext, RemittancePosting.decision["to_payer_id"].astext
        query = (
            select(
                RemittancePosting.charge_line_id,
                share.label("share"),
                func.sum(RemittancePosting.amount_minor).label("minor"),
            )
            .where(
                RemittancePosting.tenant_id == self.tenant_id,
                among(RemittancePosting.charge_line_id, charge_line_ids),
                RemittancePosting.kind == "patient_share",
                to_payer.is_(None),
            )
            .group_by(RemittancePosting.charge_line_id, share)
        )
        found: dict[UUID, dict[str, int]] = {}
        for row in self.session.execute(query):
            if row.minor:
                found.setdefault(row.charge_line_id, {})[row.share] = int(row.minor)
        return found

    def postings_of_remittance(self, remittance_id: UUID) -> list[RemittancePosting]:
        query = (
            select(RemittancePosting)
            .where(RemittancePosting.tenant_id == self.tenant_id, RemittancePosting.remittance_id == remittance_id)
            .order_by(RemittancePosting.remittance_id, RemittancePosting.number)
        )
        return list(self.session.scalars(query))
