"""The OpenAPI 3.1 document: one operation per REST binding, and the gateway's own endpoints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.openapi.comments import Comments
from gateway.openapi.own import OWN_PATHS, OWN_TAGS, PARAMETERS, RESPONSES, SECURITY_SCHEMES, SHARED_SCHEMAS
from gateway.openapi.schemas import DATE, Schemas
from gateway.transcoding.query import parameter_reader
from gateway.transcoding.reader import FIELD_MASK, HTTP_BODY
from gateway.transcoding.routes import Binding

EMPTY = "google.protobuf.Empty"
# Query parameters reach into messages this deep.
MAX_QUERY_DEPTH = 3
_REASON = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\bCONFLICT\b")
_EXAMPLE = re.compile(r"\s*\bExample: (\{.*\})\s*\Z", re.DOTALL)
_WORD_START = re.compile(r"(?<=[a-z])[A-Z]")
_ERRORS = re.compile(r"\s*\bErrors: ")
_IDEMPOTENT = re.compile(r"\s+Idempotent\b")
_SENTENCE = re.compile(r"(.+?[.:;])(?:\s|$)", re.DOTALL)
_DESCRIPTION = """\
The API of a clinic network: people and their insurance, bookings and the flow of a visit, codes, claims and payments, messages,
video visits. Everything below is derived from the services' contracts.

**Try it here**: run `POST /auth/sign-in` (under *Session*) once; the browser keeps the session, and "Try it out" works everywhere.
Or run `POST /api/v1/sessions` (under *Identity*) and paste its `access_token` into *Authorize*: it works for five minutes.

- **JSON**: fields have the names below (lowerCamelCase is understood too); 64-bit integers are strings; instants are
  RFC 3339 in UTC; unknown fields are refused; a request has up to 1 MiB.
- **Problems** are `application/problem+json` (RFC 9457) with a stable `reason` and, for bad input, every violation
  with its path.
- **Changes** carry an `Idempotency-Key` where one is asked for: the same key gives the same answer for 48 hours.
- **Versions**: an answer with a `version` carries it as `ETag`; send it back in `If-Match` so that nobody's change is
  lost (412).
- **Lists** have `page_size` (up to 500; 0 means 50), `page_token` and `next_page_token`.
"""
# In the order in which somebody new meets them; services that are not named here follow.
_ORDER = (
    "Identity", "PatientRegistry", "Eligibility", "Scheduling", "Telehealth", "Billing", "Claims", "Notifications",
)  # fmt: skip
_PHI = {"read": "reads health information", "write": "writes health information"}


def build_document(bindings: Sequence[Binding], comments: Comments, version: str, server_url: str) -> dict[str, Any]:
    """The whole document as JSON values."""
    schemas = Schemas(comments)
    paths: dict[str, dict[str, Any]] = {}
    seen: dict[str, int] = {}
    tags: dict[str, str] = {}
    for binding in bindings:
        service = binding.method.containing_service
        tags.setdefault(service.name, comments.of(service.full_name))
        name = f"{service.name}.{binding.method.name}"
        seen[name] = seen.get(name, 0) + 1
        operation = _operation(binding, comments, schemas)
        operation["operationId"] = name if seen[name] == 1 else f"{name}.{seen[name]}"
        paths.setdefault(binding.url, {})[binding.verb.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Polyclinic",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server_url or "/"}],
        "tags": [{"name": title(name), "description": tags[name]} for name in sorted(tags, key=_place)] + OWN_TAGS,
        "paths": paths | OWN_PATHS,
        "components": {
            "schemas": dict(sorted(schemas.components.items())) | SHARED_SCHEMAS,
            "parameters": PARAMETERS,
            "responses": RESPONSES,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _operation(binding: Binding, comments: Comments, schemas: Schemas) -> dict[str, Any]:
    method, rpc = binding.method, binding.rpc
    text, example = split_example(comments.of(method.full_name))
    operation: dict[str, Any] = {
        "tags": [title(method.containing_service.name)],
        "summary": _summary(text) or method.name,
        "parameters": [*_path_parameters(binding, schemas), *_query_parameters(binding, schemas)],
        "responses": _responses(binding, schemas),
        "security": [] if rpc.public else [{"bearer": []}, {"session": [], "csrf": []}],
        "x-rpc": rpc.full_name,
        "x-permission": rpc.permission,
        "x-patient-self": rpc.patient_self,
        "x-phi": rpc.phi,
        "x-audit": rpc.audit,
    }
    operation["description"] = _description(text, binding)
    reasons = sorted(set(_REASON.findall(text.split("Errors:", 1)[1]))) if "Errors:" in text else []
    if reasons:
        operation["x-reasons"] = reasons
    if rpc.key_accepted and not rpc.read_only:
        operation["parameters"].append(
            {"$ref": f"#/components/parameters/IdempotencyKey{'Required' * rpc.key_required}"}
        )
    if binding.reader.takes_version and not rpc.webhook and not rpc.read_only:
        operation["parameters"].append(
            {"$ref": f"#/components/parameters/IfMatch{'Required' * binding.reader.needs_version}"}
        )
    body = _request_body(binding, schemas)
    if body is not None:
        if example is not None:
            body["content"]["application/json"]["example"] = example
        operation["requestBody"] = body
    return operation


def _path_parameters(binding: Binding, schemas: Schemas) -> Iterator[dict[str, Any]]:
    for path in binding.path.variables:
        yield {
            "name": ".".join(path),
            "in": "path",
            "required": True,
            "schema": schemas.field(_field_at(binding.method.input_type, path)),
        }


def _query_parameters(binding: Binding, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if binding.rpc.webhook:
        return
    descriptor: Descriptor = binding.method.input_type
    taken = set(binding.path.variables) | {(binding.body,)}
    for field in descriptor.fields:
        if binding.body == "*" and not (field.message_type is not None and field.message_type.full_name == FIELD_MASK):
            continue
        yield from _query_field(field, (field.name,), taken, schemas)


def _query_field(
    field: FieldDescriptor, path: tuple[str, ...], taken: set[tuple[str, ...]], schemas: Schemas
) -> Iterator[dict[str, Any]]:
    if path in taken:
        return
    if parameter_reader(field) is not None:
        schema = schemas.field(field)
        if field.message_type is not None and field.message_type.full_name == DATE:
            schema = {"type": "string", "format": "date", **{k: v for k, v in schema.items() if k == "description"}}
        parameter: dict[str, Any] = {"name": ".".join(path), "in": "query", "schema": schema}
        if field.is_repeated:
            parameter |= {"style": "form", "explode": True}
        description = schema.pop("description", "")
        yield parameter | ({"description": description} if description else {})
    elif field.message_type is not None and not field.is_repeated and len(path) < MAX_QUERY_DEPTH:
        for inner in field.message_type.fields:
            yield from _query_field(inner, (*path, inner.name), taken, schemas)


def _request_body(binding: Binding, schemas: Schemas) -> dict[str, Any] | None:
    if binding.rpc.webhook:
        return {"content": {"*/*": {"schema": {}}}, "description": "As the outside party signs it."}
    if not binding.body:
        return None
    descriptor: Descriptor = binding.method.input_type
    if binding.body == "*":
        schema = schemas.body(descriptor, [path[0] for path in binding.path.variables if len(path) == 1])
    else:
        field = descriptor.fields_by_name[binding.body]
        if field.message_type is not None and field.message_type.full_name == HTTP_BODY:
            return {"required": True, "content": {"*/*": {"schema": {}}}}
        schema = schemas.field(field)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _responses(binding: Binding, schemas: Schemas) -> dict[str, Any]:
    descriptor: Descriptor = binding.method.output_type
    problems = {"default": {"$ref": "#/components/responses/Problem"}}
    if binding.rpc.webhook or descriptor.full_name == EMPTY:
        return {"204": {"description": "Done."}} | problems
    part = descriptor.fields_by_name.get(binding.response_body)
    schema = schemas.reference(descriptor) if part is None else schemas.field(part)
    if descriptor.full_name == HTTP_BODY:
        return {"200": {"description": "The file.", "content": {"*/*": {"schema": {}}}}} | problems
    answer: dict[str, Any] = {"description": "Done.", "content": {"application/json": {"schema": schema}}}
    if "version" in descriptor.fields_by_name:
        answer["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The version, quoted."}}
    return {"200": answer} | problems


def title(service: str) -> str:
    """A service's name as people write it: PatientRegistry → Patient registry."""
    return _WORD_START.sub(lambda found: " " + found.group().lower(), service)


def split_example(text: str) -> tuple[str, Any]:
    """A contract's comment without its example, and the example: a request body after "Example:" at the comment's end, or None."""
    found = _EXAMPLE.search(text)
    return (text[: found.start()], json.loads(found.group(1))) if found else (text, None)


def _place(service: str) -> tuple[int, str]:
    return (_ORDER.index(service) if service in _ORDER else len(_ORDER), service)


def _description(text: str, binding: Binding) -> str:
    """The contract's comment as Markdown, its errors in a paragraph of their own, and who may call it."""
    rpc = binding.rpc
    told = _REASON.sub(lambda found: f"`{found.group()}`", text)
    told = _ERRORS.sub("\n\n**Errors:** ", told)
    told = _IDEMPOTENT.sub("\n\nIdempotent", told)
    access = [f"needs the permission `{rpc.permission}`" if rpc.permission else "open to anybody" * rpc.public]
    access += ["patients may call it for themselves" * rpc.patient_self, _PHI.get(rpc.phi, "")]
    line = "; ".join(part for part in access if part)
    return "\n\n".join(part for part in (told.strip(), f"**Access:** {line}." if line else "") if part)


def _field_at(descriptor: Descriptor, path: tuple[str, ...]) -> FieldDescriptor:
    for name in path[:-1]:
        descriptor = descriptor.fields_by_name[name].message_type  # type: ignore[assignment]
    return descriptor.fields_by_name[path[-1]]


def _summary(text: str) -> str:
    found = _SENTENCE.match(text)
    return (found.group(1) if found else text).rstrip(".:;").replace("\n", " ")[:120]
