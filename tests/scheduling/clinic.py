"""A small clinic to book in: what the tests say about it reads like the front desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from polyclinic.identity.v1 import events_pb2 as identity
from polyclinic.patient_registry.v1 import events_pb2 as registry
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from polyclinic.types.v1 import types_pb2

from chassis.ids import uuid7
from chassis.protos import date_message, instant, timestamp
from chassis.testing.harness import Harness, RpcClient

NEW_YORK = "America/New_York"
WEEK = tuple(range(1, 8))


def at(day: date, hour: int, minute: int = 0, zone: str = NEW_YORK) -> datetime:
    """A wall-clock time of a zone as a UTC instant."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def stamp(moment: datetime) -> Timestamp:
    """The instant as protobuf writes it."""
    found = timestamp(moment)
    assert found is not None
    return found


@dataclass
class Clinic:
    """A tenant with a location, rooms, practitioners who work from 9 to 17, a type of visit and patients."""

    harness: Harness
    tenant_id: UUID
    staff: RpcClient
    location_id: UUID
    zone: str
    practitioner_ids: list[UUID] = field(default_factory=list)
    room_ids: list[UUID] = field(default_factory=list)
    patient_ids: list[UUID] = field(default_factory=list)
    type_ids: dict[str, str] = field(default_factory=dict)

    # ---- what there is ----

    def location(self, zone: str = NEW_YORK, hours: tuple[tuple[int, int, int], ...] = (), version: int = 1) -> UUID:
        """A location told by identity; it becomes the clinic's present one."""
        location_id = self.location_id if version > 1 else uuid7()
        self.harness.deliver(
            self.tenant_id,
            identity.LocationChanged(
                location_id=str(location_id),
                name="Main Street",
                time_zone=zone,
                hours=[identity.OpeningHours(weekday=d, opens_minute=o, closes_minute=c) for d, o, c in hours],
                active=True,
                version=version,
            ),
        )
        self.location_id, self.zone = location_id, zone
        return location_id

    def practitioner(
        self,
        family: str = "Okafor",
        *,
        hours: tuple[int, int] | None = (9, 17),
        weekdays: tuple[int, ...] = WEEK,
        location_id: UUID | None = None,
        **facts: Any,
    ) -> UUID:
        """A practitioner who works these local hours on these weekdays (None: no template yet)."""
        practitioner_id = uuid7()
        self.harness.deliver(
            self.tenant_id,
            identity.PractitionerChanged(
                practitioner_id=str(practitioner_id),
                name=types_pb2.HumanName(family=family, given="Ada"),
                credential="MD",
                active=True,
                version=1,
                **facts,
            ),
        )
        self.practitioner_ids.append(practitioner_id)
        if hours:
            self.template(practitioner_id, hours, weekdays, location_id)
        return practitioner_id

    def template(
        self,
        practitioner_id: UUID,
        hours: tuple[int, int] = (9, 17),
        weekdays: tuple[int, ...] = WEEK,
        location_id: UUID | None = None,
        effective: types_pb2.DateRange | None = None,
    ) -> pb.ScheduleTemplate:
        """Weekly hours of a practitioner."""
        return self.staff.call(
            "CreateScheduleTemplate",
            pb.CreateScheduleTemplateRequest(
                template=pb.ScheduleTemplate(
                    practitioner_id=str(practitioner_id),
                    location_id=str(location_id or self.location_id),
                    effective=effective,
                    windows=[
                        pb.WeeklyWindow(weekday=d, starts_minute=hours[0] * 60, ends_minute=hours[1] * 60)
                        for d in weekdays
                    ],
                )
            ),
        )

    def room(self, room_class: str = "exam", capacity: int = 1, active: bool = True) -> UUID:
        """A room of the present location."""
        room_id = uuid7()
        self.harness.deliver(
            self.tenant_id,
            identity.RoomChanged(
                room_id=str(room_id),
                location_id=str(self.location_id),
                name=f"Room {len(self.room_ids) + 1}",
                room_class=room_class,
                capacity=capacity,
                active=active,
                version=1,
            ),
        )
        self.room_ids.append(room_id)
        return room_id

    def device(self, equipment_class: str = "ultrasound", capacity: int = 1) -> UUID:
        """A device of the present location."""
        device_id = uuid7()
        self.harness.deliver(
            self.tenant_id,
            identity.EquipmentChanged(
                equipment_id=str(device_id),
                location_id=str(self.location_id),
                name=equipment_class,
                equipment_class=equipment_class,
                capacity=capacity,
                active=True,
                version=1,
            ),
        )
        return device_id

    def patient(self, family: str = "Smith", given: str = "John", **facts: Any) -> UUID:
        """A patient told by the registry."""
        patient_id = facts.pop("patient_id", None) or uuid7()
        state = {"mrn": "100", "active": True, "version": 1} | facts
        self.harness.deliver(
            self.tenant_id,
            registry.PatientRegistered(
                patient=registry.PatientState(
                    patient_id=str(patient_id), name=types_pb2.HumanName(family=family, given=given), **state
                )
            ),
        )
        if patient_id not in self.patient_ids:
            self.patient_ids.append(patient_id)
        return patient_id

    def type(self, code: str = "visit", minutes: int = 30, **more: Any) -> str:
        """An appointment type; returns its id."""
        fields = {"modality": types_pb2.MODALITY_IN_PERSON} | more
        made = self.staff.call(
            "CreateAppointmentType",
            pb.CreateAppointmentTypeRequest(
                appointment_type=pb.AppointmentType(code=code, name=code.title(), duration_minutes=minutes, **fields)
            ),
        )
        self.type_ids[code] = made.appointment_type_id
        return str(made.appointment_type_id)

    # ---- what is done ----

    @property
    def now(self) -> datetime:
        """Business time."""
        return self.harness.clock.now()

    def today(self) -> date:
        """The date on the location's wall clock."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def day(self, days: int = 1) -> date:
        """A date so many days ahead."""
        return self.today() + timedelta(days=days)

    def wanted(self, start: datetime, code: str = "visit", practitioner: int = 0) -> dict[str, Any]:
        """The fields that name a time to book."""
        return {
            "appointment_type_id": self.type_ids[code],
            "practitioner_id": str(self.practitioner_ids[practitioner]),
            "location_id": str(self.location_id),
            "start_time": stamp(start),
        }

    def booking(
        self, start: datetime, code: str = "visit", practitioner: int = 0, patient_id: UUID | None = None
    ) -> pb.BookAppointmentRequest:
        """A request to book the time for the patient (a new one unless given)."""
        patient_id = patient_id or self.patient()
        return pb.BookAppointmentRequest(patient_id=str(patient_id), **self.wanted(start, code, practitioner))

    def book(
        self, start: datetime, code: str = "visit", practitioner: int = 0, patient_id: UUID | None = None
    ) -> pb.Appointment:
        """Books the time."""
        return self.staff.call("BookAppointment", self.booking(start, code, practitioner, patient_id))

    def hold(self, start: datetime, code: str = "visit", practitioner: int = 0, **more: Any) -> pb.Hold:
        """Holds the time."""
        return self.staff.call("HoldSlot", pb.HoldSlotRequest(**self.wanted(start, code, practitioner), **more))

    def cancel(self, appointment_id: str, reason: int = pb.CANCELLATION_REASON_PATIENT) -> pb.Appointment:
        """Cancels a visit."""
        return self.staff.call(
            "CancelAppointment", pb.CancelAppointmentRequest(appointment_id=appointment_id, reason=reason)
        )

    def search(self, first: date, last: date | None = None, code: str = "visit", **more: Any) -> list[pb.Slot]:
        """Free slots of these days."""
        request = pb.SearchSlotsRequest(
            appointment_type_ids=[self.type_ids[code]],
            dates=types_pb2.DateRange(start=date_message(first), end=date_message(last or first)),
            **more,
        )
        return list(self.staff.call("SearchSlots", request).slots)

    def starts(self, first: date, last: date | None = None, code: str = "visit", **more: Any) -> list[datetime]:
        """When the free slots of these days start (up to 500)."""
        more = {"limit": 500} | more
        return [instant(slot.start_time) for slot in self.search(first, last, code, **more)]

    def step(self, name: str, appointment_id: str, version: int = 0) -> pb.Appointment:
        """A step of the visit's flow."""
        return self.staff.call(name, pb.VisitStepRequest(appointment_id=appointment_id, version=version))

    def cells(self, claim_id: str | UUID) -> list[tuple[UUID, int, int]]:
        """(resource, cell, lane) that a hold or an appointment has taken."""
        from scheduling.store import Store

        with self.harness.session(self.tenant_id) as session:
            return Store(session).cells_of_claim(UUID(str(claim_id)))


def open_clinic(harness: Harness, zone: str = NEW_YORK, tenant_id: UUID | None = None) -> Clinic:
    """A clinic with one location, one practitioner (9 to 17 every day) and the type "visit" of 30 minutes."""
    tenant_id = tenant_id or harness.tenant()
    staff = harness.client(tenant_id)
    clinic = Clinic(harness, tenant_id, staff, uuid7(), zone)
    clinic.location(zone)
    clinic.practitioner()
    clinic.type()
    return clinic
