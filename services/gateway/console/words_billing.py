"""Words and signs of what billing prepares, reviews and collects: value of a contract → (sign, kind of chip, word)."""

from __future__ import annotations

import re

from polyclinic.billing.v1 import charge_reviews_pb2 as reviews
from polyclinic.billing.v1 import cut_over_pb2 as cut_over
from polyclinic.billing.v1 import eligibility_pb2 as eligibility
from polyclinic.billing.v1 import preparation_pb2 as preparation
from polyclinic.billing.v1 import visit_fees_pb2 as visit_fees

from gateway.console.words import Known
from gateway.web.i18n import N_
from gateway.web.page import Page

STEP: dict[int, str] = {
    preparation.PREPARATION_STEP_DEMOGRAPHICS: N_("Name, birth date, address"),
    preparation.PREPARATION_STEP_COVERAGE: N_("Insurance"),
    preparation.PREPARATION_STEP_BENEFITS: N_("The payer's answer"),
    preparation.PREPARATION_STEP_REFERRAL: N_("Referral"),
    preparation.PREPARATION_STEP_AUTHORISATION: N_("Prior authorisation"),
    preparation.PREPARATION_STEP_ESTIMATE: N_("Good-faith estimate"),
    preparation.PREPARATION_STEP_FORMS: N_("Forms"),
    preparation.PREPARATION_STEP_COPAY: N_("Copay"),
}
STEP_STATE: Known = {
    preparation.PREPARATION_STATE_DONE: ("✓", "good", N_("Done")),
    preparation.PREPARATION_STATE_OPEN: ("!", "warn", N_("To do")),
    preparation.PREPARATION_STATE_NOT_NEEDED: ("–", "", N_("Not needed")),
    preparation.PREPARATION_STATE_UNKNOWN: ("?", "", N_("Not known now")),
}
# What billing says of a step, in English; told in the reader's language.
SAID = (
    N_("Nobody insures the visit: the patient pays."),
    N_("The registry does not answer at present."),
    N_("The patient is not on file."),
    N_("Complete."),
    N_("The payer asks for none."),
    N_("The visit is insured."),
    N_("The good-faith estimate was handed over."),
    N_("The visit was booked too shortly beforehand."),
    N_("Hand over the good-faith estimate."),
    N_("Make and hand over a good-faith estimate."),
    N_("The registry tells which forms are due."),
    N_("Ask for the copay at check-in."),
    N_("The copay was paid."),
    N_("The patient owes no cost sharing."),
    N_("The payer has not said what the copay is."),
)
# The same, with names in it.
SAID_OF = (
    (re.compile(r"(?P<payer>.+): the coverage is not on file\."), N_("%(payer)s: the coverage is not on file.")),
    (re.compile(r"(?P<payer>.+): missing (?P<what>.+)\."), N_("%(payer)s: missing %(what)s.")),
    (re.compile(r"Missing: (?P<what>.+)\."), N_("Missing: %(what)s.")),
    (
        re.compile(r"(?P<payer>.+) takes no questions electronically\."),
        N_("%(payer)s takes no questions electronically."),
    ),
    (re.compile(r"(?P<payer>.+) has not answered yet\."), N_("%(payer)s has not answered yet.")),
    (
        re.compile(r"(?P<payer>.+) says that the coverage is not active\."),
        N_("%(payer)s says that the coverage is not active."),
    ),
    (
        re.compile(r"(?P<payer>.+) was asked too long ago: ask again\."),
        N_("%(payer)s was asked too long ago: ask again."),
    ),
    (re.compile(r"(?P<payer>.+) confirms the coverage\."), N_("%(payer)s confirms the coverage.")),
    (
        re.compile(r"Wanted by the payer, and not on file: (?P<what>.+)\."),
        N_("Wanted by the payer, and not on file: %(what)s."),
    ),
    (re.compile(r"On file: (?P<what>.+)\."), N_("On file: %(what)s.")),
)
# What is missing of a person or a coverage.
MISSING = {
    "name": N_("name"),
    "birth date": N_("birth date"),
    "sex": N_("sex"),
    "address": N_("address"),
    "member id": N_("member number"),
    "subscriber": N_("subscriber"),
}
REVIEW: Known = {
    reviews.CHARGE_REVIEW_STATE_WAITING: ("◐", "warn", N_("Waits")),
    reviews.CHARGE_REVIEW_STATE_APPROVED: ("✓", "good", N_("Approved")),
    reviews.CHARGE_REVIEW_STATE_RETURNED: ("↩", "bad", N_("Given back")),
}
FEE_KIND: dict[int, str] = {
    visit_fees.VISIT_FEE_KIND_LATE_CANCELLATION: N_("Cancelled late"),
    visit_fees.VISIT_FEE_KIND_NO_SHOW: N_("Not come"),
}
FEE: dict[str, tuple[str, str, str]] = {
    "charged": ("$", "warn", N_("Charged")),
    "not_charged": ("–", "", N_("No fee")),
    "waived": ("↩", "good", N_("Waived")),
    "withdrawn": ("↩", "", N_("Withdrawn")),
}
# Why a missed visit costs nothing.
NO_FEE = {
    "medicaid": N_("has Medicaid"),
    "protected": N_("owes no cost sharing (QMB)"),
    "no_rule": N_("no rule names a fee"),
}
CASE: dict[str, tuple[str, str, str]] = {
    "handed_off": ("→", "warn", N_("With the agency")),
    "recalled": ("↩", "", N_("Taken back")),
    "settled": ("✓", "good", N_("Settled")),
}
HAND_OFF_FILE = {"hand_off": N_("Handed off"), "recall": N_("Taken back")}
# Why a rule of collections does not apply to a guarantor.
NOT_NOW = {
    "nothing_owed": N_("owes nothing"),
    "protected": N_("owes no cost sharing (QMB)"),
    "held": N_("is held"),
    "payment_plan": N_("keeps a payment plan"),
    "with_agency": N_("is with the agency"),
    "with_payer": N_("a payer still has to answer"),
    "too_much": N_("is more than the rule's most"),
    "too_little": N_("is less than the rule's least"),
    "too_soon": N_("not long enough yet"),
    "no_rule": N_("there is no rule"),
}
# Why a guarantor would get no statement.
NO_STATEMENT = {
    "zero": N_("owes nothing"),
    "credit": N_("has money here"),
    "protected": N_("owes no cost sharing (QMB)"),
    "small_balance": N_("is below the least amount"),
    "payment_plan": N_("keeps a payment plan"),
    "held": N_("is held"),
    "invoiced": N_("is on an invoice"),
}
INVOICE: dict[str, tuple[str, str, str]] = {
    "open": ("○", "info", N_("Open")),
    "paid": ("✓", "good", N_("Paid")),
    "overdue": ("!", "bad", N_("Overdue")),
    "void": ("–", "", N_("Void")),
}
CUT_OVER: dict[int, str] = {
    cut_over.CUT_OVER_KIND_BALANCES: N_("Open balances and unused money"),
    cut_over.CUT_OVER_KIND_CLAIMS: N_("Open claims"),
}
BUCKET = {"patient": N_("patients owe"), "credit": N_("patients' unused money")}
COVER: Known = {
    eligibility.BENEFIT_COVER_UNSPECIFIED: ("?", "", N_("Not said")),
    eligibility.BENEFIT_COVER_COVERED: ("✓", "good", N_("Covered")),
    eligibility.BENEFIT_COVER_NOT_COVERED: ("×", "bad", N_("Not covered")),
}
# The exceptions of insurance checks.
EXCEPTION = {
    "rejected": N_("Refused by the payer"),
    "no_answer": N_("No answer"),
    "inactive": N_("Not active"),
    "plan_changed": N_("Plan changed"),
}


def step_words(page: Page, text: str) -> str:
    """What billing says of a step of the preparation, in the reader's language."""
    for pattern, marked in SAID_OF:
        found = pattern.fullmatch(text)
        if found is not None:
            values = found.groupdict()
            if "what" in values:
                values["what"] = ", ".join(page.label(MISSING, each) for each in values["what"].split(", "))
            return page.gettext(marked, **values)
    return page.gettext(text)
