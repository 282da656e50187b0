"""RPCs about reaching people: consent, contacts, whose number it is, billing profiles."""

from __future__ import annotations

from typing import Any

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.call import Call
from chassis.protos import date_message, identifier, optional_date, timestamp
from patient_registry import rows
from patient_registry.domain import contact_points, people
from patient_registry.domain.consent import Channel, Purpose
from patient_registry.rpc import wire, wire_coverage
from patient_registry.usecases import billing_profiles, consents, contacts
from patient_registry.usecases.billing_profiles import BillingProfile
from patient_registry.usecases.consents import Consent
from patient_registry.usecases.contacts import Contact

CHANNELS: dict[Channel, Any] = {one: pb.ContactChannel.Value(f"CONTACT_CHANNEL_{one.name}") for one in Channel}
PURPOSES: dict[Purpose, Any] = {one: pb.ContactPurpose.Value(f"CONTACT_PURPOSE_{one.name}") for one in Purpose}
_CHANNELS = {number: one for one, number in CHANNELS.items()}
_PURPOSES = {number: one for one, number in PURPOSES.items()}


class ContactsRpc:
    """Consent, contacts, billing profiles."""

    def GetContactConsent(self, request: pb.GetContactConsentRequest, call: Call) -> pb.ContactConsent:
        return _consent(consents.get(call, identifier(request.patient_id)))

    def SetContactConsent(self, request: pb.SetContactConsentRequest, call: Call) -> pb.ContactConsent:
        channel, purpose = _CHANNELS[request.channel], _PURPOSES.get(request.purpose)
        return _consent(consents.put(call, identifier(request.patient_id), channel, purpose, request.granted))

    def GetContacts(self, request: pb.GetContactsRequest, call: Call) -> pb.GetContactsResponse:
        found = contacts.get_all(call, [identifier(one, "patient_ids") for one in request.patient_ids])
        return pb.GetContactsResponse(contacts=map(_contact, found))

    def FindByContact(self, request: pb.FindByContactRequest, call: Call) -> pb.FindByContactResponse:
        holders = [
            pb.ContactHolder(
                patient_id=str(one.patient.id),
                name=wire.name_message(rows.demographics(one.patient).name),
                language=one.patient.language,
                on_behalf=one.on_behalf,
            )
            for one in contacts.by_address(call, request.value)
        ]
        return pb.FindByContactResponse(holders=holders)

    def GetBillingProfiles(self, request: pb.GetBillingProfilesRequest, call: Call) -> pb.GetBillingProfilesResponse:
        ids = [identifier(one, "patient_ids") for one in request.patient_ids]
        day = optional_date(request.service_date, "service_date")
        found = billing_profiles.get_all(call, ids, day, request.case_number)
        return pb.GetBillingProfilesResponse(profiles=map(_profile, found))


def _consent(held: Consent) -> pb.ContactConsent:
    entries = [
        pb.ConsentEntry(
            channel=CHANNELS[one.channel],
            purpose=PURPOSES[one.purpose],
            granted=one.granted,
            stated=one.stated is not None,
            changed_at=timestamp(one.stated.changed_at) if one.stated else None,
        )
        for one in held.entries
    ]
    history = [
        pb.ConsentChange(
            channel=CHANNELS[Channel(row.channel)],
            purpose=PURPOSES[Purpose(row.purpose)],
            granted=row.granted,
            changed_at=timestamp(row.changed_at),
            source=row.source,
            changed_by=row.changed_by,
        )
        for row in held.history
    ]
    return pb.ContactConsent(patient_id=str(held.patient_id), entries=entries, history=history)


def _contact(one: Contact) -> pb.Contact:
    addresses = [
        pb.ContactAddress(
            channel=CHANNELS[reach.channel],
            value=reach.value,
            purposes=[PURPOSES[purpose] for purpose in reach.purposes],
            on_behalf=reach.on_behalf,
            holder_id=str(reach.holder_id),
            holder_name=reach.holder_name,
            shared_with_patient_ids=map(str, one.shared.get(reach.value, ())),
        )
        for reach in one.reaches
    ]
    return pb.Contact(
        patient_id=str(one.person_id),
        name=wire.name_message(one.name),
        salutation_name=one.salutation_name,
        language=one.language,
        time_zone=one.time_zone,
        quiet_hours=wire.quiet_hours_message(one.quiet_hours),
        addresses=addresses,
        suppressed=one.suppressed,
        postal_address=wire.address_message(one.postal_address),
    )


def _profile(one: BillingProfile) -> pb.BillingProfile:
    person = rows.demographics(one.patient)
    payer = one.guarantor
    guarantor = pb.Guarantor(
        guarantor_id=str(payer.guarantor_id),
        name=wire.name_message(payer.name),
        address=wire.address_message(payer.address),
        phone=payer.phone,
        email=payer.email,
        birth_date=date_message(payer.birth_date),
        sex=wire.SEXES[payer.sex],
        language=payer.language,
        self=payer.is_self,
    )
    return pb.BillingProfile(
        patient_id=str(one.patient.id),
        mrn=one.patient.mrn,
        name=wire.name_message(person.name),
        birth_date=date_message(person.birth_date),
        sex=wire.SEXES[person.sex],
        address=wire.address_message(people.home_address(person.addresses)),
        phone=next(iter(contact_points.phones(person.contact_points)), ""),
        email=next(iter(contact_points.emails(person.contact_points)), ""),
        language=person.language,
        deceased_on=date_message(person.deceased_on),
        coverages=map(wire_coverage.coverage, one.coverages),
        guarantor=guarantor,
        version=one.patient.version,
    )
