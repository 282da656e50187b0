"""From a clinician's codes to charge lines: shapes, pointers, place of service, telehealth modifiers, prices."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from billing.domain.payers import TelehealthTable

# CPT category I (5 digits), II (…F), III (…T), administrative and lab codes (…U, …M, …A), HCPCS level II (letter + 4
# digits).
PROCEDURE = re.compile(r"^(?:[0-9]{5}|[0-9]{4}[FTUMA]|[A-CEGHJ-MP-V][0-9]{4})$")
MODIFIER = re.compile(r"^[A-Z0-9]{2}$")
DIAGNOSIS = re.compile(r"^[A-Z][0-9A-Z]{2}(?:[.]?[0-9A-Z]{1,4})?$")
MAX_DIAGNOSES = 12
MAX_MODIFIERS = 4
MAX_POINTERS = 4
# Said by a place other than the patient's and the clinician's being the same one.
TELEHEALTH_MODIFIERS = frozenset({"93", "95", "GT", "GQ", "FQ"})


class Modality(StrEnum):
    """How the visit was held."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class CodedLine:
    """One service as the clinician codes it; pointers are 1-based positions in the visit's diagnoses."""

    procedure: str
    units: int
    diagnosis_pointers: tuple[int, ...]
    modifiers: tuple[str, ...] = ()
    ndc: str = ""
    ndc_quantity: str = ""
    ndc_unit: str = ""


@dataclass(frozen=True, slots=True)
class TelehealthFacts:
    """How a visit that was not in person took place."""

    patient_at_home: bool
    audio_only: bool
    # 0 when the clinician stated it; otherwise both were in for so many seconds.
    seconds_together: int = 0


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One service as it is charged; it goes to a payer as one service line (SV1) or to the patient."""

    charge_line_id: UUID
    line_number: int
    procedure: str
    modifiers: tuple[str, ...]
    diagnosis_pointers: tuple[int, ...]
    units: int
    # Minor units, for all units.
    charge_minor: int
    service_date: date
    place_of_service: str
    ndc: str = ""
    ndc_quantity: str = ""
    ndc_unit: str = ""


@dataclass(frozen=True, slots=True)
class VisitCharges:
    """A signed visit, as claims are made from it."""

    visit_id: UUID
    appointment_id: UUID | None
    patient_id: UUID
    billing_entity_id: UUID
    location_id: UUID
    rendering_practitioner_id: UUID
    service_date: date
    # ICD-10-CM without dots, the principal first.
    diagnoses: tuple[str, ...]
    lines: tuple[ChargeLine, ...]
    signed_at: datetime
    referring_npi: str = ""
    referring_last: str = ""
    referring_first: str = ""
    supervising_practitioner_id: UUID | None = None
    authorisation: str = ""
    # AA, EM, OA or ''.
    accident: str = ""
    accident_date: date | None = None
    onset_date: date | None = None
    clia: str = ""


@dataclass(frozen=True, slots=True)
class CodingFault:
    """One thing wrong with the codes: the field's path and what it must be."""

    field: str
    message: str


def plain_diagnosis(code: str) -> str:
    """An ICD-10-CM code as files carry it: upper case, without the dot."""
    return code.strip().upper().replace(".", "")


def dotted_diagnosis(code: str) -> str:
    """An ICD-10-CM code as people read it: a dot after the category."""
    plain = plain_diagnosis(code)
    return plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"


def coding_faults(
    diagnoses: Sequence[str], lines: Sequence[CodedLine], billable: Container[str], *, complete: bool
) -> list[CodingFault]:
    """Everything wrong with a visit's codes.

    `billable` holds the billable ICD-10-CM codes without dots. With `complete` (before signing) there must also be a
    diagnosis and a line.
    """
    faults: list[CodingFault] = []
    if len(diagnoses) > MAX_DIAGNOSES:
        faults.append(CodingFault("diagnoses", f"at most {MAX_DIAGNOSES}"))
    seen: set[str] = set()
    for index, code in enumerate(diagnoses):
        plain, path = plain_diagnosis(code), f"diagnoses[{index}]"
        if not DIAGNOSIS.match(plain):
            faults.append(CodingFault(path, "is not an ICD-10-CM code"))
        elif plain not in billable:
            faults.append(CodingFault(path, f"{dotted_diagnosis(plain)} is not a billable ICD-10-CM code"))
        if plain in seen:
            faults.append(CodingFault(path, "is there twice"))
        seen.add(plain)
    for index, line in enumerate(lines):
        faults += _line_faults(f"lines[{index}]", line, len(diagnoses))
    if complete and not diagnoses:
        faults.append(CodingFault("diagnoses", "at least one is needed"))
    if complete and not lines:
        faults.append(CodingFault("lines", "at least one is needed"))
    return faults


def _line_faults(path: str, line: CodedLine, diagnosis_count: int) -> list[CodingFault]:
    faults = []
    if not PROCEDURE.match(line.procedure):
        faults.append(CodingFault(f"{path}.procedure", "is not a CPT or HCPCS code"))
    if len(line.modifiers) > MAX_MODIFIERS or len(set(line.modifiers)) < len(line.modifiers):
        faults.append(CodingFault(f"{path}.modifiers", f"at most {MAX_MODIFIERS}, each once"))
    faults += [
        CodingFault(f"{path}.modifiers", f"{modifier} is not a modifier")
        for modifier in line.modifiers
        if not MODIFIER.match(modifier)
    ]
    if line.units < 1:
        faults.append(CodingFault(f"{path}.units", "must be 1 or more"))
    if not 1 <= len(line.diagnosis_pointers) <= MAX_POINTERS:
        faults.append(CodingFault(f"{path}.diagnosis_pointers", f"1 to {MAX_POINTERS}"))
    faults += [
        CodingFault(f"{path}.diagnosis_pointers", f"{pointer} points at no diagnosis")
        for pointer in line.diagnosis_pointers
        if not 1 <= pointer <= diagnosis_count
    ]
    given = [bool(line.ndc), bool(line.ndc_quantity), bool(line.ndc_unit)]
    if any(given) and not all(given):
        faults.append(CodingFault(f"{path}.ndc", "ndc, ndc_quantity and ndc_unit go together"))
    return faults


def place_of_service(
    modality: Modality, location_place: str, facts: TelehealthFacts | None, table: TelehealthTable
) -> str:
    """The CMS place of service code: the location's own in person, else where the patient was (10 home, 02 elsewhere,
    or the payer's).
    """
    if modality is Modality.IN_PERSON:
        return location_place or "11"
    if facts is None:
        raise ValueError("a telehealth visit needs its facts")
    return (table.home_place or "10") if facts.patient_at_home else (table.other_place or "02")


def with_telehealth_modifier(
    modifiers: tuple[str, ...], modality: Modality, facts: TelehealthFacts | None, table: TelehealthTable
) -> tuple[str, ...]:
    """The line's modifiers with the payer's telehealth modifier put last; one the clinician gave already is not
    doubled or contradicted.

    A visit by phone, or a video visit in which only sound was ever used, is audio only (modifier 93 in most tables).
    """
    if modality is Modality.IN_PERSON:
        return modifiers
    audio_only = modality is Modality.PHONE or (facts is not None and facts.audio_only)
    modifier = table.audio_modifier if audio_only else table.video_modifier
    if not modifier or TELEHEALTH_MODIFIERS & set(modifiers) or len(modifiers) >= MAX_MODIFIERS:
        return modifiers
    return (*modifiers, modifier)


def charge_lines(
    coded: Sequence[CodedLine],
    *,
    new_id: Callable[[], UUID],
    service_date: date,
    place: str,
    modality: Modality,
    facts: TelehealthFacts | None,
    table: TelehealthTable,
    price: Callable[[str, tuple[str, ...]], int | None],
) -> tuple[tuple[ChargeLine, ...], list[CodingFault]]:
    """Charge lines of coded lines, and what has no price.

    `price(procedure, modifiers)` is the charge of one unit in minor units, None when the charge master has none.
    """
    lines, faults = [], []
    for number, line in enumerate(coded, start=1):
        unit_price = price(line.procedure, line.modifiers)
        if unit_price is None:
            faults.append(
                CodingFault(f"lines[{number - 1}].procedure", f"{line.procedure} has no price on {service_date}")
            )
            continue
        lines.append(
            ChargeLine(
                charge_line_id=new_id(),
                line_number=number,
                procedure=line.procedure,
                modifiers=with_telehealth_modifier(line.modifiers, modality, facts, table),
                diagnosis_pointers=line.diagnosis_pointers,
                units=line.units,
                charge_minor=unit_price * line.units,
                service_date=service_date,
                place_of_service=place,
                ndc=line.ndc,
                ndc_quantity=line.ndc_quantity,
                ndc_unit=line.ndc_unit,
            )
        )
    return tuple(lines), faults


def normalised(line: CodedLine) -> CodedLine:
    """The line with codes in upper case and without stray blanks."""
    return replace(
        line,
        procedure=line.procedure.strip().upper(),
        modifiers=tuple(modifier.strip().upper() for modifier in line.modifiers),
    )
