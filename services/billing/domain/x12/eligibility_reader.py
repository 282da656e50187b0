"""Reader of 271 sets: one answer per person, benefits in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.domain.x12.elements import cents, element, period, quantity
from billing.domain.x12.eligibility import Benefit, EligibilityAnswer, Rejection
from billing.domain.x12.errors import SetRefused
from billing.domain.x12.reader import TransactionSet

PLAN_DATES = ("346", "291", "307")  # plan begin/period, plan, eligibility
_PERSON_LEVELS = ("22", "23")


@dataclass(slots=True)
class _Benefit:
    eb: list[str]
    messages: list[str] = field(default_factory=list)
    starts: date | None = None
    ends: date | None = None
    related_name: str = ""
    related_id: str = ""


@dataclass(slots=True)
class _Person:
    level: str
    trace: str = ""
    last: str = ""
    first: str = ""
    member_id: str = ""
    starts: date | None = None
    ends: date | None = None
    benefits: list[Benefit] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class EligibilityReader:
    """Reads one 271 set. SetRefused when an amount cannot be read; unreadable dates are left out."""

    def __init__(self, transaction: TransactionSet) -> None:
        transaction.require("271")
        self._set = transaction
        self._repetition = transaction.interchange.separators.repetition

    def answers(self) -> tuple[EligibilityAnswer, ...]:
        """One answer per subscriber or dependant asked about; one without a person when the refusal stands above."""
        payer = ("", "")
        above: list[Rejection] = []
        people: list[_Person] = []
        subscriber_id, level = "", ""
        person: _Person | None = None
        benefit: _Benefit | None = None
        for segment in self._set.segments():
            tag = segment[0]
            if tag == "HL":
                self._close(person, benefit)
                level, benefit = element(segment, 3), None
                person = _Person(level) if level in _PERSON_LEVELS else None
                if person is not None:
                    people.append(person)
            elif tag == "EB" and person is not None:
                self._close(person, benefit)
                benefit = _Benefit(segment)
            elif tag == "AAA":
                rejection = Rejection(level, element(segment, 3), element(segment, 4))
                (person.rejections if person else above).append(rejection)
            elif tag == "NM1" and person is None and element(segment, 1) == "PR":
                payer = (element(segment, 3), element(segment, 9))
            elif person is None:
                continue
            elif benefit is not None:
                self._benefit_detail(benefit, segment, tag)
            elif tag == "TRN" and element(segment, 1) == "2":
                person.trace = person.trace or element(segment, 2)
            elif tag == "NM1":
                person.last, person.first = element(segment, 3), element(segment, 4)
                person.member_id = element(segment, 9) or subscriber_id
                if level == "22":
                    subscriber_id = person.member_id
            elif tag == "DTP" and element(segment, 1) in PLAN_DATES:
                person.starts, person.ends = self._dates(segment)
        self._close(person, benefit)
        return self._collect(payer, above, people)

    def _collect(
        self, payer: tuple[str, str], above: list[Rejection], people: list[_Person]
    ) -> tuple[EligibilityAnswer, ...]:
        """Subscribers that only introduce a dependant say nothing themselves and are left out."""
        speaking = [p for p in people if p.trace or p.benefits or p.rejections] or ([_Person("")] if above else [])
        return tuple(
            EligibilityAnswer(
                trace=p.trace,
                payer_name=payer[0],
                payer_id=payer[1],
                last=p.last,
                first=p.first,
                member_id=p.member_id,
                is_dependant=p.level == "23",
                plan_starts=p.starts,
                plan_ends=p.ends,
                benefits=tuple(p.benefits),
                rejections=(*above, *p.rejections),
            )
            for p in speaking
        )

    def _benefit_detail(self, benefit: _Benefit, segment: list[str], tag: str) -> None:
        if tag == "MSG":
            benefit.messages.append(element(segment, 1))
        elif tag == "DTP":
            benefit.starts, benefit.ends = self._dates(segment)
        elif tag == "NM1":
            benefit.related_name, benefit.related_id = element(segment, 3), element(segment, 9)

    def _close(self, person: _Person | None, benefit: _Benefit | None) -> None:
        if person is None or benefit is None:
            return
        eb = benefit.eb
        person.benefits.append(
            Benefit(
                information=element(eb, 1),
                level=element(eb, 2),
                service_types=tuple(filter(None, element(eb, 3).split(self._repetition))),
                insurance_type=element(eb, 4),
                plan=element(eb, 5),
                period=element(eb, 6),
                amount_minor=self._money(eb, 7),
                fraction=self._decimal(eb, 8),
                quantity_kind=element(eb, 9),
                quantity=self._decimal(eb, 10),
                authorisation_required=element(eb, 11),
                in_network=element(eb, 12),
                messages=tuple(benefit.messages),
                starts=benefit.starts,
                ends=benefit.ends,
                related_name=benefit.related_name,
                related_id=benefit.related_id,
            )
        )

    def _money(self, segment: list[str], position: int) -> int | None:
        try:
            return cents(segment[position]) if element(segment, position) else None
        except ValueError as error:
            raise SetRefused(str(error), self._set.place(position)) from None

    def _decimal(self, segment: list[str], position: int) -> Decimal | None:
        try:
            return quantity(segment[position]) if element(segment, position) else None
        except ValueError as error:
            raise SetRefused(str(error), self._set.place(position)) from None

    def _dates(self, segment: list[str]) -> tuple[date | None, date | None]:
        """First and last day; a single day opens a period whose end is not said."""
        try:
            first, last = period(element(segment, 2), element(segment, 3))
        except ValueError:
            return None, None
        return first, last if element(segment, 2) == "RD8" else None


def read_eligibility(transaction: TransactionSet) -> tuple[EligibilityAnswer, ...]:
    """The answers in a 271 set."""
    return EligibilityReader(transaction).answers()
