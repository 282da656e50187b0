"""The servicer: protobuf in → use case → protobuf out, by noun."""

from __future__ import annotations

from scheduling.cache import AvailabilityCache
from scheduling.rpc.booking import BookingRpc
from scheduling.rpc.rules import RulesRpc
from scheduling.rpc.visits import VisitsRpc
from scheduling.rpc.waitlist import WaitlistRpc


class SchedulingRpc(RulesRpc, BookingRpc, VisitsRpc, WaitlistRpc):
    """Every RPC of polyclinic.scheduling.v1.Scheduling."""

    def __init__(self, cache: AvailabilityCache) -> None:
        self.cache = cache
