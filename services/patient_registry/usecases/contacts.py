"""How people are reached, and who is reached by an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from patient_registry import rows
from patient_registry.domain import contact_points, keys, people, reach
from patient_registry.domain.consent import Channel
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.people import Address, Name, QuietHours
from patient_registry.domain.reach import Holder, Reach
from patient_registry.store import Store
from patient_registry.tables import ConsentChange, Patient, Relation


@dataclass(frozen=True, slots=True)
class Contact:
    """How one person is reached now. `shared` are, by address, the other patients who have it too."""

    person_id: UUID
    name: Name
    salutation_name: str
    language: str
    time_zone: str
    quiet_hours: QuietHours | None
    reaches: tuple[Reach, ...]
    postal_address: Address | None
    suppressed: bool
    shared: Mapping[str, tuple[UUID, ...]]


@dataclass(frozen=True, slots=True)
class ContactHolder:
    """A patient who is reached by an address; `on_behalf`: through somebody who acts for them."""

    patient: Patient
    on_behalf: bool


def get_all(call: Call, person_ids: Sequence[UUID]) -> list[Contact]:
    """How these patients (or related persons) are reached now, in the order asked for; unknown ids are left out."""
    store = Store(call.session)
    patients = store.patients(person_ids)
    relations = store.relations(patients)
    acting = {
        patient_id: [row for row in relations[patient_id] if row.proxy or _is_guarantor(row, patients[patient_id])]
        for patient_id in patients
    }
    others = store.patients(
        other
        for patient_id, patient in patients.items()
        for other in (patient.guarantor_id, *(row.related_patient_id for row in acting[patient_id]))
        if other is not None and other not in patients
    )
    known = patients | others
    said = store.consent_history(known)
    related = store.relations_by_id(one for one in person_ids if one not in patients)
    found: list[Contact] = []
    for person_id in dict.fromkeys(person_ids):
        if person_id in patients:
            patient = patients[person_id]
            reached = reach.reaches(_holder(patient, said), _acting(patient, acting[person_id], known, said))
            found.append(_of_patient(patient, reached))
        elif person_id in related:
            found.extend(_of_related(related[person_id], store))
    return _with_sharers(store, found)


def by_address(call: Call, typed: str) -> list[ContactHolder]:
    """Whose phone or e-mail this is: those who have it, then those on whose behalf its holder is reached.

    Raises InvalidInput when it is neither.
    """
    email = contact_points.email(typed) or ""
    phone = "" if email else contact_points.e164(typed) or ""
    if not email and not phone:
        raise InvalidInput([Violation("value", "must be a phone number with its area code or an e-mail address")])
    store = Store(call.session)
    holders = store.holders_of(keys.email_key(email) if email else keys.phone_keys(phone)[0])
    reached = store.relations_reached_by(phone, email, holders)
    known = store.patients([*holders, *(row.patient_id for row in reached)])
    through = {
        row.patient_id
        for row in reached
        if row.patient_id in known
        and row.patient_id not in holders
        and (row.proxy or _is_guarantor(row, known[row.patient_id]))
        and reach.is_reached_through_others(rows.demographics(known[row.patient_id]).contact_points)
    }
    ordered = [*((one, False) for one in holders), *((one, True) for one in sorted(through))]
    return [ContactHolder(known[one], on_behalf) for one, on_behalf in ordered if known[one].merged_into is None]


def _of_patient(patient: Patient, reached: Sequence[Reach]) -> Contact:
    person = rows.demographics(patient)
    return Contact(
        person_id=patient.id,
        name=person.name,
        salutation_name=person.preferred_name or person.name.given,
        language=person.language,
        time_zone=person.time_zone,
        quiet_hours=person.quiet_hours,
        reaches=tuple(reached),
        postal_address=people.mailing_address(person.addresses),
        suppressed=person.deceased or not person.active or patient.merged_into is not None,
        shared={},
    )


def _of_related(row: Relation, store: Store) -> list[Contact]:
    """A related person asked for by their own id: somebody who is a patient here is reached as that patient."""
    person = rows.related_person(row)
    patient = store.get(Patient, row.patient_id)
    if person is None or patient is None:
        return []
    holder = _related_holder(row)
    return [
        Contact(
            person_id=row.id,
            name=person.name,
            salutation_name=person.name.given,
            language=patient.language,
            time_zone=patient.time_zone,
            quiet_hours=rows.demographics(patient).quiet_hours,
            reaches=tuple(reach.reaches(holder, [])),
            postal_address=person.address,
            suppressed=False,
            shared={},
        )
    ]


def _acting(
    patient: Patient,
    acting: Sequence[Relation],
    known: Mapping[UUID, Patient],
    said: Mapping[UUID, Sequence[ConsentChange]],
) -> list[Holder]:
    """Those who act for a patient: proxies and the guarantor, each once, living ones only."""
    holders = {}
    for row in acting:
        if row.related_patient_id is None:
            holders[row.id] = _related_holder(row)
        elif row.related_patient_id in known:
            holders[row.related_patient_id] = _holder(known[row.related_patient_id], said)
    guarantor = known.get(patient.guarantor_id)
    if guarantor is not None and guarantor.id != patient.id:
        holders.setdefault(guarantor.id, _holder(guarantor, said))
    dead = {one.id for one in known.values() if one.deceased or one.merged_into is not None}
    return [holder for holder_id, holder in holders.items() if holder_id not in dead]


def _holder(patient: Patient, said: Mapping[UUID, Sequence[ConsentChange]]) -> Holder:
    person = rows.demographics(patient)
    history = tuple(rows.consent_change(row) for row in said.get(patient.id, ()))
    called = person.preferred_name or person.name.given
    return Holder(patient.id, f"{called} {person.name.family}", person.contact_points, history)


def _related_holder(row: Relation) -> Holder:
    person = rows.related_person(row)
    points = []
    if row.phone:
        points.append(ContactPoint(ContactKind.MOBILE, row.phone))
    if row.email:
        points.append(ContactPoint(ContactKind.EMAIL, row.email))
    name = f"{person.name.given} {person.name.family}" if person else ""
    return Holder(row.id, name, tuple(points), None)


def _is_guarantor(row: Relation, patient: Patient) -> bool:
    return patient.guarantor_id in (row.id, row.related_patient_id)


def _with_sharers(store: Store, contacts: Sequence[Contact]) -> list[Contact]:
    """The contacts with, for each address, the other patients who have it."""
    wanted = {_key(one) for contact in contacts for one in contact.reaches}
    sharing = store.sharing(sorted(wanted)) if wanted else {}
    return [
        replace(
            contact,
            shared={
                one.value: tuple(other for other in sharing[_key(one)] if other != contact.person_id)
                for one in contact.reaches
            },
        )
        for contact in contacts
    ]


def _key(one: Reach) -> str:
    return keys.email_key(one.value) if one.channel is Channel.EMAIL else keys.phone_keys(one.value)[0]
