"""Roles and the permissions they hold. The permissions are the strings in the protos; this table is the only mapping."""

from __future__ import annotations

from collections.abc import Iterable

_SELF = frozenset({"self.read"})
_LOOK = _SELF | {"organisation.read"}
# What patients hand in before a visit: forms, signed consents, pictures of cards.
_INTAKE = frozenset({
    "intake_form.read", "form_response.read", "form_response.write", "form_response.review", "consent_text.read",
    "consent.read", "consent.sign", "document.read", "document.write",
})  # fmt: skip
# Messages between staff and patients, and about patients.
_THREADS = frozenset({"thread.read", "thread.write", "thread.assign", "message_pool.read"})

FRONT_DESK = _LOOK | _INTAKE | _THREADS | {
    "patient.read", "patient.search", "patient.register", "patient.update", "coverage.*", "consent.*", "payer_alias.read",
    "schedule.read", "appointment.read", "appointment.book", "visit.flow", "waitlist.read", "waitlist.manage",
    "payment.take", "payment.read", "drawer.open", "drawer.read", "drawer.close", "account.read", "encounter.read", "payer.read",
    "eligibility.read", "eligibility.check", "statement.read", "payment_plan.*", "message.read", "message.send", "reminder.read",
    "telehealth.read", "telehealth.host", "telehealth.join",
    "authorisation.*", "estimate.*", "sliding_fee.*", "preparation.read", "visit_fee.read",
}  # fmt: skip
SCHEDULER = _LOOK | _THREADS | {
    "patient.read", "patient.search", "patient.register", "coverage.read", "schedule.*", "appointment.*", "visit.flow", "waitlist.*",
    "no_show_risk.read", "authorisation.read", "estimate.read", "preparation.read",
    "message.read", "message.send", "reminder.read", "telehealth.read", "telehealth.join",
}  # fmt: skip
BILLER = _LOOK | _THREADS | {
    "document.read",
    "patient.read", "patient.search", "patient.update", "coverage.*", "payer_alias.*", "appointment.read", "schedule.read",
    "payer.*", "fee_schedule.*", "coding_edit.*", "encounter.read", "payment.*", "drawer.*", "account.*", "ledger.*", "statement.*",
    "claim.*", "claim_rule.*", "remittance.*", "denial.*", "payment_plan.*", "collection.*", "invoice.*", "visit_fee.*",
    "eligibility.*", "work_item.*", "report.read", "message.read",
    "enrolment.*", "authorisation.*", "estimate.*", "sliding_fee.*", "discount_policy.*", "code_set.*", "superbill.*",
    "charge_review.*", "eligibility_policy.*", "cut_over.*", "preparation.read",
}  # fmt: skip
CLINICIAN = _LOOK | _INTAKE | _THREADS | {
    "patient.read", "patient.search", "coverage.read", "schedule.read", "appointment.read", "visit.flow",
    "encounter.read", "coding_edit.read", "encounter.code", "encounter.sign", "telehealth.*", "message.read", "message.send",
    "authorisation.read", "code_set.read", "superbill.read",
}  # fmt: skip
NURSE = _LOOK | _INTAKE | _THREADS | {
    "patient.read", "patient.search", "patient.update", "schedule.read", "appointment.read", "visit.flow", "encounter.read",
    "coding_edit.read", "encounter.code", "telehealth.*", "message.read", "authorisation.read", "code_set.read", "superbill.read",
}  # fmt: skip
MANAGER = (FRONT_DESK | SCHEDULER | BILLER | NURSE) | {
    "intake_form.*", "consent_text.*", "message_pool.*", "organisation.write",
    "user.read", "user.write", "patient.import", "audit.read", "report.*",
    "template.*", "message.*", "message_rule.*", "messaging_policy.*", "suppression.*", "booking_override.*",
}  # fmt: skip
AUDITOR = _LOOK | {
    "audit.read",
    "user.read",
    "ledger.read",
    "report.read",
    "claim.read",
    "claim_rule.read",
    "remittance.read",
    "denial.read",
    "payment_plan.read",
    "collection.read",
    "invoice.read",
    "booking_override.read",
}

PERMISSIONS: dict[str, frozenset[str]] = {
    "owner": frozenset({"*"}),
    "practice_manager": frozenset(MANAGER),
    "front_desk": frozenset(FRONT_DESK),
    "scheduler": frozenset(SCHEDULER),
    "biller": frozenset(BILLER),
    "clinician": frozenset(CLINICIAN),
    "nurse": frozenset(NURSE),
    "auditor": frozenset(AUDITOR),
    # A patient's token is let in by the RPCs that say `patient_self`; it holds no staff permission.
    "patient": _SELF,
    "service_client": frozenset(
        _LOOK
        | {
            "schedule.read",
            "appointment.*",
            "patient.read",
            "patient.search",
            "patient.register",
            "patient.import",
            "waitlist.*",
        }
    ),
}

# Our own services, by name: only what the arrows of the architecture page need.
SERVICES: dict[str, frozenset[str]] = {
    "patient_registry": frozenset({"organisation.snapshot"}),
    "scheduling": frozenset({"organisation.snapshot", "patient.snapshot"}),
    "billing": frozenset({"organisation.snapshot", "patient.snapshot", "patient.billing_profile", "snapshot.read"}),
    "notifications": frozenset(
        {
            "portal_code.draw",
            "organisation.snapshot",
            "patient.snapshot",
            "patient.contact",
            "snapshot.read",
            # The address of the member of staff who tests a message.
            "user.read",
        }
    ),
    "telehealth": frozenset({"organisation.snapshot", "organisation.read", "snapshot.read"}),
    "gateway": frozenset({"organisation.read"}),
}
OPERATOR = frozenset({"platform.operate"})


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """The union of what the roles hold. Raises KeyError for a role that does not exist."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
