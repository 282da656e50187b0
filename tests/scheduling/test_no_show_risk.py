"""The risk that nobody comes: learned from history in a process of its own, read for outreach and overbooking, and reported fairly."""

from __future__ import annotations

import math
import random
import sys
from datetime import timedelta
from uuid import UUID

import pytest
from polyclinic.scheduling.v1 import no_show_risk_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7
from chassis.protos import date_message
from chassis.testing.harness import expect_error
from scheduling.domain import no_show
from scheduling.domain.no_show import NoShowModel
from scheduling.domain.visits import Status
from scheduling.tables import Appointment
from scheduling.usecases import risk
from tests.scheduling.clinic import Clinic, at

FORGETFUL, RELIABLE = 0.55, 0.05


def remember(clinic: Clinic, patients: dict[UUID, float], visits: int, seed: int = 7) -> None:
    """So many past visits, each missed with its patient's own probability."""
    drawn = random.Random(seed)
    who = list(patients)
    with clinic.harness.session(clinic.tenant_id) as session:
        for number in range(visits):
            patient = drawn.choice(who)
            start = clinic.now - timedelta(hours=7 * (visits - number)) - timedelta(days=1)
            missed = drawn.random() < patients[patient]
            session.add(
                Appointment(
                    id=uuid7(),
                    patient_id=patient,
                    location_id=clinic.location_id,
                    practitioner_id=clinic.practitioner_ids[0],
                    appointment_type_id=UUID(clinic.type_ids["visit"]),
                    appointment_type_code="visit",
                    appointment_type_name="Visit",
                    start_time=start,
                    end_time=start + timedelta(minutes=30),
                    time_zone=clinic.zone,
                    modality=types_pb2.MODALITY_IN_PERSON,
                    status=(Status.NO_SHOW if missed else Status.CHECKED_OUT).value,
                    reason="",
                    equipment_ids=[],
                    booked_at=start - timedelta(days=drawn.choice([0, 3, 20])),
                    arrived_at=None if missed else start,
                    seen_at=None if missed else start + timedelta(minutes=10),
                    cancellation_reason=0,
                    cancellation_note="",
                    reschedule_count=0,
                )
            )
        session.commit()


def chance(one: no_show_risk_pb2.CalibrationBin) -> float:
    """How far so few visits may stray from a true risk: three standard deviations of their share."""
    return 3 * math.sqrt(one.said * (1 - one.said) / one.visits)


def model(clinic: Clinic) -> no_show_risk_pb2.NoShowModel:
    """The model in use."""
    return clinic.staff.call("GetNoShowModel", no_show_risk_pb2.GetNoShowModelRequest())


def trained(clinic: Clinic) -> no_show_risk_pb2.NoShowModel:
    """Learns now."""
    clinic.staff.call("TrainNoShowModel", no_show_risk_pb2.TrainNoShowModelRequest())
    clinic.harness.run_due()
    return model(clinic)


@pytest.fixture
def people(clinic: Clinic) -> dict[UUID, float]:
    """Forty patients, every second one forgetful."""
    return {clinic.patient(f"P{n}"): FORGETFUL if n % 2 else RELIABLE for n in range(40)}


def test_a_model_is_learned_and_better_than_the_base_rate(clinic: Clinic, people: dict[UUID, float]) -> None:
    """On visits it has not seen its Brier score is better, in all and for those booked in advance; what it says is what comes."""
    remember(clinic, people, 1200)
    found = trained(clinic)
    assert found.kind == "logistic"
    assert found.visits == 1200
    assert found.brier < found.brier_of_base_rate * 0.95
    assert found.advance_brier < found.advance_brier_of_base_rate
    assert 0 < found.advance_judged_on < found.judged_on
    assert found.area_under_curve > 0.65
    assert [one.said for one in found.calibration] == sorted(one.said for one in found.calibration)
    assert all(abs(one.said - one.came) < 0.1 + chance(one) for one in found.calibration)
    assert {one.feature for one in found.weights} == set(no_show.FEATURES)


def test_learning_leaves_nothing_in_the_services_memory(clinic: Clinic, people: dict[UUID, float]) -> None:
    """scikit-learn is loaded by the process that learns, and by no other."""
    before = set(sys.modules)  # another test of this process may have learned in it
    remember(clinic, people, 500)
    assert trained(clinic).trained_at.seconds
    assert not [name for name in sys.modules.keys() - before if name.split(".")[0] in ("sklearn", "scipy")]


def test_too_little_history_is_said_so(clinic: Clinic, people: dict[UUID, float]) -> None:
    """With few visits every visit has the base rate, and the model says why."""
    remember(clinic, people, 60)
    found = trained(clinic)
    assert found.kind == "base_rate"
    assert "too little history" in found.note
    assert found.base_rate == pytest.approx(found.no_show_rate)
    clinic.book(at(clinic.day(1), 10))
    listed = clinic.staff.call(
        "GetOutreachList", no_show_risk_pb2.GetOutreachListRequest(location_id=str(clinic.location_id))
    )
    assert [(one.risk, list(one.reasons)) for one in listed.visits] == [(pytest.approx(found.base_rate), [])]


def test_where_nothing_happens_nothing_is_written(clinic: Clinic) -> None:
    """A clinic without visits keeps the model it has, week after week."""
    first = trained(clinic)
    clinic.harness.advance(days=8)
    assert trained(clinic).trained_at == first.trained_at


def test_where_nothing_can_be_learned_the_base_rate_is_used() -> None:
    """History in which who comes is chance alone gives no model."""
    drawn = random.Random(3)
    rows = [[*(drawn.random() for _ in no_show.FEATURES), 1.0, float(drawn.random() < 0.2)] for _ in range(1500)]
    learned = risk._learned(rows)
    assert learned["kind"] == "base_rate"
    assert learned["body"]["base_rate"] == pytest.approx(0.2, abs=0.03)
    assert learned["figures"]["brier"] == pytest.approx(learned["figures"]["brier_of_base_rate"])


def test_the_forgetful_are_called_first(clinic: Clinic, people: dict[UUID, float]) -> None:
    """Tomorrow's visits by risk: who has missed more comes first, with the reason in words."""
    remember(clinic, people, 1200)
    trained(clinic)
    forgetful, reliable = (next(p for p, rate in people.items() if rate == wanted) for wanted in (FORGETFUL, RELIABLE))
    clinic.book(at(clinic.day(1), 10), patient_id=reliable)
    clinic.book(at(clinic.day(1), 11), patient_id=forgetful)
    request = no_show_risk_pb2.GetOutreachListRequest(location_id=str(clinic.location_id))
    first, second = clinic.staff.call("GetOutreachList", request).visits
    assert (first.patient_id, second.patient_id) == (str(forgetful), str(reliable))
    assert first.risk > 0.3 > 0.2 > second.risk
    assert any("missed" in reason for reason in first.reasons)
    request.at_least = 0.3
    assert [one.patient_id for one in clinic.staff.call("GetOutreachList", request).visits] == [str(forgetful)]


def test_what_is_looked_at_is_not_who_somebody_is() -> None:
    """No feature is, or stands for, age, sex, language, origin, address, payer or diagnosis."""
    for word in (
        "age",
        "sex",
        "language",
        "race",
        "zip",
        "address",
        "payer",
        "insur",
        "location",
        "name",
        "diagnos",
        "type",
    ):
        assert not [feature for feature in no_show.FEATURES if word in feature.split("_")]


def test_extra_visits_stay_below_what_is_expected_and_below_the_cap() -> None:
    """Ten visits of which half will not come take some more; never more than the cap, never when all are sure to come."""
    assert no_show.extra_visits([0.5] * 10, 9) == 4
    assert no_show.extra_visits([0.5] * 10, 2) == 2
    assert no_show.extra_visits([0.02] * 10, 9) == 0
    assert no_show.extra_visits([], 9) == 0


def test_a_calibration_is_read_between_its_points() -> None:
    """Between two points of the curve lies a line; outside of it its ends."""
    curve = NoShowModel(0.1, (1.0,) * len(no_show.FEATURES), 0.0, (0.0,) * 13, (1.0,) * 13, ((0.5, 0.2), (0.9, 0.6)))
    assert no_show.probability(curve, [0.0] * 13) == pytest.approx(0.2)
    assert no_show.probability(curve, [-1.0] * 13) == pytest.approx(0.2)
    assert no_show.probability(curve, [1.0] * 13) == pytest.approx(0.6)


# ---- overbooking -----------------------------------------------------------------------------------------------------


def overbookable(clinic: Clinic, **more: object) -> None:
    """A practitioner (the second) whose template takes one visit more."""
    who = clinic.practitioner("Larsen", hours=None)
    clinic.staff.call(
        "CreateScheduleTemplate",
        pb.CreateScheduleTemplateRequest(
            template=pb.ScheduleTemplate(
                practitioner_id=str(who),
                location_id=str(clinic.location_id),
                windows=[pb.WeeklyWindow(weekday=day, starts_minute=540, ends_minute=720) for day in range(1, 8)],
                overbooking=1,
                **more,
            )
        ),
    )


def test_a_template_plans_visits_beside_each_other(clinic: Clinic) -> None:
    """Where the template takes one more, two have the same time and the third is refused; elsewhere one has it."""
    overbookable(clinic)
    clinic.template(clinic.practitioner_ids[1], (12, 17))
    start, mine = at(clinic.day(1), 10), [str(clinic.practitioner_ids[1])]
    booked = []
    for _ in range(2):
        assert start in clinic.starts(clinic.day(1), practitioner_ids=mine)
        booked.append(clinic.book(start, practitioner=1))
    assert [one.overbooked for one in booked] == [False, True]
    assert start not in clinic.starts(clinic.day(1), practitioner_ids=mine)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(1), 10, 15), practitioner=1)
    clinic.book(at(clinic.day(1), 13), practitioner=1)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(1), 13), practitioner=1)
    # A visit that reaches into the time of one at a time is alone there.
    clinic.book(at(clinic.day(1), 11, 45), practitioner=1)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(1), 11, 45), practitioner=1)
    offered = clinic.starts(clinic.day(1), practitioner_ids=mine)
    for moment in offered:
        request = clinic.booking(moment, practitioner=1)
        answer = clinic.staff.call(
            "BookAppointments", pb.BookAppointmentsRequest(bookings=[request], validate_only=True)
        )
        assert not answer.conflicts
    assert {at(clinic.day(1), 11, 15), at(clinic.day(1), 11, 30)} <= set(offered)
    assert at(clinic.day(1), 11, 45) not in offered


def test_by_risk_a_session_takes_as_many_more_as_will_not_come(clinic: Clinic, people: dict[UUID, float]) -> None:
    """With six forgetful patients the session takes another; with six reliable ones it does not; the advice says so before."""
    remember(clinic, people, 1200)
    trained(clinic)
    overbookable(clinic, overbooking_by_risk=True)
    groups = {rate: [p for p, own in people.items() if own == rate][:6] for rate in (FORGETFUL, RELIABLE)}
    for day, rate in ((1, RELIABLE), (2, FORGETFUL)):
        for number, patient in enumerate(groups[rate]):
            clinic.book(at(clinic.day(day), 9) + timedelta(minutes=30 * number), practitioner=1, patient_id=patient)

    def advised(day: int) -> tuple[int, int]:
        request = no_show_risk_pb2.GetOverbookingAdviceRequest(
            location_id=str(clinic.location_id), date=date_message(clinic.day(day))
        )
        sessions = clinic.staff.call("GetOverbookingAdvice", request).sessions
        (mine,) = [one for one in sessions if one.practitioner_id == str(clinic.practitioner_ids[1])]
        return mine.cap, mine.advised

    assert advised(1) == (1, 0)
    assert advised(2) == (1, 1)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(1), 10), practitioner=1)
    assert clinic.book(at(clinic.day(2), 10), practitioner=1).overbooked
    assert advised(2) == (1, 0)
    with expect_error("SLOT_TAKEN"):
        clinic.book(at(clinic.day(2), 11), practitioner=1)


# ---- fairness --------------------------------------------------------------------------------------------------------


def test_the_report_shows_whom_the_model_is_against(clinic: Clinic, people: dict[UUID, float]) -> None:
    """Groups are the caller's; each has its no-shows, what was said about it and its waits; the gaps are between the large ones."""
    remember(clinic, people, 1200)
    trained(clinic)
    forgetful = [str(patient) for patient, rate in people.items() if rate == FORGETFUL]
    report = clinic.staff.call(
        "ReportFairness",
        no_show_risk_pb2.ReportFairnessRequest(
            start=date_message(clinic.day(-200)),
            end=date_message(clinic.day(0)),
            groups=[no_show_risk_pb2.PatientGroup(name="district A", patient_ids=forgetful)],
        ),
    )
    by_name = {one.group: one for one in report.groups}
    assert set(by_name) == {"district A", "no group"}
    district, others = by_name["district A"], by_name["no group"]
    assert district.no_show_rate > others.no_show_rate + 0.3
    assert district.average_risk > others.average_risk
    assert district.average_wait_minutes == pytest.approx(10)
    gap = (district.average_risk - district.no_show_rate) - (others.average_risk - others.no_show_rate)
    assert report.calibration_gap == pytest.approx(abs(gap))
    with expect_error("INVALID_INPUT", field="end"):
        clinic.staff.call(
            "ReportFairness",
            no_show_risk_pb2.ReportFairnessRequest(start=date_message(clinic.day(0)), end=date_message(clinic.day(-1))),
        )
