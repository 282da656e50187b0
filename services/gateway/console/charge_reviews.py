"""Visits that somebody looks at before they are charged: the queue, one of them, the decision; and the rules that hold them."""

from __future__ import annotations

from typing import Any

from flask import Response
from polyclinic.billing.v1 import charge_reviews_pb2 as pb

from chassis.protos import optional_date
from gateway import errors as problems
from gateway.console import words, words_billing
from gateway.web import formats
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged, whole
from gateway.web.page import Page

PATH, RULES, NEW = "/console/billing/reviews", "/console/settings/review-rules", "new"
# So many of those that wait are looked through for the next one.
QUEUE = 200


def clinicians(page: Page) -> dict[str, str]:
    """Practitioner → name, by name; empty when identity does not answer."""
    part = page.together(people=page.ask("Identity.ListPractitioners", page_size=500))["people"]
    found = part.value.practitioners if part.value is not None else ()
    told = {each.practitioner_id: formats.full_name(each.name) for each in found}
    return dict(sorted(told.items(), key=lambda each: each[1]))


def listing(page: Page) -> Response:
    """What waits for review, the oldest first; or what was decided."""
    who, places = clinicians(page), {each.location_id: each.name for each in page.locations}
    states = page.plain(words_billing.REVIEW)
    columns = (
        Column("visit", N_("Visit"), "service_date"),
        Column("patient", N_("Patient"), "patient_name", searched=True),
        Column("clinician", N_("Clinician"), lambda each: who.get(each.practitioner_id, ""), searched=True),
        Column("where", N_("Where"), lambda each: places.get(each.location_id, ""), searched=True),
        Column("rules", N_("Held by"), lambda each: ", ".join(each.rules), searched=True),
        Column("charge", N_("Charge"), "charge", number=True),
        Column("opened", N_("Waits"), "opened_at"),
        Column("state", N_("State"), lambda each: page.label(states, each.state), shown=False),
    )
    decided = [(value, page.gettext(states[value])) for value in states if value != pb.CHARGE_REVIEW_STATE_WAITING]
    filters = (
        Filter("practitioner", N_("Clinician"), list(who.items()), N_("Everybody")),
        Filter("at", N_("Where"), list(places.items()), N_("All locations")),
        Filter("state", N_("State"), decided, N_("Waits")),
    )
    chosen = page.arg("state")
    shown = paged(
        page,
        "charge-reviews",
        "ChargeReviews.ListChargeReviews",
        "reviews",
        columns,
        filters,
        practitioner_id=page.arg("practitioner"),
        location_id=page.arg("at"),
        state=int(chosen) if chosen in {str(value) for value in states} else 0,
    )
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show(
        "billing/reviews.html",
        tab="reviews",
        listing=shown,
        who=who,
        places=places,
        states=words_billing.REVIEW,
        waits=pb.CHARGE_REVIEW_STATE_WAITING,
    )


def review(page: Page, problem: problems.Problem | None = None) -> Response:
    """One visit as it was signed, with what holds it, and the next one that waits."""
    found = page.call("ChargeReviews.GetChargeReview", charge_review_id=page.values["charge_review_id"])
    parts = page.together(
        queue=page.ask("ChargeReviews.ListChargeReviews", page_size=QUEUE),
        people=page.ask("Identity.ListPractitioners", page_size=500),
        accounts=page.ask("Identity.ListAccounts", page_size=500),
        patient=page.ask("PatientRegistry.GetPatient", patient_id=found.patient_id),
        at_hand=page.ask("ChargeCapture.GetSuperbill", encounter_id=found.encounter_id),
    )
    ids = [each.charge_review_id for each in parts["queue"].value.reviews] if parts["queue"].value is not None else []
    at = ids.index(found.charge_review_id) if found.charge_review_id in ids else -1
    people = parts["people"].value.practitioners if parts["people"].value is not None else ()
    accounts = parts["accounts"].value.accounts if parts["accounts"].value is not None else ()
    return page.show(
        "billing/review.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="reviews",
        review=found,
        words=words,
        states=words_billing.REVIEW,
        waits=found.state == pb.CHARGE_REVIEW_STATE_WAITING,
        patient=parts["patient"].value,
        clinician=next((each.name for each in people if each.practitioner_id == found.practitioner_id), None),
        names={each.account_id: each.name for each in accounts},
        own=found.signed_by == page.user.id,
        meant=words_of(parts["at_hand"].value),
        before=ids[at - 1] if at > 0 else "",
        after=ids[at + 1] if 0 <= at < len(ids) - 1 else "",
    )


def words_of(superbill: Any) -> dict[str, str]:
    """Code → its words, as far as the visit's superbill, favourites and last codes know it."""
    if superbill is None:
        return {}
    return (
        {each.code: each.words for each in superbill.last.diagnoses}
        | dict(superbill.last.words)
        | {each.code.code: each.code.words for each in superbill.favourites}
        | {each.code: each.words for each in superbill.template.diagnoses}
        | {each.procedure: each.words for each in superbill.template.services}
    )


DECISIONS = {
    "approve": ("ChargeReviews.ApproveCharges", N_("Approved; the charges are posted.")),
    "return": ("ChargeReviews.ReturnCharges", N_("Given back to be coded anew.")),
}


def decide(page: Page) -> Response:
    """Approves the charges or gives the visit back, and leads to the next one."""
    if page.values["action"] not in DECISIONS:
        return page.go(PATH)
    rpc, told = DECISIONS[page.values["action"]]
    try:
        page.submit(rpc, charge_review_id=page.values["charge_review_id"])
    except Refused as refused:
        return review(page, refused.problem)
    after = page.sent("after")
    return page.go(f"{PATH}/{after}" if after else PATH, page.gettext(told))


# ---- the rules


def rules(page: Page) -> Response:
    """Every rule that holds visits, those that are over too."""
    found = list(page.pages("ChargeReviews.ListReviewRules", "rules"))
    today = page.today

    def state_of(each: Any) -> str:
        start, end = optional_date(each.effective.start), optional_date(each.effective.end)
        if end is not None and end < today:
            return "over"
        return "later" if start is not None and start > today else "live"

    states = {"live": page.gettext("In force"), "later": page.gettext("Later"), "over": page.gettext("Over")}
    columns = (
        Column("name", N_("Name"), "name", searched=True),
        Column("holds", N_("Holds"), lambda each: asks_of(page, each), searched=True),
        Column("from", N_("From"), "effective.start"),
        Column("until", N_("Until"), "effective.end"),
        Column("state", N_("State"), lambda each: states[state_of(each)]),
    )
    by_state = Filter(
        "state", N_("State"), list(states.items()), N_("All"), lambda each, value: state_of(each) == value
    )
    shown = whole(page, "review-rules", found, columns, [by_state], order="name")
    if page.arg("format") == "csv":
        return shown.csv()
    return page.show(
        "settings/review_rules.html",
        tab="review-rules",
        listing=shown,
        asks=lambda each: asks_of(page, each),
        state_of=state_of,
        states=states,
    )


def asks_of(page: Page, rule: Any) -> str:
    """What a rule holds, in words; how many of each kind it names."""
    parts = [
        page.language.texts.ngettext(one, many, len(held)) % {"num": len(held)}
        for held, one, many in (
            (rule.practitioner_ids, *CLINICIANS),
            (rule.location_ids, *LOCATIONS),
            (rule.appointment_type_codes, *TYPES),
            (rule.payer_codes, *PAYERS),
        )
        if held
    ]
    parts += [" ".join(held) for held in (rule.procedures, rule.modifiers, rule.diagnoses) if held]
    if rule.HasField("charge_from"):
        amount = formats.money(rule.charge_from, page.language.locale)
        parts.append(page.gettext("from %(amount)s", amount=amount))
    if rule.sample_percent:
        parts.append(page.gettext("%(percent)s of a hundred", percent=rule.sample_percent))
    return " · ".join(parts)


CLINICIANS = (N_("%(num)d clinician"), N_("%(num)d clinicians"))
LOCATIONS = (N_("%(num)d location"), N_("%(num)d locations"))
TYPES = (N_("%(num)d kind of visit"), N_("%(num)d kinds of visit"))
PAYERS = (N_("%(num)d payer"), N_("%(num)d payers"))


def rule(page: Page, problem: problems.Problem | None = None) -> Response:
    """One rule to be changed, or a new one."""
    rule_id = page.values["review_rule_id"]
    every = page.pages("ChargeReviews.ListReviewRules", "rules")
    found = None if rule_id == NEW else next((each for each in every if each.review_rule_id == rule_id), None)
    if found is None and rule_id != NEW:
        return page.go(RULES, page.gettext("There is no such rule."))
    parts = page.together(
        types=page.ask("Scheduling.ListAppointmentTypes", page_size=500),
        payers=page.ask("Billing.ListPayers", page_size=500),
        people=page.ask("Identity.ListPractitioners", page_size=500),
        places=page.ask("Identity.ListLocations", page_size=500),
    )
    kinds = parts["types"].value.appointment_types if parts["types"].value is not None else ()
    payers = parts["payers"].value.payers if parts["payers"].value is not None else ()
    people = parts["people"].value.practitioners if parts["people"].value is not None else ()
    places = parts["places"].value.locations if parts["places"].value is not None else ()
    return page.show(
        "settings/review_rule.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="review-rules",
        rule=found,
        may=page.may("ChargeReviews.PutReviewRule"),
        groups=(
            (
                "practitioner_ids",
                N_("Clinicians"),
                [(each.practitioner_id, formats.full_name(each.name)) for each in people],
            ),
            ("location_ids", N_("Locations"), [(each.location_id, each.name) for each in places]),
            ("appointment_type_codes", N_("Kinds of visit"), [(each.code, each.name) for each in kinds]),
            (
                "payer_codes",
                N_("Payers"),
                [("SELF", page.gettext("Self-pay")), *((each.code, each.name) for each in payers)],
            ),
        ),
    )


def save_rule(page: Page) -> Response:
    """Adds or replaces a rule; visits signed from then on are asked about it."""
    rule_id = page.values["review_rule_id"]
    try:
        page.submit("ChargeReviews.PutReviewRule", review_rule_id="" if rule_id == NEW else rule_id)
    except Refused as refused:
        return rule(page, refused.problem)
    return page.go(RULES, page.gettext("Saved; visits signed from now on are asked about it."))
