"""The HTTP side that every simulator has: control routes for the driver and a small threaded server."""

from __future__ import annotations

import argparse
import base64
import binascii
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.simulators.kit.clock import BusinessClock, ClockWentBackError, parse_instant, stamp

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024 * 1024
REAL_TIME_STEP_SECONDS = 1.0


class QuietHandler(WSGIRequestHandler):
    """Keep-alive connections and no line per request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are counted in /_sim/state, not printed."""
        del code, size


def control_routes(
    app: Flask,
    clock: BusinessClock,
    work: Callable[[], int | None],
    state: Callable[[], dict[str, Any]],
    next_due: Callable[[], str | None],
    owed: Callable[[], int] = lambda: 0,
) -> None:
    """Adds `/_sim/clock`, `/_sim/health` and `/_sim/state`.

    `work` does everything that is due by the clock's new instant, before `/_sim/clock` is answered, and returns how
    many webhooks were taken (`sent` in the answer): whether anybody outside has heard of it. `next_due` gives the
    earliest business instant at which something happens by itself, None when nothing is planned; `owed` how many
    webhooks are due and not taken yet, because our side is away.
    """
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    stepping = threading.Lock()

    @app.errorhandler(HTTPException)
    def as_json(error: HTTPException) -> Response:
        if error.response is not None:
            return error.response  # type: ignore[return-value]
        response = jsonify(error=error.description)
        response.status_code = error.code or 500
        return response

    @app.post("/_sim/clock")
    def set_clock() -> Response:
        body = request.get_json()
        try:
            instant = parse_instant(body["now"])
        except (KeyError, TypeError, ValueError) as error:
            abort(400, f'the body must be {{"now": "2026-03-02T14:00:00Z"}}: {error}')
        with stepping:
            try:
                clock.set(instant)
            except ClockWentBackError as error:
                abort(409, str(error))
            sent = work() or 0
        return jsonify(now=stamp(clock.now()), next_due=next_due(), sent=sent, owed=owed())

    @app.get("/_sim/health")
    def health() -> Response:
        return jsonify(status="ok", now=stamp(clock.now()), simulated=clock.simulated)

    @app.get("/_sim/state")
    def totals() -> Response:
        return jsonify({**state(), "now": stamp(clock.now()), "next_due": next_due(), "owed": owed()})


def basic_credentials() -> tuple[str, str]:
    """User and password of HTTP Basic authentication; answers 401 when they are missing or malformed."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        kind, user, colon, password = "", "", "", ""
    if kind.lower() != "basic" or not colon or not user or not password:
        response = jsonify(error="HTTP Basic credentials are needed")
        response.status_code = 401
        response.headers["WWW-Authenticate"] = 'Basic realm="simulator"'
        abort(response)
    return user, password


def standard_arguments(description: str, port: int) -> argparse.ArgumentParser:
    """The options each simulator takes: --host, --port, --data, --seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=port, help="port to listen on")
    parser.add_argument("--data", type=Path, required=True, help="folder for the durable state")
    parser.add_argument("--seed", type=int, default=1, help="decides everything that is left to chance")
    return parser


def listen(host: str, port: int, name: str) -> socket.socket:
    """A listening socket; ends the process with one clear line when the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        sys.exit(f"{name}: port {port} on {host} is taken")
    listener.listen(128)
    return listener


def serve(
    app: Flask, host: str, port: int, name: str, clock: BusinessClock, work: Callable[[], object] | None = None
) -> None:
    """Serves until SIGTERM or SIGINT; exits with one clear line when the port is taken.

    While no driver steps the clock, `work` runs each second of real time.
    """
    logging.basicConfig(level=logging.WARNING, format=f"{name}: %(message)s")
    listener = listen(host, port, name)
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler, fd=listener.fileno())
    stopping = threading.Event()

    def stop(*_: object) -> None:
        stopping.set()
        threading.Thread(target=server.shutdown).start()

    def work_in_real_time() -> None:
        while work and not stopping.wait(REAL_TIME_STEP_SECONDS):
            try:
                if not clock.simulated:
                    work()
            except Exception:
                log.exception("planned work failed, it is tried again")

    threading.Thread(target=work_in_real_time, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"{name} listens on http://{host}:{listener.getsockname()[1]}", flush=True)
    server.serve_forever()
