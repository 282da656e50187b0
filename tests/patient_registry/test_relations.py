"""The people around a patient, and who is billed."""

from __future__ import annotations

import pytest
from polyclinic.patient_registry.v1 import events_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.testing.harness import expect_error
from patient_registry.store import MOST_RELATIONS
from tests.patient_registry.people import mobile, name, person, register


@pytest.fixture
def tenant(registry):
    """A tenant of the test's own."""
    return registry.tenant()


@pytest.fixture
def desk(registry, tenant):
    """Somebody at the front desk."""
    return registry.client(tenant, ["patient.*"])


def relate(client, patient_id, **more):
    more.setdefault("relationship", pb.RELATIONSHIP_MOTHER)
    return client.call("AddRelation", pb.AddRelationRequest(patient_id=patient_id, **more))


def relations(client, patient_id):
    return list(client.call("ListRelations", pb.ListRelationsRequest(patient_id=patient_id)).relations)


def bill_to(client, patient_id, guarantor_id, version=0):
    request = pb.SetGuarantorRequest(patient_id=patient_id, guarantor_id=guarantor_id, version=version)
    return client.call("SetGuarantor", request)


def test_a_mother_who_is_a_patient_too_is_billed(registry, tenant, desk):
    """Bills for the child go to the mother's record, whose name and phone show in the relation."""
    mother = register(desk, person(given="Elena", contact_points=[mobile("303-555-0120")]))
    child = register(desk, person(given="Mateo", born="2018-01-02"))
    made = relate(desk, child.patient_id, related_patient_id=mother.patient_id, guarantor=True, proxy=True)
    assert (made.name.given, made.phone, made.guarantor, made.proxy) == ("Elena", "+13035550120", True, True)
    assert relations(desk, child.patient_id) == [made]
    [event] = registry.events(tenant, events_pb2.PatientChanged)
    assert (event.patient.patient_id, event.patient.guarantor_id) == (child.patient_id, mother.patient_id)


def test_somebody_who_is_no_patient_is_billed_by_the_relations_id(desk):
    """A grandparent who is not on file can be guarantor."""
    child = register(desk)
    made = relate(
        desk,
        child.patient_id,
        relationship=pb.RELATIONSHIP_GRANDPARENT,
        name=name("Ortega", "Rosa"),
        phone="303 555 0121",
    )
    assert (made.phone, made.guarantor) == ("+13035550121", False)
    after = bill_to(desk, child.patient_id, made.relation_id, child.version)
    assert after.guarantor_id == made.relation_id
    assert relations(desk, child.patient_id)[0].guarantor
    with expect_error("GUARANTOR_IN_USE"):
        desk.call("RemoveRelation", pb.RemoveRelationRequest(patient_id=child.patient_id, relation_id=made.relation_id))
    bill_to(desk, child.patient_id, child.patient_id)
    desk.call("RemoveRelation", pb.RemoveRelationRequest(patient_id=child.patient_id, relation_id=made.relation_id))
    assert relations(desk, child.patient_id) == []


def test_relations_that_cannot_be_are_refused(desk):
    """Oneself, nobody, somebody without a name, a wrong phone, another patient's relation."""
    one, other = register(desk), register(desk, person("Vega", "Ana"))
    with expect_error("INVALID_INPUT", field="related_patient_id"):
        relate(desk, one.patient_id, related_patient_id=one.patient_id)
    with expect_error("INVALID_INPUT", field="name"):
        relate(desk, one.patient_id)
    with expect_error("INVALID_INPUT", field="phone"):
        relate(desk, one.patient_id, name=name("Ortega", "Rosa"), phone="12")
    made = relate(desk, one.patient_id, name=name("Ortega", "Rosa"))
    with expect_error("INVALID_INPUT", field="guarantor_id"):
        bill_to(desk, other.patient_id, made.relation_id)
    with expect_error("NOT_FOUND"):
        desk.call("RemoveRelation", pb.RemoveRelationRequest(patient_id=other.patient_id, relation_id=made.relation_id))
    with expect_error("STALE_VERSION"):
        bill_to(desk, one.patient_id, other.patient_id, version=7)


def test_a_patient_does_not_see_who_a_related_patient_is(registry, tenant, desk):
    """The portal shows that there is a relation, not the other patient's record."""
    mother, child = register(desk, person(given="Elena")), register(desk, person(given="Mateo"))
    relate(desk, child.patient_id, related_patient_id=mother.patient_id)
    portal = registry.client(tenant, patient_ids=[child.patient_id])
    [seen] = relations(portal, child.patient_id)
    assert seen.relationship == pb.RELATIONSHIP_MOTHER
    assert not seen.HasField("name")


def test_one_patient_has_fifty_relations_at_most(desk):
    """Reading a patient's relations never becomes more than that; the next one is refused."""
    patient = register(desk).patient_id
    for number in range(MOST_RELATIONS):
        relate(desk, patient, name=name("Ortega", f"Cousin {number}"))
    with expect_error("TOO_MANY"):
        relate(desk, patient, name=name("Ortega", "One More"))
    assert len(relations(desk, patient)) == MOST_RELATIONS
