"""Denials and underpayments: found when a remittance is posted, worked by their playbook, closed by the payer's money."""

import io
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claims_pb2, payers_pb2
from polyclinic.billing.v1 import denials_pb2 as pb
from pypdf import PdfReader

from chassis.protos import date_message
from chassis.testing import expect_error
from tests.billing.cases_denials import PLAYBOOK, TEXT
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.claims.test_remittances import era
from tests.billing.clinic import ZONE
from tests.billing.domain.x12.texts import remittance_set


@pytest.fixture
def sent(clinic: InsuredClinic) -> claims_pb2.Claim:
    """A claim to COMM1 that was sent: 99213 and 85025."""
    return send(clinic)


def send(clinic: InsuredClinic) -> claims_pb2.Claim:
    patient = clinic.insured("COMM1")
    clinic.signed_visit(patient)
    clinic.harness.run_due()
    clinic.staff.call("SendBatches", claims_pb2.SendBatchesRequest())
    clinic.harness.run_due()
    [claim] = clinic.claims_of(patient)
    return claim


def answer(claim: claims_pb2.Claim, *lab: str, paid: str = "100", lab_paid: str = "0", status: str = "1") -> list[str]:
    """The visit paid and adjusted; the laboratory as `lab` says."""
    first, second = claim.lines
    total = int(paid) + int(lab_paid)
    return [
        f"CLP*{claim.control}*{status}*175*{total}*0*12*ICN1*11*1",
        f"SVC*HC:99213*150*{paid}**1",
        f"CAS*CO*45*{150 - int(paid)}",
        f"REF*6R*{first.line_control}",
        f"SVC*HC:85025*25*{lab_paid}**1",
        *lab,
        f"REF*6R*{second.line_control}",
    ]


def post(clinic: InsuredClinic, payment: str, *claims: list[str], trace: str = "EFT1", control: int = 1) -> None:
    segments = [segment for claim in claims for segment in claim]
    clinic.upload(era(remittance_set(payment, segments, trace=trace), control=control), f"{trace}.edi")


def listed(clinic: InsuredClinic, state: str = "open") -> list[pb.Denial]:
    return list(clinic.staff.call("ListDenials", pb.ListDenialsRequest(state=state)).denials)


def test_a_refused_line_is_a_denial_with_family_deadline_and_steps(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """Nothing is written off; the money stays with the payer, and a denial says what it is and until when it is worked."""
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [denial] = listed(clinic)
    assert (denial.family, denial.amount.minor_units, denial.claim_control) == ("authorisation", 2_500, sent.control)
    assert [(one.group, one.reason_code) for one in denial.reasons] == [("CO", "197")]
    today = clinic.harness.clock.now().date()
    work_by = today + timedelta(days=14)
    assert (denial.work_by.year, denial.work_by.month, denial.work_by.day) == (work_by.year, work_by.month, work_by.day)
    assert "authorisation" in denial.steps
    assert clinic.claim(sent.claim_id).lines[1].open.minor_units == 2_500
    [item] = clinic.work("denial")
    assert item.due_on == denial.work_by


def test_a_denial_posted_in_the_evening_belongs_to_the_clinics_day(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """At ten in the evening in New York it is tomorrow in UTC: deadlines count from the day on the clinic's wall."""
    evening = clinic.harness.clock.now().astimezone(ZoneInfo(ZONE)).replace(hour=22)
    clinic.step(evening.astimezone(UTC))
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [denial] = listed(clinic)
    assert evening.astimezone(UTC).date() > evening.date()
    assert denial.denied_on == date_message(evening.date())
    assert denial.work_by == date_message(evening.date() + timedelta(days=14))


def test_the_clinics_own_playbook_goes_before_the_built_in_rows(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """A row for the payer and the code says whose it is, until when, and what to do; once it has ended the others hold again."""
    row = clinic.staff.call("AddPlaybook", PLAYBOOK)
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [denial] = listed(clinic)
    assert (denial.owner_id, denial.steps) == ("anna", "Ring the utilisation desk first.")
    assert [item.owner_id for item in clinic.work("denial")] == ["anna"]
    ended = pb.EndPlaybookRequest(
        playbook_id=row.playbook_id, end_date=Date(year=2026, month=1, day=1), version=row.version
    )
    clinic.staff.call("EndPlaybook", ended)
    post(clinic, "100", answer(send(clinic), "CAS*CO*197*25"), trace="EFT2", control=2)
    assert sorted(one.owner_id for one in listed(clinic)) == ["", "anna"]


def test_the_worklist_goes_by_money_and_deadline(clinic: InsuredClinic):
    """The same deadline: more money first. Much more money does not wait behind a slightly nearer deadline."""
    small, large = send(clinic), send(clinic)
    post(clinic, "100", answer(small, "CAS*CO*197*25"))
    whole = [
        f"CLP*{large.control}*1*175*0*0*12*ICN2*11*1",
        "SVC*HC:99213*150*0**1",
        "CAS*CO*50*150",
        f"REF*6R*{large.lines[0].line_control}",
        "SVC*HC:85025*25*0**1",
        "CAS*CO*50*25",
        f"REF*6R*{large.lines[1].line_control}",
    ]
    post(clinic, "0", whole, trace="EFT2", control=2)
    assert [one.amount.minor_units for one in listed(clinic)] == [17_500, 2_500]
    first = clinic.staff.call("ListDenials", pb.ListDenialsRequest(page_size=1))
    second = clinic.staff.call("ListDenials", pb.ListDenialsRequest(page_size=1, page_token=first.next_page_token))
    assert [first.denials[0].claim_control, second.denials[0].claim_control] == [large.control, small.control]


def test_an_appeal_is_written_sent_decided_and_written_again(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """The letter names claim, amount and reasons from the newest version of its text; an upheld denial may be appealed again."""
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [denial] = listed(clinic)
    letter = clinic.staff.call("WriteAppeal", pb.WriteAppealRequest(denial_id=denial.denial_id))
    assert (letter.level, letter.text_code, letter.text_version) == (1, "authorisation", 0)
    words = pdf_words(clinic, letter)
    for word in (sent.control, "$25.00", "CO-197", "W123456789", "Ann Ho"):
        assert word in words
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("WriteAppeal", pb.WriteAppealRequest(denial_id=denial.denial_id))
    clinic.staff.call("SendAppeal", pb.SendAppealRequest(appeal_id=letter.appeal_id, how="fax 5185550100"))
    assert listed(clinic)[0].state == "appealed"
    clinic.staff.call("DecideAppeal", pb.DecideAppealRequest(appeal_id=letter.appeal_id, decision="upheld"))
    assert listed(clinic)[0].state == "open"
    clinic.staff.call("AddAppealText", TEXT)
    second = clinic.staff.call("WriteAppeal", pb.WriteAppealRequest(denial_id=denial.denial_id))
    assert (second.level, second.text_version) == (2, 1)
    assert f"we disagree about {sent.control}" in pdf_words(clinic, second)
    assert words == pdf_words(clinic, letter)


def pdf_words(clinic: InsuredClinic, letter: pb.Appeal) -> str:
    data = clinic.staff.call("GetAppealLetter", pb.GetAppealLetterRequest(appeal_id=letter.appeal_id)).data
    return " ".join(PdfReader(io.BytesIO(data)).pages[0].extract_text().split())


def test_a_text_that_names_what_no_letter_knows_is_refused(clinic: InsuredClinic):
    """A typing mistake in a placeholder is found when the text is kept, not when the letter is late."""
    bad = pb.AddAppealTextRequest(code="own_text", title="Appeal", body="Dear {payr}, about {claim} we say no.")
    with expect_error("INVALID_INPUT"):
        clinic.staff.call("AddAppealText", bad)


def test_the_payers_correction_closes_the_denial_as_overturned(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """A reversal with a better answer: what came back is counted, the work item is resolved, the rate is known."""
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    first, second = sent.lines
    reversal = [
        f"CLP*{sent.control}*22*-175*-100*0*12*ICN1*11*1",
        "SVC*HC:99213*-150*-100**1",
        "CAS*CO*45*-50",
        f"REF*6R*{first.line_control}",
        "SVC*HC:85025*-25*0**1",
        "CAS*CO*197*-25",
        f"REF*6R*{second.line_control}",
    ]
    better = answer(sent, "CAS*CO*45*5", lab_paid="20")
    post(clinic, "20", reversal, better, trace="EFT2", control=2)
    assert listed(clinic) == []
    [denial] = listed(clinic, "closed")
    assert (denial.state, denial.recovered.minor_units) == ("overturned", 2_000)
    assert clinic.work("denial") == []
    figures = clinic.staff.call("GetDenialFigures", pb.GetDenialFiguresRequest())
    assert (figures.denials, figures.overturn_basis_points) == (1, 10_000)
    [cause] = figures.causes
    assert (cause.reason_code, cause.suggested_edit, cause.recovered.minor_units) == ("197", "AUTH", 2_000)


def test_a_claim_denied_again_is_worked_again(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """One denial per claim: a new refusal opens it anew with its new reasons, whatever was said of the old one."""
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [denial] = listed(clinic)
    ended = pb.ResolveDenialRequest(denial_id=denial.denial_id, state="upheld", note="no authorisation was asked for")
    clinic.staff.call("ResolveDenial", ended)
    assert clinic.work("denial") == []
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("ResolveDenial", ended)
    refused = [
        f"CLP*{sent.control}*1*175*0*0*12*ICN1*11*1",
        "SVC*HC:99213*150*0**1",
        "CAS*CO*50*150",
        f"REF*6R*{sent.lines[0].line_control}",
        "SVC*HC:85025*25*0**1",
        "CAS*CO*50*25",
        f"REF*6R*{sent.lines[1].line_control}",
    ]
    post(clinic, "0", refused, trace="EFT3", control=3)
    [again] = listed(clinic)
    assert (again.denial_id, again.state, again.family) == (denial.denial_id, "open", "medical_necessity")


def test_less_than_the_contract_is_an_underpayment_until_it_is_recovered(clinic: InsuredClinic):
    """Expected and allowed stand line by line; the payer's better answer closes it and says what came back."""
    clinic.put_prices("CONTRACT", {"99213": 12_000}, kind=payers_pb2.FEE_SCHEDULE_KIND_CONTRACT, payer_code="COMM1")
    claim = send(clinic)
    deductible = [*answer(claim, "CAS*PR*1*25")]
    deductible[0] = f"CLP*{claim.control}*1*175*100*25*12*ICN1*11*1"
    post(clinic, "100", deductible)
    [found] = clinic.staff.call("ListUnderpayments", pb.ListUnderpaymentsRequest()).underpayments
    assert (found.short.minor_units, found.state) == (2_000, "open")
    assert [(one.procedure, one.expected.minor_units, one.allowed.minor_units) for one in found.lines] == [
        ("99213", 12_000, 10_000)
    ]
    disputed = pb.ResolveUnderpaymentRequest(
        underpayment_id=found.underpayment_id, state="disputed", note="sent the contract", version=found.version
    )
    assert clinic.staff.call("ResolveUnderpayment", disputed).state == "disputed"
    reversal = [
        f"CLP*{claim.control}*22*-175*-100*0*12*ICN1*11*1",
        "SVC*HC:99213*-150*-100**1",
        "CAS*CO*45*-50",
        f"REF*6R*{claim.lines[0].line_control}",
        "SVC*HC:85025*-25*0**1",
        "CAS*PR*1*-25",
        f"REF*6R*{claim.lines[1].line_control}",
    ]
    better = answer(claim, "CAS*PR*1*25", paid="120")
    better[0] = f"CLP*{claim.control}*1*175*120*25*12*ICN1*11*1"
    post(clinic, "20", reversal, better, trace="EFT2", control=2)
    assert list(clinic.staff.call("ListUnderpayments", pb.ListUnderpaymentsRequest()).underpayments) == []
    request = pb.ListUnderpaymentsRequest(state="closed")
    [closed] = clinic.staff.call("ListUnderpayments", request).underpayments
    assert (closed.state, closed.recovered.minor_units) == ("recovered", 2_000)
    assert clinic.work("underpaid") == []


@pytest.mark.parametrize(("outcome", "state"), [("", "upheld"), ("written_off", "written_off")])
def test_resolving_the_work_item_closes_the_denial(
    clinic: InsuredClinic, sent: claims_pb2.Claim, outcome: str, state: str
):
    """Whoever says that the item is done has closed the denial: as upheld, unless another end is said."""
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [item] = clinic.work("denial")
    request = claims_pb2.ResolveWorkItemRequest(
        work_item_id=item.work_item_id, resolution="the payer is right", outcome=outcome, version=item.version
    )
    clerk = clinic.harness.client(clinic.tenant, permissions=["work_item.work"])
    with expect_error("PERMISSION_DENIED"):
        clerk.call("ResolveWorkItem", request)
    assert clinic.staff.call("ResolveWorkItem", request).state == "resolved"
    [denial] = listed(clinic, "closed")
    assert (denial.state, denial.note) == (state, "the payer is right")
    assert denial.HasField("closed_at")
    assert listed(clinic) == []


def test_closing_the_denial_resolves_its_work_item(clinic: InsuredClinic, sent: claims_pb2.Claim):
    """From the other end it is the same."""
    post(clinic, "100", answer(sent, "CAS*CO*197*25"))
    [denial] = listed(clinic)
    clinic.staff.call(
        "ResolveDenial",
        pb.ResolveDenialRequest(denial_id=denial.denial_id, state="upheld", note="no basis for an appeal"),
    )
    assert clinic.work("denial") == []
