"""A small clinic for tests: one tenant with a site, a clinician, payers, prices, and people who come."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from polyclinic.billing.v1 import encounters_pb2, payers_pb2, payments_pb2
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.telehealth.v1 import events_pb2 as telehealth_events
from polyclinic.types.v1.types_pb2 import (
    MODALITY_IN_PERSON,
    MODALITY_VIDEO,
    SEX_FEMALE,
    Address,
    DateRange,
    HumanName,
    Money,
)

from chassis.ids import uuid7
from chassis.testing import Harness, RpcClient

ZONE = "America/New_York"
JANUARY = Date(year=2026, month=1, day=1)
ADDRESS = Address(lines=["1 Main St"], city="Albany", state="NY", postal_code="122070001")
VISIT_FEE, LAB_FEE = 15_000, 2_500
STATUS = scheduling_events.AppointmentStatus
EVENT_OF_STATUS = {
    "BOOKED": scheduling_events.AppointmentBooked,
    "CANCELLED": scheduling_events.AppointmentCancelled,
    "CHECKED_IN": scheduling_events.VisitCheckedIn,
    "SEEN": scheduling_events.VisitSeen,
    "CHECKED_OUT": scheduling_events.VisitCheckedOut,
    "NO_SHOW": scheduling_events.VisitNoShow,
}


def usd(minor: int) -> Money:
    """Dollars in minor units."""
    return Money(minor_units=minor, currency="USD")


def day(value: date) -> Date:
    """A date as a message."""
    return Date(year=value.year, month=value.month, day=value.day)


def stamp(value: datetime) -> Timestamp:
    """An instant as a message."""
    message = Timestamp()
    message.FromDatetime(value.astimezone(UTC))
    return message


def payer_request(code: str, kind: int, **rules: object) -> payers_pb2.PutPayerRequest:
    """A payer with one period of rules since January 2026."""
    values: dict[str, object] = {
        "effective": DateRange(start=JANUARY),
        "timely_filing_days": 365,
        "corrected_filing_days": 180,
        "claim_provider": payers_pb2.CLAIM_PROVIDER_RENDERING,
        "takes_eligibility_requests": False,
        "video_modifier": "95",
        "audio_modifier": "93",
        "silence_alarm_days": 45,
    }
    return payers_pb2.PutPayerRequest(
        code=code,
        name=f"Payer {code}",
        kind=kind,
        x12_payer_id=code if kind != payers_pb2.PAYER_KIND_SELF_PAY else "",
        filing_indicator="CI" if kind != payers_pb2.PAYER_KIND_SELF_PAY else "",
        rules=[payers_pb2.PayerRules(**{**values, **rules})],
        active_from=JANUARY,
    )


class Clinic:
    """One tenant's clinic. Ids are plain texts, as they travel in messages."""

    def __init__(self, harness: Harness, *, tenant: UUID | None = None) -> None:
        self.harness = harness
        self.tenant = tenant or harness.tenant()
        self.staff_id = str(uuid7())
        self.staff: RpcClient = harness.client(self.tenant, principal_id=self.staff_id, name="Fran Desk")
        self.entity, self.location, self.practitioner = str(uuid7()), str(uuid7()), str(uuid7())
        self._versions: dict[str, int] = {}
        self._register()

    def _register(self) -> None:
        self.tell(
            identity_events.TenantChanged(
                tenant_id=str(self.tenant), slug="t", name="Hudson Clinics", active=True, version=1
            )
        )
        self.tell(
            identity_events.BillingEntityChanged(
                billing_entity_id=self.entity,
                name="Hudson Clinics PC",
                tax_id="141234567",
                npi="1234567893",
                taxonomy="207Q00000X",
                address=ADDRESS,
                pay_to=Address(lines=["PO Box 9"], city="Troy", state="NY", postal_code="12180"),
                phone="+15185550100",
                active=True,
                version=1,
            )
        )
        self.add_location(self.location, "Albany", ZONE)
        self.tell(
            identity_events.PractitionerChanged(
                practitioner_id=self.practitioner,
                name=HumanName(family="Okoye", given="Ada"),
                credential="MD",
                npi="1003000126",
                taxonomy="207Q00000X",
                location_ids=[self.location],
                active=True,
                version=1,
            )
        )
        self.staff.call("PutPayer", payer_request("COMM1", payers_pb2.PAYER_KIND_COMMERCIAL))
        self.put_prices("CHARGES", {"99213": VISIT_FEE, "85025": LAB_FEE})

    # ---- what others tell

    def tell(self, event: object) -> int:
        """Delivers an event of another service."""
        return self.harness.deliver(self.tenant, event)  # type: ignore[arg-type]

    def add_location(self, location_id: str, name: str, zone: str, *, version: int = 1) -> str:
        """A site of the billing entity."""
        self.tell(
            identity_events.LocationChanged(
                location_id=location_id,
                billing_entity_id=self.entity,
                name=name,
                address=ADDRESS,
                time_zone=zone,
                npi="1234567893",
                place_of_service="11",
                active=True,
                version=version,
            )
        )
        return location_id

    def patient(self, *, guarantor: str = "", name: str = "Ann", merged_into: str = "", patient_id: str = "") -> str:
        """A person; the guarantor is the person unless another is given."""
        patient_id = patient_id or str(uuid7())
        version = self._next(patient_id)
        event = registry_events.PatientRegistered if version == 1 else registry_events.PatientChanged
        self.tell(
            event(
                patient=registry_events.PatientState(
                    patient_id=patient_id,
                    mrn=f"M{patient_id[-6:]}",
                    name=HumanName(family="Ho", given=name),
                    birth_date=Date(year=1980, month=5, day=4),
                    sex=SEX_FEMALE,
                    guarantor_id=guarantor or patient_id,
                    merged_into=merged_into,
                    active=True,
                    version=version,
                )
            )
        )
        return patient_id

    def covered(self, patient_id: str, payer_code: str = "COMM1", priority: int = 1) -> str:
        """The patient is insured with a payer since January 2026."""
        coverage_id = str(uuid7())
        self.tell(
            registry_events.CoverageChanged(
                coverage_id=coverage_id,
                patient_id=patient_id,
                payer_code=payer_code,
                kind=registry_events.COVERAGE_KIND_HEALTH,
                priority=priority,
                period=DateRange(start=JANUARY),
                active=True,
                version=1,
            )
        )
        return coverage_id

    def appointment(
        self,
        patient_id: str,
        *statuses: str,
        appointment_id: str = "",
        modality: int = MODALITY_IN_PERSON,
        start: datetime | None = None,
        location: str = "",
    ) -> str:
        """An appointment and what happened to it, status after status; today at 11:00 unless `start` is given."""
        appointment_id = appointment_id or str(uuid7())
        today = self.harness.clock.now().astimezone(ZoneInfo(ZONE))
        begins = start or today.replace(hour=11, minute=0, second=0, microsecond=0)
        for status in statuses or ("BOOKED",):
            version = self._next(appointment_id)
            state = scheduling_events.AppointmentState(
                appointment_id=appointment_id,
                patient_id=patient_id,
                location_id=location or self.location,
                practitioner_id=self.practitioner,
                appointment_type_code="follow-up",
                start_time=stamp(begins),
                end_time=stamp(begins),
                time_zone=ZONE,
                modality=modality,
                status=STATUS.Value(f"APPOINTMENT_STATUS_{status}"),
                version=version,
            )
            self.tell(EVENT_OF_STATUS[status](appointment=state))
        return appointment_id

    def session_ended(
        self, appointment_id: str, patient_id: str, *, at_home: bool = True, audio_only: bool = False
    ) -> None:
        """A video session is over."""
        self.tell(
            telehealth_events.SessionEnded(
                session_id=str(uuid7()),
                appointment_id=appointment_id,
                patient_id=patient_id,
                seconds_together=900,
                audio_only=audio_only,
                patient_at_home=at_home,
            )
        )

    def _next(self, aggregate: str) -> int:
        self._versions[aggregate] = self._versions.get(aggregate, 0) + 1
        return self._versions[aggregate]

    # ---- what staff do

    def put_prices(
        self, code: str, prices: dict[str, int], start: Date = JANUARY, **rest: object
    ) -> payers_pb2.FeeSchedule:
        """A version of a price list: minor units by procedure."""
        values: dict[str, object] = {"kind": payers_pb2.FEE_SCHEDULE_KIND_CHARGE_MASTER, **rest}
        fees = [payers_pb2.Fee(procedure=procedure, amount=usd(amount)) for procedure, amount in prices.items()]
        return self.staff.call(
            "PutFeeSchedule",
            payers_pb2.PutFeeScheduleRequest(code=code, name=code, effective_from=start, fees=fees, **values),
        )

    def encounter_of(self, appointment_id: str) -> encounters_pb2.Encounter:
        """The encounter of an appointment."""
        request = encounters_pb2.ListEncountersRequest(appointment_ids=[appointment_id])
        [encounter] = self.staff.call("ListEncounters", request).encounters
        return encounter

    def open_visit(self, patient_id: str, **rest: object) -> encounters_pb2.Encounter:
        """A visit that was seen and waits for its codes."""
        appointment_id = self.appointment(patient_id, "BOOKED", "CHECKED_IN", "SEEN", **rest)  # type: ignore[arg-type]
        return self.encounter_of(appointment_id)

    def code(self, encounter: encounters_pb2.Encounter, **rest: object) -> encounters_pb2.Encounter:
        """An office visit and a blood count for hypertension, unless other `lines` are given."""
        values: dict[str, object] = {
            "diagnoses": ["I10"],
            "lines": [
                encounters_pb2.CodedLine(procedure="99213", units=1, diagnosis_pointers=[1]),
                encounters_pb2.CodedLine(procedure="85025", units=1, diagnosis_pointers=[1]),
            ],
            **rest,
        }
        return self.staff.call(
            "SaveCodes",
            encounters_pb2.SaveCodesRequest(encounter_id=encounter.encounter_id, version=encounter.version, **values),
        )

    def sign(self, encounter: encounters_pb2.Encounter) -> encounters_pb2.Encounter:
        """The clinician's signature."""
        return self.staff.call(
            "SignEncounter",
            encounters_pb2.SignEncounterRequest(encounter_id=encounter.encounter_id, version=encounter.version),
        )

    def signed_visit(self, patient_id: str, **rest: object) -> encounters_pb2.Encounter:
        """A visit from booking to signature: 99213 and 85025."""
        return self.sign(self.code(self.open_visit(patient_id, **rest)))

    def open_drawer(self, opening_float: int = 10_000) -> payments_pb2.Drawer:
        """The desk's drawer."""
        return self.staff.call(
            "OpenDrawer", payments_pb2.OpenDrawerRequest(location_id=self.location, opening_float=usd(opening_float))
        )

    def take(self, patient_id: str, amount: int, method: str = "CASH", **rest: object) -> payments_pb2.Payment:
        """Money taken at the desk."""
        return self.staff.call(
            "TakePayment",
            payments_pb2.TakePaymentRequest(
                patient_id=patient_id,
                location_id=self.location,
                method=payments_pb2.PaymentMethod.Value(f"PAYMENT_METHOD_{method}"),
                amount=usd(amount),
                **rest,
            ),
        )

    # ---- the registry's answers

    def registry_knows(self) -> None:
        """Whoever is asked for lives at the clinic's sample address and pays for themselves."""

        def answer(request: registry_pb2.GetBillingProfilesRequest) -> registry_pb2.GetBillingProfilesResponse:
            profiles = [
                registry_pb2.BillingProfile(
                    patient_id=patient_id,
                    name=HumanName(family="Ho", given="Ann", prefix="Ms."),
                    birth_date=Date(year=1980, month=5, day=4),
                    sex=SEX_FEMALE,
                    address=ADDRESS,
                    version=1,
                )
                for patient_id in request.patient_ids
            ]
            return registry_pb2.GetBillingProfilesResponse(profiles=profiles)

        self.harness.stub_peer("patient_registry", "GetBillingProfiles", answer)


VIDEO = MODALITY_VIDEO
