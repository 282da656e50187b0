"""What an operation is given (https://hl7.org/fhir/R4/operations.html): in the query, in a form, or as a Parameters resource."""

from __future__ import annotations

import codecs
from typing import Any

from flask import Request

from chassis.errors import InvalidInput, Violation
from gateway.api import read_body
from gateway.fhir.clinic import FORM, form, parameters_of
from gateway.transcoding.json_in import parse_json
from gateway.transcoding.problems import UnsupportedMediaType
from gateway.transcoding.scalars import text_problem

MAX_BYTES = 64 * 1024
JSON_KINDS = ("application/fhir+json", "application/json")
MOST_PARAMETERS = 100


def parameters(incoming: Request) -> tuple[list[tuple[str, str]], dict[str, dict[str, Any]]]:
    """(name, text) of every plain parameter (a Reference is its reference), and resources by name.

    Raises InvalidInput, UnsupportedMediaType, BodyTooLarge.
    """
    if incoming.method == "GET" or incoming.mimetype == FORM:
        return parameters_of(incoming), {}
    body = resource(incoming, "Parameters")
    plain: list[tuple[str, str]] = list(incoming.args.items(multi=True))
    resources: dict[str, dict[str, Any]] = {}
    given = body.get("parameter", [])
    if not isinstance(given, list) or len(given) > MOST_PARAMETERS:
        raise InvalidInput([Violation("Parameters.parameter", f"must be a list of {MOST_PARAMETERS} at most")])
    for index, one in enumerate(given):
        path = f"Parameters.parameter[{index}]"
        if not isinstance(one, dict) or text_problem(one.get("name")) is not None:
            raise InvalidInput([Violation(f"{path}.name", "is required")])
        if isinstance(one.get("resource"), dict):
            resources[one["name"]] = one["resource"]
            continue
        text = _text(one)
        if text is None or text_problem(text) is not None:
            raise InvalidInput([Violation(path, "must have a value of text, number, date or reference")])
        plain.append((one["name"], text))
    return plain, resources


def resource(incoming: Request, kind: str) -> dict[str, Any]:
    """The body, a resource of this kind. Raises InvalidInput, MalformedJson, UnsupportedMediaType, BodyTooLarge."""
    if incoming.mimetype not in JSON_KINDS:
        raise UnsupportedMediaType(f"Send the {kind} as application/fhir+json.")
    body = parse_json(read_body(incoming, MAX_BYTES).removeprefix(codecs.BOM_UTF8))
    if not isinstance(body, dict) or body.get("resourceType") != kind:
        raise InvalidInput([Violation("resourceType", f"must be {kind}")])
    return body


def _text(parameter: dict[str, Any]) -> str | None:
    for name, value in parameter.items():
        if not name.startswith("value"):
            continue
        if name == "valueReference" and isinstance(value, dict):
            return value.get("reference") if isinstance(value.get("reference"), str) else None
        if name in ("valueCoding", "valueCodeableConcept") and isinstance(value, dict):
            codings = value.get("coding", [value])
            coding = codings[0] if isinstance(codings, list) and codings else None
            code = coding.get("code") if isinstance(coding, dict) else None
            return f"{coding.get('system', '')}|{code}" if isinstance(code, str) else None
        return str(value) if isinstance(value, (str, int)) else None
    return None


__all__ = ["form", "parameters", "resource"]
