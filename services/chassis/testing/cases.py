"""What the set tests need to know of an RPC: how to make a valid request for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message


@dataclass(frozen=True)
class Case:
    """One RPC's example. `request` is given what the service's ``world(harness, tenant)`` made in the tenant.

    `names_resource`: the request names something of the tenant, so that another tenant must get NOT_FOUND for the same
    request, and so must a patient's token that does not reach the patient concerned (unless `any_patient`: locations,
    free times and the like are every patient's to see).
    """

    request: Callable[[Any], Message]
    names_resource: bool = False
    any_patient: bool = False
    # Further permissions that success needs beside the RPC's own.
    permissions: tuple[str, ...] = ()
    # The name of the peer service that calls it, when users never do.
    service: str = ""
    # An operator calls it, who belongs to no tenant.
    operator: bool = False
