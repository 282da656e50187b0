"""The biller's rule sets: drafted, judged, replayed over past claims, published, retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from uuid import UUID

from billing.domain.claim_replay import Difference, Totals, difference, totals_of
from billing.domain.claim_rule_checks import ExampleResult, Fault, faults_of, results_of
from billing.domain.claim_rule_claims import Surroundings, ruled
from billing.domain.claim_rule_engine import order_matters, run
from billing.domain.claim_rules import Outcome, Rule, RuledClaim
from billing.domain.codec import from_json, to_json
from billing.store import Store
from billing.tables_claim_rules import ClaimRuleSet
from billing.tables_claims import Claim
from billing.usecases.claim_ruling import KEPT
from billing.usecases.scrubbing import content_of
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation

DRAFT, LIVE, RETIRED = "draft", "live", "retired"
MOST_RULES = 200


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said about a set. Examples are run only when nothing is wrong with the rules."""

    faults: Sequence[Fault]
    examples: Sequence[ExampleResult]
    orders: Sequence[tuple[str, str]]

    @property
    def sound(self) -> bool:
        """Whether it could go live."""
        return not self.faults and not any(result.problems for result in self.examples)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The claims of one page that would be different, and the sums over all of the page."""

    claims: Sequence[tuple[Claim, str, Difference]]  # claim, its payer's code, what would be different
    totals: Totals
    next_page_token: str


def create(call: Call, name: str, copy_of_id: UUID | None) -> ClaimRuleSet:
    """A new draft, empty or with the rules of another set. Raises NotFound."""
    store = Store(call.session)
    copied = store.need(ClaimRuleSet, copy_of_id, "rule set") if copy_of_id else None
    return store.add(
        ClaimRuleSet(
            id=call.new_id(),
            number=store.next_number("claim_rule_set"),
            name=name,
            state=DRAFT,
            rules=list(copied.rules) if copied else [],
            copy_of_id=copy_of_id,
            created_at=call.now,
            created_by=call.principal.id,
            published_at=None,
            published_by="",
            retired_at=None,
        )
    )


def get(call: Call, set_id: UUID) -> ClaimRuleSet:
    """One set. Raises NotFound."""
    return Store(call.session).need(ClaimRuleSet, set_id, "rule set")


def list_sets(call: Call, state: str, page_size: int, page_token: str) -> tuple[list[ClaimRuleSet], str]:
    """Sets, the newest first."""
    return Store(call.session).rule_set_page(state, page_size, page_token)


def rules_of(row: ClaimRuleSet) -> list[Rule]:
    """The rules of a set in their order."""
    return [from_json(Rule, rule) for rule in row.rules]


def put_rule(call: Call, set_id: UUID, rule: Rule, position: int, version: int) -> ClaimRuleSet:
    """Adds a rule to a draft or replaces the one of its key; `position` from 1, 0 keeps its place.

    Raises InvalidInput with every violation, FailedPrecondition, StaleVersion, NotFound.
    """
    store = Store(call.session)
    row = _draft(call, store, set_id, version)
    rules = rules_of(row)
    known = next((at for at, one in enumerate(rules) if one.key == rule.key), None)
    if known is None and len(rules) >= MOST_RULES:
        raise FailedPrecondition(f"A set has at most {MOST_RULES} rules.")
    if known is not None:
        del rules[known]
    at = position - 1 if position else len(rules) if known is None else known
    rules.insert(at, rule)
    faults = [
        Violation(fault.path.replace(f"rules[{rules.index(rule)}]", "rule", 1), fault.message)
        for fault in faults_of(rules, set(store.payer_codes().values()))
        if fault.path.startswith(f"rules[{rules.index(rule)}].")
    ]
    if faults:
        raise InvalidInput(faults)
    row.rules = to_json(rules)
    store.session.flush()
    return row


def remove_rule(call: Call, set_id: UUID, key: str, version: int) -> ClaimRuleSet:
    """Takes a rule out of a draft. Raises FailedPrecondition, StaleVersion, NotFound."""
    store = Store(call.session)
    row = _draft(call, store, set_id, version)
    staying = [rule for rule in row.rules if rule["key"] != key]
    if len(staying) == len(row.rules):
        raise NotFound("rule")
    row.rules = staying
    store.session.flush()
    return row


def judge(call: Call, set_id: UUID) -> Judgement:
    """Every violation, every example, and the neighbours that may not change places. Raises NotFound."""
    store = Store(call.session)
    return _judged(store, rules_of(store.need(ClaimRuleSet, set_id, "rule set")))


def publish(call: Call, set_id: UUID, version: int) -> ClaimRuleSet:
    """Makes a draft the live set and retires the one before. Raises InvalidInput, FailedPrecondition, StaleVersion, NotFound."""
    store = Store(call.session)
    row = _draft(call, store, set_id, version)
    judgement = _judged(store, rules_of(row))
    if not judgement.sound:
        raise InvalidInput(
            [Violation(fault.path, fault.message) for fault in judgement.faults]
            + [
                Violation(f"rules.{result.rule}.examples.{result.example}", problem)
                for result in judgement.examples
                for problem in result.problems
            ]
        )
    before = store.live_rule_set()
    if before is not None:
        before.state, before.retired_at = RETIRED, call.now
        store.session.flush()
    row.state, row.published_at, row.published_by = LIVE, call.now, call.principal.id
    store.session.flush()
    return row


def retire(call: Call, set_id: UUID, version: int) -> ClaimRuleSet:
    """Ends the live set, or gives a draft up. Raises FailedPrecondition, StaleVersion, NotFound."""
    store = Store(call.session)
    row = store.lock(ClaimRuleSet, set_id, "rule set")
    call.expect_version(row.version, version)
    if row.state == RETIRED:
        raise FailedPrecondition("The rules are retired already.")
    row.state, row.retired_at = RETIRED, call.now
    store.session.flush()
    return row


def replay(
    call: Call,
    set_id: UUID,
    payer_code: str,
    first: date | None,
    last: date | None,
    page_size: int,
    page_token: str,
) -> Replayed:
    """Runs a set over one page of past claims, newest first, and changes nothing. Raises FailedPrecondition, NotFound.

    A claim is looked at as it was before any rule; it is compared with what the rules of its time made of it.
    """
    store = Store(call.session)
    rules = rules_of(store.need(ClaimRuleSet, set_id, "rule set"))
    codes = store.payer_codes()
    if faults_of(rules, set(codes.values())):
        raise FailedPrecondition("The rules have violations; check them first.")
    payer = store.payer_row(payer_code) if payer_code else None
    if payer_code and payer is None:
        raise NotFound("payer")
    rows, token = store.written_claims(payer.id if payer else None, first, last, page_size, page_token)
    if call.principal.location_ids:
        rows = [row for row in rows if row.location_id in call.principal.location_ids]
    kinds = {one.payer_id: one.kind.value for one in store.payers()}
    places = {location.id: location.name for location in store.locations()}
    told = []
    for row in rows:
        around = Surroundings(codes.get(row.payer_id, ""), kinds.get(row.payer_id, ""), places.get(row.location_id, ""))
        before = _as_it_was(row, around)
        if before is None:
            continue
        told.append((row, around.payer, difference(before[1], run(rules, before[0]))))
    sums = totals_of((row.charge_minor, row.paid_minor, one) for row, _, one in told)
    return Replayed([entry for entry in told if entry[2].any], sums, token)


def _as_it_was(row: Claim, around: Surroundings) -> tuple[RuledClaim, Outcome] | None:
    """A claim before any rule, and what the rules of its time made of it."""
    kept = (row.content or {}).get(KEPT)
    if kept:
        return from_json(RuledClaim, kept["before"]), from_json(Outcome, kept["outcome"])
    written = content_of(row)
    if written is None:
        return None
    plain = ruled(written, around)
    return plain, Outcome(plain)


def _judged(store: Store, rules: Sequence[Rule]) -> Judgement:
    faults = faults_of(rules, set(store.payer_codes().values()))
    orders = [(one.key, other.key) for one, other in pairwise(rules) if not faults and order_matters(one, other)]
    return Judgement(faults, [] if faults else results_of(rules), orders)


def _draft(call: Call, store: Store, set_id: UUID, version: int) -> ClaimRuleSet:
    row = store.lock(ClaimRuleSet, set_id, "rule set")
    call.expect_version(row.version, version)
    if row.state != DRAFT:
        raise FailedPrecondition("Only drafts are changed; begin a new one from these rules.")
    return row
