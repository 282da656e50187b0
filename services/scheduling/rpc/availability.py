"""Rules of single resources, pools, clearances, clock shifts."""

from __future__ import annotations

from uuid import UUID

from polyclinic.scheduling.v1 import availability_pb2 as pb

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from chassis.protos import identifier, timestamp
from scheduling.domain.appointment_types import ClearanceKind
from scheduling.domain.limits import ResourceRule, VisitLimits
from scheduling.published import number
from scheduling.rpc import messages, rule_messages
from scheduling.tables_availability import Clearance, ClockShift, ResourceRuleRow
from scheduling.usecases import clearances, clocks, pools, resource_rules
from scheduling.usecases.guards import AppointmentView
from scheduling.usecases.pools import PoolView


class AvailabilityRpc:
    """Every RPC of polyclinic.scheduling.v1.Availability."""

    def SetResourceRule(self, request: pb.SetResourceRuleRequest, call: Call) -> pb.ResourceRule:
        limits = VisitLimits(request.limits.per_day, request.limits.per_week)
        rule = ResourceRule(request.buffer_before_minutes, request.buffer_after_minutes, limits)
        return _rule(resource_rules.set_rule(call, identifier(request.resource_id), rule, request.version))

    def GetResourceRule(self, request: pb.GetResourceRuleRequest, call: Call) -> pb.ResourceRule:
        return _rule(resource_rules.get_rule(call, identifier(request.resource_id)))

    def ListResourceRules(self, request: pb.ListResourceRulesRequest, call: Call) -> pb.ListResourceRulesResponse:
        rows, token = resource_rules.list_rules(call, request.page_size, request.page_token)
        return pb.ListResourceRulesResponse(rules=[_rule(row) for row in rows], next_page_token=token)

    def CreatePractitionerPool(self, request: pb.CreatePractitionerPoolRequest, call: Call) -> pb.PractitionerPool:
        return _pool(pools.create(call, request.pool.name.strip(), _weights(request.pool)))

    def UpdatePractitionerPool(self, request: pb.UpdatePractitionerPoolRequest, call: Call) -> pb.PractitionerPool:
        pool_id, name = identifier(request.practitioner_pool_id), request.pool.name.strip()
        return _pool(pools.update(call, pool_id, name, _weights(request.pool), request.version))

    def DeletePractitionerPool(self, request: pb.DeletePractitionerPoolRequest, call: Call) -> pb.PractitionerPool:
        return _pool(pools.delete(call, identifier(request.practitioner_pool_id)))

    def ListPractitionerPools(
        self, request: pb.ListPractitionerPoolsRequest, call: Call
    ) -> pb.ListPractitionerPoolsResponse:
        views, token = pools.list_pools(call, request.page_size, request.page_token)
        return pb.ListPractitionerPoolsResponse(pools=[_pool(view) for view in views], next_page_token=token)

    def GrantClearance(self, request: pb.GrantClearanceRequest, call: Call) -> pb.Clearance:
        first, last = messages.days_of(request.dates)
        kind = ClearanceKind(request.kind)
        return _clearance(clearances.grant(call, identifier(request.patient_id), kind, request.code, first, last))

    def RevokeClearance(self, request: pb.RevokeClearanceRequest, call: Call) -> pb.Clearance:
        return _clearance(clearances.revoke(call, identifier(request.clearance_id)))

    def ListClearances(self, request: pb.ListClearancesRequest, call: Call) -> pb.ListClearancesResponse:
        patient_id = identifier(request.patient_id)
        rows, token = clearances.list_clearances(call, patient_id, request.page_size, request.page_token)
        return pb.ListClearancesResponse(clearances=[_clearance(row) for row in rows], next_page_token=token)

    def ListClockShifts(self, request: pb.ListClockShiftsRequest, call: Call) -> pb.ListClockShiftsResponse:
        found, token = clocks.list_shifts(call, request.include_settled, request.page_size, request.page_token)
        return pb.ListClockShiftsResponse(shifts=[_shift(*one) for one in found], next_page_token=token)

    def SettleClockShift(self, request: pb.SettleClockShiftRequest, call: Call) -> pb.ClockShift:
        return _shift(*clocks.settle(call, identifier(request.clock_shift_id), move=request.move))


def _rule(row: ResourceRuleRow) -> pb.ResourceRule:
    return pb.ResourceRule(
        resource_id=str(row.id),
        buffer_before_minutes=row.buffer_before_minutes,
        buffer_after_minutes=row.buffer_after_minutes,
        limits=rule_messages.limits(VisitLimits(row.visits_per_day, row.visits_per_week)),
        version=row.version,
    )


def _weights(pool: pb.PractitionerPool) -> dict[UUID, int]:
    """The members' weights. Raises InvalidInput when one is named twice."""
    weights = {identifier(member.practitioner_id): member.weight for member in pool.members}
    if len(weights) < len(pool.members):
        raise InvalidInput([Violation("pool.members", "must name each practitioner once")])
    return weights


def _pool(view: PoolView) -> pb.PractitionerPool:
    return pb.PractitionerPool(
        practitioner_pool_id=str(view.id),
        name=view.name,
        members=[
            pb.PoolMember(practitioner_id=str(member), weight=weight, minutes=view.minutes.get(member, 0))
            for member, weight in sorted(view.weights.items())
        ],
        version=view.version,
    )


def _clearance(row: Clearance) -> pb.Clearance:
    return pb.Clearance(
        clearance_id=str(row.id),
        patient_id=str(row.patient_id),
        kind=number(row.kind),
        code=row.code,
        dates=messages.dates(row.first_day, row.last_day),
        granted_at=timestamp(row.given_at),
        revoked_at=timestamp(row.revoked_at),
    )


def _shift(row: ClockShift, view: AppointmentView) -> pb.ClockShift:
    return pb.ClockShift(
        clock_shift_id=str(row.id),
        appointment=messages.appointment(view),
        promised_time=row.promised_time,
        shown_time=row.shown_time,
        proposed_start_time=timestamp(row.proposed_start),
        found_at=timestamp(row.found_at),
        settled_at=timestamp(row.settled_at),
        moved=bool(row.moved),
    )
