"""Every address of the console: the table of contents of its screens."""

from __future__ import annotations

from collections.abc import Iterable
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
    finding,
    home,
    keying,
    messages,
    moving,
    organisation,
    papers,
    patients,
    payers,
    practice,
    remittances,
    reports,
    revenue,
    signing,
    today,
    work,
)
from gateway.edge import Edge
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.site import Handler, Route, Site

TEMPLATES = Path(__file__).resolve().parent / "templates"
SIGN_IN = "/console/sign-in"
PATIENT = "/console/patients/{patient_id}"

# verb, path, handler, and where the page's first call does not say it: the RPC that the page is about
Table = Iterable[tuple[str, str, Handler] | tuple[str, str, Handler, str]]

START: Table = (
    ("GET", "/console", home.start),
    ("GET", "/console/components", home.components),
    ("GET", "/console/password", signing.password_form),
    ("POST", "/console/password", signing.set_password),
)
PATIENTS: Table = (
    ("POST", "/console/find", finding.find, "PatientRegistry.SearchPatients"),
    ("GET", "/console/find", finding.find, "PatientRegistry.SearchPatients"),
    ("GET", "/console/patients", finding.find, "PatientRegistry.SearchPatients"),
    ("GET", "/console/patients/new", finding.register_form, "PatientRegistry.QuickRegister"),
    ("POST", "/console/patients/begin", finding.register_form, "PatientRegistry.QuickRegister"),
    ("POST", "/console/patients/new", finding.register, "PatientRegistry.QuickRegister"),
    ("GET", PATIENT, patients.overview),
    ("GET", f"{PATIENT}/edit", patients.edit_form, "PatientRegistry.UpdatePatient"),
    ("POST", f"{PATIENT}/edit", patients.edit, "PatientRegistry.UpdatePatient"),
    ("GET", f"{PATIENT}/coverage", patients.coverage),
    ("POST", f"{PATIENT}/coverage", patients.add_coverage, "PatientRegistry.AddCoverage"),
    ("POST", f"{PATIENT}/coverage/{{coverage_id}}/remove", patients.remove_coverage),
    ("POST", f"{PATIENT}/coverage/{{coverage_id}}/verify", patients.verify),
    ("GET", f"{PATIENT}/visits", patients.visits),
    ("GET", f"{PATIENT}/messages", patients.messages),
    ("POST", f"{PATIENT}/messages", patients.send_message, "Notifications.SendMessage"),
    ("POST", f"{PATIENT}/consent", patients.consent),
    ("GET", f"{PATIENT}/account", patients.account),
    ("GET", f"{PATIENT}/looked", patients.looked),
    ("POST", f"{PATIENT}/different", patients.dismiss_duplicate),
)
VISIT = "/console/visits/{appointment_id}"
DAY: Table = (
    ("GET", "/console/today", today.board),
    ("GET", f"{VISIT}/arrive", arriving.desk, "Billing.AskAmounts"),
    ("POST", f"{VISIT}/take", arriving.take, "Billing.TakePayment"),
    ("GET", f"{VISIT}/move", booking.move_form, "Scheduling.MoveAppointment"),
    ("POST", f"{VISIT}/move", moving.move, "Scheduling.MoveAppointment"),
    ("POST", f"{VISIT}/unmove", moving.unmove, "Scheduling.MoveAppointment"),
    ("GET", f"{VISIT}/free", moving.free, "Scheduling.MoveAppointment"),
    ("GET", f"{VISIT}/cancel", booking.cancel_form, "Scheduling.CancelAppointment"),
    ("POST", f"{VISIT}/cancel", booking.cancel, "Scheduling.CancelAppointment"),
    ("GET", f"{VISIT}/superbill", clinician.of_visit),
    ("POST", f"{VISIT}/{{step}}", today.step),
    ("POST", "/console/requests/{request_id}/close", today.close_request),
    ("GET", "/console/calendar", calendar.show),
    ("GET", "/console/calendar/sheet", calendar.sheet),
    ("GET", "/console/book", booking.kinds, "Scheduling.BookAppointment"),
    ("GET", "/console/book/times", booking.times, "Scheduling.BookAppointment"),
    ("POST", "/console/book/hold", booking.hold),
    ("POST", "/console/book", booking.book),
    ("POST", "/console/book/release", booking.release, "Scheduling.ReleaseHold"),
    ("POST", "/console/book/wait", booking.wait),
    ("GET", "/console/my-day", clinician.day, "Billing.ListEncounters"),
    ("GET", "/console/encounters/{encounter_id}", clinician.superbill),
    ("POST", "/console/encounters/{encounter_id}", clinician.save, "Billing.SaveCodes"),
    ("POST", "/console/encounters/{encounter_id}/no-charge", clinician.no_charge, "Billing.NoCharge"),
)
MONEY: Table = (
    ("GET", f"{PATIENT}/pay", arriving.pay, "Billing.TakePayment"),
    ("POST", f"{PATIENT}/pay", arriving.take_from_patient, "Billing.TakePayment"),
    ("GET", "/console/payments/{payment_id}", arriving.payment),
    ("GET", "/console/payments/{payment_id}/receipt", arriving.receipt),
    ("POST", "/console/payments/{payment_id}/refund", arriving.refund),
    ("POST", "/console/payments/{payment_id}/reverse", arriving.reverse),
    ("GET", "/console/drawer", arriving.drawer),
    ("POST", "/console/drawer/open", arriving.open_drawer),
    ("POST", "/console/drawer/{drawer_id}/close", arriving.close_drawer),
    ("POST", "/console/day-closes", arriving.close_day),
)
BILLING: Table = (
    ("GET", "/console/billing", work.overview, "Claims.ListClaims"),
    ("GET", "/console/billing/work", work.queue),
    ("GET", "/console/billing/work/{work_item_id}", work.item),
    ("POST", "/console/billing/work/{work_item_id}/assign", work.assign),
    ("POST", "/console/billing/work/{work_item_id}/resolve", work.resolve),
    ("GET", "/console/billing/claims", claims.listing),
    ("GET", "/console/billing/claims/{claim_id}", claims.claim),
    ("GET", "/console/billing/claims/{claim_id}/x12", claims.text),
    ("GET", "/console/billing/claims/{claim_id}/form", claims.paper),
    ("POST", "/console/billing/claims/{claim_id}/note", claims.note, "ClaimWork.AddClaimNote"),
    ("POST", "/console/billing/claims/{claim_id}/ask", claims.ask_status, "ClaimWork.AskClaimStatus"),
    ("GET", "/console/billing/follow-ups", work.follow_ups),
    ("POST", "/console/billing/follow-ups", work.work_claims, "ClaimWork.WorkClaims"),
    ("POST", "/console/billing/claims/{claim_id}/{action}", claims.act, "Claims.HoldClaim"),
    ("GET", keying.PATH, keying.grid, "KeyedRemittances.KeyRemittance"),
    ("POST", keying.PATH, keying.key, "KeyedRemittances.KeyRemittance"),
    ("GET", denials.PATH, denials.listing),
    ("GET", f"{denials.PATH}/{{denial_id}}", denials.denial),
    ("POST", f"{denials.PATH}/{{denial_id}}/{{action}}", denials.act, "Denials.ResolveDenial"),
    ("GET", f"{denials.PATH}/{{denial_id}}/letters/{{appeal_id}}", denials.letter),
    ("GET", "/console/billing/remittances", remittances.listing),
    ("GET", "/console/billing/remittances/{remittance_id}", remittances.remittance),
    (
        "POST",
        "/console/billing/remittance-claims/{remittance_claim_id}/match",
        remittances.match,
        "Claims.MatchRemittanceClaim",
    ),
    ("GET", "/console/billing/rules", claim_rules.sets),
    ("POST", "/console/billing/rules", claim_rules.begin),
    ("GET", "/console/billing/rules/{claim_rule_set_id}", claim_rules.rule_set),
    ("GET", "/console/billing/rules/{claim_rule_set_id}/replay", claim_rules.replay, "ClaimRules.ReplayClaimRuleSet"),
    ("POST", "/console/billing/rules/{claim_rule_set_id}/{action}", claim_rules.act, "ClaimRules.PublishClaimRuleSet"),
    ("GET", "/console/billing/rules/{claim_rule_set_id}/rules/{key}", claim_rules.rule, "ClaimRules.PutClaimRule"),
    (
        "POST",
        "/console/billing/rules/{claim_rule_set_id}/rules/{key}",
        claim_rules.save_rule,
        "ClaimRules.PutClaimRule",
    ),
    (
        "POST",
        "/console/billing/rules/{claim_rule_set_id}/rules/{key}/remove",
        claim_rules.remove_rule,
        "ClaimRules.RemoveClaimRule",
    ),
    ("GET", "/console/billing/aging", work.aging),
    ("GET", "/console/billing/missing", work.missing),
    ("GET", "/console/billing/files", work.files, "Claims.ListClaimBatches"),
    ("POST", "/console/billing/send", work.send),
    ("POST", "/console/billing/poll", work.poll),
    ("POST", "/console/billing/upload", work.upload, "Claims.ImportFile"),
    ("GET", "/console/billing/batches/{claim_batch_id}", work.batch_file),
    ("POST", "/console/billing/batches/{claim_batch_id}/resend", work.resend),
    ("GET", "/console/billing/inbound/{inbound_file_id}", work.inbound_file),
    ("GET", "/console/statements/{statement_id}", work.statement),
    ("POST", f"{PATIENT}/statement", work.issue_statement),
    ("GET", "/console/reports", reports.show),
    ("GET", "/console/reports/day", reports.day, "Scheduling.GetDay"),
    ("GET", "/console/reports/journals", reports.journals),
    ("GET", revenue.PATH, revenue.months),
)
MESSAGES: Table = (
    ("GET", "/console/messages", messages.inbox, "Conversations.ListThreads"),
    ("GET", "/console/messages/{thread_id}", messages.thread, "Conversations.GetThread"),
    ("POST", "/console/messages/{thread_id}", messages.reply, "Conversations.ReplyToThread"),
    ("POST", "/console/messages/{thread_id}/assign", messages.assign, "Conversations.AssignThread"),
    ("POST", "/console/messages/{thread_id}/close", messages.close, "Conversations.CloseThread"),
    ("POST", "/console/messages/{thread_id}/reopen", messages.reopen, "Conversations.ReopenThread"),
    ("GET", f"{PATIENT}/messages/new", messages.new, "Conversations.StartThread"),
    ("POST", f"{PATIENT}/messages/new", messages.begin, "Conversations.StartThread"),
    ("GET", f"{PATIENT}/messages/log", messages.log, "Conversations.ListCommunications"),
    ("GET", f"{PATIENT}/documents", papers.documents, "Intake.ListDocuments"),
    ("POST", f"{PATIENT}/documents", papers.upload, "Intake.UploadDocument"),
    ("GET", "/console/documents/{document_id}", papers.picture, "Intake.GetDocumentContent"),
    ("POST", "/console/documents/{document_id}/remove", papers.remove_picture, "Intake.RemoveDocument"),
    ("GET", "/console/consents/{consent_id}/pdf", papers.consent_pdf, "Intake.GetSignedConsentPdf"),
    ("POST", "/console/consents/{consent_id}/revoke", papers.revoke, "Intake.RevokeConsent"),
    ("GET", "/console/forms/{response_id}", papers.form, "Intake.GetFormResponse"),
    ("POST", "/console/forms/{response_id}", papers.review, "Intake.ReviewFormResponse"),
    ("GET", f"{VISIT}/intake", papers.before_visit, "Intake.GetIntakeChecklist"),
)
SETTINGS: Table = (
    ("GET", "/console/settings", organisation.index),
    ("GET", "/console/settings/locations", organisation.locations),
    ("GET", "/console/settings/locations/{location_id}", organisation.location),
    ("POST", "/console/settings/locations/{location_id}", organisation.save_location, "Identity.UpdateLocation"),
    ("POST", "/console/settings/locations/{location_id}/rooms", organisation.add_room, "Identity.CreateRoom"),
    ("GET", "/console/settings/people", organisation.people),
    ("GET", "/console/settings/people/{practitioner_id}", organisation.person),
    ("POST", "/console/settings/people/{practitioner_id}", organisation.save_person, "Identity.UpdatePractitioner"),
    ("GET", "/console/settings/users", organisation.users),
    ("GET", "/console/settings/users/{account_id}", organisation.user),
    ("POST", "/console/settings/users/{account_id}", organisation.save_user, "Identity.UpdateAccount"),
    ("POST", "/console/settings/users/{account_id}/disable", organisation.disable_user, "Identity.DisableAccount"),
    ("POST", "/console/settings/users/{account_id}/password", organisation.reset_password, "Identity.UpdateAccount"),
    ("GET", "/console/settings/roles", organisation.roles),
    ("GET", "/console/settings/programs", organisation.programs),
    ("POST", "/console/settings/programs", organisation.add_program),
    ("GET", "/console/settings/audit", organisation.audit),
    ("GET", "/console/settings/types", practice.types),
    ("GET", "/console/settings/types/{type_id}", practice.kind),
    ("POST", "/console/settings/types/{type_id}", practice.save_kind, "Scheduling.UpdateAppointmentType"),
    ("GET", "/console/settings/hours", practice.hours),
    ("POST", "/console/settings/hours", practice.add_hours),
    ("POST", "/console/settings/hours/{template_id}/remove", practice.remove_hours),
    ("POST", "/console/settings/exceptions", practice.add_exception),
    ("POST", "/console/settings/exceptions/{exception_id}/remove", practice.remove_exception),
    ("GET", "/console/settings/payers", payers.payers),
    ("GET", "/console/settings/payers/{code}", payers.payer),
    ("POST", "/console/settings/payers/{code}", payers.save_payer, "Billing.PutPayer"),
    ("GET", "/console/settings/fees", payers.fees),
    ("GET", "/console/settings/fees/import", payers.import_form, "Billing.ImportFeeSchedule"),
    ("POST", "/console/settings/fees/import", payers.import_fees, "Billing.ImportFeeSchedule"),
    ("GET", "/console/settings/fees/{fee_schedule_id}", payers.fee_list),
    ("POST", "/console/settings/fees/{fee_schedule_id}", payers.change_fees, "Billing.PutFeeSchedule"),
    ("GET", "/console/settings/texts", practice.texts),
    ("GET", "/console/settings/texts/{template_id}", practice.text),
    ("POST", "/console/settings/texts/{template_id}", practice.save_text, "Notifications.PublishTemplate"),
)


def add_console(
    app: Flask, edge: Edge, services: Iterable[ServiceDescriptor], assets: Assets, sessions: Sessions
) -> None:
    """Adds the console's routes."""
    site = Site(services, assets, [TEMPLATES], lambda _path: SIGN_IN, home.sections)
    doors = signing.Signing(sessions)
    public = (
        ("GET", SIGN_IN, doors.form),
        ("POST", SIGN_IN, doors.sign_in),
        ("GET", "/console/switch", doors.form),
        ("POST", "/console/sign-out", doors.sign_out),
        ("POST", "/console/language", signing.language),
    )
    site.add(app, edge, (Route(verb, path, handler, public=True) for verb, path, handler in public))
    for table in (START, PATIENTS, DAY, MONEY, BILLING, MESSAGES, SETTINGS):
        site.add(app, edge, (Route(verb, path, handler, needs="".join(needs)) for verb, path, handler, *needs in table))
