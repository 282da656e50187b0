"""The biller's rules as protobuf, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

from polyclinic.billing.v1 import claim_rules_pb2 as pb
from polyclinic.types.v1.types_pb2 import DateRange

from billing.domain.claim_rules import (
    Action,
    ActionKind,
    Clause,
    Example,
    Expectation,
    Operator,
    Rule,
    RuledClaim,
    RuledLine,
    RuleTest,
)
from billing.tables_claim_rules import ClaimRuleSet
from chassis.errors import InvalidInput, Violation
from chassis.protos import date_message, money, optional_date, timestamp

OPERATORS = {getattr(pb, f"RULE_OPERATOR_{one.name}"): one for one in Operator}
OPERATOR_MESSAGES = {one: number for number, one in OPERATORS.items()}
ACTIONS = {getattr(pb, f"RULE_ACTION_KIND_{one.name}"): one for one in ActionKind}
ACTION_MESSAGES = {one: number for number, one in ACTIONS.items()}
STATES = {
    "draft": pb.CLAIM_RULE_SET_STATE_DRAFT,
    "live": pb.CLAIM_RULE_SET_STATE_LIVE,
    "retired": pb.CLAIM_RULE_SET_STATE_RETIRED,
}
STATE_NAMES = {number: name for name, number in STATES.items()}
# Fields of an example's claim that are given by name because few examples need them.
GIVEN = frozenset(
    one.name
    for one in fields(RuledClaim)
    if one.type == "str" and one.name not in ("payer", "patient_sex", "authorisation")
)
EXAMPLE_DAY = date(2026, 1, 1)


def rule_set(row: ClaimRuleSet, rules: list[Rule] | None) -> pb.ClaimRuleSet:
    """A set; without its rules when none are given."""
    return pb.ClaimRuleSet(
        claim_rule_set_id=str(row.id),
        number=row.number,
        name=row.name,
        state=STATES[row.state],
        rules=[rule_message(one) for one in rules or []],
        rule_count=len(row.rules),
        copy_of_id=str(row.copy_of_id) if row.copy_of_id else "",
        created_at=timestamp(row.created_at),
        created_by=row.created_by,
        published_at=timestamp(row.published_at),
        published_by=row.published_by,
        retired_at=timestamp(row.retired_at),
        version=row.version,
    )


def rule_message(rule: Rule) -> pb.ClaimRule:
    """A rule with its examples."""
    return pb.ClaimRule(
        key=rule.key,
        name=rule.name,
        clauses=[pb.RuleClause(tests=[_test_message(test) for test in clause.tests]) for clause in rule.clauses],
        line_tests=[_test_message(test) for test in rule.line_tests],
        every_line=rule.every_line,
        actions=[
            pb.RuleAction(
                kind=ACTION_MESSAGES[one.kind],
                field=one.field,
                value=one.value,
                reason=one.reason,
                queue=one.queue,
                owner_id=one.owner_id,
            )
            for one in rule.actions
        ],
        effective=DateRange(start=date_message(rule.start), end=date_message(rule.end))
        if rule.start or rule.end
        else None,
        last=rule.last,
        examples=[_example_message(one) for one in rule.examples],
    )


def rule_of(message: pb.ClaimRule) -> Rule:
    """The rule of a message. Raises InvalidInput for examples that give what no claim has."""
    start = optional_date(message.effective.start, "rule.effective.start")
    rule = Rule(
        key=message.key,
        name=message.name,
        actions=tuple(
            Action(ACTIONS[one.kind], one.field, one.value, one.reason, one.queue, one.owner_id)
            for one in message.actions
        ),
        clauses=tuple(Clause(tuple(_test(test) for test in clause.tests)) for clause in message.clauses),
        line_tests=tuple(_test(test) for test in message.line_tests),
        every_line=message.every_line,
        start=start,
        end=optional_date(message.effective.end, "rule.effective.end"),
        last=message.last,
    )
    unknown = [
        Violation(f"rule.examples[{at}].given.{name}", "is not a field that an example gives by name")
        for at, one in enumerate(message.examples)
        for name in sorted(set(one.given) - GIVEN)
    ]
    if unknown:
        raise InvalidInput(unknown)
    return replace(rule, examples=tuple(_example(one, start or EXAMPLE_DAY) for one in message.examples))


def _test(message: pb.RuleTest) -> RuleTest:
    return RuleTest(message.field, OPERATORS[message.operator], tuple(message.values))


def _test_message(test: RuleTest) -> pb.RuleTest:
    return pb.RuleTest(field=test.field, operator=OPERATOR_MESSAGES[test.operator], values=test.values)


def _example(message: pb.RuleExample, day: date) -> Example:
    on = optional_date(message.service_date, "rule.examples.service_date") or day
    lines = tuple(
        RuledLine(
            line_id=str(number),
            procedure=line.procedure,
            charge_minor=line.charge.minor_units,
            units=line.units or 1,
            service_date=on,
            place_of_service=line.place_of_service,
            modifiers=tuple(line.modifiers),
            diagnoses=tuple(code.replace(".", "") for code in line.diagnoses),
            payer=message.payer_code,
        )
        for number, line in enumerate(message.lines, 1)
    )
    given: Mapping[str, Any] = dict(message.given)
    claim = RuledClaim(
        payer=message.payer_code,
        lines=lines,
        diagnoses=tuple(dict.fromkeys(code for line in lines for code in line.diagnoses)),
        patient_age=message.patient_age if message.HasField("patient_age") else None,
        patient_sex=message.patient_sex,
        authorisation=message.authorisation,
    )
    expected = Expectation(message.fires, message.held, message.claims or 1, dict(message.fields))
    return Example(message.name, replace(claim, **given), expected)


def _example_message(example: Example) -> pb.RuleExample:
    claim, expected = example.claim, example.expected
    plain = RuledClaim(payer="", lines=())
    given = {name: getattr(claim, name) for name in GIVEN if getattr(claim, name) != getattr(plain, name)}
    return pb.RuleExample(
        name=example.name,
        payer_code=claim.payer,
        service_date=date_message(claim.service_date),
        patient_age=claim.patient_age,
        patient_sex=claim.patient_sex,
        authorisation=claim.authorisation,
        lines=[
            pb.RuleExampleLine(
                procedure=line.procedure,
                modifiers=line.modifiers,
                diagnoses=line.diagnoses,
                place_of_service=line.place_of_service,
                charge=money(line.charge_minor),
                units=line.units,
            )
            for line in claim.lines
        ],
        fires=expected.fires,
        held=expected.held,
        claims=expected.claims,
        fields=dict(expected.fields),
        given=given,
    )
