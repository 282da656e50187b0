"""Who suits whom: what a type of visit asks of the practitioner, of helpers and of a patient who books online.

The same functions decide for a search and for a booking.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from scheduling.domain.appointment_types import (
    PATIENTS_LANGUAGE,
    AppointmentType,
    ClearanceKind,
    Modality,
    PatientKind,
    ResourceKind,
    Role,
)

# The specialty by which the directory knows interpreters.
INTERPRETER = "interpreter"


@dataclass(frozen=True)
class Licence:
    """A licence of a state (USPS code); an open end is None, both ends are included."""

    state: str
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class Clinician:
    """What the directory tells of a practitioner; ``specialties`` are casefolded, ``languages`` primary subtags in lower case."""

    id: UUID
    specialties: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    licences: tuple[Licence, ...] = ()

    def speaks(self, language: str) -> bool:
        """Whether they speak this language (BCP 47; regions do not matter)."""
        return primary(language) in self.languages

    def licensed(self, state: str, day: date) -> bool:
        """Whether they may treat patients who are in this state on this day."""
        return any(
            one.state == state
            and (one.first_day is None or one.first_day <= day)
            and (one.last_day is None or day <= one.last_day)
            for one in self.licences
        )


@dataclass(frozen=True)
class Person:
    """What is known of the patient a visit is for. ``established``: seen by the organisation within three years (the definition of
    CPT's new and established patients). ``payers`` and ``clearances`` are those in force today."""

    id: UUID
    birth_date: date | None = None
    language: str = ""
    state: str = ""
    established: bool = True
    payers: frozenset[str] = frozenset()
    clearances: frozenset[tuple[ClearanceKind, str]] = frozenset()


def primary(language: str) -> str:
    """The primary subtag of a BCP 47 tag, in lower case: "es" of "es-MX"."""
    return language.split("-", 1)[0].strip().casefold()


def asked_language(role: Role, person: Person | None) -> str:
    """The language that a LANGUAGE or INTERPRETER role means for this patient; "" when there is none to speak of."""
    if role.resource_class == PATIENTS_LANGUAGE:
        return person.language if person else ""
    return role.resource_class


def understands(kind: AppointmentType, clinician: Clinician, person: Person | None) -> bool:
    """Whether the practitioner speaks what the type asks them to."""
    asked = (asked_language(role, person) for role in kind.roles if role.kind is ResourceKind.LANGUAGE)
    return all(not language or clinician.speaks(language) for language in asked)


def licensed(kind: AppointmentType, clinician: Clinician, person: Person | None, day: date) -> bool:
    """Whether the practitioner may see the patient on this day: by video a licence of the patient's state is needed, where known."""
    if kind.modality is not Modality.VIDEO or person is None or not person.state:
        return True
    return clinician.licensed(person.state, day)


def needed_roles(kind: AppointmentType, clinician: Clinician, person: Person | None) -> tuple[Role, ...]:
    """The roles that something or somebody has to fill: languages are the practitioner's own, and an interpreter is not needed
    when they speak it themselves."""
    if not kind.asks_for_people:
        return kind.roles
    needed = []
    for role in kind.roles:
        if role.kind is ResourceKind.LANGUAGE:
            continue
        if role.kind is ResourceKind.INTERPRETER:
            language = asked_language(role, person)
            if not language or clinician.speaks(language):
                continue
        needed.append(role)
    return tuple(needed)


def fills(role: Role, helper: Clinician, person: Person | None) -> bool:
    """Whether a person can fill this role besides the practitioner."""
    if role.kind is ResourceKind.INTERPRETER:
        return INTERPRETER in helper.specialties and helper.speaks(asked_language(role, person))
    return role.kind is ResourceKind.PRACTITIONER and role.resource_class.casefold() in helper.specialties


def age_on(birth_date: date, day: date) -> int:
    """Whole years of age on a day; who is born on 29 February comes of age on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def days_of_age(birth_date: date, min_age: int, max_age: int) -> tuple[date | None, date | None]:
    """First and last day on which somebody is between these ages, both included; None is open (a maximum of 0 is none)."""
    first = _birthday(birth_date, min_age) if min_age else None
    last = _birthday(birth_date, max_age + 1) - timedelta(days=1) if max_age else None
    return first, last


def _birthday(birth_date: date, age: int) -> date:
    year = birth_date.year + age
    if (birth_date.month, birth_date.day) == (2, 29) and not isleap(year):
        return date(year, 3, 1)
    return birth_date.replace(year=year)


def online_refusals(kind: AppointmentType, person: Person, day: date) -> Iterator[str]:
    """Which of the type's rules for booking online this patient does not meet on the visit's day: "age", "new", "established",
    "payer", "referral:code", "questionnaire:code". Nothing: they may."""
    rules = kind.online
    if rules.min_age or rules.max_age:
        if person.birth_date is None:
            yield "age"
        else:
            age = age_on(person.birth_date, day)
            if age < rules.min_age or (rules.max_age and age > rules.max_age):
                yield "age"
    if rules.patients is PatientKind.NEW and person.established:
        yield "new"
    if rules.patients is PatientKind.ESTABLISHED and not person.established:
        yield "established"
    if rules.payer_codes and not rules.payer_codes & person.payers:
        yield "payer"
    for clearance_kind, code in rules.clearances:
        if (clearance_kind, code) not in person.clearances:
            yield f"{clearance_kind.name.lower()}:{code}"
