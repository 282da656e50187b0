"""What a role may do, in words: ``patient.read`` → patients: see."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.web.i18n import N_
from gateway.web.page import Page

NOUN = {
    "account": N_("Accounts of patients"),
    "appointment": N_("Visits"),
    "audit": N_("Audit"),
    "authorisation": N_("Prior authorisations and referrals"),
    "booking_override": N_("Booking against a rule"),
    "charge_review": N_("Review of charges"),
    "claim": N_("Claims"),
    "claim_rule": N_("Rules for claims"),
    "code_set": N_("Code lists"),
    "coding_edit": N_("Coding checks"),
    "collection": N_("Collections"),
    "consent": N_("Consents"),
    "consent_text": N_("Texts of consents"),
    "coverage": N_("Insurance"),
    "cut_over": N_("Taking over from another system"),
    "denial": N_("Denials"),
    "discount_policy": N_("Discounts"),
    "document": N_("Documents"),
    "drawer": N_("Cash drawers"),
    "eligibility": N_("Questions to payers"),
    "eligibility_policy": N_("When payers are asked"),
    "encounter": N_("Superbills"),
    "enrolment": N_("Enrolment with payers"),
    "estimate": N_("Estimates"),
    "fee_schedule": N_("Prices"),
    "form_response": N_("Answers to forms"),
    "intake_form": N_("Forms"),
    "invoice": N_("Invoices"),
    "ledger": N_("Books"),
    "message": N_("Messages to patients"),
    "message_pool": N_("Pools"),
    "message_rule": N_("When messages go out"),
    "messaging_policy": N_("Quiet hours and senders"),
    "no_show_risk": N_("Risk of a no-show"),
    "organisation": N_("Locations and clinicians"),
    "patient": N_("Patients"),
    "payer": N_("Payers"),
    "payer_alias": N_("Other names of payers"),
    "payment": N_("Payments"),
    "payment_plan": N_("Payment plans"),
    "portal_code": N_("Invitations to the portal"),
    "preparation": N_("Preparing visits"),
    "reminder": N_("Reminders"),
    "remittance": N_("Remittances"),
    "report": N_("Reports"),
    "schedule": N_("Working hours"),
    "self": N_("Their own account"),
    "sliding_fee": N_("Sliding fees"),
    "snapshot": N_("Copies for other systems"),
    "statement": N_("Statements"),
    "superbill": N_("Favourite codes"),
    "suppression": N_("Who wants no messages"),
    "telehealth": N_("Video visits"),
    "template": N_("Texts of messages"),
    "thread": N_("Conversations"),
    "user": N_("Users"),
    "visit": N_("The day's visits"),
    "visit_fee": N_("Fees for late and missed visits"),
    "waitlist": N_("Waitlist"),
    "work_item": N_("Work of billing"),
}
VERB = {
    "*": N_("everything"),
    "read": N_("see"),
    "write": N_("change"),
    "update": N_("change"),
    "search": N_("search"),
    "register": N_("register"),
    "import": N_("bring in"),
    "contact": N_("see phone and mail"),
    "billing_profile": N_("see what bills need"),
    "snapshot": N_("copy for our other parts"),
    "book": N_("book"),
    "flow": N_("move through the day"),
    "manage": N_("manage"),
    "sign": N_("sign"),
    "code": N_("code and sign"),
    "review": N_("look over"),
    "send": N_("send"),
    "assign": N_("give to somebody"),
    "check": N_("ask"),
    "take": N_("take"),
    "open": N_("open"),
    "close": N_("close"),
    "draw": N_("make"),
    "host": N_("hold"),
    "join": N_("join"),
}


def told(page: Page, permissions: Iterable[str]) -> list[tuple[str, str]]:
    """Permissions as (what, what may be done), in the reader's language and its alphabet; [] when everything is allowed."""
    found: dict[str, list[str]] = {}
    for each in sorted(permissions):
        noun, _, verb = each.partition(".")
        if verb:
            found.setdefault(noun, []).append(verb)
    lines = [
        (page.label(NOUN, noun), page.label(VERB, "*") if "*" in verbs else _verbs(page, verbs))
        for noun, verbs in found.items()
    ]
    return sorted(lines)


def _verbs(page: Page, verbs: list[str]) -> str:
    # What may be seen is said first.
    return ", ".join(dict.fromkeys(page.label(VERB, each) for each in sorted(verbs, key=lambda verb: verb != "read")))
