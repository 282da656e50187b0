"""An Appointment that was sent, as what it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.fhir.references import id_in
from gateway.fhir.visits import CANCELLATION_SYSTEM, CANCELLATIONS, TYPE_SYSTEM
from gateway.transcoding.problems import Problems
from gateway.transcoding.scalars import text_problem

# FHIR's statuses that a visit may be sent with.
STATUSES = frozenset(
    {"proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error", "checked-in"}
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_CODES = {code: name for name, code in CANCELLATIONS.items()}


@dataclass(frozen=True)
class Wish:
    """What a resource asks for; empty where it says nothing. ``cancellation`` is the name of our reason."""

    id: str = ""
    status: str = ""
    slot_id: str = ""
    hold_id: str = ""
    patient_id: str = ""
    practitioner_id: str = ""
    location_id: str = ""
    type_code: str = ""
    start: datetime | None = None
    reason: str = ""
    cancellation: str = "OTHER"
    note: str = ""
    # The patient has said that they will come.
    accepted: bool = False

    def with_(self, about: str, patient_id: str, reason: str) -> Wish:
        """The same for what is referred to: a hold by its id (a UUID), or a proposed slot."""
        held = _is_uuid(about)
        return replace(
            self,
            hold_id=about if held else "",
            slot_id="" if held else about,
            patient_id=patient_id,
            reason=reason,
        )


def read_wish(resource: dict[str, Any]) -> Wish:
    """What an Appointment asks for. Raises InvalidInput with everything that cannot be read."""
    problems = Problems()
    if resource.get("resourceType") != "Appointment":
        problems.add("resourceType", "must be Appointment")
    status = _plain(resource, "status", problems)
    if status and status not in STATUSES:
        problems.add("Appointment.status", "is no status that can be asked for")
    people = _participants(resource.get("participant", []), problems)
    given = resource.get("cancelationReason")
    reason: dict[str, Any] = given if isinstance(given, dict) else {}
    codes = {code for system, code in _codings(reason) if system in ("", CANCELLATION_SYSTEM)}
    wish = Wish(
        id=_plain(resource, "id", problems),
        status=status,
        slot_id=_slot(resource.get("slot", []), problems),
        patient_id=people.get("Patient", ("", ""))[0],
        practitioner_id=people.get("Practitioner", ("", ""))[0],
        location_id=people.get("Location", ("", ""))[0],
        type_code=_type(resource.get("serviceType", []), problems),
        start=_start(_plain(resource, "start", problems), problems),
        reason=_reason(resource),
        cancellation=next((_CODES[code] for code in sorted(codes) if code in _CODES), "OTHER"),
        note=reason["text"] if _is_text(reason.get("text")) else "",
        accepted=people.get("Patient", ("", ""))[1] == "accepted",
    )
    problems.refuse()
    return wish


def _plain(resource: dict[str, Any], name: str, problems: Problems) -> str:
    value = resource.get(name, "")
    if not _is_text(value):
        problems.add(f"Appointment.{name}", "must be text")
        return ""
    return str(value)


def _participants(given: Any, problems: Problems) -> dict[str, tuple[str, str]]:
    """(id, status) of the first patient, practitioner and location."""
    found: dict[str, tuple[str, str]] = {}
    if not isinstance(given, list):
        problems.add("Appointment.participant", "must be a list")
        return found
    for index, one in enumerate(given[:50]):
        actor = one.get("actor") if isinstance(one, dict) else None
        text = actor.get("reference") if isinstance(actor, dict) else None
        reference = id_in(text, "Patient", "Practitioner", "Location") if isinstance(text, str) else None
        if reference is None:
            continue
        kind, resource_id = reference
        if not _is_uuid(resource_id):
            problems.add(f"Appointment.participant[{index}].actor.reference", f"is no id of a {kind}")
        elif kind not in found:
            found[kind] = (str(UUID(resource_id)), str(one.get("status", "")))
    return found


def _slot(given: Any, problems: Problems) -> str:
    if not given:
        return ""
    first = given[0] if isinstance(given, list) else None
    text = first.get("reference") if isinstance(first, dict) else None
    reference = id_in(text, "Slot") if isinstance(text, str) else None
    if reference is None or len(given) > 1:
        problems.add("Appointment.slot", "must be one reference to a Slot")
        return ""
    return reference[1]


def _type(given: Any, problems: Problems) -> str:
    concepts = given if isinstance(given, list) else [given]
    codes = [
        code
        for concept in concepts
        if isinstance(concept, dict)
        for system, code in _codings(concept)
        if system in ("", TYPE_SYSTEM)
    ]
    if given and not codes:
        problems.add("Appointment.serviceType", f"must have a coding of {TYPE_SYSTEM}")
    return codes[0] if codes else ""


def _codings(concept: dict[str, Any]) -> list[tuple[str, str]]:
    codings = concept.get("coding")
    return [
        (str(one.get("system", "")), one["code"])
        for one in (codings if isinstance(codings, list) else [])
        if isinstance(one, dict) and _is_text(one.get("code"))
    ]


def _start(text: str, problems: Problems) -> datetime | None:
    if not text:
        return None
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        problems.add("Appointment.start", "must be an instant with a zone")
        return None


def _reason(resource: dict[str, Any]) -> str:
    """What the patient comes for, in their words."""
    concepts = resource.get("reasonCode")
    for concept in concepts if isinstance(concepts, list) else []:
        if isinstance(concept, dict) and concept.get("text") and _is_text(concept["text"]):
            return str(concept["text"])
    for name in ("description", "comment"):
        if resource.get(name) and _is_text(resource[name]):
            return str(resource[name])
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and text_problem(value) is None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return len(text) == 36
