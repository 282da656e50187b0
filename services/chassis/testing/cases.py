"""What the set tests need to know of an RPC: how to make a valid request for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message


@dataclass(frozen=True)
class Case:
    """One RPC's example. `request` is given what the service's `world(harness, tenant)` made in the tenant.

    `names_resource`: the request names something of the tenant, so another tenant must get NOT_FOUND for the same
    request. `unavailable`: a reason why success cannot be shown here (it is shown elsewhere).
    """

    request: Callable[[Any], Message]
    names_resource: bool = False
    # More permissions than the RPC's own that its success needs.
    permissions: tuple[str, ...] = ()
    # A service principal calls it (peers), not a user.
    as_service: bool = False
