"""RPCs about coverage and about what foreign documents call payers."""

from __future__ import annotations

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from chassis.masks import merged
from chassis.protos import identifier, optional_date
from patient_registry.domain.coverage import Coverage
from patient_registry.rpc import wire_coverage as wire
from patient_registry.tables import PayerAlias
from patient_registry.usecases import coverages


class CoveragesRpc:
    """Coverages and payer aliases."""

    def ListCoverages(self, request: pb.ListCoveragesRequest, call: Call) -> pb.ListCoveragesResponse:
        on = optional_date(request.on, "on")
        found = coverages.listed(call, identifier(request.patient_id), on, request.include_removed)
        return pb.ListCoveragesResponse(coverages=map(wire.coverage, found))

    def GetCoverage(self, request: pb.GetCoverageRequest, call: Call) -> pb.Coverage:
        return wire.coverage(coverages.get(call, identifier(request.coverage_id, "coverage_id")))

    def AddCoverage(self, request: pb.AddCoverageRequest, call: Call) -> pb.Coverage:
        entered = wire.entered(request.coverage, call.new_id())
        return wire.coverage(coverages.add(call, identifier(request.patient_id), entered))

    def UpdateCoverage(self, request: pb.UpdateCoverageRequest, call: Call) -> pb.Coverage:
        def edit(held: Coverage) -> Coverage:
            if not held.active:
                raise InvalidInput([Violation("coverage_id", "was taken back; add a new coverage")])
            after = merged(wire.input_message(held), request.coverage, request.update_mask)
            return wire.entered(after, held.coverage_id)

        coverage_id = identifier(request.coverage_id, "coverage_id")
        return wire.coverage(coverages.update(call, coverage_id, request.version, edit))

    def RemoveCoverage(self, request: pb.RemoveCoverageRequest, call: Call) -> pb.Coverage:
        return wire.coverage(coverages.remove(call, identifier(request.coverage_id, "coverage_id"), request.version))

    def ReorderCoverages(self, request: pb.ReorderCoveragesRequest, call: Call) -> pb.ListCoveragesResponse:
        chosen = [identifier(one, "coverage_ids") for one in request.coverage_ids]
        found = coverages.reorder(call, identifier(request.patient_id), chosen)
        return pb.ListCoveragesResponse(coverages=map(wire.coverage, found))

    def SetPayerAlias(self, request: pb.SetPayerAliasRequest, call: Call) -> pb.PayerAlias:
        return _alias(coverages.set_alias(call, request.text, request.payer_code, request.payer_name))

    def ListPayerAliases(self, request: pb.ListPayerAliasesRequest, call: Call) -> pb.ListPayerAliasesResponse:
        found, token = coverages.aliases(call, request.page_size, request.page_token)
        return pb.ListPayerAliasesResponse(aliases=map(_alias, found), next_page_token=token)


def _alias(row: PayerAlias) -> pb.PayerAlias:
    return pb.PayerAlias(text=row.text, payer_code=row.payer_code, payer_name=row.payer_name)
