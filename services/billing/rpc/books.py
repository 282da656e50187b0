"""Servicer of `Books`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.billing.v1 import books_pb2 as pb
from polyclinic.billing.v1 import ledger_pb2

from billing.domain.ledger import NAMES
from billing.domain.receivables import BUCKETS
from billing.tables_books import BankDeposit
from billing.usecases import deposits, periods
from billing.usecases.claim_reads import payer_codes
from billing.usecases.periods import PeriodView
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp, to_date

GROUPS = {
    pb.RECEIVABLES_GROUP_PAYER: "payer",
    pb.RECEIVABLES_GROUP_LOCATION: "location",
    pb.RECEIVABLES_GROUP_PRACTITIONER: "practitioner",
}


class BooksRpc:
    """Deposits, receivables by age, closed periods."""

    def ListAgedReceivables(self, request: pb.ListAgedReceivablesRequest, call: Call) -> pb.ListAgedReceivablesResponse:
        day, rows, token = periods.aged_by(
            call,
            GROUPS[request.group_by],
            optional_date(request.as_of, "as_of"),
            by_responsibility=request.basis == ledger_pb2.AGING_BASIS_RESPONSIBILITY,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListAgedReceivablesResponse(
            as_of=date_message(day),
            rows=[
                pb.AgedReceivables(
                    key=key,
                    key_name=name,
                    buckets=[
                        ledger_pb2.AgeBucket(from_days=first, to_days=last or 0, amount=money(amount))
                        for (first, last), amount in zip(BUCKETS, row.buckets, strict=True)
                    ],
                    total=money(sum(row.buckets)),
                )
                for row, key, name in rows
            ],
            next_page_token=token,
        )

    def GetDepositSlip(self, request: pb.GetDepositSlipRequest, call: Call) -> httpbody_pb2.HttpBody:
        _, pdf = deposits.get_slip(call, identifier(request.day_close_id))
        return httpbody_pb2.HttpBody(content_type="application/pdf", data=pdf)

    def KeyBankDeposit(self, request: pb.KeyBankDepositRequest, call: Call) -> pb.BankDeposit:
        day = to_date(request.deposited_on, "deposited_on")
        return _deposit(deposits.key_deposit(call, day, request.amount.minor_units, request.reference))

    def ExplainBankDeposit(self, request: pb.ExplainBankDepositRequest, call: Call) -> pb.BankDeposit:
        row = deposits.explain(
            call,
            identifier(request.bank_deposit_id),
            optional_identifier(request.remittance_id),
            optional_identifier(request.day_close_id),
            request.version,
        )
        return _deposit(row)

    def ListBankDeposits(self, request: pb.ListBankDepositsRequest, call: Call) -> pb.ListBankDepositsResponse:
        rows, token = deposits.list_deposits(
            call, unexplained=request.unexplained, page_size=request.page_size, page_token=request.page_token
        )
        return pb.ListBankDepositsResponse(bank_deposits=[_deposit(row) for row in rows], next_page_token=token)

    def ListAwaitedDeposits(self, request: pb.ListAwaitedDepositsRequest, call: Call) -> pb.ListAwaitedDepositsResponse:
        rows, token = deposits.list_awaited(call, request.page_size, request.page_token)
        codes = payer_codes(call)
        return pb.ListAwaitedDepositsResponse(
            deposits=[
                pb.AwaitedDeposit(
                    remittance_id=str(row.id),
                    payer_code=codes(row.payer_id),
                    payer_name=row.payer_name,
                    method=row.method,
                    trace=row.trace,
                    paid_on=date_message(row.paid_on),
                    amount=money(row.payment_minor),
                )
                for row in rows
            ],
            next_page_token=token,
        )

    def ClosePeriod(self, request: pb.ClosePeriodRequest, call: Call) -> pb.PeriodClose:
        return _period(periods.close_period(call, to_date(request.last_day, "last_day")))

    def ListPeriodCloses(self, request: pb.ListPeriodClosesRequest, call: Call) -> pb.ListPeriodClosesResponse:
        rows, token = periods.list_periods(call, request.page_size, request.page_token)
        return pb.ListPeriodClosesResponse(period_closes=[_period(row) for row in rows], next_page_token=token)

    def ProvePeriod(self, request: pb.ProvePeriodRequest, call: Call) -> pb.PeriodClose:
        return _period(periods.prove(call, identifier(request.period_close_id)))


def _deposit(row: BankDeposit) -> pb.BankDeposit:
    return pb.BankDeposit(
        bank_deposit_id=str(row.id),
        deposited_on=date_message(row.deposited_on),
        amount=money(row.amount_minor),
        reference=row.reference,
        remittance_id=str(row.remittance_id or ""),
        day_close_id=str(row.day_close_id or ""),
        keyed_at=timestamp(row.keyed_at),
        explained_at=timestamp(row.explained_at),
        explained_by=row.explained_by,
        version=row.version,
    )


def _period(view: PeriodView) -> pb.PeriodClose:
    row, proof = view.period, view.proof
    return pb.PeriodClose(
        period_close_id=str(row.id),
        last_day=date_message(row.last_day),
        closed_at=timestamp(row.closed_at),
        closed_by=row.closed_by,
        journals=row.journals,
        balances=[
            ledger_pb2.TrialBalanceLine(
                account=account.value,
                name=NAMES[account],
                debits=money(debits),
                credits=money(credit),
                balance=money(debits - credit),
            )
            for account, (debits, credit) in sorted(periods.balances_of(row).items())
        ],
        proved_at=timestamp(proof.proved_at) if proof is not None else None,
        holds=proof is not None and proof.holds,
        faults=[
            pb.PeriodFault(
                journal_id=fault.get("journal_id", ""),
                fault=fault["fault"],
                account=fault.get("account", ""),
                location_id=fault.get("location_id") or "",
                difference=money(fault.get("difference_minor", 0)),
            )
            for fault in (proof.faults if proof is not None else ())
        ],
    )
