"""The books on the real database: append-only, proved, remittances posted once, corrections, aging, figures, closed days."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from polyclinic.billing.v1 import encounters_pb2, ledger_pb2, payments_pb2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.domain.ledger import LineBalance
from billing.domain.posting import Deposit, PostingDecision, PostingKind, RemittancePosting
from billing.store import Store
from billing.usecases import journals, ledger, receivables
from chassis.errors import Unprocessable
from chassis.ids import uuid7
from chassis.protos import to_date
from chassis.testing import expect_error
from tests.billing.clinic import LAB_FEE, VISIT_FEE, Clinic, day, usd
from tests.billing.money.test_payments import TOTAL, account, close, payment

pb = ledger_pb2


def insured_visit(clinic: Clinic, patient: str | None = None) -> encounters_pb2.Encounter:
    """A signed visit that COMM1 owes."""
    patient = patient or clinic.patient()
    clinic.covered(patient)
    return clinic.signed_visit(patient)


def decide(
    clinic: Clinic, visit: encounters_pb2.Encounter, kind: PostingKind, amount: int, line: int = 0, **rest: object
) -> PostingDecision:
    """A payer's decision on a line of the visit."""
    with clinic.harness.call(clinic.tenant) as call:
        payer = Store(call.session).payer_row("COMM1")
        assert payer is not None
        payer_id = payer.id
    return PostingDecision(
        kind,
        amount,
        payer_id,
        charge_line_id=UUID(visit.charges[line].charge_line_id),
        patient_id=UUID(visit.patient_id),
        location_id=UUID(clinic.location),
        billing_entity_id=UUID(clinic.entity),
        **rest,  # type: ignore[arg-type]
    )


def usual(clinic: Clinic, visit: encounters_pb2.Encounter) -> list[PostingDecision]:
    """COMM1 allows 92.00 of the visit (20.00 copay) and 18.00 of the lab test."""
    return [
        decide(clinic, visit, PostingKind.PAYMENT, 7_200),
        decide(clinic, visit, PostingKind.CONTRACTUAL, VISIT_FEE - 9_200),
        decide(clinic, visit, PostingKind.PATIENT_SHARE, 2_000, share="copay", group="PR", carc="3"),
        decide(clinic, visit, PostingKind.PAYMENT, 1_800, 1),
        decide(clinic, visit, PostingKind.CONTRACTUAL, LAB_FEE - 1_800, 1),
    ]


def post(
    clinic: Clinic, decisions: Sequence[PostingDecision], *, key: str = "set-1", amount: int | None = None
) -> UUID:
    """The set posted as the claims half posts it."""
    brought = sum(
        d.amount_minor for d in decisions if d.kind in (PostingKind.PAYMENT, PostingKind.TAKEBACK, PostingKind.INTEREST)
    )
    with clinic.harness.call(clinic.tenant) as call:
        posting = RemittancePosting(deposit(key, brought if amount is None else amount), tuple(decisions))
        return ledger.post_remittance(call, Store(call.session), posting)


def deposit(key: str, amount: int) -> Deposit:
    """The deposit of a set."""
    return Deposit(key, None, "Payer COMM1", f"trace-{key}", "ACH", date(2026, 3, 20), amount)


def balances_of(clinic: Clinic, visit: encounters_pb2.Encounter) -> list[LineBalance]:
    """The visit's lines as they stand."""
    ids = [UUID(line.charge_line_id) for line in visit.charges]
    with clinic.harness.call(clinic.tenant) as call:
        found = journals.line_balances(Store(call.session), ids)
    return [found[line_id] for line_id in ids]


def trial(clinic: Clinic, **rest: object) -> dict[str, int]:
    """The trial balance by account, proved on the way."""
    answer = clinic.staff.call("GetTrialBalance", pb.GetTrialBalanceRequest(**rest))
    assert answer.total_debits.minor_units == answer.total_credits.minor_units
    return {line.account: line.balance.minor_units for line in answer.lines}


def test_the_app_can_neither_change_nor_delete_the_books(clinic: Clinic) -> None:
    """Updates and deletes of journals and entries are refused by the database."""
    clinic.signed_visit(clinic.patient())
    for statement in (
        "update ledger_entry set amount_minor = amount_minor + 1",
        "delete from ledger_entry",
        "update journal set memo = 'x'",
        "delete from journal",
        "truncate ledger_entry",
    ):
        with (
            pytest.raises(DBAPIError, match=r"permission denied|append-only"),
            clinic.harness.session(clinic.tenant) as session,
        ):
            session.execute(text(statement))


def test_the_database_refuses_a_journal_that_does_not_balance(clinic: Clinic) -> None:
    """Even code of ours that forgot its proof cannot write one-sided entries."""
    clinic.signed_visit(clinic.patient())
    one_sided = (
        "insert into ledger_entry (tenant_id, journal_id, number, account, amount_minor, kind, posted_on)"
        " select tenant_id, id, 99, 'bank', 1, 'deposit', posted_on from journal limit 1"
    )
    with pytest.raises(DBAPIError, match="debits and credits"), clinic.harness.session(clinic.tenant) as session:
        session.execute(text(one_sided))


def test_a_remittance_moves_every_cent_to_its_place(clinic: Clinic) -> None:
    """Paid, written off and left to the patient: the line's balance says all, and the books agree."""
    visit = insured_visit(clinic)
    post(clinic, usual(clinic, visit))
    first, second = balances_of(clinic, visit)
    assert first == LineBalance(VISIT_FEE, 7_200, VISIT_FEE - 9_200, 2_000, 0, 2_000, 0)
    assert second == LineBalance(LAB_FEE, 1_800, LAB_FEE - 1_800, 0, 0, 0, 0)
    books = trial(clinic)
    assert (books["insurance_deposits"], books["payer_receivable"], books["patient_receivable"]) == (9_000, 0, 2_000)


def test_a_set_is_posted_once(clinic: Clinic) -> None:
    """The same set in another file is the same journal."""
    visit = insured_visit(clinic)
    decisions = usual(clinic, visit)
    assert post(clinic, decisions) == post(clinic, decisions)
    assert trial(clinic)["insurance_deposits"] == 9_000


def test_a_set_whose_decisions_do_not_bring_its_deposit_is_refused_whole(clinic: Clinic) -> None:
    """BPR02 is proved once more before anything is posted."""
    visit = insured_visit(clinic)
    with pytest.raises(Unprocessable):
        post(clinic, usual(clinic, visit), amount=9_001)
    assert balances_of(clinic, visit)[0].open_minor == VISIT_FEE


def test_a_refused_set_is_booked_and_posted_by_hand_later(clinic: Clinic) -> None:
    """Its deposit waits as unapplied; posting by hand takes it from there and moves no second deposit."""
    visit = insured_visit(clinic)
    with clinic.harness.call(clinic.tenant) as call:
        ledger.book_unapplied(call, Store(call.session), deposit("set-9", 9_000), "CLP04 of claim 1 is off by 0.01")
    assert trial(clinic)["unapplied_insurance"] == -9_000
    post(clinic, usual(clinic, visit), key="set-9")
    books = trial(clinic)
    assert (books["unapplied_insurance"], books["insurance_deposits"]) == (0, 9_000)
    assert balances_of(clinic, visit)[0].insurance_paid_minor == 7_200


def test_a_reversal_restores_the_claim_and_the_copay_waits_again(clinic: Clinic) -> None:
    """CLP02 = 22: the exact earlier decisions negated; what the patient had paid is over-applied, not lost."""
    patient = clinic.patient()
    clinic.covered(patient)
    visit = clinic.open_visit(patient)
    clinic.open_drawer()
    clinic.take(patient, 2_000, appointment_id=visit.appointment_id)
    signed = clinic.sign(clinic.code(visit))
    decisions = usual(clinic, signed)
    post(clinic, decisions)
    assert account(clinic, patient).balance_due.minor_units == 0
    undone = [replace(decision, amount_minor=-decision.amount_minor) for decision in decisions]
    post(clinic, undone, key="set-2")
    assert balances_of(clinic, signed)[0].open_minor == VISIT_FEE
    seen = account(clinic, patient)
    assert (seen.with_payers.minor_units, seen.balance_due.minor_units) == (TOTAL, -2_000)


def test_a_copay_pays_the_patients_share_when_the_payer_has_answered(clinic: Clinic) -> None:
    """The payment kept for the visit is used as soon as the remittance leaves the copay to the patient."""
    patient = clinic.patient()
    clinic.covered(patient)
    visit = clinic.open_visit(patient)
    clinic.open_drawer()
    taken = clinic.take(patient, 2_000, appointment_id=visit.appointment_id)
    signed = clinic.sign(clinic.code(visit))
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 2_000
    post(clinic, usual(clinic, signed))
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 0
    assert balances_of(clinic, signed)[0].settled


def test_what_a_copay_was_too_much_pays_something_else(clinic: Clinic) -> None:
    """Once its visit is settled, the rest of a copay is free for an older balance."""
    patient = clinic.patient()
    clinic.signed_visit(patient)
    clinic.covered(patient)
    visit = clinic.open_visit(patient)
    clinic.open_drawer()
    clinic.take(patient, 3_000, appointment_id=visit.appointment_id)
    signed = clinic.sign(clinic.code(visit))
    post(clinic, usual(clinic, signed))
    assert account(clinic, patient).balance_due.minor_units == TOTAL - 1_000
    assert account(clinic, patient).unapplied.minor_units == 0


def test_interest_and_takebacks_have_their_own_accounts(clinic: Clinic) -> None:
    """PLB money enters the bank, and neither a claim nor a patient is touched by it."""
    visit = insured_visit(clinic)
    interest = decide(clinic, visit, PostingKind.INTEREST, 150, account="interest")
    takeback = decide(clinic, visit, PostingKind.TAKEBACK, -1_000, account="takeback")
    post(clinic, [*usual(clinic, visit), interest, takeback])
    books = trial(clinic)
    assert (books["interest_income"], books["takebacks"], books["insurance_deposits"]) == (-150, 1_000, 8_150)


def test_a_write_off_is_limited_by_what_is_owed_and_can_be_taken_back(clinic: Clinic) -> None:
    """Part of a payer's debt is given up; more than is left is refused; the reversal restores it, once."""
    visit = insured_visit(clinic)
    line = visit.charges[0].charge_line_id

    def write_off(amount: int, payer: str = "COMM1") -> pb.Journal:
        request = pb.WriteOffRequest(
            charge_line_id=line,
            kind=pb.WRITE_OFF_KIND_TIMELY_FILING,
            amount=usd(amount),
            payer_code=payer,
            reason="filed too late",
        )
        return clinic.staff.call("WriteOff", request)

    journal = write_off(10_000)
    assert {entry.account for entry in journal.entries} == {"write_off_timely_filing", "payer_receivable"}
    with expect_error("EXCEEDS_BALANCE"):
        write_off(VISIT_FEE - 10_000 + 1)
    with expect_error("EXCEEDS_BALANCE"):
        write_off(1, payer="")
    request = pb.ReverseJournalRequest(journal_id=journal.journal_id, reason="appeal won")
    assert clinic.staff.call("ReverseJournal", request).reverses_journal_id == journal.journal_id
    assert balances_of(clinic, visit)[0].open_minor == VISIT_FEE
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ReverseJournal", request)


def test_a_charge_journal_is_not_reversed_by_hand(clinic: Clinic) -> None:
    """Charges, remittances and payments are taken back by what made them."""
    clinic.signed_visit(clinic.patient())
    [journal] = clinic.staff.call("ListJournals", pb.ListJournalsRequest(kind="charge")).journals
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ReverseJournal", pb.ReverseJournalRequest(journal_id=journal.journal_id, reason="no reason"))


def test_responsibility_moves_between_payer_and_patient(clinic: Clinic) -> None:
    """A denied line is given to the patient, and back."""
    visit = insured_visit(clinic)
    line = visit.charges[1].charge_line_id

    def move(amount: int, **parties: str) -> None:
        request = pb.TransferResponsibilityRequest(
            charge_line_id=line, amount=usd(amount), reason="not covered, patient agreed", **parties
        )
        clinic.staff.call("TransferResponsibility", request)

    move(LAB_FEE, from_payer_code="COMM1")
    assert balances_of(clinic, visit)[1] == LineBalance(LAB_FEE, 0, 0, LAB_FEE, 0, LAB_FEE, 0)
    with expect_error("EXCEEDS_BALANCE"):
        move(LAB_FEE, from_payer_code="COMM1")
    move(500, to_payer_code="COMM1")
    assert balances_of(clinic, visit)[1] == LineBalance(LAB_FEE, 0, 0, LAB_FEE - 500, 0, LAB_FEE - 500, 500)


def test_receivables_by_age_at_any_day(clinic: Clinic) -> None:
    """Aging counts from the service day; as of an earlier day the books are as they were then."""
    visit = insured_visit(clinic)
    served = to_date(visit.service_date)
    clinic.signed_visit(clinic.patient())
    clinic.harness.advance(days=45)
    post(clinic, usual(clinic, visit))

    def aging(on: date | None = None, basis: int = 0) -> dict[str, list[int]]:
        request = pb.GetReceivablesRequest(as_of=day(on) if on else None, basis=basis)
        answer = clinic.staff.call("GetReceivables", request)
        assert answer.total.minor_units == sum(bucket.amount.minor_units for bucket in answer.totals)
        return {party.payer_code: [bucket.amount.minor_units for bucket in party.buckets] for party in answer.parties}

    assert aging(served) == {"": [TOTAL, 0, 0, 0, 0], "COMM1": [TOTAL, 0, 0, 0, 0]}
    assert aging() == {"": [0, TOTAL + 2_000, 0, 0, 0]}
    assert aging(basis=pb.AGING_BASIS_RESPONSIBILITY) == {"": [2_000, TOTAL, 0, 0, 0]}
    assert aging(served - timedelta(days=1)) == {}


def test_balances_list_the_largest_first_and_page(clinic: Clinic) -> None:
    """Who owes most stands first; pages neither lose nor repeat anybody; credits are found by themselves."""
    owing = [clinic.patient() for _ in range(3)]
    clinic.open_drawer()
    for index, patient in enumerate(owing):
        clinic.signed_visit(patient)
        if index:
            clinic.take(patient, 1_000 * index)
    generous = clinic.patient()
    clinic.take(generous, 500)
    seen, token = [], ""
    while True:
        request = pb.ListBalancesRequest(filter=pb.ListBalancesRequest.FILTER_OWING, page_size=2, page_token=token)
        answer = clinic.staff.call("ListBalances", request)
        seen += [(row.patient_id, row.balance_due.minor_units) for row in answer.balances]
        token = answer.next_page_token
        if not token:
            break
    assert seen == [(patient, TOTAL - 1_000 * index) for index, patient in enumerate(owing)]
    credit = pb.ListBalancesRequest(filter=pb.ListBalancesRequest.FILTER_CREDIT)
    assert [row.patient_id for row in clinic.staff.call("ListBalances", credit).balances] == [generous]


def test_a_closed_day_takes_no_posting(clinic: Clinic) -> None:
    """Drawers first; then the day is closed with its totals, and what comes later belongs to the next day."""
    patient = clinic.patient()
    drawer = clinic.open_drawer(0)
    visit = clinic.signed_visit(patient)
    clinic.open_visit(clinic.patient())
    clinic.take(patient, 2_000)
    today = visit.service_date
    request = pb.CloseDayRequest(location_id=clinic.location, business_date=today)
    with expect_error("DRAWERS_OPEN"):
        clinic.staff.call("CloseDay", request)
    close(clinic, drawer, 2_000)
    closed = clinic.staff.call("CloseDay", request)
    assert (closed.charges.minor_units, closed.receivables.minor_units, closed.missing_charges) == (
        TOTAL,
        TOTAL - 2_000,
        1,
    )
    assert [(total.method, total.amount.minor_units, total.count) for total in closed.payments] == [
        (pb.TENDER_KIND_CASH, 2_000, 1)
    ]
    with expect_error("DAY_CLOSED"):
        clinic.open_drawer()
    late = clinic.signed_visit(patient)
    assert late.service_date == today
    tomorrow = to_date(today) + timedelta(days=1)
    [journal] = clinic.staff.call("ListJournals", pb.ListJournalsRequest(kind="charge", page_size=1)).journals
    assert to_date(journal.posted_on) == tomorrow
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("CloseDay", request)
    request.business_date.CopyFrom(day(tomorrow + timedelta(days=3)))
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("CloseDay", request)


def test_the_figures_of_a_day_agree_with_its_books(clinic: Clinic) -> None:
    """Charges, payments, adjustments and receivables are the accounts' movements, which add up to zero."""
    clinic.open_drawer()
    visit = insured_visit(clinic)
    payer_of_cash = clinic.patient()
    clinic.signed_visit(payer_of_cash)
    clinic.take(payer_of_cash, 4_000)
    post(clinic, usual(clinic, visit))
    request = pb.GetDayFiguresRequest(posted_on={"start": visit.service_date, "end": visit.service_date})
    figures = clinic.staff.call("GetDayFigures", request)
    assert (figures.encounters_signed, figures.charge_lines, figures.charges.minor_units) == (2, 4, 2 * TOTAL)
    assert (figures.insurance_payments.minor_units, figures.patient_payments.minor_units) == (9_000, 4_000)
    assert figures.contractual_adjustments.minor_units == TOTAL - 9_200 - 1_800
    owed = figures.payer_receivables.minor_units + figures.patient_receivables.minor_units
    assert owed == 2 * TOTAL - 9_000 - 4_000 - figures.contractual_adjustments.minor_units
    assert sum(movement.amount.minor_units for movement in figures.movements) == 0


def test_a_share_that_needs_a_look_waits_for_somebody(clinic: Clinic) -> None:
    """PR other than deductible, coinsurance and copay is neither asked for nor paid by other money until it is released."""
    visit = insured_visit(clinic)
    share = decide(clinic, visit, PostingKind.PATIENT_SHARE, LAB_FEE, 1, share="non_covered", group="PR", carc="96")
    post(clinic, [share])
    clinic.open_drawer()
    taken = clinic.take(visit.patient_id, LAB_FEE)
    assert taken.unapplied.minor_units == LAB_FEE
    request = pb.ReleaseStatementHoldRequest(charge_line_id=visit.charges[1].charge_line_id)
    assert clinic.staff.call("ReleaseStatementHold", request).released == 1
    assert payment(clinic, taken.payment_id).unapplied.minor_units == 0
    assert clinic.staff.call("ReleaseStatementHold", request).released == 0


def test_a_protected_patient_is_asked_for_nothing(clinic: Clinic) -> None:
    """After a QMB notice no copay is asked and no money of theirs is used on cost sharing."""
    patient = clinic.patient()
    clinic.covered(patient)
    visit = clinic.open_visit(patient)
    with clinic.harness.call(clinic.tenant) as call:
        store = Store(call.session)
        for _ in range(2):
            receivables.protect(call, store, UUID(patient), to_date(visit.service_date), "remark N783", "835 set-1")
        assert len(store.holds_of([UUID(patient)])) == 1
    asked = clinic.staff.call("AskAmounts", payments_pb2.AskAmountsRequest(appointment_id=visit.appointment_id))
    assert (asked.copay_reason, asked.total.minor_units) == ("protected", 0)


def test_the_books_of_now_hold_everything(clinic: Clinic) -> None:
    """Asked without a day, the trial balance holds what was posted after a close, and what is posted where it is tomorrow."""
    tokyo_like = clinic.add_location(str(uuid7()), "Guam", "Pacific/Guam")
    patient = clinic.patient()
    late = clinic.harness.clock.now().replace(hour=20, minute=30)  # past midnight in Guam, afternoon in New York
    clinic.harness.clock.set(late)
    clinic.signed_visit(patient, location=tokyo_like)
    assert trial(clinic)["charges"] == -TOTAL
    first = clinic.signed_visit(patient)
    clinic.staff.call("CloseDay", pb.CloseDayRequest(location_id=clinic.location, business_date=first.service_date))
    clinic.signed_visit(patient)
    assert trial(clinic)["charges"] == -3 * TOTAL
    assert trial(clinic, location_id=clinic.location)["charges"] == -2 * TOTAL
    assert trial(clinic, as_of=first.service_date)["charges"] == -TOTAL


def test_postings_and_a_close_do_not_miss_each_other(clinic: Clinic) -> None:
    """While visits are signed the day is closed: whatever is on the closed day is in its totals."""
    visits = [clinic.code(clinic.open_visit(clinic.patient())) for _ in range(6)]
    today = visits[0].service_date

    def close_day(_: object) -> None:
        clinic.staff.call("CloseDay", pb.CloseDayRequest(location_id=clinic.location, business_date=today))

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(clinic.sign, visit) for visit in visits[:3]]
        jobs.append(pool.submit(close_day, None))
        jobs += [pool.submit(clinic.sign, visit) for visit in visits[3:]]
        for job in jobs:
            job.result()
    [closed] = clinic.staff.call("ListDayCloses", pb.ListDayClosesRequest()).day_closes
    assert trial(clinic, as_of=today).get("charges", 0) == -closed.charges.minor_units
    assert trial(clinic)["charges"] == -6 * TOTAL


def test_an_account_is_read_by_pages(clinic):
    """Each page goes on with the running balances of the one before; the sums are of the whole account on every page."""
    patient = clinic.patient()
    for _ in range(2):
        clinic.signed_visit(patient)
    whole = clinic.staff.call("GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient))
    assert len(whole.lines) > 2
    lines, token = [], ""
    while len(lines) < len(whole.lines):
        page = clinic.staff.call(
            "GetAccount", ledger_pb2.GetAccountRequest(patient_id=patient, page_size=2, page_token=token)
        )
        assert page.balance_due == whole.balance_due
        lines, token = [*lines, *page.lines], page.next_page_token
    assert (lines, token) == (list(whole.lines), "")
    assert lines[-1].balance.minor_units == sum(line.amount.minor_units for line in lines)
