"""Verification of signed tokens (JWT, EdDSA). Services trust nobody's word: each verifies every token itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import jwt
from jwt.algorithms import OKPAlgorithm

from chassis.clock import monotonic, real_now
from chassis.errors import Unauthenticated, Unavailable
from chassis.principal import Principal

ISSUER = "polyclinic"
AUDIENCE = "polyclinic"
ALGORITHM = "EdDSA"
# How often an unknown key id may make us ask for the key set again.
REFETCH_SECONDS = 3.0
CACHE_SIZE = 5_000
# So far may two machines' clocks be apart: a token from a clock ahead of ours is not refused as one from the future.
LEEWAY_SECONDS = 30


class TokenVerifier:
    """Turns a bearer token into a Principal. Keys come from `fetch_keys() -> {"keys": [JWK…]}`."""

    def __init__(self, fetch_keys: Callable[[], dict[str, Any]]) -> None:
        self._sources = [fetch_keys]
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._cache: dict[str, Principal] = {}
        self._not_before: dict[str, int] = {}
        self._lock = threading.Lock()

    def verify(self, token: str) -> Principal:
        """The principal of a valid token. Raises Unauthenticated (and Unavailable when no key can be had)."""
        known = self._cache.get(token)
        now = int(real_now().timestamp())
        if known is not None and known.expires_at > now:
            return self._unless_revoked(known)
        principal = self._decode(token)
        if len(self._cache) >= CACHE_SIZE:
            self._cache.clear()
        self._cache[token] = principal
        return self._unless_revoked(principal)

    def add_keys(self, fetch_keys: Callable[[], dict[str, Any]]) -> None:
        """Asks `fetch_keys` too when a key is not known."""
        self._sources.insert(0, fetch_keys)

    def learn(self) -> None:
        """Gets the keys of every source before a token asks for them. Raises Unavailable when no source has any."""
        with self._lock:
            found: dict[str, Any] = {}
            away: Unavailable | None = None
            for fetch_keys in self._sources:
                try:
                    found |= {jwk["kid"]: OKPAlgorithm.from_jwk(jwk) for jwk in fetch_keys()["keys"]}
                except Unavailable as error:
                    away = error
            if away is not None and not found:
                raise away
            self._keys = found

    def revoke(self, account_id: str, not_before: int) -> None:
        """Refuses this account's tokens issued before `not_before` (Unix seconds)."""
        self._not_before[account_id] = max(not_before, self._not_before.get(account_id, 0))

    def _unless_revoked(self, principal: Principal) -> Principal:
        if principal.issued_at < self._not_before.get(principal.id, 0):
            raise Unauthenticated("This session has ended.")
        return principal

    def _decode(self, token: str) -> Principal:
        try:
            key_id = jwt.get_unverified_header(token).get("kid", "")
            claims = jwt.decode(
                token,
                self._key(key_id),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "knd"]},
            )
            return _principal(claims)
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired.") from None
        except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
            raise Unauthenticated("The token is not valid.", internal=type(error).__name__) from None

    def _key(self, key_id: str) -> Any:
        key = self._keys.get(key_id)
        if key is not None:
            return key
        with self._lock:
            if key_id not in self._keys and monotonic() - self._fetched_at > REFETCH_SECONDS:
                for fetch_keys in self._sources:
                    found = {jwk["kid"]: OKPAlgorithm.from_jwk(jwk) for jwk in fetch_keys()["keys"]}
                    self._keys = found if fetch_keys is self._sources[0] else self._keys | found
                    if key_id in self._keys:
                        break
                self._fetched_at = monotonic()
        if key_id not in self._keys:
            raise ValueError("unknown key")
        return self._keys[key_id]


def _principal(claims: dict[str, Any]) -> Principal:
    return Principal(
        kind=claims["knd"],
        id=claims["sub"],
        name=claims.get("nam", ""),
        tenant_id=UUID(claims["tid"]) if claims.get("tid") else None,
        permissions=frozenset(claims.get("prm", ())),
        location_ids=frozenset(map(UUID, claims.get("loc", ()))),
        patient_ids=tuple(map(UUID, claims.get("pat", ()))),
        expires_at=claims["exp"],
        issued_at=claims["iat"],
    )


def claims_of(principal: Principal) -> dict[str, Any]:
    """The claims of a principal, without times and issuer: the other direction of verification (identity signs them)."""
    claims: dict[str, Any] = {
        "sub": principal.id,
        "knd": principal.kind,
        "nam": principal.name,
        "prm": sorted(principal.permissions),
    }
    if principal.tenant_id:
        claims["tid"] = str(principal.tenant_id)
    if principal.location_ids:
        claims["loc"] = sorted(map(str, principal.location_ids))
    if principal.patient_ids:
        claims["pat"] = list(map(str, principal.patient_ids))
    return claims


def sign(claims: dict[str, Any], private_key: Any, key_id: str, seconds: int) -> str:
    """Signs claims for `seconds` from now."""
    now = int(real_now().timestamp())
    body = {**claims, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + seconds}
    return jwt.encode(body, private_key, algorithm=ALGORITHM, headers={"kid": key_id})
