"""A clinic as the tests of messages see it: patients with contacts, appointments, what was sent, what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import requests
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.notifications.v1 import notifications_pb2 as pb
from polyclinic.options.v1 import options_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry_pb2
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2
from sqlalchemy import update

from chassis.ids import uuid7
from chassis.protos import timestamp
from chassis.tables import Due
from chassis.testing import Harness
from notifications.domain.signatures import sign

AUTH_TOKEN = "token of the tests"
PUBLIC_URL = "https://clinic.example.org"
ZONE = "America/New_York"
VISIT, BILLING = registry_pb2.CONTACT_PURPOSE_VISIT, registry_pb2.CONTACT_PURPOSE_BILLING
EVENTS = {
    scheduling_events.APPOINTMENT_STATUS_BOOKED: scheduling_events.AppointmentBooked,
    scheduling_events.APPOINTMENT_STATUS_CONFIRMED: scheduling_events.AppointmentConfirmed,
    scheduling_events.APPOINTMENT_STATUS_CHECKED_IN: scheduling_events.VisitCheckedIn,
    scheduling_events.APPOINTMENT_STATUS_CANCELLED: scheduling_events.AppointmentCancelled,
}


@dataclass
class Mail:
    """The mail server's port and its control interface."""

    port: int
    control: str

    def sent(self, message_id: str = "") -> list[dict[str, Any]]:
        """Index of the messages it took, of one Message-ID if given."""
        found: list[dict[str, Any]] = []
        after = "0"
        while page := requests.get(f"{self.control}/_sim/messages?after={after}", timeout=5).json()["messages"]:
            found += page
            after = page[-1]["cursor"]
        return [one for one in found if message_id in ("", one["message_id"])]

    def read(self, message_id: str) -> EmailMessage:
        """The one message with this Message-ID."""
        (entry,) = self.sent(message_id)
        raw = requests.get(f"{self.control}/_sim/messages/{entry['cursor']}", timeout=5).content
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def configure(self, **options: Any) -> None:
        """Changes how it behaves."""
        assert requests.put(f"{self.control}/_sim/config", json=options, timeout=5).ok


@dataclass
class Sms:
    """The SMS provider."""

    url: str

    def sent(self, to: str = "") -> list[dict[str, Any]]:
        """The texts it took, to one number if given, oldest first."""
        found: list[dict[str, Any]] = []
        after = "0"
        while page := requests.get(f"{self.url}/_sim/messages?after={after}", timeout=5).json()["messages"]:
            found += page
            after = page[-1]["cursor"]
        return [one for one in found if to in ("", one["to"])]

    def configure(self, **options: Any) -> None:
        """Changes how it behaves."""
        assert requests.put(f"{self.url}/_sim/config", json=options, timeout=5).ok


@dataclass
class Patient:
    """A person as the registry knows them."""

    email: str = ""
    phone: str = ""
    language: str = "en"
    time_zone: str = ""
    email_purposes: list[int] = field(default_factory=lambda: [VISIT, BILLING])
    sms_purposes: list[int] = field(default_factory=lambda: [VISIT])
    suppressed: bool = False
    # Minutes after midnight, from and until.
    quiet: tuple[int, int] | None = None
    id: str = field(default_factory=lambda: str(uuid7()))

    def contact(self) -> registry_pb2.Contact:
        """What GetContacts answers."""
        contact = registry_pb2.Contact(
            patient_id=self.id, language=self.language, time_zone=self.time_zone, suppressed=self.suppressed
        )
        if self.quiet:
            contact.quiet_hours.from_minute, contact.quiet_hours.until_minute = self.quiet
        if self.email:
            contact.addresses.add(
                channel=registry_pb2.CONTACT_CHANNEL_EMAIL, value=self.email, purposes=self.email_purposes
            )
        if self.phone:
            contact.addresses.add(
                channel=registry_pb2.CONTACT_CHANNEL_SMS, value=self.phone, purposes=self.sms_purposes
            )
        return contact


class Clinic:
    """One tenant under test."""

    def __init__(self, harness: Harness, mail: Mail, sms: Sms) -> None:
        self.harness, self.mail, self.sms = harness, mail, sms
        self.tenant = harness.tenant()
        self.location_id = str(uuid7())
        self.patients: dict[str, Patient] = {}
        self.registry_down = False
        self.staff = harness.client(self.tenant)
        # Each test begins at ten in the morning of a new day in New York: the clock of the process only goes forward.
        self.home = ZoneInfo(ZONE)
        harness.clock.set(self.at(10, days=1))
        harness.stub_peer("patient_registry", "GetContacts", self._contacts)
        harness.stub_peer("patient_registry", "FindByContact", self._holders)
        self.deliver(
            identity_events.TenantChanged(
                tenant_id=str(self.tenant),
                slug="riverside",
                name="Riverside Clinic",
                active=True,
                default_language="en",
                version=1,
            )
        )
        self.add_location(self.location_id, "Main Street", ZONE)

    # ---- who and where

    @property
    def now(self) -> datetime:
        """Business time."""
        return self.harness.clock.now()

    def at(self, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        """That time of the day on the clinic's wall clock, so many days from today."""
        day = self.now.astimezone(self.home).date() + timedelta(days=days)
        return datetime.combine(day, time(hour, minute), tzinfo=self.home).astimezone(UTC)

    def add_location(self, location_id: str, name: str, zone: str) -> None:
        """A location of the tenant."""
        self.deliver(
            identity_events.LocationChanged(
                location_id=location_id,
                name=name,
                address=types_pb2.Address(
                    lines=["12 Main Street", "Floor 2"], city="Albany", state="NY", postal_code="12207"
                ),
                time_zone=zone,
                phone="+12125550123",
                active=True,
                version=1,
            )
        )

    def patient(self, **facts: Any) -> Patient:
        """A patient with an e-mail address and a phone number of their own, unless said otherwise."""
        unique = uuid7().int % 10**7
        facts = {"email": f"p{unique}@example.org", "phone": f"+1646{unique:07d}"} | facts
        patient = Patient(**facts)
        self.patients[patient.id] = patient
        return patient

    # ---- what happens

    def deliver(self, event: Any) -> None:
        """Delivers an event of another service."""
        self.harness.deliver(self.tenant, event)

    def book(self, patient: Patient, start: datetime, **changes: Any) -> scheduling_events.AppointmentState:
        """Scheduling has booked a visit now."""
        state = scheduling_events.AppointmentState(
            appointment_id=str(uuid7()),
            patient_id=patient.id,
            location_id=self.location_id,
            practitioner_id=str(uuid7()),
            appointment_type_id=str(uuid7()),
            appointment_type_code="follow-up",
            start_time=timestamp(start),
            end_time=timestamp(start + timedelta(minutes=30)),
            time_zone=ZONE,
            modality=types_pb2.MODALITY_IN_PERSON,
            status=scheduling_events.APPOINTMENT_STATUS_BOOKED,
            version=1,
            booked_at=timestamp(self.now),
        )
        for name, value in changes.items():
            setattr(state, name, value)
        self.deliver(scheduling_events.AppointmentBooked(appointment=state))
        return state

    def change(self, state: scheduling_events.AppointmentState, status: int) -> None:
        """The visit reaches another status."""
        state.version += 1
        state.status = status
        self.deliver(EVENTS[status](appointment=state))

    def move(self, state: scheduling_events.AppointmentState, start: datetime) -> None:
        """The visit is moved."""
        state.version += 1
        state.reschedule_count += 1
        state.status = scheduling_events.APPOINTMENT_STATUS_BOOKED
        state.start_time.CopyFrom(timestamp(start))
        self.deliver(scheduling_events.AppointmentMoved(appointment=state))

    def until(self, when: datetime) -> None:
        """Business time goes on, and everything due on the way is done at its own time."""
        while True:
            waiting = [item.due_at for item in self.harness.due(self.tenant) if item.due_at <= when]
            if not waiting:
                break
            self.harness.run_due(max(waiting[0], self.now))
        self.harness.run_due(when)

    def retry_now(self) -> None:
        """Does what failed and waits for its back-off (real time) at once."""
        with self.harness.session(self.tenant) as session:
            session.execute(update(Due).where(Due.tenant_id == self.tenant).values(not_before=None))
        self.harness.run_due()

    # ---- what is seen

    def reminders(self, state: scheduling_events.AppointmentState) -> list[pb.Reminder]:
        """What is planned, sent or left out."""
        request = pb.ListRemindersRequest(appointment_id=state.appointment_id)
        return list(self.staff.call("ListReminders", request).reminders)

    def account(self, state: scheduling_events.AppointmentState) -> pb.ListExpectedRemindersResponse:
        """What the rules ask for beside what exists."""
        request = pb.ListExpectedRemindersRequest(appointment_id=state.appointment_id)
        return self.staff.call("ListExpectedReminders", request)

    def outcome(self, state: scheduling_events.AppointmentState) -> list[tuple[str, str, str]]:
        """(rule, channel, status or reason) of each planned sending, in the order they were due."""
        return [
            (
                one.rule_name,
                "email" if one.channel == 1 else "sms",
                one.reason or pb.ReminderStatus.Name(one.status).removeprefix("REMINDER_STATUS_").lower(),
            )
            for one in self.reminders(state)
        ]

    def messages(self, **filters: Any) -> list[pb.Message]:
        """The communication log, oldest first."""
        return list(self.staff.call("ListMessages", pb.ListMessagesRequest(**filters)).messages)[::-1]

    def events(self, event_class: Any) -> list[Any]:
        """What was published."""
        return self.harness.events(self.tenant, event_class)

    # ---- what the SMS provider calls

    def reply(self, phone: str, text: str, *, sid: str | None = None) -> None:
        """Somebody writes to our number; our answer goes out."""
        form = [("MessageSid", sid or f"SM{uuid7().hex}"), ("From", phone), ("To", "+12125550100"), ("Body", text)]
        self.webhook("ReceiveSmsReply", f"{PUBLIC_URL}/webhooks/sms/{self.tenant}", form)
        self.harness.run_due()

    def receipt(self, message: pb.Message, status: str, error_code: str = "") -> None:
        """The provider tells what became of a text."""
        url = f"{PUBLIC_URL}/webhooks/sms-status/{self.tenant}?reference={message.reference}"
        form = [
            ("MessageSid", message.provider_reference),
            ("MessageStatus", status),
            ("To", message.recipient),
            ("From", "+12125550100"),
            ("ErrorCode", error_code),
        ]
        self.webhook("ReceiveSmsStatus", url, form)

    def webhook(self, method: str, url: str, form: list[tuple[str, str]], *, token: str = AUTH_TOKEN) -> None:
        """A signed call of the provider, as the gateway passes it on."""
        request = options_pb2.WebhookRequest(
            url=url,
            tenant_id=str(self.tenant),
            headers={"x-twilio-signature": sign(token, url, form)},
            body=urlencode(form).encode(),
        )
        self.harness.anonymous().call(method, request)

    def last_text(self, phone: str) -> str:
        """The last text the provider took for a number."""
        return str(self.sms.sent(phone)[-1]["body"])

    # ---- the registry

    def _contacts(self, request: registry_pb2.GetContactsRequest) -> registry_pb2.GetContactsResponse:
        known = [self.patients[patient_id] for patient_id in request.patient_ids if patient_id in self.patients]
        return registry_pb2.GetContactsResponse(contacts=[patient.contact() for patient in known])

    def _holders(self, request: registry_pb2.FindByContactRequest) -> registry_pb2.FindByContactResponse:
        found = [one for one in self.patients.values() if request.value in (one.phone, one.email)]
        return registry_pb2.FindByContactResponse(
            holders=[registry_pb2.ContactHolder(patient_id=one.id) for one in found]
        )


def ids(patients: list[Patient]) -> list[str]:
    """Sorted patient ids."""
    return sorted(patient.id for patient in patients)
