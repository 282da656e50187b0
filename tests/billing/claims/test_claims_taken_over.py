"""Open claims of another system take part in status questions (276), with what the registry says of the insured."""

from __future__ import annotations

from datetime import timedelta

from polyclinic.billing.v1 import claim_work_pb2 as work
from polyclinic.billing.v1 import claims_pb2
from polyclinic.billing.v1 import cut_over_pb2 as pb

from billing.adapters.clearinghouse import HttpClearinghouse
from chassis import errors
from tests.billing.claims.insured_clinic import MEMBERS, InsuredClinic
from tests.billing.money.test_cut_over import CLAIMS, NPI, mrn, take, total


def taken_over(clinic: InsuredClinic, control: str = "OLD0001", **insured: bool) -> claims_pb2.Claim:
    """A claim that another system filed with COMM1."""
    patient = clinic.insured("COMM1", **insured)
    line = f"{control},{control},{mrn(patient)},Albany,{NPI},COMM1,2026-01-05,99213,1,150.00,I10,2026-01-07"
    take(clinic, [CLAIMS, line], [total("COMM1", 1, 15_000)], kind=pb.CUT_OVER_KIND_CLAIMS)
    [claim] = clinic.staff.call("ListClaims", claims_pb2.ListClaimsRequest(patient_id=patient)).claims
    return claim


def asked(monkeypatch) -> list[bytes]:
    """The questions that go out, each still answered by the clearinghouse."""
    questions: list[bytes] = []
    real = HttpClearinghouse.ask

    def ask(self: HttpClearinghouse, question: bytes) -> bytes:
        questions.append(question)
        return real(self, question)

    monkeypatch.setattr(HttpClearinghouse, "ask", ask)
    return questions


def test_the_payer_is_asked_about_a_claim_of_another_system(clinic: InsuredClinic, monkeypatch):
    """Overdue when it is taken over, it is asked about within hours, by its own number, for the insured as the registry has them."""
    questions = asked(monkeypatch)
    claim = taken_over(clinic)
    clinic.harness.advance(hours=2)
    clinic.harness.run_due()
    [text] = [one.decode() for one in questions if b"OLD0001" in one]
    assert f"NM1*IL*1*HO*ANN****MI*{MEMBERS['COMM1']}" in text
    assert "TRN*1*OLD0001" in text
    assert "AMT*T3*150" in text
    assert clinic.claim(claim.claim_id).life[-1].by == "277"


def test_a_dependent_s_claim_names_both(clinic: InsuredClinic, monkeypatch):
    """The subscriber and the child are both told; a person may ask at once."""
    questions = asked(monkeypatch)
    claim = taken_over(clinic, "OLD0002", child=True)
    clinic.staff.call("AskClaimStatus", work.AskClaimStatusRequest(claim_id=claim.claim_id))
    clinic.harness.run_due()
    [text] = [one.decode() for one in questions if b"OLD0002" in one]
    assert "NM1*IL*1*HO*PAT" in text
    assert "NM1*QC*1*HO*KID" in text


def test_while_the_registry_is_away_the_question_waits(clinic: InsuredClinic, monkeypatch):
    """Nothing is asked with half of what is needed; the next date stands and the question goes out then."""
    questions = asked(monkeypatch)
    claim = taken_over(clinic, "OLD0003")

    def away(_request: object) -> None:
        raise errors.Unavailable(internal="registry")

    clinic.harness.stub_peer("patient_registry", "GetBillingProfiles", away)  # type: ignore[arg-type]
    clinic.staff.call("AskClaimStatus", work.AskClaimStatusRequest(claim_id=claim.claim_id))
    clinic.harness.run_due()
    assert [one for one in questions if b"OLD0003" in one] == []
    clinic.registry_knows()
    clinic.harness.advance(seconds=timedelta(days=8).total_seconds())
    clinic.harness.run_due()
    assert len([one for one in questions if b"OLD0003" in one]) == 1
