"""What `make load` seeds is what the services would have written; what it asks is what they take."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from infra.load.network import Organisation
from infra.load.people import Loader, Person, keys_of
from infra.load.scenario import SHARES, WRITES, Desk
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.scheduling.v1 import scheduling_pb2

from chassis.ids import uuid7
from patient_registry.tables import Patient, PatientKey, PatientName
from tests.patient_registry.people import day, name

GENERATED = {"id", "mrn", "registered_at", "updated_at", "guarantor_id", "tenant_id"}


def organisation(tenant: UUID) -> Organisation:
    """An organisation that nobody has opened: two locations with a practitioner each."""
    return Organisation(
        "load",
        None,  # type: ignore[arg-type]  # nobody calls its API here
        str(tenant),
        location_ids=[str(uuid7()) for _ in range(2)],
        practitioner_ids=[str(uuid7()) for _ in range(2)],
        appointment_type_id=str(uuid7()),
    )


def columns(row: object, leave: set[str]) -> dict[str, object]:
    """A row's values by column."""
    return {column.name: getattr(row, column.name) for column in row.__table__.columns if column.name not in leave}


@pytest.mark.parametrize("number", [0, 49, 1_234])
def test_a_loaded_person_is_like_a_registered_one(service_harness, postgres, number):
    """The same person registered over the API has the same columns, names and keys."""
    harness = service_harness("patient_registry")
    for service in ("scheduling", "billing"):
        service_harness(service)
    loaded, registered = harness.tenant(), harness.tenant()
    Loader(postgres.admin_url).register(organisation(loaded), number, number + 1)
    person = Person(loaded, number)
    answer = harness.client(registered).call(
        "RegisterPatient",
        pb.RegisterPatientRequest(
            patient=pb.PatientInput(
                name=name(person.family, person.given),
                birth_date=day(person.birth_date.isoformat()),
                sex="SEX_FEMALE" if number % 2 else "SEX_MALE",
                language="en",
                contact_points=[
                    pb.ContactPoint(kind=pb.CONTACT_KIND_MOBILE, value=person.phone),
                    *([pb.ContactPoint(kind=pb.CONTACT_KIND_EMAIL, value=person.email)] if person.email else []),
                ],
            )
        ),
    )
    with harness.session(loaded) as session:
        mine = session.query(Patient).one()
        my_names = {(one.family_key, one.given_key, one.in_use) for one in session.query(PatientName)}
        my_keys = {one.key.replace(person.mrn, "MRN") for one in session.query(PatientKey)}
    with harness.session(registered) as session:
        other = session.query(Patient).one()
        names = {(one.family_key, one.given_key, one.in_use) for one in session.query(PatientName)}
        keys = {one.key.replace(answer.patient.mrn, "MRN") for one in session.query(PatientKey)}
    assert columns(mine, GENERATED) == columns(other, GENERATED)
    assert my_names == names
    assert my_keys == keys == {key.replace(person.mrn, "MRN") for key in keys_of(person)}


def test_people_are_told_apart():
    """Ten thousand people of two tenants have ids, numbers and phones of their own, and many share a name."""
    crowd = [Person(tenant, number) for tenant in (uuid7(), uuid7()) for number in range(5_000)]
    assert len({one.id for one in crowd}) == len(crowd)
    assert len({one.phone for one in crowd}) == len({one.mrn for one in crowd}) == 5_000
    assert 500 < len({(one.family, one.given) for one in crowd}) < 5_000


def test_a_visit_that_waits_today_can_be_checked_in(service_harness, postgres):
    """Scheduling takes the steps of a loaded visit as it takes those of one that was booked."""
    harness = service_harness("scheduling")
    service_harness("patient_registry")
    service_harness("billing")
    made = organisation(harness.tenant())
    loader = Loader(postgres.admin_url)
    loader.register(made, 0, 4)
    visits = loader.todays_visits(made, 2)
    assert sorted(number for number, _ in visits) == [0, 0, 1, 1]
    desk = Desk(made, 4, visits)
    texts = desk.requests("check in", "t", 10)
    assert len(texts) == 4
    assert desk.requests("check in", "t", 1) == []
    paths = [re.match(r"POST (\S+) HTTP", text).group(1) for text in texts]
    assert paths == [f"/api/v1/appointments/{visit}:checkIn" for _, visit in visits]
    before = harness.clock.now()
    harness.clock.set(datetime.now(UTC))
    try:
        staff = harness.client(UUID(made.tenant_id))
        answer = staff.call("CheckIn", scheduling_pb2.VisitStepRequest(appointment_id=visits[0][1]))
    finally:
        harness.clock.set(before)
    assert answer.status == scheduling_events.APPOINTMENT_STATUS_CHECKED_IN


def test_no_time_is_booked_twice_and_every_kind_has_requests():
    """Two runs of a desk never ask for the same practitioner at the same time; each share has texts."""
    desk = Desk(organisation(uuid7()), 100, [(0, str(uuid7())) for _ in range(40)])
    times = [
        re.search(r'"practitioner_id": "([^"]+)".*"start_time": "([^"]+)"', text).groups()
        for text in [*desk.requests("book", "t", 300), *desk.requests("book", "t", 300)]
    ]
    assert len(set(times)) == 600
    calls = desk.calls("t", 100)
    assert [one.name for one in calls] == list(SHARES)
    assert all(one.texts for one in calls)
    assert sum(one.share for one in calls) == 100
    assert set(SHARES) > WRITES
