"""What other services ask of the registry: billing profiles, visits told by events, snapshots."""

from __future__ import annotations

from datetime import timedelta

import pytest
from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7
from chassis.testing.harness import expect_error
from tests.patient_registry.people import NINE, add_coverage, appointment, day, home, mobile, name, person, register


@pytest.fixture
def tenant(registry):
    """A tenant of the test's own."""
    return registry.tenant()


@pytest.fixture
def desk(registry, tenant):
    """Somebody at the front desk."""
    return registry.client(tenant, ["patient.*", "coverage.*"])


@pytest.fixture
def billing(registry, tenant):
    """The billing service."""
    return registry.client(tenant, ["patient.billing_profile", "patient.snapshot"], service="billing")


def profiles(client, *patient_ids, **more):
    request = pb.GetBillingProfilesRequest(patient_ids=patient_ids, **more)
    return list(client.call("GetBillingProfiles", request).profiles)


def test_a_profile_has_what_a_claim_needs(desk, billing):
    """Demographics, the coverages that pay in order with the subscriber's data, and the guarantor."""
    mother = register(desk, person(given="Elena", born="1985-02-03", addresses=[home("12 Elm St")]))
    child = register(desk, person(given="Mateo", born="2018-01-02", contact_points=[mobile("303-555-0140")]))
    subscriber = pb.Subscriber(name=name("Ortega", "Elena"), birth_date=day("1985-02-03"), patient_id=mother.patient_id)
    covered = add_coverage(
        desk, child.patient_id, subscriber_relation=pb.SUBSCRIBER_RELATION_CHILD, subscriber=subscriber
    )
    desk.call("SetGuarantor", pb.SetGuarantorRequest(patient_id=child.patient_id, guarantor_id=mother.patient_id))
    one, other = profiles(billing, child.patient_id, str(uuid7()), mother.patient_id)
    assert (one.name.given, one.birth_date, one.phone) == ("Mateo", day("2018-01-02"), "+13035550140")
    assert list(one.coverages) == [covered]
    assert (one.guarantor.guarantor_id, one.guarantor.self, one.guarantor.address.city) == (
        mother.patient_id,
        False,
        "Denver",
    )
    assert (other.guarantor.guarantor_id, other.guarantor.self) == (mother.patient_id, True)


def test_a_profile_of_a_service_date_has_the_coverages_of_that_day_and_case(desk, billing):
    """Old plans and other accidents are left out; without a date all are there."""
    patient = register(desk).patient_id
    year = types_pb2.DateRange(start=day("2025-01-01"), end=day("2025-12-31"))
    old = add_coverage(desk, patient, payer_code="OLD", period=year)
    new = add_coverage(desk, patient, payer_code="NEW", period=types_pb2.DateRange(start=day("2026-01-01")))
    case = pb.CoverageCase(number="W-7", employer_name="Foundry")
    work = add_coverage(desk, patient, payer_code="WC", kind=events_pb2.COVERAGE_KIND_WORKERS_COMP, case=case)

    def codes(**more):
        [profile] = profiles(billing, patient, **more)
        return [one.payer_code for one in profile.coverages]

    assert codes(service_date=day("2026-03-02")) == [new.payer_code]
    assert codes(service_date=day("2026-03-02"), case_number="W-7") == [work.payer_code, new.payer_code]
    assert codes(service_date=day("2025-06-01")) == [old.payer_code]
    assert sorted(codes()) == ["NEW", "OLD", "WC"]


def test_a_guarantor_without_an_address_is_billed_at_the_patients(desk, billing):
    """A grandmother who is no patient, known by name and phone."""
    child = register(desk, person(addresses=[home("12 Elm St")]))
    desk.call(
        "AddRelation",
        pb.AddRelationRequest(
            patient_id=child.patient_id,
            relationship=pb.RELATIONSHIP_GRANDPARENT,
            name=name("Ortega", "Rosa"),
            phone="303-555-0141",
            guarantor=True,
        ),
    )
    [profile] = profiles(billing, child.patient_id)
    assert (profile.guarantor.name.given, profile.guarantor.phone) == ("Rosa", "+13035550141")
    assert list(profile.guarantor.address.lines) == ["12 Elm St"]


def visits(client, patient_id, **more):
    return client.call("ListVisits", pb.ListVisitsRequest(patient_id=patient_id, **more))


def test_the_visit_history_follows_scheduling(registry, tenant, desk):
    """Newest first; an event that comes late changes nothing."""
    patient = register(desk).patient_id
    booked = appointment(patient)
    later = appointment(patient, start=NINE + timedelta(days=7))
    seen = appointment(patient, version=5, status=6, appointment_id=booked.appointment_id)
    registry.deliver(tenant, scheduling_events.AppointmentBooked(appointment=booked))
    registry.deliver(tenant, scheduling_events.AppointmentBooked(appointment=later))
    registry.deliver(tenant, scheduling_events.VisitSeen(appointment=seen))
    late = appointment(patient, version=4, status=8, appointment_id=booked.appointment_id)
    registry.deliver(tenant, scheduling_events.AppointmentCancelled(appointment=late))
    answer = visits(desk, patient).visits
    assert [(one.appointment_id, one.status) for one in answer] == [
        (later.appointment_id, scheduling_events.APPOINTMENT_STATUS_BOOKED),
        (booked.appointment_id, scheduling_events.APPOINTMENT_STATUS_SEEN),
    ]
    first = visits(desk, patient, page_size=1)
    second = visits(desk, patient, page_size=1, page_token=first.next_page_token)
    assert [*first.visits, *second.visits] == list(answer)
    assert second.next_page_token == ""


def test_a_message_that_comes_twice_is_applied_once(registry, tenant, desk):
    """The inbox knows it."""
    event = scheduling_events.AppointmentBooked(appointment=appointment(register(desk).patient_id))
    message_id = uuid7()
    assert [registry.deliver(tenant, event, message_id=message_id) for _ in range(2)] == [1, 0]


def test_a_snapshot_pages_the_present_state(desk, billing):
    """Whoever rebuilds a copy gets every patient and coverage once, with its version."""
    people = {register(desk, person(given=f"Person {letter}")).patient_id for letter in "ABC"}
    covered = add_coverage(desk, sorted(people)[0])

    def page(event, kind):
        token, found = "", []
        while True:
            request = types_pb2.SnapshotRequest(
                event=f"polyclinic.patient_registry.v1.{event}", page_size=2, page_token=token
            )
            answer = billing.call("Snapshot", request)
            found += [kind.FromString(one) for one in answer.events]
            token = answer.next_page_token
            if not token:
                return found

    assert [one.patient.patient_id for one in page("PatientChanged", events_pb2.PatientChanged)] == sorted(people)
    [event] = page("CoverageChanged", events_pb2.CoverageChanged)
    assert (event.coverage_id, event.version) == (covered.coverage_id, covered.version)
    with expect_error("INVALID_INPUT", field="event"):
        page("NoSuchEvent", events_pb2.PatientChanged)
