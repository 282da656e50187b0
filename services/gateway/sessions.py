"""Browser sessions: identity's tokens, sealed into a cookie that only this gateway can open. Nothing is kept on our
side."""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Response
from werkzeug.datastructures import Headers

from chassis.errors import Error, Unauthenticated

COOKIE = "polyclinic_session"
CSRF_COOKIE = "polyclinic_csrf"
CSRF_HEADER = "X-CSRF-Token"
# A browser keeps 4,096 bytes a cookie, name and attributes included; longer sessions go into several.
CHUNK = 3_600
MAX_CHUNKS = 4
# Renewed this long before the access token runs out, so that it does not run out on the way.
MARGIN_SECONDS = 15
# A page asks several things at once with the same old cookie: all of them are given what the first one got.
REMEMBER_SECONDS = 60
_PURPOSE = b"polyclinic session v1"


@dataclass(frozen=True)
class Session:
    """What the cookie holds. Times are real Unix seconds."""

    access_token: str
    refresh_token: str
    # When the access token runs out.
    expires_at: int
    # The double-submit token: also in a cookie that scripts of our own origin can read.
    csrf: str

    def proves(self, headers: Headers) -> bool:
        """Whether the request carries the session's CSRF token in its header."""
        return self.matches(headers.get(CSRF_HEADER, ""))

    def matches(self, given: str) -> bool:
        """Whether this is the session's CSRF token, as a header or a form's field carries it."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.csrf.encode())


# (refresh token, client address, request id) → (access token, refresh token, expiry in Unix seconds)
Refresh = Callable[[str, str, str], tuple[str, str, int]]


class Sessions:
    """Seals, opens and renews sessions."""

    def __init__(
        self,
        key: bytes,
        *,
        secure: bool,
        real_seconds: Callable[[], float],
        refresh: Refresh,
        prefix: str = "polyclinic",
        path: str = "/",
    ) -> None:
        self._cipher = AESGCM(key)
        self._cookie, self._csrf_cookie, self._path = f"{prefix}_session", f"{prefix}_csrf", path
        self._secure = secure
        self._real_seconds = real_seconds
        self._refresh = refresh
        self._lock = threading.Lock()
        # refresh token → (when, what came of it); small: only the last minute's.
        self._renewed: dict[str, tuple[float, Session | None]] = {}
        self._renewing: dict[str, threading.Lock] = {}

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS, whoever ends it: cookies are sent over nothing else then."""
        return self._secure

    def new(self, access_token: str, refresh_token: str, expires_at: int) -> Session:
        """A session for tokens just issued, with a CSRF token of its own."""
        return Session(access_token, refresh_token, expires_at, secrets.token_urlsafe(24))

    def seal(self, session: Session) -> str:
        """AES-256-GCM over the session; URL-safe base64 text."""
        nonce = os.urandom(12)
        plain = json.dumps(asdict(session), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, _PURPOSE)).decode().rstrip("=")

    def open(self, sealed: str) -> Session | None:
        """The session of a sealed text; None when it is not one of ours (tampered, or sealed with another key)."""
        try:
            raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return Session(**json.loads(self._cipher.decrypt(raw[:12], raw[12:], _PURPOSE)))
        except (ValueError, TypeError, InvalidTag):
            return None

    # --- cookies ----------------------------------------------------------------------------------------------------

    def read(self, cookies: Mapping[str, str]) -> Session | None:
        """The session of a request's cookies, None without one."""
        if self._cookie not in cookies:
            return None
        parts = [cookies[self._cookie]]
        for index in range(1, MAX_CHUNKS):
            part = cookies.get(f"{self._cookie}.{index}")
            if part is None:
                break
            parts.append(part)
        return self.open("".join(parts))

    def write(self, response: Response, session: Session) -> None:
        """Sets the session's cookies: sealed and HttpOnly for the tokens, readable for the CSRF token."""
        sealed = self.seal(session)
        chunks = [sealed[start : start + CHUNK] for start in range(0, len(sealed), CHUNK)]
        for index in range(MAX_CHUNKS):
            name = f"{self._cookie}.{index}" if index else self._cookie
            if index < len(chunks):
                response.set_cookie(
                    name, chunks[index], httponly=True, samesite="Lax", secure=self._secure, path=self._path
                )
            elif index == len(chunks):
                response.delete_cookie(name, httponly=True, samesite="Lax", secure=self._secure, path=self._path)
        response.set_cookie(self._csrf_cookie, session.csrf, samesite="Lax", secure=self._secure, path=self._path)

    def clear(self, response: Response) -> None:
        """Takes all cookies of the session away."""
        for index in range(MAX_CHUNKS):
            name = f"{self._cookie}.{index}" if index else self._cookie
            response.delete_cookie(name, httponly=True, samesite="Lax", secure=self._secure, path=self._path)
        response.delete_cookie(self._csrf_cookie, samesite="Lax", secure=self._secure, path=self._path)

    # --- renewal ----------------------------------------------------------------------------------------------------

    def current(self, session: Session, address: str, request_id: str) -> Session | None:
        """The session itself while its access token lasts, else a renewed one; None when identity ended it.

        Raises Unavailable when identity cannot be asked and the token has run out.
        """
        now = self._real_seconds()
        if session.expires_at - MARGIN_SECONDS > now:
            return session
        with self._lock:
            self._forget(now)
            turn = self._renewing.setdefault(session.refresh_token, threading.Lock())
        with turn:
            known = self._renewed.get(session.refresh_token)
            if known is not None:
                return known[1]
            return self._renew(session, now, address, request_id)

    def _renew(self, session: Session, now: float, address: str, request_id: str) -> Session | None:
        try:
            access, refresh, expires_at = self._refresh(session.refresh_token, address, request_id)
            # Without a new refresh token another replica was first; the browser has, or will get, the cookie it made.
            renewed = Session(access, refresh or session.refresh_token, expires_at, session.csrf)
        except Unauthenticated:
            renewed = None
        except Error:
            if session.expires_at > now:
                return session
            raise
        with self._lock:
            self._renewed[session.refresh_token] = (now, renewed)
        return renewed

    def _forget(self, now: float) -> None:
        for token in [token for token, (at, _) in self._renewed.items() if now - at > REMEMBER_SECONDS]:
            del self._renewed[token]
            self._renewing.pop(token, None)
