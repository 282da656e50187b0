"""What is taken over from another system: rows of open balances and of claims that nobody has answered, and the proof of their totals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.npi import is_npi
from chassis.csv_files import BadRow, ReadFile, read_keyed

MOST_ROWS = 10_000
PATIENT, CREDIT = "patient", "credit"
# What stands for a service of which the other system says no more.
EARLIER = "EARLIER"
AMOUNT = re.compile(r"(-?)\$?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:\.[0-9]{1,2})?)").fullmatch
CODE = re.compile(r"[A-Z0-9][0-9]{3}[A-Z0-9]").fullmatch
CONTROL = re.compile(r"[A-Za-z0-9-]{1,20}").fullmatch
DIAGNOSIS = re.compile(r"[A-TV-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?").fullmatch
KEY = re.compile(r"[^\s].{0,59}").fullmatch


class Kind(StrEnum):
    """What a file holds."""

    BALANCES = "balances"
    CLAIMS = "claims"


COLUMNS: Mapping[Kind, Mapping[str, Sequence[str]]] = {
    Kind.BALANCES: {
        "key": ("key", "row key", "id"),
        "mrn": ("mrn", "patient", "account"),
        "location": ("location", "site"),
        "practitioner": ("practitioner npi", "npi", "provider npi"),
        "service_date": ("service date", "date of service", "dos"),
        "owed_by": ("owed by", "payer", "responsible"),
        "amount": ("amount", "balance"),
        "procedure": ("procedure", "code", "cpt"),
    },
    Kind.CLAIMS: {
        "key": ("key", "row key", "id"),
        "claim": ("claim", "claim number", "clm01"),
        "mrn": ("mrn", "patient", "account"),
        "location": ("location", "site"),
        "practitioner": ("practitioner npi", "npi", "provider npi"),
        "owed_by": ("payer", "payer code"),
        "service_date": ("service date", "date of service", "dos"),
        "procedure": ("procedure", "code", "cpt"),
        "modifiers": ("modifiers", "modifier"),
        "units": ("units", "quantity"),
        "amount": ("charge", "amount"),
        "diagnoses": ("diagnoses", "diagnosis", "icd10"),
        "filed_on": ("filed on", "filed", "sent on"),
        "payer_control": ("payer claim number", "payer control", "icn"),
    },
}
OPTIONAL = frozenset({"procedure", "modifiers", "units", "payer_control"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read; whether it fits what is known here is another question. Amounts in minor units, negative: a credit."""

    line: int
    cells: tuple[str, ...]
    key: str
    mrn: str
    location: str
    npi: str
    service_date: date
    # "patient", or a payer's code.
    owed_by: str
    amount_minor: int
    procedure: str
    modifiers: tuple[str, ...] = ()
    units: int = 1
    # Of claims only.
    claim: str = ""
    diagnoses: tuple[str, ...] = ()
    filed_on: date | None = None
    payer_control: str = ""

    @property
    def bucket(self) -> str:
        """What its amount is totalled under: patient, credit, or the payer's code."""
        return CREDIT if self.amount_minor < 0 else self.owed_by


@dataclass(frozen=True, slots=True)
class Total:
    """One bucket's rows and amount, minor units (a credit's amount is positive)."""

    bucket: str
    rows: int
    amount_minor: int


def read(kind: Kind, data: bytes, as_of: date) -> ReadFile[Row]:
    """Every row of a CSV file, good or bad, each bad one with every violation; never raises."""
    needed = tuple(
        name for name in COLUMNS[kind] if name not in OPTIONAL or (name == "procedure" and kind is Kind.CLAIMS)
    )
    return read_keyed(
        data,
        COLUMNS[kind],
        needed=needed,
        most=MOST_ROWS,
        row_of=lambda line, cells, places: _row(kind, line, cells, places, as_of),
    )


def _row(
    kind: Kind, line: int, cells: tuple[str, ...], places: Mapping[str, int], as_of: date
) -> tuple[Row | None, list[str]]:
    """(the row, what is wrong with it); None when it cannot be read at all."""
    problems: list[str] = []

    def cell(column: str) -> str:
        at = places.get(column)
        return cells[at] if at is not None and at < len(cells) else ""

    def said(column: str, fits: Callable[[str], object], what: str, default: str = "") -> str:
        text = cell(column) or default
        if not fits(text):
            problems.append(f"{column.replace('_', ' ')}: {text or 'nothing'} is not {what}")
        return text

    def day(column: str) -> date | None:
        found = _day(cell(column))
        if found is None:
            problems.append(f"{column.replace('_', ' ')}: {cell(column) or 'nothing'} is not a day")
        elif found > as_of:
            problems.append(f"{column.replace('_', ' ')}: {found} is after {as_of}")
        return found

    key = said("key", KEY, "a key of at most 60 characters")
    mrn, location = said("mrn", bool, "a record number"), said("location", bool, "a location")
    npi = said("practitioner", is_npi, "an NPI")
    owed_by = cell("owed_by")
    owed_by = (
        PATIENT
        if kind is Kind.BALANCES and owed_by.lower() in (PATIENT, "self", "self-pay")
        else owed_by.upper().replace(PATIENT.upper(), PATIENT)
    )
    if not owed_by:
        problems.append("owed by: nothing is not a payer's code or the patient")
    amount = _amount(cell("amount"))
    if amount is None or amount == 0:
        problems.append(f"amount: {cell('amount') or 'nothing'} is not an amount in dollars other than zero")
    elif amount < 0 and (kind is Kind.CLAIMS or owed_by != PATIENT):
        problems.append("amount: only a patient can have a credit")
    procedure = said(
        "procedure",
        lambda text: text == EARLIER or CODE(text),
        "a CPT or HCPCS code",
        "" if kind is Kind.CLAIMS else EARLIER,
    )
    service_date = day("service_date")
    more: dict[str, object] = {}
    if kind is Kind.CLAIMS:
        units = said("units", lambda text: text.isdigit() and 0 < int(text) < 1_000, "a number of units", "1")
        modifiers = tuple(cell("modifiers").upper().replace(",", " ").replace(";", " ").split())
        if len(modifiers) > 4 or any(not re.fullmatch("[A-Z0-9]{2}", one) for one in modifiers):
            problems.append("modifiers: at most four of two characters each")
        diagnoses = tuple(cell("diagnoses").upper().replace(",", " ").replace(";", " ").split())
        if not 1 <= len(diagnoses) <= 12 or any(not DIAGNOSIS(one) for one in diagnoses):
            problems.append("diagnoses: one to twelve ICD-10-CM codes")
        more = {
            "claim": said("claim", CONTROL, "a claim number of at most 20 letters and digits"),
            "units": int(units) if units.isdigit() else 1,
            "modifiers": modifiers,
            "diagnoses": tuple(one.replace(".", "") for one in diagnoses),
            "filed_on": day("filed_on"),
            "payer_control": cell("payer_control")[:50],
        }
    if service_date is None or amount is None:
        return None, problems
    row = Row(line, cells, key, mrn, location, npi, service_date, owed_by, amount, procedure, **more)  # type: ignore[arg-type]
    return row, problems


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _amount(text: str) -> int | None:
    """Dollars as people write them → minor units; exact, so nothing is rounded."""
    found = AMOUNT(text.replace(" ", ""))
    if found is None:
        return None
    minor = int(Decimal(found.group(2).replace(",", "")) * 100)
    return -minor if found.group(1) else minor


def totals_of(rows: Iterable[Row]) -> tuple[Total, ...]:
    """What the rows come to, by bucket."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.bucket, []).append(abs(row.amount_minor))
    return tuple(Total(bucket, len(amounts), sum(amounts)) for bucket, amounts in sorted(found.items()))


def differences(given: Iterable[Total], found: Iterable[Total]) -> list[str]:
    """Where the user's control totals and the file's differ, in words; empty: they agree in every bucket, to the cent."""
    wanted, there = {one.bucket: one for one in given}, {one.bucket: one for one in found}
    said = []
    for bucket in sorted(wanted.keys() | there.keys()):
        control, file = wanted.get(bucket, Total(bucket, 0, 0)), there.get(bucket, Total(bucket, 0, 0))
        if control.rows != file.rows:
            said.append(f"{bucket}: {control.rows} rows are given, the file has {file.rows}")
        if control.amount_minor != file.amount_minor:
            said.append(
                f"{bucket}: {_dollars(control.amount_minor)} are given, the file has {_dollars(file.amount_minor)}"
            )
    return said


def claims_in(rows: Sequence[Row]) -> tuple[dict[str, list[Row]], list[BadRow]]:
    """The rows by claim; rows of one claim that contradict each other are bad, all of that claim."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.claim, []).append(row)
    bad = []
    for control, lines in list(found.items()):
        said = {(one.mrn, one.owed_by, one.location, one.npi, one.filed_on, one.diagnoses) for one in lines}
        problem = (
            ""
            if len(said) == 1
            else f"the rows of claim {control} differ in patient, payer, place, practitioner, day or diagnoses"
        )
        if len(lines) > 50:
            problem = f"claim {control} has more than 50 services"
        if problem:
            bad += [BadRow(one.line, one.cells, problem) for one in lines]
            del found[control]
    return found, bad


def _dollars(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
