"""OpenTelemetry traces, metrics and logs over OTLP, and structured log lines on stdout. Never PHI in any of them."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span

tracer = trace.get_tracer("polyclinic")
_meter = metrics.get_meter("polyclinic")
_started = threading.Lock()


def start(service: str, endpoint: str, instance: str) -> None:
    """Installs the providers of this process, once. Without an endpoint nothing is exported and spans cost nothing."""
    _log_to_stdout(service)
    if not endpoint or not _started.acquire(blocking=False):
        return
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {"service.name": service, "service.instance.id": instance or service, "service.namespace": "polyclinic"}
    )
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(traces)
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"), export_interval_millis=15_000
    )
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{endpoint}/v1/logs")))
    set_logger_provider(logs)
    logging.getLogger("polyclinic").addHandler(_OtlpHandler(logs.get_logger(service)))


class _OtlpHandler(logging.Handler):
    """Hands our structured lines to the OTLP log exporter."""

    def __init__(self, logger: Any) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "fields", {})
        self._logger.emit(
            timestamp=int(record.created * 1e9),
            severity_text=record.levelname,
            body=record.getMessage(),
            attributes={key: str(value) for key, value in fields.items()},
        )


# PostgreSQL quotes rows in these lines, and rows may hold PHI.
_WITH_ROWS = re.compile(r"^(DETAIL|CONTEXT|HINT|\[parameters):?.*$\n?", re.MULTILINE)


class _JsonLines(logging.Formatter):
    """One event a line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage(),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = format(context.trace_id, "032x")
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = _WITH_ROWS.sub("", self.formatException(record.exc_info))
        return json.dumps(line, default=str)


def _log_to_stdout(service: str) -> None:
    root = logging.getLogger("polyclinic")
    if any(isinstance(handler, logging.StreamHandler) for handler in root.handlers):
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines(service))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False


class Logger:
    """Structured log lines: an event name and fields. The fields must hold no PHI."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"polyclinic.{name}")

    def debug(self, event: str, **fields: object) -> None:
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, **fields: object) -> None:
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, *, exception: BaseException | None = None, **fields: object) -> None:
        self._logger.error(event, exc_info=exception, extra={"fields": fields})


def logger(name: str) -> Logger:
    return Logger(name)


def counter(name: str, unit: str = "1", description: str = "") -> metrics.Counter:
    return _meter.create_counter(name, unit, description)


def histogram(name: str, unit: str = "s", description: str = "") -> metrics.Histogram:
    return _meter.create_histogram(name, unit, description)


def carrier() -> dict[str, str]:
    """The current W3C trace context as headers (empty when nothing is traced)."""
    headers: dict[str, str] = {}
    inject(headers)
    return headers


def span(name: str, kind: trace.SpanKind, headers: dict[str, str] | None = None, **attributes: str):  # type: ignore[no-untyped-def]
    """A span as a context manager, continuing the trace in `headers`."""
    parent = extract(headers) if headers and "traceparent" in headers else None
    return tracer.start_as_current_span(name, context=parent, kind=kind, attributes=attributes, record_exception=False)


def mark_error(current: Span, reason: str) -> None:
    current.set_attribute("error.type", reason)
    current.set_status(trace.Status(trace.StatusCode.ERROR, reason))
