"""270/271 005010X279A1: the inquiry that is asked and its writer; the answer's typed model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.domain.x12.elements import d8, plain_text
from billing.domain.x12.inquiries import write_payer, write_provider
from billing.domain.x12.writer import InterchangeWriter, identifier

VERSION = "005010X279A1"
# EB03 / EQ01: what outpatient clinics ask for. 30 is answered with the whole plan by every payer.
HEALTH_BENEFIT_PLAN = "30"
OFFICE_VISIT = "98"


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber or dependant as the payer knows them; `sex` is F, M or U ('' when unknown)."""

    last: str
    first: str
    birth_date: date | None
    sex: str = ""


@dataclass(frozen=True, slots=True)
class EligibilityInquiry:
    """One person's 270. `trace` (≤ 50) comes back in TRN02; `originator` is TRN03: '1' + nine digits of the tax id."""

    trace: str
    originator: str
    payer_name: str
    payer_id: str
    provider_name: str
    provider_npi: str
    subscriber: Person
    member_id: str
    dependant: Person | None
    service_date: date
    service_types: tuple[str, ...] = (HEALTH_BENEFIT_PLAN,)


def write_inquiry(writer: InterchangeWriter, inquiry: EligibilityInquiry, set_control: int) -> None:
    """Writes one 270 set into an open group of kind HS, version 005010X279A1."""
    q, at = inquiry, writer.written_at
    with writer.transaction("270", set_control):
        writer.segment("BHT", "0022", "13", identifier(q.trace, 1, 50, "the trace number"), d8(at.date()), f"{at:%H%M}")
        writer.segment("HL", "1", "", "20", "1")
        write_payer(writer, q.payer_name, q.payer_id)
        writer.segment("HL", "2", "1", "21", "1")
        write_provider(writer, q.provider_name, q.provider_npi)
        writer.segment("HL", "3", "2", "22", "1" if q.dependant else "0")
        trace = ("TRN", "1", q.trace, identifier(q.originator, 10, 10, "the originator"))
        if q.dependant is None:
            writer.segment(*trace)
        subscriber = (plain_text(q.subscriber.last, 60), plain_text(q.subscriber.first, 35))
        writer.segment("NM1", "IL", "1", *subscriber, "", "", "", "MI", identifier(q.member_id, 2, 80, "the member id"))
        asked = q.subscriber
        if q.dependant is not None:
            if q.subscriber.birth_date is not None:
                writer.segment("DMG", "D8", d8(q.subscriber.birth_date), q.subscriber.sex)
            writer.segment("HL", "4", "3", "23", "0")
            writer.segment(*trace)
            asked = q.dependant
            writer.segment("NM1", "03", "1", plain_text(asked.last, 60), plain_text(asked.first, 35))
        if asked.birth_date is not None:
            writer.segment("DMG", "D8", d8(asked.birth_date), asked.sex)
        writer.segment("DTP", "291", "D8", d8(q.service_date))
        for service_type in q.service_types:
            writer.segment("EQ", service_type)


class Information(StrEnum):
    """EB01, as far as it is acted on; other codes are kept as they come."""

    ACTIVE = "1"
    ACTIVE_FULL_RISK = "2"
    ACTIVE_PENDING_INVESTIGATION = "5"
    INACTIVE = "6"
    INACTIVE_PENDING_UPDATE = "7"
    INACTIVE_PENDING_INVESTIGATION = "8"
    COINSURANCE = "A"
    COPAYMENT = "B"
    DEDUCTIBLE = "C"
    OUT_OF_POCKET = "G"
    NOT_COVERED = "I"
    OTHER_PAYER = "R"


@dataclass(frozen=True, slots=True)
class Benefit:
    """One EB. Amount in cents; `fraction` is a share (0.2 coinsurance = the patient owes 20 %); network Y, N or W."""

    information: str
    level: str  # EB02: IND, FAM, …
    service_types: tuple[str, ...]
    insurance_type: str  # EB04
    plan: str
    period: str  # EB06: 23 calendar year, 27 visit, 29 remaining …
    amount_minor: int | None
    fraction: Decimal | None
    quantity_kind: str  # EB09
    quantity: Decimal | None
    authorisation_required: str  # EB11
    in_network: str  # EB12
    messages: tuple[str, ...]
    starts: date | None
    ends: date | None
    related_name: str  # NM1 of loop 2120: another payer, a primary-care provider …
    related_id: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """One AAA: why nothing is answered (AAA03) and what to do (AAA04: C correct, R resend, W wait, N do not resend)."""

    level: str  # HL03 of the loop it stands in: 20 payer, 21 provider, 22 subscriber, 23 dependant
    reason: str
    follow_up: str


@dataclass(frozen=True, slots=True)
class EligibilityAnswer:
    """What a 271 says about one person. `trace` is ours; '' when the refusal stands above the person."""

    trace: str
    payer_name: str
    payer_id: str
    last: str
    first: str
    member_id: str
    is_dependant: bool
    plan_starts: date | None
    plan_ends: date | None
    benefits: tuple[Benefit, ...]
    rejections: tuple[Rejection, ...]
