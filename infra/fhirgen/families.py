"""Families as values: who lives together, how old they are, whose phone it is, who insures whom."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from infra.fhirgen import words
from infra.fhirgen.words import City

OF_AGE = 18
MEDICARE_AGE = 65
PHONES_A_AREA = 100  # 555-0100 … 555-0199 are kept free for fiction


@dataclass(frozen=True)
class Policy:
    """A coverage of one person. `subscriber` is the key of the person whose policy it is."""

    payer: str
    member_id: str
    subscriber: str
    relation: str  # self, spouse, child
    order: int
    group: str = ""
    plan: str = ""


@dataclass
class Member:
    """One person of a family. `key` is unique in the whole run."""

    key: str
    family: str
    given: str
    middle: str
    sex: str
    birth_date: date
    role: str  # adult, child
    email: str = ""
    phone: str = ""
    phone_use: str = "mobile"
    ssn: str = ""
    maiden_name: str = ""
    twin: bool = False
    policies: list[Policy] = field(default_factory=list)

    def age(self, on: date) -> int:
        """Completed years on a day."""
        return on.year - self.birth_date.year - ((on.month, on.day) < (self.birth_date.month, self.birth_date.day))


@dataclass
class Family:
    """People of one address. The first adult is the guarantor of the children."""

    number: int
    city: City
    street: str
    flat: str
    postal_code: str
    language: str
    members: list[Member]

    @property
    def adults(self) -> list[Member]:
        """Those of age, the guarantor first."""
        return [member for member in self.members if member.role == "adult"]

    @property
    def children(self) -> list[Member]:
        """Those under age, eldest first."""
        return [member for member in self.members if member.role == "child"]


class Phones:
    """Hands out numbers of the fictitious range, each once; "" when an area has none left."""

    def __init__(self, chance: random.Random) -> None:
        self._free = {
            area: chance.sample(range(PHONES_A_AREA), PHONES_A_AREA)
            for city in words.CITIES
            for area in city.area_codes
        }

    def take(self, city: City, chance: random.Random) -> str:
        """A number of the city."""
        areas = [area for area in city.area_codes if self._free[area]]
        if not areas:
            return ""
        area = chance.choice(areas)
        return f"{area}-555-01{self._free[area].pop():02d}"


def families(people: int, seed: int, as_of: date) -> Iterator[Family]:
    """Families of `people` people altogether, ages as of a day; the same arguments give the same families."""
    chance = random.Random(f"families/{seed}")
    phones = Phones(chance)
    made = number = 0
    while made < people:
        number += 1
        family = _family(number, people - made, chance, phones, as_of)
        made += len(family.members)
        yield family


def _family(number: int, room: int, chance: random.Random, phones: Phones, as_of: date) -> Family:
    city = words.CITIES[(number - 1) % len(words.CITIES)]
    hispanic = chance.random() < 0.3
    surname = chance.choice(words.HISPANIC_FAMILIES if hispanic else words.FAMILIES)
    home = Family(
        number=number,
        city=city,
        street=f"{chance.randrange(*city.houses)} {chance.choice(city.streets)}",
        flat=f"Apt {chance.randrange(1, 24)}{chance.choice('ABCD')}" if chance.random() < city.flats else "",
        postal_code=chance.choice(city.postal_codes),
        language="es" if hispanic and chance.random() < 0.6 else "en",
        members=[],
    )
    kind = chance.choices(
        ("parents", "single parent", "couple", "alone", "old couple", "old alone"), (34, 12, 14, 14, 14, 12)
    )[0]
    adults = min(room, 2 if kind in ("parents", "couple", "old couple") else 1)
    eldest = chance.randrange(66, 89) if kind.startswith("old") else chance.randrange(24, 60)
    for place in range(adults):
        age = eldest if place == 0 else max(21, eldest + chance.randrange(-5, 6))
        home.members.append(_adult(home, surname, place, age, hispanic, chance, phones, as_of))
    if kind in ("parents", "single parent"):
        wanted = chance.choices((1, 2, 3, 4), (35, 40, 18, 7))[0]
        _children(home, min(wanted, room - adults), surname, hispanic, chance, as_of)
    _insure(home, chance, as_of)
    return home


def _adult(
    home: Family, surname: str, place: int, age: int, hispanic: bool, chance: random.Random, phones: Phones, as_of: date
) -> Member:
    # Most couples are a woman and a man; the first adult of a household is either.
    other = home.members[0].sex if place else ""
    sex = (
        ("male" if other == "female" else "female")
        if other and chance.random() < 0.94
        else chance.choice(("female", "male"))
    )
    born = _birthday(age, chance, as_of)
    member = Member(
        key=f"{home.number:05d}-{len(home.members) + 1}",
        family=surname,
        given=_given(sex, born, hispanic, chance, home),
        middle=chance.choice(words.MIDDLES) if chance.random() < 0.5 else "",
        sex=sex,
        birth_date=born,
        role="adult",
        ssn=f"9{chance.randrange(10, 100)}-{chance.randrange(10, 100)}-{chance.randrange(1000, 10000)}"
        if chance.random() < 0.6
        else "",
    )
    if place and chance.random() < 0.25:
        member.family = chance.choice(words.FAMILIES)  # kept their own name
    elif sex == "female" and place and chance.random() < 0.6:
        member.maiden_name = chance.choice(words.HISPANIC_FAMILIES if hispanic else words.FAMILIES)
    _reachable(home, member, age, chance, phones)
    return member


def _reachable(home: Family, member: Member, age: int, chance: random.Random, phones: Phones) -> None:
    """Phone and e-mail: old couples often share one landline, everybody else has a mobile of their own."""
    if age >= MEDICARE_AGE and home.members and home.members[0].phone_use == "home":
        member.phone, member.phone_use = home.members[0].phone, "home"
    else:
        member.phone = phones.take(home.city, chance)
        member.phone_use = "home" if age >= 78 and chance.random() < 0.5 else "mobile"
    if chance.random() < (0.55 if age >= MEDICARE_AGE else 0.88):
        number = chance.randrange(2, 99) if chance.random() < 0.5 else ""
        member.email = f"{_ascii(member.given)}.{_ascii(member.family)}{number}@example.org"


def _children(home: Family, count: int, surname: str, hispanic: bool, chance: random.Random, as_of: date) -> None:
    parent = home.members[0]
    youngest_parent = min(member.age(as_of) for member in home.members)
    eldest = min(OF_AGE - 1, max(0, youngest_parent - 20))
    ages = sorted((chance.randrange(0, eldest + 1) for _ in range(count)), reverse=True)
    for place, age in enumerate(ages):
        sex = chance.choice(("female", "male"))
        twin = place > 0 and chance.random() < 0.05
        born = home.members[-1].birth_date if twin else _birthday(age, chance, as_of)
        child = Member(
            key=f"{home.number:05d}-{len(home.members) + 1}",
            family=surname,
            given=_given(sex, born, hispanic, chance, home),
            middle=chance.choice(words.MIDDLES) if chance.random() < 0.4 else "",
            sex=sex,
            birth_date=born,
            role="child",
            twin=twin,
        )
        if chance.random() < 0.45:  # the desk wrote the parent's number down for the child, too
            child.phone = parent.phone
        home.members.append(child)


def _insure(home: Family, chance: random.Random, as_of: date) -> None:
    payer = chance.choices(("COMM1", "COMM2", "MCD01", ""), (44, 29, 17, 10))[0]
    holders: list[Member] = []
    for adult in home.adults:
        if adult.age(as_of) >= MEDICARE_AGE:
            _medicare(adult, chance)
        elif payer == "MCD01":
            adult.policies.append(Policy("MCD01", _member_id("MCD01", chance), adult.key, "self", 1))
        elif payer and holders and chance.random() < 0.75:
            adult.policies.append(_dependant(holders[0], adult, "spouse", 1))
        elif payer:
            own = payer if not holders else chance.choice(("COMM1", "COMM2"))
            adult.policies.append(_commercial(own, adult, chance))
            holders.append(adult)
    for child in home.children:
        if payer == "MCD01":
            child.policies.append(Policy("MCD01", _member_id("MCD01", chance), child.key, "self", 1))
        # Both parents' policies: the parent whose birthday comes first in the year pays first (NAIC birthday rule).
        ordered = sorted(holders, key=lambda one: (one.birth_date.month, one.birth_date.day))
        child.policies.extend(_dependant(one, child, "child", i) for i, one in enumerate(ordered, start=1))


def _medicare(member: Member, chance: random.Random) -> None:
    member.policies.append(Policy("MEDB1", _member_id("MEDB1", chance), member.key, "self", 1))
    second = chance.choices(("COMM1", "MCD01", ""), (45, 18, 37))[0]
    if second == "MCD01":
        member.policies.append(Policy("MCD01", _member_id("MCD01", chance), member.key, "self", 2))
    elif second:
        plan = "Blue Ridge Medicare Supplement G"
        member.policies.append(Policy(second, _member_id(second, chance), member.key, "self", 2, plan=plan))


def _commercial(payer: str, member: Member, chance: random.Random) -> Policy:
    group = f"{chance.choice(words.EMPLOYERS)[:3].upper()}{chance.randrange(10_000, 99_999)}"
    return Policy(
        payer, _member_id(payer, chance), member.key, "self", 1, group=group, plan=chance.choice(words.PLANS[payer])
    )


def _dependant(holder: Member, member: Member, relation: str, order: int) -> Policy:
    """Somebody on another's policy: same payer, same number."""
    held = holder.policies[0]
    return Policy(held.payer, held.member_id, holder.key, relation, order, group=held.group, plan=held.plan)


def _member_id(payer: str, chance: random.Random) -> str:
    """A number as the payer writes it; Medicare's is an MBI (positions after CMS, no S, L, O, I, B, Z)."""
    letters, digits = "ACDEFGHJKMNPQRTUVWXY", "0123456789"
    both = letters + digits
    if payer == "MEDB1":
        return "".join(
            chance.choice(kind)
            for kind in ("123456789", letters, both, digits, letters, both, digits, letters, letters, digits, digits)
        )
    if payer == "MCD01":
        return (
            "".join(chance.choice(letters) for _ in range(2))
            + f"{chance.randrange(10**5, 10**6)}"
            + chance.choice(letters)
        )
    return {"COMM1": "BRH", "COMM2": "CM"}[payer] + f"{chance.randrange(10**8, 10**9)}"


def _birthday(age: int, chance: random.Random, as_of: date) -> date:
    """A birth date of somebody who is `age` on the day."""
    latest = date(as_of.year - age, as_of.month, min(as_of.day, 28))
    return latest - timedelta(days=chance.randrange(0, 365))


def _given(sex: str, born: date, hispanic: bool, chance: random.Random, home: Family) -> str:
    """A given name of the time that nobody else in the family has."""
    lists = (words.HISPANIC_WOMEN, words.HISPANIC_MEN) if hispanic else (words.WOMEN, words.MEN)
    names = lists[0] if sex == "female" else lists[1]
    decade = min(names, key=lambda year: abs(year - born.year))
    taken = {member.given for member in home.members}
    return chance.choice([name for name in names[decade] if name not in taken])


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(character for character in plain.lower() if character.isalnum())
