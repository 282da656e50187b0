"""The live rules at work on a claim that is being written: fields, holds, routes, carve-outs and splits take effect here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing.domain.charges import VisitCharges
from billing.domain.claim_rule_claims import Surroundings, ruled, wants_other_provider, written_by_rules
from billing.domain.claim_rule_engine import run
from billing.domain.claim_rules import SUPERVISING, ActionKind, Outcome, Part, Rule, RuledClaim
from billing.domain.codec import from_json, to_json
from billing.domain.payers import PayerProfile
from billing.domain.scrub import Finding, Severity
from billing.domain.x12.professional_claim import Frequency, Practitioner, ProfessionalClaim, Responsibility
from billing.store import Store
from billing.tables_claims import Claim, ClaimLine, Coverage
from billing.usecases import claim_follow_ups, claim_life, claims
from billing.usecases.payment_order import PaymentOrder
from chassis.call import Call

# Within Claim.content, beside the claim as written: what the rules made of it, for replays.
KEPT = "rules"


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The live set's number and rules; number 0: there is none."""

    number: int
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, number: int, kept: Sequence[Mapping[str, Any]]) -> LiveRules:
        """From the set as it is stored."""
        return cls(number, tuple(from_json(Rule, rule) for rule in kept))


@dataclass(frozen=True, slots=True)
class Ruling:
    """The claim after the rules with the lines that stay on it, what they hold it for, and what is kept of it all.

    `claim` is None when every line went to claims of other payers: this one is voided.
    """

    claim: ProfessionalClaim | None
    lines: Sequence[ClaimLine]
    findings: tuple[Finding, ...] = ()
    kept: Mapping[str, Any] | None = None


def rule_on(
    call: Call,
    store: Store,
    claim: Claim,
    visit: VisitCharges,
    lines: Sequence[ClaimLine],
    written: ProfessionalClaim,
    payer: PayerProfile,
    location: str,
    live: LiveRules,
) -> Ruling:
    """Runs the live rules over a (locked, draft) claim and does what they say. Nothing is asked when none fires.

    Lines are carved out and split only on a first claim to the first payer: a corrected claim and a later payer's have the
    lines of the claim they speak of. What was carved out once is not carved out again, so that splitting ends.
    """
    before = ruled(written, Surroundings(payer.code, payer.kind.value, location))
    outcome = run(live.rules, before)
    if not outcome.fired:
        return Ruling(written, lines)
    findings = [_finding(live, hold.rule, hold.reason) for hold in outcome.holds]
    after, parts, coverages = _standing(store, claim, visit, outcome, live, findings)
    stays = next((part for part in parts if part.payer == payer.code), None)
    kept = {"number": live.number, "before": to_json(before), "outcome": to_json(outcome)}
    claim_life.note(
        call, store, claim, "ruled", claim.state, f"rules {live.number}: {', '.join(outcome.fired)}", outcome.fired
    )
    for route in outcome.routes[:1]:
        today = claims.local_day(call, store, claim)
        claim_follow_ups.put(
            call,
            store,
            claim,
            queue=route.queue,
            owner_id=route.owner_id,
            next_action=_name(live, route.rule),
            next_action_on=today,
        )
    by_control = {line.line_control: line for line in lines}
    gone = [part for part in parts if part is not stays]
    if gone:
        moving = [[by_control[control].charge_line_id for control in part.line_ids] for part in gone]
        claims.split_off(
            call,
            store,
            claim,
            visit,
            [(charge_line_ids, coverages.get(part.payer)) for part, charge_line_ids in zip(gone, moving, strict=True)],
            whole=stays is None,
            reason=f"rules {live.number}: {', '.join(outcome.fired)}",
        )
    if stays is None:
        return Ruling(None, ())
    staying = set(stays.line_ids)
    after = replace(after, lines=tuple(line for line in after.lines if line.line_id in staying))
    reduced = replace(written, lines=tuple(line for line in written.lines if line.line_control in staying))
    changed = written_by_rules(reduced, after, _practitioners(store, visit, after, live, outcome, findings))
    return Ruling(changed, [line for line in lines if line.line_control in staying], tuple(findings), kept)


def _standing(
    store: Store, claim: Claim, visit: VisitCharges, outcome: Outcome, live: LiveRules, findings: list[Finding]
) -> tuple[RuledClaim, tuple[Part, ...], dict[str, tuple[Coverage, PayerProfile]]]:
    """The claim with only those carve-outs that can be made, its parts, and the coverage of each other payer."""
    after = outcome.claim
    others = {line.payer for line in after.lines} - {after.payer}
    first = claim.responsibility == Responsibility.PRIMARY and claim.frequency == Frequency.ORIGINAL
    coverages: dict[str, tuple[Coverage, PayerProfile]] = {}
    if others and first and claim.split_from_id is None:
        order = PaymentOrder(store).of(visit.patient_id, visit.service_date, visit.accident)
        coverages = {pair[1].code: pair for pair in reversed(order) if pair[1].code in others}
        findings += [
            _finding(
                live, _carver(live, outcome, code), f"the patient has no coverage with {code} on the day of service"
            )
            for code in sorted(others - coverages.keys())
        ]
    lines = tuple(line if line.payer in coverages else replace(line, payer=after.payer) for line in after.lines)
    after = replace(after, lines=lines)
    if not first:
        return after, (Part(after.payer, "", tuple(line.line_id for line in lines)),), {}
    return after, replace(outcome, claim=after).parts, coverages


def _practitioners(
    store: Store, visit: VisitCharges, after: RuledClaim, live: LiveRules, outcome: Outcome, findings: list[Finding]
) -> dict[str, Practitioner | None]:
    """Who renders when lines are billed under the supervising practitioner; a hold when nobody supervised."""
    if not wants_other_provider(after):
        return {}
    who = store.practitioner(visit.supervising_practitioner_id) if visit.supervising_practitioner_id else None
    if who is None:
        findings.append(_finding(live, outcome.fired[-1], "the visit has no supervising practitioner"))
        return {}
    return {SUPERVISING: Practitioner(who.last, who.first, who.npi, who.taxonomy)}


def _finding(live: LiveRules, key: str, reason: str) -> Finding:
    return Finding(
        f"RULE:{key}",
        live.number,
        f"the organisation's own rules, set {live.number}: {_name(live, key)}",
        Severity.HOLD,
        "claim",
        reason,
        "Do what the rule asks for, then have the claim scrubbed again; or release it.",
    )


def _name(live: LiveRules, key: str) -> str:
    return next((rule.name for rule in live.rules if rule.key == key), key)


def _carver(live: LiveRules, outcome: Outcome, payer_code: str) -> str:
    """The rule that wanted lines to go to the payer."""
    return next(
        rule.key
        for rule in reversed(live.rules)
        if rule.key in outcome.fired
        and any(action.kind is ActionKind.CARVE_OUT and action.value == payer_code for action in rule.actions)
    )
