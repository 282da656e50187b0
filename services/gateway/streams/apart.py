"""Streams on pods of their own, so that thousands of them never take a booking's thread.

An Ingress tells requests apart by how their paths begin, and a stream's path begins like any other. So pods of the role
"api" send whoever opens a stream to the same path below ``/streams`` (307: browsers and HTTP clients follow within one
origin, headers and all), the Ingress leads ``/streams`` to the pods of the role "streams", and those serve both paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request

from gateway.streams import day, signals

PREFIX = "/streams"
PATHS = (day.PATH, signals.PATH)

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def add_redirects(app: Flask) -> None:
    """Answers every stream's path with 307 and the same path (and query) below ``/streams``."""

    def elsewhere(**_values: str) -> Response:
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        response = Response(status=307)
        response.headers["Location"] = f"{PREFIX}{request.environ['PATH_INFO']}{query}"
        response.headers["Cache-Control"] = "no-store"
        return response

    for path in PATHS:
        rule = re.sub(r"{(\w+)}", r"<segment:\1>", path)
        app.add_url_rule(rule, f"elsewhere {path}", elsewhere, methods=["GET"], provide_automatic_options=False)


def below_prefix(application: Wsgi) -> Wsgi:
    """The application, which takes ``/streams/<path>`` for ``<path>``."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(f"{PREFIX}/"):
            environ = {**environ, "PATH_INFO": path.removeprefix(PREFIX)}
        return application(environ, start_response)

    return answer
