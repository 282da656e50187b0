"""The tenant's send windows, limits and senders."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.call import Call
from chassis.errors import NotFound
from notifications.domain.vocabulary import Channel
from notifications.domain.windows import SendWindow
from notifications.store import Store
from notifications.tables import Policy
from notifications.usecases.tenants import ensure_installed
from notifications.usecases.visits import REPLAN


@dataclass(frozen=True)
class PolicyInput:
    """A policy as somebody wants it; a channel without a window keeps the one it has."""

    windows: dict[Channel, SendWindow]
    sms_per_day: int
    email_per_day: int
    sms_from: str
    email_from: str


def get_policy(call: Call) -> Policy:
    """The tenant's policy. Raises NotFound before the tenant has been heard of."""
    policy = Store(call.session).policy()
    if policy is None:
        raise NotFound("messaging policy")
    return policy


def update_policy(call: Call, wanted: PolicyInput, version: int) -> Policy:
    """Changes the policy as a whole (the caller merged the fields); planned reminders follow. Raises StaleVersion."""
    store = Store(call.session)
    policy = ensure_installed(call, store)
    call.expect_version(policy.version, version)
    if (sms := wanted.windows.get(Channel.SMS)) is not None:
        policy.sms_opens_minute, policy.sms_closes_minute = sms.opens_minute, sms.closes_minute
    if (email := wanted.windows.get(Channel.EMAIL)) is not None:
        policy.email_opens_minute, policy.email_closes_minute = email.opens_minute, email.closes_minute
    policy.sms_per_day, policy.email_per_day = wanted.sms_per_day, wanted.email_per_day
    policy.sms_from, policy.email_from = wanted.sms_from, wanted.email_from
    call.due.at(REPLAN, "all", call.now)
    return store.add(policy)
