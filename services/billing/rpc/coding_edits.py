"""Servicer of `CodingEdits`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import coding_edits_pb2 as pb

from billing.domain.coding_edits import TableKind
from billing.tables_coding import CodingTable
from billing.usecases import coding_edits
from chassis.call import Call
from chassis.protos import date_message, optional_date, timestamp, to_date

KINDS = {pb.CODING_TABLE_KIND_PTP: TableKind.PTP, pb.CODING_TABLE_KIND_MUE: TableKind.MUE}
KIND_MESSAGES = {kind.value: number for number, kind in KINDS.items()}


class CodingEditsRpc:
    """NCCI tables."""

    def ImportCodingTable(self, request: pb.ImportCodingTableRequest, call: Call) -> pb.ImportCodingTableResponse:
        start = to_date(request.effective_from, "effective_from")
        kind = KINDS[request.kind]
        done = coding_edits.import_table(call, kind, start, request.name, request.content, dry_run=request.dry_run)
        table = None if done.table is None else _table(done.table)
        return pb.ImportCodingTableResponse(table=table, edits=done.rows, left_out=done.left_out)

    def ListCodingTables(self, request: pb.ListCodingTablesRequest, call: Call) -> pb.ListCodingTablesResponse:
        rows, token = coding_edits.list_tables(call, request.page_size, request.page_token)
        return pb.ListCodingTablesResponse(tables=[_table(row) for row in rows], next_page_token=token)

    def LookUpCodingEdits(self, request: pb.LookUpCodingEditsRequest, call: Call) -> pb.LookUpCodingEditsResponse:
        found = coding_edits.look_up(call, request.procedures, optional_date(request.on, "on"))
        return pb.LookUpCodingEditsResponse(
            pairs=[
                pb.CodingPair(
                    column_one=pair.column_one,
                    column_two=pair.column_two,
                    modifier_allowed=pair.modifier_allowed,
                    effective_from=date_message(pair.first),
                    effective_to=date_message(pair.last),
                )
                for pair in found.pairs
            ],
            limits=[
                pb.CodingLimit(
                    procedure=limit.procedure, units=limit.units, adjudication_indicator=int(limit.adjudication)
                )
                for limit in found.limits.values()
            ],
        )


def _table(row: CodingTable) -> pb.CodingTable:
    return pb.CodingTable(
        coding_table_id=str(row.id),
        kind=KIND_MESSAGES[row.kind],
        effective_from=date_message(row.start_date),
        files=[pb.CodingFile(name=file["name"], edits=file["rows"], sha256=file["sha256"]) for file in row.files],
        imported_at=timestamp(row.imported_at),
        imported_by=row.imported_by,
    )
