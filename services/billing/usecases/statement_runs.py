"""Statements as a batch: previewed, held, put on paper."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.collections import Standing, harmless
from billing.domain.statements import Skip
from billing.errors import NothingToMail
from billing.store import Store
from billing.tables_collections import StatementMailing
from billing.tables_money import GuarantorAccount, Statement
from billing.usecases import accounts, journals, statements
from billing.usecases.collection_policy import policy_of
from billing.usecases.collections import name_of, standings
from chassis import files
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from chassis.files import StoredFile

MOST_IN_A_MAILING = 200
# A time that all entries of a ZIP bear, so that the same statements make the same file.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Planned:
    """A guarantor whose statement is due: what it would ask for (minor units), or why there would be none."""

    account: GuarantorAccount
    name: str
    amount_minor: int
    skipped: str


def preview(call: Call, page_size: int, page_token: str) -> tuple[list[Planned], str]:
    """What today's run would do with a page of guarantors."""
    store = Store(call.session)
    today = journals.local_day(call, store, None)
    policy = policy_of(store)
    rows, token = store.accounts_due_page(today, page_size, page_token)
    found = []
    for account, (standing, _) in zip(rows, standings(store, [row.id for row in rows], today).values(), strict=True):
        skipped = _skipped(standing, policy.minimum_minor)
        amount = 0 if skipped else standing.balance_minor
        found.append(Planned(account, name_of(store, account.id), amount, skipped))
    call.touch(*(account.id for account in rows))
    return found, token


def _skipped(standing: Standing, minimum_minor: int) -> str:
    """Why the guarantor would get no statement ('': they would), in the words of `Skip`."""
    if standing.balance_minor <= 0:
        return (Skip.PROTECTED if standing.withheld else Skip.ZERO).value
    if standing.balance_minor < minimum_minor:
        return Skip.SMALL_BALANCE.value
    if standing.held:
        return Skip.HELD.value
    return Skip.PAYMENT_PLAN.value if standing.on_plan else ""


def hold(call: Call, patient_id: UUID, reason: str, until: date | None) -> tuple[GuarantorAccount, str]:
    """(account, guarantor's name): nothing is sent to them until then. Raises InvalidInput, NotFound."""
    store = Store(call.session)
    if until is not None and until < journals.local_day(call, store, None):
        raise InvalidInput([Violation("until", "is past")])
    account = _account(call, store, patient_id)
    account.hold_reason, account.hold_until, account.held_by = reason, until, call.principal.id
    store.session.flush()
    return account, name_of(store, account.id)


def release(call: Call, patient_id: UUID) -> tuple[GuarantorAccount, str]:
    """(account, guarantor's name): statements go on. Raises NotFound."""
    store = Store(call.session)
    account = _account(call, store, patient_id)
    account.hold_reason, account.hold_until, account.held_by = "", None, ""
    store.session.flush()
    accounts.plan_statement(call, store, account.id)
    return account, name_of(store, account.id)


def _account(call: Call, store: Store, patient_id: UUID) -> GuarantorAccount:
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    guarantor_id = store.guarantor_of(patient_id)
    call.touch(guarantor_id)
    return store.lock_account(guarantor_id)


def list_holds(call: Call, page_size: int, page_token: str) -> tuple[list[tuple[GuarantorAccount, str]], str]:
    """(account, name) of guarantors to whom nothing is sent."""
    store = Store(call.session)
    rows, token = store.held_accounts(page_size, page_token)
    call.touch(*(row.id for row in rows))
    return [(row, name_of(store, row.id)) for row in rows], token


# ---- paper


def make_mailing(call: Call) -> StatementMailing:
    """Puts what is due for paper into one ZIP. Raises NothingToMail."""
    store = Store(call.session)
    today = journals.local_day(call, store, None)
    taken = []
    waiting = store.statements_to_mail(today, MOST_IN_A_MAILING)
    locked = store.lock_accounts(statement.patient_id for statement in waiting)
    for statement in waiting:
        if statements.held(locked[statement.patient_id], today):
            continue
        if _still_to_be_said(store, statement):
            taken.append(statement)
        else:
            # Paid, asked for anew or not to be asked for any more: it never goes to paper.
            statement.mail_on = None
    if not taken:
        raise NothingToMail()
    name = f"statements-{today.isoformat()}.zip"
    mailing = store.add(
        StatementMailing(
            id=call.new_id(),
            made_on=today,
            made_at=call.now,
            made_by=call.principal.id,
            statements=len(taken),
            file_id=files.put(call, name, "application/zip", _zip(call, store, taken)),
        )
    )
    for statement in taken:
        statement.mailing_id = mailing.id
    store.session.flush()
    call.touch(*(statement.patient_id for statement in taken))
    return mailing


def _still_to_be_said(store: Store, statement: Statement) -> bool:
    latest = store.last_statement_of(statement.patient_id)
    if latest is not None and latest.id != statement.id:
        return False
    lines = store.charge_line_rows(UUID(line["charge_line_id"]) for line in statement.lines)
    if accounts.withheld_lines(store, lines):
        return False
    return statements.still_due(store, [statement])[statement.id] > 0


def _zip(call: Call, store: Store, taken: list[Statement]) -> bytes:
    """Every PDF under its number, and a list that names them with guarantor and amount."""
    listed = io.StringIO()
    writer = csv.writer(listed, lineterminator="\r\n")
    writer.writerow(["file", "number", "guarantor", "statement_date", "cycle", "amount_due"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for statement in taken:
            file = f"{statement.number}.pdf"
            archive.writestr(zipfile.ZipInfo(file, ZIP_TIME), files.get(call, statement.file_id).read())
            due = statement.amount_due_minor
            cells = (
                file,
                statement.number,
                name_of(store, statement.patient_id),
                statement.statement_date.isoformat(),
                str(statement.cycle),
                f"{due // 100}.{due % 100:02d}",
            )
            writer.writerow(harmless(cell) for cell in cells)
        archive.writestr(zipfile.ZipInfo("statements.csv", ZIP_TIME), listed.getvalue())
    return buffer.getvalue()


def list_mailings(call: Call, page_size: int, page_token: str) -> tuple[list[StatementMailing], str]:
    """Mailings, the newest first."""
    return Store(call.session).mailing_page(page_size, page_token)


def mailing_file(call: Call, mailing_id: UUID) -> StoredFile:
    """The ZIP as it was made. Raises NotFound."""
    store = Store(call.session)
    row = store.need(StatementMailing, mailing_id, "statement mailing")
    call.touch(*store.patients_of_mailing(row.id))
    return files.get(call, row.file_id)
