"""Questions about coverages (270): what must be known before a payer is asked, and how the question reads."""

from __future__ import annotations

from billing.domain.eligibility import Refusal
from billing.domain.payers import PayerProfile
from billing.domain.profiles import CoverageDetails, Profile
from billing.domain.x12.eligibility import VERSION, EligibilityInquiry, Person, write_inquiry
from billing.domain.x12.errors import X12Error
from billing.domain.x12.writer import EnvelopeData, InterchangeWriter
from billing.store import Store
from billing.tables_claims import EligibilityCheck
from chassis.errors import Unavailable


def lacking(store: Store, profile: Profile, coverage: CoverageDetails) -> str:
    """What must be there before a payer is asked at all; '' when nothing is missing."""
    if len(coverage.member_id) < 2:
        return "the member id"
    subscriber = profile.person if coverage.is_self else coverage.subscriber
    if subscriber is None or not subscriber.last:
        return "the subscriber"
    return "" if store.locations() else "a location of ours"


def inquiry_of(
    store: Store, check: EligibilityCheck, payer: PayerProfile, profile: Profile, coverage: CoverageDetails
) -> EligibilityInquiry | Refusal:
    """The question, or why it cannot be asked; `payer` is as the clearinghouse knows it.

    Raises Unavailable (who bills is not known yet).
    """
    missing = lacking(store, profile, coverage)
    if missing:
        return Refusal("lacking", f"{missing} is missing", "Complete the coverage.", False)
    entity = store.billing_entity(store.locations()[0].billing_entity_id)
    if entity is None:
        raise Unavailable(internal="the billing entity is not known yet")
    own = profile.person
    subscriber = own if coverage.is_self or coverage.subscriber is None else coverage.subscriber
    return EligibilityInquiry(
        trace=check.trace,
        originator=f"1{entity.tax_id}",
        payer_name=payer.name,
        payer_id=payer.x12_payer_id,
        provider_name=entity.name,
        provider_npi=entity.npi,
        subscriber=Person(subscriber.last, subscriber.first, subscriber.birth_date, subscriber.sex),
        member_id=coverage.member_id,
        dependant=None if coverage.is_self else Person(own.last, own.first, own.birth_date, own.sex),
        service_date=check.service_date,
    )


def write(envelope: EnvelopeData, inquiries: list[EligibilityInquiry]) -> bytes:
    """One interchange with these questions, each a set of its own, numbered from 1. Raises X12Error."""
    writer = InterchangeWriter(envelope)
    with writer.group("HS", VERSION, envelope.control):
        for number, inquiry in enumerate(inquiries, start=1):
            write_inquiry(writer, inquiry, number)
    return writer.finish()


def unwritable(envelope: EnvelopeData, inquiry: EligibilityInquiry) -> Refusal | None:
    """Why a question cannot be written as X12, so that it does not take others with it; None: it can."""
    try:
        write(envelope, [inquiry])
    except X12Error as error:
        return Refusal("unwritable", error.reason, "Correct what the coverage or the person says.", False)
    return None
