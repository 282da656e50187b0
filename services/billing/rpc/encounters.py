"""Visits and their codes: protobuf in, use case, protobuf out."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date
from uuid import UUID

from google.type import date_pb2
from polyclinic.billing.v1 import encounters_pb2 as pb
from polyclinic.types.v1 import types_pb2

from billing.domain.charges import CodedLine, TelehealthFacts, dotted_diagnosis
from billing.domain.ledger import LineBalance
from billing.tables_money import ChargeLine, Encounter
from billing.usecases import encounters
from billing.usecases.encounters import EncounterView, line_from_json
from chassis.call import Call
from chassis.protos import (
    date_message,
    identifier,
    money,
    optional_date,
    optional_identifier,
    timestamp,
)

STATES = {
    "expected": pb.ENCOUNTER_STATE_EXPECTED,
    "open": pb.ENCOUNTER_STATE_OPEN,
    "signed": pb.ENCOUNTER_STATE_SIGNED,
    "no_charge": pb.ENCOUNTER_STATE_NO_CHARGE,
    "cancelled": pb.ENCOUNTER_STATE_CANCELLED,
    "in_review": pb.ENCOUNTER_STATE_IN_REVIEW,
}
STATE_NAMES = {number: name for name, number in STATES.items()}
MODALITIES = {
    "in_person": types_pb2.MODALITY_IN_PERSON,
    "video": types_pb2.MODALITY_VIDEO,
    "phone": types_pb2.MODALITY_PHONE,
}


class EncountersRpc:
    """RPCs about visits; `billable` holds the billable ICD-10-CM codes."""

    billable: Container[str]

    def GetEncounter(self, request: pb.GetEncounterRequest, call: Call) -> pb.Encounter:
        return encounter_message(encounters.get_encounter(call, identifier(request.encounter_id)))

    def ListEncounters(self, request: pb.ListEncountersRequest, call: Call) -> pb.ListEncountersResponse:
        rows, token = encounters.list_encounters(
            call,
            appointment_ids=[identifier(text) for text in request.appointment_ids],
            patient_id=optional_identifier(request.patient_id),
            location_id=optional_identifier(request.location_id),
            practitioner_id=optional_identifier(request.practitioner_id),
            states=[STATE_NAMES[state] for state in request.states if state in STATE_NAMES],
            first_day=optional_date(request.service_dates.start, "service_dates.start"),
            last_day=optional_date(request.service_dates.end, "service_dates.end"),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListEncountersResponse(
            encounters=[encounter_message(EncounterView(row)) for row in rows], next_page_token=token
        )

    def SaveCodes(self, request: pb.SaveCodesRequest, call: Call) -> pb.Encounter:
        command = encounters.SaveCodes(
            encounter_id=identifier(request.encounter_id),
            diagnoses=tuple(request.diagnoses),
            lines=tuple(_coded_line(line) for line in request.lines),
            facts=_facts(request.facts),
            telehealth=_telehealth(request.telehealth) if request.HasField("telehealth") else None,
            version=request.version,
        )
        return encounter_message(encounters.save_codes(call, command, self.billable))

    def SignEncounter(self, request: pb.SignEncounterRequest, call: Call) -> pb.Encounter:
        encounter_id = identifier(request.encounter_id)
        return encounter_message(encounters.sign_encounter(call, encounter_id, request.version, self.billable))

    def NoCharge(self, request: pb.NoChargeRequest, call: Call) -> pb.Encounter:
        encounter_id = identifier(request.encounter_id)
        return encounter_message(encounters.no_charge(call, encounter_id, request.reason, request.version))

    def ListMissingCharges(self, request: pb.ListMissingChargesRequest, call: Call) -> pb.ListMissingChargesResponse:
        rows, token = encounters.list_missing_charges(
            call,
            location_id=optional_identifier(request.location_id),
            practitioner_id=optional_identifier(request.practitioner_id),
            up_to=optional_date(request.up_to, "up_to"),
            page_size=request.page_size,
            page_token=request.page_token,
        )
        return pb.ListMissingChargesResponse(
            encounters=[encounter_message(EncounterView(row)) for row in rows], next_page_token=token
        )


def _coded_line(line: pb.CodedLine) -> CodedLine:
    return CodedLine(
        procedure=line.procedure,
        units=line.units,
        diagnosis_pointers=tuple(line.diagnosis_pointers),
        modifiers=tuple(line.modifiers),
        ndc=line.ndc,
        ndc_quantity=line.ndc_quantity,
        ndc_unit=line.ndc_unit,
    )


def _telehealth(facts: pb.TelehealthFacts) -> TelehealthFacts:
    return TelehealthFacts(patient_at_home=facts.patient_place == pb.PATIENT_PLACE_HOME, audio_only=facts.audio_only)


def _facts(facts: pb.ClaimFacts) -> dict[str, str]:
    accident = optional_date(facts.accident_date, "facts.accident_date")
    onset = optional_date(facts.onset_date, "facts.onset_date")
    given = {
        "authorisation": facts.authorisation,
        "accident": facts.accident,
        "accident_date": accident.isoformat() if accident else "",
        "onset_date": onset.isoformat() if onset else "",
        "referring_npi": facts.referring_npi,
        "referring_last": facts.referring_name.family,
        "referring_first": facts.referring_name.given,
        "supervising_practitioner_id": facts.supervising_practitioner_id,
    }
    return {name: value for name, value in given.items() if value}


def encounter_message(view: EncounterView) -> pb.Encounter:
    """A visit as the API shows it."""
    row = view.encounter
    message = pb.Encounter(
        encounter_id=str(row.id),
        appointment_id=str(row.appointment_id),
        patient_id=str(row.patient_id),
        location_id=str(row.location_id),
        practitioner_id=str(row.practitioner_id),
        appointment_type_code=row.appointment_type_code,
        modality=MODALITIES[row.modality],
        start_time=timestamp(row.start_time),
        service_date=date_message(row.service_date),
        state=STATES[row.state],
        checked_in_at=timestamp(row.checked_in_at),
        seen=row.seen_at is not None,
        diagnoses=[dotted_diagnosis(code) for code in row.diagnoses],
        lines=[line_message(line_from_json(line)) for line in row.lines],
        signed_at=timestamp(row.signed_at),
        signed_by=row.signed_by,
        no_charge_reason=row.no_charge_reason,
        charges=[charge_message(line, view.balances, view.payer_codes) for line in view.charges],
        version=row.version,
    )
    _put_facts(message, row)
    return message


def _put_facts(message: pb.Encounter, row: Encounter) -> None:
    facts = row.facts
    if facts:
        message.facts.CopyFrom(
            pb.ClaimFacts(
                authorisation=facts.get("authorisation", ""),
                accident=facts.get("accident", ""),
                accident_date=_stored_day(facts.get("accident_date")),
                onset_date=_stored_day(facts.get("onset_date")),
                referring_npi=facts.get("referring_npi", ""),
                supervising_practitioner_id=facts.get("supervising_practitioner_id", ""),
            )
        )
        if facts.get("referring_last"):
            message.facts.referring_name.family = facts["referring_last"]
            message.facts.referring_name.given = facts.get("referring_first", "")
    if row.telehealth is not None:
        at_home = row.telehealth["patient_at_home"]
        message.telehealth.patient_place = pb.PATIENT_PLACE_HOME if at_home else pb.PATIENT_PLACE_ELSEWHERE
        message.telehealth.audio_only = row.telehealth["audio_only"]
        message.telehealth.seconds_together = row.telehealth["seconds_together"]


def line_message(line: CodedLine) -> pb.CodedLine:
    """A coded line as the API shows it."""
    return pb.CodedLine(
        procedure=line.procedure,
        modifiers=line.modifiers,
        units=line.units,
        diagnosis_pointers=line.diagnosis_pointers,
        ndc=line.ndc,
        ndc_quantity=line.ndc_quantity,
        ndc_unit=line.ndc_unit,
    )


def charge_message(
    line: ChargeLine, balances: Mapping[UUID, LineBalance], payer_codes: Mapping[UUID, str]
) -> pb.ChargeLine:
    """A charge line with who owes what on it now."""
    balance = balances.get(line.id, LineBalance())
    return pb.ChargeLine(
        charge_line_id=str(line.id),
        line_number=line.line_number,
        procedure=line.procedure,
        modifiers=line.modifiers,
        units=line.units,
        diagnosis_pointers=line.diagnosis_pointers,
        place_of_service=line.place_of_service,
        service_date=date_message(line.service_date),
        charge=money(line.charge_minor),
        payer_code=payer_codes.get(line.payer_id, "") if line.payer_id else "",
        held_reason=line.held_reason,
        payer_balance=money(balance.open_minor),
        patient_balance=money(balance.patient_due_minor),
    )


def _stored_day(text: str | None) -> date_pb2.Date | None:
    return date_message(date.fromisoformat(text)) if text else None
