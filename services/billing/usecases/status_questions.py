"""Status questions (276 005010X212) about claims: of ours from what was sent, of another system from what is known now."""

from __future__ import annotations

from billing.adapters.registry import Registry
from billing.domain.x12.claim_status import STATUS_VERSION, StatusInquiry, write_inquiry
from billing.domain.x12.writer import InterchangeWriter
from billing.store import Store
from billing.tables_claims import Claim
from billing.usecases.interchanges import TradingPartner, envelope, next_interchange_control
from billing.usecases.scrubbing import content_of
from chassis.call import Call


def write(call: Call, store: Store, claim: Claim, partner: TradingPartner, registry: Registry) -> bytes | None:
    """The interchange that asks about a claim; None when too little is known of who is insured.

    Raises Unavailable (the registry does not answer), X12Error (what is known cannot be written).
    """
    inquiry = (
        _of_ours(claim, partner) if claim.content is not None else _taken_over(call, store, claim, partner, registry)
    )
    if inquiry is None:
        return None
    control = next_interchange_control(store)
    writer = InterchangeWriter(envelope(call, partner, control))
    with writer.group("HR", STATUS_VERSION, control):
        write_inquiry(writer, inquiry, 1)
    return writer.finish()


def _of_ours(claim: Claim, partner: TradingPartner) -> StatusInquiry | None:
    """As the claim was sent."""
    content = content_of(claim)
    if content is None or (content.insured.birth_date is None and content.patient is None):
        return None
    patient = content.patient
    insured = content.insured
    return StatusInquiry(
        trace=claim.control,
        payer_name=content.payer.name,
        payer_id=content.payer.identifier,
        submitter_name=content.billing_provider.name,
        submitter_id=partner.submitter_id,
        provider_name=content.billing_provider.name,
        provider_npi=content.billing_provider.npi,
        subscriber_last=insured.last,
        subscriber_first=insured.first,
        member_id=insured.member_id,
        birth_date=insured.birth_date or claim.service_date,
        sex=insured.sex or "U",
        patient=(patient.last, patient.first, patient.birth_date, patient.sex)
        if patient is not None and patient.birth_date is not None
        else None,
        claim_control=claim.control,
        payer_control=claim.payer_control,
        charge_minor=content.charge_minor,
        service_from=min(line.service_from for line in content.lines),
        service_to=max(line.service_to for line in content.lines),
    )


def _taken_over(
    call: Call, store: Store, claim: Claim, partner: TradingPartner, registry: Registry
) -> StatusInquiry | None:
    """Another system's claim has no content here: the patient and the coverage are asked of the registry."""
    entity, payer = store.billing_entity(claim.billing_entity_id), store.payer(claim.payer_id, claim.service_date)
    profile = registry.profiles(call, [claim.patient_id]).get(claim.patient_id)
    coverage = profile.coverage(claim.coverage_id) if profile is not None and claim.coverage_id is not None else None
    if entity is None or payer is None or profile is None or coverage is None or len(coverage.member_id) < 2:
        return None
    own = profile.person
    subscriber = own if coverage.is_self or coverage.subscriber is None else coverage.subscriber
    if not subscriber.last or subscriber.birth_date is None:
        return None
    lines = store.claim_lines([claim.id]).get(claim.id, [])
    days = [line.service_date for line in store.charge_lines({line.charge_line_id for line in lines}).values()]
    return StatusInquiry(
        trace=claim.control,
        payer_name=payer.name,
        payer_id=payer.x12_payer_id,
        submitter_name=entity.name,
        submitter_id=partner.submitter_id,
        provider_name=entity.name,
        provider_npi=entity.npi,
        subscriber_last=subscriber.last,
        subscriber_first=subscriber.first,
        member_id=coverage.member_id,
        birth_date=subscriber.birth_date,
        sex=subscriber.sex or "U",
        patient=None
        if coverage.is_self or own.birth_date is None
        else (own.last, own.first, own.birth_date, own.sex or "U"),
        claim_control=claim.control,
        payer_control=claim.payer_control,
        charge_minor=claim.charge_minor,
        service_from=min(days, default=claim.service_date),
        service_to=max(days, default=claim.service_date),
    )
