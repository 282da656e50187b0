"""The servicer: protobuf in → use case → protobuf out, by noun."""

from __future__ import annotations

from google.protobuf.descriptor import ServiceDescriptor
from polyclinic.scheduling.v1 import (
    availability_pb2,
    booking_policy_pb2,
    calendars_pb2,
    group_visits_pb2,
    holidays_pb2,
    linked_visits_pb2,
    no_show_risk_pb2,
    overrides_pb2,
    rebooking_pb2,
    recalls_pb2,
    running_late_pb2,
    scheduling_pb2,
    series_pb2,
    walk_ins_pb2,
)

from scheduling.adapters.web_calendars import WebCalendars
from scheduling.cache import AvailabilityCache
from scheduling.rpc.availability import AvailabilityRpc
from scheduling.rpc.booking import BookingRpc
from scheduling.rpc.booking_rules import BookingOverridesRpc, BookingPoliciesRpc, GroupVisitsRpc
from scheduling.rpc.calendars import CalendarsRpc
from scheduling.rpc.day import RunningLateRpc, WalkInsRpc
from scheduling.rpc.holidays import HolidaysRpc
from scheduling.rpc.rebooking import RebookingsRpc
from scheduling.rpc.recalls import LinkedVisitsRpc, RecallsRpc
from scheduling.rpc.risk import NoShowRiskRpc
from scheduling.rpc.rules import RulesRpc
from scheduling.rpc.series import SeriesRpc
from scheduling.rpc.visits import VisitsRpc
from scheduling.rpc.waitlist import WaitlistRpc


class SchedulingRpc(RulesRpc, BookingRpc, VisitsRpc, WaitlistRpc):
    """Every RPC of polyclinic.scheduling.v1.Scheduling."""

    def __init__(self, cache: AvailabilityCache) -> None:
        self.cache = cache


def servicers(cache: AvailabilityCache, web: WebCalendars) -> list[tuple[ServiceDescriptor, object]]:
    """Every service of the contract with its servicer."""
    return [
        (scheduling_pb2.DESCRIPTOR.services_by_name["Scheduling"], SchedulingRpc(cache)),
        (availability_pb2.DESCRIPTOR.services_by_name["Availability"], AvailabilityRpc()),
        (holidays_pb2.DESCRIPTOR.services_by_name["Holidays"], HolidaysRpc()),
        (calendars_pb2.DESCRIPTOR.services_by_name["Calendars"], CalendarsRpc(web)),
        (series_pb2.DESCRIPTOR.services_by_name["Series"], SeriesRpc(cache)),
        (rebooking_pb2.DESCRIPTOR.services_by_name["Rebookings"], RebookingsRpc()),
        (booking_policy_pb2.DESCRIPTOR.services_by_name["BookingPolicies"], BookingPoliciesRpc()),
        (overrides_pb2.DESCRIPTOR.services_by_name["BookingOverrides"], BookingOverridesRpc()),
        (group_visits_pb2.DESCRIPTOR.services_by_name["GroupVisits"], GroupVisitsRpc()),
        (running_late_pb2.DESCRIPTOR.services_by_name["RunningLate"], RunningLateRpc()),
        (walk_ins_pb2.DESCRIPTOR.services_by_name["WalkIns"], WalkInsRpc()),
        (no_show_risk_pb2.DESCRIPTOR.services_by_name["NoShowRisk"], NoShowRiskRpc()),
        (recalls_pb2.DESCRIPTOR.services_by_name["Recalls"], RecallsRpc()),
        (linked_visits_pb2.DESCRIPTOR.services_by_name["LinkedVisits"], LinkedVisitsRpc(cache)),
    ]
