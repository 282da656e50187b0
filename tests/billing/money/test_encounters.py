"""Visits: expected, opened, coded, signed, priced, placed; what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import encounters_pb2 as pb
from polyclinic.billing.v1 import events_pb2, payers_pb2
from polyclinic.types.v1.types_pb2 import MODALITY_PHONE, MODALITY_VIDEO

from chassis.ids import uuid7
from chassis.protos import to_date
from chassis.testing import expect_error
from tests.billing.clinic import LAB_FEE, VISIT_FEE, Clinic, day, payer_request


def test_a_booking_is_an_expected_visit(clinic: Clinic) -> None:
    """A booked appointment is an encounter in state expected, on its local day."""
    late_evening = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)  # 9:30 pm on the 3rd in New York
    encounter = clinic.encounter_of(clinic.appointment(clinic.patient(), "BOOKED", start=late_evening))
    assert encounter.state == pb.ENCOUNTER_STATE_EXPECTED
    assert encounter.service_date == Date(year=2026, month=3, day=3)


def test_an_older_state_never_replaces_a_newer_one(clinic: Clinic) -> None:
    """Events may come late: after the check-in an old booking changes nothing."""
    patient = clinic.patient()
    appointment = clinic.appointment(patient, "BOOKED", "CHECKED_IN")
    clinic._versions[appointment] = 0
    clinic.appointment(patient, "BOOKED", appointment_id=appointment)
    assert clinic.encounter_of(appointment).state == pb.ENCOUNTER_STATE_OPEN


@pytest.mark.parametrize("status", ["CANCELLED", "NO_SHOW"])
def test_a_visit_that_does_not_happen_is_cancelled(clinic: Clinic, status: str) -> None:
    """Cancelled and missed visits can neither be coded nor signed."""
    encounter = clinic.encounter_of(clinic.appointment(clinic.patient(), "BOOKED", status))
    assert encounter.state == pb.ENCOUNTER_STATE_CANCELLED
    with expect_error("FAILED_PRECONDITION"):
        clinic.code(encounter)


def test_an_undone_check_in_is_expected_again(clinic: Clinic) -> None:
    """The desk took the check-in back: the visit waits again, without check-in time."""
    encounter = clinic.encounter_of(clinic.appointment(clinic.patient(), "BOOKED", "CHECKED_IN", "BOOKED"))
    assert encounter.state == pb.ENCOUNTER_STATE_EXPECTED
    assert not encounter.HasField("checked_in_at")


def test_codes_are_kept_and_every_fault_is_said_at_once(clinic: Clinic) -> None:
    """Unbillable diagnoses, pointers to nothing and wrong codes are refused together, each with its field."""
    encounter = clinic.open_visit(clinic.patient())
    saved = clinic.code(encounter, diagnoses=["E119", "I10"])
    assert list(saved.diagnoses) == ["E11.9", "I10"]
    assert saved.version == encounter.version + 1
    lines = [pb.CodedLine(procedure="99213", units=1, diagnosis_pointers=[3])]
    with pytest.raises(Exception, match="not valid") as refused:
        clinic.code(saved, diagnoses=["E11", "I10"], lines=lines)
    fields = [violation.field for violation in refused.value.violations]
    assert fields == ["diagnoses[0]", "lines[0].diagnosis_pointers"]
    assert list(clinic.encounter_of(saved.appointment_id).diagnoses) == ["E11.9", "I10"]


def test_nobody_signs_codes_they_have_not_seen(clinic: Clinic) -> None:
    """A version that is not the present one is refused."""
    stale = clinic.open_visit(clinic.patient())
    clinic.code(stale)
    with expect_error("STALE_VERSION"):
        clinic.sign(stale)


def test_signing_charges_from_the_charge_master(clinic: Clinic) -> None:
    """Each line costs price × units; the visit is signed, told to others, and owed by the self-paying patient."""
    lines = [
        pb.CodedLine(procedure="99213", units=1, diagnosis_pointers=[1], modifiers=["25"]),
        pb.CodedLine(procedure="85025", units=2, diagnosis_pointers=[1]),
    ]
    signed = clinic.sign(clinic.code(clinic.open_visit(clinic.patient()), lines=lines))
    assert signed.state == pb.ENCOUNTER_STATE_SIGNED
    assert signed.signed_by == clinic.staff_id
    assert [(line.charge.minor_units, line.place_of_service) for line in signed.charges] == [
        (VISIT_FEE, "11"),
        (2 * LAB_FEE, "11"),
    ]
    assert [line.patient_balance.minor_units for line in signed.charges] == [VISIT_FEE, 2 * LAB_FEE]
    [told] = clinic.harness.events(clinic.tenant, events_pb2.VisitSigned)
    assert (told.encounter_id, told.appointment_id) == (signed.encounter_id, signed.appointment_id)
    with expect_error("FAILED_PRECONDITION"):
        clinic.sign(signed)


def test_an_insured_visit_is_owed_by_the_payer(clinic: Clinic) -> None:
    """With a coverage in force the first payer owes the charges, the patient nothing yet."""
    patient = clinic.patient()
    clinic.covered(patient)
    signed = clinic.signed_visit(patient)
    assert {line.payer_code for line in signed.charges} == {"COMM1"}
    assert [line.payer_balance.minor_units for line in signed.charges] == [VISIT_FEE, LAB_FEE]
    assert [line.patient_balance.minor_units for line in signed.charges] == [0, 0]


def test_a_code_without_price_is_named(clinic: Clinic) -> None:
    """Nothing is signed as long as one service has no price."""
    line = pb.CodedLine(procedure="97110", units=1, diagnosis_pointers=[1])
    coded = clinic.code(clinic.open_visit(clinic.patient()), lines=[line])
    with expect_error("NO_PRICE", field="lines[0].procedure"):
        clinic.sign(coded)
    assert clinic.encounter_of(coded.appointment_id).state == pb.ENCOUNTER_STATE_OPEN


def test_prices_are_those_of_the_service_day(clinic: Clinic) -> None:
    """A visit signed after a price change is charged at the old price."""
    encounter = clinic.code(clinic.open_visit(clinic.patient()))
    tomorrow = to_date(encounter.service_date) + timedelta(days=1)
    clinic.put_prices("CHARGES", {"99213": VISIT_FEE * 2, "85025": LAB_FEE}, day(tomorrow))
    assert clinic.sign(encounter).charges[0].charge.minor_units == VISIT_FEE


@pytest.mark.parametrize(
    ("at_home", "audio_only", "place", "modifier"),
    [(True, False, "10", "95"), (False, False, "02", "95"), (True, True, "10", "93")],
)
def test_the_video_sessions_record_places_the_visit(
    clinic: Clinic, at_home: bool, audio_only: bool, place: str, modifier: str
) -> None:
    """Where the patient was and whether there was video decide place of service and modifier."""
    patient = clinic.patient()
    clinic.covered(patient)
    encounter = clinic.open_visit(patient, modality=MODALITY_VIDEO)
    clinic.session_ended(encounter.appointment_id, patient, at_home=at_home, audio_only=audio_only)
    signed = clinic.sign(clinic.code(clinic.encounter_of(encounter.appointment_id)))
    assert signed.telehealth.seconds_together == 900
    assert {(line.place_of_service, *line.modifiers) for line in signed.charges} == {(place, modifier)}


def test_a_session_may_end_before_its_appointment_is_known(clinic: Clinic) -> None:
    """Events of two services come in any order: the record waits for the appointment."""
    patient, appointment = clinic.patient(), str(uuid7())
    clinic.session_ended(appointment, patient, at_home=False)
    clinic.appointment(patient, "BOOKED", "CHECKED_IN", "SEEN", appointment_id=appointment, modality=MODALITY_VIDEO)
    signed = clinic.sign(clinic.code(clinic.encounter_of(appointment)))
    assert signed.charges[0].place_of_service == "02"


def test_a_phone_visit_needs_somebodys_word(clinic: Clinic) -> None:
    """Without a session's record the clinician says where the patient was; without either nothing is signed."""
    encounter = clinic.code(clinic.open_visit(clinic.patient(), modality=MODALITY_PHONE))
    with expect_error("TELEHEALTH_FACTS_MISSING"):
        clinic.sign(encounter)
    said = pb.TelehealthFacts(patient_place=pb.PATIENT_PLACE_HOME, audio_only=True)
    assert clinic.sign(clinic.code(encounter, telehealth=said)).charges[0].place_of_service == "10"


def test_missing_charges_until_signed_or_without_charge(clinic: Clinic) -> None:
    """A visit that was seen is missed until it is signed, also on the next day, or said to be without charge."""
    signed_late, free = clinic.open_visit(clinic.patient()), clinic.open_visit(clinic.patient())
    still_waiting = clinic.encounter_of(clinic.appointment(clinic.patient(), "BOOKED", "CHECKED_IN"))

    def missing() -> set[str]:
        answer = clinic.staff.call("ListMissingCharges", pb.ListMissingChargesRequest(location_id=clinic.location))
        return {encounter.encounter_id for encounter in answer.encounters}

    assert missing() == {signed_late.encounter_id, free.encounter_id}
    reason = "post-operative visit, in the global period"
    request = pb.NoChargeRequest(encounter_id=free.encounter_id, reason=reason, version=free.version)
    assert clinic.staff.call("NoCharge", request).no_charge_reason == reason
    clinic.harness.advance(days=1)
    signed = clinic.sign(clinic.code(signed_late))
    assert signed.charges[0].service_date == signed_late.service_date
    assert missing() == set()
    assert still_waiting.state == pb.ENCOUNTER_STATE_OPEN


def test_a_site_sees_its_own_visits_only(clinic: Clinic) -> None:
    """Who works at one location finds no visit of another, by list or by id."""
    elsewhere = clinic.add_location(str(uuid7()), "Denver", "America/Denver")
    there = clinic.encounter_of(clinic.appointment(clinic.patient(), "BOOKED", "CHECKED_IN", location=elsewhere))
    here = clinic.open_visit(clinic.patient())
    local = clinic.harness.client(clinic.tenant, location_ids=[UUID(clinic.location)])
    found = local.call("ListEncounters", pb.ListEncountersRequest()).encounters
    assert [encounter.encounter_id for encounter in found] == [here.encounter_id]
    with expect_error("NOT_FOUND"):
        local.call("GetEncounter", pb.GetEncounterRequest(encounter_id=there.encounter_id))


def test_a_payers_periods_must_cover_its_life(clinic: Clinic) -> None:
    """Rules with a gap are refused with the period's path; good ones come back in order of time."""
    gap = payer_request("BLUE", payers_pb2.PAYER_KIND_COMMERCIAL)
    gap.rules[0].effective.end.CopyFrom(Date(year=2026, month=6, day=30))
    later = gap.rules.add()
    later.CopyFrom(gap.rules[0])
    later.effective.start.CopyFrom(Date(year=2026, month=7, day=2))
    later.effective.ClearField("end")
    with expect_error("INVALID_INPUT", field="rules[1].effective"):
        clinic.staff.call("PutPayer", gap)
    later.effective.start.CopyFrom(Date(year=2026, month=7, day=1))
    payer = clinic.staff.call("PutPayer", gap)
    assert [rule.effective.start.month for rule in payer.rules] == [1, 7]


def test_a_payer_is_changed_by_who_has_read_it(clinic: Clinic) -> None:
    """The version rises with each change, of the rules too; an older one is refused."""
    request = payer_request("BLUE", payers_pb2.PAYER_KIND_COMMERCIAL)
    first = clinic.staff.call("PutPayer", request)
    request.version = first.version
    request.rules[0].timely_filing_days = 90
    second = clinic.staff.call("PutPayer", request)
    assert (second.version, second.rules[0].timely_filing_days) == (first.version + 1, 90)
    with expect_error("STALE_VERSION"):
        clinic.staff.call("PutPayer", request)


def test_prices_under_charges_do_not_change(clinic: Clinic) -> None:
    """A version that charges were made from stays; the same prices again are no change."""
    clinic.signed_visit(clinic.patient())
    clinic.put_prices("CHARGES", {"99213": VISIT_FEE, "85025": LAB_FEE})
    with expect_error("PRICES_IN_USE"):
        clinic.put_prices("CHARGES", {"99213": VISIT_FEE + 1, "85025": LAB_FEE})


def test_a_contracts_price_is_looked_up_beside_the_charge(clinic: Clinic) -> None:
    """Charge from the charge master, allowed from the payer's contract; before its start there is none."""
    clinic.put_prices(
        "COMM1-2026",
        {"99213": 9_200},
        Date(year=2026, month=3, day=1),
        kind=payers_pb2.FEE_SCHEDULE_KIND_CONTRACT,
        payer_code="COMM1",
    )

    def look_up(month: int) -> payers_pb2.LookUpPriceResponse:
        request = payers_pb2.LookUpPriceRequest(
            procedure="99213",
            location_id=clinic.location,
            service_date=Date(year=2026, month=month, day=2),
            payer_code="COMM1",
        )
        return clinic.staff.call("LookUpPrice", request)

    assert (look_up(3).charge.minor_units, look_up(3).allowed.minor_units) == (VISIT_FEE, 9_200)
    assert not look_up(2).HasField("allowed")


def test_a_price_has_one_source(clinic: Clinic) -> None:
    """A second list for the same payer and place is refused: it would be chance which one is charged from."""
    with expect_error("INVALID_INPUT", field="code"):
        clinic.put_prices("CHARGES-2", {"99213": 1})
    clinic.put_prices("LOCAL", {"99213": 20_000}, location_id=clinic.location)
    assert clinic.signed_visit(clinic.patient()).charges[0].charge.minor_units == 20_000
