"""The headers that every answer carries, added as WSGI middleware: one list per process instead of ten calls per request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Answers are data: whatever a browser is made to think they are, nothing in them may run.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
}
STAY_ON_TLS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_security_headers(application: Wsgi, *, secure: bool) -> Wsgi:
    """The application with these headers on every answer that does not set them itself (a page has its own policy)."""
    always = [*HEADERS.items(), *([STAY_ON_TLS] if secure else [])]

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name for name, _ in headers}
            headers.extend(pair for pair in always if pair[0] not in present)
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        return application(environ, start)

    return wrapped
