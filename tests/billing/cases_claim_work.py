"""One example for each RPC about the work on claims, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claim_work_pb2 as pb
from polyclinic.billing.v1 import claims_pb2

from chassis.testing import Case
from tests.billing.cases_claims import ClaimsWorld

SOON = Date(year=2026, month=4, day=1)


class ClaimWorkWorld:
    """Makes claims that people work."""

    def __init__(self, claims: ClaimsWorld) -> None:
        self._claims = claims
        self._clinic = claims.insured

    def noted_claim_id(self) -> str:
        """A claim with a note and something to be done."""
        claim_id = self._claims.claim_id()
        self._clinic.staff.call(
            "AddClaimNote", pb.AddClaimNoteRequest(claim_id=claim_id, text="Called.", next_action_on=SOON)
        )
        return claim_id

    def sent_claim_id(self) -> str:
        """A claim that waits for its payer."""
        claim_id = self._claims.claim_id()
        self._clinic.staff.call("SendBatches", claims_pb2.SendBatchesRequest(payer_code="COMM1"))
        return claim_id

    def preview(self) -> pb.PreviewCoverageMoveRequest:
        """A visit that was billed to one coverage, and another one of the same patient."""
        claim = self._claims.claim()
        # Other examples send what is ready: this one stays.
        hold = claims_pb2.HoldClaimRequest(claim_id=claim.claim_id, reason="moves to another coverage")
        self._clinic.staff.call("HoldClaim", hold)
        coverage_id = self._clinic.insure(claim.patient_id, "COMM2", 5)
        return pb.PreviewCoverageMoveRequest(encounter_id=claim.encounter_id, coverage_id=coverage_id)

    def move(self) -> pb.MoveChargesRequest:
        """A move that was looked at."""
        asked = self.preview()
        seen = self._clinic.staff.call("PreviewCoverageMove", asked)
        return pb.MoveChargesRequest(
            encounter_id=asked.encounter_id,
            coverage_id=asked.coverage_id,
            reason="other insurance",
            preview_token=seen.preview_token,
        )


CASES: dict[str, Case] = {
    "AddClaimNote": Case(
        lambda w: pb.AddClaimNoteRequest(claim_id=w.claims.claim_id(), text="Called the payer."), names_resource=True
    ),
    "ListClaimNotes": Case(
        lambda w: pb.ListClaimNotesRequest(claim_id=w.claim_work.noted_claim_id()), names_resource=True
    ),
    "GetClaimFollowUp": Case(
        lambda w: pb.GetClaimFollowUpRequest(claim_id=w.claim_work.noted_claim_id()), names_resource=True
    ),
    "SetNextAction": Case(
        lambda w: pb.SetNextActionRequest(claim_id=w.claims.claim_id(), next_action="Call", next_action_on=SOON),
        names_resource=True,
    ),
    "ListClaimQueue": Case(lambda w: pb.ListClaimQueueRequest()),
    "WorkClaims": Case(
        lambda w: pb.WorkClaimsRequest(
            claim_ids=[w.claims.claim_id()], action=pb.CLAIM_ACTION_HOLD, reason="audit week"
        )
    ),
    "AskClaimStatus": Case(
        lambda w: pb.AskClaimStatusRequest(claim_id=w.claim_work.sent_claim_id()), names_resource=True
    ),
    "GetClaimForm": Case(lambda w: pb.GetClaimFormRequest(claim_id=w.claims.claim_id()), names_resource=True),
    "PreviewCoverageMove": Case(lambda w: w.claim_work.preview(), names_resource=True),
    "MoveCharges": Case(lambda w: w.claim_work.move(), names_resource=True),
}
