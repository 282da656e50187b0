"""How people are reached: consent, contacts, whose number it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from polyclinic.notifications.v1 import events_pb2 as notification_events
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.ids import uuid7
from chassis.testing.harness import expect_error
from tests.patient_registry.people import email, home, mobile, name, person, register

VISIT, BILLING = pb.CONTACT_PURPOSE_VISIT, pb.CONTACT_PURPOSE_BILLING
EMAIL, SMS = pb.CONTACT_CHANNEL_EMAIL, pb.CONTACT_CHANNEL_SMS


@pytest.fixture
def tenant(registry):
    """A tenant of the test's own."""
    return registry.tenant()


@pytest.fixture
def desk(registry, tenant):
    """Somebody at the front desk."""
    return registry.client(tenant, ["patient.*", "consent.*"])


@pytest.fixture
def peer(registry, tenant):
    """The notifications service."""
    return registry.client(tenant, ["patient.contact"], service="notifications")


def contacts(client, *patient_ids):
    answer = client.call("GetContacts", pb.GetContactsRequest(patient_ids=patient_ids))
    return list(answer.contacts)


def purposes(contact, channel):
    return [set(one.purposes) for one in contact.addresses if one.channel == channel]


def holders(client, value):
    answer = client.call("FindByContact", pb.FindByContactRequest(value=value))
    return {(one.patient_id, one.on_behalf) for one in answer.holders}


def set_consent(client, patient_id, channel, granted, purpose=0):
    request = pb.SetContactConsentRequest(patient_id=patient_id, channel=channel, purpose=purpose, granted=granted)
    return client.call("SetContactConsent", request)


def reply(registry, tenant, patient_ids, granted, hour):
    stamp = Timestamp()
    stamp.FromDatetime(datetime(2026, 3, 2, hour, tzinfo=UTC))
    event = notification_events.ContactConsentChanged(
        reply_id=str(uuid7()),
        patient_ids=patient_ids,
        channel=notification_events.CHANNEL_SMS,
        granted=granted,
        changed_at=stamp,
    )
    registry.deliver(tenant, event)


@pytest.fixture
def family(desk):
    """A mother with phone and e-mail; a daughter who has the same phone on her record; a son who has none."""
    mother = register(
        desk,
        person(
            given="Elena",
            language="es",
            contact_points=[mobile("303-555-0130"), email("elena@example.org")],
            addresses=[home("12 Elm St")],
        ),
    )
    daughter = register(desk, person(given="Sofia", born="2012-05-06", contact_points=[mobile("303-555-0130")]))
    son = register(desk, person(given="Mateo", born="2018-01-02"))
    for child in (daughter, son):
        desk.call(
            "AddRelation",
            pb.AddRelationRequest(
                patient_id=child.patient_id,
                related_patient_id=mother.patient_id,
                relationship=pb.RELATIONSHIP_MOTHER,
                guarantor=True,
                proxy=True,
            ),
        )
    return mother.patient_id, daughter.patient_id, son.patient_id


def test_a_contact_says_where_in_which_language_and_for_what(peer, family):
    """Everything a message needs at the moment of sending, for many at once, in the order asked for."""
    mother, daughter, _ = family
    first, second = contacts(peer, mother, daughter)
    assert (first.patient_id, first.salutation_name, first.language) == (mother, "Elena", "es")
    assert purposes(first, SMS) == [{VISIT}]
    assert purposes(first, EMAIL) == [{VISIT}], "no statement by e-mail until somebody says so"
    assert first.postal_address.city == "Denver"
    assert [one.value for one in second.addresses] == ["+13035550130", "+13035550130"]
    assert contacts(peer, str(uuid7())) == []


def test_a_shared_number_names_who_shares_it(peer, family):
    """A reply from it may be about either."""
    mother, daughter, _ = family
    [contact] = contacts(peer, mother)
    shared = {one.value: list(one.shared_with_patient_ids) for one in contact.addresses}
    assert shared == {"+13035550130": [daughter], "elena@example.org": []}


def test_a_child_without_a_phone_is_reached_through_the_mother(peer, family):
    """The address says whose it is and that it is on behalf."""
    mother, _, son = family
    [contact] = contacts(peer, son)
    assert {(one.holder_id, one.on_behalf, one.holder_name) for one in contact.addresses} == {
        (mother, True, "Elena Ortega")
    }
    assert purposes(contact, SMS) == [{VISIT}]


def test_a_number_finds_everybody_it_reaches(peer, family):
    """Those who have it, and the child on whose behalf its holder is reached; in any notation."""
    mother, daughter, son = family
    assert holders(peer, "(303) 555-0130") == {(mother, False), (daughter, False), (son, True)}
    assert holders(peer, "Elena@Example.org") == {(mother, False), (son, True)}
    assert holders(peer, "303-555-0199") == set()
    with expect_error("INVALID_INPUT", field="value"):
        holders(peer, "who knows")


def test_stop_ends_text_messages_and_start_brings_them_back(registry, tenant, desk, peer, family):
    """The answer of the phone's holder holds for everybody it was given for; e-mail goes on."""
    mother, daughter, son = family
    reply(registry, tenant, [mother, daughter], granted=False, hour=16)
    for contact in contacts(peer, mother, daughter, son):
        assert purposes(contact, SMS) == [set()], "the son's messages go to the same phone"
    assert purposes(contacts(peer, mother)[0], EMAIL) == [{VISIT}]
    history = desk.call("GetContactConsent", pb.GetContactConsentRequest(patient_id=mother)).history
    assert {(one.granted, one.source) for one in history} == {(False, "reply")}
    reply(registry, tenant, [mother, daughter], granted=True, hour=17)
    assert purposes(contacts(peer, mother)[0], SMS) == [{VISIT}]


def test_consent_to_statements_by_email(desk, peer, family):
    """Said at the desk, it holds at once; said again, it adds no history."""
    mother = family[0]
    for _ in range(2):
        consent = set_consent(desk, mother, EMAIL, True, BILLING)
    assert purposes(contacts(peer, mother)[0], EMAIL) == [{VISIT, BILLING}]
    [change] = consent.history
    assert (change.channel, change.purpose, change.granted, change.source) == (EMAIL, BILLING, True, "desk")
    stated = {(one.channel, one.purpose): one.granted for one in consent.entries if one.stated}
    assert stated == {(EMAIL, BILLING): True}
    assert len(consent.entries) == 12, "every channel and purpose has its rule"


def test_a_patient_sets_their_own_consent(registry, tenant, family):
    """In the portal; a channel as a whole where no purpose is named."""
    mother, daughter, _ = family
    portal = registry.client(tenant, patient_ids=[mother])
    consent = set_consent(portal, mother, EMAIL, False)
    assert {one.source for one in consent.history} == {"portal"}
    assert {one.purpose for one in consent.entries if one.channel == EMAIL and one.granted} == set()
    with expect_error("NOT_FOUND"):
        set_consent(portal, daughter, EMAIL, False)


def test_nobody_writes_about_the_dead(desk, peer, family):
    """A deceased or inactive patient is suppressed; a deceased mother is no way to reach her son."""
    mother, _, son = family
    desk.call(
        "UpdatePatient",
        pb.UpdatePatientRequest(
            patient_id=mother, patient=pb.PatientUpdate(deceased=True), update_mask=FieldMask(paths=["deceased"])
        ),
    )
    gone, left = contacts(peer, mother, son)
    assert gone.suppressed
    assert list(left.addresses) == []


def test_a_guarantor_who_is_no_patient_is_reached_by_the_relations_id(desk, peer):
    """Statements go to whoever is billed."""
    child = register(desk)
    relation = desk.call(
        "AddRelation",
        pb.AddRelationRequest(
            patient_id=child.patient_id,
            relationship=pb.RELATIONSHIP_GRANDPARENT,
            name=name("Ortega", "Rosa"),
            phone="303-555-0131",
            guarantor=True,
        ),
    )
    grandmother, reached = contacts(peer, relation.relation_id, child.patient_id)
    assert (grandmother.name.given, grandmother.addresses[0].value) == ("Rosa", "+13035550131")
    assert {(one.value, one.on_behalf) for one in reached.addresses} == {("+13035550131", True)}
    assert holders(peer, "+1 303 555 0131") == {(child.patient_id, True)}
