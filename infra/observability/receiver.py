"""An OTLP/HTTP receiver that keeps what it is sent: a collector for tests, and for searching a whole day.

It takes protobuf over HTTP POST on ``/v1/traces``, ``/v1/metrics`` and ``/v1/logs`` as the OTLP specification has it, and
makes plain values of it (`Span`, `Log`, `Point`).
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS: Final[Mapping[str, type[Message]]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}
SPAN_KINDS: Final = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


@dataclass(frozen=True)
class Span:
    """One span. `attributes` holds its values as text; times are Unix nanoseconds."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: Mapping[str, str]
    error: str


@dataclass(frozen=True)
class Log:
    """One log record."""

    service: str
    severity: str
    body: str
    trace_id: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Point:
    """One metric's last value of one set of attributes: a sum, a gauge, or a histogram's count."""

    service: str
    name: str
    attributes: Mapping[str, str]
    value: float


class Receiver:
    """Listens on a port of the loopback interface from the moment it is made until `close`."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._kept: list[tuple[str, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                known = self.path in KINDS
                if known:
                    receiver._keep(self.path, body)
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                del words  # there are thousands of these

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="otlp", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listens no more; what was kept stays."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def wait_for(self, condition: Callable[[Receiver], bool], *, seconds: float = 30.0) -> bool:
        """Looks again whenever something arrives, until the condition holds; False when real `seconds` have passed."""
        deadline = time.monotonic() + seconds
        while True:
            with self._arrived:
                seen = len(self._kept)
            if condition(self):
                return True
            with self._arrived:
                if len(self._kept) == seen and not self._arrived.wait(max(0.0, deadline - time.monotonic())):
                    return False

    def messages(self) -> list[tuple[str, Message]]:
        """Everything that has arrived, with the path it came on."""
        with self._arrived:
            kept = list(self._kept)
        return [(path, KINDS[path].FromString(body)) for path, body in kept]

    def spans(self) -> Iterator[Span]:
        """Every span, in the order of arrival."""
        for _, resource in self._resources("/v1/traces", "resource_spans"):
            service = _attributes(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    yield Span(
                        service=service,
                        name=span.name,
                        kind=SPAN_KINDS.get(span.kind, ""),
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent_id=span.parent_span_id.hex(),
                        start=span.start_time_unix_nano,
                        end=span.end_time_unix_nano,
                        attributes=_attributes(span.attributes),
                        error=span.status.message if span.status.code == 2 else "",
                    )

    def logs(self) -> Iterator[Log]:
        """Every log record, in the order of arrival."""
        for _, resource in self._resources("/v1/logs", "resource_logs"):
            service = _attributes(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_logs:
                for record in scope.log_records:
                    attributes = _attributes(record.attributes)
                    body = record.body.string_value
                    yield Log(service, record.severity_text, body, record.trace_id.hex(), attributes)

    def points(self) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], Point]:
        """The last value of every series: (service, name, attributes) → point."""
        last: dict[tuple[str, str, tuple[tuple[str, str], ...]], Point] = {}
        for _, resource in self._resources("/v1/metrics", "resource_metrics"):
            service = _attributes(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for attributes, value in _values(metric):
                        key = (service, metric.name, tuple(sorted(attributes.items())))
                        last[key] = Point(service, metric.name, attributes, value)
        return last

    def _resources(self, path: str, field: str) -> Iterator[tuple[str, Any]]:
        for kind, message in self.messages():
            if kind == path:
                for resource in getattr(message, field):
                    yield kind, resource

    def _keep(self, path: str, body: bytes) -> None:
        with self._arrived:
            self._kept.append((path, body))
            self._arrived.notify_all()


def texts(message: Message) -> Iterator[str]:
    """Every text anywhere in a message: names, values, bodies, descriptions, events; bytes that are UTF-8 as well."""
    for field, value in message.ListFields():
        for part in value if field.is_repeated else (value,):
            if isinstance(part, Message):
                yield from texts(part)
            elif isinstance(part, str):
                yield part
            elif isinstance(part, bytes):
                yield part.decode("utf-8", "replace")


def _attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: _text(pair.value) for pair in pairs}


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))


def _values(metric: Any) -> Iterator[tuple[dict[str, str], float]]:
    kind = metric.WhichOneof("data")
    for point in getattr(metric, kind).data_points if kind else ():
        value = point.count if kind == "histogram" else getattr(point, point.WhichOneof("value") or "as_double")
        yield _attributes(point.attributes), float(value)
