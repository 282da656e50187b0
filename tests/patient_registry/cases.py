"""One example of every RPC, for the set tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from polyclinic.patient_registry.v1 import coverage_files_pb2, portal_access_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7
from chassis.testing import Case
from tests.contracts.growth import Bound
from tests.patient_registry import cases_intake
from tests.patient_registry.people import add_coverage, appointment, coverage, day, mobile, name, person, register


@dataclass(frozen=True)
class World:
    """What the examples refer to."""

    tenant_id: UUID
    patient_id: str
    other_id: str
    relation_id: str
    coverage_id: str
    other_mrn: str
    intake: cases_intake.Intake


def world(harness: Any, tenant: UUID) -> World:
    """Two people with the same name and birth date, a relation and a coverage."""
    desk = harness.client(tenant)
    one = register(desk, contact_points=[mobile("303-555-0101")])
    other = register(desk)
    relation = desk.call(
        "AddRelation",
        pb.AddRelationRequest(
            patient_id=one.patient_id, relationship=pb.RELATIONSHIP_SPOUSE, name=name("Ortega", "Mateo")
        ),
    )
    covered = add_coverage(desk, one.patient_id)
    booked = appointment(one.patient_id)
    harness.deliver(tenant, scheduling_events.AppointmentBooked(appointment=booked))
    desk.call("SetContactConsent", consent(one.patient_id))
    intake = cases_intake.world(desk, one.patient_id, booked.appointment_id)
    return World(tenant, one.patient_id, other.patient_id, relation.relation_id, covered.coverage_id, other.mrn, intake)


def coverage_file(w: World) -> coverage_files_pb2.ImportCoverageFileRequest:
    """A file with one coverage of somebody who has none."""
    return coverage_files_pb2.ImportCoverageFileRequest(
        name="coverages.csv",
        content=f"key,mrn,payer,member id\nK1,{w.other_mrn},COMM2,M1\n".encode(),
        control_totals=[coverage_files_pb2.CoverageTotal(payer_code="COMM2", rows=1)],
    )


def consent(patient_id: str) -> pb.SetContactConsentRequest:
    """The patient takes bills by e-mail."""
    return pb.SetContactConsentRequest(
        patient_id=patient_id, channel=pb.CONTACT_CHANNEL_EMAIL, purpose=pb.CONTACT_PURPOSE_BILLING, granted=True
    )


def _fhir_patient() -> bytes:
    resource = {
        "resourceType": "Patient",
        "identifier": [{"system": "https://other.example.org/mrn", "value": "77"}],
        "name": [{"family": "Wyman", "given": ["Alfreda"]}],
        "birthDate": "1980-10-28",
    }
    return json.dumps(resource).encode()


CASES = {
    "RegisterPatient": Case(lambda w: pb.RegisterPatientRequest(patient=person("Vega", "Ana", "1990-05-01"))),
    "QuickRegister": Case(
        lambda w: pb.QuickRegisterRequest(
            name=name("Vega", "Eva"), birth_date=day("1990-05-02"), phone="303-555-0102", payer_code="COMM1"
        )
    ),
    "GetPatient": Case(lambda w: pb.GetPatientRequest(patient_id=w.patient_id), names_resource=True),
    "UpdatePatient": Case(
        lambda w: pb.UpdatePatientRequest(
            patient_id=w.patient_id, patient=pb.PatientUpdate(language="es"), update_mask=FieldMask(paths=["language"])
        ),
        names_resource=True,
    ),
    "SearchPatients": Case(lambda w: pb.SearchPatientsRequest(query="ort,lu")),
    "CheckDuplicates": Case(lambda w: pb.CheckDuplicatesRequest(patient=person())),
    "ComparePatients": Case(
        lambda w: pb.ComparePatientsRequest(patient_id=w.patient_id, other_patient_id=w.other_id), names_resource=True
    ),
    "ListDuplicates": Case(lambda w: pb.ListDuplicatesRequest(patient_id=w.patient_id)),
    "DismissDuplicate": Case(
        lambda w: pb.DismissDuplicateRequest(patient_id=w.patient_id, other_patient_id=w.other_id), names_resource=True
    ),
    "ListRelations": Case(lambda w: pb.ListRelationsRequest(patient_id=w.patient_id), names_resource=True),
    "AddRelation": Case(
        lambda w: pb.AddRelationRequest(
            patient_id=w.patient_id, related_patient_id=w.other_id, relationship=pb.RELATIONSHIP_SIBLING
        ),
        names_resource=True,
    ),
    "RemoveRelation": Case(
        lambda w: pb.RemoveRelationRequest(patient_id=w.patient_id, relation_id=w.relation_id), names_resource=True
    ),
    "SetGuarantor": Case(
        lambda w: pb.SetGuarantorRequest(patient_id=w.patient_id, guarantor_id=w.other_id), names_resource=True
    ),
    "ListCoverages": Case(lambda w: pb.ListCoveragesRequest(patient_id=w.patient_id), names_resource=True),
    "GetCoverage": Case(lambda w: pb.GetCoverageRequest(coverage_id=w.coverage_id), names_resource=True),
    "ImportCoverageFile": Case(lambda w: coverage_file(w)),
    "ListCoverageFiles": Case(lambda w: coverage_files_pb2.ListCoverageFilesRequest()),
    "AddCoverage": Case(
        lambda w: pb.AddCoverageRequest(patient_id=w.patient_id, coverage=coverage("COMM2")), names_resource=True
    ),
    "UpdateCoverage": Case(
        lambda w: pb.UpdateCoverageRequest(
            coverage_id=w.coverage_id,
            coverage=pb.CoverageInput(group_number="G-1"),
            update_mask=FieldMask(paths=["group_number"]),
        ),
        names_resource=True,
    ),
    "RemoveCoverage": Case(lambda w: pb.RemoveCoverageRequest(coverage_id=w.coverage_id), names_resource=True),
    "ReorderCoverages": Case(
        lambda w: pb.ReorderCoveragesRequest(patient_id=w.patient_id, coverage_ids=[w.coverage_id]),
        names_resource=True,
    ),
    "SetPayerAlias": Case(lambda w: pb.SetPayerAliasRequest(text="Blue Ridge", payer_code="COMM1")),
    "ListPayerAliases": Case(lambda w: pb.ListPayerAliasesRequest()),
    "GetContactConsent": Case(lambda w: pb.GetContactConsentRequest(patient_id=w.patient_id), names_resource=True),
    "SetContactConsent": Case(
        lambda w: consent(w.patient_id),
        names_resource=True,
    ),
    "GetContacts": Case(lambda w: pb.GetContactsRequest(patient_ids=[w.patient_id])),
    "FindByContact": Case(lambda w: pb.FindByContactRequest(value="(303) 555-0101")),
    "GetBillingProfiles": Case(lambda w: pb.GetBillingProfilesRequest(patient_ids=[w.patient_id])),
    "ListVisits": Case(lambda w: pb.ListVisitsRequest(patient_id=w.patient_id), names_resource=True),
    "Snapshot": Case(lambda w: types_pb2.SnapshotRequest(event="polyclinic.patient_registry.v1.PatientChanged")),
    "ImportFhir": Case(
        lambda w: pb.ImportFhirRequest(
            bundle_type="transaction",
            entries=[pb.FhirEntry(index=0, full_url="urn:uuid:0", resource=_fhir_patient())],
        )
    ),
    "GetFhirPatient": Case(lambda w: pb.GetFhirPatientRequest(patient_id=w.patient_id), names_resource=True),
    "SearchFhirPatients": Case(
        lambda w: pb.SearchFhirPatientsRequest(
            parameters=[pb.FhirSearchParameter(name="family", value="ortega")],
            base_url="https://clinic.example.org/fhir/R4",
        )
    ),
    **cases_intake.CASES,
    "RequestPortalCode": Case(
        lambda w: portal_access_pb2.RequestPortalCodeRequest(
            tenant_id=str(uuid7()), contact="+12125550142", birth_date=day("1984-02-29")
        )
    ),
}

# For the bounds of reads (tests/contracts/test_bounds.py): tables of which one patient has few …
FEW = frozenset({"relation", "coverage"})  # of one patient there are few by rule: MOST_RELATIONS, MOST_COVERAGES
NOT_MADE = frozenset({"external_key"})  # what imports are recognised by; read by their key only
# … and those that describe the network rather than what happened in it.
SETTLED = frozenset({"payer_alias", "intake_form", "consent_text"})
# Reads that may cost more on a long history, each with its bound and the reason.
BOUNDS: dict[str, Bound] = {
    "GetContactConsent": Bound("the last 200 changes of a history are told", rows=1 + 200 + 24),
    "CheckDuplicates": Bound(
        "compares at most 300 people who share a birth date, a phone or a name's sound", rows=300, visits_all=True
    ),
    "FindByContact": Bound("at most 50 people of one number or address are told", rows=2 * 50),
    "GetContacts": Bound("at most 50 people who share a number or address are told", rows=2 + 2 * 50 + 24),
    "SearchFhirPatients": Bound("a page as large as FHIR's default", rows=51, visits_all=True),
}
