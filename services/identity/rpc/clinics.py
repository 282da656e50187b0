"""The Clinics servicer: protobuf in → use case → protobuf out."""

from __future__ import annotations

from google.protobuf.json_format import ParseDict
from polyclinic.identity.v1 import clinics_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis import masks
from chassis.call import Call
from identity.tables import Location, Practitioner
from identity.usecases import clinics
from identity.usecases.clinics import Clinic, Shown


class ClinicsRpc:
    """Serves polyclinic.identity.v1.Clinics."""

    def GetClinic(self, request: pb.GetClinicRequest, call: Call) -> pb.Clinic:
        return _clinic(clinics.clinic(call, request.slug))

    def ListClinics(self, request: pb.ListClinicsRequest, call: Call) -> pb.ListClinicsResponse:
        slugs, token = clinics.clinics(call, request.page_size, request.page_token)
        return pb.ListClinicsResponse(slugs=slugs, next_page_token=token)

    def GetClinicPage(self, request: pb.GetClinicPageRequest, call: Call) -> pb.ClinicPage:
        return _page(clinics.page(call))

    def UpdateClinicPage(self, request: pb.UpdateClinicPageRequest, call: Call) -> pb.ClinicPage:
        current = _page(clinics.page(call))
        merged = masks.merged(current, request.clinic_page, request.update_mask, fixed=frozenset({"version"}))
        wished = Shown(
            merged.published,
            dict(merged.about),
            merged.phone,
            merged.email,
            merged.takes_new_patients,
            list(merged.location_ids),
            list(merged.practitioner_ids),
        )
        return _page(clinics.update(call, wished, request.version))


def _page(shown: Shown) -> pb.ClinicPage:
    return pb.ClinicPage(
        published=shown.published,
        about=shown.about,
        phone=shown.phone,
        email=shown.email,
        takes_new_patients=shown.takes_new_patients,
        location_ids=shown.location_ids,
        practitioner_ids=shown.practitioner_ids,
        version=shown.version,
    )


def _clinic(found: Clinic) -> pb.Clinic:
    listed = {str(row.id) for row in found.locations}
    return pb.Clinic(
        tenant_id=str(found.tenant.id),
        slug=found.tenant.slug,
        name=found.tenant.name,
        default_language=found.tenant.default_language,
        published=found.shown.published,
        about=found.shown.about,
        phone=found.shown.phone,
        email=found.shown.email,
        takes_new_patients=found.shown.takes_new_patients,
        locations=[_location(row) for row in found.locations],
        people=[_person(row, listed) for row in found.people],
    )


def _location(row: Location) -> pb.ClinicLocation:
    return ParseDict(
        {
            "location_id": str(row.id),
            "name": row.name,
            "address": row.address,
            "time_zone": row.time_zone,
            "phone": row.phone,
            "hours": row.hours,
            **({"latitude": row.latitude, "longitude": row.longitude} if row.latitude is not None else {}),
        },
        pb.ClinicLocation(),
    )


def _person(row: Practitioner, listed: set[str]) -> pb.ClinicPerson:
    return pb.ClinicPerson(
        practitioner_id=str(row.id),
        name=ParseDict(row.name, types_pb2.HumanName()),
        credential=row.credential,
        specialties=row.specialties,
        languages=row.languages,
        location_ids=[each for each in row.location_ids if each in listed],
    )
