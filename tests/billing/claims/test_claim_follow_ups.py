"""Claims as people work them: notes, follow-ups by day, many at once, asking the payer, payers that take paper."""

import io
from datetime import date
from uuid import UUID

import pypdf
import pytest
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import claim_work_pb2 as work
from polyclinic.billing.v1 import claims_pb2 as pb
from polyclinic.billing.v1 import payers_pb2

from chassis.errors import Remote
from chassis.testing import expect_error
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.claims.test_claim_work import ready_claim
from tests.billing.clinic import payer_request

OWNER = "0198c0de-0000-7000-8000-00000000aaaa"


def on(day: date) -> Date:
    """A date as a message."""
    return Date(year=day.year, month=day.month, day=day.day)


def queue(clinic: InsuredClinic, **fields: object) -> list[work.QueuedClaim]:
    """What is to be done about claims."""
    return list(clinic.staff.call("ListClaimQueue", work.ListClaimQueueRequest(**fields)).claims)


def payer(clinic: InsuredClinic, **rules: object) -> None:
    """Another table of COMM1."""
    request = payer_request("COMM1", payers_pb2.PAYER_KIND_COMMERCIAL, takes_eligibility_requests=True, **rules)
    clinic.staff.call("PutPayer", request)


def test_a_call_is_noted_with_its_reference_and_what_follows(clinic: InsuredClinic):
    """The note stays; the follow-up carries day, action and owner, and is replaced by the next one."""
    claim = ready_claim(clinic)
    first = date(2026, 4, 1)
    note = clinic.staff.call(
        "AddClaimNote",
        work.AddClaimNoteRequest(
            claim_id=claim.claim_id,
            channel=work.CLAIM_NOTE_CHANNEL_CALL,
            reference="REF-77 Dana",
            text="They want the notes of the visit.",
            next_action="Fax the notes",
            next_action_on=on(first),
            owner_id=OWNER,
        ),
    )
    assert (note.reference, note.written_by) == ("REF-77 Dana", clinic.staff_id)
    request = work.GetClaimFollowUpRequest(claim_id=claim.claim_id)
    due = clinic.staff.call("GetClaimFollowUp", request)
    assert (due.next_action, due.next_action_on, due.owner_id) == ("Fax the notes", on(first), OWNER)
    again = work.SetNextActionRequest(
        claim_id=claim.claim_id, next_action="Call again", next_action_on=on(first), version=due.version
    )
    assert clinic.staff.call("SetNextAction", again).owner_id == ""
    with expect_error("STALE_VERSION"):
        clinic.staff.call("SetNextAction", again)
    clinic.staff.call("AddClaimNote", work.AddClaimNoteRequest(claim_id=claim.claim_id, text="Faxed."))
    listed = clinic.staff.call("ListClaimNotes", work.ListClaimNotesRequest(claim_id=claim.claim_id)).notes
    assert [one.text for one in listed] == ["Faxed.", "They want the notes of the visit."]
    assert clinic.staff.call("GetClaimFollowUp", request).next_action == "Call again"


def test_queues_are_sorted_by_day_and_filtered_by_whose_they_are(clinic: InsuredClinic):
    """What is due first comes first; owner, queue, day and state narrow it; voided claims are gone."""
    days = [date(2026, 4, 3), date(2026, 4, 1), date(2026, 4, 2)]
    claims = [ready_claim(clinic) for _ in days]
    for claim, day, owner in zip(claims, days, (OWNER, "", OWNER), strict=True):
        request = work.SetNextActionRequest(
            claim_id=claim.claim_id, next_action="Call", next_action_on=on(day), owner_id=owner, queue="calls"
        )
        clinic.staff.call("SetNextAction", request)
    in_order = [claims[1].claim_id, claims[2].claim_id, claims[0].claim_id]
    assert [one.claim.claim_id for one in queue(clinic)] == in_order
    assert [one.claim.claim_id for one in queue(clinic, owner_id=OWNER)] == in_order[1:]
    assert [one.claim.claim_id for one in queue(clinic, unowned=True)] == in_order[:1]
    assert [one.claim.claim_id for one in queue(clinic, due_by=on(days[2]), queue="calls")] == in_order[:2]
    assert queue(clinic, queue="letters") == []
    first = clinic.staff.call("ListClaimQueue", work.ListClaimQueueRequest(page_size=2))
    second = clinic.staff.call(
        "ListClaimQueue", work.ListClaimQueueRequest(page_size=2, page_token=first.next_page_token)
    )
    assert [one.claim.claim_id for one in (*first.claims, *second.claims)] == in_order
    clinic.staff.call(
        "VoidClaim", pb.VoidClaimRequest(claim_id=in_order[0], reason="not ours after all", self_pay=True)
    )
    assert [one.claim.claim_id for one in queue(clinic)] == in_order[1:]


def test_many_claims_are_worked_at_once_each_by_itself(clinic: InsuredClinic):
    """What one refuses leaves the others done, and says why."""
    ready, held = ready_claim(clinic), ready_claim(clinic)
    clinic.staff.call("HoldClaim", pb.HoldClaimRequest(claim_id=held.claim_id, reason="by hand"))
    nobody = "0198c0de-0000-7000-8000-00000000bbbb"
    answer = clinic.staff.call(
        "WorkClaims",
        work.WorkClaimsRequest(
            claim_ids=[ready.claim_id, held.claim_id, nobody], action=work.CLAIM_ACTION_HOLD, reason="audit week"
        ),
    )
    assert answer.done == 1
    told = [(one.refused, one.claim.state) for one in answer.results]
    assert told == [("", "held"), ("CLAIM_STATE_FORBIDS", "held"), ("NOT_FOUND", "")]
    assert clinic.claim(ready.claim_id).hold_reason == "audit week"
    released = work.WorkClaimsRequest(
        claim_ids=[ready.claim_id, held.claim_id], action=work.CLAIM_ACTION_RELEASE, reason="audit is over"
    )
    assert clinic.staff.call("WorkClaims", released).done == 2
    follow = work.WorkClaimsRequest(
        claim_ids=[ready.claim_id, held.claim_id],
        action=work.CLAIM_ACTION_FOLLOW_UP,
        next_action="Look again",
        next_action_on=on(date(2026, 5, 1)),
    )
    assert clinic.staff.call("WorkClaims", follow).done == 2
    assert len(queue(clinic)) == 2
    with pytest.raises(Remote):
        clinic.staff.call(
            "WorkClaims", work.WorkClaimsRequest(claim_ids=[ready.claim_id], action=work.CLAIM_ACTION_HOLD)
        )


def test_a_payer_is_asked_by_its_schedule_and_its_silence_is_work(clinic: InsuredClinic):
    """A status inquiry each five days; the answer is in the claim's life; only the payer's own limit makes it an alarm."""
    clinic.clearinghouse.configure({"COMM1": {"days_to_277ca": [90, 90], "days_to_payment": [90, 90]}})
    payer(clinic, status_inquiry_days=5, silence_alarm_days=12)
    claim = ready_claim(clinic)
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    clinic.harness.run_due()
    clinic.days(6)
    asked = [one for one in clinic.claim(claim.claim_id).life if one.by == "277"]
    assert len(asked) == 1
    assert clinic.work("silence") == []
    clinic.staff.call("AskClaimStatus", work.AskClaimStatusRequest(claim_id=claim.claim_id))
    clinic.harness.run_due()
    assert len([one for one in clinic.claim(claim.claim_id).life if one.by == "277"]) == 2
    clinic.days(12)
    [item] = clinic.work("silence")
    assert item.claim_id == claim.claim_id


def test_only_a_claim_that_waits_is_asked_about(clinic: InsuredClinic):
    """A claim that was never sent has no status."""
    claim = ready_claim(clinic)
    with expect_error("FAILED_PRECONDITION"):
        clinic.staff.call("AskClaimStatus", work.AskClaimStatusRequest(claim_id=claim.claim_id))


def test_a_payer_on_paper_gets_forms_to_be_printed(clinic: InsuredClinic):
    """Its batch is a PDF of CMS-1500 forms; nothing goes to the clearinghouse; the claim is sent."""
    payer(clinic, paper_claims=True)
    claim = ready_claim(clinic)
    [batch] = clinic.staff.call("SendBatches", pb.SendBatchesRequest()).batches
    clinic.harness.run_due()
    assert (batch.state, batch.file_name[:8], batch.file_name[-4:]) == ("sent", "CMS1500-", ".pdf")
    file = clinic.staff.call("GetClaimBatchFile", pb.GetClaimBatchFileRequest(claim_batch_id=batch.claim_batch_id))
    assert file.content_type == "application/pdf"
    text = pypdf.PdfReader(io.BytesIO(file.data)).pages[0].extract_text()
    assert claim.control in text.replace(" ", "")
    assert clinic.claim(claim.claim_id).state == "sent"
    assert clinic.clearinghouse.state()["submissions"] == 0


def test_a_form_is_had_of_any_written_claim(clinic: InsuredClinic):
    """With the form drawn or only what is typed."""
    claim = ready_claim(clinic)
    plain = clinic.staff.call("GetClaimForm", work.GetClaimFormRequest(claim_id=claim.claim_id))
    drawn = clinic.staff.call("GetClaimForm", work.GetClaimFormRequest(claim_id=claim.claim_id, with_form=True))
    assert plain.content_type == drawn.content_type == "application/pdf"
    assert "PATIENT'S NAME" in pypdf.PdfReader(io.BytesIO(drawn.data)).pages[0].extract_text()
    assert "PATIENT'S NAME" not in pypdf.PdfReader(io.BytesIO(plain.data)).pages[0].extract_text()


def answered(clinic: InsuredClinic) -> pb.Claim:
    """A claim that was paid, with the payer's number."""
    claim = ready_claim(clinic)
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    clinic.days(35)
    paid = clinic.claim(claim.claim_id)
    assert (paid.state, bool(paid.payer_control)) == ("paid", True)
    return paid


def test_corrections_go_only_where_the_payers_table_allows_them(clinic: InsuredClinic):
    """A payer that takes neither 7 nor 8 is told neither; one that does gets its own number back."""
    paid = answered(clinic)
    payer(clinic, no_replacement_claims=True, no_void_claims=True)
    for void in (False, True):
        with expect_error("FAILED_PRECONDITION"):
            clinic.staff.call(
                "CorrectClaim",
                pb.CorrectClaimRequest(claim_id=paid.claim_id, reason="wrong modifier", void_at_payer=void),
            )
    payer(clinic)
    made = clinic.staff.call(
        "CorrectClaim", pb.CorrectClaimRequest(claim_id=paid.claim_id, reason="wrong code", void_at_payer=True)
    )
    clinic.harness.run_due()
    clinic.staff.call("SendBatches", pb.SendBatchesRequest())
    assert f"REF*F8*{paid.payer_control}~" in clinic.texts()[-1]
    assert f"CLM*{made.control}*175***11:B:8*" in clinic.texts()[-1]


def test_an_institutional_claim_is_refused_in_words(clinic: InsuredClinic):
    """An 837I is out of scope, and the file says so."""
    text = (
        "ISA*00*          *00*          *ZZ*HOSPITAL       *ZZ*CLINIC         *260302*0900*^*00501*000000007*0*T*:~"
        "GS*HC*HOSPITAL*CLINIC*20260302*0900*7*X*005010X223A2~ST*837*0001*005010X223A2~"
        "BHT*0019*00*1*20260302*0900*CH~SE*3*0001~GE*1*7~IEA*1*000000007~"
    )
    clinic.upload(text, "ub04.edi")
    [file] = clinic.staff.call("ListInboundFiles", pb.ListInboundFilesRequest()).files
    assert "837I" in file.reason
    assert clinic.work("unreadable_file")


def test_notes_stay_within_a_persons_locations(clinic: InsuredClinic):
    """Somebody of another site neither reads nor writes about the claim."""
    claim = ready_claim(clinic)
    other = clinic.add_location("0198c0de-0000-7000-8000-000000000001", "Troy", "America/New_York")
    elsewhere = clinic.harness.client(clinic.tenant, ["claim.*"], location_ids=[UUID(other)])
    with expect_error("NOT_FOUND"):
        elsewhere.call("AddClaimNote", work.AddClaimNoteRequest(claim_id=claim.claim_id, text="Hello"))
    assert elsewhere.call("ListClaimQueue", work.ListClaimQueueRequest()).claims == []
