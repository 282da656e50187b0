"""Patients and coverages, asked of the patient registry when a claim or a 270 is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.types.v1 import types_pb2

from billing.domain.profiles import CoverageDetails, Person, Profile
from billing.domain.x12.professional_claim import SELF, PostalAddress
from chassis.call import Call
from chassis.peers import Peer
from chassis.protos import optional_date

BATCH = 500
# A sex that payers do not record is written as unknown (DMG03 U).
SEXES = {types_pb2.SEX_FEMALE: "F", types_pb2.SEX_MALE: "M"}
RELATIONSHIPS = {
    registry_pb2.SUBSCRIBER_RELATION_SELF: SELF,
    registry_pb2.SUBSCRIBER_RELATION_SPOUSE: "01",
    registry_pb2.SUBSCRIBER_RELATION_CHILD: "19",
    registry_pb2.SUBSCRIBER_RELATION_OTHER: "G8",
}
KINDS = {
    registry_events.COVERAGE_KIND_AUTO: "auto",
    registry_events.COVERAGE_KIND_WORKERS_COMP: "workers_comp",
    registry_events.COVERAGE_KIND_EMPLOYER: "employer",
}


class Registry:
    """The registry as claims and eligibility see it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def profiles(self, call: Call, patient_ids: Sequence[UUID]) -> dict[UUID, Profile]:
        """Profiles by patient, those that exist. Raises Unavailable when the registry does not answer."""
        found: dict[UUID, Profile] = {}
        for start in range(0, len(patient_ids), BATCH):
            ids = [str(patient_id) for patient_id in patient_ids[start : start + BATCH]]
            request = registry_pb2.GetBillingProfilesRequest(patient_ids=ids)
            answer = cast(registry_pb2.GetBillingProfilesResponse, self._peer.call("GetBillingProfiles", request, call))
            for profile in answer.profiles:
                found[UUID(profile.patient_id)] = _profile(profile)
        return found


def _profile(profile: registry_pb2.BillingProfile) -> Profile:
    return Profile(
        patient_id=UUID(profile.patient_id),
        person=_person(profile.name, profile),
        died_on=optional_date(profile.deceased_on),
        coverages=tuple(_coverage(coverage) for coverage in profile.coverages if coverage.active),
    )


def _coverage(coverage: registry_pb2.Coverage) -> CoverageDetails:
    own = coverage.subscriber_relation in (
        registry_pb2.SUBSCRIBER_RELATION_SELF,
        registry_pb2.SUBSCRIBER_RELATION_UNSPECIFIED,
    )
    return CoverageDetails(
        coverage_id=UUID(coverage.coverage_id),
        payer_code=coverage.payer_code,
        member_id=coverage.member_id.replace(" ", ""),
        group_number=coverage.group_number,
        plan_name=coverage.plan_name,
        relationship=RELATIONSHIPS.get(coverage.subscriber_relation, SELF),
        subscriber=None if own else _person(coverage.subscriber.name, coverage.subscriber),
        start=optional_date(coverage.period.start),
        end=optional_date(coverage.period.end),
        insurance_type=coverage.insurance_type_code,
        case_number=coverage.case.number,
        accident_date=optional_date(coverage.case.accident_date),
        accident_state=coverage.case.accident_state,
        kind=KINDS.get(coverage.kind, "health"),
    )


def _person(name: types_pb2.HumanName, of: registry_pb2.BillingProfile | registry_pb2.Subscriber) -> Person:
    return Person(
        last=name.family,
        first=name.given,
        middle=name.middle,
        birth_date=optional_date(of.birth_date),
        sex=SEXES.get(of.sex, "U"),
        address=_address(of.address),
    )


def _address(address: types_pb2.Address) -> PostalAddress | None:
    if not address.lines and not address.city:
        return None
    lines = [*address.lines, "", ""]
    return PostalAddress(lines[0], lines[1], address.city, address.state, address.postal_code)
