"""One example for each RPC about keyed, undone and refused remittances, for the set tests."""

from __future__ import annotations

from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2
from polyclinic.billing.v1 import keyed_remittances_pb2 as pb

from chassis.testing import Case
from tests.billing.cases_claims import ClaimsWorld
from tests.billing.clinic import usd
from tests.billing.domain.x12.texts import envelope, remittance_set

MARCH = Date(year=2026, month=3, day=16)


def eob(claim: claims_pb2.Claim, *, trace: str = "CHECK 1001", paid: int = 10_000) -> pb.KeyRemittanceRequest:
    """A paper EOB: the visit paid and written down to it, the laboratory left to the deductible."""
    first, second = claim.lines
    lines = [
        pb.KeyedLine(charge_line_id=first.charge_line_id, paid=usd(paid), contractual=usd(15_000 - paid)),
        pb.KeyedLine(charge_line_id=second.charge_line_id, deductible=usd(2_500)),
    ]
    return pb.KeyRemittanceRequest(
        payer_code=claim.payer_code,
        method="CHK",
        trace=trace,
        paid_on=MARCH,
        payment=usd(paid),
        claims=[pb.KeyedClaim(claim_id=claim.claim_id, payer_control="ICN7", lines=lines)],
    )


def refused(claims: ClaimsWorld, claim: claims_pb2.Claim) -> claims_pb2.Remittance:
    """A set of COMM1 that is a cent off: refused, its deposit waits."""
    segments = [f"CLP*{claim.control}*1*175*100.01*0*12*ICN8*11*1", "CAS*CO*45*75"]
    upload(claims, remittance_set("100.01", segments, trace=f"R{claim.control}"))
    return next(one for one in claims.insured.remittances("refused") if one.trace == f"R{claim.control}")


def upload(claims: ClaimsWorld, segments: list[str]) -> claims_pb2.InboundFile:
    """A file of COMM1 with one set."""
    text = envelope("HP", "005010X221A1", [("835", segments)], st03=False)
    return claims.insured.upload(text.replace("N1*PR*MEDICARE B*XV*MEDB1", "N1*PR*PAYER COMM1*XV*COMM1"))


def takeback(claims: ClaimsWorld, reference: str = "ICN9") -> None:
    """COMM1 announces that it will take 50.00 back: the set pays it out first (FB, forward balance)."""
    upload(claims, remittance_set("50", [], [f"PLB*1234567893*20261231*FB:{reference}*-50"], trace=f"T{reference}"))


def _undo(claims: ClaimsWorld) -> pb.UndoRemittanceClaimRequest:
    answered = claims.answered_claim()
    found = [one for remittance in claims.insured.remittances("posted") for one in remittance.claims]
    answer = next(one for one in found if one.claim_id == answered.claim_id)
    return pb.UndoRemittanceClaimRequest(remittance_claim_id=answer.remittance_claim_id, reason="keyed twice")


def _takebacks(claims: ClaimsWorld) -> pb.ListTakebacksRequest:
    takeback(claims)
    return pb.ListTakebacksRequest(payer_code="COMM1")


def _pay_back(claims: ClaimsWorld) -> pb.PayPayerBackRequest:
    takeback(claims)
    return pb.PayPayerBackRequest(payer_code="COMM1", reference="ICN9", amount=usd(5_000), reason="check 77")


CASES: dict[str, Case] = {
    "KeyRemittance": Case(lambda w: eob(w.claims.claim()), names_resource=True),
    "UndoRemittanceClaim": Case(lambda w: _undo(w.claims), names_resource=True),
    "DismissRefusedRemittance": Case(
        lambda w: pb.DismissRefusedRemittanceRequest(
            remittance_id=refused(w.claims, w.claims.claim()).remittance_id, reason="the payer sent it anew"
        ),
        names_resource=True,
    ),
    "ListTakebacks": Case(lambda w: _takebacks(w.claims)),
    "PayPayerBack": Case(lambda w: _pay_back(w.claims), names_resource=True),
}
