"""OpenTelemetry traces, metrics and logs over OTLP, and structured log lines on stdout. Never PHI in any of them.

Instruments are declared at the head of the module that counts (``booked = telemetry.counter("polyclinic.…")``); the
names are kept, so that a test can compare the dashboards and alerts in ``infra/observability`` with what the code emits.
Attributes are of few values (an RPC, an outcome, an event's name); never a tenant, a person or an id.
"""

from __future__ import annotations

import importlib.metadata
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from uuid import UUID

from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Sampler, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis import loglines

tracer = trace.get_tracer("polyclinic")
_meter = metrics.get_meter("polyclinic")
# W3C trace context and nothing else: baggage would carry whatever a caller puts into it.
_context = TraceContextTextMapPropagator()
_started = threading.Lock()

# Bucket limits in seconds: requests, work that takes minutes to days, and work that takes days to months.
REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)
_HOUR, _DAY = 3_600.0, 86_400.0
LATENESS_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, _HOUR, 4 * _HOUR, 12 * _HOUR, _DAY, 3 * _DAY)
DAYS_SECONDS = tuple(days * _DAY for days in (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0))


def start(
    service: str, endpoint: str, instance: str, *, sample_ratio: float = 1.0, interval_seconds: float = 15.0
) -> None:
    """Installs the providers of this process, once. Without an endpoint nothing is exported; log lines still carry the
    trace that they belong to.

    Of all traces `sample_ratio` (0 to 1) are exported, the same ones by every service: the trace's id decides, so that
    a caller's flag can neither force nor hide them. Metrics go every `interval_seconds`.
    """
    loglines.to_stdout(service, instance)
    if not _started.acquire(blocking=False):
        return
    sampler: Sampler = TraceIdRatioBased(sample_ratio) if endpoint else ALWAYS_OFF
    resource = Resource.create(
        {
            "service.name": service,
            "service.instance.id": instance or service,
            "service.namespace": "polyclinic",
            "service.version": version(),
        }
    )
    traces = TracerProvider(sampler=sampler, resource=resource)
    trace.set_tracer_provider(traces)
    if endpoint:
        _export(service, endpoint, resource, traces, interval_seconds)


def _export(service: str, endpoint: str, resource: Resource, traces: TracerProvider, interval_seconds: float) -> None:
    # Only a process that exports pays for these imports.
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    url, milliseconds = endpoint.rstrip("/"), interval_seconds * 1000
    often = min(milliseconds, 5_000)
    traces.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces"), schedule_delay_millis=often)
    )
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint=f"{url}/v1/metrics"), export_interval_millis=milliseconds
    )
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{url}/v1/logs"), schedule_delay_millis=often)
    )
    set_logger_provider(logs)
    loglines.to_otlp(logs.get_logger(service))


def version() -> str:
    """The release that runs, "" when the package is not installed."""
    try:
        return importlib.metadata.version("polyclinic")
    except importlib.metadata.PackageNotFoundError:
        return ""


# --- logs -------------------------------------------------------------------------------------------------------------


class Logger:
    """Structured log lines: an event name and fields. The fields must hold no PHI; exceptions are told without theirs."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"{loglines.OURS}.{name}")

    def debug(self, event: str, **fields: object) -> None:
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, **fields: object) -> None:
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, *, exception: BaseException | None = None, **fields: object) -> None:
        self._logger.error(event, exc_info=exception, extra={"fields": fields})


def logger(name: str) -> Logger:
    """The logger of a module."""
    return Logger(name)


# --- metrics ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instrument:
    """What a module declares to count or measure. `kind` is "counter", "histogram" (with the upper limits of its buckets) or
    "gauge"."""

    name: str
    kind: str
    unit: str
    description: str
    buckets: tuple[float, ...] = ()


_declared: dict[str, Instrument] = {}


def declared() -> Mapping[str, Instrument]:
    """Every instrument that the modules imported so far have declared, by name."""
    return dict(_declared)


def _declare(name: str, kind: str, unit: str, description: str, buckets: Sequence[float] = ()) -> None:
    instrument = Instrument(name, kind, unit, description, tuple(buckets))
    if _declared.setdefault(name, instrument) != instrument:
        raise ValueError(f"the instrument {name} is declared twice, and differently")


def counter(name: str, unit: str = "1", description: str = "") -> metrics.Counter:
    """Something that happens: events, messages, minor units of money."""
    _declare(name, "counter", unit, description)
    return _meter.create_counter(name, unit, description)


def histogram(
    name: str, unit: str = "s", description: str = "", buckets: Sequence[float] = REQUEST_SECONDS
) -> metrics.Histogram:
    """Something that takes time. `buckets` are upper limits, in the unit."""
    _declare(name, "histogram", unit, description, buckets)
    return _meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=buckets)


Reading = tuple[float, Mapping[str, str]]


class Gauge:
    """A state that is read when metrics are collected: a backlog, a pool's use; or a sum that somebody else keeps."""

    def __init__(self, name: str, unit: str, description: str, *, sum_of: bool = False) -> None:
        self._name, self._unit, self._description = name, unit, description
        self._create = _meter.create_observable_counter if sum_of else _meter.create_observable_gauge

    def watch(self, read: Callable[[], Iterable[Reading]]) -> None:
        """Has `read` (value and attributes, as often as there are attributes) called at each collection.

        What cannot be read is left out: a database that is away has no backlog that we know of, and other metrics go on.
        """

        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            try:
                return [Observation(value, dict(attributes)) for value, attributes in read()]
            except Exception as error:  # noqa: BLE001  (metrics must never break, nor stop each other)
                logger(__name__).debug("gauge not read", gauge=self._name, error=error)
                return []

        self._create(self._name, [observe], self._unit, self._description)


def gauge(name: str, unit: str, description: str = "") -> Gauge:
    """A state; see `Gauge`."""
    _declare(name, "gauge", unit, description)
    return Gauge(name, unit, description)


def total(name: str, unit: str = "1", description: str = "") -> Gauge:
    """A sum that only grows and is kept by somebody else (the system's account of processor time); see `Gauge`."""
    _declare(name, "counter", unit, description)
    return Gauge(name, unit, description, sum_of=True)


# --- traces -----------------------------------------------------------------------------------------------------------


def carrier() -> dict[str, str]:
    """The current W3C trace context as headers (empty when nothing is traced)."""
    headers: dict[str, str] = {}
    _context.inject(headers)
    return headers


@contextmanager
def span(name: str, kind: SpanKind, headers: Mapping[str, str] | None = None, **attributes: str) -> Iterator[Span]:
    """A span as a context manager, continuing the trace in `headers` (of which only `traceparent` is taken: the other
    headers of the standard carry free text of the caller's).

    Exceptions pass through and leave no text in the span; see `mark_error`.
    """
    parent = None
    if headers is not None and "traceparent" in headers:
        parent = _context.extract({"traceparent": headers["traceparent"]})
    fresh = loglines.tenant.set("") if kind in (SpanKind.SERVER, SpanKind.CONSUMER) else None
    try:
        with tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            yield current
    finally:
        if fresh is not None:
            loglines.tenant.reset(fresh)


def belongs_to(tenant_id: UUID | None) -> None:
    """Says for which tenant the current request, message or due item is: in its log lines and its span."""
    if tenant_id is not None and loglines.tenant.get() is not None:
        loglines.tenant.set(str(tenant_id))
        trace.get_current_span().set_attribute("polyclinic.tenant_id", str(tenant_id))


def mark_error(current: Span, reason: str) -> None:
    """Marks a span as failed. `reason` is a stable code or an exception's type, never its text."""
    current.set_attribute("error.type", reason)
    current.set_status(trace.Status(trace.StatusCode.ERROR, reason))


outside_duration = histogram("polyclinic.outside.duration", "s", "time an outside party took to answer")


@contextmanager
def outside(party: str, operation: str) -> Iterator[Callable[[str], None]]:
    """Around a call to an outside party: a client span and its duration. `party` and `operation` are words of ours.

    The yielded function says that the call failed, and how (a stable code); an exception says so by its type.
    """
    outcome = "OK"
    started = perf_counter()
    with span(f"{party} {operation}", SpanKind.CLIENT, None, **{"peer.service": party}) as current:

        def failed(reason: str) -> None:
            nonlocal outcome
            outcome = reason
            mark_error(current, reason)

        try:
            yield failed
        except Exception as error:
            failed(type(error).__name__)
            raise
        finally:
            labels: dict[str, Any] = {"party": party, "operation": operation, "outcome": outcome}
            outside_duration.record(perf_counter() - started, labels)
