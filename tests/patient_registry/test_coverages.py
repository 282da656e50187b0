"""Coverages and what payers answer about them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from polyclinic.billing.v1 import events_pb2 as billing_events
from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.testing.harness import expect_error
from tests.patient_registry.people import add_coverage, day, name, person, register


@pytest.fixture
def tenant(registry):
    """A tenant of the test's own."""
    return registry.tenant()


@pytest.fixture
def desk(registry, tenant):
    """Somebody at the front desk."""
    return registry.client(tenant, ["patient.*", "coverage.*"])


@pytest.fixture
def lucia(desk):
    """A patient."""
    return register(desk).patient_id


def listed(client, patient_id, **more):
    answer = client.call("ListCoverages", pb.ListCoveragesRequest(patient_id=patient_id, **more))
    return list(answer.coverages)


def period(start, end=None):
    return types_pb2.DateRange(start=day(start), end=day(end) if end else None)


def at(hour):
    stamp = Timestamp()
    stamp.FromDatetime(datetime(2026, 3, 2, hour, tzinfo=UTC))
    return stamp


def test_coverages_take_the_next_priority_and_are_announced(registry, tenant, desk, lucia):
    """The first is primary, the second secondary; billing hears of both."""
    first, second = add_coverage(desk, lucia), add_coverage(desk, lucia, payer_code="COMM2")
    assert [first.priority, second.priority] == [1, 2]
    assert listed(desk, lucia) == [first, second]
    events = registry.events(tenant, events_pb2.CoverageChanged)
    assert [(event.payer_code, event.priority, event.version) for event in events] == [("COMM1", 1, 1), ("COMM2", 2, 1)]


def test_two_primaries_on_a_day_are_refused_and_one_after_the_other_is_not(desk, lucia):
    """The old plan ends the day before the new one begins."""
    old = add_coverage(desk, lucia, period=period("2025-01-01", "2025-12-31"))
    with expect_error("PRIORITY_TAKEN"):
        add_coverage(desk, lucia, payer_code="COMM2", priority=1, period=period("2025-12-31"))
    new = add_coverage(desk, lucia, payer_code="COMM2", priority=1, period=period("2026-01-01"))
    assert listed(desk, lucia, on=day("2025-12-31")) == [old]
    assert listed(desk, lucia, on=day("2026-01-01")) == [new]
    assert listed(desk, lucia) == [new, old], "those in force come first"


def test_a_childs_coverage_names_its_subscriber(desk, lucia):
    """Somebody else's policy needs to say whose."""
    with expect_error("INVALID_INPUT", field="coverage.subscriber"):
        add_coverage(desk, lucia, subscriber_relation=pb.SUBSCRIBER_RELATION_CHILD)
    mother = pb.Subscriber(name=name("Ortega", "Elena"), birth_date=day("1960-02-03"), sex=types_pb2.SEX_FEMALE)
    made = add_coverage(desk, lucia, subscriber_relation=pb.SUBSCRIBER_RELATION_CHILD, subscriber=mother)
    assert (made.subscriber.name.given, made.subscriber.birth_date) == ("Elena", day("1960-02-03"))
    assert desk.call("GetCoverage", pb.GetCoverageRequest(coverage_id=made.coverage_id)) == made


def test_a_car_accident_is_a_case_of_its_own(desk, lucia):
    """It has a primary of its own beside the health plan's, and needs the state where it happened."""
    add_coverage(desk, lucia)
    auto = {"kind": events_pb2.COVERAGE_KIND_AUTO, "payer_code": "AUTO1", "priority": 1}
    with expect_error("INVALID_INPUT", field="coverage.case"):
        add_coverage(desk, lucia, **auto)
    case = pb.CoverageCase(number="A-1", accident_date=day("2026-02-01"), accident_state="CO")
    assert add_coverage(desk, lucia, case=case, **auto).case == case


def test_masked_fields_change(registry, tenant, desk, lucia):
    """Only what is named; the version guards against overtaking; the member id is found by the desk."""
    made = add_coverage(desk, lucia)
    request = pb.UpdateCoverageRequest(
        coverage_id=made.coverage_id,
        coverage=pb.CoverageInput(member_id="XYZ998877", payer_code="ignored"),
        update_mask=FieldMask(paths=["member_id"]),
        version=made.version,
    )
    after = desk.call("UpdateCoverage", request)
    assert (after.member_id, after.payer_code, after.version) == ("XYZ998877", "COMM1", 2)
    found = desk.call("SearchPatients", pb.SearchPatientsRequest(query="xyz998")).patients
    assert [one.patient_id for one in found] == [lucia]
    assert not desk.call("SearchPatients", pb.SearchPatientsRequest(query="W1234567")).patients
    with expect_error("STALE_VERSION"):
        desk.call("UpdateCoverage", request)
    assert registry.events(tenant, events_pb2.CoverageChanged)[-1].version == 2


def test_a_coverage_taken_back_leaves_its_place_and_is_not_found(registry, tenant, desk, lucia):
    """Entered in error: it pays nothing, and its priority is free again."""
    made = add_coverage(desk, lucia)
    request = pb.RemoveCoverageRequest(coverage_id=made.coverage_id)
    assert desk.call("RemoveCoverage", request) == desk.call("RemoveCoverage", request)
    assert listed(desk, lucia) == []
    assert [one.active for one in listed(desk, lucia, include_removed=True)] == [False]
    assert add_coverage(desk, lucia, payer_code="COMM2").priority == 1
    assert [event.active for event in registry.events(tenant, events_pb2.CoverageChanged)] == [True, False, True]


def test_the_order_of_payment_is_changed(registry, tenant, desk, lucia):
    """Secondary becomes primary; each that moved is announced."""
    first, second = add_coverage(desk, lucia), add_coverage(desk, lucia, payer_code="COMM2")
    request = pb.ReorderCoveragesRequest(patient_id=lucia, coverage_ids=[second.coverage_id, first.coverage_id])
    answer = desk.call("ReorderCoverages", request)
    assert [(one.payer_code, one.priority) for one in answer.coverages] == [("COMM2", 1), ("COMM1", 2)]
    assert len(registry.events(tenant, events_pb2.CoverageChanged)) == 4
    with expect_error("PRIORITY_TAKEN"):
        desk.call("ReorderCoverages", pb.ReorderCoveragesRequest(patient_id=lucia, coverage_ids=[first.coverage_id]))
    other = add_coverage(desk, register(desk, person("Vega", "Ana")).patient_id)
    with expect_error("NOT_FOUND"):
        desk.call("ReorderCoverages", pb.ReorderCoveragesRequest(patient_id=lucia, coverage_ids=[other.coverage_id]))


def verified(coverage, outcome, hour, **more):
    return billing_events.CoverageVerified(
        coverage_id=coverage.coverage_id, patient_id=coverage.patient_id, outcome=outcome, checked_at=at(hour), **more
    )


def test_a_payers_answer_shows_on_the_coverage_and_a_refusal_keeps_the_last_good_one(registry, tenant, desk, lucia):
    """Benefits with their time; a refused request says so and takes nothing away; an older answer changes nothing."""
    made = add_coverage(desk, lucia)
    good = verified(
        made,
        "active",
        9,
        copay=types_pb2.Money(minor_units=3000, currency="USD"),
        deductible_remaining=types_pb2.Money(minor_units=45000, currency="USD"),
        coinsurance_basis_points=2000,
    )
    assert registry.deliver(tenant, good) == 1
    registry.deliver(tenant, verified(made, "rejected", 11))
    registry.deliver(tenant, verified(made, "inactive", 10))
    after = desk.call("GetCoverage", pb.GetCoverageRequest(coverage_id=made.coverage_id))
    benefits = after.benefits
    assert (benefits.last_outcome, benefits.last_checked_at) == ("rejected", at(11))
    assert (benefits.active, benefits.verified_at, benefits.copay.minor_units) == (True, at(9), 3000)
    assert (benefits.deductible_remaining.minor_units, benefits.coinsurance_basis_points) == (45000, 2000)
    assert after.version == made.version, "an answer overtakes nobody who is typing"
    assert len(registry.events(tenant, events_pb2.CoverageChanged)) == 1, "nor does it ask the payer again"


def test_an_answer_about_an_unknown_coverage_is_taken_note_of(registry, tenant):
    """It is not for us; the message is done."""
    unknown = pb.Coverage(coverage_id=str(UUID(int=5)), patient_id=str(UUID(int=6)))
    assert registry.deliver(tenant, verified(unknown, "active", 9)) == 1


def test_payer_aliases(registry, tenant):
    """A text is one alias however it is written; the last word counts."""
    manager = registry.client(tenant, ["payer_alias.*"])
    manager.call("SetPayerAlias", pb.SetPayerAliasRequest(text="Blue Ridge", payer_code="COMM2"))
    manager.call("SetPayerAlias", pb.SetPayerAliasRequest(text="blue-ridge", payer_code="COMM1"))
    aliases = manager.call("ListPayerAliases", pb.ListPayerAliasesRequest()).aliases
    assert [(alias.text, alias.payer_code) for alias in aliases] == [("blue-ridge", "COMM1")]
    with expect_error("INVALID_INPUT", field="text"):
        manager.call("SetPayerAlias", pb.SetPayerAliasRequest(text="…", payer_code="COMM1"))


def test_a_race_of_primaries_lets_one_win(registry, tenant, desk, lucia):
    """Eight desks add a primary at once: one is saved, the others are told."""

    def attempt(number):
        try:
            return add_coverage(desk, lucia, payer_code=f"P{number}", priority=1).payer_code
        except Error as error:
            return error.reason

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert outcomes.count("PRIORITY_TAKEN") == 7
    assert len(listed(desk, lucia)) == 1


def test_nothing_of_a_refused_coverage_is_kept(registry, tenant, desk, lucia):
    """No row, no event."""
    with expect_error("INVALID_INPUT"):
        add_coverage(desk, lucia, period=period("2026-02-01", "2026-01-01"))
    assert listed(desk, lucia, include_removed=True) == []
    assert registry.events(tenant, events_pb2.CoverageChanged) == []
