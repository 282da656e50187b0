"""What clients saw: every answer with its kind, by tenant and service, in order."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from infra.chaos.routes import Routes
from infra.day.accounts import Doorman
from infra.day.client import Api

PROBLEM_JSON: Final = "application/problem+json"
# The kinds of answers. The first two are no errors; a clean refusal is what the house promises while something is away.
OK: Final = "ok"
REFUSED: Final = "refused for a reason of business"
CLEAN: Final = "503 with Retry-After"
NO_ANSWER: Final = "connection broken"


@dataclass(frozen=True)
class Answer:
    """One request and how it ended; ``at`` is the monotonic instant of the end, ``seconds`` how long it took."""

    at: float
    seconds: float
    tenant: str
    service: str
    rpc: str
    kind: str

    @property
    def is_error(self) -> bool:
        return self.kind not in (OK, REFUSED)


def kind_of(status: int, headers: Mapping[str, str]) -> str:
    """What kind of answer it is by its status and headers alone; anything that is not promised is named by its status."""
    if status < 400:
        return OK
    if status == 503:
        said = headers.get("Retry-After", "").isdigit() and headers.get("Content-Type", "").startswith(PROBLEM_JSON)
        return CLEAN if said else "503 without Retry-After or problem"
    if status in {401, 429} or status >= 500:
        return str(status)
    return REFUSED


class Watch:
    """Every answer since the start; safe from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self._listeners: list[Callable[[str], None]] = []

    def on_request(self, listener: Callable[[str], None]) -> None:
        """Calls ``listener`` with the RPC's name just before each request is sent."""
        self._listeners.append(listener)

    def sending(self, rpc: str) -> None:
        """A request is about to be sent."""
        for listener in self._listeners:
            listener(rpc)

    def add(self, answer: Answer) -> None:
        """A request has ended."""
        with self._lock:
            self._answers.append(answer)

    def since(self, instant: float) -> list[Answer]:
        """The answers that came after a monotonic instant."""
        with self._lock:
            for index in range(len(self._answers) - 1, -1, -1):
                if self._answers[index].at < instant:
                    return self._answers[index + 1 :]
            return list(self._answers)

    @property
    def total(self) -> int:
        """How many requests have ended."""
        return len(self._answers)


def errors_by_kind(answers: Iterable[Answer]) -> dict[str, int]:
    """How many errors of which kind, the most frequent first."""
    return dict(Counter(answer.kind for answer in answers if answer.is_error).most_common())


class WatchedApi(Api):
    """An account whose every request is watched, those that are repeated under the same key as well."""

    def __init__(self, watch: Watch, routes: Routes, tenant: str, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._watch = watch
        self._routes = routes
        self._tenant = tenant

    def once(self, path: str, **query: Any) -> bool:
        """One GET without patience; whether it was answered well."""
        answer = self._attempt("GET", f"{path}?{urlencode(query)}" if query else path, None, {})
        if answer is not None and answer.status == 401:
            self._forget_token()
        return answer is not None and answer.status < 400

    def _attempt(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse | None:
        self._bearer()  # signs in first where it must: that request is watched as its own
        route = self._routes.find(method, target.partition("?")[0])
        self._watch.sending(route.rpc)
        began = time.monotonic()
        answer = super()._attempt(method, target, content, headers)
        ended = time.monotonic()
        kind = NO_ANSWER if answer is None else kind_of(answer.status, answer.headers)
        # A token's five minutes are over: the next request signs in again, which is nobody's trouble.
        if kind != "401" or self._sign_in is None:
            self._watch.add(Answer(ended, ended - began, self._tenant, route.service, route.rpc, kind))
        return answer


@dataclass(frozen=True)
class WatchingDoorman(Doorman):
    """Signs people in whose requests are watched as those of a tenant."""

    watch: Watch
    routes: Routes
    tenant: str

    def make(self, account: str, sign_in: Callable[[], str] | None) -> Api:
        """The account as a client that is watched."""
        return WatchedApi(self.watch, self.routes, self.tenant, self.url, account, sign_in, self.log)
