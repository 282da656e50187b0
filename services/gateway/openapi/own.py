"""The part of the document that no contract says: sessions, streams, FHIR, and what all operations share."""

from __future__ import annotations

from typing import Any

from gateway.openapi.fhir_paths import FHIR_SCHEDULING_PATHS

_JSON = "application/json"
_FHIR = "application/fhir+json"
_PROBLEM_DEFAULT = {"default": {"$ref": "#/components/responses/Problem"}}
_OUTCOME_DEFAULT = {
    "default": {"description": "An OperationOutcome.", "content": {_FHIR: {"schema": {"type": "object"}}}}
}
_TOKEN: list[dict[str, list[str]]] = [{"bearer": []}, {"session": [], "csrf": []}]
_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}

OWN_TAGS: list[dict[str, str]] = [
    {"name": "Session", "description": "Signing in and out with a browser: a sealed cookie instead of a token."},
    {
        "name": "FHIR",
        "description": "FHIR R4: patients read and searched, bundles of any size taken in;"
        " schedules, free slots and appointments, with $find, $hold and $book after IHE ITI Scheduling.",
    },
]

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access_token of POST /api/v1/sessions (people) or POST /api/v1/client-tokens (machines).",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "polyclinic_session",
        "description": "Set by POST /auth/sign-in.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "With the session cookie, on everything but GET: the value of the cookie polyclinic_csrf.",
    },
}

PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": "New for each intention, the same for each attempt: the same key and body give the same answer,"
        " another body 409.",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The ETag that was seen; 412 when somebody has changed it since.",
    },
}
PARAMETERS["IdempotencyKeyRequired"] = PARAMETERS["IdempotencyKey"] | {"required": True}
# The version may also be given in the body, so that the header itself is never demanded by the schema.
PARAMETERS["IfMatchRequired"] = PARAMETERS["IfMatch"] | {
    "description": "The ETag that was seen: required here (428), as header or as `version` in the body;"
    " 412 when it is stale."
}

SHARED_SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail", "reason", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "reason": {"type": "string", "description": "Stable, for programs: e.g. SLOT_TAKEN."},
            "request_id": {"type": "string"},
            "violations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "description"],
                    "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
                },
            },
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "examples": [
            {
                "type": "/api/problems/INVALID_INPUT",
                "title": "Bad Request",
                "status": 400,
                "detail": "The request is not valid.",
                "reason": "INVALID_INPUT",
                "violations": [{"field": "patient.name.family", "description": "must not be empty"}],
                "request_id": "5f99c81d79afae317c3cb35b1d289804",
            }
        ],
    },
    "Session": {
        "type": "object",
        "required": ["expires_at", "csrf_token"],
        "properties": {
            "expires_at": {
                "type": "integer",
                "description": "Unix seconds; renewed by itself while the session lasts.",
            },
            "csrf_token": {"type": "string"},
            "kind": {"type": "string"},
            "principal_id": {"type": "string"},
            "name": {"type": "string"},
            "tenant_id": {"type": "string"},
            "permissions": {"type": "array", "items": {"type": "string"}},
        },
    },
}

RESPONSES: dict[str, Any] = {
    "Problem": {
        "description": "What went wrong: 400 mend the request (`violations`), 401 get a token, 403 a permission is missing, 404 not there"
        " or not yours, 409 the state forbids it (`reason`), 412 and 428 read again and send If-Match, 429 and 503 again after"
        " Retry-After with the same key.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def _operation(tag: str, name: str, summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tags": [tag], "operationId": name, "summary": summary, "responses": responses, **more}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


_SESSION = {
    "200": {"description": "Signed in.", "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Session"}}}}
}
_SIGNED_OUT = {"204": {"description": "Signed out."}}
_FHIR_OK = {"200": {"description": "Done.", "content": {_FHIR: {"schema": {"type": "object"}}}}}
_STREAM_OK = {"200": {"description": "Server-sent events.", "content": _STREAM}}

OWN_PATHS: dict[str, Any] = {
    **FHIR_SCHEDULING_PATHS,
    "/auth/sign-in": {
        "post": _operation(
            "Session",
            "Session.SignIn",
            "Signs a browser in",
            _SESSION | _PROBLEM_DEFAULT,
            security=[],
            requestBody={
                "required": True,
                "content": {
                    _JSON: {
                        "schema": {"$ref": "#/components/schemas/identity.v1.SignInRequest"},
                        "example": {"tenant": "lanternfield", "login": "owner", "password": "Lantern-field-2026"},
                    }
                },
            },
        )
    },
    "/auth/refresh": {
        "post": _operation(
            "Session",
            "Session.Refresh",
            "Renews the session's tokens now",
            _SESSION | _PROBLEM_DEFAULT,
            security=[{"session": [], "csrf": []}],
        )
    },
    "/auth/sign-out": {
        "post": _operation(
            "Session",
            "Session.SignOut",
            "Signs the browser out",
            _SIGNED_OUT | _PROBLEM_DEFAULT,
            security=[{"session": [], "csrf": []}],
        )
    },
    "/auth/session": {
        "get": _operation(
            "Session", "Session.Get", "Who is signed in", _SESSION | _PROBLEM_DEFAULT, security=[{"session": []}]
        )
    },
    "/api/v1/locations/{location_id}/stream": {
        "get": _operation(
            "Scheduling",
            "Streams.LocationDay",
            "What changes on a location's day",
            _STREAM_OK | _PROBLEM_DEFAULT,
            security=_TOKEN,
            parameters=[_path("location_id")],
            description="Events: `reset` (read the day now), `change` (names what changed: event, id, version),"
            " `expired` (the token has run out: connect again), `ended` (this server stops: connect again).",
        )
    },
    "/api/v1/telehealth/sessions/{session_id}/signals": {
        "get": _operation(
            "Telehealth",
            "Streams.Signals",
            "WebRTC signals to a participant",
            _STREAM_OK | _PROBLEM_DEFAULT,
            security=[{"bearer": []}],
            parameters=[_path("session_id")],
            description="Authorization: Bearer with the participant token of JoinSession."
            " Events: `signal`, `expired`, `ended`.",
        )
    },
    "/fhir/R4/metadata": {
        "get": _operation("FHIR", "Fhir.Metadata", "The CapabilityStatement", _FHIR_OK | _OUTCOME_DEFAULT, security=[])
    },
    "/fhir/R4": {
        "post": _operation(
            "FHIR",
            "Fhir.Import",
            "Takes in a bundle (transaction, batch or collection) of any size",
            _FHIR_OK | _OUTCOME_DEFAULT,
            security=_TOKEN,
            parameters=[{"$ref": "#/components/parameters/IdempotencyKey"}],
            requestBody={"required": True, "content": {_FHIR: {"schema": {"type": "object"}}}},
        )
    },
    "/fhir/R4/Patient/{id}": {
        "get": _operation(
            "FHIR",
            "Fhir.ReadPatient",
            "One patient",
            _FHIR_OK | _OUTCOME_DEFAULT,
            security=_TOKEN,
            parameters=[_path("id")],
        )
    },
    "/fhir/R4/Patient": {
        "get": _operation(
            "FHIR",
            "Fhir.SearchPatients",
            "Finds patients",
            _FHIR_OK | _OUTCOME_DEFAULT,
            security=_TOKEN,
            parameters=[
                {"name": name, "in": "query", "schema": {"type": "string"}}
                for name in (
                    "_id",
                    "identifier",
                    "name",
                    "family",
                    "given",
                    "birthdate",
                    "gender",
                    "phone",
                    "email",
                    "_count",
                )
            ],
        )
    },
    "/fhir/R4/Patient/_search": {
        "post": _operation(
            "FHIR",
            "Fhir.SearchPatientsByForm",
            "Finds patients, with the parameters in the body",
            _FHIR_OK | _OUTCOME_DEFAULT,
            security=_TOKEN,
            requestBody={
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
            },
        )
    },
}
