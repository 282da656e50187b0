"""Queries about invoices: what can be put on one, what is still due of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select, text, update

from billing.tables_invoices import Invoice, InvoiceLine, InvoicePayment
from billing.tables_money import ChargeLine
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, BaseStore, among, make_token, read_token

# What the debtor still owes of each line of the invoices that hold, at most what the invoice asks for it.
_DUE_LINES = """
    select invoice.id, invoice.payer_id, invoice.patient_id, invoice.due_on,
        least(greatest(coalesce(owed.amount, 0), 0), line.amount_minor) as due
    from invoice
    join invoice_line as line on line.tenant_id = invoice.tenant_id and line.invoice_id = invoice.id and line.live
    left join lateral (
        select sum(entry.amount_minor) as amount from ledger_entry as entry
        where entry.tenant_id = invoice.tenant_id and entry.charge_line_id = line.charge_line_id
            and case when invoice.payer_id is null then entry.account = 'patient_receivable'
                else entry.account = 'payer_receivable' and entry.payer_id = invoice.payer_id end) as owed on true
    where invoice.tenant_id = :tenant_id and invoice.voided_at is null
"""
_STILL_DUE = text(f"select id, sum(due) from ({_DUE_LINES} and invoice.id = any(:ids)) as lines group by id")  # noqa: S608
_AGES = text(
    f"""
    select coalesce(payer_id, patient_id) as debtor, payer_id, patient_id, count(distinct id) filter (where due > 0) as invoices,
        coalesce(sum(due) filter (where due_on >= :today), 0) as not_due,
        coalesce(sum(due) filter (where :today - due_on between 1 and 30), 0) as first,
        coalesce(sum(due) filter (where :today - due_on between 31 and 60), 0) as second,
        coalesce(sum(due) filter (where :today - due_on between 61 and 90), 0) as third,
        coalesce(sum(due) filter (where :today - due_on > 90), 0) as older
    from ({_DUE_LINES}) as lines
    group by payer_id, patient_id
    having sum(due) > 0 and (cast(:after as uuid) is null or coalesce(payer_id, patient_id) > :after)
    order by debtor limit :size
    """  # noqa: S608
)
# What a debtor owes on services that no invoice carries and no live claim asks for.
_OPEN = text(
    """
    select entry.charge_line_id, sum(entry.amount_minor) as amount
    from ledger_entry as entry
    where entry.tenant_id = :tenant_id and entry.charge_line_id is not null
        and case when cast(:payer_id as uuid) is null then entry.account = 'patient_receivable' and entry.patient_id = any(:patients)
            else entry.account = 'payer_receivable' and entry.payer_id = :payer_id end
        and not exists (select from invoice_line as line where line.tenant_id = entry.tenant_id
            and line.charge_line_id = entry.charge_line_id and line.live)
        and (cast(:first as date) is null or entry.service_date >= :first)
        and (cast(:last as date) is null or entry.service_date <= :last)
    group by entry.charge_line_id having sum(entry.amount_minor) > 0
    """
)


@dataclass(frozen=True, slots=True)
class DebtorAges:
    """What one debtor still owes on invoices: not due yet, then by days after the due day; minor units."""

    payer_id: UUID | None
    patient_id: UUID | None
    invoices: int
    # not due, 1–30, 31–60, 61–90, more
    amounts: tuple[int, int, int, int, int]


class InvoiceStore(BaseStore):
    """Invoices, their lines and payments."""

    def invoiceable(
        self, payer_id: UUID | None, patient_ids: Iterable[UUID], first: date | None, last: date | None
    ) -> list[tuple[ChargeLine, int]]:
        """(charge line, minor units owed) that an invoice to the debtor could ask for, in order of service; without a payer the
        patients are the debtors."""
        values = {
            "tenant_id": self.tenant_id,
            "payer_id": payer_id,
            "patients": list(patient_ids),
            "first": first,
            "last": last,
        }
        owed = {row.charge_line_id: int(row.amount) for row in self.session.execute(_OPEN, values)}
        query = (
            select(ChargeLine)
            .where(ChargeLine.tenant_id == self.tenant_id, among(ChargeLine.id, owed))
            .order_by(ChargeLine.service_date, ChargeLine.encounter_id, ChargeLine.line_number)
        )
        return [(line, owed[line.id]) for line in self.session.scalars(query)]

    def lines_on_invoices_until(self, day: date, patient_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Charge lines that invoices to these patients ask for and that are not overdue on the day."""
        query = (
            select(InvoiceLine.charge_line_id)
            .join(Invoice, (Invoice.tenant_id == InvoiceLine.tenant_id) & (Invoice.id == InvoiceLine.invoice_id))
            .where(
                Invoice.tenant_id == self.tenant_id,
                among(Invoice.patient_id, patient_ids),
                Invoice.due_on >= day,
                InvoiceLine.live,
            )
        )
        return frozenset(self.session.scalars(query))

    def still_due_of_invoices(self, invoice_ids: Iterable[UUID]) -> dict[UUID, int]:
        """What is still due of invoices that hold, minor units; void ones are left out."""
        rows = self.session.execute(_STILL_DUE, {"tenant_id": self.tenant_id, "ids": list(invoice_ids)})
        return {row[0]: int(row[1]) for row in rows}

    def invoice_ages(self, today: date, page_size: int, page_token: str) -> tuple[list[DebtorAges], str]:
        """A page of debtors who owe anything on invoices."""
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        [after] = read_token(page_token, 1) if page_token else [None]
        values = {"tenant_id": self.tenant_id, "today": today, "after": after, "size": size + 1}
        rows = self.session.execute(_AGES, values).all()
        found = [
            DebtorAges(
                row.payer_id,
                row.patient_id,
                int(row.invoices),
                (int(row.not_due), int(row.first), int(row.second), int(row.third), int(row.older)),
            )
            for row in rows[:size]
        ]
        return found, make_token([rows[size - 1].debtor]) if len(rows) > size else ""

    def invoice_lines(self, invoice_id: UUID) -> list[InvoiceLine]:
        """An invoice's lines, as it asks for them."""
        query = (
            select(InvoiceLine)
            .where(InvoiceLine.tenant_id == self.tenant_id, InvoiceLine.invoice_id == invoice_id)
            .order_by(InvoiceLine.number)
        )
        return list(self.session.scalars(query))

    def release_invoice_lines(self, invoice_id: UUID) -> None:
        """The services of an invoice that is void may be invoiced again."""
        self.session.execute(
            update(InvoiceLine)
            .where(InvoiceLine.tenant_id == self.tenant_id, InvoiceLine.invoice_id == invoice_id)
            .values(live=False)
        )

    def invoice_payments(self, invoice_ids: Iterable[UUID]) -> list[InvoicePayment]:
        """What employers have paid on invoices, in that order."""
        query = (
            select(InvoicePayment)
            .where(InvoicePayment.tenant_id == self.tenant_id, among(InvoicePayment.invoice_id, invoice_ids))
            .order_by(InvoicePayment.id)
        )
        return list(self.session.scalars(query))

    def invoice_page(
        self, payer_id: UUID | None, patient_ids: Iterable[UUID] | None, page_size: int, page_token: str
    ) -> tuple[list[Invoice], str]:
        """Invoices, the newest first."""
        query = select(Invoice).where(Invoice.tenant_id == self.tenant_id)
        if payer_id is not None:
            query = query.where(Invoice.payer_id == payer_id)
        if patient_ids is not None:
            query = query.where(among(Invoice.patient_id, patient_ids))
        return self.page(query, [Invoice.issued_on, Invoice.id], page_size, page_token, descending=True)
