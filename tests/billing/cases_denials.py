"""One example for each RPC about denials, appeals and underpayments, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2, payers_pb2
from polyclinic.billing.v1 import denials_pb2 as pb

from chassis.testing import Case
from tests.billing.cases_claims import ClaimsWorld
from tests.billing.domain.x12.texts import envelope, remittance_set

JULY = Date(year=2026, month=7, day=1)


def sent(claims: ClaimsWorld) -> claims_pb2.Claim:
    """A claim that was sent to COMM2: what other examples have ready for COMM1 stays there."""
    insured = claims.insured
    patient = insured.insured("COMM2")
    insured.signed_visit(patient)
    insured.harness.run_due()
    insured.staff.call("SendBatches", claims_pb2.SendBatchesRequest(payer_code="COMM2"))
    insured.harness.run_due()
    [claim] = insured.claims_of(patient)
    return claim


def denied(claims: ClaimsWorld) -> pb.Denial:
    """A claim of COMM2 that was paid in part: the laboratory is refused for want of an authorisation."""
    claim = sent(claims)
    first, second = claim.lines
    segments = [
        f"CLP*{claim.control}*1*175*100*0*12*ICN5*11*1",
        "SVC*HC:99213*150*100**1",
        "CAS*CO*45*50",
        f"REF*6R*{first.line_control}",
        "SVC*HC:85025*25*0**1",
        "CAS*CO*197*25",
        f"REF*6R*{second.line_control}",
        "LQ*HE*N54",
    ]
    _upload(claims, remittance_set("100", segments, trace=claim.control))
    listed = claims.insured.staff.call("ListDenials", pb.ListDenialsRequest(patient_id=claim.patient_id))
    return listed.denials[0]


def underpaid(claims: ClaimsWorld) -> pb.Underpayment:
    """A claim of COMM2 on which less was allowed than its contract says."""
    claims.insured.put_prices(
        "CONTRACT", {"99213": 12_000}, kind=payers_pb2.FEE_SCHEDULE_KIND_CONTRACT, payer_code="COMM2"
    )
    claim = sent(claims)
    first, second = claim.lines
    segments = [
        f"CLP*{claim.control}*1*175*100*25*12*ICN6*11*1",
        "SVC*HC:99213*150*100**1",
        "CAS*CO*45*50",
        f"REF*6R*{first.line_control}",
        "SVC*HC:85025*25*0**1",
        "CAS*PR*1*25",
        f"REF*6R*{second.line_control}",
    ]
    _upload(claims, remittance_set("100", segments, trace=claim.control))
    request = pb.ListUnderpaymentsRequest(patient_id=claim.patient_id)
    return claims.insured.staff.call("ListUnderpayments", request).underpayments[0]


def _upload(claims: ClaimsWorld, segments: list[str]) -> claims_pb2.InboundFile:
    text = envelope("HP", "005010X221A1", [("835", segments)], st03=False)
    return claims.insured.upload(text.replace("N1*PR*MEDICARE B*XV*MEDB1", "N1*PR*PAYER COMM2*XV*COMM2"))


def letter(claims: ClaimsWorld, *, sent: bool = False) -> pb.Appeal:
    """A letter about a denial."""
    staff = claims.insured.staff
    written = staff.call("WriteAppeal", pb.WriteAppealRequest(denial_id=denied(claims).denial_id))
    return staff.call("SendAppeal", pb.SendAppealRequest(appeal_id=written.appeal_id, how="fax")) if sent else written


PLAYBOOK = pb.AddPlaybookRequest(
    reason_code="197",
    payer_code="COMM1",
    family="authorisation",
    owner_id="anna",
    work_days=5,
    appeal_days=45,
    steps="Ring the utilisation desk first.",
    start_date=Date(year=2026, month=1, day=1),
)
TEXT = pb.AddAppealTextRequest(
    code="authorisation", title="Appeal", body="Dear {payer}, we disagree about {claim}: {reasons}."
)


def _playbook_id(claims: ClaimsWorld) -> str:
    return str(claims.insured.staff.call("AddPlaybook", PLAYBOOK).playbook_id)


CASES: dict[str, Case] = {
    "ListDenials": Case(lambda w: pb.ListDenialsRequest(state="open")),
    "GetDenial": Case(lambda w: pb.GetDenialRequest(denial_id=denied(w.claims).denial_id), names_resource=True),
    "AssignDenial": Case(
        lambda w: pb.AssignDenialRequest(denial_id=denied(w.claims).denial_id, owner_id="anna"), names_resource=True
    ),
    "ResolveDenial": Case(
        lambda w: pb.ResolveDenialRequest(denial_id=denied(w.claims).denial_id, state="upheld", note="nothing helps"),
        names_resource=True,
    ),
    "WriteAppeal": Case(lambda w: pb.WriteAppealRequest(denial_id=denied(w.claims).denial_id), names_resource=True),
    "GetAppealLetter": Case(
        lambda w: pb.GetAppealLetterRequest(appeal_id=letter(w.claims).appeal_id), names_resource=True
    ),
    "SendAppeal": Case(
        lambda w: pb.SendAppealRequest(appeal_id=letter(w.claims).appeal_id, how="mail"), names_resource=True
    ),
    "DecideAppeal": Case(
        lambda w: pb.DecideAppealRequest(appeal_id=letter(w.claims, sent=True).appeal_id, decision="upheld"),
        names_resource=True,
    ),
    "AddPlaybook": Case(lambda w: PLAYBOOK),
    "EndPlaybook": Case(
        lambda w: pb.EndPlaybookRequest(playbook_id=_playbook_id(w.claims), end_date=JULY), names_resource=True
    ),
    "ListPlaybooks": Case(lambda w: pb.ListPlaybooksRequest()),
    "AddAppealText": Case(lambda w: TEXT),
    "ListAppealTexts": Case(lambda w: pb.ListAppealTextsRequest()),
    "GetDenialFigures": Case(lambda w: pb.GetDenialFiguresRequest()),
    "ListUnderpayments": Case(
        lambda w: pb.ListUnderpaymentsRequest(payer_code=underpaid(w.claims).payer_code), names_resource=False
    ),
    "ResolveUnderpayment": Case(
        lambda w: pb.ResolveUnderpaymentRequest(
            underpayment_id=underpaid(w.claims).underpayment_id, state="disputed", note="sent the contract"
        ),
        names_resource=True,
    ),
}
