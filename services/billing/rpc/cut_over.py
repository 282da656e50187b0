"""Servicer of `CutOver`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import cut_over_pb2 as pb

from billing.domain.cut_over import Kind, Total
from billing.tables_cut_over import CutOverFile
from billing.usecases import cut_over
from billing.usecases.cut_over import MOST_TOLD, Command
from chassis.call import Call
from chassis.protos import date_message, money, timestamp, to_date

KINDS = {pb.CUT_OVER_KIND_BALANCES: Kind.BALANCES, pb.CUT_OVER_KIND_CLAIMS: Kind.CLAIMS}
KIND_MESSAGES = {kind.value: number for number, kind in KINDS.items()}


class CutOverRpc:
    """Files of another system's open books."""

    def ImportCutOverFile(self, request: pb.ImportCutOverFileRequest, call: Call) -> pb.CutOverImport:
        outcome = cut_over.import_file(
            call,
            Command(
                kind=KINDS[request.kind],
                name=request.name,
                content=request.content,
                as_of=to_date(request.as_of, "as_of"),
                control=tuple(Total(one.bucket, one.rows, one.amount.minor_units) for one in request.control_totals),
                dry_run=request.dry_run,
            ),
        )
        return pb.CutOverImport(
            file=_file(outcome.file) if outcome.file is not None else None,
            known_already=outcome.known_already,
            rows=outcome.rows,
            totals=[_total(one) for one in outcome.totals],
            differences=outcome.differences,
            bad_rows=[pb.BadCutOverRow(line=row.line, problem=row.problem) for row in outcome.bad[:MOST_TOLD]],
            bad_row_count=len(outcome.bad),
            error_file=outcome.error_file,
        )

    def ListCutOverFiles(self, request: pb.ListCutOverFilesRequest, call: Call) -> pb.ListCutOverFilesResponse:
        rows, token = cut_over.list_files(call, request.page_size, request.page_token)
        return pb.ListCutOverFilesResponse(files=[_file(row) for row in rows], next_page_token=token)


def _total(one: Total) -> pb.CutOverTotal:
    return pb.CutOverTotal(bucket=one.bucket, rows=one.rows, amount=money(one.amount_minor))


def _file(row: CutOverFile) -> pb.CutOverFile:
    return pb.CutOverFile(
        cut_over_file_id=str(row.id),
        kind=KIND_MESSAGES[row.kind],
        name=row.name,
        as_of=date_message(row.as_of),
        rows=row.rows,
        totals=[_total(Total(one["bucket"], one["rows"], one["amount_minor"])) for one in row.totals],
        imported_at=timestamp(row.imported_at),
        imported_by=row.imported_by,
    )
