"""What this FHIR endpoint can do: the CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)."""

from __future__ import annotations

from typing import Any

FHIR_VERSION = "4.0.1"
SEARCH_PARAMETERS = (
    ("_id", "token"),
    ("identifier", "token"),
    ("name", "string"),
    ("family", "string"),
    ("given", "string"),
    ("birthdate", "date"),
    ("gender", "token"),
    ("phone", "token"),
    ("email", "token"),
)
# Every parameter of a search for patients, with those that say how the answer is to be.
PATIENT_SEARCH = frozenset(
    {name for name, _ in SEARCH_PARAMETERS}
    | {f"{name}:exact" for name in ("name", "family", "given")}
    | {"_count", "_summary", "_total", "_cursor"}
)
_IMPORT_TEXT = (
    "A batch, collection or transaction Bundle of any size is read as a stream. Patient, Coverage and RelatedPerson are"
    " taken; of Claim and ExplanationOfBenefit only what tells the payer. Other resources are counted and ignored; the"
    " answer says so. The same bundle sent again makes no second record."
)


# When the statement last changed in meaning.
PUBLISHED = "2026-11-22"


IHE = "https://profiles.ihe.net/ITI/Scheduling"


def _searched(kinds: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in kinds.items()]


# What is free and what is booked; operations after the IHE profile Scheduling (ITI-115, 116, 117).
SCHEDULING: tuple[dict[str, Any], ...] = (
    {
        "type": "Schedule",
        "documentation": "A practitioner's time at a location.",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": _searched({"_id": "token", "actor": "reference"}),
    },
    {
        "type": "Slot",
        "documentation": "Free starts of a type of visit; an id says what it means, nothing is kept before it is held or booked.",
        "interaction": [{"code": "search-type"}],
        "searchParam": _searched(
            {
                "service-type": "token",
                "schedule": "reference",
                "schedule.actor": "reference",
                "practitioner": "reference",
                "location": "reference",
                "start": "date",
                "status": "token",
            }
        ),
    },
    {
        "type": "Appointment",
        "documentation": "An update moves, confirms, steps or cancels a visit. A create with If-None-Exist is made once.",
        "interaction": [{"code": code} for code in ("read", "search-type", "create", "update")],
        "versioning": "versioned-update",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": True,
        "searchParam": _searched(
            {
                "_id": "token",
                "patient": "reference",
                "practitioner": "reference",
                "location": "reference",
                "actor": "reference",
                "date": "date",
                "status": "token",
            }
        ),
        "operation": [
            {"name": name, "definition": f"{IHE}/OperationDefinition/appointment-{name}"}
            for name in ("find", "hold", "book")
        ],
    },
)


def capability_statement(base_url: str, version: str) -> dict[str, Any]:
    """The CapabilityStatement of this installation; ``base_url`` ends in ``/fhir/R4``."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "polyclinic",
        "url": f"{base_url}/metadata",
        "version": version,
        "name": "Polyclinic",
        "title": "Polyclinic FHIR R4 endpoint",
        "status": "active",
        "experimental": False,
        "date": PUBLISHED,
        "kind": "instance",
        "instantiates": [f"{IHE}/CapabilityStatement/IHE.Scheduling.server"],
        "software": {"name": "Polyclinic", "version": version},
        "implementation": {"description": "Polyclinic", "url": base_url},
        "fhirVersion": FHIR_VERSION,
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _IMPORT_TEXT,
                "security": {
                    "cors": False,
                    "description": "Authorization: Bearer, a token of POST /api/v1/client-tokens or /api/v1/sessions.",
                },
                "resource": [
                    {
                        "type": "Patient",
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "versioning": "versioned",
                        "readHistory": False,
                        "searchParam": [{"name": name, "type": kind} for name, kind in SEARCH_PARAMETERS],
                    },
                    *SCHEDULING,
                ],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }
