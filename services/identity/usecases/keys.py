"""Signing keys: made at first use, shared by the replicas through the database, rotated by an operator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chassis import tokens
from chassis.call import Call
from chassis.clock import monotonic, real_now
from chassis.ids import NIL, uuid7
from identity import store
from identity.secrets import KeyVault
from identity.tables import SigningKey

# How long a process may sign with a key after another replica retired it.
CACHE_SECONDS = 30.0


class Signer:
    """Signs tokens with the present key."""

    def __init__(self, vault: KeyVault, token_seconds: int) -> None:
        self._vault = vault
        self.token_seconds = token_seconds
        self._present: tuple[float, str, Any] | None = None

    def sign(self, call: Call, claims: dict[str, Any]) -> str:
        """A token of `token_seconds` with these claims."""
        if self._present is None or monotonic() - self._present[0] > CACHE_SECONDS:
            key = present_key(call)
            self._present = (monotonic(), str(key.id), self._vault.open(bytes(key.sealed_private_key)))
        _, key_id, private = self._present
        return tokens.sign(claims, private, key_id, self.token_seconds)

    def forget(self) -> None:
        """Looks the key up again at the next signature."""
        self._present = None

    @property
    def vault(self) -> KeyVault:
        return self._vault


def present_key(call: Call) -> SigningKey:
    """The key that signs now. Raises LookupError before `ensure_first_key` has run.

    Keys belong to the nil tenant and are readable from every tenant, so this works in any transaction.
    """
    active = [key for key in store.signing_keys(call.session) if key.retired_at is None]
    if not active:
        raise LookupError("there is no signing key")
    return active[0]


def key_set(call: Call, signer: Signer) -> dict[str, Any]:
    """The JWKS of every key whose tokens may still be valid."""
    keys = store.signing_keys(call.session)
    horizon = real_now() - timedelta(seconds=signer.token_seconds + 60)
    alive = [key for key in keys if key.retired_at is None or key.retired_at > horizon]
    return {"keys": [{**key.public_jwk, "kid": str(key.id), "use": "sig", "alg": tokens.ALGORITHM} for key in alive]}


def rotate(call: Call, signer: Signer) -> dict[str, Any]:
    """Makes a new key and retires the others; their tokens stay valid until they expire."""
    call.enter_tenant(NIL)
    now = real_now()
    for key in store.signing_keys(call.session, lock=True):
        if key.retired_at is None:
            key.retired_at = now
    _add(call, signer.vault)
    signer.forget()
    return key_set(call, signer)


def ensure_first_key(call: Call, vault: KeyVault) -> None:
    """At start: the replicas agree on one first key."""
    call.enter_tenant(NIL)
    if not any(key.retired_at is None for key in store.signing_keys(call.session, lock=True)):
        _add(call, vault)


def _add(call: Call, vault: KeyVault) -> SigningKey:
    public, sealed = vault.make()
    key = SigningKey(
        tenant_id=NIL, id=uuid7(), public_jwk=public, sealed_private_key=sealed, created_at=real_now(), retired_at=None
    )
    call.session.add(key)
    call.session.flush()
    return key
