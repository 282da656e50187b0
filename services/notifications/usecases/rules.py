"""Rules: what is sent when. Each change is followed by the reminders of all coming visits, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from notifications.domain.templates import MANUAL_PREFIX, variables_of
from notifications.domain.vocabulary import Channel, Trigger
from notifications.store import Store
from notifications.tables import Rule
from notifications.usecases.tenants import ensure_installed
from notifications.usecases.visits import REPLAN

# What each trigger can fill into a text; a rule's template must not need more.
CODES_OF_TRIGGER = {
    Trigger.WAITLIST_OFFERED: ("waitlist.", MANUAL_PREFIX),
    Trigger.STATEMENT_ISSUED: ("statement.",),
    Trigger.VISIT_DELAYED: ("visit.", MANUAL_PREFIX),
    Trigger.THREAD_MESSAGE: ("thread.",),
    Trigger.FIRST_BOOKED: ("portal.",),
}
CODES_OF_VISITS = ("appointment.", MANUAL_PREFIX)


@dataclass(frozen=True)
class RuleInput:
    """A rule as somebody wants it; well-formed by the contract's rules."""

    name: str
    trigger: Trigger
    offset_minutes: int
    appointment_type_code: str
    channels: tuple[Channel, ...]
    template_code: str
    any_hour: bool
    active: bool


def list_rules(
    call: Call, appointment_type_code: str, include_inactive: bool, page_size: int, page_token: str
) -> tuple[list[Rule], str]:
    """A page of rules by trigger and offset."""
    return Store(call.session).list_rules(appointment_type_code, include_inactive, page_size, page_token)


def get_rule(call: Call, rule_id: UUID) -> Rule:
    """One rule. Raises NotFound."""
    return Store(call.session).need(Rule, rule_id, "message rule")


def create_rule(call: Call, wanted: RuleInput) -> Rule:
    """Adds a rule; it holds from now on. Raises InvalidInput."""
    store = Store(call.session)
    ensure_installed(call, store)
    _check_template(store, wanted)
    rule = Rule(id=call.new_id())
    _take_over(rule, wanted)
    rule.active, rule.effective_from = True, call.now
    _replan(call)
    return store.add(rule)


def update_rule(call: Call, rule_id: UUID, wanted: RuleInput, version: int) -> Rule:
    """Changes a rule as a whole (the caller merged the fields). Raises NotFound, InvalidInput, StaleVersion."""
    store = Store(call.session)
    rule = store.lock(Rule, rule_id, "message rule")
    call.expect_version(rule.version, version)
    _check_template(store, wanted)
    if (rule.trigger, rule.offset_minutes) != (wanted.trigger.value, wanted.offset_minutes) or not rule.active:
        rule.effective_from = call.now  # another moment: it does not reach back
    _take_over(rule, wanted)
    rule.active = wanted.active
    _replan(call)
    return store.add(rule)


def delete_rule(call: Call, rule_id: UUID, version: int) -> Rule:
    """Retires a rule; what it planned is cancelled shortly after. Raises NotFound, StaleVersion."""
    store = Store(call.session)
    rule = store.lock(Rule, rule_id, "message rule")
    if not rule.active:
        return rule
    call.expect_version(rule.version, version)
    rule.active = False
    _replan(call)
    return store.add(rule)


def _replan(call: Call) -> None:
    call.due.at(REPLAN, "all", call.now)


def _check_template(store: Store, wanted: RuleInput) -> None:
    prefixes = CODES_OF_TRIGGER.get(wanted.trigger, CODES_OF_VISITS)
    if variables_of(wanted.template_code) is None or not wanted.template_code.startswith(prefixes):
        allowed = " or ".join(f"{prefix}…" for prefix in prefixes)
        raise InvalidInput([Violation("rule.template_code", f"must be {allowed} for this trigger")])
    missing = [channel.value for channel in wanted.channels if not store.has_template(wanted.template_code, channel)]
    if missing:
        raise InvalidInput([Violation("rule.template_code", f"has no published text for {', '.join(missing)}")])


def _take_over(rule: Rule, wanted: RuleInput) -> None:
    rule.name, rule.trigger = wanted.name, wanted.trigger.value
    rule.offset_minutes, rule.appointment_type_code = wanted.offset_minutes, wanted.appointment_type_code
    rule.channels = [channel.value for channel in wanted.channels]
    rule.template_code, rule.any_hour = wanted.template_code, wanted.any_hour
