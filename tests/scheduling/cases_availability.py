"""A valid request for each RPC of Availability, for the set tests; what one needs besides the world is made when it is asked for."""

from __future__ import annotations

from typing import Any

from polyclinic.scheduling.v1 import availability_pb2 as pb
from polyclinic.scheduling.v1 import holidays_pb2, scheduling_pb2

from chassis.testing import Case
from tests.scheduling.clocks import pretend_other_clocks


def pool_id(w: Any) -> str:
    """A pool of the world's practitioner."""
    pool = pb.PractitionerPool(
        name="Desk", members=[pb.PoolMember(practitioner_id=str(w.clinic.practitioner_ids[0]), weight=1)]
    )
    made = w.clinic.staff.call("CreatePractitionerPool", pb.CreatePractitionerPoolRequest(pool=pool))
    return str(made.practitioner_pool_id)


def clearance_id(w: Any) -> str:
    """A clearance of the world's patient."""
    request = pb.GrantClearanceRequest(
        patient_id=w.patient_id, kind=scheduling_pb2.CLEARANCE_KIND_REFERRAL, code="cardiology"
    )
    return str(w.clinic.staff.call("GrantClearance", request).clearance_id)


def shift_id(w: Any) -> str:
    """A visit whose local time moved."""
    visit = w.booked
    pretend_other_clocks(w.clinic, hours=1)
    shifts = w.clinic.staff.call("ListClockShifts", pb.ListClockShiftsRequest()).shifts
    return str(next(one.clock_shift_id for one in shifts if one.appointment.appointment_id == visit.appointment_id))


def pool_of(w: Any) -> pb.PractitionerPool:
    """A pool as it is sent."""
    return pb.PractitionerPool(name="Heart", members=[pb.PoolMember(practitioner_id=w.practitioner_id, weight=2)])


def closed_days(w: Any) -> holidays_pb2.SetHolidaysRequest:
    """One day of next year on which the world's location is closed."""
    year = w.clinic.today().year + 1
    days = [holidays_pb2.Holiday(date={"year": year, "month": 7, "day": 3}, name="Founders' Day")]
    return holidays_pb2.SetHolidaysRequest(location_ids=[w.location_id], year=year, holidays=days)


CASES = {
    "ListHolidays": Case(lambda w: holidays_pb2.ListHolidaysRequest(location_id=w.location_id), names_resource=True),
    "SetHolidays": Case(closed_days, names_resource=True),
    "ListPublicHolidays": Case(lambda w: holidays_pb2.ListPublicHolidaysRequest(country="US", year=2027)),
    "SetResourceRule": Case(
        lambda w: pb.SetResourceRuleRequest(
            resource_id=w.practitioner_id, limits=scheduling_pb2.VisitLimits(per_day=12)
        ),
        names_resource=True,
    ),
    "GetResourceRule": Case(lambda w: pb.GetResourceRuleRequest(resource_id=w.location_id), names_resource=True),
    "ListResourceRules": Case(lambda w: pb.ListResourceRulesRequest()),
    "CreatePractitionerPool": Case(lambda w: pb.CreatePractitionerPoolRequest(pool=pool_of(w)), names_resource=True),
    "UpdatePractitionerPool": Case(
        lambda w: pb.UpdatePractitionerPoolRequest(practitioner_pool_id=pool_id(w), pool=pool_of(w)),
        names_resource=True,
    ),
    "DeletePractitionerPool": Case(
        lambda w: pb.DeletePractitionerPoolRequest(practitioner_pool_id=pool_id(w)), names_resource=True
    ),
    "ListPractitionerPools": Case(lambda w: pb.ListPractitionerPoolsRequest()),
    "GrantClearance": Case(
        lambda w: pb.GrantClearanceRequest(
            patient_id=w.patient_id, kind=scheduling_pb2.CLEARANCE_KIND_REFERRAL, code="cardiology"
        ),
        names_resource=True,
    ),
    "RevokeClearance": Case(lambda w: pb.RevokeClearanceRequest(clearance_id=clearance_id(w)), names_resource=True),
    "ListClearances": Case(lambda w: pb.ListClearancesRequest(patient_id=w.patient_id), names_resource=True),
    "ListClockShifts": Case(lambda w: pb.ListClockShiftsRequest()),
    "SettleClockShift": Case(lambda w: pb.SettleClockShiftRequest(clock_shift_id=shift_id(w)), names_resource=True),
}
