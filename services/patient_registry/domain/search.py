"""What a front desk types into the one search field, understood.

``smi,jo`` · ``john smith`` · ``smith, john 040570`` · ``4/5/70`` · ``1970-04-05`` · ``0123`` (last four of a phone) ·
``(212) 555-0123`` · ``M00000125`` or ``125`` (MRN) · ``W123456`` (member id) · ``jo@example.org``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from patient_registry.domain import contact_points, keys, mrn
from patient_registry.domain.names import formal_names, normalise, parts

MOST_WORDS = 5
SHORTEST_MEMBER_ID = 5
SHORTEST_NICKNAME = 3

_PHONE = re.compile(
    r"(?:\+?1[\s.-]*)?\(?\d{3}\)?[\s.-]+\d{3}[\s.-]+\d{4}(?!\d)|(?<!\d)\d{3}-\d{4}(?!\d)|\+\d[\d\s().-]{6,}\d"
)
_SLASHED = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """Normalised beginnings of a family and a given name; an empty one matches every name."""

    family: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing typed that is not a name. A person matches who has any of the keys, or a key with any of the beginnings."""

    keys: frozenset[str]
    beginnings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Query:
    """A person matches who fits any of the names (all, when there is none) and every term. Names come best first."""

    names: tuple[NamePattern, ...] = ()
    terms: tuple[Term, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.names and not self.terms


def parse(text: str, today: date) -> Query:
    """Understands what was typed. `today` (business date) decides the century of a two-digit year: nobody is born later.

    An ambiguous term means all it can: ``040520`` is a birthday of 1920 and of 2020 (once that is past), the number of a
    record and the beginning of a member id.
    """
    terms = []
    for phone in _PHONE.findall(text):
        if not _dates(phone.strip(), today):
            terms.append(_phone_term(phone))
            text = text.replace(phone, " ", 1)
    words = []
    for word in text.replace(",", " , ").split():
        if "@" in word:
            terms.append(Term(frozenset({keys.email_key(word.lower())}), frozenset({keys.email_key(word.lower())})))
        elif any(character.isdigit() for character in word):
            terms.append(_number_term(word, today))
        else:
            words.append(word)
    return Query(_name_patterns(words), tuple(term for term in terms if term.keys or term.beginnings))


def two_digit_years(year: int, today: date) -> tuple[int, ...]:
    """The years of life that two digits may mean: 70 → 1970; 20 → 2020 and 1920 when today is in 2026."""
    century = today.year - today.year % 100
    return tuple(full for full in (century + year, century - 100 + year) if full <= today.year)


def _phone_term(typed: str) -> Term:
    digits = "".join(filter(str.isdigit, typed))
    if len(digits) == keys.LAST_SEVEN:
        return Term(frozenset({f"p7:{digits}"}))
    number = contact_points.e164(typed)
    return Term(frozenset({keys.phone_keys(number)[0]} if number else ()))


def _number_term(word: str, today: date) -> Term:
    digits = "".join(filter(str.isdigit, word))
    exact = {keys.birth_date_key(day) for day in _dates(word, today)}
    if (record := mrn.from_typed(word)) is not None:
        exact.add(keys.mrn_key(record))
    if word.isdecimal():
        if len(digits) == keys.LAST_FOUR:
            exact.add(f"p4:{digits}")
        elif len(digits) >= keys.LAST_SEVEN:
            exact |= _phone_term(digits).keys
    beginnings = set()
    if len(normalise(word)) >= SHORTEST_MEMBER_ID and not _SLASHED.fullmatch(word) and not _ISO.fullmatch(word):
        beginnings.add(keys.member_key(word))
    return Term(frozenset(exact), frozenset(beginnings))


def _dates(word: str, today: date) -> list[date]:
    """The days of the past that a word may mean: US order (month, day, year) or ISO."""
    readings: list[tuple[int, int, int]] = []
    if match := _ISO.fullmatch(word):
        readings.append((int(match[1]), int(match[2]), int(match[3])))
    elif match := _SLASHED.fullmatch(word):
        years = two_digit_years(int(match[3]), today) if len(match[3]) == 2 else (int(match[3]),)
        readings.extend((year, int(match[1]), int(match[2])) for year in years)
    elif word.isdecimal() and len(word) == 6:
        readings.extend((year, int(word[:2]), int(word[2:4])) for year in two_digit_years(int(word[4:]), today))
    elif word.isdecimal() and len(word) == 8:
        readings.append((int(word[4:]), int(word[:2]), int(word[2:4])))
        readings.append((int(word[:4]), int(word[4:6]), int(word[6:])))
    days = []
    for year, month, day in readings:
        try:
            days.append(date(year, month, day))
        except ValueError:
            continue
    return [day for day in days if day <= today and day.year >= today.year - 130]


def _name_patterns(words: list[str]) -> tuple[NamePattern, ...]:
    if "," in words:
        at = words.index(",")
        family = normalise("".join(words[:at]))
        given = [word for word in map(normalise, words[at + 1 :]) if word]
        patterns = [NamePattern(family, "".join(given))]
        if len(given) > 1:
            patterns.append(NamePattern(family, given[0]))
    else:
        typed = [part for word in words for part in parts(word)][:MOST_WORDS]
        patterns = []
        if len(typed) == 1:
            patterns = [NamePattern(family=typed[0]), NamePattern(given=typed[0])]
        for split in range(1, len(typed)):
            first, rest = "".join(typed[:split]), "".join(typed[split:])
            patterns += [NamePattern(family=rest, given=first), NamePattern(family=first, given=rest)]
        if len(typed) > 2:  # a middle name between
            patterns.append(NamePattern(family=typed[-1], given=typed[0]))
    patterns += [variant for pattern in patterns for variant in _formal_variants(pattern)]
    return tuple(dict.fromkeys(pattern for pattern in patterns if pattern != NamePattern()))


def _formal_variants(pattern: NamePattern) -> list[NamePattern]:
    """The same family with the formal names a short form may stand for: ``smith, bill`` also finds William."""
    if not pattern.family or len(pattern.given) < SHORTEST_NICKNAME:
        return []
    return [NamePattern(pattern.family, formal) for formal in sorted(formal_names(pattern.given) - {pattern.given})]
