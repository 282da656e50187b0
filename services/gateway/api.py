"""The transcoded API: one handler per REST binding, planned at start so that a request walks no descriptor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Request, Response
from google.protobuf.message import Message

from chassis.errors import Unavailable
from gateway.edge import Exchange, Handler, idempotency_key, if_match
from gateway.transcoding.json_out import Renderer
from gateway.transcoding.problems import BodyTooLarge, UnsupportedMediaType
from gateway.transcoding.reader import HTTP_BODY
from gateway.transcoding.routes import Binding

JSON = "application/json"
EMPTY = "google.protobuf.Empty"


def api_handler(binding: Binding, renderer: Renderer) -> Handler:
    """The handler of one binding: HTTP in → protobuf → RPC → protobuf → HTTP out."""
    reader, rpc, service = binding.reader, binding.rpc, binding.service
    names = [f"v{index}" for index in range(len(binding.path.variables))]
    answer = answer_writer(binding, renderer)
    # A read's `version` is what is asked for, not what was seen.
    versioned = reader.takes_version and not rpc.read_only

    def handle(exchange: Exchange, values: dict[str, str]) -> Response:
        incoming = exchange.request
        message = reader.read(
            [values[name] for name in names],
            list(incoming.args.lists()) if incoming.query_string else (),
            read_body(incoming, reader.max_bytes),
            incoming.content_type,
            if_match(incoming.headers) if versioned else None,
        )
        return answer(incoming, exchange.call(service, rpc, message, idempotency_key(incoming.headers)))

    return handle


def answer_writer(binding: Binding, renderer: Renderer) -> Callable[[Request, Any], Response]:
    """How the answers of a binding are written: raw for HttpBody, else JSON with the version as ETag."""
    descriptor: Any = binding.method.output_type
    field = descriptor.fields_by_name.get(binding.response_body) if binding.response_body else None
    if (field.message_type if field is not None else descriptor).full_name == HTTP_BODY:
        return lambda incoming, message: raw_answer(getattr(message, field.name) if field is not None else message)
    if descriptor.full_name == EMPTY:
        return lambda incoming, message: Response(status=204)
    versioned = "version" in descriptor.fields_by_name
    shape = renderer.of(field.message_type if field is not None and not field.is_repeated else descriptor)
    pick: Callable[[Any], Message] = (
        (lambda message: getattr(message, field.name)) if field is not None else (lambda message: message)
    )

    def write(incoming: Request, message: Any) -> Response:
        etag = f'"{message.version}"' if versioned and message.version else ""
        if etag and incoming.method == "GET" and etag in incoming.headers.get("If-None-Match", ""):
            return Response(status=304, headers={"ETag": etag})
        response = Response(shape(pick(message)), content_type=JSON)
        if etag:
            response.headers["ETag"] = etag
        return response

    return write


def raw_answer(body: Any) -> Response:
    """A file: bytes and content type as the service gave them. It is data: the edge's policy keeps it from running."""
    return Response(body.data, content_type=body.content_type or "application/octet-stream")


def read_body(incoming: Request, limit: int) -> bytes:
    """The request's bytes. Raises BodyTooLarge before reading what is announced as larger, else while reading, and
    UnsupportedMediaType for a compressed body, whose real size nobody has announced."""
    if incoming.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body uncompressed, without Content-Encoding.")
    length = incoming.content_length
    if length is not None and length > limit:
        raise BodyTooLarge(f"The body may have up to {limit} bytes.")
    if not length and not incoming.headers.get("Transfer-Encoding"):
        return b""
    raw = incoming.stream.read(limit + 1)
    if len(raw) > limit:
        raise BodyTooLarge(f"The body may have up to {limit} bytes.")
    if length is not None and len(raw) < length:
        raise Unavailable(internal="the client went away in the middle of the body")
    return bytes(raw)
