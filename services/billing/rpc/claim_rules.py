"""Servicer of `ClaimRules`: protobuf in → use case → protobuf out."""

from __future__ import annotations

from polyclinic.billing.v1 import claim_rules_pb2 as pb

from billing.domain.claim_replay import Difference, Moved, Totals
from billing.domain.claim_rule_fields import FIELDS, OPERATORS
from billing.rpc import claim_rules_mapping as to
from billing.tables_claims import Claim
from billing.usecases import claim_rules
from chassis.call import Call
from chassis.protos import date_message, identifier, money, optional_date, optional_identifier


class ClaimRulesRpc:
    """The organisation's own rules on claims."""

    def CreateClaimRuleSet(self, request: pb.CreateClaimRuleSetRequest, call: Call) -> pb.ClaimRuleSet:
        row = claim_rules.create(call, request.name, optional_identifier(request.copy_of_id))
        return to.rule_set(row, claim_rules.rules_of(row))

    def GetClaimRuleSet(self, request: pb.GetClaimRuleSetRequest, call: Call) -> pb.ClaimRuleSet:
        row = claim_rules.get(call, identifier(request.claim_rule_set_id))
        return to.rule_set(row, claim_rules.rules_of(row))

    def ListClaimRuleSets(self, request: pb.ListClaimRuleSetsRequest, call: Call) -> pb.ListClaimRuleSetsResponse:
        state = to.STATE_NAMES.get(request.state, "")
        rows, token = claim_rules.list_sets(call, state, request.page_size, request.page_token)
        return pb.ListClaimRuleSetsResponse(sets=[to.rule_set(row, None) for row in rows], next_page_token=token)

    def GetClaimRuleFields(self, request: pb.GetClaimRuleFieldsRequest, call: Call) -> pb.GetClaimRuleFieldsResponse:
        return pb.GetClaimRuleFieldsResponse(
            fields=[
                pb.ClaimRuleField(
                    name=name,
                    kind=field.kind.value,
                    of_line=field.of_line is not None,
                    writable=field.writable is not None,
                    operators=[to.OPERATOR_MESSAGES[one] for one in OPERATORS[field.kind]],
                )
                for name, field in FIELDS.items()
            ]
        )

    def PutClaimRule(self, request: pb.PutClaimRuleRequest, call: Call) -> pb.ClaimRuleSet:
        set_id = identifier(request.claim_rule_set_id)
        row = claim_rules.put_rule(call, set_id, to.rule_of(request.rule), request.position, request.version)
        return to.rule_set(row, claim_rules.rules_of(row))

    def RemoveClaimRule(self, request: pb.RemoveClaimRuleRequest, call: Call) -> pb.ClaimRuleSet:
        row = claim_rules.remove_rule(call, identifier(request.claim_rule_set_id), request.key, request.version)
        return to.rule_set(row, claim_rules.rules_of(row))

    def CheckClaimRuleSet(self, request: pb.CheckClaimRuleSetRequest, call: Call) -> pb.CheckClaimRuleSetResponse:
        said = claim_rules.judge(call, identifier(request.claim_rule_set_id))
        answer = pb.CheckClaimRuleSetResponse
        return answer(
            faults=[answer.Fault(path=fault.path, message=fault.message) for fault in said.faults],
            examples=[
                answer.Example(rule=one.rule, example=one.example, problems=one.problems) for one in said.examples
            ],
            orders=[answer.Order(earlier=earlier, later=later) for earlier, later in said.orders],
            sound=said.sound,
        )

    def ReplayClaimRuleSet(self, request: pb.ReplayClaimRuleSetRequest, call: Call) -> pb.ReplayClaimRuleSetResponse:
        done = claim_rules.replay(
            call,
            identifier(request.claim_rule_set_id),
            request.payer_code,
            optional_date(request.service_from, "service_from"),
            optional_date(request.service_to, "service_to"),
            request.page_size,
            request.page_token,
        )
        return pb.ReplayClaimRuleSetResponse(
            claims=[_replayed(*one) for one in done.claims],
            totals=_totals(done.totals),
            next_page_token=done.next_page_token,
        )

    def PublishClaimRuleSet(self, request: pb.PublishClaimRuleSetRequest, call: Call) -> pb.ClaimRuleSet:
        row = claim_rules.publish(call, identifier(request.claim_rule_set_id), request.version)
        return to.rule_set(row, claim_rules.rules_of(row))

    def RetireClaimRuleSet(self, request: pb.RetireClaimRuleSetRequest, call: Call) -> pb.ClaimRuleSet:
        row = claim_rules.retire(call, identifier(request.claim_rule_set_id), request.version)
        return to.rule_set(row, claim_rules.rules_of(row))


def _replayed(row: Claim, payer_code: str, one: Difference) -> pb.ReplayedClaim:
    return pb.ReplayedClaim(
        claim_id=str(row.id),
        control=row.control,
        patient_id=str(row.patient_id),
        payer_code=payer_code,
        state=row.state,
        service_date=date_message(row.service_date),
        charge=money(row.charge_minor),
        paid=money(row.paid_minor),
        fired=one.fired,
        changes=[pb.ReplayedField(path=c.path, before=c.before, after=c.after) for c in one.changes],
        held=one.held,
        no_longer_held=one.no_longer_held,
        claims_before=one.claims_before,
        claims_after=one.claims_after,
        moved=[_moved(part) for part in one.moved],
    )


def _moved(part: Moved) -> pb.ReplayedMoney:
    return pb.ReplayedMoney(
        from_payer_code=part.from_payer, to_payer_code=part.to_payer, charge=money(part.charge_minor)
    )


def _totals(sums: Totals) -> pb.ReplayTotals:
    return pb.ReplayTotals(
        claims=sums.claims,
        different=sums.different,
        held=sums.held,
        held_charge=money(sums.held_minor),
        no_longer_held=sums.no_longer_held,
        no_longer_held_charge=money(sums.no_longer_held_minor),
        split=sums.split,
        moved=[_moved(part) for part in sums.moved],
        paid_at_stake=money(sums.paid_at_stake_minor),
    )
