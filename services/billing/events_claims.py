"""Events that the claims half consumes, its due work, and the tables of both."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import date
from uuid import UUID

from polyclinic.patient_registry.v1 import events_pb2 as registry_events

from billing.adapters.clearinghouse import Clearinghouse
from billing.adapters.diagnosis_catalogue import DiagnosisCatalogue
from billing.adapters.registry import Registry
from billing.settings import Settings
from billing.store import Store
from billing.tables_claims import Coverage
from billing.usecases import (
    acknowledgements,
    batches,
    claims,
    discounts,
    eligibility,
    eligibility_answers,
    eligibility_batches,
    good_faith,
    inbound,
    owed_estimates,
    polling,
    remittance_posting,
    remittances,
    scrubbing,
)
from billing.usecases.batches import BatchSettings
from chassis.call import Call
from chassis.due import Bulk, DueItem
from chassis.processor import Subscription, each
from chassis.protos import identifier, optional_date

KIND_PREFIX = "COVERAGE_KIND_"


def on_coverage_changed(call: Call, event: registry_events.CoverageChanged) -> None:
    """Keeps the coverage's copy and asks its payer."""
    kind = registry_events.CoverageKind.Name(event.kind).removeprefix(KIND_PREFIX).lower()
    patient_id = identifier(event.patient_id)
    eligibility.keep_coverage(
        call,
        Coverage(
            id=identifier(event.coverage_id),
            patient_id=patient_id,
            payer_code=event.payer_code,
            kind="health" if kind == "unspecified" else kind,
            priority=event.priority,
            start_date=optional_date(event.period.start),
            end_date=optional_date(event.period.end),
            active=event.active,
            source_version=event.version,
        ),
    )
    owed_estimates.follow_coverage(call, Store(call.session), patient_id)


SUBSCRIPTIONS = (
    Subscription(registry_events.CoverageChanged, each(on_coverage_changed), purpose="coverages", bulk=True),
)


def due(
    settings: Settings,
    registry: Registry,
    clearinghouse: Clearinghouse,
    billable: Container[str],
    catalogue: DiagnosisCatalogue,
) -> dict[str, Callable[[Call, DueItem], None] | Bulk]:
    """Due work by kind; keys are the ids of what it is about."""
    batch_settings = batch_settings_of(settings)
    partner = batch_settings.partner

    def ahead(call: Call, items: list[DueItem]) -> None:
        for item in items:
            day = date.fromisoformat(item.payload["service_date"])
            eligibility.check_ahead(call, UUID(item.payload["patient_id"]), day)

    def ask(call: Call, item: DueItem) -> None:
        eligibility.ask(call, UUID(item.key), registry, clearinghouse, partner)

    def replan(call: Call, item: DueItem) -> None:
        after = item.payload.get("after")
        eligibility.replan(call, UUID(after) if after else None)

    def ask_by_file(call: Call, item: DueItem) -> None:
        eligibility_batches.make(call, UUID(item.key), registry, partner)

    def send_questions(call: Call, item: DueItem) -> None:
        eligibility_batches.send(call, UUID(item.key), clearinghouse)

    def unanswered(call: Call, item: DueItem) -> None:
        eligibility_batches.silence(call, UUID(item.key))

    def prepare(call: Call, item: DueItem) -> None:
        scrubbing.prepare(call, UUID(item.key), registry, billable, partner.receiver_id, catalogue.words_of)
        batches.plan_daily(call, Store(call.session), batch_settings)

    def daily(call: Call, _item: DueItem) -> None:
        batches.daily(call, batch_settings)

    def payer_batch(call: Call, item: DueItem) -> None:
        batches.payer_batch(call, UUID(item.key), batch_settings)

    def send(call: Call, item: DueItem) -> None:
        batches.send(call, UUID(item.key), clearinghouse)

    def poll(call: Call, _item: DueItem) -> None:
        inbound.poll(call, clearinghouse, settings.poll_interval)

    def read(call: Call, item: DueItem) -> None:
        inbound.read(call, UUID(item.key))

    def post(call: Call, item: DueItem) -> None:
        remittance_posting.post(call, UUID(item.key))

    def compare(call: Call, item: DueItem) -> None:
        good_faith.compare_due(call, UUID(item.key))

    def owed(call: Call, item: DueItem) -> None:
        owed_estimates.look_at(call, UUID(item.key))

    def discount(call: Call, item: DueItem) -> None:
        discounts.apply_due(call, UUID(item.key))

    def silence(call: Call, item: DueItem) -> None:
        acknowledgements.ask_about(call, UUID(item.key), clearinghouse, partner, registry)

    return {
        eligibility.AHEAD_DUE: Bulk(ahead),
        eligibility_answers.ASK_DUE: ask,
        eligibility.REPLAN_DUE: replan,
        eligibility_batches.MAKE_DUE: ask_by_file,
        eligibility_batches.SEND_DUE: send_questions,
        eligibility_batches.SILENCE_DUE: unanswered,
        good_faith.COMPARE_DUE: compare,
        owed_estimates.OWED_DUE: owed,
        discounts.APPLY_DUE: discount,
        claims.PREPARE_DUE: prepare,
        batches.DAILY_DUE: daily,
        batches.PAYER_DUE: payer_batch,
        batches.SEND_DUE: send,
        polling.POLL_DUE: poll,
        inbound.READ_DUE: read,
        remittances.POST_DUE: post,
        acknowledgements.SILENCE_DUE: silence,
    }


def batch_settings_of(settings: Settings) -> BatchSettings:
    """When batches go out and as whom, from the settings."""
    return BatchSettings(send_at=settings.batch_time_of_day, partner=settings.trading_partner)
