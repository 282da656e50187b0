"""What a log line looks like and what it may say: one JSON object a line, with trace and tenant, and never PHI.

The texts of exceptions are the usual leak: PostgreSQL quotes rows, ``int("Smith")`` quotes its argument, a parser quotes
the element it stumbled over. So a line says an exception's type and where it was raised, and its text only where nobody's
data can be in it (`told`).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import psycopg
from nats.errors import Error as NatsError
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from sqlalchemy.exc import DBAPIError

# Our own lines are below this logger, those of libraries are not.
OURS = "polyclinic"
# The tenant of the request, message or due item that this thread works on: "" when that belongs to none (yet), None when the
# thread works on nothing of the kind.
tenant: ContextVar[str | None] = ContextVar("tenant", default=None)
# PostgreSQL's messages of this class ("invalid input syntax for type uuid: …") quote the value.
_DATA_EXCEPTIONS = "22"
_VALUE = re.compile(r"[\":]")
_FRAMES = 40
_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}


def told(error: BaseException) -> str:
    """What may be said of an exception: its type, and the part of its text that cannot hold anybody's data.

    That is the `internal` text of the house's errors, PostgreSQL's state and primary message (not of data exceptions,
    never DETAIL), what the system or NATS says about a connection, and names in the code.
    """
    name = type(error).__name__
    text = _safe_text(error)
    return f"{name}: {text}" if text else name


def _safe_text(error: BaseException) -> str:
    if isinstance(internal := getattr(error, "internal", None), str):
        return internal or str(getattr(error, "reason", ""))
    if isinstance(error, DBAPIError):
        return _safe_text(error.orig) if error.orig is not None else ""
    if isinstance(error, psycopg.Error):
        return of_postgres(error)
    if isinstance(error, OSError):
        return error.strerror or ""
    if isinstance(error, NatsError | AttributeError | ImportError | NotImplementedError):
        return str(error)
    return ""


def of_postgres(error: psycopg.Error) -> str:
    """What PostgreSQL says, without what it quotes: never DETAIL (the row), and of a data exception only what comes before
    the value."""
    if error.sqlstate is None:  # no server has seen a row: the connection failed
        return str(error).partition("\n")[0]
    message = error.diag.message_primary or ""
    if error.sqlstate.startswith(_DATA_EXCEPTIONS):
        message = _VALUE.split(message, 1)[0].strip()
    return " ".join(part for part in (error.sqlstate, message, error.diag.constraint_name or "") if part)


def stack_of(error: BaseException) -> str:
    """The exception, where it was raised, and what it was caused by: types, safe texts, files and lines of code."""
    parts = []
    for each in _chain(error):
        frames = traceback.extract_tb(each.__traceback__)[-_FRAMES:]
        parts.append("".join([f"{told(each)}\n", *traceback.format_list(frames)]).rstrip())
    return "\ncaused by ".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _event(record: logging.LogRecord) -> str:
    """The event's name. A library's text is taken as its template: what is filled in may be a URL or somebody's data."""
    return record.getMessage() if record.name.startswith(OURS) else str(record.msg)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """Tenant, the event's own fields, and what is said of an exception."""
    fields: dict[str, object] = {}
    if working_for := tenant.get():
        fields["tenant_id"] = working_for
    for key, value in getattr(record, "fields", {}).items():
        fields[key] = told(value) if isinstance(value, BaseException) else value
    if record.exc_info and record.exc_info[1] is not None:
        fields["exception"] = stack_of(record.exc_info[1])
    return fields


class JsonLines(logging.Formatter):
    """One event a line: when, how grave, which service, what, in which trace, for which tenant."""

    def __init__(self, service: str, instance: str) -> None:
        super().__init__()
        self._about = {"service": service} | ({"instance": instance} if instance else {})

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._about,
            "logger": record.name,
            "event": _event(record),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = f"{context.trace_id:032x}"
            line["span_id"] = f"{context.span_id:016x}"
        line.update(_fields(record))
        return json.dumps(line, default=str, ensure_ascii=False)


class OtlpLines(logging.Handler):
    """Hands the same events to the OTLP log exporter, which adds the trace they happened in."""

    def __init__(self, logger: Any) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        attributes = {key: str(value) for key, value in _fields(record).items()}
        if "exception" in attributes:
            attributes["exception.stacktrace"] = attributes.pop("exception")
        self._logger.emit(
            timestamp=int(record.created * 1e9),
            severity_number=_SEVERITIES.get(record.levelno, SeverityNumber.INFO),
            severity_text=record.levelname,
            body=_event(record),
            attributes={"logger": record.name, **attributes},
        )


def to_stdout(service: str, instance: str) -> None:
    """Writes our lines, and the warnings of libraries, to standard output. A second call only renames the writer."""
    ours, libraries = logging.getLogger(OURS), logging.getLogger()
    formatter = JsonLines(service, instance)
    known = [h for h in (*ours.handlers, *libraries.handlers) if isinstance(h.formatter, JsonLines)]
    for handler in known:
        handler.setFormatter(formatter)
    if known:
        return
    for logger, level in ((ours, logging.INFO), (libraries, logging.WARNING)):
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(formatter)
        handler.setLevel(level)
        logger.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    threading.excepthook = _thread_died
    warnings.showwarning = _warned


def to_otlp(logger: Any) -> None:
    """Hands our lines, and the warnings of libraries, to an OTLP logger as well."""
    logging.getLogger(OURS).addHandler(OtlpLines(logger))
    libraries = OtlpLines(logger)
    libraries.setLevel(logging.WARNING)
    # What the exporter itself complains of would be exported again, and complained of again.
    libraries.addFilter(lambda record: not record.name.startswith("opentelemetry"))
    logging.getLogger().addHandler(libraries)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as an event: its kind and where it was given; its text may quote what it warns of."""
    del message, file, line
    fields = {"category": category.__name__, "where": f"{filename}:{lineno}"}
    logging.getLogger(f"{OURS}.warnings").warning("python warning", extra={"fields": fields})


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is None or died.exc_type is SystemExit:
        return
    name = died.thread.name if died.thread else ""
    info = (died.exc_type, died.exc_value, died.exc_traceback)
    logging.getLogger(f"{OURS}.thread").error("thread died", exc_info=info, extra={"fields": {"thread": name}})
