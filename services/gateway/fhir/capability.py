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
_IMPORT_TEXT = (
    "A batch, collection or transaction Bundle of any size is read as a stream. Patient, Coverage and RelatedPerson are"
    " taken; of Claim and ExplanationOfBenefit only what tells the payer. Other resources are counted and ignored; the"
    " answer says so. The same bundle sent again makes no second record."
)


# When the statement last changed in meaning.
PUBLISHED = "2026-11-22"


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
                    }
                ],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }
