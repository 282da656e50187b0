"""Balances handed to a collection agency: written off, told in a file, recalled, paid over by the agency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.adapters.statement_paper import Addressee
from billing.domain.collections import AgencyRow, Policy, agency_file, hand_off_bar, reinstated
from billing.domain.ledger import Account, Entry, agency_receipt_entries, write_off_entries
from billing.domain.plain_words import service_words
from billing.errors import ExceedsBalance, StalePreview
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_collections import CollectionCase, CollectionFile, CollectionPayment
from billing.tables_money import ChargeLine, Payment
from billing.usecases import accounts, collections, journals, payments
from billing.usecases.collection_policy import policy_of
from billing.usecases.statements import AddressBook
from chassis import files
from chassis.call import Call
from chassis.errors import FailedPrecondition
from chassis.files import StoredFile

HANDED_OFF, RECALLED, SETTLED = "handed_off", "recalled", "settled"


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as it stands, minor units."""

    case: CollectionCase
    collected_minor: int
    fees_minor: int
    left_minor: int
    payments: Sequence[CollectionPayment] = ()


def hand_off(
    call: Call, patient_ids: Sequence[UUID], total_minor: int, reason: str, address_book: AddressBook
) -> CollectionFile:
    """Hands the balances of these guarantors to the policy's agency. Raises StalePreview, FailedPrecondition, NotFound, Unavailable."""
    store = Store(call.session)
    policy = policy_of(store)
    seen = collections.locked(call, store, patient_ids, policy, hand_off_bar)
    barred = next((one for one in seen if one.bar is not None), None)
    if barred is not None:
        raise FailedPrecondition(f"The rule does not apply to one of them: {barred.bar}.")
    if sum(one.standing.balance_minor for one in seen) != total_minor:
        raise StalePreview()
    today = journals.local_day(call, store, None)
    cases = []
    for one in seen:
        case_id = call.new_id()
        memo = f"Handed to {policy.agency}: {reason}"
        journal = collections.write_off(call, store, one, Account.WRITE_OFF_BAD_DEBT, "hand_off", memo, str(case_id))
        case = CollectionCase(
            id=case_id,
            patient_id=one.guarantor_id,
            state=HANDED_OFF,
            agency=policy.agency,
            amount_minor=one.standing.balance_minor,
            handed_on=today,
            handed_by=call.principal.id,
            reason=reason,
            journal_ids=[str(journal.id)],
            end_reason="",
            lines=[{"charge_line_id": str(line.id), "amount_minor": amount} for line, amount in one.due],
        )
        cases.append(store.add(case))
    accounts.settle_families(call, store, [one.guarantor_id for one in seen])
    told = [(case, {line.id: amount for line, amount in one.due}) for case, one in zip(cases, seen, strict=True)]
    file = _tell(call, store, policy, "hand_off", told, address_book)
    for case in cases:
        case.file_id = file.id
    store.session.flush()
    return file


def recall(call: Call, case_id: UUID, reason: str, version: int, address_book: AddressBook) -> CaseView:
    """Takes what is left of a case back: it is owed again. Raises FailedPrecondition, StaleVersion, NotFound, Unavailable."""
    store = Store(call.session)
    case = _open(call, store, case_id, version)
    left = _left_by_line(store, case)
    entries: list[Entry] = []
    lines = {line.id: line for line in store.charge_line_rows(left)}
    for line_id, amount in left.items():
        entries += write_off_entries(Account.WRITE_OFF_BAD_DEBT, -amount, line_dimensions(lines[line_id]))
    if entries:
        journal = journals.post(
            call,
            store,
            kind="recall",
            source=("recall", str(case.id)),
            memo=f"Recalled from {case.agency}: {reason}",
            entries=entries,
            patient_id=case.patient_id,
        )
        case.journal_ids = [*case.journal_ids, str(journal.id)]
    _end(call, store, case, RECALLED, reason)
    accounts.settle_families(call, store, [case.patient_id])
    _tell(call, store, policy_of(store), "recall", [(case, left)], address_book)
    return view(store, case)


def record_payment(
    call: Call, case_id: UUID, *, collected_minor: int, fee_minor: int, reference: str, received_on: date
) -> CaseView:
    """What the agency collected and paid over less its fee. Once for its reference. Raises ExceedsBalance, FailedPrecondition,
    NotFound."""
    store = Store(call.session)
    case = store.lock(CollectionCase, case_id, "collection case")
    if any(one.reference == reference for one in store.collection_payments(case.id)):
        return view(store, case)
    case = _open(call, store, case_id, 0)
    left = _left_by_line(store, case)
    if collected_minor > sum(left.values()):
        raise ExceedsBalance(internal=f"{collected_minor} of {sum(left.values())}")
    lines = {line.id: line for line in store.charge_line_rows(left)}
    payment = _payment(call, store, case, collected_minor, reference)
    _reinstate(call, store, payment, [(lines[line_id], amount) for line_id, amount in left.items()])
    entries = agency_receipt_entries(collected_minor, fee_minor, payments.dimensions(payment))
    payments.receive(call, store, payment, entries)
    store.add(
        CollectionPayment(
            id=call.new_id(),
            case_id=case.id,
            patient_id=case.patient_id,
            payment_id=payment.id,
            reference=reference,
            gross_minor=collected_minor,
            fee_minor=fee_minor,
            received_on=received_on,
            recorded_at=call.now,
            recorded_by=call.principal.id,
        )
    )
    if collected_minor == sum(left.values()):
        _end(call, store, case, SETTLED, "paid to the agency")
    return view(store, case)


def _payment(call: Call, store: Store, case: CollectionCase, amount_minor: int, reference: str) -> Payment:
    return store.add(
        Payment(
            id=call.new_id(),
            patient_id=case.patient_id,
            location_id=None,
            drawer_id=None,
            encounter_id=None,
            method="agency",
            state="pending",
            amount_minor=amount_minor,
            currency=payments.CURRENCY,
            receipt_number="",
            created_at=call.now,
            taken_by=call.principal.id,
            check_number=reference[:60],
            card_token="",
            intent_id="",
            decline_code="",
        )
    )


def _reinstate(call: Call, store: Store, payment: Payment, left: Sequence[tuple[ChargeLine, int]]) -> None:
    """So much of the write-off comes back as has been collected, the oldest service first: the payment is used on it."""
    entries: list[Entry] = []
    for (line, _), part in zip(left, reinstated([amount for _, amount in left], payment.amount_minor), strict=True):
        if part:
            entries += write_off_entries(Account.WRITE_OFF_BAD_DEBT, -part, line_dimensions(line))
    journals.post(
        call,
        store,
        kind="recovery",
        source=("recovery", str(payment.id)),
        memo="Collected by an agency: the write-off comes back",
        entries=entries,
        patient_id=payment.patient_id,
    )


def _open(call: Call, store: Store, case_id: UUID, version: int) -> CollectionCase:
    case = store.lock(CollectionCase, case_id, "collection case")
    call.expect_version(case.version, version)
    if case.state != HANDED_OFF:
        raise FailedPrecondition("The agency has nothing of this case any more.")
    store.lock_account(store.guarantor_of(case.patient_id))
    return case


def _end(call: Call, store: Store, case: CollectionCase, state: str, reason: str) -> None:
    case.state, case.end_reason, case.ended_on = state, reason, journals.local_day(call, store, None)
    store.session.flush()


def _left_by_line(store: Store, case: CollectionCase) -> dict[UUID, int]:
    """What of the case is still written off, by charge line in the case's order: what came back otherwise (a payer took its
    answer back, so that less is owed) is not the agency's any more.
    """
    handed = {UUID(line["charge_line_id"]): int(line["amount_minor"]) for line in case.lines}
    collected = store.collected([case.id]).get(case.id, (0, 0))[0]
    came_back = reinstated(list(handed.values()), min(collected, sum(handed.values())))
    in_ledger = store.bad_debt_of(handed)
    left = {}
    for (line_id, amount), back in zip(handed.items(), came_back, strict=True):
        if (rest := min(amount - back, in_ledger.get(line_id, 0))) > 0:
            left[line_id] = rest
    return left


def _tell(
    call: Call,
    store: Store,
    policy: Policy,
    kind: str,
    cases: Sequence[tuple[CollectionCase, dict[UUID, int]]],
    address_book: AddressBook,
) -> CollectionFile:
    """Writes the agency's file and keeps it."""
    addressees = address_book(call, [case.patient_id for case, _ in cases])
    rows = [row for case, amounts in cases for row in _rows(store, policy, kind, case, amounts, addressees)]
    today = journals.local_day(call, store, None)
    data = agency_file(rows)
    name = f"{kind}-{today.isoformat()}.csv"
    amount = sum(amount for _, amounts in cases for amount in amounts.values())
    return store.add(
        CollectionFile(
            id=call.new_id(),
            kind=kind,
            agency=cases[0][0].agency,
            made_on=today,
            made_at=call.now,
            made_by=call.principal.id,
            cases=len(cases),
            amount_minor=amount,
            stored_file_id=files.put(call, name, "text/csv", data),
        )
    )


def _rows(
    store: Store,
    policy: Policy,
    kind: str,
    case: CollectionCase,
    amounts: dict[UUID, int],
    addressees: dict[UUID, Addressee],
) -> list[AgencyRow]:
    lines = {line.id: line for line in store.charge_line_rows(amounts)}
    people = store.patients({case.patient_id, *(line.patient_id for line in lines.values())})
    guarantor = people.get(case.patient_id)
    addressee = addressees.get(case.patient_id)
    last = store.last_statement_of(case.patient_id)
    rows = []
    for line_id, amount in amounts.items():
        line = lines[line_id]
        patient = people.get(line.patient_id)
        rows.append(
            AgencyRow(
                action=kind,
                client_number=policy.agency_client,
                case=str(case.id),
                account=guarantor.mrn if guarantor else "",
                guarantor=(guarantor.first, guarantor.last) if guarantor else ("", ""),
                address=addressee.lines if addressee else (),
                patient=(patient.first, patient.last) if patient else ("", ""),
                service_date=line.service_date,
                description=service_words(line.procedure).rsplit(" (", 1)[0],
                amount_minor=amount,
                last_statement=last.number if last else "",
                last_statement_on=last.statement_date if last else None,
            )
        )
    return rows


# ---- reading


def view(store: Store, case: CollectionCase) -> CaseView:
    """A case as it stands now, with what the agency has paid over."""
    collected, fees = store.collected([case.id]).get(case.id, (0, 0))
    left = sum(_left_by_line(store, case).values()) if case.state == HANDED_OFF else 0
    return CaseView(case, collected, fees, left, store.collection_payments(case.id))


def get_case(call: Call, case_id: UUID) -> CaseView:
    """One case. Raises NotFound."""
    store = Store(call.session)
    return view(store, store.need(CollectionCase, case_id, "collection case"))


def list_cases(
    call: Call, patient_id: UUID | None, state: str, page_size: int, page_token: str
) -> tuple[list[CaseView], str]:
    """Cases, the newest first, without their payments; what is left is what was not collected."""
    store = Store(call.session)
    patients = store.with_merged([patient_id]) if patient_id is not None else None
    rows, token = store.case_page(patients, state, page_size, page_token)
    collected = store.collected(row.id for row in rows)
    found = []
    for row in rows:
        gross, fees = collected.get(row.id, (0, 0))
        found.append(CaseView(row, gross, fees, row.amount_minor - gross if row.state == HANDED_OFF else 0))
    return found, token


def list_files(call: Call, page_size: int, page_token: str) -> tuple[list[CollectionFile], str]:
    """What agencies were told, the newest first."""
    return Store(call.session).collection_file_page(page_size, page_token)


def file_content(call: Call, file_id: UUID) -> StoredFile:
    """The CSV as it was made. Raises NotFound."""
    store = Store(call.session)
    row = store.need(CollectionFile, file_id, "collection file")
    call.touch(*store.patients_of_collection_file(row.id))
    return files.get(call, row.stored_file_id)
