"""What a claim, an eligibility request or a statement needs of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from chassis.call import Call
from patient_registry import rows
from patient_registry.domain import contact_points, coverage, people
from patient_registry.domain.people import Address, Name, Sex
from patient_registry.store import Store
from patient_registry.tables import Coverage, Patient, Relation


@dataclass(frozen=True, slots=True)
class Guarantor:
    """Who is billed, and where bills go."""

    guarantor_id: UUID
    name: Name
    address: Address | None
    phone: str
    email: str
    birth_date: date | None
    sex: Sex
    language: str
    is_self: bool


@dataclass(frozen=True, slots=True)
class BillingProfile:
    """A patient with the coverages that pay, in order, and the guarantor."""

    patient: Patient
    coverages: tuple[Coverage, ...]
    guarantor: Guarantor


def get_all(
    call: Call, patient_ids: Sequence[UUID], service_date: date | None, case_number: str
) -> list[BillingProfile]:
    """The profiles of these patients in the order asked for; unknown ids are left out.

    With a service date, coverages in force that day (of the case first); without one, all active ones.
    """
    store = Store(call.session)
    patients = store.patients(patient_ids)
    held = store.coverages(patients)
    guarantors = {patient.guarantor_id for patient in patients.values()} - set(patients)
    others = store.patients(guarantors)
    related = store.relations_by_id(guarantors - set(others))
    profiles = []
    for patient_id in dict.fromkeys(patient_ids):
        if patient_id not in patients:
            continue
        patient = patients[patient_id]
        by_id = {row.id: row for row in held[patient_id]}
        paying = coverage.order_of_payment(map(rows.coverage, by_id.values()), service_date, case_number)
        profiles.append(
            BillingProfile(
                patient,
                tuple(by_id[one.coverage_id] for one in paying),
                _guarantor(patient, patients | others, related),
            )
        )
    return profiles


def _guarantor(patient: Patient, known: Mapping[UUID, Patient], related: Mapping[UUID, Relation]) -> Guarantor:
    """The guarantor: a related person, another patient, or the patient."""
    relation = related.get(patient.guarantor_id)
    person = rows.related_person(relation) if relation else None
    if relation is not None and person is not None:
        own = people.mailing_address(rows.demographics(patient).addresses)
        return Guarantor(
            guarantor_id=relation.id,
            name=person.name,
            address=person.address or own,
            phone=person.phone,
            email=person.email,
            birth_date=person.birth_date,
            sex=person.sex,
            language=patient.language,
            is_self=False,
        )
    chosen = known.get(patient.guarantor_id, patient)
    who = rows.demographics(chosen)
    return Guarantor(
        guarantor_id=chosen.id,
        name=who.name,
        address=people.mailing_address(who.addresses),
        phone=next(iter(contact_points.phones(who.contact_points)), ""),
        email=next(iter(contact_points.emails(who.contact_points)), ""),
        birth_date=who.birth_date,
        sex=who.sex,
        language=who.language,
        is_self=chosen.id == patient.id,
    )
