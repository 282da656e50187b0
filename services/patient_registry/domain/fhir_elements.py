"""FHIR R4 data types read into, and written from, the registry's own values.

Takes resources as parsed JSON that has passed the R4B models already, so that types are right; what is left to judge is
whether the content is something the registry can keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from patient_registry.domain import contact_points
from patient_registry.domain.contact_points import ContactKind, ContactPoint
from patient_registry.domain.names import normalise, without_digits
from patient_registry.domain.people import Address, AddressUse, Name
from patient_registry.domain.problems import Problem

Resource = Mapping[str, Any]

IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
LONGEST = MappingProxyType({"family": 60, "given": 35, "middle": 25, "prefix": 10, "suffix": 10})
LONGEST_LINE, LONGEST_CITY = 55, 30

STATES: Mapping[str, str] = MappingProxyType(
    {
        "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
        "connecticut": "CT", "delaware": "DE", "districtofcolumbia": "DC", "florida": "FL", "georgia": "GA", "hawaii": "HI",
        "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
        "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS",
        "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "newhampshire": "NH", "newjersey": "NJ",
        "newmexico": "NM", "newyork": "NY", "northcarolina": "NC", "northdakota": "ND", "ohio": "OH", "oklahoma": "OK",
        "oregon": "OR", "pennsylvania": "PA", "rhodeisland": "RI", "southcarolina": "SC", "southdakota": "SD",
        "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA", "washington": "WA",
        "westvirginia": "WV", "wisconsin": "WI", "wyoming": "WY", "puertorico": "PR", "guam": "GU", "americansamoa": "AS",
        "virginislands": "VI", "northernmarianaislands": "MP",
    }
)  # fmt: skip
_CODES = frozenset(STATES.values()) | {"AA", "AE", "AP"}
_COUNTRIES = frozenset({"", "us", "usa", "unitedstates", "unitedstatesofamerica"})

_ADDRESS_USES = {"home": AddressUse.HOME, "work": AddressUse.WORK, "temp": AddressUse.TEMPORARY, "old": AddressUse.OLD}
_PHONE_USES = {"mobile": ContactKind.MOBILE, "work": ContactKind.WORK_PHONE}
_FHIR_PHONE_USES = {ContactKind.MOBILE: "mobile", ContactKind.LANDLINE: "home", ContactKind.WORK_PHONE: "work"}


def human_name(element: Resource) -> Name:
    """A HumanName without digits; `text` is taken apart when there is neither family nor given."""
    given = [without_digits(part) for part in element.get("given", []) if part]
    family = without_digits(element.get("family") or "")
    if not family and not given:
        words = without_digits(element.get("text") or "").split()
        given, family = words[:-1], words[-1] if words else ""
    return Name(
        family=family,
        given=given[0] if given else "",
        middle=" ".join(given[1:])[: LONGEST["middle"]].strip(),
        prefix=" ".join(element.get("prefix", []))[: LONGEST["prefix"]].strip(),
        suffix=" ".join(element.get("suffix", []))[: LONGEST["suffix"]].strip(),
    )


def check_name(name: Name, path: str) -> list[Problem]:
    """Whether a name can be kept: both parts there and not too long."""
    problems = []
    for part in ("family", "given"):
        text = getattr(name, part)
        where = f"{path}.{part}" if part == "family" else f"{path}.{part}[0]"
        if not normalise(text):
            problems.append(Problem(where, f"a {part} name with at least one letter is needed"))
        elif len(text) > LONGEST[part]:
            problems.append(Problem(where, f"must not be longer than {LONGEST[part]} characters"))
    return problems


def fhir_name(name: Name, use: str) -> dict[str, Any]:
    """A HumanName element."""
    element: dict[str, Any] = {"use": use, "family": name.family, "given": [name.given, *name.middle.split()]}
    if name.prefix:
        element["prefix"] = [name.prefix]
    if name.suffix:
        element["suffix"] = [name.suffix]
    return element


def addresses(elements: Iterable[Resource], path: str) -> tuple[tuple[Address, ...], list[Problem]]:
    """US addresses of an Address list, and remarks on those that were left out."""
    kept, remarks = [], []
    for index, element in enumerate(elements):
        address, why = _address(element)
        if address is not None:
            kept.append(address)
        else:
            remarks.append(Problem(f"{path}[{index}]", why))
    return tuple(kept), remarks


def _address(element: Resource) -> tuple[Address | None, str]:
    if normalise(element.get("country") or "") not in _COUNTRIES:
        return None, "left out: only addresses in the United States are kept"
    state_text = element.get("state") or ""
    state = state_text.upper() if state_text.upper() in _CODES else STATES.get(normalise(state_text), "")
    postal_code = (element.get("postalCode") or "").replace("-", "").strip()
    if state_text and not state:
        return None, f"left out: {state_text[:40]!r} is not a state of the United States"
    if postal_code and not (postal_code.isdecimal() and len(postal_code) in (5, 9)):
        return None, "left out: the postal code must have five or nine digits"
    lines = tuple(str(line)[:LONGEST_LINE] for line in element.get("line", []) if line)[:3]
    if not lines and not element.get("city") and not postal_code:
        return None, "left out: it says neither street, city nor postal code"
    use = (
        AddressUse.MAILING
        if element.get("type") == "postal"
        else _ADDRESS_USES.get(element.get("use", ""), AddressUse.HOME)
    )
    return Address(lines, (element.get("city") or "")[:LONGEST_CITY], state, postal_code, use), ""


def fhir_address(address: Address) -> dict[str, Any]:
    """An Address element."""
    element: dict[str, Any] = {"country": "US"}
    uses = {v: k for k, v in _ADDRESS_USES.items()}
    if address.use in uses:
        element["use"] = uses[address.use]
    else:
        element["type"] = "postal"
    if address.lines:
        element["line"] = list(address.lines)
    if address.city:
        element["city"] = address.city
    if address.state:
        element["state"] = address.state
    if address.postal_code:
        code = address.postal_code
        element["postalCode"] = f"{code[:5]}-{code[5:]}" if len(code) > 5 else code
    return element


def telecom(elements: Iterable[Resource], path: str) -> tuple[tuple[ContactPoint, ...], list[Problem]]:
    """Phones and e-mail addresses of a ContactPoint list, and remarks on those that were left out.

    Nobody can tell a mobile from a fixed number in North America by its digits: a person without a number marked
    `mobile` is taken to receive text messages on the first home number (a carrier refuses them on a fixed line, which
    then shows as undeliverable).
    """
    kept: list[ContactPoint] = []
    remarks = []
    ranked = sorted(enumerate(elements), key=lambda pair: pair[1].get("rank") or 99)
    for index, element in ranked:
        system, value = element.get("system"), (element.get("value") or "").strip()
        if system not in ("phone", "sms", "email") or not value or element.get("use") == "old":
            continue
        if system == "email":
            kind = ContactKind.EMAIL
        elif system == "sms":
            kind = ContactKind.MOBILE
        else:
            kind = _PHONE_USES.get(element.get("use", ""), ContactKind.LANDLINE)
        canonical = contact_points.canonical(kind, value)
        if canonical is None:
            what = "an e-mail address" if kind is ContactKind.EMAIL else "a phone number with its area code"
            remarks.append(Problem(f"{path}[{index}].value", f"left out: it is not {what}"))
            continue
        kept.append(ContactPoint(kind, canonical, preferred=element.get("rank") == 1))
    if not any(point.kind is ContactKind.MOBILE for point in kept):
        first = next((i for i, point in enumerate(kept) if point.kind is ContactKind.LANDLINE), None)
        if first is not None:
            kept[first] = ContactPoint(ContactKind.MOBILE, kept[first].value, kept[first].preferred)
    return tuple(dict.fromkeys(kept)), remarks


def fhir_telecom(points: Iterable[ContactPoint]) -> list[dict[str, Any]]:
    """A ContactPoint list."""
    elements = []
    for point in points:
        element: dict[str, Any] = {
            "system": "email" if point.kind is ContactKind.EMAIL else "phone",
            "value": point.value,
        }
        if point.kind in _FHIR_PHONE_USES:
            element["use"] = _FHIR_PHONE_USES[point.kind]
        if point.preferred:
            element["rank"] = 1
        elements.append(element)
    return elements


def day(text: str | None) -> date | None:
    """The day of a FHIR date or dateTime; a year or year and month alone give None."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def codes(concept: Resource | None) -> set[str]:
    """All codes of a CodeableConcept, of whatever system."""
    return {coding["code"] for coding in (concept or {}).get("coding", []) if coding.get("code")}
