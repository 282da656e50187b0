"""RPCs about people: registering, reading, changing, finding, telling duplicates apart; visits and snapshot."""

from __future__ import annotations

from polyclinic.patient_registry.v1 import patient_registry_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from chassis.masks import merged
from chassis.protos import identifier, optional_identifier, timestamp, to_date
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.coverage import Coverage
from patient_registry.domain.matching import Grade
from patient_registry.domain.people import Demographics
from patient_registry.rpc import wire
from patient_registry.usecases import duplicates, patients, snapshots, visits
from patient_registry.usecases.patients import Register, Registration


class PatientsRpc:
    """Patients, duplicates, visits, snapshot."""

    def RegisterPatient(self, request: pb.RegisterPatientRequest, call: Call) -> pb.RegisterPatientResponse:
        command = Register(
            person=wire.demographics(request.patient),
            guarantor_id=optional_identifier(request.patient.guarantor_id, "patient.guarantor_id"),
            accept_duplicates=request.accept_duplicates,
            reviewed=frozenset(map(identifier, request.reviewed_patient_ids)),
        )
        return _registration(patients.register(call, command))

    def QuickRegister(self, request: pb.QuickRegisterRequest, call: Call) -> pb.RegisterPatientResponse:
        person = Demographics(
            name=wire.name(request.name),
            birth_date=to_date(request.birth_date, "birth_date"),
            contact_points=(ContactPoint(ContactKind.MOBILE, request.phone),),
            payer_hint=request.payer_name or request.payer_code,
        )
        coverage = Coverage(
            coverage_id=call.new_id(),
            payer_code=request.payer_code,
            payer_name=request.payer_name,
            member_id=request.member_id,
            priority=0,
        )
        command = Register(
            person=person,
            coverage=coverage if request.payer_code else None,
            accept_duplicates=request.accept_duplicates,
            reviewed=frozenset(map(identifier, request.reviewed_patient_ids)),
        )
        return _registration(patients.register(call, command))

    def GetPatient(self, request: pb.GetPatientRequest, call: Call) -> pb.Patient:
        return wire.patient(patients.get(call, identifier(request.patient_id)))

    def UpdatePatient(self, request: pb.UpdatePatientRequest, call: Call) -> pb.Patient:
        def edit(person: Demographics) -> Demographics:
            after = merged(wire.update_message(person), request.patient, request.update_mask)
            if not after.HasField("name") or not after.HasField("birth_date"):
                raise InvalidInput([Violation("update_mask", "name and birth_date cannot be removed")])
            return wire.updated(after, person)

        fields = frozenset(path.split(".")[0] for path in request.update_mask.paths)
        row = patients.update(call, identifier(request.patient_id), request.version, fields, edit)
        return wire.patient(row)

    def SearchPatients(self, request: pb.SearchPatientsRequest, call: Call) -> pb.SearchPatientsResponse:
        found, token = patients.find(call, request.query, request.page_size, request.page_token)
        return pb.SearchPatientsResponse(patients=map(wire.summary, found), next_page_token=token)

    def CheckDuplicates(self, request: pb.CheckDuplicatesRequest, call: Call) -> pb.CheckDuplicatesResponse:
        found = duplicates.check(call, wire.demographics(request.patient))
        return pb.CheckDuplicatesResponse(candidates=[wire.candidate(one.patient, one.match) for one in found])

    def ComparePatients(self, request: pb.ComparePatientsRequest, call: Call) -> pb.DuplicateCandidate:
        other = identifier(request.other_patient_id, "other_patient_id")
        found = duplicates.compare(call, identifier(request.patient_id), other)
        return wire.candidate(found.patient, found.match)

    def ListDuplicates(self, request: pb.ListDuplicatesRequest, call: Call) -> pb.ListDuplicatesResponse:
        patient_id = optional_identifier(request.patient_id)
        found, token = duplicates.review_list(call, patient_id, request.page_size, request.page_token)
        pairs = [
            pb.DuplicatePair(
                first=wire.summary(first),
                second=wire.summary(second),
                score=pair.score_hundredths / 100,
                grade=wire.GRADES[Grade(pair.grade)],
                reasons=pair.reasons,
                found_at=timestamp(pair.found_at),
            )
            for pair, first, second in found
        ]
        return pb.ListDuplicatesResponse(pairs=pairs, next_page_token=token)

    def DismissDuplicate(self, request: pb.DismissDuplicateRequest, call: Call) -> pb.DismissDuplicateResponse:
        other = identifier(request.other_patient_id, "other_patient_id")
        duplicates.dismiss(call, identifier(request.patient_id), other)
        return pb.DismissDuplicateResponse()

    def ListVisits(self, request: pb.ListVisitsRequest, call: Call) -> pb.ListVisitsResponse:
        found, token = visits.listed(call, identifier(request.patient_id), request.page_size, request.page_token)
        listed = [
            pb.Visit(
                appointment_id=str(row.id),
                patient_id=str(row.patient_id),
                location_id=row.location_id,
                practitioner_id=row.practitioner_id,
                appointment_type_code=row.appointment_type_code,
                start_time=timestamp(row.start_time),
                end_time=timestamp(row.end_time),
                time_zone=row.time_zone,
                modality=row.modality,  # type: ignore[arg-type]  # the number scheduling gave
                status=row.status,  # type: ignore[arg-type]
            )
            for row in found
        ]
        return pb.ListVisitsResponse(visits=listed, next_page_token=token)

    def Snapshot(self, request: types_pb2.SnapshotRequest, call: Call) -> types_pb2.SnapshotResponse:
        events, token = snapshots.page(call, request.event, request.page_size, request.page_token)
        return types_pb2.SnapshotResponse(events=events, next_page_token=token)


def _registration(done: Registration) -> pb.RegisterPatientResponse:
    if done.patient is not None:
        return pb.RegisterPatientResponse(patient=wire.patient(done.patient), registered=True)
    likely = [wire.candidate(one.patient, one.match) for one in done.likely]
    return pb.RegisterPatientResponse(likely_duplicates=likely)
