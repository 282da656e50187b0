"""Servicer of `CodeSets`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import code_sets_pb2 as pb

from billing.adapters.code_book import CodeBook
from billing.domain.charges import dotted_diagnosis
from billing.domain.code_files import read_codes
from billing.domain.code_index import CodeEntry
from billing.tables_code_sets import CodeSet
from billing.usecases import code_sets
from billing.usecases.code_sets import CodeKind, PutCodeSet
from chassis.call import Call
from chassis.csv_files import error_file
from chassis.protos import date_message, optional_date, timestamp, to_date

KINDS = {pb.CODE_KIND_DIAGNOSIS: CodeKind.DIAGNOSIS, pb.CODE_KIND_PROCEDURE: CodeKind.PROCEDURE}
KIND_MESSAGES = {kind: number for number, kind in KINDS.items()}


class CodeSetsRpc:
    """Finding codes, lists of procedures."""

    def __init__(self, book: CodeBook) -> None:
        self._book = book

    def SearchCodes(self, request: pb.SearchCodesRequest, call: Call) -> pb.SearchCodesResponse:
        day, kind = optional_date(request.on, "on"), KINDS.get(request.kind)
        found = code_sets.search(call, self._book, request.text, kind, day, request.limit)
        return pb.SearchCodesResponse(codes=[code_message(kind, one) for kind, one in found])

    def ImportCodeSet(self, request: pb.ImportCodeSetRequest, call: Call) -> pb.ImportCodeSetResponse:
        file = read_codes(request.content)
        command = PutCodeSet(request.code_set, to_date(request.effective_from, "effective_from"), request.name)
        row, compared = code_sets.import_code_set(call, command, request.content, file, dry_run=request.dry_run)
        return pb.ImportCodeSetResponse(
            code_set=None if row is None else _code_set(row),
            codes=len(file.codes),
            added=compared.added,
            changed=compared.changed,
            removed=compared.removed,
            bad_rows=[pb.BadCodeRow(line=bad.line, problem=bad.problem) for bad in file.bad[: code_sets.MOST_TOLD]],
            bad_row_count=len(file.bad),
            error_file=error_file(file.heading, file.bad).encode() if file.bad else b"",
        )

    def ListCodeSets(self, request: pb.ListCodeSetsRequest, call: Call) -> pb.ListCodeSetsResponse:
        rows, token = code_sets.list_code_sets(call, request.page_size, request.page_token)
        return pb.ListCodeSetsResponse(code_sets=[_code_set(row) for row in rows], next_page_token=token)


def code_message(kind: CodeKind, entry: CodeEntry, *, billable: bool = True) -> pb.Code:
    """A code with its words, as the API shows it."""
    return pb.Code(
        kind=KIND_MESSAGES[kind],
        code=dotted_diagnosis(entry.code) if kind is CodeKind.DIAGNOSIS else entry.code,
        words=entry.words,
        billable=billable,
        source=entry.source,
        priced=entry.priced,
    )


def _code_set(row: CodeSet) -> pb.CodeSet:
    return pb.CodeSet(
        code_set_id=str(row.id),
        code_set=row.code_set,
        effective_from=date_message(row.start_date),
        name=row.name,
        codes=row.code_count,
        sha256=row.sha256,
        imported_at=timestamp(row.imported_at),
        imported_by=row.imported_by,
    )
