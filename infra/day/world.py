"""The clinic network the day lives in: places, people who work there, payers, prices (codes: `codes.py`).

Plain data, so that a reader sees the whole cast at once. Names are invented; NPIs carry a valid check digit;
procedure codes come without descriptions, which are licensed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from infra.day.client import Json

# How people name the network when they sign in.
TENANT: Final = "lanternfield"
# A Tuesday two days after the spring change of clocks, so that bookings made a month before cross it.
VISIT_DAY: Final = date(2026, 3, 10)
DAYS_BEFORE: Final = 30
DAYS_AFTER: Final = 60


def npi(nine_digits: str) -> str:
    """A National Provider Identifier: nine digits and the Luhn digit over ``80840`` and them (45 CFR 162.406)."""
    total = 0
    for position, digit in enumerate(reversed(f"80840{nine_digits}")):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value // 10 + value % 10
    return f"{nine_digits}{-total % 10}"


def day_message(day: date) -> Json:
    """A day as the API writes it (``google.type.Date``)."""
    return {"year": day.year, "month": day.month, "day": day.day}


def dollars(cents: int) -> Json:
    """Money as the API writes it."""
    return {"minor_units": str(cents), "currency": "USD"}


def address(line: str, city: str, state: str, postal_code: str) -> Json:
    """A postal address as the API writes it."""
    return {"lines": [line], "city": city, "state": state, "postal_code": postal_code}


@dataclass(frozen=True)
class Place:
    """A location: opening hours are wall-clock minutes after midnight, Monday to Friday."""

    key: str
    name: str
    address: Json
    time_zone: str
    npi: str
    phone: str
    clia_number: str
    opens: int = 8 * 60
    closes: int = 17 * 60
    exam_rooms: int = 4


@dataclass(frozen=True)
class Clinician:
    """A practitioner and where they work; ``supervisor`` is the key of the one who answers for them."""

    key: str
    family: str
    given: str
    credential: str
    npi: str
    taxonomy: str
    specialty: str
    place: str
    sex: str
    languages: tuple[str, ...] = ("en",)
    supervisor: str = ""
    licensed_elsewhere: tuple[str, ...] = ()


BILLING_ENTITY: Final[Json] = {
    "name": "Lanternfield Medical Group",
    "tax_id": "843112907",
    "npi": npi("156903321"),
    "taxonomy": "193200000X",
    "address": address("400 Summer Street", "Boston", "MA", "022101234"),
    "pay_to": address("PO Box 51190", "Boston", "MA", "022051190"),
    "phone": "+16175550100",
    "email": "billing@lanternfield.example",
}

PLACES: Final = (
    Place(
        "harbor",
        "Lanternfield Harbor",
        address("118 Seaport Lane", "Boston", "MA", "022104410"),
        "America/New_York",
        npi("134812045"),
        "+16175550110",
        "22D0912345",
    ),
    Place(
        "prairie",
        "Lanternfield Prairie",
        address("2250 Lake View Avenue", "Chicago", "IL", "606141190"),
        "America/Chicago",
        npi("144770182"),
        "+17735550120",
        "14D0923456",
    ),
    # Arizona keeps standard time all year.
    Place(
        "desert",
        "Lanternfield Desert",
        address("77 Camelback Road", "Phoenix", "AZ", "850130042"),
        "America/Phoenix",
        npi("150229834"),
        "+16025550130",
        "03D0934567",
    ),
)

FAMILY_MEDICINE: Final = "207Q00000X"
INTERNAL_MEDICINE: Final = "207R00000X"
PEDIATRICS: Final = "208000000X"
NURSE_PRACTITIONER: Final = "363LF0000X"

CLINICIANS: Final = (
    Clinician(
        "okafor",
        "Okafor",
        "Ngozi",
        "MD",
        npi("110023451"),
        FAMILY_MEDICINE,
        "family",
        "harbor",
        "FEMALE",
        licensed_elsewhere=("NH", "RI", "CT"),
    ),
    Clinician(
        "lindqvist", "Lindqvist", "Anders", "MD", npi("110023452"), INTERNAL_MEDICINE, "internal", "harbor", "MALE"
    ),
    Clinician(
        "moreau", "Moreau", "Elise", "MD", npi("110023453"), PEDIATRICS, "pediatrics", "harbor", "FEMALE", ("en", "fr")
    ),
    Clinician(
        "bianchi",
        "Bianchi",
        "Paolo",
        "NP",
        npi("110023454"),
        NURSE_PRACTITIONER,
        "family",
        "harbor",
        "MALE",
        supervisor="okafor",
    ),
    Clinician(
        "castillo",
        "Castillo",
        "Marisol",
        "MD",
        npi("110023455"),
        FAMILY_MEDICINE,
        "family",
        "prairie",
        "FEMALE",
        ("en", "es"),
    ),
    Clinician(
        "hartmann", "Hartmann", "Jonas", "MD", npi("110023456"), INTERNAL_MEDICINE, "internal", "prairie", "MALE"
    ),
    Clinician("adeyemi", "Adeyemi", "Tolu", "MD", npi("110023457"), PEDIATRICS, "pediatrics", "prairie", "MALE"),
    Clinician(
        "novak",
        "Novak",
        "Petra",
        "NP",
        npi("110023458"),
        NURSE_PRACTITIONER,
        "family",
        "prairie",
        "FEMALE",
        supervisor="castillo",
    ),
    Clinician(
        "begay",
        "Begay",
        "Dana",
        "MD",
        npi("110023459"),
        FAMILY_MEDICINE,
        "family",
        "desert",
        "FEMALE",
        licensed_elsewhere=("NM", "UT"),
    ),
    Clinician(
        "sorensen", "Sorensen", "Mikkel", "MD", npi("110023460"), INTERNAL_MEDICINE, "internal", "desert", "MALE"
    ),
    Clinician(
        "fuentes", "Fuentes", "Ines", "MD", npi("110023461"), PEDIATRICS, "pediatrics", "desert", "FEMALE", ("en", "es")
    ),
    Clinician(
        "whitfield",
        "Whitfield",
        "Grant",
        "NP",
        npi("110023462"),
        NURSE_PRACTITIONER,
        "family",
        "desert",
        "MALE",
        supervisor="begay",
    ),
)


@dataclass(frozen=True)
class VisitKind:
    """An appointment type: minutes of the clinician's time, what it needs, and how often it is booked (per cent)."""

    code: str
    name: str
    minutes: int
    share: int
    specialties: tuple[str, ...]
    modality: str = "MODALITY_IN_PERSON"
    needs_device: bool = False


ADULT: Final = ("family", "internal")
ANYBODY: Final = ("family", "internal", "pediatrics")
VISIT_KINDS: Final = (
    VisitKind("follow-up", "Follow-up", 20, 48, ANYBODY),
    VisitKind("new-patient", "New patient", 30, 12, ANYBODY),
    VisitKind("physical", "Annual physical", 30, 12, ANYBODY),
    VisitKind("ultrasound", "Visit with ultrasound", 30, 6, ("internal",), needs_device=True),
    VisitKind("sick", "Same-week sick visit", 15, 12, ANYBODY),
    VisitKind("video-follow-up", "Video follow-up", 20, 10, ADULT, modality="MODALITY_VIDEO"),
)


# Cents for one unit: what everybody is charged.
CHARGES: Final = {
    "99202": 14500, "99203": 21000, "99204": 31000, "99205": 41000,
    "99211": 4500, "99212": 9500, "99213": 15500, "99214": 22000, "99215": 31000,
    "99391": 19500, "99392": 20500, "99393": 20500, "99394": 22500,
    "99395": 24500, "99396": 26000, "99397": 28000,
    "76700": 32000, "76705": 24000, "93000": 6500,
    "36415": 1500, "81002": 1200, "83036": 3500, "87880": 4200, "90471": 4800, "90686": 3900,
}  # fmt: skip


@dataclass(frozen=True)
class Insurer:
    """A payer as billing knows it; ``allows`` is the share of the charge its contract allows, in per cent."""

    code: str
    name: str
    kind: str
    filing_indicator: str
    allows: int
    share: int
    copay: int = 0
    crosses_over: bool = False
    sequestration: bool = False
    # "incident to": the visit of a supervised practitioner is claimed under the supervisor, from this day on.
    supervising_from: date | None = None
    video_modifier: str = "95"
    extra: Json = field(default_factory=dict)


INSURERS: Final = (
    Insurer("MEDB1", "Medicare Part B", "PAYER_KIND_MEDICARE_B", "MB", 55, 26, crosses_over=True, sequestration=True),
    Insurer("MCD01", "State Medicaid", "PAYER_KIND_MEDICAID", "MC", 42, 18, supervising_from=date(2026, 1, 1)),
    Insurer("COMM1", "Blue Ridge Health Plan", "PAYER_KIND_COMMERCIAL", "12", 72, 28, copay=3000),
    Insurer("COMM2", "Cascade Mutual", "PAYER_KIND_COMMERCIAL", "12", 68, 20, copay=2500),
    Insurer("SELF", "Self-pay", "PAYER_KIND_SELF_PAY", "", 100, 8),
)

# What foreign documents call payers; the registry's imports look the texts up.
PAYER_ALIASES: Final = {
    "medicare": "MEDB1",
    "medicaid": "MCD01",
    "dual eligible": "MEDB1",
    "private": "COMM1",
    "aetna": "COMM1",
    "humana": "COMM1",
    "blue cross blue shield": "COMM1",
    "cigna health": "COMM2",
    "unitedhealthcare": "COMM2",
    "anthem": "COMM2",
    "no_insurance": "SELF",
}
