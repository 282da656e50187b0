"""One example for each RPC about the biller's rules, for the set tests."""

from __future__ import annotations

from polyclinic.billing.v1 import claim_rules_pb2 as pb
from polyclinic.types.v1.types_pb2 import Money

from chassis.testing import Case
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.contracts.growth import Bound


def blood(reason: str = "the order is missing") -> pb.ClaimRule:
    """A rule that holds claims with a blood count, and an example of it."""
    line = pb.RuleExampleLine(procedure="85025", charge=Money(minor_units=2_500, currency="USD"))
    return pb.ClaimRule(
        key="blood",
        name="Blood counts need the order",
        line_tests=[pb.RuleTest(field="line.procedure", operator=pb.RULE_OPERATOR_IS_ANY_OF, values=["85025"])],
        actions=[pb.RuleAction(kind=pb.RULE_ACTION_KIND_HOLD, reason=reason)],
        examples=[pb.RuleExample(name="a count", payer_code="COMM1", lines=[line], fires=True, held=True)],
    )


class RulesWorld:
    """Makes rule sets in an insured clinic."""

    def __init__(self, clinic: InsuredClinic) -> None:
        self.clinic = clinic

    def draft(self, *rules: pb.ClaimRule) -> pb.ClaimRuleSet:
        """A draft with these rules."""
        staff = self.clinic.staff
        made = staff.call("CreateClaimRuleSet", pb.CreateClaimRuleSetRequest(name="Ours"))
        for rule in rules:
            made = staff.call(
                "PutClaimRule",
                pb.PutClaimRuleRequest(claim_rule_set_id=made.claim_rule_set_id, rule=rule, version=made.version),
            )
        return made

    def draft_id(self) -> str:
        return str(self.draft(blood()).claim_rule_set_id)

    def live(self, *rules: pb.ClaimRule) -> pb.ClaimRuleSet:
        """A live set with these rules."""
        draft = self.draft(*rules)
        request = pb.PublishClaimRuleSetRequest(claim_rule_set_id=draft.claim_rule_set_id, version=draft.version)
        return self.clinic.staff.call("PublishClaimRuleSet", request)


CASES: dict[str, Case] = {
    "CreateClaimRuleSet": Case(lambda w: pb.CreateClaimRuleSetRequest(name="Ours")),
    "GetClaimRuleSet": Case(
        lambda w: pb.GetClaimRuleSetRequest(claim_rule_set_id=w.rules.draft_id()), names_resource=True
    ),
    "ListClaimRuleSets": Case(lambda w: pb.ListClaimRuleSetsRequest()),
    "GetClaimRuleFields": Case(lambda w: pb.GetClaimRuleFieldsRequest()),
    "PutClaimRule": Case(
        lambda w: pb.PutClaimRuleRequest(claim_rule_set_id=w.rules.draft_id(), rule=blood("look first")),
        names_resource=True,
    ),
    "RemoveClaimRule": Case(
        lambda w: pb.RemoveClaimRuleRequest(claim_rule_set_id=w.rules.draft_id(), key="blood"), names_resource=True
    ),
    "CheckClaimRuleSet": Case(
        lambda w: pb.CheckClaimRuleSetRequest(claim_rule_set_id=w.rules.draft_id()), names_resource=True
    ),
    "ReplayClaimRuleSet": Case(
        lambda w: pb.ReplayClaimRuleSetRequest(claim_rule_set_id=w.rules.draft_id(), payer_code="COMM1"),
        names_resource=True,
    ),
    "PublishClaimRuleSet": Case(
        lambda w: pb.PublishClaimRuleSetRequest(claim_rule_set_id=w.rules.draft_id()), names_resource=True
    ),
    "RetireClaimRuleSet": Case(
        lambda w: pb.RetireClaimRuleSetRequest(claim_rule_set_id=w.rules.draft_id()), names_resource=True
    ),
}

BOUNDS: dict[str, Bound] = {
    "ReplayClaimRuleSet": Bound(
        "goes through the claims of one payer in the order of their making; a page of claims comes back, and nobody waits at a desk",
        visits_all=True,
    ),
}
