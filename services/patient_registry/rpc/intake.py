"""RPCs of intake: forms and answers, consents, documents, what is open before a visit."""

from __future__ import annotations

from google.api import httpbody_pb2
from polyclinic.patient_registry.v1 import intake_pb2 as pb

from chassis.call import Call
from chassis.protos import identifier, optional_identifier
from patient_registry.rpc import wire_intake as wire
from patient_registry.usecases import documents, intake_checklists, intake_forms, signed_consents
from patient_registry.usecases.intake_forms import NewForm
from patient_registry.usecases.signed_consents import NewText, Signing


class _FormsRpc:
    """Forms and answers."""

    def PublishIntakeForm(self, request: pb.PublishIntakeFormRequest, call: Call) -> pb.IntakeForm:
        new = NewForm(
            code=request.code,
            title=wire.words(request.title),
            text=wire.words_or_none(request, "text"),
            ask=wire.ASK_OF[request.ask],
            appointment_type_codes=tuple(request.appointment_type_codes),
            sections=wire.sections(request.sections),
        )
        return wire.form(intake_forms.publish(call, new))

    def ListIntakeForms(self, request: pb.ListIntakeFormsRequest, call: Call) -> pb.ListIntakeFormsResponse:
        found, token = intake_forms.listed_forms(call, request.include_retired, request.page_size, request.page_token)
        return pb.ListIntakeFormsResponse(forms=[wire.form(row, whole=False) for row in found], next_page_token=token)

    def GetIntakeForm(self, request: pb.GetIntakeFormRequest, call: Call) -> pb.IntakeForm:
        return wire.form(intake_forms.get_form(call, request.code, request.form_version))

    def RetireIntakeForm(self, request: pb.RetireIntakeFormRequest, call: Call) -> pb.IntakeForm:
        return wire.form(intake_forms.retire(call, request.code))

    def OpenFormResponse(self, request: pb.OpenFormResponseRequest, call: Call) -> pb.FormResponse:
        visit = optional_identifier(request.appointment_id, "appointment_id")
        return wire.response(intake_forms.open_response(call, identifier(request.patient_id), request.form_code, visit))

    def SaveFormResponse(self, request: pb.SaveFormResponseRequest, call: Call) -> pb.FormResponse:
        entered = {each.field: list(each.values) for each in request.answers}
        return wire.response(
            intake_forms.save(call, identifier(request.response_id), entered, request.section, request.version)
        )

    def SubmitFormResponse(self, request: pb.SubmitFormResponseRequest, call: Call) -> pb.FormResponse:
        return wire.response(intake_forms.submit(call, identifier(request.response_id), request.version))

    def GetFormResponse(self, request: pb.GetFormResponseRequest, call: Call) -> pb.FormResponse:
        return wire.response(intake_forms.get_response(call, identifier(request.response_id)))

    def ListFormResponses(self, request: pb.ListFormResponsesRequest, call: Call) -> pb.ListFormResponsesResponse:
        found, token = intake_forms.listed_responses(
            call,
            optional_identifier(request.patient_id, "patient_id"),
            wire.RESPONSE_STATE_OF.get(request.state, ""),
            request.page_size,
            request.page_token,
        )
        listed = [wire.response(each, whole=False) for each in found]
        return pb.ListFormResponsesResponse(responses=listed, next_page_token=token)

    def ReviewFormResponse(self, request: pb.ReviewFormResponseRequest, call: Call) -> pb.FormResponse:
        return wire.response(
            intake_forms.review(call, identifier(request.response_id), request.apply, request.note, request.version)
        )


class _ConsentsRpc:
    """Texts and signatures."""

    def PublishConsentText(self, request: pb.PublishConsentTextRequest, call: Call) -> pb.ConsentText:
        new = NewText(
            code=request.code,
            title=wire.words(request.title),
            text=wire.words(request.text),
            valid_days=request.valid_days,
            ask_again=request.ask_again,
            retired=request.retired,
        )
        return wire.consent_text(signed_consents.publish(call, new))

    def ListConsentTexts(self, request: pb.ListConsentTextsRequest, call: Call) -> pb.ListConsentTextsResponse:
        found, token = signed_consents.listed_texts(
            call, request.include_retired, request.page_size, request.page_token
        )
        return pb.ListConsentTextsResponse(texts=map(wire.consent_text, found), next_page_token=token)

    def GetConsentText(self, request: pb.GetConsentTextRequest, call: Call) -> pb.ConsentText:
        return wire.consent_text(signed_consents.get_text(call, request.code, request.text_version))

    def SignConsent(self, request: pb.SignConsentRequest, call: Call) -> pb.SignedConsent:
        signing = Signing(
            patient_id=identifier(request.patient_id),
            code=request.code,
            text_version=request.text_version,
            language=request.language,
            signer_name=request.signer_name,
            signer_relationship=request.signer_relationship,
            signature=request.signature,
        )
        return wire.signed(signed_consents.sign(call, signing), call.now.date())

    def ListSignedConsents(self, request: pb.ListSignedConsentsRequest, call: Call) -> pb.ListSignedConsentsResponse:
        found, token = signed_consents.listed(
            call, identifier(request.patient_id), request.page_size, request.page_token
        )
        today = call.now.date()
        return pb.ListSignedConsentsResponse(
            consents=[wire.signed(each, today) for each in found], next_page_token=token
        )

    def RevokeConsent(self, request: pb.RevokeConsentRequest, call: Call) -> pb.SignedConsent:
        found = signed_consents.revoke(call, identifier(request.consent_id, "consent_id"), request.reason)
        return wire.signed(found, call.now.date())

    def GetSignedConsentPdf(self, request: pb.GetSignedConsentPdfRequest, call: Call) -> httpbody_pb2.HttpBody:
        paper = signed_consents.paper(call, identifier(request.consent_id, "consent_id"))
        return httpbody_pb2.HttpBody(content_type="application/pdf", data=paper)


class _DocumentsRpc:
    """Pictures, and the list before a visit."""

    def UploadDocument(self, request: pb.UploadDocumentRequest, call: Call) -> pb.PatientDocument:
        row = documents.upload(
            call,
            identifier(request.patient_id),
            wire.DOCUMENT_KIND_OF[request.kind],
            request.name,
            optional_identifier(request.coverage_id, "coverage_id"),
            request.content,
        )
        return wire.document(row)

    def ListDocuments(self, request: pb.ListDocumentsRequest, call: Call) -> pb.ListDocumentsResponse:
        found, token = documents.listed(
            call, identifier(request.patient_id), request.include_replaced, request.page_size, request.page_token
        )
        return pb.ListDocumentsResponse(documents=map(wire.document, found), next_page_token=token)

    def GetDocumentContent(self, request: pb.GetDocumentContentRequest, call: Call) -> httpbody_pb2.HttpBody:
        found = documents.content(call, identifier(request.document_id, "document_id"))
        return httpbody_pb2.HttpBody(content_type=found.content_type, data=found.read())

    def RemoveDocument(self, request: pb.RemoveDocumentRequest, call: Call) -> pb.PatientDocument:
        return wire.document(documents.remove(call, identifier(request.document_id, "document_id")))

    def GetIntakeChecklist(self, request: pb.GetIntakeChecklistRequest, call: Call) -> pb.IntakeChecklist:
        visit = identifier(request.appointment_id, "appointment_id")
        return wire.checklist(intake_checklists.get(call, identifier(request.patient_id), visit))

    def ConfirmIntakeStep(self, request: pb.ConfirmIntakeStepRequest, call: Call) -> pb.IntakeChecklist:
        found = intake_checklists.confirm(
            call,
            identifier(request.patient_id),
            identifier(request.appointment_id, "appointment_id"),
            wire.STEP_KIND_OF[request.kind],
            request.left_out,
        )
        return wire.checklist(found)


class IntakeRpc(_FormsRpc, _ConsentsRpc, _DocumentsRpc):
    """All RPCs of intake, by noun."""
