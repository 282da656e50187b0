"""The patient registry: settings → database → bus → servicer → serve."""

from __future__ import annotations

from polyclinic.patient_registry.v1 import coverage_files_pb2, intake_pb2, patient_registry_pb2, portal_access_pb2

from chassis.service import Service
from patient_registry import events
from patient_registry.rpc import PatientRegistryRpc
from patient_registry.rpc.coverage_files import CoverageFilesRpc
from patient_registry.rpc.intake import IntakeRpc
from patient_registry.rpc.portal_access import PortalAccessRpc
from patient_registry.settings import Settings


def build(settings: Settings) -> Service:
    """The service, wired; nothing connects until it is run."""
    service = Service("patient_registry", settings)
    service.serve(patient_registry_pb2.DESCRIPTOR.services_by_name["PatientRegistry"], PatientRegistryRpc())
    service.serve(intake_pb2.DESCRIPTOR.services_by_name["Intake"], IntakeRpc())
    service.serve(portal_access_pb2.DESCRIPTOR.services_by_name["PortalAccess"], PortalAccessRpc())
    service.serve(coverage_files_pb2.DESCRIPTOR.services_by_name["CoverageFiles"], CoverageFilesRpc())
    service.consume(events.SUBSCRIPTIONS)
    return service


def main() -> None:
    """Runs until told to stop."""
    build(Settings.from_environment()).run()


if __name__ == "__main__":
    main()
