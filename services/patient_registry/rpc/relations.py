"""RPCs about the people around a patient."""

from __future__ import annotations

from typing import Any

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb

from chassis.call import Call
from chassis.protos import date_message, identifier, optional_date, optional_identifier
from patient_registry import rows
from patient_registry.domain import contact_points
from patient_registry.domain.people import home_address
from patient_registry.domain.relations import RelatedPerson, Relationship
from patient_registry.rpc import wire
from patient_registry.usecases import patients, relations
from patient_registry.usecases.relations import NewRelation, Related

RELATIONSHIPS: dict[Relationship, Any] = {
    one: pb.Relationship.Value(f"RELATIONSHIP_{one.name}") for one in Relationship
}
_RELATIONSHIPS = {number: one for one, number in RELATIONSHIPS.items()}


class RelationsRpc:
    """Relations and the guarantor."""

    def ListRelations(self, request: pb.ListRelationsRequest, call: Call) -> pb.ListRelationsResponse:
        found = relations.listed(call, identifier(request.patient_id))
        return pb.ListRelationsResponse(relations=map(_relation, found))

    def AddRelation(self, request: pb.AddRelationRequest, call: Call) -> pb.Relation:
        related_patient_id = optional_identifier(request.related_patient_id, "related_patient_id")
        entered = NewRelation(
            relationship=_RELATIONSHIPS[request.relationship],
            related_patient_id=related_patient_id,
            person=_person(request) if related_patient_id is None and request.HasField("name") else None,
            guarantor=request.guarantor,
            proxy=request.proxy,
            emergency_contact=request.emergency_contact,
        )
        return _relation(relations.add(call, identifier(request.patient_id), entered))

    def RemoveRelation(self, request: pb.RemoveRelationRequest, call: Call) -> pb.RemoveRelationResponse:
        relations.remove(call, identifier(request.patient_id), identifier(request.relation_id, "relation_id"))
        return pb.RemoveRelationResponse()

    def SetGuarantor(self, request: pb.SetGuarantorRequest, call: Call) -> pb.Patient:
        guarantor_id = identifier(request.guarantor_id, "guarantor_id")
        row = patients.set_guarantor(call, identifier(request.patient_id), guarantor_id, request.version)
        return wire.patient(row)


def _person(request: pb.AddRelationRequest) -> RelatedPerson:
    return RelatedPerson(
        name=wire.name(request.name),
        phone=request.phone,
        email=request.email,
        address=wire.address(request.address) if request.HasField("address") else None,
        birth_date=optional_date(request.birth_date, "birth_date"),
        sex=wire.sex(request.sex),
    )


def _relation(found: Related) -> pb.Relation:
    row = found.relation
    message = pb.Relation(
        relation_id=str(row.id),
        patient_id=str(row.patient_id),
        related_patient_id=str(row.related_patient_id or ""),
        relationship=RELATIONSHIPS[Relationship(row.relationship)],
        guarantor=found.guarantor,
        proxy=row.proxy,
        emergency_contact=row.emergency_contact,
    )
    person = rows.related_person(row)
    if person is None and found.related is not None:
        who = rows.demographics(found.related)
        person = RelatedPerson(
            name=who.name,
            phone=next(iter(contact_points.phones(who.contact_points)), ""),
            email=next(iter(contact_points.emails(who.contact_points)), ""),
            address=home_address(who.addresses),
            birth_date=who.birth_date,
            sex=who.sex,
        )
    if person is not None:  # else a patient whom the caller may not see: that they are related is all there is to say
        message.MergeFrom(
            pb.Relation(
                name=wire.name_message(person.name),
                phone=person.phone,
                email=person.email,
                address=wire.address_message(person.address),
                birth_date=date_message(person.birth_date),
                sex=wire.SEXES[person.sex],
            )
        )
    return message
