"""Statements: one per guarantor, by due work, rendered once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from billing import figures, published
from billing.adapters.statement_paper import Addressee, Sheet, render_statement
from billing.domain import statements as rules
from billing.domain.collections import Policy
from billing.domain.plain_words import service_words
from billing.domain.statements import Skip, StatementDraft, StatementLine
from billing.errors import ExceedsBalance
from billing.store import Store
from billing.tables_money import GuarantorAccount, Statement
from billing.usecases import accounts, collection_policy, journals, payment_plans, payments, work_items
from chassis import files
from chassis.call import Call
from chassis.errors import NotFound
from chassis.files import StoredFile

ISSUE_DUE = "statement.issue"


class AddressBook(Protocol):
    """How and where to write to guarantors; asked of the patient registry."""

    @property
    def pay_url(self) -> str:
        """Where they can pay online; "" when they cannot."""
        ...

    def __call__(self, call: Call, patient_ids: Sequence[UUID]) -> dict[UUID, Addressee]:
        """The guarantors of these patients by id. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Issued:
    """What came of a run: statements, and guarantors who got none with the reason."""

    statement_ids: tuple[UUID, ...]
    skipped: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with what is still due of it now, minor units."""

    statement: Statement
    still_due_minor: int


def issue_statements(call: Call, patient_ids: Sequence[UUID], address_book: AddressBook) -> Issued:
    """Issues the statements of these guarantors (or of the guarantors of these patients) now; without any, all that
    are due today.
    """
    store = Store(call.session)
    today = journals.local_day(call, store, None)
    asked = sorted({store.guarantor_of(patient_id) for patient_id in patient_ids})
    guarantors = asked or store.accounts_due(today)
    issued: list[UUID] = []
    skipped: list[tuple[UUID, str]] = []
    for guarantor_id in guarantors:
        result = issue(call, store, guarantor_id, today, address_book)
        if isinstance(result, Statement):
            issued.append(result.id)
        else:
            skipped.append((guarantor_id, result.value))
    return Issued(tuple(issued), tuple(skipped))


def run_due(call: Call) -> None:
    """Due work, each morning: every guarantor whose next statement is due gets a work of their own, done by itself."""
    store = Store(call.session)
    today = journals.local_day(call, store, None)
    for guarantor_id in store.accounts_due(today):
        call.due.at(ISSUE_DUE, guarantor_id, call.now)
    tomorrow = datetime.combine(today + timedelta(days=1), accounts.STATEMENT_HOUR, accounts.network_zone(store))
    call.due.at(accounts.STATEMENT_RUN_DUE, accounts.DAILY, tomorrow)


def issue_due(call: Call, guarantor_id: UUID, address_book: AddressBook) -> None:
    """Due work: the guarantor's next statement, if it is still the time for it. Raises Unavailable (registry): tried
    again.
    """
    store = Store(call.session)
    account = store.lock_account(guarantor_id)
    today = journals.local_day(call, store, None)
    if account.next_statement_on is not None and account.next_statement_on <= today:
        issue(call, store, guarantor_id, today, address_book)


def issue(call: Call, store: Store, guarantor_id: UUID, today: date, address_book: AddressBook) -> Statement | Skip:
    """Issues one statement, or says why there is none, and plans what comes next."""
    account = store.lock_account(guarantor_id)
    if store.statement_of_day(guarantor_id, today) is not None:
        return Skip.TOO_SOON
    accounts.apply_unapplied(call, store, guarantor_id)
    family = store.family_of(guarantor_id)
    policy = collection_policy.policy_of(store)
    drawn = draft(store, family, today, policy.minimum_minor)
    if not isinstance(drawn, Skip) and held(account, today):
        drawn = Skip.HELD
    if not isinstance(drawn, Skip) and payment_plans.keeps(call, store, guarantor_id, drawn.amount_due_minor):
        drawn = Skip.PAYMENT_PLAN
    if isinstance(drawn, Skip):
        # Asked again when the balance changes; what is small or withheld is looked at in the next cycle.
        waits = drawn in (Skip.SMALL_BALANCE, Skip.PROTECTED, Skip.PAYMENT_PLAN, Skip.HELD, Skip.INVOICED)
        account.next_statement_on = policy.next_statement_on(today) if waits else None
        if not waits:
            account.cycle = 0
        store.session.flush()
        return drawn
    call.touch(guarantor_id, *(line.patient_id for line in drawn.lines))
    statement = _keep(call, store, account, today, drawn, address_book(call, family), address_book.pay_url, policy)
    if account.cycle >= policy.last_cycle:
        account.next_statement_on = None
        work_items.open_item(
            call,
            store,
            kind="collections_review",
            key=f"{guarantor_id}:{today}",
            title=f"{policy.last_cycle} statements unanswered: payment plan, collections or write-off",
            patient_id=guarantor_id,
            amount_minor=drawn.amount_due_minor,
        )
    else:
        account.next_statement_on = policy.next_statement_on(today)
    store.session.flush()
    return statement


def held(account: GuarantorAccount, today: date) -> bool:
    """Whether somebody wants no statement sent to the guarantor today."""
    return bool(account.hold_reason) and (account.hold_until is None or today <= account.hold_until)


def draft(
    store: Store, family: Sequence[UUID], today: date, minimum_minor: int = rules.SMALL_BALANCE_MINOR
) -> StatementDraft | Skip:
    """The family's statement as of today, or why there is none. What an invoice asks for until its due day is left to it."""
    invoiced = store.lines_on_invoices_until(today, family)
    rows = [row for row in store.lines_with_due(family) if row.id not in invoiced]
    balances = journals.line_balances(store, [row.id for row in rows])
    since = {
        item.charge_line_id: item.since
        for item in store.open_receivables(today, family)
        if item.payer_id is None and item.charge_line_id is not None
    }
    people, withheld = store.patients({row.patient_id for row in rows}), accounts.withheld_lines(store, rows)
    places = {location.id: location.name for location in store.locations()}
    shares = store.patient_shares([row.id for row in rows])
    seen_by = store.practitioners_of({row.encounter_id for row in rows})
    lines = []
    for row in rows:
        balance, person = balances[row.id], people.get(row.patient_id)
        place = places.get(row.location_id, "Clinic")
        lines.append(
            StatementLine(
                charge_line_id=row.id,
                patient_id=row.patient_id,
                patient_name=f"{person.first} {person.last}" if person else "",
                service_date=row.service_date,
                description=f"{place}, {service_words(row.procedure)}",
                charge_minor=balance.charge_minor,
                payer_paid_minor=balance.insurance_paid_minor,
                adjustments_minor=balance.written_off_minor,
                patient_paid_minor=balance.patient_paid_minor,
                with_payer_minor=balance.open_minor,
                due_minor=balance.patient_due_minor,
                due_since=since.get(row.id, row.service_date),
                withheld=row.id in withheld,
                place=place,
                practitioner=seen_by.get(row.encounter_id, ""),
                procedure=row.procedure,
                shares=rules.shares_told(shares.get(row.id, {}), balance.patient_share_minor),
            )
        )
    drawn = rules.draft(lines, accounts.free_credit(store, store.credits_of(family)), today, minimum_minor)
    return Skip.INVOICED if invoiced and drawn is Skip.ZERO else drawn


def get_statement(call: Call, statement_id: UUID) -> StatementView:
    """One statement as it was issued. Raises NotFound."""
    store = Store(call.session)
    statement = store.need(Statement, statement_id, "statement")
    return StatementView(statement, still_due(store, [statement])[statement.id])


def get_pdf(call: Call, statement_id: UUID) -> StoredFile:
    """The PDF as it was issued. Raises NotFound."""
    statement = Store(call.session).need(Statement, statement_id, "statement")
    call.touch(statement.patient_id)
    return files.get(call, statement.file_id)


def list_statements(
    call: Call,
    *,
    patient_id: UUID | None,
    first_day: date | None,
    last_day: date | None,
    page_size: int,
    page_token: str,
) -> tuple[list[StatementView], str]:
    """Statements, the newest first."""
    store = Store(call.session)
    rows, token = store.statement_page(
        patient_id=patient_id, first_day=first_day, last_day=last_day, page_size=page_size, page_token=page_token
    )
    due = still_due(store, rows)
    return [StatementView(row, due[row.id]) for row in rows], token


def still_due(store: Store, statements: Sequence[Statement]) -> dict[UUID, int]:
    """What patients still owe of the services on each statement, at most what it asked for; minor units."""
    lines = {row.id: {UUID(line["charge_line_id"]) for line in row.lines} for row in statements}
    with store.whole_families():
        balances = journals.line_balances(store, set[UUID]().union(*lines.values()))
    return {
        row.id: max(0, min(sum(balances[line].patient_due_minor for line in lines[row.id]), row.amount_due_minor))
        for row in statements
    }


def pay_statement(call: Call, statement_id: UUID, amount_minor: int, card_token: str) -> payments.PaymentView:
    """Pays a statement by card: the intent is committed now, the card is charged right after. Raises ExceedsBalance,
    NotFound.
    """
    store = Store(call.session)
    # Locked: of two people who pay it at once the second sees what the first has under way.
    statement = store.lock(Statement, statement_id, "statement")
    under_way = store.pending_for_statement(statement_id)
    if amount_minor > still_due(store, [statement])[statement_id] - under_way:
        raise ExceedsBalance()
    payment = store.add(payments.card_payment(call, statement.patient_id, amount_minor, card_token, statement.id))
    call.due.at(payments.CHARGE_DUE, payment.id, call.now)
    return payments.view(store, payment)


def _keep(
    call: Call,
    store: Store,
    account: GuarantorAccount,
    today: date,
    drawn: StatementDraft,
    addressees: dict[UUID, Addressee],
    pay_url: str,
    policy: Policy,
) -> Statement:
    guarantor_id = account.id
    addressee = addressees.get(guarantor_id) or next(iter(addressees.values()), None)
    if addressee is None:
        raise NotFound("guarantor")
    account.cycle += 1
    account.last_statement_on = today
    statement = Statement(
        id=call.new_id(),
        number=f"S{today.year}-{store.next_number(f'statement:{today.year}'):06d}",
        patient_id=guarantor_id,
        issued_at=call.now,
        statement_date=today,
        due_date=rules.due_date(today),
        cycle=account.cycle,
        amount_due_minor=drawn.amount_due_minor,
        unapplied_minor=drawn.unapplied_minor,
        lines=[line_to_json(line) for line in drawn.lines],
        aging=list(drawn.aging_minor),
        # Its link goes out with the event; paper follows for who has not paid.
        mail_on=policy.mail_on(today),
    )
    biller = next((store.billing_entity(location.billing_entity_id) for location in store.locations()), None)
    sheet = Sheet(
        statement,
        drawn.lines,
        addressee,
        biller,
        pay_url,
        notice=policy.notice(statement.cycle, addressee.language),
        last_cycle=policy.last_cycle,
    )
    pdf = render_statement(sheet)
    statement.file_id = files.put(call, f"{statement.number}.pdf", "application/pdf", pdf)
    store.add(statement)
    figures.statement_issued(call)
    call.emit(
        published.statement_issued(
            statement_id=statement.id,
            guarantor_id=guarantor_id,
            amount_due_minor=statement.amount_due_minor,
            due_date=statement.due_date,
        )
    )
    return statement


def line_to_json(line: StatementLine) -> dict[str, object]:
    """A statement line as it is kept."""
    return {
        "charge_line_id": str(line.charge_line_id),
        "patient_id": str(line.patient_id),
        "patient_name": line.patient_name,
        "service_date": line.service_date.isoformat(),
        "description": line.description,
        "charge_minor": line.charge_minor,
        "payer_paid_minor": line.payer_paid_minor,
        "adjustments_minor": line.adjustments_minor,
        "patient_paid_minor": line.patient_paid_minor,
        "with_payer_minor": line.with_payer_minor,
        "due_minor": line.due_minor,
    }
