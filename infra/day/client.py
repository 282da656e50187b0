"""The day's REST client: what any program outside the house would write.

One ``Api`` per signed-in account; it is safe to use from many threads. Every unsafe call carries an idempotency key,
so a call whose answer was lost (a killed process, a full queue) is simply sent again and takes effect once.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

Json = dict[str, Any]

# Real seconds: how long a call is repeated while its service is away, and between two attempts.
PATIENCE_SECONDS: Final = 60.0
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 1.0
# Too many requests, bad gateway, service unavailable, gateway timeout: the same call may well succeed in a moment.
TRANSIENT: Final = frozenset({429, 502, 503, 504})
TIMEOUT_SECONDS: Final = 30.0
CONNECTIONS: Final = 16


class ApiError(Exception):
    """A refusal: HTTP status, the stable public reason, the problem document."""

    def __init__(self, method: str, path: str, status: int, problem: Json) -> None:
        self.status = status
        self.reason = str(problem.get("reason", ""))
        self.problem = problem
        violations = "; ".join(
            f"{found.get('field')}: {found.get('description')}" for found in problem.get("violations", [])
        )
        super().__init__(f"{method} {path} → {status} {self.reason} {problem.get('detail', '')} {violations}".strip())


@dataclass(frozen=True)
class Sent:
    """One answered call, for the day's own log: what was asked, as whom, and how it ended."""

    method: str
    path: str
    status: int
    request_id: str
    account: str
    seconds: float


class RequestLog:
    """Everything the day has sent and been answered, in order of the answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[Sent] = []

    def add(self, sent: Sent) -> None:
        with self._lock:
            self.entries.append(sent)


class Api:
    """Calls ``base_url`` as one account. ``sign_in`` answers a fresh bearer token whenever the last one has run out."""

    def __init__(self, base_url: str, account: str, sign_in: Callable[[], str] | None, log: RequestLog) -> None:
        # Connections are kept, as many as there are threads that call at once; whether to try again is ours to decide.
        self._connections = urllib3.connection_from_url(
            base_url, maxsize=CONNECTIONS, retries=False, timeout=urllib3.Timeout(TIMEOUT_SECONDS)
        )
        self._sign_in = sign_in
        self._log = log
        # Go with every request, e.g. the trace that it belongs to.
        self.headers: dict[str, str] = {}
        self._token: str | None = None
        self._token_lock = threading.Lock()
        self.account = account

    def get(self, path: str, **query: Any) -> Json:
        """GET a resource; keyword arguments become the query."""
        return self._json("GET", path, query=query)

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """POST; ``key`` is the idempotency key, made up when not given."""
        return self._json("POST", path, body=body or {}, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def put(self, path: str, body: Json, *, key: str | None = None) -> Json:
        """PUT; as ``post``."""
        return self._json("PUT", path, body=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def patch(self, path: str, body: Json, *, key: str | None = None) -> Json:
        """PATCH; as ``post``."""
        return self._json("PATCH", path, body=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def delete(self, path: str, **query: Any) -> Json:
        """DELETE a resource."""
        return self._json("DELETE", path, query=query)

    def post_raw(self, path: str, body: bytes, content_type: str) -> Json:
        """POST bytes as they are (a FHIR bundle)."""
        answer: Json = self._send("POST", path, raw=body, content_type=content_type).json()
        return answer

    def download(self, path: str) -> bytes:
        """GET a file."""
        return self._send("GET", path).data

    def pages(self, path: str, field: str, **query: Any) -> Iterator[Json]:
        """Every item of a list, page after page; ``field`` is the list's name in the answer."""
        token = ""
        while True:
            page = self.get(path, page_size=500, page_token=token, **query)
            yield from page.get(field, [])
            token = page.get("next_page_token", "")
            if not token:
                return

    def _json(self, method: str, path: str, **more: Any) -> Json:
        answer: Json = self._send(method, path, **more).json()
        return answer

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"{path}?{urlencode(asked, doseq=True)}" if asked else path
        content = raw if body is None else json.dumps(body).encode()
        sent = dict(headers or {})
        if content is not None:
            sent["Content-Type"] = content_type
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        renewed = False
        while True:
            answer = self._attempt(method, target, content, sent)
            if answer is not None and answer.status == 401 and self._sign_in is not None and not renewed:
                self._forget_token()
                renewed = True
                continue
            if answer is not None and answer.status not in TRANSIENT:
                if answer.status >= 400:
                    raise ApiError(method, path, answer.status, _problem(answer))
                return answer
            if time.monotonic() > deadline:
                raise ApiError(
                    method, path, answer.status if answer is not None else 0, {"detail": "no answer in time"}
                )
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _attempt(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse | None:
        """One try (``target``: path and query); None when the connection broke."""
        token = self._bearer()
        sent = {**self.headers, **headers}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        started = time.monotonic()
        try:
            answer = self._connections.urlopen(method, target, body=content, headers=sent, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError):
            return None
        request_id = answer.headers.get("X-Request-Id", "")
        elapsed = time.monotonic() - started
        self._log.add(Sent(method, target.partition("?")[0], answer.status, request_id, self.account, elapsed))
        return answer

    def _bearer(self) -> str | None:
        if self._sign_in is None:
            return None
        with self._token_lock:
            if self._token is None:
                self._token = self._sign_in()
            return self._token

    def _forget_token(self) -> None:
        with self._token_lock:
            self._token = None


def _problem(answer: urllib3.BaseHTTPResponse) -> Json:
    try:
        problem: Json = answer.json()
    except ValueError:
        return {"detail": answer.data.decode(errors="replace")[:500]}
    return problem
