"""Servicer of `StatementRuns`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.billing.v1 import statement_runs_pb2 as pb

from billing.tables_collections import StatementMailing
from billing.tables_money import GuarantorAccount
from billing.usecases import statement_runs
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, timestamp


class StatementRunsRpc:
    """The run of statements, holds, paper."""

    def PreviewStatementRun(self, request: pb.PreviewStatementRunRequest, call: Call) -> pb.PreviewStatementRunResponse:
        rows, token = statement_runs.preview(call, request.page_size, request.page_token)
        planned = [
            pb.PlannedStatement(
                patient_id=str(row.account.id),
                name=row.name,
                due_on=date_message(row.account.next_statement_on),
                cycle=row.account.cycle + 1,
                amount=money(row.amount_minor),
                skipped=row.skipped,
            )
            for row in rows
        ]
        return pb.PreviewStatementRunResponse(statements=planned, next_page_token=token)

    def HoldStatements(self, request: pb.HoldStatementsRequest, call: Call) -> pb.StatementHold:
        until = optional_date(request.until, "until") if request.HasField("until") else None
        return _hold(*statement_runs.hold(call, identifier(request.patient_id), request.reason, until))

    def ReleaseStatements(self, request: pb.ReleaseStatementsRequest, call: Call) -> pb.StatementHold:
        return _hold(*statement_runs.release(call, identifier(request.patient_id)))

    def ListStatementHolds(self, request: pb.ListStatementHoldsRequest, call: Call) -> pb.ListStatementHoldsResponse:
        rows, token = statement_runs.list_holds(call, request.page_size, request.page_token)
        return pb.ListStatementHoldsResponse(holds=[_hold(*row) for row in rows], next_page_token=token)

    def MakeStatementMailing(self, _request: pb.MakeStatementMailingRequest, call: Call) -> pb.StatementMailing:
        return _mailing(statement_runs.make_mailing(call))

    def ListStatementMailings(
        self, request: pb.ListStatementMailingsRequest, call: Call
    ) -> pb.ListStatementMailingsResponse:
        rows, token = statement_runs.list_mailings(call, request.page_size, request.page_token)
        return pb.ListStatementMailingsResponse(mailings=[_mailing(row) for row in rows], next_page_token=token)

    def GetStatementMailingFile(self, request: pb.GetStatementMailingFileRequest, call: Call) -> httpbody_pb2.HttpBody:
        file = statement_runs.mailing_file(call, identifier(request.statement_mailing_id))
        return httpbody_pb2.HttpBody(content_type=file.content_type, data=file.read())


def _hold(account: GuarantorAccount, name: str) -> pb.StatementHold:
    return pb.StatementHold(
        patient_id=str(account.id),
        name=name,
        reason=account.hold_reason,
        until=date_message(account.hold_until),
        held_by=account.held_by,
    )


def _mailing(row: StatementMailing) -> pb.StatementMailing:
    return pb.StatementMailing(
        statement_mailing_id=str(row.id),
        made_on=date_message(row.made_on),
        made_at=timestamp(row.made_at),
        made_by=row.made_by,
        statements=row.statements,
    )
