"""gunicorn, configured in code: threads for requests and streams, no preload (a gRPC channel must not live across a
fork)."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import errors as http

from gateway.settings import Settings
from gateway.waiting import WaitingWorker

GRACE_SECONDS = 20
KEEPALIVE_SECONDS = 75
# A bearer token with many permissions and a sealed session both fit; more is refused with 431.
MAX_HEADER_BYTES = 8_190
# So much of a body that nobody has read gunicorn throws away, so that the connection can be kept.
DRAINED = 64 * 1024

_REFUSALS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (http.LimitRequestLine, 414, "URI_TOO_LONG", "The URL is too long."),
    (http.LimitRequestHeaders, 431, "HEADERS_TOO_LARGE", "The headers are too many or too large."),
    (http.ExpectationFailed, 417, "EXPECTATION_FAILED", "This expectation cannot be met."),
    (http.UnsupportedTransferCoding, 501, "TRANSFER_CODING_UNSUPPORTED", "This transfer coding is not supported."),
    (http.ParseException, 400, "MALFORMED_REQUEST", "This is not a well-formed HTTP request."),
)


class Worker(WaitingWorker):
    """gunicorn's threaded worker that speaks problem+json from the first byte and ends streams when it is told to
    stop."""

    def handle_error(self, req: object, client: socket.socket, addr: object, exc: Exception) -> None:
        """Answers what could not even be parsed as a request."""
        for kind, status, reason, detail in _REFUSALS:
            if isinstance(exc, kind):
                client.sendall(raw_problem(status, reason, detail))
                return
        super().handle_error(req, client, addr, exc)

    def handle_exit(self, sig: int, frame: object) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: object) -> None:
        self._end_streams()
        super().handle_quit(sig, frame)

    def _end_streams(self) -> None:
        """An open event stream would keep its thread, and us, until it is killed."""
        streams = getattr(self.wsgi, "extensions", {}).get("polyclinic.streams")
        if streams is not None:
            streams.end_all()


def raw_problem(status: int, reason: str, detail: str) -> bytes:
    """A whole HTTP response for a request that never became one."""
    import secrets
    from http import HTTPStatus

    from gateway import errors
    from gateway.transcoding.json_out import dumps

    title, number = HTTPStatus(status).phrase, secrets.token_hex(16)
    body = dumps(
        {
            "type": errors.PROBLEM_TYPES + reason,
            "title": title,
            "status": status,
            "detail": detail,
            "reason": reason,
            "request_id": number,
        }
    )
    head = (
        f"HTTP/1.1 {status} {title}\r\nContent-Type: {errors.PROBLEM_JSON}\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-Id: {number}\r\n"
        "Connection: close\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
    )
    return head.encode() + body


class Events(Logger):
    """gunicorn's own messages as events of ours."""

    def setup(self, cfg: object) -> None:
        """Takes gunicorn's handlers away."""
        from chassis import loglines

        super().setup(cfg)
        loglines.to_stdout("gateway", "")
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.addHandler(_ToOurs(os.getpid()))


class _ToOurs(logging.Handler):
    """The master speaks of sockets and workers. A worker fills in addresses, paths and queries, which people have typed: of
    its messages only the template is kept, and what may be said of an exception."""

    def __init__(self, master: int) -> None:
        super().__init__()
        self._master = master

    def emit(self, record: logging.LogRecord) -> None:
        from chassis import telemetry

        error = record.exc_info[1] if record.exc_info else None
        log = telemetry.logger("gateway.gunicorn")
        event = record.getMessage() if record.process == self._master else str(record.msg)
        if record.levelno >= logging.ERROR:
            log.error(event, exception=error)
        else:
            log.warning(event)


class Server(BaseApplication):
    """The gateway as a gunicorn application. The master holds settings only; contracts and gRPC live in the workers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        streams = settings.max_streams if settings.gateway_role != "api" else 0
        values: dict[str, Any] = {
            "bind": [settings.listen],
            "worker_class": Worker,
            "workers": settings.http_workers,
            # An open stream keeps a thread; threads are made as they are needed.
            "threads": settings.http_threads + streams,
            "worker_connections": 2_000,
            "keepalive": KEEPALIVE_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "timeout": 60,
            "limit_request_field_size": MAX_HEADER_BYTES,
            "limit_request_fields": 80,
            "preload_app": False,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "logger_class": Events,
            "proc_name": "polyclinic-gateway",
            "post_worker_init": _ready,
            "worker_exit": _exit,
            "control_socket_disable": True,
        }
        for name, value in values.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application; called in each worker, after the fork."""
        from chassis import backlog, telemetry
        from gateway.app import create_app

        settings = self._settings
        telemetry.start(
            "gateway",
            settings.otlp_endpoint,
            settings.instance,
            sample_ratio=settings.trace_sample_ratio,
            interval_seconds=settings.otlp_interval_seconds,
        )
        app = create_app(settings)
        app.wsgi_app = closing_after_unread(app.wsgi_app)  # type: ignore[method-assign]
        backlog.watch_process(lambda: True)  # a worker without routes never gets here
        return app


def closing_after_unread(application: Callable[..., Any]) -> Callable[..., Any]:
    """The application under gunicorn, whose refusals say ``Connection: close`` when more of the body is unread than gunicorn throws
    away: it closes the connection then, and a client that was told to keep it would send its next request into nothing."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if status[:1] in "45" and unread(environ):
                start_response.__self__.force_close()  # type: ignore[attr-defined]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return application(environ, start)

    return wrapped


def unread(environ: dict[str, Any]) -> bool:
    """Whether more of the body than is thrown away may still be to come; of one in chunks nobody knows."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return True
    left: int = getattr(environ["wsgi.input"].reader, "length", 0)
    return left >= DRAINED


def _ready(worker: Worker) -> None:
    from chassis import garbage, telemetry

    garbage.settle()
    telemetry.logger(__name__).info("started", listen=", ".join(worker.cfg.bind))


def _exit(server: object, worker: Worker) -> None:
    extensions = getattr(worker.wsgi, "extensions", {})
    for name in ("polyclinic.streams", "polyclinic.backends"):
        if name in extensions:
            extensions[name].close()
