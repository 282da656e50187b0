"""Servicer of `Denials`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.billing.v1 import denials_pb2 as pb

from billing.domain import appeals as texts
from billing.domain import denials as rules
from billing.rpc.claims_mapping import PayerCode
from billing.tables_denials import Appeal, AppealTemplate, DenialPlaybook
from billing.usecases import denials
from billing.usecases.claim_reads import payer_codes
from billing.usecases.denials import DenialView, UnderpaymentView
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier, timestamp, to_date


class DenialsRpc:
    """Denials, appeals, playbooks, underpayments."""

    def ListDenials(self, request: pb.ListDenialsRequest, call: Call) -> pb.ListDenialsResponse:
        filters = {
            "family": request.family,
            "owner_id": request.owner_id,
            "patient_id": optional_identifier(request.patient_id),
        }
        rows, token = denials.list_denials(
            call,
            filters,
            request.payer_code,
            closed=request.state == "closed",
            page_size=request.page_size,
            page_token=request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListDenialsResponse(denials=[_denial(codes, row) for row in rows], next_page_token=token)

    def GetDenial(self, request: pb.GetDenialRequest, call: Call) -> pb.Denial:
        return _denial(payer_codes(call), denials.get_denial(call, identifier(request.denial_id)))

    def AssignDenial(self, request: pb.AssignDenialRequest, call: Call) -> pb.Denial:
        return _denial(
            payer_codes(call), denials.assign(call, identifier(request.denial_id), request.owner_id, request.version)
        )

    def ResolveDenial(self, request: pb.ResolveDenialRequest, call: Call) -> pb.Denial:
        denial_id = identifier(request.denial_id)
        return _denial(
            payer_codes(call), denials.resolve(call, denial_id, request.state, request.note, request.version)
        )

    def WriteAppeal(self, request: pb.WriteAppealRequest, call: Call) -> pb.Appeal:
        return _appeal(denials.write_appeal(call, identifier(request.denial_id), request.text_code))

    def GetAppealLetter(self, request: pb.GetAppealLetterRequest, call: Call) -> httpbody_pb2.HttpBody:
        file = denials.get_letter(call, identifier(request.appeal_id))
        return httpbody_pb2.HttpBody(content_type=file.content_type, data=file.read())

    def SendAppeal(self, request: pb.SendAppealRequest, call: Call) -> pb.Appeal:
        sent_on = optional_date(request.sent_on, "sent_on")
        return _appeal(denials.send_appeal(call, identifier(request.appeal_id), sent_on, request.how, request.version))

    def DecideAppeal(self, request: pb.DecideAppealRequest, call: Call) -> pb.Appeal:
        return _appeal(denials.decide_appeal(call, identifier(request.appeal_id), request.decision, request.version))

    def AddPlaybook(self, request: pb.AddPlaybookRequest, call: Call) -> pb.Playbook:
        row = rules.Playbook(
            carc=request.reason_code,
            rarc=request.remark_code,
            payer=request.payer_code,
            family=request.family,
            owner_id=request.owner_id,
            work_days=request.work_days,
            appeal_days=request.appeal_days,
            steps=request.steps,
            start=to_date(request.start_date, "start_date"),
            end=optional_date(request.end_date, "end_date"),
        )
        return _playbook(payer_codes(call), denials.add_playbook(call, row))

    def EndPlaybook(self, request: pb.EndPlaybookRequest, call: Call) -> pb.Playbook:
        end = to_date(request.end_date, "end_date")
        return _playbook(
            payer_codes(call),
            denials.end_playbook(call, identifier(request.playbook_id), end, request.version),
        )

    def ListPlaybooks(self, request: pb.ListPlaybooksRequest, call: Call) -> pb.ListPlaybooksResponse:
        rows, token = denials.list_playbooks(call, request.page_size, request.page_token)
        codes = payer_codes(call)
        return pb.ListPlaybooksResponse(playbooks=[_playbook(codes, row) for row in rows], next_page_token=token)

    def AddAppealText(self, request: pb.AddAppealTextRequest, call: Call) -> pb.AppealText:
        return _text(denials.add_text(call, request.code, request.title, request.body))

    def ListAppealTexts(self, request: pb.ListAppealTextsRequest, call: Call) -> pb.ListAppealTextsResponse:
        rows, token = denials.list_texts(call, request.page_size, request.page_token)
        built_in = (
            []
            if request.page_token
            else [pb.AppealText(code=text.code, title=text.title, body=text.body) for text in texts.BUILT_IN.values()]
        )
        return pb.ListAppealTextsResponse(texts=[*built_in, *map(_text, rows)], next_page_token=token)

    def GetDenialFigures(self, request: pb.GetDenialFiguresRequest, call: Call) -> pb.DenialFigures:
        found = denials.get_figures(
            call,
            optional_date(request.denied_on.start, "denied_on.start"),
            optional_date(request.denied_on.end, "denied_on.end"),
            request.payer_code,
        )
        return pb.DenialFigures(
            first_day=date_message(found.first),
            last_day=date_message(found.last),
            denials=found.denials,
            amount=money(found.amount_minor),
            recovered=money(found.recovered_minor),
            overturn_basis_points=rules.basis_points(found.overturned, found.closed),
            causes=[
                pb.DenialCause(
                    family=cause.family,
                    reason_code=cause.carc,
                    denials=cause.denials,
                    amount=money(cause.amount_minor),
                    closed=cause.closed,
                    overturned=cause.overturned,
                    recovered=money(cause.recovered_minor),
                    overturn_basis_points=rules.basis_points(cause.overturned, cause.closed),
                    suggested_edit=rules.rule_of(cause.family).edit,
                    suggestion=rules.rule_of(cause.family).suggestion,
                )
                for cause in found.causes
            ],
        )

    def ListUnderpayments(self, request: pb.ListUnderpaymentsRequest, call: Call) -> pb.ListUnderpaymentsResponse:
        rows, token = denials.list_underpayments(
            call,
            {"patient_id": optional_identifier(request.patient_id)},
            request.payer_code,
            closed=request.state == "closed",
            page_size=request.page_size,
            page_token=request.page_token,
        )
        codes = payer_codes(call)
        return pb.ListUnderpaymentsResponse(
            underpayments=[_underpayment(codes, row) for row in rows], next_page_token=token
        )

    def ResolveUnderpayment(self, request: pb.ResolveUnderpaymentRequest, call: Call) -> pb.Underpayment:
        underpayment_id = identifier(request.underpayment_id)
        done = denials.resolve_underpayment(call, underpayment_id, request.state, request.note, request.version)
        return _underpayment(payer_codes(call), done)


def _denial(code_of: PayerCode, view: DenialView) -> pb.Denial:
    row = view.denial
    return pb.Denial(
        denial_id=str(row.id),
        claim_id=str(row.claim_id),
        claim_control=view.claim_control,
        patient_id=str(row.patient_id),
        payer_code=code_of(row.payer_id),
        location_id=str(row.location_id),
        remittance_id=str(row.remittance_id),
        service_date=date_message(row.service_date),
        family=row.family,
        reasons=[
            pb.DenialReason(
                charge_line_id=reason["charge_line_id"],
                group=reason["group"],
                reason_code=reason["carc"],
                remark_codes=reason["rarcs"],
                amount=money(reason["amount_minor"]),
            )
            for reason in row.reasons
        ],
        amount=money(row.amount_minor),
        steps=row.steps,
        owner_id=row.owner_id,
        denied_on=date_message(row.denied_on),
        work_by=date_message(row.work_by),
        appeal_by=date_message(row.appeal_by),
        state=row.state,
        recovered=money(row.recovered_minor),
        note=row.note,
        closed_at=timestamp(row.closed_at),
        closed_by=row.closed_by,
        appeals=[_appeal(letter) for letter in view.appeals],
        version=row.version,
    )


def _appeal(row: Appeal) -> pb.Appeal:
    return pb.Appeal(
        appeal_id=str(row.id),
        denial_id=str(row.denial_id),
        patient_id=str(row.patient_id),
        level=row.level,
        text_code=row.template_code,
        text_version=row.template_number,
        state=row.state,
        amount=money(row.amount_minor),
        written_at=timestamp(row.written_at),
        sent_on=date_message(row.sent_on),
        sent_how=row.sent_how,
        decided_on=date_message(row.decided_on),
        version=row.version,
    )


def _playbook(code_of: PayerCode, row: DenialPlaybook) -> pb.Playbook:
    return pb.Playbook(
        playbook_id=str(row.id),
        reason_code=row.carc,
        remark_code=row.rarc,
        payer_code=code_of(row.payer_id),
        family=row.family,
        owner_id=row.owner_id,
        work_days=row.work_days,
        appeal_days=row.appeal_days,
        steps=row.steps,
        start_date=date_message(row.start_date),
        end_date=date_message(row.end_date),
        version=row.version,
    )


def _text(row: AppealTemplate) -> pb.AppealText:
    return pb.AppealText(
        code=row.code, version=row.number, title=row.title, body=row.body, made_at=timestamp(row.made_at)
    )


def _underpayment(code_of: PayerCode, view: UnderpaymentView) -> pb.Underpayment:
    row = view.underpayment
    return pb.Underpayment(
        underpayment_id=str(row.id),
        claim_id=str(row.claim_id),
        claim_control=view.claim_control,
        patient_id=str(row.patient_id),
        payer_code=code_of(row.payer_id),
        location_id=str(row.location_id),
        remittance_id=str(row.remittance_id),
        service_date=date_message(row.service_date),
        lines=[
            pb.UnderpaidLine(
                charge_line_id=line["charge_line_id"],
                procedure=line["procedure"],
                expected=money(line["expected_minor"]),
                allowed=money(line["allowed_minor"]),
            )
            for line in row.lines
        ],
        short=money(row.short_minor),
        found_on=date_message(row.found_on),
        dispute_by=date_message(row.dispute_by),
        owner_id=row.owner_id,
        state=row.state,
        recovered=money(row.recovered_minor),
        note=row.note,
        closed_at=timestamp(row.closed_at),
        version=row.version,
    )
