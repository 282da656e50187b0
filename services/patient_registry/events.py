"""Events the registry consumes (what it publishes is built in published.py)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from polyclinic.billing.v1 import events_pb2 as billing_events
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.notifications.v1 import events_pb2 as notification_events
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events

from chassis.call import Call
from chassis.processor import Subscription, each
from chassis.protos import instant
from patient_registry.domain.consent import Channel
from patient_registry.usecases import consents, coverages, standard_intake, visits
from patient_registry.usecases.coverages import Verified
from patient_registry.usecases.visits import VisitState

_CHANNELS = {
    notification_events.CHANNEL_EMAIL: Channel.EMAIL,
    notification_events.CHANNEL_SMS: Channel.SMS,
}


def on_appointments(call: Call, events: list[Any]) -> None:
    """Any events of scheduling that carry an appointment's whole state: the visit history follows them."""
    visits.keep(call, [_visit_state(event.appointment) for event in events])


def on_consent_changed(call: Call, event: notification_events.ContactConsentChanged) -> None:
    """The holder of an address answered STOP (or START): the consent of the patients it reaches follows."""
    channel = _CHANNELS.get(event.channel)
    if channel is not None:
        patient_ids = [UUID(one) for one in event.patient_ids]
        consents.answered(call, patient_ids, channel, event.granted, instant(event.changed_at))


def on_tenant_changed(call: Call, _event: identity_events.TenantChanged) -> None:
    """An organisation is there: it has forms and consents to begin with."""
    standard_intake.install(call)


def on_coverage_verified(call: Call, event: billing_events.CoverageVerified) -> None:
    """A payer answered: the coverage shows its benefits."""
    coverages.verified(
        call,
        Verified(
            coverage_id=UUID(event.coverage_id),
            outcome=event.outcome,
            checked_at=instant(event.checked_at),
            copay_minor=event.copay.minor_units if event.HasField("copay") else None,
            deductible_remaining_minor=(
                event.deductible_remaining.minor_units if event.HasField("deductible_remaining") else None
            ),
            coinsurance_basis_points=event.coinsurance_basis_points,
            currency=event.copay.currency or event.deductible_remaining.currency or "USD",
        ),
    )


def _visit_state(state: scheduling_events.AppointmentState) -> VisitState:
    return VisitState(
        id=UUID(state.appointment_id),
        patient_id=UUID(state.patient_id),
        location_id=state.location_id,
        practitioner_id=state.practitioner_id,
        appointment_type_code=state.appointment_type_code,
        start_time=instant(state.start_time),
        end_time=instant(state.end_time),
        time_zone=state.time_zone,
        modality=state.modality,
        status=state.status,
        source_version=state.version,
    )


SUBSCRIPTIONS = (
    Subscription(scheduling_events.AppointmentBooked, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.AppointmentConfirmed, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.AppointmentMoved, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.AppointmentCancelled, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitArrived, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitCheckedIn, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitRoomed, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitSeen, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitCheckedOut, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitNoShow, on_appointments, purpose="visit-history", bulk=True),
    Subscription(scheduling_events.VisitLeft, on_appointments, purpose="visit-history", bulk=True),
    Subscription(notification_events.ContactConsentChanged, on_consent_changed, purpose="consent"),
    Subscription(billing_events.CoverageVerified, each(on_coverage_verified), purpose="benefits", bulk=True),
    Subscription(identity_events.TenantChanged, on_tenant_changed, purpose="standard-intake"),
)
