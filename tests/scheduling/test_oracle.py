"""The service against a naive clinic: whatever is done in whatever order, both say the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from polyclinic.scheduling.v1 import rebooking_pb2, series_pb2
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.errors import Error
from chassis.protos import date_message, instant
from chassis.testing.harness import Harness
from tests.depth import deep
from tests.scheduling.clinic import Clinic, at, open_clinic, stamp
from tests.scheduling.oracle import Claim, Kind, Oracle
from tests.scheduling.test_races import overlaps

VISIT, EXAM, LONG = Kind("visit", 30), Kind("exam", 20, after=10, room=True), Kind("long", 60, after=5)
KINDS = (VISIT, EXAM, LONG)
DAYS = (1, 2)
DOCTORS, PATIENTS = (0, 1), (0, 1)
# Mostly within two hours, so that everybody is in everybody's way; now and then anywhere around the working day.
STARTS = st.one_of(
    st.integers(9 * 4, 11 * 4).map(lambda quarter: quarter * 15),
    st.integers(8 * 12, 17 * 12 + 6).map(lambda five: five * 5),
)
CLAIMS = st.builds(
    Claim,
    st.sampled_from(KINDS),
    st.sampled_from(DOCTORS),
    st.sampled_from(PATIENTS),
    st.sampled_from(DAYS),
    STARTS,
)


class ClinicMachine(RuleBasedStateMachine):
    """Books, holds, moves, cancels, repeats and closes, in the service and in the oracle."""

    def __init__(self, harness: Harness, answers: set[str]) -> None:
        super().__init__()
        self.harness = harness
        self.answers = answers

    @initialize()
    def open(self) -> None:
        """A clinic with two doctors, one room and two patients; its days are counted from the one on which it opens."""
        self.clinic: Clinic = open_clinic(self.harness)
        self.clinic.practitioner("Larsen")
        self.clinic.room()
        self.patients = [self.clinic.patient(f"P{n}") for n in PATIENTS]
        roles = [pb.ResourceRole(kind=pb.RESOURCE_KIND_ROOM, resource_class="exam")]
        self.clinic.type("exam", 20, buffer_after_minutes=10, roles=roles)
        self.clinic.type("long", 60, buffer_after_minutes=5)
        self.first = self.clinic.today()
        self.oracle = Oracle()
        self.leaves: dict[tuple[int, int], str] = {}

    # ---- what is done ------------------------------------------------------------------------------------------------

    @rule(wanted=CLAIMS)
    def book(self, wanted: Claim) -> None:
        """A visit at a time of its own."""
        refusal, booked = self._try("BookAppointment", self._booking(wanted))
        assert refusal == self.oracle.refusal(wanted)
        if booked is not None:
            self.oracle.claims[booked.appointment_id] = wanted

    @rule(wanted=CLAIMS)
    def hold(self, wanted: Claim) -> None:
        """A time is kept for five minutes, for nobody yet."""
        free = Claim(wanted.kind, wanted.practitioner, None, wanted.day, wanted.start, self.oracle.now + 5)
        refusal, held = self._try("HoldSlot", pb.HoldSlotRequest(**self._place(wanted)))
        assert refusal == self.oracle.refusal(free)
        if held is not None:
            self.oracle.claims[held.hold_id] = free

    @precondition(lambda self: any(one.until for one in self.oracle.claims.values()))
    @rule(data=st.data(), patient=st.sampled_from(PATIENTS))
    def book_a_hold(self, data: st.DataObject, patient: int) -> None:
        """A kept time becomes a visit, with the same id, unless its patient is elsewhere."""
        key = data.draw(st.sampled_from(sorted(k for k, one in self.oracle.claims.items() if one.until)))
        held = self.oracle.claims[key]
        wanted = Claim(held.kind, held.practitioner, patient, held.day, held.start)
        refusal, booked = self._try(
            "BookAppointment", pb.BookAppointmentRequest(patient_id=str(self.patients[patient]), hold_id=key)
        )
        assert refusal == ("PATIENT_BUSY" if self.oracle.patient_busy(wanted) else "")
        if booked is not None:
            assert booked.appointment_id == key
            self.oracle.claims[key] = wanted

    @precondition(lambda self: any(not one.until for one in self.oracle.claims.values()))
    @rule(data=st.data(), to=CLAIMS)
    def move(self, data: st.DataObject, to: Claim) -> None:
        """A visit goes to another time and doctor, also onto its own old time."""
        key = data.draw(st.sampled_from(self._visits()))
        had = self.oracle.claims[key]
        wanted = Claim(had.kind, to.practitioner, had.patient, to.day, to.start)
        request = pb.MoveAppointmentRequest(
            appointment_id=key,
            start_time=stamp(self._at(wanted)),
            practitioner_id=str(self.clinic.practitioner_ids[wanted.practitioner]),
        )
        refusal, moved = self._try("MoveAppointment", request)
        same = (wanted.practitioner, wanted.day, wanted.start) == (had.practitioner, had.day, had.start)
        assert refusal == ("" if same else self.oracle.refusal(wanted, but=key))
        if moved is not None:
            self.oracle.moved(key, wanted)

    @precondition(lambda self: self._visits())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A visit is called off; its time is free at once."""
        key = data.draw(st.sampled_from(self._visits()))
        self.clinic.cancel(key)
        del self.oracle.claims[key]

    @rule(wanted=CLAIMS, days=st.sampled_from([2, 3]))
    def book_series(self, wanted: Claim, days: int) -> None:
        """The same time on several days: all of them, or none and every one that is in the way."""
        one_each = [
            Claim(wanted.kind, wanted.practitioner, wanted.patient, wanted.day + n, wanted.start) for n in range(days)
        ]
        request = series_pb2.BookSeriesRequest(
            patient_id=str(self.patients[wanted.patient or 0]),
            appointment_type_id=self.clinic.type_ids[wanted.kind.code],
            practitioner_id=str(self.clinic.practitioner_ids[wanted.practitioner]),
            location_id=str(self.clinic.location_id),
            first_date=date_message(self.first + timedelta(days=wanted.day)),
            start_minute=wanted.start,
            rule=f"FREQ=DAILY;COUNT={days}",
        )
        answer = self.clinic.staff.call("BookSeries", request, seconds=30)
        refused = [n for n, one in enumerate(one_each) if self.oracle.refusal(one)]
        dates = [self.first + timedelta(days=one_each[n].day) for n in refused]
        assert [(c.date.year, c.date.month, c.date.day) for c in answer.conflicts] == [
            (d.year, d.month, d.day) for d in dates
        ]
        for booked, one in zip(answer.appointments, one_each, strict=not refused):
            self.oracle.claims[booked.appointment_id] = one

    @rule(practitioner=st.sampled_from(DOCTORS), day=st.sampled_from(DAYS))
    def go_away(self, practitioner: int, day: int) -> None:
        """A doctor is away on a day, or comes after all; who is booked stays booked and is named."""
        if (practitioner, day) in self.leaves:
            self.clinic.staff.call(
                "DeleteScheduleException",
                pb.DeleteScheduleExceptionRequest(schedule_exception_id=self.leaves.pop((practitioner, day))),
            )
            self.oracle.away.discard((practitioner, day))
            return
        change = self.clinic.staff.call("CreateScheduleException", self._leave(practitioner, day))
        self.leaves[practitioner, day] = change.exception.schedule_exception_id
        self.oracle.away.add((practitioner, day))
        affected = {
            key
            for key, one in self.oracle.claims.items()
            if not one.until and (one.practitioner, one.day) in self.oracle.away and one.practitioner == practitioner
        }
        assert set(change.affected_appointment_ids) == affected

    @rule(practitioner=st.sampled_from(DOCTORS), day=st.sampled_from(DAYS))
    def plan_a_leave(self, practitioner: int, day: int) -> None:
        """A plan of a leave names exactly who would be affected, and proposes only what the oracle finds free, none on another."""
        if (practitioner, day) in self.leaves:
            return
        request = rebooking_pb2.PlanRebookingRequest(
            create_exception=self._leave(practitioner, day), others_allowed=True, within_days=1
        )
        found = self.clinic.staff.call("PlanRebooking", request, seconds=30)
        affected = {
            key: one
            for key, one in self.oracle.claims.items()
            if not one.until and (one.practitioner, one.day) == (practitioner, day)
        }
        assert {item.appointment.appointment_id for item in found.items} == set(affected)
        others = {key: one for key, one in self.oracle.claims.items() if key not in affected}
        imagined = Oracle(self.oracle.now, others, {*self.oracle.away, (practitioner, day)})
        for item in found.items:
            if item.HasField("to_start"):
                key = item.appointment.appointment_id
                place = self._claim_at(affected[key], item)
                assert imagined.refusal(place) == ""
                imagined.claims[key] = place

    @rule(minutes=st.sampled_from([1, 3, 6]))
    def wait(self, minutes: int) -> None:
        """Time passes: holds end by themselves."""
        self.harness.run_due(self.clinic.now + timedelta(minutes=minutes))
        self.oracle.wait(minutes)

    # ---- what always holds -------------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), practitioner=st.sampled_from(DOCTORS), day=st.sampled_from(DAYS))
    def search(self, kind: Kind, practitioner: int, day: int) -> None:
        """A search answers exactly the times that the oracle finds free."""
        found = self.clinic.starts(
            self.first + timedelta(days=day),
            code=kind.code,
            practitioner_ids=[str(self.clinic.practitioner_ids[practitioner])],
        )
        free = self.oracle.free(kind, practitioner, day)
        assert found == [at(self.first + timedelta(days=day), m // 60, m % 60) for m in free]

    @invariant()
    def nothing_overlaps(self) -> None:
        """No cell of anything is taken more often than it can be."""
        if hasattr(self, "clinic"):
            assert overlaps(self.clinic) == 0

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _visits(self) -> list[str]:
        return sorted(key for key, one in self.oracle.claims.items() if not one.until)

    def _at(self, wanted: Claim) -> Any:
        return at(self.first + timedelta(days=wanted.day), wanted.start // 60, wanted.start % 60)

    def _place(self, wanted: Claim) -> dict[str, Any]:
        return self.clinic.wanted(self._at(wanted), wanted.kind.code, wanted.practitioner)

    def _booking(self, wanted: Claim) -> pb.BookAppointmentRequest:
        return pb.BookAppointmentRequest(patient_id=str(self.patients[wanted.patient or 0]), **self._place(wanted))

    def _leave(self, practitioner: int, day: int) -> pb.CreateScheduleExceptionRequest:
        date = date_message(self.first + timedelta(days=day))
        return pb.CreateScheduleExceptionRequest(
            exception=pb.ScheduleException(
                kind=pb.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE,
                practitioner_id=str(self.clinic.practitioner_ids[practitioner]),
                dates=types_pb2.DateRange(start=date, end=date),
            )
        )

    def _claim_at(self, had: Claim, item: rebooking_pb2.RebookingItem) -> Claim:
        who = [str(one) for one in self.clinic.practitioner_ids].index(item.to_practitioner_id)
        # By the clock on the wall: on a day on which it is changed, minutes since midnight are others.
        there = instant(item.to_start).astimezone(ZoneInfo(self.clinic.zone))
        return Claim(had.kind, who, had.patient, (there.date() - self.first).days, there.hour * 60 + there.minute)

    def _try(self, method: str, request: Any) -> tuple[str, Any]:
        try:
            refusal, answer = "", self.clinic.staff.call(method, request, seconds=30)
        except Error as error:
            refusal, answer = error.reason, None
        self.answers.add(refusal)
        return refusal, answer


@pytest.mark.slow
@pytest.mark.parametrize("clinics", [8, pytest.param(60, marks=deep)])
def test_the_service_and_the_naive_clinic_agree(scheduling: Harness, clinics: int) -> None:
    """So many clinics of up to thirty steps each: every answer is the oracle's, every search is exact, nothing overlaps."""
    answers: set[str] = set()
    run_state_machine_as_test(
        lambda: ClinicMachine(scheduling, answers),
        settings=settings(
            max_examples=clinics,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            # A failure tells its steps as they were drawn: making them fewer takes many minutes on a real database.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert answers == {"", "SLOT_TAKEN", "PATIENT_BUSY", "OUTSIDE_WORKING_TIME"}
