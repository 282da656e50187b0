"""The words of the pages about the biller's rules."""

from __future__ import annotations

from polyclinic.billing.v1 import claim_rules_pb2 as pb

from gateway.console.words import CLAIM, Known
from gateway.web.i18n import N_

__all__ = ["CLAIM", "RULE_ACTION", "RULE_ACTION_NAME", "RULE_OPERATOR", "RULE_OPERATOR_NAME", "RULE_SET"]

RULE_SET: Known = {
    pb.CLAIM_RULE_SET_STATE_DRAFT: ("○", "", N_("Draft")),
    pb.CLAIM_RULE_SET_STATE_LIVE: ("●", "good", N_("Live")),
    pb.CLAIM_RULE_SET_STATE_RETIRED: ("×", "", N_("Retired")),
}
RULE_OPERATOR: dict[int, str] = {
    pb.RULE_OPERATOR_IS_ANY_OF: N_("is any of"),
    pb.RULE_OPERATOR_IS_NONE_OF: N_("is none of"),
    pb.RULE_OPERATOR_HAS_ALL_OF: N_("has all of"),
    pb.RULE_OPERATOR_STARTS_WITH: N_("starts with"),
    pb.RULE_OPERATOR_BETWEEN: N_("is between"),
    pb.RULE_OPERATOR_AT_LEAST: N_("is at least"),
    pb.RULE_OPERATOR_AT_MOST: N_("is at most"),
    pb.RULE_OPERATOR_IS_PRESENT: N_("is there"),
    pb.RULE_OPERATOR_IS_ABSENT: N_("is missing"),
}
RULE_OPERATOR_NAME: dict[int, str] = {number: pb.RuleOperator.Name(number) for number in RULE_OPERATOR}
RULE_ACTION: dict[int, str] = {
    pb.RULE_ACTION_KIND_HOLD: N_("Hold the claim"),
    pb.RULE_ACTION_KIND_ROUTE: N_("Give it to a queue"),
    pb.RULE_ACTION_KIND_SET: N_("Write a field"),
    pb.RULE_ACTION_KIND_ADD_MODIFIER: N_("Add a modifier"),
    pb.RULE_ACTION_KIND_REMOVE_MODIFIER: N_("Take a modifier off"),
    pb.RULE_ACTION_KIND_CARVE_OUT: N_("Carve out to a payer"),
    pb.RULE_ACTION_KIND_SPLIT: N_("Split the claim"),
}
RULE_ACTION_NAME: dict[int, str] = {number: pb.RuleActionKind.Name(number) for number in RULE_ACTION}
