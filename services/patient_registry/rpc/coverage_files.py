"""Servicer of `CoverageFiles`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Mapping

from polyclinic.patient_registry.v1 import coverage_files_pb2 as pb

from chassis.call import Call
from chassis.protos import timestamp
from patient_registry.tables_coverage_files import CoverageFile
from patient_registry.usecases import coverage_files
from patient_registry.usecases.coverage_files import MOST_TOLD, Command


class CoverageFilesRpc:
    """Files of another system's coverages."""

    def ImportCoverageFile(self, request: pb.ImportCoverageFileRequest, call: Call) -> pb.CoverageFileImport:
        control = {one.payer_code.upper(): one.rows for one in request.control_totals}
        outcome = coverage_files.import_file(call, Command(request.name, request.content, control, request.dry_run))
        return pb.CoverageFileImport(
            file=_file(outcome.file) if outcome.file is not None else None,
            known_already=outcome.known_already,
            rows=outcome.rows,
            totals=_totals(outcome.totals),
            differences=outcome.differences,
            bad_rows=[pb.BadCoverageRow(line=row.line, problem=row.problem) for row in outcome.bad[:MOST_TOLD]],
            bad_row_count=len(outcome.bad),
            error_file=outcome.error_file,
        )

    def ListCoverageFiles(self, request: pb.ListCoverageFilesRequest, call: Call) -> pb.ListCoverageFilesResponse:
        found, token = coverage_files.list_files(call, request.page_size, request.page_token)
        return pb.ListCoverageFilesResponse(files=[_file(row) for row in found], next_page_token=token)


def _totals(totals: Mapping[str, int]) -> list[pb.CoverageTotal]:
    return [pb.CoverageTotal(payer_code=code, rows=rows) for code, rows in sorted(totals.items())]


def _file(row: CoverageFile) -> pb.CoverageFile:
    return pb.CoverageFile(
        coverage_file_id=str(row.id),
        name=row.name,
        rows=row.rows,
        totals=_totals(row.totals),
        imported_at=timestamp(row.imported_at),
        imported_by=row.imported_by,
    )
