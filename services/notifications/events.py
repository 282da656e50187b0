"""Events consumed, and due work; published ones are built in `published.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from polyclinic.billing.v1 import events_pb2 as billing_events
from polyclinic.identity.v1 import events_pb2 as identity_events
from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.types.v1 import types_pb2

from chassis.call import Call
from chassis.due import Bulk, DueItem
from chassis.processor import Subscription
from chassis.protos import instant
from notifications.domain import wording
from notifications.usecases import (
    deciding,
    notices,
    portal_codes,
    sending,
    template_tests,
    tenants,
    upgrading,
    visits,
)
from notifications.usecases.composing import SEND
from notifications.usecases.notices import DelayFacts, OfferFacts
from notifications.usecases.outside import Outside
from notifications.usecases.portal_codes import SEND_CODE, CodeFacts
from notifications.usecases.tenants import ClinicFacts, LocationFacts
from notifications.usecases.visits import DECIDE, REPLAN, AppointmentFacts


def on_tenant_changed(call: Call, event: identity_events.TenantChanged) -> None:
    tenants.follow_clinic(
        call, ClinicFacts(event.name, event.slug, event.default_language, event.active, event.version)
    )


def on_location_changed(call: Call, event: identity_events.LocationChanged) -> None:
    address = wording.one_line_address(event.address.lines, event.address.city, event.address.state)
    facts = LocationFacts(UUID(event.location_id), event.name, event.time_zone, event.phone, address, event.version)
    tenants.follow_location(call, facts)


def on_appointment(outside: Outside, call: Call, event: Any) -> None:
    """Any event of an appointment: each carries its whole state."""
    facts = _appointment(event.appointment)
    if visits.follow_appointment(call, outside, facts):
        notices.plan_invitation(call, outside, facts.patient_id)


def on_waitlist_offered(outside: Outside, call: Call, event: scheduling_events.WaitlistOffered) -> None:
    facts = OfferFacts(
        id=UUID(event.waitlist_offer_id),
        patient_id=UUID(event.patient_id),
        location_id=UUID(event.location_id),
        appointment_type_code=event.appointment_type_code,
        start_time=instant(event.start_time),
        time_zone=event.time_zone,
        expires_at=instant(event.expires_at),
    )
    notices.plan_offer(call, outside, facts)


def on_waitlist_settled(call: Call, event: scheduling_events.WaitlistOfferSettled) -> None:
    notices.settle_offer(call, UUID(event.waitlist_offer_id))


def on_visit_delayed(outside: Outside, call: Call, event: scheduling_events.VisitDelayed) -> None:
    facts = DelayFacts(
        appointment_id=UUID(event.appointment_id),
        patient_id=UUID(event.patient_id),
        location_id=UUID(event.location_id),
        appointment_type_code=event.appointment_type_code,
        expected_start=instant(event.expected_start),
        time_zone=event.time_zone,
    )
    notices.plan_delay(call, outside, facts)


def on_statement_issued(outside: Outside, call: Call, event: billing_events.StatementIssued) -> None:
    notices.plan_statement(call, outside, UUID(event.statement_id), UUID(event.patient_id))


def on_portal_code_requested(call: Call, event: registry_events.PortalCodeRequested) -> None:
    facts = CodeFacts(
        id=UUID(event.portal_code_id),
        patient_id=UUID(event.patient_id),
        name=event.name,
        channel=event.channel,
        address_digest=event.address_digest,
        proxied_patient_ids=list(event.proxied_patient_ids),
    )
    portal_codes.plan(call, facts)


def on_portal_code_due(outside: Outside, call: Call, item: DueItem) -> None:
    portal_codes.send(call, outside, item)


def on_reminders_due(outside: Outside, call: Call, items: list[DueItem]) -> None:
    deciding.decide(call, outside, [UUID(item.key) for item in items])


def on_built_in_more(call: Call, _item: DueItem) -> None:
    upgrading.catch_up(call)


def on_message_due(outside: Outside, call: Call, item: DueItem) -> None:
    sending.send(call, outside, UUID(item.key))


def on_test_due(outside: Outside, call: Call, item: DueItem) -> None:
    template_tests.hand_over(call, outside, UUID(item.key))


def on_rules_changed(outside: Outside, call: Call, item: DueItem) -> None:
    """One page of coming visits per item; the next one is planned in the same transaction."""
    after = item.payload.get("after")
    place = (datetime.fromisoformat(after[0]), UUID(after[1])) if after else None
    following = visits.replan_page(call, outside, place)
    if following is not None:
        call.due.at(REPLAN, item.key, call.now, {"after": [following[0].isoformat(), str(following[1])]})


def _appointment(state: scheduling_events.AppointmentState) -> AppointmentFacts:
    status = scheduling_events.AppointmentStatus.Name(state.status).removeprefix("APPOINTMENT_STATUS_").lower()
    modality = types_pb2.Modality.Name(state.modality).removeprefix("MODALITY_").lower()
    return AppointmentFacts(
        id=UUID(state.appointment_id),
        patient_id=UUID(state.patient_id),
        location_id=UUID(state.location_id),
        appointment_type_code=state.appointment_type_code,
        start_time=instant(state.start_time),
        end_time=instant(state.end_time),
        time_zone=state.time_zone,
        modality=modality,
        status=status,
        reschedule_count=state.reschedule_count,
        booked_at=instant(state.booked_at),
        version=state.version,
        series_number=state.series_number,
    )


# Until somebody has come, or has not. How the visit goes on changes nothing of what is sent: those events stay unread.
APPOINTMENT_EVENTS = (
    scheduling_events.AppointmentBooked,
    scheduling_events.AppointmentConfirmed,
    scheduling_events.AppointmentMoved,
    scheduling_events.AppointmentCancelled,
    scheduling_events.VisitArrived,
    scheduling_events.VisitCheckedIn,
    scheduling_events.VisitNoShow,
    scheduling_events.VisitLeft,
)


NO_LONGER_READ = (scheduling_events.VisitRoomed, scheduling_events.VisitSeen, scheduling_events.VisitCheckedOut)


def subscriptions(outside: Outside) -> tuple[Subscription, ...]:
    """Subject → handler."""
    return (
        Subscription(identity_events.TenantChanged, on_tenant_changed, purpose="mirror"),
        Subscription(identity_events.LocationChanged, on_location_changed, purpose="mirror"),
        *(Subscription(event, partial(on_appointment, outside), purpose="reminders") for event in APPOINTMENT_EVENTS),
        *(Subscription(event, None, purpose="reminders") for event in NO_LONGER_READ),
        Subscription(scheduling_events.WaitlistOffered, partial(on_waitlist_offered, outside), purpose="offers"),
        Subscription(scheduling_events.WaitlistOfferSettled, on_waitlist_settled, purpose="offers"),
        Subscription(scheduling_events.VisitDelayed, partial(on_visit_delayed, outside), purpose="delays"),
        Subscription(billing_events.StatementIssued, partial(on_statement_issued, outside), purpose="statements"),
        Subscription(registry_events.PortalCodeRequested, on_portal_code_requested, purpose="portal-codes"),
    )


def due(outside: Outside) -> Mapping[str, Callable[[Call, DueItem], None] | Bulk]:
    """Kind of due work → handler."""
    return {
        DECIDE: Bulk(partial(on_reminders_due, outside)),
        SEND: partial(on_message_due, outside),
        REPLAN: partial(on_rules_changed, outside),
        SEND_CODE: partial(on_portal_code_due, outside),
        template_tests.SEND: partial(on_test_due, outside),
        upgrading.CATCH_UP: on_built_in_more,
    }
