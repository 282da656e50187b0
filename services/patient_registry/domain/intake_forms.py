"""Forms that are asked before a visit: which fields are shown, what a valid answer is, what is still missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from patient_registry.domain import contact_points
from patient_registry.domain.problems import Problem
from patient_registry.domain.record_fields import RecordField

Answers = Mapping[str, Sequence[str]]
YES, NO = "yes", "no"
LONGEST_TEXT, LONGEST_LONG_TEXT, MOST_DIGITS = 200, 4000, 9


class Ask(StrEnum):
    """When a form is due."""

    ONCE = "once"
    YEARLY = "yearly"
    EACH_VISIT = "each_visit"
    BY_HAND = "by_hand"


class Kind(StrEnum):
    """What a field takes."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"
    DATE = "date"
    PHONE = "phone"
    EMAIL = "email"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in the languages a tenant asks in; "" in Spanish is told in English."""

    en: str
    es: str = ""

    def in_language(self, tag: str) -> str:
        """The words in the language of a BCP 47 tag."""
        return self.es if tag[:2] == "es" and self.es else self.en


@dataclass(frozen=True, slots=True)
class ShowIf:
    """A field is shown when an earlier one has one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One question."""

    name: str
    label: Words
    kind: Kind
    required: bool = False
    hint: Words | None = None
    # Each a value and its label.
    options: tuple[tuple[str, Words], ...] = ()
    show_if: ShowIf | None = None
    record: RecordField | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """What is asked on one page."""

    title: Words
    fields: tuple[Field, ...]
    text: Words | None = None


def fields_of(sections: Sequence[Section]) -> dict[str, Field]:
    """Every field by name, in order."""
    return {each.name: each for section in sections for each in section.fields}


def problems_of(sections: Sequence[Section]) -> list[Problem]:
    """What is wrong with a form that somebody wants to publish."""
    found: list[Problem] = []
    known: dict[str, Field] = {}
    for at, section in enumerate(sections):
        for index, each in enumerate(section.fields):
            found += [
                Problem(f"sections[{at}].fields[{index}].{problem.field}", problem.message)
                for problem in _problems_of_field(each, known)
            ]
            known.setdefault(each.name, each)
    return found


def _problems_of_field(each: Field, before: Mapping[str, Field]) -> list[Problem]:
    found = []
    if each.name in before:
        found.append(Problem("name", "is used by another field"))
    if (each.kind in (Kind.CHOICE, Kind.CHOICES)) != bool(each.options):
        found.append(Problem("options", "are needed by a choice, and by nothing else"))
    if len({value for value, _ in each.options}) != len(each.options):
        found.append(Problem("options", "must have values of their own"))
    if each.show_if is not None:
        asked = before.get(each.show_if.field)
        if asked is None:
            found.append(Problem("show_if.field", "must be a field that comes before"))
        elif any(problem for value in each.show_if.values for problem in [_wrong(asked, value)] if problem):
            found.append(Problem("show_if.values", "must be values that the field can have"))
    return found


def shown(sections: Sequence[Section], answers: Answers) -> list[Field]:
    """The fields that are asked, given these answers: a condition on a field that is not shown itself is not met."""
    visible: dict[str, Field] = {}
    for each in fields_of(sections).values():
        condition = each.show_if
        if condition is None or (
            condition.field in visible and set(answers.get(condition.field, ())) & set(condition.values)
        ):
            visible[each.name] = each
    return list(visible.values())


def settle(sections: Sequence[Section], entered: Answers) -> tuple[dict[str, list[str]], list[Problem]]:
    """Answers as they are kept (trimmed, phones E.164, blanks left out), and what is wrong with them, at `answers.<field>`."""
    known = fields_of(sections)
    kept: dict[str, list[str]] = {}
    problems = []
    for name, values in entered.items():
        field = known.get(name)
        if field is None:
            problems.append(Problem(f"answers.{name}", "is no field of this form"))
            continue
        filled = [value.strip() for value in values if value.strip()]
        if len(filled) > 1 and field.kind is not Kind.CHOICES:
            problems.append(Problem(f"answers.{name}", "takes one answer"))
            continue
        wrong = next((problem for value in filled if (problem := _wrong(field, value))), None)
        if wrong:
            problems.append(Problem(f"answers.{name}", wrong))
        kept[name] = [_canonical(field, value) for value in dict.fromkeys(filled)]
    return kept, problems


def missing(sections: Sequence[Section], answers: Answers) -> list[Problem]:
    """The required fields that are shown and have no answer, at `answers.<field>`."""
    return [
        Problem(f"answers.{each.name}", "is required")
        for each in shown(sections, answers)
        if each.required and not answers.get(each.name)
    ]


def _wrong(field: Field, value: str) -> str:
    """What a value must be, when it is not; "" when it is right."""
    match field.kind:
        case Kind.YES_NO if value not in (YES, NO):
            return "must be yes or no"
        case Kind.CHOICE | Kind.CHOICES if value not in dict(field.options):
            return "must be one of the choices"
        case Kind.DATE:
            try:
                date.fromisoformat(value)
            except ValueError:
                return "must be a date"
        case Kind.PHONE if contact_points.e164(value) is None:
            return "must be a phone number with its area code"
        case Kind.EMAIL if contact_points.email(value) is None:
            return "must be an e-mail address"
        case Kind.NUMBER if not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
            return "must be a whole number"
        case Kind.TEXT if len(value) > LONGEST_TEXT:
            return f"must be at most {LONGEST_TEXT} characters"
        case Kind.LONG_TEXT if len(value) > LONGEST_LONG_TEXT:
            return f"must be at most {LONGEST_LONG_TEXT} characters"
    return ""


def _canonical(field: Field, value: str) -> str:
    if field.kind is Kind.PHONE:
        return contact_points.e164(value) or value
    if field.kind is Kind.EMAIL:
        return contact_points.email(value) or value
    return value


# ---- as JSON, in which forms are kept


def sections_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Sections as they are kept."""
    return [
        {
            "title": words_json(each.title),
            "text": words_json(each.text),
            "fields": [_field_json(field) for field in each.fields],
        }
        for each in sections
    ]


def sections_of(held: Sequence[Mapping[str, Any]]) -> tuple[Section, ...]:
    """Sections that were kept."""
    return tuple(
        Section(_need(each["title"]), tuple(_field(field) for field in each["fields"]), words(each["text"]))
        for each in held
    )


def words(held: Mapping[str, str]) -> Words | None:
    """Words that were kept; None when there are none."""
    return Words(held["en"], held.get("es", "")) if held else None


def words_json(one: Words | None) -> dict[str, str]:
    """Words as they are kept; {} for none."""
    return {"en": one.en, "es": one.es} if one else {}


def _need(held: Mapping[str, str]) -> Words:
    return Words(held["en"], held.get("es", ""))


def _field_json(one: Field) -> dict[str, Any]:
    return {
        "name": one.name,
        "label": words_json(one.label),
        "kind": one.kind.value,
        "required": one.required,
        "hint": words_json(one.hint),
        "options": [{"value": value, "label": words_json(label)} for value, label in one.options],
        "show_if": {"field": one.show_if.field, "values": list(one.show_if.values)} if one.show_if else None,
        "record": one.record.value if one.record else None,
    }


def _field(held: Mapping[str, Any]) -> Field:
    condition = held["show_if"]
    return Field(
        name=held["name"],
        label=_need(held["label"]),
        kind=Kind(held["kind"]),
        required=held["required"],
        hint=words(held["hint"]),
        options=tuple((each["value"], _need(each["label"])) for each in held["options"]),
        show_if=ShowIf(condition["field"], tuple(condition["values"])) if condition else None,
        record=RecordField(held["record"]) if held["record"] else None,
    )
