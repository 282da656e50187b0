"""Rules and the policy over RPC."""

from __future__ import annotations

from polyclinic.notifications.v1 import events_pb2
from polyclinic.notifications.v1 import notifications_pb2 as pb

from chassis.call import Call
from chassis.masks import merged
from chassis.protos import identifier
from notifications.domain.vocabulary import Channel, Trigger
from notifications.domain.windows import SendWindow
from notifications.rpc.words import to_enum, to_word
from notifications.tables import Policy, Rule
from notifications.usecases import policy, rules
from notifications.usecases.policy import PolicyInput
from notifications.usecases.rules import RuleInput

# What a PATCH cannot name.
FIXED = frozenset({"rule_id", "version"})


class RulesRpc:
    """RPCs about rules and the messaging policy."""

    def ListRules(self, request: pb.ListRulesRequest, call: Call) -> pb.ListRulesResponse:
        rows, token = rules.list_rules(
            call, request.appointment_type_code, request.include_inactive, request.page_size, request.page_token
        )
        return pb.ListRulesResponse(rules=map(_rule, rows), next_page_token=token)

    def GetRule(self, request: pb.GetRuleRequest, call: Call) -> pb.MessageRule:
        return _rule(rules.get_rule(call, identifier(request.rule_id)))

    def CreateRule(self, request: pb.CreateRuleRequest, call: Call) -> pb.MessageRule:
        return _rule(rules.create_rule(call, _rule_input(request.rule)))

    def UpdateRule(self, request: pb.UpdateRuleRequest, call: Call) -> pb.MessageRule:
        rule_id = identifier(request.rule_id)
        wanted = merged(_rule(rules.get_rule(call, rule_id)), request.rule, request.update_mask, fixed=FIXED)
        return _rule(rules.update_rule(call, rule_id, _rule_input(wanted), request.version))

    def DeleteRule(self, request: pb.DeleteRuleRequest, call: Call) -> pb.MessageRule:
        return _rule(rules.delete_rule(call, identifier(request.rule_id), request.version))

    def GetMessagingPolicy(self, _request: pb.GetMessagingPolicyRequest, call: Call) -> pb.MessagingPolicy:
        return _policy(policy.get_policy(call))

    def UpdateMessagingPolicy(self, request: pb.UpdateMessagingPolicyRequest, call: Call) -> pb.MessagingPolicy:
        current = _policy(policy.get_policy(call))
        wanted = merged(current, request.policy, request.update_mask, fixed=FIXED)
        return _policy(policy.update_policy(call, _policy_input(wanted), request.version))


def _rule(row: Rule) -> pb.MessageRule:
    return pb.MessageRule(
        rule_id=str(row.id),
        name=row.name,
        trigger=to_enum(pb.Trigger, "TRIGGER", row.trigger),
        offset_minutes=row.offset_minutes,
        appointment_type_code=row.appointment_type_code,
        channels=[to_enum(events_pb2.Channel, "CHANNEL", channel) for channel in row.channels],
        template_code=row.template_code,
        any_hour=row.any_hour,
        active=row.active,
        version=row.version,
    )


def _rule_input(rule: pb.MessageRule) -> RuleInput:
    return RuleInput(
        name=rule.name,
        trigger=to_word(Trigger, pb.Trigger, "TRIGGER", rule.trigger),
        offset_minutes=rule.offset_minutes,
        appointment_type_code=rule.appointment_type_code,
        channels=tuple(to_word(Channel, events_pb2.Channel, "CHANNEL", channel) for channel in rule.channels),
        template_code=rule.template_code,
        any_hour=rule.any_hour,
        active=rule.active,
    )


def _policy(row: Policy) -> pb.MessagingPolicy:
    return pb.MessagingPolicy(
        windows=[
            pb.SendWindow(
                channel=events_pb2.CHANNEL_EMAIL,
                opens_minute=row.email_opens_minute,
                closes_minute=row.email_closes_minute,
            ),
            pb.SendWindow(
                channel=events_pb2.CHANNEL_SMS, opens_minute=row.sms_opens_minute, closes_minute=row.sms_closes_minute
            ),
        ],
        sms_per_day=row.sms_per_day,
        email_per_day=row.email_per_day,
        sms_from=row.sms_from,
        email_from=row.email_from,
        version=row.version,
    )


def _policy_input(wanted: pb.MessagingPolicy) -> PolicyInput:
    return PolicyInput(
        windows={
            to_word(Channel, events_pb2.Channel, "CHANNEL", window.channel): SendWindow(
                window.opens_minute, window.closes_minute
            )
            for window in wanted.windows
        },
        sms_per_day=wanted.sms_per_day,
        email_per_day=wanted.email_per_day,
        sms_from=wanted.sms_from,
        email_from=wanted.email_from,
    )
