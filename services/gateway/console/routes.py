"""Every address of the console: the table of contents of its screens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from flask import Flask
from google.protobuf.descriptor import ServiceDescriptor

from gateway.console import (
    arriving,
    booking,
    calendar,
    claim_rules,
    claims,
    clinician,
    denials,
    files,
    finding,
    holidays,
    home,
    intake_settings,
    keying,
    messages,
    moving,
    organisation,
    papers,
    patients,
    payers,
    practice,
    programs,
    remittances,
    reports,
    revenue,
    signing,
    texts,
    today,
    work,
)
from gateway.edge import Edge
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.site import Site, Table, get, post, public

TEMPLATES = Path(__file__).resolve().parent / "templates"
SIGN_IN = "/console/sign-in"
PATIENT = "/console/patients/{patient_id}"

# Path, handler, and where the page's first call does not say it: the RPC that the page is about.

START: Table = (
    get("/console", home.start),
    get("/console/components", home.components),
    get("/console/password", signing.password_form),
    post("/console/password", signing.set_password),
)
PATIENTS: Table = (
    post("/console/find", finding.find, "PatientRegistry.SearchPatients"),
    get("/console/find", finding.find, "PatientRegistry.SearchPatients"),
    get("/console/patients", finding.find, "PatientRegistry.SearchPatients"),
    get("/console/patients/new", finding.register_form, "PatientRegistry.QuickRegister"),
    post("/console/patients/begin", finding.register_form, "PatientRegistry.QuickRegister"),
    post("/console/patients/new", finding.register, "PatientRegistry.QuickRegister"),
    get(PATIENT, patients.overview),
    get(f"{PATIENT}/edit", patients.edit_form, "PatientRegistry.UpdatePatient"),
    post(f"{PATIENT}/edit", patients.edit, "PatientRegistry.UpdatePatient"),
    get(f"{PATIENT}/coverage", patients.coverage),
    post(f"{PATIENT}/coverage", patients.add_coverage, "PatientRegistry.AddCoverage"),
    post(f"{PATIENT}/coverage/{{coverage_id}}/remove", patients.remove_coverage),
    post(f"{PATIENT}/coverage/{{coverage_id}}/verify", patients.verify),
    get(f"{PATIENT}/visits", patients.visits),
    get(f"{PATIENT}/messages", patients.messages),
    post(f"{PATIENT}/messages", patients.send_message, "Notifications.SendMessage"),
    post(f"{PATIENT}/consent", patients.consent),
    get(f"{PATIENT}/account", patients.account),
    get(f"{PATIENT}/looked", patients.looked),
    post(f"{PATIENT}/different", patients.dismiss_duplicate),
)
VISIT = "/console/visits/{appointment_id}"
DAY: Table = (
    get("/console/today", today.board),
    get(f"{VISIT}/arrive", arriving.desk, "Billing.AskAmounts"),
    post(f"{VISIT}/take", arriving.take, "Billing.TakePayment"),
    get(f"{VISIT}/move", booking.move_form, "Scheduling.MoveAppointment"),
    post(f"{VISIT}/move", moving.move, "Scheduling.MoveAppointment"),
    post(f"{VISIT}/unmove", moving.unmove, "Scheduling.MoveAppointment"),
    get(f"{VISIT}/free", moving.free, "Scheduling.MoveAppointment"),
    get(f"{VISIT}/cancel", booking.cancel_form, "Scheduling.CancelAppointment"),
    post(f"{VISIT}/cancel", booking.cancel, "Scheduling.CancelAppointment"),
    get(f"{VISIT}/superbill", clinician.of_visit),
    post(f"{VISIT}/{{step}}", today.step),
    post("/console/requests/{request_id}/close", today.close_request),
    get("/console/calendar", calendar.show),
    get("/console/calendar/sheet", calendar.sheet),
    get("/console/book", booking.kinds, "Scheduling.BookAppointment"),
    get("/console/book/times", booking.times, "Scheduling.BookAppointment"),
    post("/console/book/hold", booking.hold),
    post("/console/book", booking.book),
    post("/console/book/release", booking.release, "Scheduling.ReleaseHold"),
    post("/console/book/wait", booking.wait),
    get("/console/my-day", clinician.day, "Billing.ListEncounters"),
    get("/console/codes", clinician.codes, "CodeSets.SearchCodes"),
    get("/console/encounters/{encounter_id}", clinician.superbill),
    post("/console/encounters/{encounter_id}", clinician.save, "Billing.SaveCodes"),
    post("/console/encounters/{encounter_id}/no-charge", clinician.no_charge, "Billing.NoCharge"),
)
MONEY: Table = (
    get(f"{PATIENT}/pay", arriving.pay, "Billing.TakePayment"),
    post(f"{PATIENT}/pay", arriving.take_from_patient, "Billing.TakePayment"),
    get("/console/payments/{payment_id}", arriving.payment),
    get("/console/payments/{payment_id}/receipt", arriving.receipt),
    post("/console/payments/{payment_id}/refund", arriving.refund),
    post("/console/payments/{payment_id}/reverse", arriving.reverse),
    get("/console/drawer", arriving.drawer),
    post("/console/drawer/open", arriving.open_drawer),
    post("/console/drawer/{drawer_id}/close", arriving.close_drawer),
    post("/console/day-closes", arriving.close_day),
)
BILLING: Table = (
    get("/console/billing", work.overview, "Claims.ListClaims"),
    get("/console/billing/work", work.queue),
    get("/console/billing/work/{work_item_id}", work.item),
    post("/console/billing/work/{work_item_id}/assign", work.assign),
    post("/console/billing/work/{work_item_id}/resolve", work.resolve),
    get("/console/billing/claims", claims.listing),
    get("/console/billing/claims/{claim_id}", claims.claim),
    get("/console/billing/claims/{claim_id}/x12", claims.text),
    get("/console/billing/claims/{claim_id}/form", claims.paper),
    post("/console/billing/claims/{claim_id}/note", claims.note, "ClaimWork.AddClaimNote"),
    post("/console/billing/claims/{claim_id}/ask", claims.ask_status, "ClaimWork.AskClaimStatus"),
    get("/console/billing/follow-ups", work.follow_ups),
    post("/console/billing/follow-ups", work.work_claims, "ClaimWork.WorkClaims"),
    post("/console/billing/claims/{claim_id}/{action}", claims.act, "Claims.HoldClaim"),
    get(keying.PATH, keying.grid, "KeyedRemittances.KeyRemittance"),
    post(keying.PATH, keying.key, "KeyedRemittances.KeyRemittance"),
    get(denials.PATH, denials.listing),
    get(f"{denials.PATH}/{{denial_id}}", denials.denial),
    post(f"{denials.PATH}/{{denial_id}}/{{action}}", denials.act, "Denials.ResolveDenial"),
    get(f"{denials.PATH}/{{denial_id}}/letters/{{appeal_id}}", denials.letter),
    get("/console/billing/remittances", remittances.listing),
    get("/console/billing/remittances/{remittance_id}", remittances.remittance),
    post(
        "/console/billing/remittance-claims/{remittance_claim_id}/match",
        remittances.match,
        "Claims.MatchRemittanceClaim",
    ),
    get(
        "/console/billing/remittance-claims/{remittance_claim_id}/lines",
        remittances.placing,
        "Claims.MatchRemittanceClaim",
    ),
    post(
        "/console/billing/remittance-claims/{remittance_claim_id}/lines",
        remittances.place,
        "Claims.MatchRemittanceClaim",
    ),
    get("/console/billing/rules", claim_rules.sets),
    post("/console/billing/rules", claim_rules.begin),
    get("/console/billing/rules/{claim_rule_set_id}", claim_rules.rule_set),
    get("/console/billing/rules/{claim_rule_set_id}/replay", claim_rules.replay, "ClaimRules.ReplayClaimRuleSet"),
    post("/console/billing/rules/{claim_rule_set_id}/{action}", claim_rules.act, "ClaimRules.PublishClaimRuleSet"),
    get("/console/billing/rules/{claim_rule_set_id}/rules/{key}", claim_rules.rule, "ClaimRules.PutClaimRule"),
    post(
        "/console/billing/rules/{claim_rule_set_id}/rules/{key}",
        claim_rules.save_rule,
        "ClaimRules.PutClaimRule",
    ),
    post(
        "/console/billing/rules/{claim_rule_set_id}/rules/{key}/remove",
        claim_rules.remove_rule,
        "ClaimRules.RemoveClaimRule",
    ),
    get("/console/billing/aging", work.aging),
    get("/console/billing/missing", work.missing),
    get("/console/billing/files", files.listing, "Claims.ListClaimBatches"),
    post("/console/billing/send", files.send),
    post("/console/billing/poll", files.poll),
    post("/console/billing/upload", files.upload, "Claims.ImportFile"),
    get("/console/billing/batches/{claim_batch_id}", files.batch_file),
    post("/console/billing/batches/{claim_batch_id}/resend", files.resend),
    get("/console/billing/inbound/{inbound_file_id}", files.inbound_file),
    get("/console/statements/{statement_id}", work.statement),
    post(f"{PATIENT}/statement", work.issue_statement),
    get("/console/reports", reports.show),
    get("/console/reports/day", reports.day, "Scheduling.GetDay"),
    get("/console/reports/journals", reports.journals),
    get(revenue.PATH, revenue.months),
)
MESSAGES: Table = (
    get("/console/messages", messages.inbox, "Conversations.ListThreads"),
    get("/console/messages/{thread_id}", messages.thread, "Conversations.GetThread"),
    post("/console/messages/{thread_id}", messages.reply, "Conversations.ReplyToThread"),
    post("/console/messages/{thread_id}/assign", messages.assign, "Conversations.AssignThread"),
    post("/console/messages/{thread_id}/close", messages.close, "Conversations.CloseThread"),
    post("/console/messages/{thread_id}/reopen", messages.reopen, "Conversations.ReopenThread"),
    get(f"{PATIENT}/messages/new", messages.new, "Conversations.StartThread"),
    post(f"{PATIENT}/messages/new", messages.begin, "Conversations.StartThread"),
    get(f"{PATIENT}/messages/log", messages.log, "Conversations.ListCommunications"),
    get(f"{PATIENT}/documents", papers.documents, "Intake.ListDocuments"),
    post(f"{PATIENT}/documents", papers.upload, "Intake.UploadDocument"),
    get("/console/documents/{document_id}", papers.picture, "Intake.GetDocumentContent"),
    post("/console/documents/{document_id}/remove", papers.remove_picture, "Intake.RemoveDocument"),
    get("/console/consents/{consent_id}/pdf", papers.consent_pdf, "Intake.GetSignedConsentPdf"),
    post("/console/consents/{consent_id}/revoke", papers.revoke, "Intake.RevokeConsent"),
    get("/console/forms/{response_id}", papers.form, "Intake.GetFormResponse"),
    post("/console/forms/{response_id}", papers.review, "Intake.ReviewFormResponse"),
    get(f"{VISIT}/intake", papers.before_visit, "Intake.GetIntakeChecklist"),
)
SETTINGS: Table = (
    get("/console/settings", organisation.index),
    get("/console/settings/locations", organisation.locations),
    get("/console/settings/locations/{location_id}", organisation.location),
    post("/console/settings/locations/{location_id}", organisation.save_location, "Identity.UpdateLocation"),
    post("/console/settings/locations/{location_id}/rooms", organisation.add_room, "Identity.CreateRoom"),
    get("/console/settings/people", organisation.people),
    get("/console/settings/people/{practitioner_id}", organisation.person),
    post("/console/settings/people/{practitioner_id}", organisation.save_person, "Identity.UpdatePractitioner"),
    get("/console/settings/users", organisation.users),
    get("/console/settings/users/{account_id}", organisation.user),
    post("/console/settings/users/{account_id}", organisation.save_user, "Identity.UpdateAccount"),
    post("/console/settings/users/{account_id}/disable", organisation.disable_user, "Identity.DisableAccount"),
    post("/console/settings/users/{account_id}/password", organisation.reset_password, "Identity.UpdateAccount"),
    get("/console/settings/roles", organisation.roles),
    get(programs.PATH, programs.programs),
    post(programs.PATH, programs.add_program, "Identity.CreateApiClient"),
    get(f"{programs.PATH}/{{api_client_id}}", programs.program),
    post(f"{programs.PATH}/{{api_client_id}}/rotate", programs.rotate, "ApiClients.RotateApiClientSecret"),
    post(f"{programs.PATH}/{{api_client_id}}/revoke", programs.revoke, "ApiClients.RevokeApiClient"),
    get("/console/settings/clinic", programs.clinic),
    post("/console/settings/clinic", programs.save_clinic, "Clinics.UpdateClinicPage"),
    get("/console/settings/audit", organisation.audit),
    get("/console/settings/types", practice.types),
    get("/console/settings/types/{type_id}", practice.kind),
    post("/console/settings/types/{type_id}", practice.save_kind, "Scheduling.UpdateAppointmentType"),
    get("/console/settings/hours", practice.hours),
    post("/console/settings/hours", practice.add_hours),
    post("/console/settings/hours/{template_id}/remove", practice.remove_hours),
    post("/console/settings/exceptions", practice.add_exception),
    post("/console/settings/exceptions/{exception_id}/remove", practice.remove_exception),
    get(holidays.PATH, holidays.show, "Holidays.ListHolidays"),
    post(holidays.PATH, holidays.save, "Holidays.SetHolidays"),
    get("/console/settings/payers", payers.payers),
    get("/console/settings/payers/{code}", payers.payer),
    post("/console/settings/payers/{code}", payers.save_payer, "Billing.PutPayer"),
    get("/console/settings/fees", payers.fees),
    get("/console/settings/fees/import", payers.import_form, "Billing.ImportFeeSchedule"),
    post("/console/settings/fees/import", payers.import_fees, "Billing.ImportFeeSchedule"),
    get("/console/settings/fees/{fee_schedule_id}", payers.fee_list),
    post("/console/settings/fees/{fee_schedule_id}", payers.change_fees, "Billing.PutFeeSchedule"),
    get("/console/settings/texts", texts.texts),
    get("/console/settings/texts/{template_id}", texts.text),
    post("/console/settings/texts/{template_id}", texts.save_text, "Notifications.PublishTemplate"),
    get("/console/settings/pools", texts.pools, "Conversations.ListPools"),
    get("/console/settings/pools/{pool_code}", texts.pool, "Conversations.ListPools"),
    post("/console/settings/pools/{pool_code}", texts.save_pool, "Conversations.PutPool"),
    get(intake_settings.FORMS, intake_settings.forms),
    get(f"{intake_settings.FORMS}/{{form_code}}", intake_settings.form, "Intake.ListIntakeForms"),
    post(f"{intake_settings.FORMS}/{{form_code}}", intake_settings.save_form, "Intake.PublishIntakeForm"),
    post(f"{intake_settings.FORMS}/{{form_code}}/retire", intake_settings.retire_form, "Intake.RetireIntakeForm"),
    get(intake_settings.CONSENTS, intake_settings.consents),
    get(f"{intake_settings.CONSENTS}/{{consent_code}}", intake_settings.consent, "Intake.ListConsentTexts"),
    post(f"{intake_settings.CONSENTS}/{{consent_code}}", intake_settings.save_consent, "Intake.PublishConsentText"),
)
TABLES: Sequence[Table] = (START, PATIENTS, DAY, MONEY, BILLING, MESSAGES, SETTINGS)


def add_console(
    app: Flask, edge: Edge, services: Iterable[ServiceDescriptor], assets: Assets, sessions: Sessions
) -> None:
    """Adds the console's routes."""
    site = Site(services, assets, [TEMPLATES], lambda _path: SIGN_IN, home.sections)
    doors = signing.Signing(sessions)
    open_to_all: Table = (
        get(SIGN_IN, doors.form),
        post(SIGN_IN, doors.sign_in),
        get("/console/switch", doors.form),
        post("/console/sign-out", doors.sign_out),
        post("/console/language", signing.language),
    )
    for table in (public(open_to_all), *TABLES):
        site.add(app, edge, table)
