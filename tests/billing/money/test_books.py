"""Deposits and the bank's word, receivables in any cut, closed periods that are proved and name what differs."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import books_pb2 as pb
from polyclinic.billing.v1 import claims_pb2, ledger_pb2, payments_pb2
from polyclinic.billing.v1 import revenue_figures_pb2 as figures
from pypdf import PdfReader

from chassis.testing import Harness, expect_error
from tests.billing.clinic import ZONE, Clinic, day, usd


def today(clinic: Clinic) -> date:
    """The local day at the clinic."""
    return clinic.harness.clock.now().astimezone(ZoneInfo(ZONE)).date()


def yesterday(clinic: Clinic) -> date:
    return today(clinic) - timedelta(days=1)


@pytest.fixture
def closed_day(clinic: Clinic) -> ledger_pb2.DayClose:
    """A day with 30.00 in cash and two checks, counted and closed."""
    drawer = clinic.open_drawer(10_000)
    patient = clinic.patient()
    clinic.take(patient, 3_000)
    clinic.take(patient, 2_500, "CHECK", check_number="1042")
    clinic.take(patient, 1_000, "CHECK", check_number="77")
    count = payments_pb2.CloseDrawerRequest(
        drawer_id=drawer.drawer_id, counted_cash=usd(13_000), counted_checks=usd(3_500)
    )
    clinic.staff.call("CloseDrawer", count)
    request = ledger_pb2.CloseDayRequest(location_id=clinic.location, business_date=drawer.business_date)
    return clinic.staff.call("CloseDay", request)


def slip_number(close: ledger_pb2.DayClose) -> str:
    on = close.business_date
    return f"D{on.year:04d}{on.month:02d}{on.day:02d}-1"


def test_the_deposit_slip_lists_cash_and_every_check(clinic: Clinic, closed_day: ledger_pb2.DayClose):
    """What goes to the bank: the cash without the float, each check by its number, and the total."""
    request = pb.GetDepositSlipRequest(day_close_id=closed_day.day_close_id)
    pdf = clinic.staff.call("GetDepositSlip", request).data
    words = " ".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    for word in (slip_number(closed_day), "$30.00", "1042", "$25.00", "77", "$10.00", "$65.00"):
        assert word in words


def test_a_line_of_the_bank_explains_itself_by_slip_and_amount(clinic: Clinic, closed_day: ledger_pb2.DayClose):
    """The slip's number and total agree: it is that day's deposit; the same line is keyed once; other amounts explain nothing."""
    keyed = pb.KeyBankDepositRequest(
        deposited_on=closed_day.business_date, amount=usd(6_500), reference=slip_number(closed_day)
    )
    deposit = clinic.staff.call("KeyBankDeposit", keyed)
    assert (deposit.day_close_id, deposit.explained_by) == (closed_day.day_close_id, "matched")
    with expect_error("DEPOSIT_KNOWN"):
        clinic.staff.call("KeyBankDeposit", keyed)
    keyed.amount.minor_units = 6_400
    odd = clinic.staff.call("KeyBankDeposit", keyed)
    assert not odd.HasField("explained_at")
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call(
            "ExplainBankDeposit",
            pb.ExplainBankDepositRequest(
                bank_deposit_id=odd.bank_deposit_id, day_close_id=closed_day.day_close_id, version=odd.version
            ),
        )
    listed = clinic.staff.call("ListBankDeposits", pb.ListBankDepositsRequest(unexplained=True)).bank_deposits
    assert [one.bank_deposit_id for one in listed] == [odd.bank_deposit_id]


def test_receivables_add_up_in_every_cut_and_at_every_day(clinic: Clinic):
    """By payer, location and practitioner the same total as the receivables; before the visit nothing was owed."""
    insured = clinic.patient()
    clinic.covered(insured)
    clinic.signed_visit(insured)
    clinic.signed_visit(clinic.patient())
    whole = clinic.staff.call("GetReceivables", ledger_pb2.GetReceivablesRequest()).total.minor_units
    assert whole == 35_000
    cuts = {}
    for group in (pb.RECEIVABLES_GROUP_PAYER, pb.RECEIVABLES_GROUP_LOCATION, pb.RECEIVABLES_GROUP_PRACTITIONER):
        rows = clinic.staff.call("ListAgedReceivables", pb.ListAgedReceivablesRequest(group_by=group)).rows
        cuts[group] = {(row.key_name, row.buckets[0].amount.minor_units) for row in rows}
        assert sum(row.total.minor_units for row in rows) == whole
    assert cuts[pb.RECEIVABLES_GROUP_PAYER] == {("Payer COMM1", 17_500), ("Patients", 17_500)}
    assert cuts[pb.RECEIVABLES_GROUP_PRACTITIONER] == {("Okoye, Ada", 35_000)}
    past = pb.ListAgedReceivablesRequest(group_by=pb.RECEIVABLES_GROUP_LOCATION, as_of=day(yesterday(clinic)))
    assert list(clinic.staff.call("ListAgedReceivables", past).rows) == []


@pytest.fixture
def closed_period(clinic: Clinic) -> pb.PeriodClose:
    """A visit was charged yesterday; the books are closed up to then."""
    clinic.signed_visit(clinic.patient())
    clinic.harness.clock.set(clinic.harness.clock.now() + timedelta(days=1))
    request = pb.ClosePeriodRequest(last_day=day(yesterday(clinic)))
    return clinic.staff.call("ClosePeriod", request)


def test_a_closed_period_keeps_its_balances_and_takes_nothing_more(clinic: Clinic, closed_period: pb.PeriodClose):
    """What was owed then stands for ever; the same days cannot be closed twice, nor days that are not over."""
    kept = {line.account: line.balance.minor_units for line in closed_period.balances}
    assert kept == {"charges": -17_500, "patient_receivable": 17_500}
    clinic.signed_visit(clinic.patient())
    [listed] = clinic.staff.call("ListPeriodCloses", pb.ListPeriodClosesRequest()).period_closes
    assert {line.account: line.balance.minor_units for line in listed.balances} == kept
    for refused in (closed_period.last_day, day(today(clinic))):
        with expect_error("FAILED_PRECONDITION"):
            clinic.staff.call("ClosePeriod", pb.ClosePeriodRequest(last_day=refused))


def test_each_night_the_period_is_proved(clinic: Clinic, closed_period: pb.PeriodClose):
    """The proof runs by itself, and holds as long as nobody touched the ledger."""
    clinic.harness.run_due(clinic.harness.clock.now() + timedelta(days=1, hours=12))
    [listed] = clinic.staff.call("ListPeriodCloses", pb.ListPeriodClosesRequest()).period_closes
    assert listed.holds
    assert listed.HasField("proved_at")


def test_a_ledger_that_was_tampered_with_is_named_to_the_journal(
    clinic: Clinic, closed_period: pb.PeriodClose, postgres: object
):
    """Somebody with the database's own rights changes an amount behind our back: the proof names journal and balance."""
    url: Callable[[str], str] = postgres.admin_url  # type: ignore[attr-defined]
    with psycopg.connect(url("billing"), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        [(journal, number)] = connection.execute(
            "select journal_id, number from ledger_entry where tenant_id = %s and account = 'charges' and amount_minor = -15000",
            [clinic.tenant],
        ).fetchall()
        connection.execute(
            "update ledger_entry set amount_minor = -14900 where tenant_id = %s and journal_id = %s and number = %s",
            [clinic.tenant, journal, number],
        )
    request = pb.ProvePeriodRequest(period_close_id=closed_period.period_close_id)
    proved = clinic.staff.call("ProvePeriod", request)
    assert not proved.holds
    assert [(fault.journal_id, fault.fault) for fault in proved.faults if fault.journal_id] == [
        (str(journal), "changed")
    ]
    assert [(fault.account, fault.difference.minor_units) for fault in proved.faults if fault.account] == [
        ("charges", 100)
    ]
    request_items = claims_pb2.ListWorkItemsRequest(kinds=["books_differ"], state="open")
    [item] = clinic.staff.call("ListWorkItems", request_items).items
    assert str(journal) in item.detail["journals"]


def test_key_figures_say_what_they_were_computed_from(clinic: Clinic, billing: Harness):
    """Two visits of 175.00, one of them paid: charges, money, receivables, days, lag; each cut adds up to the whole."""
    insured, alone = clinic.patient(), clinic.patient()
    clinic.covered(insured)
    clinic.signed_visit(insured)
    clinic.signed_visit(alone, start=billing.clock.now() - timedelta(days=3))
    clinic.open_drawer(0)
    clinic.take(alone, 17_500)
    this = day(today(clinic))

    def asked(group: int) -> list[figures.RevenueMonth]:
        request = figures.GetRevenueFiguresRequest(first_month=this, last_month=this, group_by=group)
        return list(clinic.staff.call("GetRevenueFigures", request).months)

    [whole] = asked(figures.REVENUE_GROUP_NONE)
    assert (whole.charges.minor_units, whole.payments.minor_units, whole.receivables.minor_units) == (
        35_000,
        17_500,
        17_500,
    )
    assert (whole.net_collection_basis_points, whole.visits_signed) == (5_000, 2)
    assert whole.charge_lag_tenths in (10, 15, 20)
    by_payer = asked(figures.REVENUE_GROUP_PAYER)
    assert {(one.key, one.charges.minor_units, one.payments.minor_units) for one in by_payer} == {
        ("COMM1", 17_500, 0),
        ("", 17_500, 17_500),
    }
    for group in (figures.REVENUE_GROUP_LOCATION, figures.REVENUE_GROUP_PRACTITIONER):
        [row] = asked(group)
        assert (row.charges, row.receivables, row.key_name) == (whole.charges, whole.receivables, row.key_name)
    long = figures.GetRevenueFiguresRequest(first_month=Date(year=2020, month=1, day=1), last_month=this)
    with expect_error("INVALID_INPUT", field="last_month"):
        clinic.staff.call("GetRevenueFigures", long)
