"""One example for each RPC about deposits, closed periods and key figures, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import books_pb2 as pb
from polyclinic.billing.v1 import ledger_pb2, revenue_figures_pb2

from chassis.testing import Case
from tests.billing.cases_money import MoneyWorld
from tests.billing.clinic import usd

YEAR_END = Date(year=2025, month=12, day=31)


def close_id(w: MoneyWorld) -> str:
    """A closed day."""
    request = ledger_pb2.CloseDayRequest(location_id=w.clinic.location, business_date=Date(year=2026, month=1, day=2))
    closes = w.clinic.staff.call("ListDayCloses", ledger_pb2.ListDayClosesRequest()).day_closes
    return str(closes[0].day_close_id if closes else w.clinic.staff.call("CloseDay", request).day_close_id)


def deposit(w: MoneyWorld, amount: int = 10_000) -> pb.BankDeposit:
    """A line of the bank that explains nothing by itself."""
    request = pb.KeyBankDepositRequest(deposited_on=w.today(), amount=usd(amount), reference=f"WIRE {amount}")
    return w.clinic.staff.call("KeyBankDeposit", request)


def period_id(w: MoneyWorld) -> str:
    """A closed year."""
    listed = w.clinic.staff.call("ListPeriodCloses", pb.ListPeriodClosesRequest()).period_closes
    request = pb.ClosePeriodRequest(last_day=YEAR_END)
    return str(listed[0].period_close_id if listed else w.clinic.staff.call("ClosePeriod", request).period_close_id)


def _explain(w: MoneyWorld) -> pb.ExplainBankDepositRequest:
    remittance_id = w.claims.remittance_id()  # type: ignore[attr-defined]
    return pb.ExplainBankDepositRequest(bank_deposit_id=deposit(w).bank_deposit_id, remittance_id=remittance_id)


CASES: dict[str, Case] = {
    "ListAgedReceivables": Case(lambda w: pb.ListAgedReceivablesRequest(group_by=pb.RECEIVABLES_GROUP_PRACTITIONER)),
    "GetDepositSlip": Case(lambda w: pb.GetDepositSlipRequest(day_close_id=close_id(w)), names_resource=True),
    "KeyBankDeposit": Case(
        lambda w: pb.KeyBankDepositRequest(deposited_on=w.today(), amount=usd(7_700), reference="EFT77")
    ),
    "ExplainBankDeposit": Case(_explain, names_resource=True),
    "ListBankDeposits": Case(lambda w: pb.ListBankDepositsRequest(unexplained=deposit(w, 5_500).version > 0)),
    "ListAwaitedDeposits": Case(lambda w: pb.ListAwaitedDepositsRequest()),
    "ClosePeriod": Case(lambda w: pb.ClosePeriodRequest(last_day=YEAR_END)),
    "ListPeriodCloses": Case(lambda w: pb.ListPeriodClosesRequest()),
    "ProvePeriod": Case(lambda w: pb.ProvePeriodRequest(period_close_id=period_id(w)), names_resource=True),
    "GetRevenueFigures": Case(
        lambda w: revenue_figures_pb2.GetRevenueFiguresRequest(
            group_by=revenue_figures_pb2.REVENUE_GROUP_PAYER, first_month=w.today(), last_month=w.today()
        )
    ),
}
