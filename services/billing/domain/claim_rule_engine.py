"""Running the biller's rules over a claim.

A rule looks at a claim as the rules before it have left it. One pass over the rules is all there is: it ends after as many
steps as there are rules, whatever they say. Where the order of two rules matters is a question of what they read and write
(`order_matters`), not of how they are run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from billing.domain.claim_rule_fields import FIELDS
from billing.domain.claim_rules import (
    MOST_MODIFIERS,
    Action,
    ActionKind,
    Hold,
    Operator,
    Outcome,
    Route,
    Rule,
    RuledClaim,
    RuledLine,
    RuleTest,
    SplitBy,
)


def run(rules: Iterable[Rule], claim: RuledClaim) -> Outcome:
    """One pass over the rules, each on what the ones before it have left."""
    outcome = Outcome(claim)
    for rule in rules:
        chosen = lines_chosen(rule, outcome.claim)
        if chosen is None:
            continue
        for action in rule.actions:
            outcome = _done(outcome, rule, action, chosen)
        outcome = replace(outcome, fired=(*outcome.fired, rule.key))
        if rule.last:
            break
    return outcome


def lines_chosen(rule: Rule, claim: RuledClaim) -> frozenset[str] | None:
    """The lines that the rule is about (all of them when it asks about none), or None when it does not fire."""
    on = claim.service_date
    if on is None or (rule.start is not None and on < rule.start) or (rule.end is not None and on > rule.end):
        return None
    if not all(any(passes(test, claim) for test in clause.tests) for clause in rule.clauses):
        return None
    if not rule.line_tests:
        return frozenset(line.line_id for line in claim.lines)
    chosen = frozenset(
        line.line_id for line in claim.lines if all(passes(test, claim, line) for test in rule.line_tests)
    )
    if not chosen or (rule.every_line and len(chosen) < len(claim.lines)):
        return None
    return chosen


def passes(test: RuleTest, claim: RuledClaim, line: RuledLine | None = None) -> bool:
    """Whether the field of the claim (of the line, for one that begins with 'line.') answers the test."""
    asked = FIELDS[test.field]
    found = asked.values_of(claim, line)
    return _answers(test.operator, found, [asked.parse(value) for value in test.values])


def order_matters(one: Rule, other: Rule) -> bool:
    """Whether the two may not change places: one writes what the other reads or writes, or ends the pass."""
    reads_one, writes_one = effects_of(one)
    reads_other, writes_other = effects_of(other)
    return bool(one.last or other.last or writes_one & (reads_other | writes_other) or writes_other & reads_one)


def effects_of(rule: Rule) -> tuple[frozenset[str], frozenset[str]]:
    """What a rule reads, and what it writes; holds and the firing itself are read by no rule."""
    tests = [*rule.line_tests, *(test for clause in rule.clauses for test in clause.tests)]
    reads = {_STANDS_FOR.get(test.field, test.field) for test in tests}
    writes: set[str] = set()
    for action in rule.actions:
        match action.kind:
            case ActionKind.SET:
                writes.add(action.field)
            case ActionKind.ADD_MODIFIER | ActionKind.REMOVE_MODIFIER:
                writes.add("line.modifiers")
                # Whether there is room for another one is seen on the line.
                reads.add("line.modifiers")
            case ActionKind.CARVE_OUT:
                writes.add("line.payer")
            case ActionKind.SPLIT if action.field == SplitBy.CHOSEN:
                writes.add("line.apart")
            case ActionKind.ROUTE:
                writes.add("route")
            case _:
                pass
    return frozenset(reads), frozenset(writes)


# Fields of the claim that are read off its lines.
_STANDS_FOR = {"modifiers": "line.modifiers", "place_of_service": "line.place_of_service"}


def _answers(operator: Operator, found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    match operator:
        case Operator.IS_PRESENT:
            return bool(found)
        case Operator.IS_ABSENT:
            return not found
        case Operator.IS_ANY_OF:
            return any(value in wanted for value in found)
        case Operator.IS_NONE_OF:
            return not any(value in wanted for value in found)
        case Operator.HAS_ALL_OF:
            return all(value in found for value in wanted)
        case Operator.STARTS_WITH:
            return any(str(value).startswith(str(start)) for value in found for start in wanted)
        case Operator.BETWEEN:
            low, high = wanted
            return any(low <= value <= high for value in found)
        case Operator.AT_LEAST:
            return any(value >= wanted[0] for value in found)
        case Operator.AT_MOST:
            return any(value <= wanted[0] for value in found)


def _done(outcome: Outcome, rule: Rule, action: Action, chosen: frozenset[str]) -> Outcome:
    claim = outcome.claim
    match action.kind:
        case ActionKind.HOLD:
            return replace(outcome, holds=(*outcome.holds, Hold(rule.key, action.reason)))
        case ActionKind.ROUTE:
            return replace(outcome, routes=(*outcome.routes, Route(rule.key, action.queue, action.owner_id)))
        case ActionKind.ADD_MODIFIER:
            return _with_modifier(outcome, rule, action.value, chosen)
        case ActionKind.REMOVE_MODIFIER:
            changed = {
                line.line_id: replace(line, modifiers=tuple(one for one in line.modifiers if one != action.value))
                for line in claim.lines
                if line.line_id in chosen
            }
        case ActionKind.CARVE_OUT:
            changed = {
                line.line_id: replace(line, payer=action.value) for line in claim.lines if line.line_id in chosen
            }
        case ActionKind.SPLIT if action.field == SplitBy.CHOSEN:
            changed = {line.line_id: replace(line, apart=rule.key) for line in claim.lines if line.line_id in chosen}
        case ActionKind.SPLIT:
            wish = SplitBy(action.field)
            wishes = tuple(sorted({*claim.split_by, wish}))
            return replace(outcome, claim=replace(claim, split_by=wishes))
        case ActionKind.SET if action.field.startswith("line."):
            on_line: dict[str, Any] = {action.field.removeprefix("line."): action.value}
            changed = {line.line_id: replace(line, **on_line) for line in claim.lines if line.line_id in chosen}
        case ActionKind.SET:
            on_claim: dict[str, Any] = {action.field: action.value}
            return replace(outcome, claim=replace(claim, **on_claim))
    return replace(outcome, claim=_with_lines(claim, changed))


def _with_modifier(outcome: Outcome, rule: Rule, modifier: str, chosen: frozenset[str]) -> Outcome:
    """Adds a modifier where it is not there yet; a line that has four already keeps the claim back instead."""
    wanting = [line for line in outcome.claim.lines if line.line_id in chosen and modifier not in line.modifiers]
    full = [line for line in wanting if len(line.modifiers) >= MOST_MODIFIERS]
    changed = {
        line.line_id: replace(line, modifiers=(*line.modifiers, modifier)) for line in wanting if line not in full
    }
    holds = outcome.holds
    if full:
        places = ", ".join(line.procedure for line in full)
        holds = (*holds, Hold(rule.key, f"no room for modifier {modifier} on {places}: it has four already"))
    return replace(outcome, claim=_with_lines(outcome.claim, changed), holds=holds)


def _with_lines(claim: RuledClaim, changed: Mapping[str, RuledLine]) -> RuledClaim:
    return replace(claim, lines=tuple(changed.get(line.line_id, line) for line in claim.lines))
