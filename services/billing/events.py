"""Everything billing consumes, in one place; handlers are written by noun in `events_*.py`."""

from __future__ import annotations

from billing import events_claims, events_money

SUBSCRIPTIONS = (*events_money.SUBSCRIPTIONS, *events_claims.SUBSCRIPTIONS)
