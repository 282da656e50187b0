"""A person's demographics: the values, and what must hold of them."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from patient_registry.domain import contact_points, names
from patient_registry.domain.contact_points import ContactPoint
from patient_registry.domain.problems import Problem

LONGEST_LIFE_YEARS = 130


class Sex(StrEnum):
    """Administrative sex as FHIR writes it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class AddressUse(StrEnum):
    HOME = "home"
    MAILING = "mailing"
    WORK = "work"
    TEMPORARY = "temporary"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Name:
    """A personal name. `family` and `given` are never empty in a valid one."""

    family: str
    given: str
    middle: str = ""
    prefix: str = ""
    suffix: str = ""

    def tidied(self) -> Name:
        """The same name with white space in order."""
        return Name(*map(names.tidy, (self.family, self.given, self.middle, self.prefix, self.suffix)))


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in the United States: state as USPS code, postal code of five or nine digits."""

    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    use: AddressUse = AddressUse.HOME


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number that another system knows the person by."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When a person wants to hear nothing: minutes after local midnight, `until_minute` excluded; they may go over midnight."""

    from_minute: int
    until_minute: int


@dataclass(frozen=True, slots=True)
class Demographics:
    """Everything that is said of a person at registration."""

    name: Name
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    preferred_name: str = ""
    former_names: tuple[Name, ...] = ()
    language: str = "en"
    interpreter_needed: bool = False
    time_zone: str = ""
    quiet_hours: QuietHours | None = None
    addresses: tuple[Address, ...] = ()
    contact_points: tuple[ContactPoint, ...] = ()
    ssn_last_four: str = ""
    deceased: bool = False
    deceased_on: date | None = None
    payer_hint: str = ""
    active: bool = True
    identifiers: tuple[Identifier, ...] = field(default=())


def settle(entered: Demographics, today: date) -> tuple[Demographics, list[Problem]]:
    """Brings what was entered into the form that is kept, and says everything that is wrong with it.

    Phones become E.164, e-mail addresses lower case, names lose stray white space, exact repetitions vanish. `today` is
    the business date. The demographics returned are only fit to be kept when there is no problem.
    """
    points, problems = contact_points.settle(entered.contact_points)
    settled = replace(
        entered,
        name=entered.name.tidied(),
        preferred_name=names.tidy(entered.preferred_name),
        former_names=tuple(dict.fromkeys(name.tidied() for name in entered.former_names)),
        language=entered.language or "en",
        addresses=tuple(dict.fromkeys(tidy_address(address) for address in entered.addresses)),
        contact_points=points,
        deceased=entered.deceased or entered.deceased_on is not None,
        identifiers=tuple(dict.fromkeys(entered.identifiers)),
    )
    return settled, [*_check_names(settled), *_check_dates(settled, today), *problems, *_check_time_zone(settled)]


def tidy_address(address: Address) -> Address:
    """The address without stray white space and empty lines."""
    lines = tuple(line for line in map(names.tidy, address.lines) if line)
    return replace(address, lines=lines, city=names.tidy(address.city))


def home_address(addresses: tuple[Address, ...]) -> Address | None:
    """Where the person lives: the home address, else the first that is not an old one."""
    current = [address for address in addresses if address.use is not AddressUse.OLD]
    return next((address for address in current if address.use is AddressUse.HOME), current[0] if current else None)


def mailing_address(addresses: tuple[Address, ...]) -> Address | None:
    """Where letters go: the mailing address, else where the person lives."""
    return next((address for address in addresses if address.use is AddressUse.MAILING), home_address(addresses))


def age_on(birth_date: date, day: date) -> int:
    """Completed years of life on `day`; somebody born on 29 February has the birthday on 1 March in common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def _check_names(person: Demographics) -> list[Problem]:
    problems = []
    named = [("name", person.name), *((f"former_names[{i}]", name) for i, name in enumerate(person.former_names))]
    for path, name in named:
        for part, text in (("family", name.family), ("given", name.given)):
            if not names.normalise(text):
                problems.append(Problem(f"{path}.{part}", "must hold at least one letter"))
    return problems


def _check_dates(person: Demographics, today: date) -> list[Problem]:
    problems = []
    if person.birth_date > today:
        problems.append(Problem("birth_date", "must not be in the future"))
    elif person.birth_date.year < today.year - LONGEST_LIFE_YEARS:
        problems.append(Problem("birth_date", f"must not be more than {LONGEST_LIFE_YEARS} years ago"))
    if person.deceased_on is not None:
        if person.deceased_on < person.birth_date:
            problems.append(Problem("deceased_on", "must not be before the birth date"))
        if person.deceased_on > today:
            problems.append(Problem("deceased_on", "must not be in the future"))
    return problems


def _check_time_zone(person: Demographics) -> list[Problem]:
    if person.time_zone and person.time_zone not in zoneinfo.available_timezones():
        return [Problem("time_zone", "must be an IANA time zone such as America/Denver")]
    return []
