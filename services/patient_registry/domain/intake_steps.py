"""What is asked of a patient before a visit, and what of it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from patient_registry.domain.intake_forms import Ask, Words

# A card older than this is asked for again: plans change with the year.
CARD_DAYS = 365
YEAR = timedelta(days=365)


class StepKind(StrEnum):
    CONTACT = "contact"
    INSURANCE = "insurance"
    CARD = "card"
    PHOTO_ID = "photo_id"
    CONSENT = "consent"
    FORM = "form"


# Steps that a person says are right, or leaves out; forms and consents are done by doing them.
CONFIRMED_BY_WORD = frozenset({StepKind.CONTACT, StepKind.INSURANCE, StepKind.CARD, StepKind.PHOTO_ID})


class StepState(StrEnum):
    OPEN = "open"
    BEGUN = "begun"
    DONE = "done"
    LEFT_OUT = "left_out"


class ConsentState(StrEnum):
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class VisitToPrepare:
    """The visit that is prepared: when it begins (UTC instant) and its local day."""

    appointment_id: UUID
    appointment_type_code: str
    start_time: datetime
    day: date


@dataclass(frozen=True, slots=True)
class FormAsked:
    """A form in use, the patient's last submitted answers, and the draft for this visit, if any."""

    code: str
    title: Words
    ask: Ask
    appointment_type_codes: frozenset[str]
    last_submitted_at: datetime | None = None
    last_appointment_id: UUID | None = None
    last_response_id: UUID | None = None
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ConsentAsked:
    """A text in use and the patient's last signature under it."""

    code: str
    title: Words
    accepted_from_version: int
    signed_version: int = 0
    signed_at: datetime | None = None
    expires_on: date | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the list."""

    kind: StepKind
    state: StepState
    code: str = ""
    title: Words | None = None
    response_id: UUID | None = None
    done_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.state in (StepState.DONE, StepState.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """That a step was said to be right, or was left out, for this visit."""

    left_out: bool
    at: datetime


def steps(
    visit: VisitToPrepare,
    confirmed: Mapping[StepKind, Confirmed],
    pictures: Mapping[StepKind, datetime],
    consents: Sequence[ConsentAsked],
    forms: Sequence[FormAsked],
) -> list[Step]:
    """The steps in the order in which they are asked. `pictures`: when the newest card front and photo ID were filed."""
    found = [_said(StepKind.CONTACT, confirmed), _said(StepKind.INSURANCE, confirmed)]
    found.append(_pictured(StepKind.CARD, visit, confirmed, pictures, CARD_DAYS))
    found.append(_pictured(StepKind.PHOTO_ID, visit, confirmed, pictures, None))
    found += [_consent(each, visit) for each in consents]
    found += [_form(each, visit) for each in forms if _is_asked(each, visit)]
    return found


def consent_state(expires_on: date | None, revoked: bool, today: date) -> ConsentState:
    """Whether a signature holds on a day; the day it expires on is its last."""
    if revoked:
        return ConsentState.REVOKED
    return ConsentState.EXPIRED if expires_on is not None and today > expires_on else ConsentState.IN_FORCE


def _said(kind: StepKind, confirmed: Mapping[StepKind, Confirmed]) -> Step:
    said = confirmed.get(kind)
    if said is None:
        return Step(kind, StepState.OPEN)
    return Step(kind, StepState.LEFT_OUT if said.left_out else StepState.DONE, done_at=said.at)


def _pictured(
    kind: StepKind,
    visit: VisitToPrepare,
    confirmed: Mapping[StepKind, Confirmed],
    pictures: Mapping[StepKind, datetime],
    days: int | None,
) -> Step:
    filed = pictures.get(kind)
    if filed is not None and (days is None or filed > visit.start_time - timedelta(days=days)):
        return Step(kind, StepState.DONE, done_at=filed)
    return _said(kind, confirmed)


def _consent(each: ConsentAsked, visit: VisitToPrepare) -> Step:
    holds = (
        each.signed_version >= each.accepted_from_version
        and consent_state(each.expires_on, each.revoked, visit.day) is ConsentState.IN_FORCE
    )
    state = StepState.DONE if holds else StepState.OPEN
    return Step(StepKind.CONSENT, state, each.code, each.title, done_at=each.signed_at if holds else None)


def _is_asked(each: FormAsked, visit: VisitToPrepare) -> bool:
    of_this_type = not each.appointment_type_codes or visit.appointment_type_code in each.appointment_type_codes
    return each.ask is not Ask.BY_HAND and of_this_type


def _form(each: FormAsked, visit: VisitToPrepare) -> Step:
    at = each.last_submitted_at
    answered = at is not None and {
        Ask.ONCE: True,
        Ask.YEARLY: at > visit.start_time - YEAR,
        Ask.EACH_VISIT: each.last_appointment_id == visit.appointment_id,
    }.get(each.ask, False)
    if answered:
        return Step(StepKind.FORM, StepState.DONE, each.code, each.title, each.last_response_id, at)
    state = StepState.BEGUN if each.draft_id else StepState.OPEN
    return Step(StepKind.FORM, state, each.code, each.title, each.draft_id)
