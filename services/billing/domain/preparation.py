"""The checklist of a visit before the patient comes: each step's state follows from what is known, nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing.domain.profiles import CoverageDetails, Profile


class Step(StrEnum):
    """What is looked at, in the order in which it is done."""

    DEMOGRAPHICS = "demographics"
    COVERAGE = "coverage"
    BENEFITS = "benefits"
    REFERRAL = "referral"
    AUTHORISATION = "authorisation"
    ESTIMATE = "estimate"
    FORMS = "forms"
    COPAY = "copay"


class State(StrEnum):
    """Whether somebody has to do something."""

    DONE = "done"
    OPEN = "open"
    NOT_NEEDED = "not_needed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Item:
    """One step: its state, what is so (or to be done) in words, by when, what it is about, an amount in minor units."""

    step: Step
    state: State
    words: str
    due_on: date | None = None
    reference_id: str = ""
    amount_minor: int | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayersWord:
    """What the payer of the visit last said; `outcome` '' : nothing."""

    takes_questions: bool
    outcome: str = ""
    stale: bool = False
    check_id: str = ""
    answered_at: datetime | None = None


NOBODY = "Nobody insures the visit: the patient pays."
NOT_TOLD = "The registry does not answer at present."


def is_ready(items: Sequence[Item]) -> bool:
    """Whether nothing is open."""
    return all(item.state is not State.OPEN for item in items)


def demographics(profile: Profile | None, *, answers: bool) -> Item:
    """Whether a claim would have the person's data; `answers`: the registry does."""
    if not answers:
        return Item(Step.DEMOGRAPHICS, State.UNKNOWN, NOT_TOLD)
    if profile is None:
        return Item(Step.DEMOGRAPHICS, State.OPEN, "The patient is not on file.")
    person, address = profile.person, profile.person.address
    known = {
        "name": bool(person.last and person.first),
        "birth date": person.birth_date is not None,
        "sex": person.sex in ("F", "M"),
        "address": address is not None
        and bool(address.line1 and address.city and address.state and address.postal_code),
    }
    missing = [name for name, is_known in known.items() if not is_known]
    if missing:
        return Item(Step.DEMOGRAPHICS, State.OPEN, f"Missing: {', '.join(missing)}.")
    return Item(Step.DEMOGRAPHICS, State.DONE, "Complete.")


def coverage(payer_name: str, details: CoverageDetails | None, *, answers: bool) -> Item:
    """Whether the coverage that pays first says what a claim needs; no payer: self-pay."""
    if not payer_name:
        return Item(Step.COVERAGE, State.NOT_NEEDED, NOBODY)
    if not answers:
        return Item(Step.COVERAGE, State.UNKNOWN, NOT_TOLD)
    if details is None:
        return Item(Step.COVERAGE, State.OPEN, f"{payer_name}: the coverage is not on file.")
    missing = [] if len(details.member_id) > 1 else ["member id"]
    if not details.is_self and (details.subscriber is None or not details.subscriber.last):
        missing.append("subscriber")
    if missing:
        return Item(Step.COVERAGE, State.OPEN, f"{payer_name}: missing {', '.join(missing)}.")
    return Item(Step.COVERAGE, State.DONE, f"{payer_name}.", reference_id=str(details.coverage_id))


def benefits(payer_name: str, word: PayersWord) -> Item:
    """Whether the payer has confirmed the coverage for the day."""
    if not payer_name:
        return Item(Step.BENEFITS, State.NOT_NEEDED, NOBODY)
    if not word.takes_questions:
        return Item(Step.BENEFITS, State.NOT_NEEDED, f"{payer_name} takes no questions electronically.")
    if not word.outcome:
        return Item(Step.BENEFITS, State.OPEN, f"{payer_name} has not answered yet.")
    about = {"reference_id": word.check_id, "as_of": word.answered_at}
    if word.outcome != "active":
        return Item(Step.BENEFITS, State.OPEN, f"{payer_name} says that the coverage is not active.", **about)  # type: ignore[arg-type]
    if word.stale:
        return Item(Step.BENEFITS, State.OPEN, f"{payer_name} was asked too long ago: ask again.", **about)  # type: ignore[arg-type]
    return Item(Step.BENEFITS, State.DONE, f"{payer_name} confirms the coverage.", **about)  # type: ignore[arg-type]


def permission(step: Step, wanted: Sequence[str], lacking: Sequence[str], reference_id: str) -> Item:
    """Whether what the payer wants agreed beforehand (`wanted`, in words) was; `lacking` is what was not."""
    if not wanted:
        return Item(step, State.NOT_NEEDED, "The payer asks for none.")
    if lacking:
        return Item(step, State.OPEN, f"Wanted by the payer, and not on file: {', '.join(lacking)}.")
    return Item(step, State.DONE, f"On file: {', '.join(wanted)}.", reference_id=reference_id)


def estimate(due_on: date | None, estimate_id: str, *, delivered: bool, insured: bool) -> Item:
    """Whether a good-faith estimate is owed (45 CFR 149.610)."""
    if insured:
        return Item(Step.ESTIMATE, State.NOT_NEEDED, "The visit is insured.")
    if delivered:
        return Item(Step.ESTIMATE, State.DONE, "The good-faith estimate was handed over.", reference_id=estimate_id)
    if due_on is None:
        return Item(Step.ESTIMATE, State.NOT_NEEDED, "The visit was booked too shortly beforehand.")
    words = "Hand over the good-faith estimate." if estimate_id else "Make and hand over a good-faith estimate."
    return Item(Step.ESTIMATE, State.OPEN, words, due_on=due_on, reference_id=estimate_id)


FORMS = Item(Step.FORMS, State.UNKNOWN, "The registry tells which forms are due.")

_COPAY = {
    "benefits": (State.DONE, "Ask for the copay at check-in."),
    "paid": (State.DONE, "The copay was paid."),
    "protected": (State.NOT_NEEDED, "The patient owes no cost sharing."),
    "no_coverage": (State.NOT_NEEDED, NOBODY),
    "no_benefits": (State.UNKNOWN, "The payer has not said what the copay is."),
}


def copay(amount_minor: int, reason: str) -> Item:
    """What to ask for at check-in, and why."""
    state, words = _COPAY.get(reason, (State.UNKNOWN, reason))
    return Item(Step.COPAY, state, words, amount_minor=amount_minor)
