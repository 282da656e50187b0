"""Credentials that both sides of a wire agree on, from the environment; without them a simulator takes any.

The names are those under which the services get the same credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """Who may call the simulators, and with which secret they sign their webhooks."""

    submitters: Mapping[str, str] = field(default_factory=dict, repr=False)
    sms_accounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    card_secret_key: str = field(default="", repr=False)
    card_publishable_key: str = field(default="", repr=False)
    card_webhook_secret: str = field(default="whsec_simulator", repr=False)

    @classmethod
    def from_environment(cls) -> Settings:
        """Reads POLYCLINIC_CLEARINGHOUSE_*, POLYCLINIC_SMS_* and POLYCLINIC_CARD_*."""

        def given(name: str) -> str:
            return os.environ.get(f"POLYCLINIC_{name}", "")

        submitter, account = given("CLEARINGHOUSE_SUBMITTER"), given("SMS_ACCOUNT")
        return cls(
            submitters={submitter: given("CLEARINGHOUSE_SECRET")} if submitter else {},
            sms_accounts={account: given("SMS_TOKEN")} if account else {},
            card_secret_key=given("CARD_SECRET_KEY"),
            card_publishable_key=given("CARD_PUBLISHABLE_KEY"),
            card_webhook_secret=given("CARD_WEBHOOK_SECRET") or cls.card_webhook_secret,
        )
