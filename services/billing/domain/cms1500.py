"""The professional claim on paper: what stands where on a CMS-1500 (02/12).

The form is a grid of ten characters and six lines to the inch; a place is (line, column, longest), both from 1, as the National
Uniform Claim Committee's instruction manual gives them for version 02/12. Six service lines fit on a page; a claim of more goes on
several, each with its own total. Amounts are written without a point, dates as MM DD YYYY, everything in capitals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.x12.elements import plain_text, quantity_text
from billing.domain.x12.professional_claim import (
    Frequency,
    PostalAddress,
    ProfessionalClaim,
    ServiceLine,
)

LINES_A_PAGE = 6
ON_FILE = "SIGNATURE ON FILE"


@dataclass(frozen=True, slots=True)
class Placed:
    """A text and where it begins."""

    item: str
    line: int
    column: int
    text: str


def pages_of(claim: ProfessionalClaim, written_on: date) -> list[list[Placed]]:
    """The pages of a claim; `written_on` is the day of the provider's signature."""
    chunks = [claim.lines[at : at + LINES_A_PAGE] for at in range(0, len(claim.lines), LINES_A_PAGE)] or [()]
    return [[one for one in _page(claim, chunk, written_on) if one.text] for chunk in chunks]


def _page(claim: ProfessionalClaim, lines: Sequence[ServiceLine], written_on: date) -> Iterator[Placed]:
    yield from _carrier(claim)
    yield from _people(claim)
    yield from _condition(claim)
    yield from _services(claim, lines)
    yield from _provider(claim, lines, written_on)


def _carrier(claim: ProfessionalClaim) -> Iterator[Placed]:
    yield _put("carrier", 2, 50, plain_text(claim.payer.name, 30))
    columns = {"MB": 1, "MC": 8, "CH": 16, "VA": 25, "CI": 45, "BL": 45}
    yield _put("1", 8, columns.get(claim.payer.filing_indicator, 45), "X")
    yield _put("1a", 8, 50, claim.insured.member_id[:29])


def _people(claim: ProfessionalClaim) -> Iterator[Placed]:
    insured, person = claim.insured, claim.patient or claim.insured
    yield _put("2", 10, 1, _name(person.last, person.first, person.middle, 28))
    if person.birth_date is not None:
        yield from _day("3", 10, 31, person.birth_date)
    yield _put("3", 10, {"M": 42, "F": 47}.get(person.sex, 0), "X" if person.sex in ("M", "F") else "")
    yield _put("4", 10, 50, _name(insured.last, insured.first, insured.middle, 29))
    relationship = claim.patient.relationship if claim.patient else "18"
    yield _put("6", 12, {"18": 33, "01": 38, "19": 42}.get(relationship, 47), "X")
    yield from _home(("5", person.address), 1, 26, 28)
    yield from _home(("7", insured.address), 50, 74, 29)
    for other in claim.other_payers[:1]:
        who = other.insured
        yield _put("9", 18, 1, _name(who.last, who.first, who.middle, 28))
        yield _put("9a", 20, 1, (who.group_number or who.member_id)[:28])
        yield _put("9d", 26, 1, plain_text(other.payer.name, 28))
    yield _put("11", 18, 50, insured.group_number[:29] or ("" if claim.other_payers else "NONE"))
    if insured.birth_date is not None:
        yield from _day("11a", 20, 53, insured.birth_date)
    yield _put("11a", 20, {"M": 68, "F": 75}.get(insured.sex, 0), "X" if insured.sex in ("M", "F") else "")
    yield _put("11c", 24, 50, plain_text(insured.group_name or claim.payer.name, 29))
    yield _put("11d", 26, 52 if claim.other_payers else 57, "X")


def _condition(claim: ProfessionalClaim) -> Iterator[Placed]:
    cause = claim.accident.cause if claim.accident else ""
    for item, line, ours in (("10a", 20, "EM"), ("10b", 22, "AA"), ("10c", 24, "OA")):
        yield _put(item, line, 35 if cause == ours else 41, "X")
    yield _put("10b", 22, 45, claim.accident.state if claim.accident and cause == "AA" else "")
    yield _put("12", 29, 7, ON_FILE)
    yield _put("13", 29, 57, ON_FILE)
    if claim.onset_date is not None:
        yield from _day("14", 32, 2, claim.onset_date)
        yield _put("14", 32, 16, "431")
    if claim.accident is not None:
        yield _put("15", 32, 31, "439")
        yield from _day("15", 32, 37, claim.accident.happened_on)
    if claim.referring is not None:
        yield _put("17", 34, 1, "DN")
        yield _put("17", 34, 4, plain_text(f"{claim.referring.first} {claim.referring.last}", 23))
        yield _put("17b", 34, 33, claim.referring.npi)
    yield _put("20", 36, 57, "X")
    yield _put("21", 37, 42, "0")
    for at, code in enumerate(claim.diagnoses[:12]):
        yield _put("21", 38 + at // 4, (3, 16, 29, 42)[at % 4], code.replace(".", "").upper())
    if claim.frequency is not Frequency.ORIGINAL:
        yield _put("22", 38, 50, claim.frequency.value)
        yield _put("22", 38, 62, claim.payer_control[:18])
    yield _put("23", 40, 50, (claim.authorisation or claim.clia)[:29])


def _services(claim: ProfessionalClaim, lines: Sequence[ServiceLine]) -> Iterator[Placed]:
    for at, line in enumerate(lines):
        row = 44 + 2 * at
        if line.ndc:
            quantity = quantity_text(line.ndc_quantity) if line.ndc_quantity is not None else ""
            yield _put("24 shaded", row - 1, 1, f"N4{line.ndc} {line.ndc_unit}{quantity}")
        yield from _short_day("24A", row, 1, line.service_from)
        yield from _short_day("24A", row, 10, line.service_to)
        yield _put("24B", row, 19, line.place_of_service or claim.place_of_service)
        yield _put("24D", row, 25, line.procedure)
        for column, modifier in zip((33, 36, 39, 42), line.modifiers, strict=False):
            yield _put("24D", row, column, modifier)
        yield _put("24E", row, 45, "".join("ABCDEFGHIJKL"[pointer - 1] for pointer in line.pointers[:4]))
        yield _put("24F", row, 50, _money(line.charge_minor, 8))
        yield _put("24G", row, 59, f"{quantity_text(line.units):>3}")
        yield _put("24J", row, 68, claim.rendering.npi if claim.rendering else "")


def _provider(claim: ProfessionalClaim, lines: Sequence[ServiceLine], written_on: date) -> Iterator[Placed]:
    billing = claim.billing_provider
    yield _put("25", 56, 1, billing.tax_id)
    yield _put("25", 56, 17 if billing.tax_id_kind == "SY" else 19, "X")
    yield _put("26", 56, 23, claim.control[:14])
    yield _put("27", 56, 38, "X")
    yield _put("28", 56, 51, _money(sum(line.charge_minor for line in lines), 9))
    if claim.other_payers:
        yield _put("29", 56, 62, _money(_paid(claim, lines), 8))
    if claim.rendering is not None:
        yield _put("31", 59, 1, plain_text(f"{claim.rendering.first} {claim.rendering.last}", 21))
    yield _put("31", 60, 1, f"{ON_FILE[:9]} ON FILE"[:17])
    yield from _short_day("31", 61, 12, written_on)
    place = claim.service_location
    name, address = (place.name, place.address) if place else (billing.name, billing.address)
    yield from _office("32", 23, name, address, 26)
    yield _put("32a", 61, 24, (place.npi if place else "") or billing.npi)
    yield from _office("33", 50, billing.name, billing.pay_to or billing.address, 29)
    yield _put("33a", 61, 51, billing.npi)
    yield _put("33b", 61, 63, f"ZZ{billing.taxonomy}" if billing.taxonomy else "")


def _paid(claim: ProfessionalClaim, lines: Sequence[ServiceLine]) -> int:
    """What earlier payers have paid on these lines; on a claim answered as a whole, all of it."""
    told = [one.paid_minor for line in lines for one in line.adjudications]
    return sum(told) if told else sum(other.paid_minor for other in claim.other_payers)


def _home(item: tuple[str, PostalAddress | None], column: int, state_column: int, longest: int) -> Iterator[Placed]:
    name, address = item
    if address is None:
        return
    yield _put(name, 12, column, plain_text(f"{address.line1} {address.line2}", longest))
    yield _put(name, 14, column, plain_text(address.city, 23))
    yield _put(name, 14, state_column, address.state)
    yield _put(name, 16, column, _zip(address))


def _office(item: str, column: int, name: str, address: PostalAddress, longest: int) -> Iterator[Placed]:
    yield _put(item, 58, column, plain_text(name, longest))
    yield _put(item, 59, column, plain_text(f"{address.line1} {address.line2}", longest))
    yield _put(item, 60, column, plain_text(f"{address.city} {address.state} {_zip(address)}", longest))


def _day(item: str, line: int, column: int, day: date) -> Iterator[Placed]:
    yield _put(item, line, column, f"{day:%m}")
    yield _put(item, line, column + 3, f"{day:%d}")
    yield _put(item, line, column + 6, f"{day:%Y}")


def _short_day(item: str, line: int, column: int, day: date) -> Iterator[Placed]:
    yield _put(item, line, column, f"{day:%m}")
    yield _put(item, line, column + 3, f"{day:%d}")
    yield _put(item, line, column + 6, f"{day:%y}")


def _name(last: str, first: str, middle: str, longest: int) -> str:
    """LAST, FIRST, M without other punctuation, as item 2 wants it."""
    parts = [plain_text(part, 30).replace(",", " ").replace(".", "") for part in (last, first, middle[:1])]
    return ", ".join(part for part in parts if part)[:longest]


def _money(minor: int, width: int) -> str:
    """Dollars and cents without a point, the cents in the last two places."""
    return f"{minor // 100} {minor % 100:02d}".rjust(width)


def _zip(address: PostalAddress) -> str:
    code = address.postal_code
    return f"{code[:5]}-{code[5:]}" if len(code) == 9 else code


def _put(item: str, line: int, column: int, text: str) -> Placed:
    return Placed(item, line, column, text)
