"""The people around a patient."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from patient_registry import errors, published, rows
from patient_registry.domain import relations as rules
from patient_registry.domain.relations import RelatedPerson, Relationship
from patient_registry.store import MOST_RELATIONS, Store
from patient_registry.store_portal import PortalStore
from patient_registry.tables import Patient, Relation
from patient_registry.usecases import patients


@dataclass(frozen=True, slots=True)
class Related:
    """A relation, the patient on file that the related person is (if so), and whether bills go to them."""

    relation: Relation
    related: Patient | None
    guarantor: bool


@dataclass(frozen=True, slots=True)
class NewRelation:
    """What is said of a related person: either another patient, or somebody with a name."""

    relationship: Relationship
    related_patient_id: UUID | None = None
    person: RelatedPerson | None = None
    guarantor: bool = False
    proxy: bool = False
    emergency_contact: bool = False


def listed(call: Call, patient_id: UUID) -> list[Related]:
    """A patient's relations, oldest first. Raises NotFound."""
    store = Store(call.session)
    patient = store.need(Patient, patient_id, "patient")
    found = store.relations([patient_id])[patient_id]
    known = store.patients(row.related_patient_id for row in found if row.related_patient_id)
    return [_related(row, known.get(row.related_patient_id or row.id), patient) for row in found]


def add(call: Call, patient_id: UUID, entered: NewRelation) -> Related:
    """Adds a relation. Raises NotFound, InvalidInput."""
    store = Store(call.session)
    patient = store.lock(Patient, patient_id, "patient")
    row = add_to(call, store, patient, entered)
    related = store.need(Patient, row.related_patient_id, "related patient") if row.related_patient_id else None
    return _related(row, related, patient)


def add_to(call: Call, store: Store, patient: Patient, entered: NewRelation) -> Relation:
    """Adds a relation to a locked (or new) patient."""
    if entered.related_patient_id == patient.id:
        raise InvalidInput([Violation("related_patient_id", "must be another person")])
    if len(store.relations([patient.id])[patient.id]) >= MOST_RELATIONS:
        raise errors.TooMany(internal="relations")
    row = Relation(id=call.new_id(), patient_id=patient.id, phone="", email="", person={})
    put(store, row, entered)
    store.add(row)
    tell_proxy(call, row)
    call.touch(patient.id)
    if entered.guarantor:
        patients.bill_to(call, store, patient, row.id)
    return row


def put(store: Store, row: Relation, entered: NewRelation) -> None:
    """Writes what is said of a related person into a relation's row. Raises NotFound, InvalidInput."""
    if entered.related_patient_id is not None:
        store.need(Patient, entered.related_patient_id, "related patient")
        row.phone = row.email = ""
        row.person = {}
    elif entered.person is None:
        raise InvalidInput([Violation("name", "is needed for somebody who is not a patient here")])
    else:
        person, problems = rules.settle(entered.person)
        errors.refuse(problems)
        row.phone, row.email = person.phone, person.email
        row.person = rows.related_person_json(person)
    row.related_patient_id = entered.related_patient_id
    row.relationship = entered.relationship.value
    row.proxy = entered.proxy
    row.emergency_contact = entered.emergency_contact


def remove(call: Call, patient_id: UUID, relation_id: UUID) -> None:
    """Ends a relation. Raises NotFound, GuarantorInUse."""
    store = Store(call.session)
    patient = store.lock(Patient, patient_id, "patient")
    row = store.need(Relation, relation_id, "relation")
    if row.patient_id != patient.id:
        raise NotFound("relation")
    if _bills_go_to(row, patient):
        raise errors.GuarantorInUse
    call.session.delete(row)
    call.session.flush()
    tell_proxy(call, row)


def tell_proxy(call: Call, row: Relation) -> None:
    """Publishes whom the related person may act for now, when that may have changed."""
    holder = row.related_patient_id
    if holder is not None and row.proxy:
        call.emit(published.proxied_patients_changed(holder, PortalStore(call.session).proxied_by(holder), call.now))


def link(call: Call, store: Store, relation: Relation, related: Patient) -> None:
    """Says that the related person is this patient; a guarantor stays the guarantor, now as a patient."""
    if relation.related_patient_id == related.id or relation.patient_id == related.id:
        return
    patient = store.lock(Patient, relation.patient_id, "patient")
    relation.related_patient_id = related.id
    relation.person, relation.phone, relation.email = {}, "", ""
    call.session.flush()
    tell_proxy(call, relation)
    if patient.guarantor_id == relation.id:
        patient.guarantor_id = related.id
        patient.updated_at = call.now
        call.session.flush()
        call.emit(published.patient_changed(patient))


def _related(row: Relation, related: Patient | None, patient: Patient) -> Related:
    return Related(row, related, _bills_go_to(row, patient))


def _bills_go_to(row: Relation, patient: Patient) -> bool:
    return patient.guarantor_id in (row.id, row.related_patient_id)
