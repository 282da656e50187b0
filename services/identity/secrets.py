"""Cryptography of identity: passwords (argon2id), opaque secrets (SHA-256 of 256 random bits), signing keys at rest."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import OKPAlgorithm


class Passwords:
    """Hashes and verifies passwords. An unknown login costs as much time as a wrong password."""

    def __init__(self, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._dummy = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; `stored` None still takes the time."""
        try:
            return self._hasher.verify(stored or self._dummy, password) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False


def new_secret() -> str:
    """A random secret of 256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Six random digits; what is guessed is limited by attempts and time, and stored under argon2id."""
    return f"{secrets.randbelow(1_000_000):06d}"


def digest(secret: str) -> bytes:
    """What is stored of a random secret; it needs no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def same(left: bytes, right: bytes) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(left, right)


def bound_secret(tenant_id: UUID, row_id: UUID, secret: str) -> str:
    """A token that says where it is kept: tenant, row, secret."""
    return f"{tenant_id.hex}.{row_id.hex}.{secret}"


def split_secret(token: str) -> tuple[UUID, UUID, str] | None:
    """The parts of `bound_secret`, or None when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return UUID(parts[0]), UUID(parts[1]), parts[2]
    except ValueError:
        return None


class KeyVault:
    """Seals private keys with the key-encryption key (AES-256-GCM)."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def make(self) -> tuple[dict[str, Any], bytes]:
        """A new Ed25519 key: (public JWK, sealed private key)."""
        private = Ed25519PrivateKey.generate()
        public = json.loads(OKPAlgorithm.to_jwk(private.public_key()))
        raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        nonce = os.urandom(12)
        return public, nonce + self._cipher.encrypt(nonce, raw, None)

    def open(self, sealed: bytes) -> Ed25519PrivateKey:
        """The private key. Raises cryptography's InvalidTag when the key-encryption key is another."""
        return Ed25519PrivateKey.from_private_bytes(self._cipher.decrypt(sealed[:12], sealed[12:], None))
