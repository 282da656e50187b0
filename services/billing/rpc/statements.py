"""Statements: protobuf in, use case, protobuf out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from google.api import httpbody_pb2
from polyclinic.billing.v1 import payments_pb2
from polyclinic.billing.v1 import statements_pb2 as pb

from billing.domain.receivables import BUCKETS
from billing.rpc.payments import payment_message
from billing.usecases import statements
from billing.usecases.statements import AddressBook, StatementView
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp


class StatementsRpc:
    """RPCs about statements; `address_book` knows how and where guarantors are written to."""

    address_book: AddressBook

    def IssueStatements(self, request: pb.IssueStatementsRequest, call: Call) -> pb.IssueStatementsResponse:
        patient_ids = [identifier(text) for text in request.patient_ids]
        issued = statements.issue_statements(call, patient_ids, self.address_book)
        return pb.IssueStatementsResponse(
            statement_ids=[str(statement_id) for statement_id in issued.statement_ids],
            skipped=[pb.SkippedStatement(patient_id=str(who), reason=reason) for who, reason in issued.skipped],
        )

    def GetStatement(self, request: pb.GetStatementRequest, call: Call) -> pb.Statement:
        return statement_message(statements.get_statement(call, identifier(request.statement_id)), with_lines=True)

    def GetStatementPdf(self, request: pb.GetStatementPdfRequest, call: Call) -> httpbody_pb2.HttpBody:
        file = statements.get_pdf(call, identifier(request.statement_id))
        return httpbody_pb2.HttpBody(content_type=file.content_type, data=file.read())

    def ListStatements(self, request: pb.ListStatementsRequest, call: Call) -> pb.ListStatementsResponse:
        rows, token = statements.list_statements(
            call,
            patient_id=optional_identifier(request.patient_id),
            first_day=optional_date(request.statement_dates.start, "statement_dates.start"),
            last_day=optional_date(request.statement_dates.end, "statement_dates.end"),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListStatementsResponse(
            statements=[statement_message(row, with_lines=False) for row in rows], next_page_token=token
        )

    def PayStatement(self, request: pb.PayStatementRequest, call: Call) -> payments_pb2.Payment:
        statement_id, amount = identifier(request.statement_id), request.amount.minor_units
        return payment_message(statements.pay_statement(call, statement_id, amount, request.card_token))


def statement_message(view: StatementView, *, with_lines: bool) -> pb.Statement:
    """A statement as the API shows it; lists leave the lines out."""
    row = view.statement
    return pb.Statement(
        statement_id=str(row.id),
        number=row.number,
        patient_id=str(row.patient_id),
        issued_at=timestamp(row.issued_at),
        statement_date=date_message(row.statement_date),
        due_date=date_message(row.due_date),
        cycle=row.cycle,
        amount_due=money(row.amount_due_minor),
        unapplied=money(row.unapplied_minor),
        lines=[_line(line) for line in row.lines] if with_lines else [],
        aging=[
            pb.StatementAge(from_days=first, to_days=last or 0, amount=money(amount))
            for (first, last), amount in zip(BUCKETS, row.aging, strict=True)
        ],
        still_due=money(view.still_due_minor),
    )


def _line(line: Mapping[str, Any]) -> pb.StatementLine:
    return pb.StatementLine(
        patient_id=line["patient_id"],
        patient_name=line["patient_name"],
        service_date=date_message(date.fromisoformat(str(line["service_date"]))),
        description=line["description"],
        charge=money(line["charge_minor"]),
        payer_paid=money(line["payer_paid_minor"]),
        adjustments=money(line["adjustments_minor"]),
        patient_paid=money(line["patient_paid_minor"]),
        with_payer=money(line["with_payer_minor"]),
        due=money(line["due_minor"]),
    )
