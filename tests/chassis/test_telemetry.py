"""Traces, metrics and logs leave a real service process over OTLP; one trace goes through RPC, outbox and consumer."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from infra.day.accounts import DEMO_PASSWORD, Doorman
from infra.day.client import RequestLog
from infra.local.stack import Stack
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.slow
KINDS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Receiver:
    """An OTLP collector that keeps what it is sent."""

    def __init__(self):
        kept = self.kept = {path: [] for path in KINDS}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                kept[self.path].append(KINDS[self.path].FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def spans(self):
        """(service, span) of all that was received."""
        for request in self.kept["/v1/traces"]:
            for resource in request.resource_spans:
                [service] = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        yield service, span


@pytest.fixture(scope="module")
def observed(tmp_path_factory):
    """Identity and the gateway have run with a collector, done some work, and stopped."""
    receiver = Receiver()
    stack = Stack(
        tmp_path_factory.mktemp("observed"), durable=False, telemetry_endpoint=receiver.url, services=("identity",)
    )
    stack.start()
    try:
        doorman = Doorman(stack.url, RequestLog())
        operator = doorman.program("operator", stack.plan.secrets.get("operator"))
        body = {
            "slug": "seen",
            "name": "Seen",
            "owner_login": "owner",
            "owner_name": "Canary",
            "owner_password": DEMO_PASSWORD,
        }
        operator.post("/api/v1/tenants", body)
        doorman.person("seen", "owner").get("/api/v1/tenant")
    finally:
        stack.stop()  # what is left is flushed on the way out
    yield receiver
    receiver.close()


def test_spans_of_rpcs_come_from_the_service_and_continue_the_gateways_trace(observed):
    """Gateway and identity have spans in one trace."""
    traces = {}
    for service, span in observed.spans():
        traces.setdefault(span.trace_id, set()).add((service, span.name))
    reads = [names for names in traces.values() if any("GetTenant" in name for _, name in names)]
    assert reads
    assert {service for service, _ in reads[0]} >= {"gateway", "identity"}


def test_metrics_of_rpcs_are_exported(observed):
    """Rate, errors and duration per RPC."""
    names = {
        metric.name
        for request in observed.kept["/v1/metrics"]
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {"rpc.server.duration", "polyclinic.outbox.published"} <= names


def test_log_lines_are_exported_and_hold_no_names(observed):
    """Structured lines leave as OTLP logs; nothing a person typed is in logs, spans or metrics."""
    bodies = [
        record.body.string_value
        for request in observed.kept["/v1/logs"]
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]
    assert "started" in bodies
    assert not any("Canary" in str(request) for requests in observed.kept.values() for request in requests)
