"""Registering, reading, changing and finding people, through the real service."""

from __future__ import annotations

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from tests.patient_registry.people import person, register


def test_smoke(registry):
    """A registered patient is read back."""
    tenant = registry.tenant()
    desk = registry.client(tenant)
    made = register(desk)
    print(made)
    assert desk.call("GetPatient", pb.GetPatientRequest(patient_id=made.patient_id)) == made
    assert [
        one.patient_id for one in desk.call("SearchPatients", pb.SearchPatientsRequest(query="ort,lu")).patients
    ] == [made.patient_id]
    again = desk.call("RegisterPatient", pb.RegisterPatientRequest(patient=person()))
    print(again)
    assert not again.registered
