"""What happens around every HTTP request, in this order: id, trace, credentials, limits, work, headers, log."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import grpc
from flask import Request, Response, request
from google.protobuf.message import Message
from gunicorn.http.errors import NoMoreData, ParseException
from opentelemetry.trace import SpanKind
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from chassis import descriptors, errors, telemetry
from chassis.errors import Unauthenticated, Unavailable, Violation
from chassis.principal import Principal
from chassis.tokens import TokenVerifier
from gateway import errors as problems
from gateway.fairness import Turns
from gateway.limits import Limits
from gateway.request_log import RequestLog
from gateway.sessions import Session, Sessions
from gateway.transcoding.call import Backends

log = telemetry.logger(__name__)
duration = telemetry.histogram("http.server.request.duration", "s", "time from the request's arrival to its answer")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,7000}", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
CSRF_FIELD = "csrf_token"
# A remittance that is taken by hand is the largest thing a form carries.
MAX_FORM_BYTES = 13 * 1024 * 1024
_SAFE_VERBS = frozenset({"GET", "HEAD", "OPTIONS"})


class CsrfRefused(errors.PermissionDenied):
    """A change with a session cookie must prove that our own page sent it."""

    reason = "CSRF_TOKEN_REQUIRED"
    message = "Send the session's CSRF token in X-CSRF-Token."


class BadHeader(errors.Error):
    """A header that cannot be passed on."""

    reason = "INVALID_HEADER"
    code = grpc.StatusCode.INVALID_ARGUMENT
    message = "A header is not valid."

    def __init__(self, header: str, must: str) -> None:
        super().__init__(violations=[Violation(header, must)])


@dataclass
class Exchange:
    """One request at the door: who asks, from where, and what is known about it so far."""

    request: Request
    request_id: str
    address: str
    backends: Backends
    token: str = ""
    principal: Principal | None = None
    session: Session | None = None
    # The RPC that does the work, for log and metrics; and how often it was called.
    rpc: str = ""
    calls: int = 0
    # A page's form may carry the CSRF token in a field, since it is sent without a script.
    takes_forms: bool = False
    # Whose cookies are read and written; None: the door's own, of the API and the console.
    sessions: Sessions | None = None
    # A page asks several RPCs: each with how often.
    asked: Counter[str] = field(default_factory=Counter)
    # Set when the session's tokens were renewed on the way: the answer carries the new cookie.
    renewed: Session | None = None
    # Identity has ended the session of the cookie: the answer takes the cookie away.
    session_ended: bool = False

    def call(
        self,
        service: str,
        rpc: descriptors.Rpc,
        message: Message,
        idempotency_key: str = "",
        deadline: float | None = None,
    ) -> Any:
        """Calls an RPC as the caller. Raises grpc.RpcError and Unavailable."""
        self.rpc = rpc.full_name
        self.calls += 1
        return self.backends.call(service, rpc, message, self._metadata(idempotency_key), deadline)

    def begin(self, service: str, rpc: descriptors.Rpc, message: Message, idempotency_key: str = "") -> grpc.Future:
        """Begins a call as the caller, for a page that asks several at once; the future's result raises grpc.RpcError.

        Raises Unavailable (no address).
        """
        self.asked[rpc.full_name] += 1
        return self.backends.begin(service, rpc, message, self._metadata(idempotency_key))

    def _metadata(self, idempotency_key: str) -> list[tuple[str, str]]:
        metadata = [("x-request-id", self.request_id), ("x-client-address", self.address)]
        if self.token:
            metadata.append(("authorization", f"Bearer {self.token}"))
        if idempotency_key:
            metadata.append(("idempotency-key", idempotency_key))
        metadata.extend(telemetry.carrier().items())
        return metadata


Handler = Callable[[Exchange, dict[str, str]], Response]
Render = Callable[[problems.Problem, str], Response]
Admit = Callable[[Exchange], None]


class Edge:
    """Wraps handlers into Flask views. One per process."""

    def __init__(
        self,
        *,
        backends: Backends,
        verifier: TokenVerifier,
        sessions: Sessions,
        limits: Limits,
        turns: Turns,
        request_log: RequestLog,
        trusted_proxies: int,
    ) -> None:
        self.backends = backends
        self._verifier = verifier
        self._sessions = sessions
        self._limits = limits
        self._turns = turns
        self._request_log = request_log
        self._trusted_proxies = trusted_proxies

    def view(
        self,
        handler: Handler,
        label: str,
        *,
        rpc: str = "",
        public: bool = False,
        webhook: bool = False,
        forms: bool = False,
        sessions: Sessions | None = None,
        render: Render = problems.respond,
    ) -> Callable[..., Response]:
        """A Flask view of a handler.

        ``label`` is the path template (never the path, which may hold ids); ``rpc`` what it will call; ``webhook`` limits
        it as an outside party's; ``forms`` takes the CSRF token from a form's field too; ``sessions`` are those of a site with
        cookies of its own. Without ``public`` a missing or
        invalid token is refused here; services verify it again in any case.
        """
        span_name, resources = f"HTTP {label}", _resources_in(label)
        admit = self._admit_public if public else self._admit
        if webhook:
            admit = self._admit_webhook

        def view(**values: str) -> Response:
            started = perf_counter()
            # The request itself: each look through Flask's proxy would cost a context lookup.
            incoming: Request = request._get_current_object()  # type: ignore[attr-defined]
            exchange = Exchange(incoming, request_id(incoming.headers), self._address(incoming), self.backends, rpc=rpc)
            exchange.takes_forms, exchange.sessions = forms, sessions or self._sessions
            if forms:
                incoming.max_content_length = MAX_FORM_BYTES
            about = {"http.route": label, "http.request.method": incoming.method, **resources(values)}
            trace = {key: incoming.headers[key] for key in ("traceparent",) if key in incoming.headers}
            with telemetry.span(span_name, SpanKind.SERVER, trace, **about) as span:
                response = self._answer(handler, exchange, values, admit, render)
                span.set_attribute("http.response.status_code", response.status_code)
                if response.status_code >= 500:
                    telemetry.mark_error(span, str(response.status_code))
            self._finish(exchange, response)
            duration.record(
                perf_counter() - started,
                {"http.route": label, "http.request.method": incoming.method, "status": response.status_code},
            )
            self._note(exchange, label, response.status_code)
            return response

        return view

    # --- steps ------------------------------------------------------------------------------------------------------

    def _answer(
        self, handler: Handler, exchange: Exchange, values: dict[str, str], admit: Admit, render: Render
    ) -> Response:
        try:
            admit(exchange)
            principal = exchange.principal
            with self._turns.turn(str(principal.tenant_id or "") if principal is not None else ""):
                return handler(exchange, values)
        except errors.Error as error:
            problem = problems.from_error(error)
        except grpc.RpcError as error:
            problem = problems.from_rpc(error)
        except HTTPException as error:
            problem = problems.from_http(error)
        except (ParseException, NoMoreData):
            problem = problems.BROKEN_BODY
        except Exception as error:  # noqa: BLE001  (the last place before the wire: an incident number, never a traceback)
            problem = problems.incident(error)
        return render(problem, exchange.request_id)

    def _admit(self, exchange: Exchange) -> None:
        """For callers with a token."""
        self._identify(exchange, public=False)
        self._limit(exchange)

    def _admit_public(self, exchange: Exchange) -> None:
        """For anybody; a token that is sent is passed on."""
        self._identify(exchange, public=True)
        self._limit(exchange)

    def _admit_webhook(self, exchange: Exchange) -> None:
        """For outside parties, who prove themselves to the service by their signature."""
        self._limits.take_webhook(exchange.request.path)

    def _identify(self, exchange: Exchange, *, public: bool) -> None:
        """Finds the caller's token: the bearer's, else the session cookie's (renewed when it has run out)."""
        header = exchange.request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token := token.strip()):
                if public:
                    return
                raise Unauthenticated("Send Authorization: Bearer with a token.")
            exchange.token = token
        else:
            self._open_session(exchange)
        if exchange.token:
            try:
                exchange.principal = self._verifier.verify(exchange.token)
                telemetry.belongs_to(exchange.principal.tenant_id)
            except Unauthenticated:
                if not public:
                    self._limits.take("", "", exchange.address)
                    raise
            except Unavailable:
                # Identity is away and we do not know its key yet; the service that is called verifies anyway.
                log.warning("token not verified at the door")
        elif not public:
            self._limits.take("", "", exchange.address)
            raise Unauthenticated

    def _open_session(self, exchange: Exchange) -> None:
        sessions = exchange.sessions or self._sessions
        session = sessions.read(exchange.request.cookies)
        if session is None:
            return
        if exchange.request.method not in _SAFE_VERBS and not (
            session.proves(exchange.request.headers)
            or (exchange.takes_forms and session.matches(exchange.request.form.get(CSRF_FIELD, "")))
        ):
            raise CsrfRefused
        current = sessions.current(session, exchange.address, exchange.request_id)
        if current is None:
            exchange.session_ended = True
            return
        if current.refresh_token != session.refresh_token:
            exchange.renewed = current
        exchange.session = current
        exchange.token = current.access_token

    def _limit(self, exchange: Exchange) -> None:
        principal = exchange.principal
        if principal is None:
            self._limits.take("", "", exchange.address)
        else:
            self._limits.take(principal.id, str(principal.tenant_id or ""), exchange.address)

    def _finish(self, exchange: Exchange, response: Response) -> None:
        response.headers["X-Request-Id"] = exchange.request_id
        sessions = exchange.sessions or self._sessions
        if exchange.renewed is not None:
            sessions.write(response, exchange.renewed)
        elif exchange.session_ended:
            sessions.clear(response)

    def _note(self, exchange: Exchange, label: str, status: int) -> None:
        principal = exchange.principal
        for rpc, calls in list(exchange.asked.items()) or [(exchange.rpc, exchange.calls)]:
            self._request_log.write(
                request_id=exchange.request_id,
                verb=exchange.request.method,
                path=label,
                rpc=rpc,
                calls=calls,
                principal_id=principal.id if principal else "",
                tenant_id=str(principal.tenant_id or "") if principal else "",
                status=status,
            )

    def _address(self, incoming: Request) -> str:
        """The client's address: the peer's, or what the outermost trusted proxy saw."""
        if self._trusted_proxies:
            hops = [hop.strip() for hop in incoming.headers.get("X-Forwarded-For", "").split(",")]
            hop = hops[-self._trusted_proxies] if len(hops) >= self._trusted_proxies else ""
            if hop and hop.isascii() and hop.isprintable() and len(hop) <= 64:
                return hop
        return incoming.remote_addr or ""


def _resources_in(template: str) -> Callable[[dict[str, str]], dict[str, str]]:
    """What reads the ids in a template's path as a span's attributes, by which a visit's requests find each other.

    Only ids named in a contract, never a patient's own, and only what is a UUID: a path may hold anything that was typed.
    """
    # Path variables are numbered in the order of the template (``v0``, ``v1``).
    named = {f"v{number}": name for number, name in enumerate(re.findall(r"\{(\w+)", template))}
    kept = {key: f"polyclinic.{name}" for key, name in named.items() if name.endswith("_id") and name != "patient_id"}

    def resources(values: dict[str, str]) -> dict[str, str]:
        return {kept[key]: value for key, value in values.items() if key in kept and _UUID.fullmatch(value)}

    return resources


def request_id(headers: Headers) -> str:
    """The caller's X-Request-Id when it is well-formed, else a new one."""
    given = headers.get("X-Request-Id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return secrets.token_hex(16)


def idempotency_key(headers: Headers) -> str:
    """The Idempotency-Key header, "" without one. Raises BadHeader."""
    key = headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise BadHeader("Idempotency-Key", "must be 1 to 200 printable ASCII characters without spaces")
    return key


def if_match(headers: Headers) -> int | None:
    """The version in If-Match (``"3"``, ``W/"3"`` or ``3``); None without one or for ``*``. Raises BadHeader."""
    text = headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    digits = text.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19 and int(digits) > 0):
        raise BadHeader("If-Match", 'must be one ETag as we gave it, like "3"')
    return int(digits)
