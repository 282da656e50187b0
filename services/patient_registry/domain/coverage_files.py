"""Another system's coverages as CSV: what a row says, and what a file must come to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from chassis.csv_files import ReadFile, read_keyed
from patient_registry.domain import coverage as rules
from patient_registry.domain.coverage import Coverage, Subscriber, SubscriberRelation
from patient_registry.domain.people import Name

MOST_ROWS = 1000
KEY = re.compile(r"\S.{0,59}").fullmatch
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "row key", "id"),
    "mrn": ("mrn", "patient", "account"),
    "payer_code": ("payer", "payer code"),
    "payer_name": ("payer name", "insurance"),
    "plan_name": ("plan", "plan name"),
    "member_id": ("member id", "member", "policy", "policy number"),
    "group_number": ("group", "group number"),
    "priority": ("priority", "order"),
    "relation": ("relation", "relationship"),
    "subscriber_family": ("subscriber family name", "subscriber last name"),
    "subscriber_given": ("subscriber given name", "subscriber first name"),
    "subscriber_birth_date": ("subscriber birth date", "subscriber dob"),
    "start": ("from", "start", "effective date"),
    "end": ("until", "end", "termination date"),
}
NEEDED = ("key", "mrn", "member_id")
RELATIONS = {"": SubscriberRelation.SELF, "18": SubscriberRelation.SELF, "01": SubscriberRelation.SPOUSE} | {
    one.value: one for one in SubscriberRelation
}
# Longest values, as a coverage that is typed in has them.
LONGEST = {"payer_code": 40, "payer_name": 80, "plan_name": 80, "member_id": 80, "group_number": 50}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read; whether its patient is known, and its place is free, is another question. Priority 0: the next free one."""

    line: int
    cells: tuple[str, ...]
    key: str
    mrn: str
    coverage: Coverage


def read(data: bytes) -> ReadFile[Row]:
    """Every row of a CSV file, good or bad, each bad one with every violation; never raises."""
    return read_keyed(data, COLUMNS, needed=NEEDED, most=MOST_ROWS, row_of=_row)


def _row(line: int, cells: tuple[str, ...], places: Mapping[str, int]) -> tuple[Row | None, list[str]]:
    problems: list[str] = []
    said = {name: cells[at] if at < len(cells) else "" for name, at in places.items()}

    def text(name: str) -> str:
        value = said.get(name, "")
        if len(value) > LONGEST.get(name, 100):
            problems.append(f"{name.replace('_', ' ')}: more than {LONGEST.get(name, 100)} characters")
        return value

    def day(name: str) -> date | None:
        value = said.get(name, "")
        found = _day(value)
        if value and found is None:
            problems.append(f"{name.replace('_', ' ')}: {value} is not a day")
        return found

    if not KEY(said.get("key", "")):
        problems.append("key: a key of at most 60 characters is needed")
    if not said.get("mrn"):
        problems.append("mrn: nothing is no record number")
    if not said.get("member_id"):
        problems.append("member id: nothing is no member id")
    relation = RELATIONS.get(said.get("relation", "").lower())
    if relation is None:
        problems.append(f"relation: {said['relation']} is none of self, spouse, child, other")
        relation = SubscriberRelation.OTHER
    priority = said.get("priority", "") or "0"
    if not (priority.isascii() and priority.isdigit() and int(priority) <= rules.HIGHEST_PRIORITY_NUMBER):
        problems.append(f"priority: {priority} is no number from 1 to {rules.HIGHEST_PRIORITY_NUMBER}")
        priority = "0"
    family, given, born = text("subscriber_family"), text("subscriber_given"), day("subscriber_birth_date")
    named = bool(family and given)
    if relation is not SubscriberRelation.SELF and not named:
        problems.append("subscriber: both names are needed when the patient is not the subscriber")
    entered = Coverage(
        coverage_id=UUID(int=0),
        priority=int(priority),
        payer_code=text("payer_code").upper(),
        payer_name=text("payer_name"),
        plan_name=text("plan_name"),
        member_id=text("member_id"),
        group_number=text("group_number"),
        subscriber_relation=relation,
        subscriber=Subscriber(Name(family, given), born) if named and relation is not SubscriberRelation.SELF else None,
        start=day("start"),
        end=day("end"),
    )
    # The place in the order is given when the patient's other coverages are known.
    asked = rules.check(replace(entered, priority=entered.priority or 1), complete=named)
    problems += [f"{one.field.replace('_', ' ')}: {one.message}" for one in asked]
    return Row(line, cells, said.get("key", ""), said.get("mrn", ""), entered), problems


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def totals_of(rows: Iterable[Row]) -> dict[str, int]:
    """Rows by payer code."""
    return dict(sorted(Counter(row.coverage.payer_code for row in rows).items()))


def differences(given: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """Where the control totals and the file's differ, in words; empty: they agree for every payer."""
    return [
        f"{code or 'without a code'}: {given.get(code, 0)} rows are given, the file has {found.get(code, 0)}"
        for code in sorted(given.keys() | found.keys())
        if given.get(code, 0) != found.get(code, 0)
    ]
