"""Events that the money half consumes, its due work, and the tables of both."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.telehealth.v1 import events_pb2 as telehealth_events
from polyclinic.types.v1 import types_pb2

from billing.adapters.cards import CardProcessor
from billing.domain.visit_fees import FeeKind
from billing.tables_directory import BillingEntity, Location, PatientCopy, Practitioner, TenantCopy
from billing.tables_money import SessionRecord
from billing.usecases import (
    accounts,
    cards,
    expected_visits,
    mirrors,
    payment_plans,
    payments,
    periods,
    statements,
    visit_fees,
)
from billing.usecases.expected_visits import AppointmentSeen
from chassis.call import Call
from chassis.due import DueItem
from chassis.processor import Subscription, each
from chassis.protos import identifier, instant, optional_identifier

STATUS_PREFIX = "APPOINTMENT_STATUS_"
MODALITIES = {
    types_pb2.MODALITY_IN_PERSON: "in_person",
    types_pb2.MODALITY_VIDEO: "video",
    types_pb2.MODALITY_PHONE: "phone",
}


# ---- copies of what identity and the registry own


def on_tenant_changed(call: Call, event: identity_events.TenantChanged) -> None:
    mirrors.keep_tenant(
        call,
        TenantCopy(
            slug=event.slug,
            name=event.name,
            active=event.active,
            default_language=event.default_language,
            source_version=event.version,
        ),
    )


def on_billing_entity_changed(call: Call, event: identity_events.BillingEntityChanged) -> None:
    mirrors.keep_billing_entity(
        call,
        BillingEntity(
            id=identifier(event.billing_entity_id),
            name=event.name,
            tax_id=event.tax_id,
            npi=event.npi,
            taxonomy=event.taxonomy,
            address=_address(event.address),
            pay_to=_address(event.pay_to) if event.HasField("pay_to") else None,
            phone=event.phone,
            email=event.email,
            active=event.active,
            source_version=event.version,
        ),
    )


def on_location_changed(call: Call, event: identity_events.LocationChanged) -> None:
    mirrors.keep_location(
        call,
        Location(
            id=identifier(event.location_id),
            billing_entity_id=identifier(event.billing_entity_id),
            name=event.name,
            address=_address(event.address),
            time_zone=event.time_zone,
            npi=event.npi,
            phone=event.phone,
            place_of_service=event.place_of_service,
            clia=event.clia_number,
            active=event.active,
            source_version=event.version,
        ),
    )


def on_practitioner_changed(call: Call, event: identity_events.PractitionerChanged) -> None:
    mirrors.keep_practitioner(
        call,
        Practitioner(
            id=identifier(event.practitioner_id),
            last=event.name.family,
            first=event.name.given,
            middle=event.name.middle,
            credential=event.credential,
            npi=event.npi,
            taxonomy=event.taxonomy,
            active=event.active,
            source_version=event.version,
        ),
    )


def on_patient(call: Call, event: registry_events.PatientRegistered | registry_events.PatientChanged) -> None:
    patient = event.patient
    patient_id = identifier(patient.patient_id)
    mirrors.keep_patient(
        call,
        PatientCopy(
            id=patient_id,
            mrn=patient.mrn,
            last=patient.name.family,
            first=patient.name.given,
            guarantor_id=optional_identifier(patient.guarantor_id) or patient_id,
            merged_into=optional_identifier(patient.merged_into),
            deceased=patient.deceased,
            source_version=patient.version,
        ),
    )


def _address(address: types_pb2.Address) -> dict[str, object]:
    return {
        "lines": list(address.lines),
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
    }


# ---- visits


def on_appointment(call: Call, event: scheduling_events.AppointmentBooked | scheduling_events.VisitNoShow) -> None:
    """Any event of an appointment: each carries its whole state."""
    state = event.appointment
    status = scheduling_events.AppointmentStatus.Name(state.status)
    expected_visits.follow_appointment(
        call,
        AppointmentSeen(
            appointment_id=identifier(state.appointment_id),
            patient_id=identifier(state.patient_id),
            location_id=identifier(state.location_id),
            practitioner_id=identifier(state.practitioner_id),
            appointment_type_code=state.appointment_type_code,
            modality=MODALITIES.get(state.modality, "in_person"),
            start_time=instant(state.start_time),
            time_zone=state.time_zone,
            status=status.removeprefix(STATUS_PREFIX).lower(),
            version=state.version,
        ),
    )


def on_no_show(call: Call, event: scheduling_events.VisitNoShow) -> None:
    on_appointment(call, event)
    visit_fees.did_not_take_place(call, identifier(event.appointment.appointment_id), FeeKind.NO_SHOW)


def on_late_cancellation(call: Call, event: scheduling_events.LateCancellation) -> None:
    visit_fees.did_not_take_place(call, identifier(event.appointment_id), FeeKind.LATE_CANCELLATION)


def on_session_ended(call: Call, event: telehealth_events.SessionEnded) -> None:
    expected_visits.keep_session_record(
        call,
        SessionRecord(
            appointment_id=identifier(event.appointment_id),
            session_id=identifier(event.session_id),
            patient_id=identifier(event.patient_id),
            patient_at_home=event.patient_at_home,
            audio_only=event.audio_only,
            seconds_together=event.seconds_together,
        ),
    )


SUBSCRIPTIONS = (
    Subscription(identity_events.TenantChanged, on_tenant_changed, purpose="mirror"),
    Subscription(identity_events.BillingEntityChanged, on_billing_entity_changed, purpose="mirror"),
    Subscription(identity_events.LocationChanged, on_location_changed, purpose="mirror"),
    Subscription(identity_events.PractitionerChanged, on_practitioner_changed, purpose="mirror"),
    Subscription(registry_events.PatientRegistered, each(on_patient), purpose="mirror", bulk=True),
    Subscription(registry_events.PatientChanged, each(on_patient), purpose="mirror", bulk=True),
    Subscription(scheduling_events.AppointmentBooked, on_appointment, purpose="visits"),
    # A confirmation changes nothing here. The other steps do, also backwards: a check-in is undone.
    Subscription(scheduling_events.AppointmentConfirmed, None, purpose="visits"),
    Subscription(scheduling_events.AppointmentMoved, on_appointment, purpose="visits"),
    Subscription(scheduling_events.AppointmentCancelled, on_appointment, purpose="visits"),
    Subscription(scheduling_events.VisitArrived, on_appointment, purpose="visits"),
    Subscription(scheduling_events.VisitCheckedIn, on_appointment, purpose="visits"),
    Subscription(scheduling_events.VisitRoomed, on_appointment, purpose="visits"),
    Subscription(scheduling_events.VisitSeen, on_appointment, purpose="visits"),
    Subscription(scheduling_events.VisitCheckedOut, on_appointment, purpose="visits"),
    Subscription(scheduling_events.VisitNoShow, on_no_show, purpose="visits"),
    Subscription(scheduling_events.LateCancellation, on_late_cancellation, purpose="visits"),
    Subscription(scheduling_events.VisitLeft, on_appointment, purpose="visits"),
    Subscription(telehealth_events.SessionEnded, on_session_ended, purpose="visits"),
)


def due(processor: CardProcessor, address_book: statements.AddressBook) -> dict[str, Callable[[Call, DueItem], None]]:
    """Due work by kind; a key is the id of what it is about."""

    def charge(call: Call, item: DueItem) -> None:
        cards.charge(call, UUID(item.key), processor)

    def check(call: Call, item: DueItem) -> None:
        cards.check(call, UUID(item.key), processor)

    def refund(call: Call, item: DueItem) -> None:
        cards.refund(call, UUID(item.key), processor)

    def statement_run(call: Call, _item: DueItem) -> None:
        statements.run_due(call)

    def statement(call: Call, item: DueItem) -> None:
        statements.issue_due(call, UUID(item.key), address_book)

    def plan_step(call: Call, item: DueItem) -> None:
        payment_plans.step(call, UUID(item.key))

    def nightly(call: Call, _item: DueItem) -> None:
        periods.nightly(call)

    def prove(call: Call, item: DueItem) -> None:
        periods.prove(call, UUID(item.key))

    return {
        periods.NIGHTLY_DUE: nightly,
        periods.PROVE_DUE: prove,
        payment_plans.STEP_DUE: plan_step,
        payments.CHARGE_DUE: charge,
        cards.CHECK_DUE: check,
        payments.REFUND_DUE: refund,
        accounts.STATEMENT_RUN_DUE: statement_run,
        statements.ISSUE_DUE: statement,
    }
