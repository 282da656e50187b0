"""The biller's rules: what fires, what they do, that they end, and where their order matters."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.claim_replay import difference
from billing.domain.claim_rule_checks import faults_of, results_of
from billing.domain.claim_rule_engine import order_matters, run
from billing.domain.claim_rule_fields import FIELDS, OPERATORS, WRITABLE, FieldKind
from billing.domain.claim_rules import (
    Action,
    ActionKind,
    Clause,
    Example,
    Expectation,
    Operator,
    Outcome,
    Rule,
    RuledClaim,
    RuledLine,
    RuleTest,
    SplitBy,
)
from billing.domain.codec import from_json, to_json

DAY = date(2026, 3, 2)
VISIT = RuledLine("L1", "99213", 15_000, 1, DAY, "11", payer="COMM1", diagnoses=("I10",))
BLOOD = RuledLine("L2", "36415", 2_500, 1, DAY, "11", payer="COMM1", diagnoses=("E119",))
CLAIM = RuledClaim(payer="COMM1", lines=(VISIT, BLOOD), patient_age=44, diagnoses=("I10", "E119"))
PAYERS = ("COMM1", "COMM2", "LABS")
LABORATORY = RuleTest("line.procedure", Operator.BETWEEN, ("36400", "36425"))


def rule(key: str, *actions: Action, lines: tuple[RuleTest, ...] = (), **rest: object) -> Rule:
    """A rule with these actions."""
    return replace(Rule(key, key, actions, line_tests=lines), **rest)  # type: ignore[arg-type]


def hold(reason: str = "notes are missing") -> Action:
    """An action that keeps the claim back."""
    return Action(ActionKind.HOLD, reason=reason)


def asks(field: str, operator: Operator, *values: str) -> tuple[Clause, ...]:
    """One clause of one test."""
    return (Clause((RuleTest(field, operator, values),)),)


@pytest.mark.parametrize(
    ("field", "operator", "values", "fires"),
    [
        ("payer", Operator.IS_ANY_OF, ("COMM1", "COMM2"), True),
        ("payer", Operator.IS_NONE_OF, ("COMM1",), False),
        ("procedures", Operator.HAS_ALL_OF, ("99213", "36415"), True),
        ("procedures", Operator.HAS_ALL_OF, ("99213", "85025"), False),
        ("procedures", Operator.BETWEEN, ("99202", "99215"), True),
        ("diagnoses", Operator.STARTS_WITH, ("E11",), True),
        ("diagnoses", Operator.STARTS_WITH, ("Z",), False),
        ("modifiers", Operator.IS_ABSENT, (), True),
        ("authorisation", Operator.IS_PRESENT, (), False),
        ("patient_age", Operator.AT_LEAST, ("45",), False),
        ("charge", Operator.AT_MOST, ("175.00",), True),
        ("charge", Operator.AT_MOST, ("174.99",), False),
        ("service_date", Operator.BETWEEN, ("2026-03-01", "2026-03-31"), True),
        ("line_count", Operator.IS_ANY_OF, ("2",), True),
    ],
)
def test_a_clause_asks_a_field(field: str, operator: Operator, values: tuple[str, ...], fires: bool):
    """Codes, amounts, numbers and dates are compared as what they are."""
    asked = rule("ask", hold(), clauses=asks(field, operator, *values))
    assert faults_of([asked], PAYERS) == []
    assert bool(run([asked], CLAIM).fired) is fires


def test_clauses_all_hold_and_tests_are_alternatives():
    """A rule fires when each clause has a test that passes."""
    either = Clause((RuleTest("payer", Operator.IS_ANY_OF, ("COMM2",)), RuleTest("clia", Operator.IS_ABSENT)))
    also = Clause((RuleTest("patient_age", Operator.AT_LEAST, ("40",)),))
    assert run([rule("both", hold(), clauses=(either, also))], CLAIM).fired == ("both",)
    young = replace(CLAIM, patient_age=12)
    assert run([rule("both", hold(), clauses=(either, also))], young).fired == ()


def test_line_tests_choose_the_lines_that_actions_touch():
    """A modifier goes on the lines that pass all line tests, and on no other."""
    outcome = run([rule("add", Action(ActionKind.ADD_MODIFIER, value="90"), lines=(LABORATORY,))], CLAIM)
    assert [line.modifiers for line in outcome.claim.lines] == [(), ("90",)]
    every = rule("add", Action(ActionKind.ADD_MODIFIER, value="90"), lines=(LABORATORY,), every_line=True)
    assert run([every], CLAIM).fired == ()


def test_a_fifth_modifier_keeps_the_claim_back():
    """SV101 has four places: the rule says so instead of dropping one."""
    full = replace(CLAIM, lines=(replace(VISIT, modifiers=("25", "57", "GT", "GA")),))
    outcome = run([rule("add", Action(ActionKind.ADD_MODIFIER, value="95"))], full)
    assert outcome.claim == full
    assert [one.reason for one in outcome.holds] == ["no room for modifier 95 on 99213: it has four already"]


def test_lines_of_other_payers_providers_and_places_stand_apart():
    """Carve-out, another provider, the place of service and chosen lines each make a claim of their own."""
    carved = run([rule("lab", Action(ActionKind.CARVE_OUT, value="LABS"), lines=(LABORATORY,))], CLAIM)
    assert [(part.payer, part.line_ids) for part in carved.parts] == [("COMM1", ("L1",)), ("LABS", ("L2",))]
    other = run([rule("md", Action(ActionKind.SET, "line.provider", "supervising"), lines=(LABORATORY,))], CLAIM)
    assert [(part.provider, part.line_ids) for part in other.parts] == [
        ("rendering", ("L1",)),
        ("supervising", ("L2",)),
    ]
    places = replace(CLAIM, lines=(VISIT, replace(BLOOD, place_of_service="81")))
    assert len(run([], places).parts) == 1
    assert len(run([rule("pos", Action(ActionKind.SPLIT, SplitBy.PLACE.value))], places).parts) == 2
    apart = rule("alone", Action(ActionKind.SPLIT, SplitBy.CHOSEN.value), lines=(LABORATORY,))
    assert [part.line_ids for part in run([apart], CLAIM).parts] == [("L1",), ("L2",)]


def test_a_later_rule_sees_what_an_earlier_one_wrote():
    """Rules run in their order; `last` ends the pass."""
    write = rule("write", Action(ActionKind.SET, "authorisation", "A1"))
    asked = rule("asked", hold(), clauses=asks("authorisation", Operator.IS_ABSENT))
    assert run([asked, write], CLAIM).fired == ("asked", "write")
    assert run([write, asked], CLAIM).fired == ("write",)
    assert run([replace(write, last=True), rule("never", hold())], CLAIM).fired == ("write",)


def test_a_rule_holds_for_its_service_dates_only():
    """Both ends of its period are days on which it holds."""
    for start, end, fires in ((DAY, DAY, True), (date(2026, 3, 3), None, False), (None, date(2026, 3, 1), False)):
        assert bool(run([rule("dated", hold(), start=start, end=end)], CLAIM).fired) is fires


def test_every_violation_is_named_with_its_place():
    """Unknown fields, operators that do not fit, bad values, actions that lack something, keys that are there twice."""
    bad = rule(
        "twice",
        Action(ActionKind.SET, "charge", "1"),
        Action(ActionKind.CARVE_OUT, value="NOBODY"),
        Action(ActionKind.SPLIT, SplitBy.CHOSEN.value),
        Action(ActionKind.HOLD, reason=" "),
        Action(ActionKind.SET, "clia", "12*345"),
        clauses=(
            Clause(()),
            Clause((RuleTest("colour", Operator.IS_PRESENT), RuleTest("charge", Operator.STARTS_WITH, ("1",)))),
            Clause(
                (
                    RuleTest("patient_age", Operator.BETWEEN, ("9", "x")),
                    RuleTest("line.units", Operator.AT_LEAST, ("1",)),
                )
            ),
            Clause((RuleTest("service_date", Operator.BETWEEN, ("2026-02-01", "2026-01-01")),)),
        ),
    )
    found = {fault.path: fault.message for fault in faults_of([bad, rule("twice", hold())], PAYERS)}
    assert set(found) == {
        "rules[0].clauses[0].tests",
        "rules[0].clauses[1].tests[0].field",
        "rules[0].clauses[1].tests[1].operator",
        "rules[0].clauses[2].tests[0].values[1]",
        "rules[0].clauses[2].tests[1].field",
        "rules[0].clauses[3].tests[0].values",
        "rules[0].actions[0].field",
        "rules[0].actions[1].value",
        "rules[0].actions[2].field",
        "rules[0].actions[3].reason",
        "rules[0].actions[4].value",
        "rules[1].key",
    }


def test_examples_are_kept_with_the_rule_and_say_what_is_not_as_expected():
    """A rule that no longer does what its example says is found out before it goes live."""
    good = Example("lab work", CLAIM, Expectation(True, claims=2, fields={"lines[1].payer": "LABS"}))
    wrong = Example("a visit", CLAIM, Expectation(False, held=True, fields={"lines[0].payer": "LABS", "colour": "red"}))
    kept = rule("lab", Action(ActionKind.CARVE_OUT, value="LABS"), lines=(LABORATORY,), examples=(good, wrong))
    first, second = results_of([kept])
    assert first.problems == ()
    assert second.problems == (
        "the rule fires",
        "the claim is not held",
        "it comes to 2 claims, not 1",
        "lines[0].payer is 'COMM1', not 'LABS'",
        "colour is not a field of the claim",
    )


def test_a_replay_names_fields_holds_and_money():
    """Before and after of each field, what would be held, and whose charges they would become."""
    rules = [
        rule("lab", Action(ActionKind.CARVE_OUT, value="LABS"), lines=(LABORATORY,)),
        rule("big", hold("look at it"), clauses=asks("charge", Operator.AT_LEAST, "100")),
        rule("auth", Action(ActionKind.SET, "authorisation", "A1"), Action(ActionKind.ROUTE, queue="seniors")),
    ]
    told = difference(Outcome(CLAIM), run(rules, CLAIM))
    assert {(one.path, one.before, one.after) for one in told.changes} == {
        ("authorisation", "", "A1"),
        ("lines[L2].payer", "COMM1", "LABS"),
        ("queue", "", "seniors"),
    }
    assert told.held == ("look at it",)
    assert (told.claims_before, told.claims_after) == (1, 2)
    assert [(one.from_payer, one.to_payer, one.charge_minor) for one in told.moved] == [("COMM1", "LABS", 2_500)]


# ---- whatever rules and claims there are

_SAMPLES = {
    "payer_id": "60054", "filing_indicator": "CI", "group_number": "G1", "insurance_type": "12", "authorisation": "A1",
    "clia": "11D1234567", "rendering_taxonomy": "207Q00000X", "billing_taxonomy": "261QM1300X",
    "line.place_of_service": "12", "line.provider": "supervising",
}  # fmt: skip
_VALUES = {
    FieldKind.TEXT: ["COMM1", "COMM2", "11", "12", "99213", "A1", "M", "rendering"],
    FieldKind.CODES: ["99213", "36415", "I10", "25", "95", "11", "12"],
    FieldKind.NUMBER: ["0", "1", "2", "18", "44"],
    FieldKind.MONEY: ["0", "25", "150.00", "175.5"],
    FieldKind.DATE: ["2026-01-01", "2026-03-02", "2026-12-31"],
}


@st.composite
def drawn_test(draw: st.DrawFn, of_line: bool) -> RuleTest:
    """A test without faults."""
    name = draw(st.sampled_from([one for one, field in FIELDS.items() if (field.of_line is not None) is of_line]))
    field = FIELDS[name]
    operator = draw(st.sampled_from(OPERATORS[field.kind]))
    values = st.sampled_from(_VALUES[field.kind])
    if operator in (Operator.IS_PRESENT, Operator.IS_ABSENT):
        return RuleTest(name, operator)
    if operator is Operator.BETWEEN:
        return RuleTest(name, operator, tuple(sorted(draw(st.tuples(values, values)), key=field.parse)))
    if operator in (Operator.AT_LEAST, Operator.AT_MOST):
        return RuleTest(name, operator, (draw(values),))
    return RuleTest(name, operator, tuple(draw(st.lists(values, min_size=1, max_size=3))))


actions = st.one_of(
    st.just(hold()),
    st.sampled_from(["seniors", "medicare"]).map(lambda queue: Action(ActionKind.ROUTE, queue=queue)),
    st.sampled_from(WRITABLE).map(lambda name: Action(ActionKind.SET, name, _SAMPLES[name])),
    st.sampled_from(["25", "95", "GT"]).map(lambda one: Action(ActionKind.ADD_MODIFIER, value=one)),
    st.sampled_from(["25", "95"]).map(lambda one: Action(ActionKind.REMOVE_MODIFIER, value=one)),
    st.sampled_from(PAYERS).map(lambda one: Action(ActionKind.CARVE_OUT, value=one)),
    st.just(Action(ActionKind.SPLIT, SplitBy.PLACE.value)),
)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    """Rules without faults."""
    count = draw(st.integers(0, 5))
    return [
        Rule(
            f"r{at}",
            "any rule",
            tuple(draw(st.lists(actions, min_size=1, max_size=3))),
            tuple(
                Clause(tuple(draw(st.lists(drawn_test(False), min_size=1, max_size=2))))
                for _ in range(draw(st.integers(0, 2)))
            ),
            tuple(draw(st.lists(drawn_test(True), max_size=2))),
            last=draw(st.booleans()) and draw(st.booleans()),
        )
        for at in range(count)
    ]


lines = st.builds(
    RuledLine,
    line_id=st.just(""),
    procedure=st.sampled_from(["99213", "36415", "85025"]),
    charge_minor=st.integers(0, 30_000),
    units=st.integers(1, 4),
    service_date=st.sampled_from([DAY, date(2026, 4, 1)]),
    place_of_service=st.sampled_from(["11", "12"]),
    modifiers=st.lists(st.sampled_from(["25", "95", "GA", "57"]), max_size=4, unique=True).map(tuple),
    payer=st.just("COMM1"),
)
claims = st.builds(
    lambda found, age, authorisation: replace(
        CLAIM,
        lines=tuple(replace(line, line_id=f"L{at}") for at, line in enumerate(found)),
        patient_age=age,
        authorisation=authorisation,
    ),
    st.lists(lines, min_size=1, max_size=6),
    st.one_of(st.none(), st.integers(0, 90)),
    st.sampled_from(["", "A1"]),
)


@given(rules=rule_lists(), claim=claims)
@settings(max_examples=150, deadline=None)
def test_every_pass_ends_and_loses_nothing(rules: list[Rule], claim: RuledClaim):
    """Each rule fires once at most; no line, charge, unit or code of a service is lost, added or doubled by any rule."""
    assert faults_of(rules, PAYERS) == []
    outcome = run(rules, claim)
    assert len(outcome.fired) == len(set(outcome.fired)) <= len(rules)
    fixed = ("line_id", "procedure", "charge_minor", "units", "service_date")
    for line, later in zip(claim.lines, outcome.claim.lines, strict=True):
        assert [getattr(line, name) for name in fixed] == [getattr(later, name) for name in fixed]
        assert len(later.modifiers) <= 4
    in_parts = [line_id for part in outcome.parts for line_id in part.line_ids]
    assert sorted(in_parts) == sorted(line.line_id for line in claim.lines)


@given(rules=rule_lists(), claim=claims)
@settings(max_examples=150, deadline=None)
def test_order_matters_only_where_it_is_declared_to(rules: list[Rule], claim: RuledClaim):
    """Two neighbours that neither read nor write what the other writes may change places without any difference."""
    for at, (one, other) in enumerate(pairwise(rules)):
        if order_matters(one, other):
            continue
        swapped = [*rules[:at], other, one, *rules[at + 2 :]]
        before, after = run(rules, claim), run(swapped, claim)
        assert before.claim == after.claim
        assert set(before.fired) == set(after.fired)
        assert set(before.holds) == set(after.holds)
        assert set(before.routes) == set(after.routes)


@given(rules=rule_lists(), claim=claims)
@settings(max_examples=100, deadline=None)
def test_what_is_kept_can_be_run_again(rules: list[Rule], claim: RuledClaim):
    """Rules and outcomes survive being stored; the same rules over the same claim differ from themselves in nothing."""
    kept = [from_json(Rule, to_json(one)) for one in rules]
    assert kept == rules
    outcome = run(rules, claim)
    assert from_json(Outcome, to_json(outcome)) == outcome
    assert not difference(outcome, run(kept, from_json(RuledClaim, to_json(claim)))).any


def test_parts_get_smaller_until_they_are_of_one_kind():
    """Splitting ends: each part has fewer lines than what it was split from, and a line cannot be split."""
    rules = [rule("alone", Action(ActionKind.SPLIT, SplitBy.CHOSEN.value), lines=(LABORATORY,))]
    outcome = run(rules, CLAIM)
    for part in outcome.parts:
        alone = replace(CLAIM, lines=tuple(line for line in CLAIM.lines if line.line_id in part.line_ids))
        assert len(run(rules, alone).parts) == 1
