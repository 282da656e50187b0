"""Judging rules before they go live: every violation is named, and each rule's examples are run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from billing.domain.claim_rule_engine import lines_chosen, run
from billing.domain.claim_rule_fields import FIELDS, OPERATORS, WRITABLE
from billing.domain.claim_rules import (
    Action,
    ActionKind,
    Example,
    Operator,
    Outcome,
    Rule,
    RuledClaim,
    RuledLine,
    RuleTest,
    SplitBy,
)

KEY = re.compile(r"[a-z][a-z0-9-]{0,39}").fullmatch
MODIFIER = re.compile(r"[A-Z0-9]{2}").fullmatch
# How many values each operator takes; None: one or more.
_VALUES = {
    Operator.IS_PRESENT: 0,
    Operator.IS_ABSENT: 0,
    Operator.BETWEEN: 2,
    Operator.AT_LEAST: 1,
    Operator.AT_MOST: 1,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a rule: where (a path within the rules) and what."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of an example; `problems` is empty when it is as expected."""

    rule: str
    example: str
    problems: tuple[str, ...]


def faults_of(rules: Sequence[Rule], payer_codes: Collection[str]) -> list[Fault]:
    """Everything that keeps these rules from being run, in their order; empty when they can be."""
    found: list[Fault] = []
    seen: set[str] = set()
    for at, rule in enumerate(rules):
        where = f"rules[{at}]"
        if rule.key in seen:
            found.append(Fault(f"{where}.key", f"{rule.key} is the key of another rule, too"))
        seen.add(rule.key)
        found += [Fault(f"{where}.{path}", message) for path, message in faults_of_rule(rule, payer_codes)]
    return found


def faults_of_rule(rule: Rule, payer_codes: Collection[str]) -> Iterator[tuple[str, str]]:
    """As `faults_of`, for one rule: (path within it, what is wrong)."""
    if not KEY(rule.key):
        yield "key", "must begin with a letter and hold small letters, digits and dashes, 40 at most"
    if not rule.name.strip():
        yield "name", "must not be empty"
    if rule.start and rule.end and rule.end < rule.start:
        yield "effective", "ends before it starts"
    for at, clause in enumerate(rule.clauses):
        if not clause.tests:
            yield f"clauses[{at}].tests", "a clause without a test never holds"
        for number, test in enumerate(clause.tests):
            yield from _test_faults(f"clauses[{at}].tests[{number}]", test, of_line=False)
    for number, test in enumerate(rule.line_tests):
        yield from _test_faults(f"line_tests[{number}]", test, of_line=True)
    if rule.every_line and not rule.line_tests:
        yield "every_line", "asks every line a question, but there is none"
    if not rule.actions:
        yield "actions", "a rule without an action does nothing"
    for at, action in enumerate(rule.actions):
        for path, message in _action_faults(action, rule, payer_codes):
            yield f"actions[{at}].{path}", message
    for at, example in enumerate(rule.examples):
        if not example.claim.lines:
            yield f"examples[{at}].claim.lines", "an example's claim needs a line"


def results_of(rules: Sequence[Rule]) -> list[ExampleResult]:
    """Runs every example through its own rule alone. The rules must be without faults."""
    return [
        ExampleResult(rule.key, example.name, tuple(_problems(rule, example)))
        for rule in rules
        for example in rule.examples
    ]


def field_of(claim: RuledClaim, path: str) -> str | None:
    """A field of a claim as text ('payer', 'lines[2].modifiers'); lists with blanks between; None for no such field."""
    match = re.fullmatch(r"lines\[([0-9]+)\]\.([a-z_]+)", path)
    holder: RuledClaim | RuledLine = claim
    if match:
        if int(match[1]) >= len(claim.lines):
            return None
        holder, path = claim.lines[int(match[1])], match[2]
    if path not in type(holder).__dataclass_fields__ or path == "lines":
        return None
    found = getattr(holder, path)
    return " ".join(map(str, found)) if isinstance(found, tuple) else "" if found is None else str(found)


def _problems(rule: Rule, example: Example) -> Iterator[str]:
    expected = example.expected
    fires = lines_chosen(rule, example.claim) is not None
    if fires != expected.fires:
        yield f"the rule {'fires' if fires else 'does not fire'}"
    outcome: Outcome = run([rule], example.claim)
    if bool(outcome.holds) != expected.held:
        yield "the claim is held" if outcome.holds else "the claim is not held"
    if len(outcome.parts) != expected.claims:
        yield f"it comes to {len(outcome.parts)} claims, not {expected.claims}"
    for path, value in expected.fields.items():
        found = field_of(outcome.claim, path)
        if found is None:
            yield f"{path} is not a field of the claim"
        elif found != value:
            yield f"{path} is '{found}', not '{value}'"


def _test_faults(where: str, test: RuleTest, *, of_line: bool) -> Iterator[tuple[str, str]]:
    field = FIELDS.get(test.field)
    if field is None:
        yield f"{where}.field", f"'{test.field}' is not a field that rules know"
        return
    if of_line and field.of_line is None:
        yield f"{where}.field", f"{test.field} is of the claim, not of a line"
    if not of_line and field.of_line is not None:
        yield f"{where}.field", f"{test.field} is of a line; ask for it among the rule's line tests"
    if test.operator not in OPERATORS[field.kind]:
        known = ", ".join(OPERATORS[field.kind])
        yield f"{where}.operator", f"{test.field} cannot be compared by {test.operator}; it can by {known}"
        return
    count = _VALUES.get(test.operator)
    if (count is None and not test.values) or (count is not None and len(test.values) != count):
        yield f"{where}.values", f"{test.operator} takes {'one or more' if count is None else count} values"
        return
    parsed = []
    for at, value in enumerate(test.values):
        try:
            parsed.append(field.parse(value))
        except ValueError:
            yield f"{where}.values[{at}]", f"'{value}' is not a {field.kind}"
        else:
            if value == "":
                yield f"{where}.values[{at}]", "must not be empty"
    if test.operator is Operator.BETWEEN and len(parsed) == 2 and parsed[1] < parsed[0]:
        yield f"{where}.values", "the second value comes before the first"


def _action_faults(action: Action, rule: Rule, payer_codes: Collection[str]) -> Iterator[tuple[str, str]]:
    match action.kind:
        case ActionKind.HOLD:
            if len(action.reason.strip()) < 3:
                yield "reason", "say why the claim is held"
        case ActionKind.ROUTE:
            if not KEY(action.queue):
                yield "queue", "must begin with a letter and hold small letters, digits and dashes, 40 at most"
        case ActionKind.SET:
            field = FIELDS.get(action.field)
            if field is None or field.writable is None:
                yield "field", f"rules write only {', '.join(WRITABLE)}"
            elif not field.writable(action.value):
                yield "value", f"'{action.value}' cannot stand in {action.field}"
        case ActionKind.ADD_MODIFIER | ActionKind.REMOVE_MODIFIER:
            if not MODIFIER(action.value):
                yield "value", f"'{action.value}' is not a modifier"
        case ActionKind.CARVE_OUT:
            if action.value not in payer_codes:
                yield "value", f"'{action.value}' is not the code of a payer"
        case ActionKind.SPLIT:
            if action.field not in [one.value for one in SplitBy]:
                yield "field", f"claims are split by {', '.join(SplitBy)}"
            elif action.field == SplitBy.CHOSEN and not rule.line_tests:
                yield "field", "the rule chooses no lines that could stand apart"
