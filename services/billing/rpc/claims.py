"""Servicer of `Claims`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.billing.v1 import claims_pb2 as pb

from billing.domain.x12.professional_claim import Frequency
from billing.rpc import claims_mapping as to
from billing.usecases import (
    batches,
    claim_changes,
    claim_reads,
    files_in,
    remittance_matching,
    work_item_closing,
    work_items,
)
from billing.usecases.batches import BatchSettings
from billing.usecases.claim_reads import payer_codes
from billing.usecases.remittance_matching import PlacedLine
from chassis.call import Call
from chassis.protos import identifier, money, optional_identifier

EDI = "application/edi-x12"


class ClaimsRpc:
    """Claims, batches, inbound files, remittances, work items."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings

    # ---- claims

    def ListClaims(self, request: pb.ListClaimsRequest, call: Call) -> pb.ListClaimsResponse:
        filters = {
            "state": request.state,
            "patient_id": optional_identifier(request.patient_id),
            "encounter_id": optional_identifier(request.encounter_id),
            "appointment_id": optional_identifier(request.appointment_id),
            "control": request.control,
        }
        rows, token = claim_reads.list_claims(call, filters, request.payer_code, request.page_size, request.page_token)
        codes = payer_codes(call)
        return pb.ListClaimsResponse(claims=[to.claim(row, codes) for row in rows], next_page_token=token)

    def GetClaim(self, request: pb.GetClaimRequest, call: Call) -> pb.Claim:
        view = claim_reads.get_claim(call, identifier(request.claim_id))
        return to.claim_with_life(view.claim, payer_codes(call), view.lines, view.life)

    def GetClaimText(self, request: pb.GetClaimTextRequest, call: Call) -> httpbody_pb2.HttpBody:
        data = batches.claim_text(call, identifier(request.claim_id), self._settings.partner)
        return httpbody_pb2.HttpBody(content_type=EDI, data=data)

    def CountClaims(self, request: pb.CountClaimsRequest, call: Call) -> pb.CountClaimsResponse:
        counts = claim_reads.count_claims(call)
        return pb.CountClaimsResponse(
            counts=[
                pb.CountClaimsResponse.StateCount(state=state, claims=number, charge=money(charge))
                for state, number, charge in counts
            ]
        )

    def HoldClaim(self, request: pb.HoldClaimRequest, call: Call) -> pb.Claim:
        row = claim_changes.hold(call, identifier(request.claim_id), request.reason, request.version)
        return to.claim(row, payer_codes(call))

    def ReleaseClaim(self, request: pb.ReleaseClaimRequest, call: Call) -> pb.Claim:
        row = claim_changes.release(call, identifier(request.claim_id), request.reason, request.version)
        return to.claim(row, payer_codes(call))

    def RescrubClaim(self, request: pb.RescrubClaimRequest, call: Call) -> pb.Claim:
        row = claim_changes.rescrub(call, identifier(request.claim_id), request.version)
        return to.claim(row, payer_codes(call))

    def CorrectClaim(self, request: pb.CorrectClaimRequest, call: Call) -> pb.Claim:
        frequency = Frequency.VOID if request.void_at_payer else Frequency.REPLACEMENT
        claim_id = identifier(request.claim_id)
        row = claim_changes.correct(call, claim_id, request.reason, request.version, frequency=frequency)
        return to.claim(row, payer_codes(call))

    def VoidClaim(self, request: pb.VoidClaimRequest, call: Call) -> pb.VoidClaimResponse:
        claim_id = identifier(request.claim_id)
        made = claim_changes.void(call, claim_id, request.reason, request.version, self_pay=request.self_pay)
        codes = payer_codes(call)
        row = claim_reads.get_claim(call, claim_id).claim
        return pb.VoidClaimResponse(claim=to.claim(row, codes), instead=[to.claim(one, codes) for one in made])

    # ---- files out

    def SendBatches(self, request: pb.SendBatchesRequest, call: Call) -> pb.SendBatchesResponse:
        made = batches.send_now(call, request.payer_code, self._settings)
        codes = payer_codes(call)
        return pb.SendBatchesResponse(batches=[to.batch(row, codes) for row in made])

    def ListClaimBatches(self, request: pb.ListClaimBatchesRequest, call: Call) -> pb.ListClaimBatchesResponse:
        rows, token = claim_reads.list_batches(call, request.payer_code, request.page_size, request.page_token)
        codes = payer_codes(call)
        return pb.ListClaimBatchesResponse(batches=[to.batch(row, codes) for row in rows], next_page_token=token)

    def GetClaimBatchFile(self, request: pb.GetClaimBatchFileRequest, call: Call) -> httpbody_pb2.HttpBody:
        data, kind = batches.file_of(call, identifier(request.claim_batch_id))
        return httpbody_pb2.HttpBody(content_type=kind, data=data)

    def ResendClaimBatch(self, request: pb.ResendClaimBatchRequest, call: Call) -> pb.ClaimBatch:
        return to.batch(batches.resend(call, identifier(request.claim_batch_id)), payer_codes(call))

    # ---- files in

    def ImportFile(self, request: pb.ImportFileRequest, call: Call) -> pb.InboundFile:
        return to.inbound_file(files_in.upload(call, request.name, request.content))

    def PollClearinghouse(self, request: pb.PollClearinghouseRequest, call: Call) -> pb.PollClearinghouseResponse:
        files_in.poll_now(call)
        return pb.PollClearinghouseResponse()

    def ListInboundFiles(self, request: pb.ListInboundFilesRequest, call: Call) -> pb.ListInboundFilesResponse:
        rows, token = files_in.list_files(call, request.state, request.page_size, request.page_token)
        return pb.ListInboundFilesResponse(files=[to.inbound_file(row) for row in rows], next_page_token=token)

    def GetInboundFileContent(self, request: pb.GetInboundFileContentRequest, call: Call) -> httpbody_pb2.HttpBody:
        data = files_in.content_of(call, identifier(request.inbound_file_id))
        return httpbody_pb2.HttpBody(content_type=EDI, data=data)

    # ---- remittances

    def ListRemittances(self, request: pb.ListRemittancesRequest, call: Call) -> pb.ListRemittancesResponse:
        rows, token = claim_reads.list_remittances(
            call, request.state, request.payer_code, request.trace, request.page_size, request.page_token
        )
        codes = payer_codes(call)
        return pb.ListRemittancesResponse(
            remittances=[to.remittance(row, codes) for row in rows], next_page_token=token
        )

    def GetRemittance(self, request: pb.GetRemittanceRequest, call: Call) -> pb.Remittance:
        view = claim_reads.get_remittance(call, identifier(request.remittance_id))
        return to.remittance_with_claims(view.remittance, payer_codes(call), view.claims, view.postings)

    def MatchRemittanceClaim(self, request: pb.MatchRemittanceClaimRequest, call: Call) -> pb.Remittance:
        placed = [
            PlacedLine(each.number, tuple(identifier(one) for one in each.charge_line_ids)) for each in request.lines
        ]
        remittance_id = remittance_matching.match(
            call, identifier(request.remittance_claim_id), identifier(request.claim_id), placed
        )
        view = claim_reads.get_remittance(call, remittance_id)
        return to.remittance_with_claims(view.remittance, payer_codes(call), view.claims, view.postings)

    # ---- work

    def ListWorkItems(self, request: pb.ListWorkItemsRequest, call: Call) -> pb.ListWorkItemsResponse:
        owner = "" if request.unowned else request.owner_id or None
        rows, token = claim_reads.list_work_items(
            call,
            kinds=list(request.kinds),
            state=request.state,
            owner_id=owner,
            claim_id=optional_identifier(request.claim_id),
            patient_id=optional_identifier(request.patient_id),
            exception=request.exception,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListWorkItemsResponse(items=[to.work_item(row, codes) for row in rows], next_page_token=token)

    def GetWorkItem(self, request: pb.GetWorkItemRequest, call: Call) -> pb.WorkItem:
        return to.work_item(claim_reads.get_work_item(call, identifier(request.work_item_id)), payer_codes(call))

    def AssignWorkItem(self, request: pb.AssignWorkItemRequest, call: Call) -> pb.WorkItem:
        row = work_items.assign(call, identifier(request.work_item_id), request.owner_id, request.version)
        return to.work_item(row, payer_codes(call))

    def ResolveWorkItem(self, request: pb.ResolveWorkItemRequest, call: Call) -> pb.WorkItem:
        item_id = identifier(request.work_item_id)
        row = work_item_closing.resolve(call, item_id, request.resolution, request.outcome, request.version)
        return to.work_item(row, payer_codes(call))
