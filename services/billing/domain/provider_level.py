"""PLB: money that moves outside of claims, to the takeback sub-ledger or a named account."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from billing.domain.posting import PostingDecision, PostingKind
from billing.domain.x12.remittance import ProviderAdjustment

# PLB03-1 → the account on the other side. Source: 005010X221A1, PLB segment, adjustment reason codes.
PROVIDER_LEVEL_ACCOUNTS: Mapping[str, str] = {
    "WO": "takeback",
    "FB": "takeback",
    "72": "takeback",
    "WU": "takeback",
    "B3": "takeback",
    "OB": "takeback",
    "RA": "takeback",
    "L6": "interest",
    "E3": "withholding",
    "IR": "withholding",
    "LE": "levy",
    "AP": "advance",
    "PI": "advance",
    "IS": "advance",
    "CT": "capitation",
    "CR": "capitation",
    "IP": "incentive",
    "BN": "incentive",
    "50": "late_filing",
}


def provider_level(entry: ProviderAdjustment, payer_id: UUID, billing_entity_id: UUID | None) -> PostingDecision:
    """A PLB entry as money through the bank: what PLB04 takes away is negative here."""
    account = PROVIDER_LEVEL_ACCOUNTS.get(entry.code, "provider_adjustment")
    kind = PostingKind.INTEREST if account == "interest" else PostingKind.TAKEBACK
    return PostingDecision(
        kind,
        -entry.amount_minor,
        payer_id,
        billing_entity_id=billing_entity_id,
        account=account,
        carc=entry.code,
        reference=entry.reference,
    )
