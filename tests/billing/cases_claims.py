"""One example for each RPC of the claims half, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2 as pb
from polyclinic.billing.v1 import coding_edits_pb2, eligibility_pb2

from chassis.testing import Case, Harness
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.domain.x12.texts import envelope, remittance_set


class ClaimsWorld:
    """Makes what the examples need in an insured clinic."""

    def __init__(self, harness: Harness, insured: InsuredClinic) -> None:
        self._harness = harness
        self.insured = insured

    def claim(self, **coverage: str) -> pb.Claim:
        """A claim that was written and scrubbed: ready, or held when the coverage lacks something."""
        patient = self.insured.insured("COMM1", **coverage)
        self.insured.signed_visit(patient)
        self._harness.run_due()
        [claim] = self.insured.claims_of(patient)
        return claim

    def claim_id(self) -> str:
        return str(self.claim().claim_id)

    def held_claim_id(self) -> str:
        return str(self.claim(member_id="").claim_id)

    def answered_claim(self) -> pb.Claim:
        """A claim that the payer has answered."""
        claim = self.claim()
        self.batch()
        self._harness.run_due()
        self.insured.upload(self.era(claim))
        return self.insured.claim(claim.claim_id)

    def batch(self) -> pb.ClaimBatch:
        self.claim()
        return self.insured.staff.call("SendBatches", pb.SendBatchesRequest(payer_code="COMM1")).batches[0]

    @staticmethod
    def era(claim: pb.Claim) -> str:
        """A remittance that pays the claim as a whole."""
        segments = remittance_set("100", [f"CLP*{claim.control}*1*175*100*0*12*ICN1*11*1", "CAS*CO*45*75"])
        text = envelope("HP", "005010X221A1", [("835", segments)], st03=False)
        return text.replace("N1*PR*MEDICARE B*XV*MEDB1", "N1*PR*PAYER COMM1*XV*COMM1")

    def remittance_id(self) -> str:
        self.answered_claim()
        return str(self.insured.remittances()[0].remittance_id)

    def waiting_answer(self) -> pb.MatchRemittanceClaimRequest:
        """An answer under a number that is none of ours, and the claim that it is about."""
        claim = self.claim()
        self.insured.upload(self.era(pb.Claim(control="TYPO")))
        [answer] = self.insured.remittances()[0].claims
        return pb.MatchRemittanceClaimRequest(remittance_claim_id=answer.remittance_claim_id, claim_id=claim.claim_id)

    def file_id(self) -> str:
        return str(self.insured.upload(self.era(self.claim())).inbound_file_id)

    def work_item_id(self) -> str:
        self.claim(member_id="")
        return str(self.insured.work("scrub")[0].work_item_id)

    def coverage_id(self) -> str:
        patient = self.insured.insured("COMM1")
        return str(self.insured.profiles[patient].coverages[0].coverage_id)

    def check_id(self) -> str:
        request = eligibility_pb2.CheckEligibilityRequest(coverage_id=self.coverage_id())
        return str(self.insured.staff.call("CheckEligibility", request).eligibility_check_id)

    def patient_id(self) -> str:
        return self.insured.insured("COMM1")


CASES: dict[str, Case] = {
    "ImportCodingTable": Case(
        lambda w: coding_edits_pb2.ImportCodingTableRequest(
            kind=coding_edits_pb2.CODING_TABLE_KIND_MUE,
            effective_from=Date(year=2026, month=1, day=1),
            name="mue.csv",
            content=b"85025,1,3 Date of Service Edit: Clinical,ours\n",
        )
    ),
    "ListCodingTables": Case(lambda w: coding_edits_pb2.ListCodingTablesRequest()),
    "LookUpCodingEdits": Case(lambda w: coding_edits_pb2.LookUpCodingEditsRequest(procedures=["99213", "85025"])),
    "ListClaims": Case(lambda w: pb.ListClaimsRequest(state="ready")),
    "GetClaim": Case(lambda w: pb.GetClaimRequest(claim_id=w.claims.claim_id()), names_resource=True),
    "GetClaimText": Case(lambda w: pb.GetClaimTextRequest(claim_id=w.claims.claim_id()), names_resource=True),
    "CountClaims": Case(lambda w: pb.CountClaimsRequest()),
    "HoldClaim": Case(
        lambda w: pb.HoldClaimRequest(claim_id=w.claims.claim_id(), reason="notes are missing"), names_resource=True
    ),
    "ReleaseClaim": Case(
        lambda w: pb.ReleaseClaimRequest(claim_id=w.claims.held_claim_id(), reason="the payer said so"),
        names_resource=True,
    ),
    "RescrubClaim": Case(lambda w: pb.RescrubClaimRequest(claim_id=w.claims.held_claim_id()), names_resource=True),
    "CorrectClaim": Case(
        lambda w: pb.CorrectClaimRequest(claim_id=w.claims.answered_claim().claim_id, reason="wrong modifier"),
        names_resource=True,
    ),
    "VoidClaim": Case(
        lambda w: pb.VoidClaimRequest(claim_id=w.claims.claim_id(), reason="other insurance"), names_resource=True
    ),
    "SendBatches": Case(lambda w: pb.SendBatchesRequest()),
    "ListClaimBatches": Case(lambda w: pb.ListClaimBatchesRequest()),
    "GetClaimBatchFile": Case(
        lambda w: pb.GetClaimBatchFileRequest(claim_batch_id=w.claims.batch().claim_batch_id), names_resource=True
    ),
    "ResendClaimBatch": Case(
        lambda w: pb.ResendClaimBatchRequest(claim_batch_id=w.claims.batch().claim_batch_id), names_resource=True
    ),
    "ImportFile": Case(
        lambda w: pb.ImportFileRequest(name="era.edi", content=w.claims.era(pb.Claim(control="NOBODY")).encode())
    ),
    "PollClearinghouse": Case(lambda w: pb.PollClearinghouseRequest()),
    "ListInboundFiles": Case(lambda w: pb.ListInboundFilesRequest()),
    "GetInboundFileContent": Case(
        lambda w: pb.GetInboundFileContentRequest(inbound_file_id=w.claims.file_id()), names_resource=True
    ),
    "ListRemittances": Case(lambda w: pb.ListRemittancesRequest()),
    "GetRemittance": Case(
        lambda w: pb.GetRemittanceRequest(remittance_id=w.claims.remittance_id()), names_resource=True
    ),
    "MatchRemittanceClaim": Case(lambda w: w.claims.waiting_answer(), names_resource=True),
    "ListWorkItems": Case(lambda w: pb.ListWorkItemsRequest(kinds=["scrub"])),
    "GetWorkItem": Case(lambda w: pb.GetWorkItemRequest(work_item_id=w.claims.work_item_id()), names_resource=True),
    "AssignWorkItem": Case(
        lambda w: pb.AssignWorkItemRequest(work_item_id=w.claims.work_item_id(), owner_id="biller"),
        names_resource=True,
    ),
    "ResolveWorkItem": Case(
        lambda w: pb.ResolveWorkItemRequest(work_item_id=w.claims.work_item_id(), resolution="called the payer"),
        names_resource=True,
    ),
    "CheckEligibility": Case(
        lambda w: eligibility_pb2.CheckEligibilityRequest(coverage_id=w.claims.coverage_id()), names_resource=True
    ),
    "GetEligibilityCheck": Case(
        lambda w: eligibility_pb2.GetEligibilityCheckRequest(eligibility_check_id=w.claims.check_id()),
        names_resource=True,
    ),
    "ListEligibilityChecks": Case(lambda w: eligibility_pb2.ListEligibilityChecksRequest()),
    "GetPatientBenefits": Case(
        lambda w: eligibility_pb2.GetPatientBenefitsRequest(patient_id=w.claims.patient_id()), names_resource=True
    ),
}
