"""Servicer of `ClaimWork`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from google.api import httpbody_pb2
from polyclinic.billing.v1 import claim_work_pb2 as pb

from billing.rpc import claims_mapping as to
from billing.tables_claim_work import ClaimFollowUp, ClaimNote
from billing.usecases import claim_forms, claim_work, coverage_moves
from billing.usecases.claim_reads import payer_codes
from billing.usecases.claim_work import NextAction
from chassis.call import Call
from chassis.errors import Error
from chassis.protos import date_message, identifier, money, optional_date, timestamp, to_date

CHANNELS = {
    pb.CLAIM_NOTE_CHANNEL_UNSPECIFIED: "note",
    pb.CLAIM_NOTE_CHANNEL_NOTE: "note",
    pb.CLAIM_NOTE_CHANNEL_CALL: "call",
    pb.CLAIM_NOTE_CHANNEL_PORTAL: "portal",
    pb.CLAIM_NOTE_CHANNEL_LETTER: "letter",
}
CHANNEL_MESSAGES = {name: number for number, name in CHANNELS.items() if number}
PDF = "application/pdf"


class ClaimWorkRpc:
    """Notes, follow-ups, bulk work, forms on paper, moves to another coverage."""

    def AddClaimNote(self, request: pb.AddClaimNoteRequest, call: Call) -> pb.ClaimNote:
        on = optional_date(request.next_action_on, "next_action_on")
        following = NextAction(request.next_action or request.text[:200], on, request.owner_id) if on else None
        claim_id, channel = identifier(request.claim_id), CHANNELS[request.channel]
        return _note(claim_work.add_note(call, claim_id, channel, request.reference, request.text, following))

    def ListClaimNotes(self, request: pb.ListClaimNotesRequest, call: Call) -> pb.ListClaimNotesResponse:
        rows, token = claim_work.list_notes(call, identifier(request.claim_id), request.page_size, request.page_token)
        return pb.ListClaimNotesResponse(notes=[_note(row) for row in rows], next_page_token=token)

    def GetClaimFollowUp(self, request: pb.GetClaimFollowUpRequest, call: Call) -> pb.ClaimFollowUp:
        claim, row = claim_work.get_follow_up(call, identifier(request.claim_id))
        if row is None:
            return pb.ClaimFollowUp(claim_id=str(claim.id), patient_id=str(claim.patient_id))
        return _follow_up(row)

    def SetNextAction(self, request: pb.SetNextActionRequest, call: Call) -> pb.ClaimFollowUp:
        on = to_date(request.next_action_on, "next_action_on")
        following = NextAction(request.next_action, on, request.owner_id, request.queue)
        row = claim_work.set_next_action(call, identifier(request.claim_id), following, request.version)
        return _follow_up(row)

    def ListClaimQueue(self, request: pb.ListClaimQueueRequest, call: Call) -> pb.ListClaimQueueResponse:
        rows, token = claim_work.list_queue(
            call,
            owner_id=request.owner_id,
            unowned=request.unowned,
            queue=request.queue,
            due_by=optional_date(request.due_by, "due_by"),
            state=request.state,
            payer_code=request.payer_code,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListClaimQueueResponse(
            claims=[pb.QueuedClaim(follow_up=_follow_up(row), claim=to.claim(claim, codes)) for row, claim in rows],
            next_page_token=token,
        )

    def WorkClaims(self, request: pb.WorkClaimsRequest, call: Call) -> pb.WorkClaimsResponse:
        done = claim_work.work(call, [identifier(one) for one in request.claim_ids], _deed(request))
        codes = payer_codes(call)
        return pb.WorkClaimsResponse(
            results=[
                pb.WorkClaimsResponse.Result(
                    claim_id=str(one.claim_id),
                    refused=_reason(one.refusal),
                    message=one.refusal.message if one.refusal else "",
                    claim=to.claim(one.claim, codes) if one.claim is not None else None,
                )
                for one in done
            ],
            done=sum(one.refusal is None for one in done),
        )

    def AskClaimStatus(self, request: pb.AskClaimStatusRequest, call: Call) -> pb.AskClaimStatusResponse:
        claim_work.ask_status(call, identifier(request.claim_id))
        return pb.AskClaimStatusResponse()

    def GetClaimForm(self, request: pb.GetClaimFormRequest, call: Call) -> httpbody_pb2.HttpBody:
        data = claim_forms.form_of(call, identifier(request.claim_id), with_form=request.with_form)
        return httpbody_pb2.HttpBody(content_type=PDF, data=data)

    def PreviewCoverageMove(self, request: pb.PreviewCoverageMoveRequest, call: Call) -> pb.CoverageMove:
        return _move(coverage_moves.preview(call, identifier(request.encounter_id), identifier(request.coverage_id)))

    def MoveCharges(self, request: pb.MoveChargesRequest, call: Call) -> pb.CoverageMove:
        encounter_id, coverage_id = identifier(request.encounter_id), identifier(request.coverage_id)
        done, made = coverage_moves.move(call, encounter_id, coverage_id, request.reason, request.preview_token)
        message = _move(done)
        message.new_claim_id = str(made.id)
        return message


def _deed(request: pb.WorkClaimsRequest) -> Callable[[Call, UUID], object]:
    """What is done to each of many claims."""
    match request.action:
        case pb.CLAIM_ACTION_HOLD:
            return claim_work.hold(request.reason)
        case pb.CLAIM_ACTION_RELEASE:
            return claim_work.release(request.reason)
        case pb.CLAIM_ACTION_RESCRUB:
            return claim_work.rescrub
        case pb.CLAIM_ACTION_ASK_STATUS:
            return claim_work.ask_status
        case _:
            on = to_date(request.next_action_on, "next_action_on")
            return claim_work.follow_up(NextAction(request.next_action, on, request.owner_id, request.queue))


def _reason(refusal: Error | None) -> str:
    return refusal.reason if refusal is not None else ""


def _note(row: ClaimNote) -> pb.ClaimNote:
    return pb.ClaimNote(
        claim_note_id=str(row.id),
        claim_id=str(row.claim_id),
        patient_id=str(row.patient_id),
        channel=CHANNEL_MESSAGES[row.channel],
        reference=row.reference,
        text=row.text,
        written_at=timestamp(row.written_at),
        written_by=row.written_by,
    )


def _follow_up(row: ClaimFollowUp) -> pb.ClaimFollowUp:
    return pb.ClaimFollowUp(
        claim_id=str(row.id),
        patient_id=str(row.patient_id),
        queue=row.queue,
        owner_id=row.owner_id,
        next_action=row.next_action,
        next_action_on=date_message(row.next_action_on),
        set_at=timestamp(row.set_at),
        set_by=row.set_by,
        version=row.version,
    )


def _move(move: coverage_moves.Move) -> pb.CoverageMove:
    return pb.CoverageMove(
        encounter_id=str(move.encounter_id),
        patient_id=str(move.patient_id),
        coverage_id=str(move.coverage.id),
        payer_code=move.payer.code,
        claims=[
            pb.MovedClaim(
                claim_id=str(one.claim.id),
                control=one.claim.control,
                payer_code=one.payer_code,
                state=one.claim.state,
                action=one.action,
                charge=money(one.claim.charge_minor),
                paid=money(sum(answer.paid_minor for answer in one.answers)),
            )
            for one in move.claims
        ],
        charge=money(move.charge_minor),
        payer_refund=money(move.payer_refund_minor),
        patient_unapplied=money(move.patient_unapplied_minor),
        preview_token=move.token,
    )
