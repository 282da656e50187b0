"""The biller's rules: sets and their versions, one rule in a form, what a set would have made of past claims."""

from __future__ import annotations

from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import claim_rule_words as words
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.page import Page

NEW = "new"
# How many past claims one look goes through.
REPLAYED = 500


def sets(page: Page) -> Response:
    """Every version, the newest first, and how a new one is begun."""
    found = page.call("ClaimRules.ListClaimRuleSets", page_size=50, page_token=page.arg("page_token"))
    return page.show("billing/rules.html", tab="rules", words=words, found=found)


def begin(page: Page) -> Response:
    """Begins a draft, empty or from another set."""
    made = page.submit("ClaimRules.CreateClaimRuleSet")
    return page.go(f"/console/billing/rules/{made.claim_rule_set_id}", page.gettext("A draft: nothing is live yet."))


def rule_set(page: Page, problem: problems.Problem | None = None) -> Response:
    """One set: its rules in their order, and what is to be said about them."""
    set_id = page.values["claim_rule_set_id"]
    parts = page.together(
        found=page.ask("ClaimRules.GetClaimRuleSet", claim_rule_set_id=set_id),
        check=page.ask("ClaimRules.CheckClaimRuleSet", claim_rule_set_id=set_id),
    )
    check = parts["check"].value
    failed: dict[str, list[Any]] = {}
    for result in check.examples if check is not None else ():
        failed.setdefault(result.rule, []).append(result)
    return page.show(
        "billing/rule_set.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="rules",
        words=words,
        found=parts["found"].need(),
        check=check,
        results=failed,
    )


def act(page: Page) -> Response:
    """Publishes or retires a set."""
    set_id = page.values["claim_rule_set_id"]
    name = "PublishClaimRuleSet" if page.values["action"] == "publish" else "RetireClaimRuleSet"
    try:
        page.submit(f"ClaimRules.{name}", claim_rule_set_id=set_id)
    except Refused as refused:
        return rule_set(page, refused.problem)
    return page.go(f"/console/billing/rules/{set_id}", page.gettext("Done."))


def rule(page: Page, problem: problems.Problem | None = None) -> Response:
    """One rule of a draft, or a new one."""
    set_id, key = page.values["claim_rule_set_id"], page.values["key"]
    parts = page.together(
        found=page.ask("ClaimRules.GetClaimRuleSet", claim_rule_set_id=set_id),
        fields=page.ask("ClaimRules.GetClaimRuleFields"),
    )
    found = parts["found"].need()
    known = [one.key for one in found.rules]
    return page.show(
        "billing/rule.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="rules",
        words=words,
        found=found,
        rule=found.rules[known.index(key)] if key in known else None,
        position=known.index(key) + 1 if key in known else len(known) + 1,
        fields=parts["fields"].need().fields,
    )


def save_rule(page: Page) -> Response:
    """Saves a rule; the examples it has stay, a new one is added."""
    set_id, key = page.values["claim_rule_set_id"], page.values["key"]
    reading = page.read("ClaimRules.PutClaimRule", claim_rule_set_id=set_id)
    kept = page.call("ClaimRules.GetClaimRuleSet", claim_rule_set_id=set_id).rules
    before = [example for one in kept if one.key == key for example in one.examples]
    dropped = set(page.exchange.request.form.getlist("drop"))
    new = list(reading.message.rule.examples)
    del reading.message.rule.examples[:]
    reading.message.rule.examples.extend([example for example in before if example.name not in dropped] + new)
    try:
        page.send("ClaimRules.PutClaimRule", reading)
    except Refused as refused:
        return rule(page, refused.problem)
    return page.go(f"/console/billing/rules/{set_id}", page.gettext("Saved."))


def remove_rule(page: Page) -> Response:
    """Takes a rule out of a draft."""
    set_id = page.values["claim_rule_set_id"]
    try:
        page.submit("ClaimRules.RemoveClaimRule", claim_rule_set_id=set_id, key=page.values["key"])
    except Refused as refused:
        return rule_set(page, refused.problem)
    return page.go(f"/console/billing/rules/{set_id}", page.gettext("Removed."))


def replay(page: Page) -> Response:
    """What a set would have made of past claims: which would be different, field by field, and what money would move."""
    set_id = page.values["claim_rule_set_id"]
    asked = {
        "payer_code": page.arg("payer_code"),
        "page_token": page.arg("page_token"),
        "page_size": REPLAYED,
        "claim_rule_set_id": set_id,
    }
    dates = {name: found for name in ("service_from", "service_to") if (found := _date(page, name))}
    parts = page.together(
        found=page.ask("ClaimRules.GetClaimRuleSet", claim_rule_set_id=set_id),
        told=page.ask("ClaimRules.ReplayClaimRuleSet", **asked, **dates),
        payers=page.ask("Billing.ListPayers", page_size=500),
    )
    payers = parts["payers"].value
    return page.show(
        "billing/rule_replay.html",
        tab="rules",
        words=words,
        found=parts["found"].need(),
        told=parts["told"].need(),
        payers=[(one.code, one.name) for one in payers.payers] if payers is not None else [],
    )


def _date(page: Page, name: str) -> dict[str, int] | None:
    """A day of the filter, as typed."""
    found = read_date(page.arg(name), page.today)
    return {"year": found.year, "month": found.month, "day": found.day} if found else None
