"""Tokens and the clocks of two machines."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from chassis import tokens
from chassis.clock import real_now
from chassis.errors import Unauthenticated
from chassis.tokens import LEEWAY_SECONDS, TokenVerifier, sign

KEY = Ed25519PrivateKey.generate()
LIFE = 300


def signed_elsewhere(monkeypatch: pytest.MonkeyPatch, seconds: float) -> str:
    """A token of a machine whose clock is so many seconds ahead of ours."""
    there = real_now() + timedelta(seconds=seconds)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(tokens, "real_now", lambda: there)
        return sign({"sub": "somebody", "knd": "user"}, KEY, "k", LIFE)


@pytest.fixture
def verifier() -> TokenVerifier:
    """Knows the key that signs here."""
    public: dict[str, Any] = json.loads(OKPAlgorithm.to_jwk(KEY.public_key()))
    return TokenVerifier(lambda: {"keys": [public | {"kid": "k"}]})


@pytest.mark.parametrize("seconds", [0, 20, -20, 10 - LIFE, 10 - LIFE - LEEWAY_SECONDS])
def test_clocks_may_be_half_a_minute_apart(
    verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """A token of a clock ahead of ours, or one that has just run out by ours, is good."""
    assert verifier.verify(signed_elsewhere(monkeypatch, seconds)).id == "somebody"


@pytest.mark.parametrize("seconds", [LEEWAY_SECONDS + 10, -LIFE - LEEWAY_SECONDS - 10])
def test_beyond_that_a_token_is_refused(
    verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """One from the future, and one that has run out."""
    with pytest.raises(Unauthenticated):
        verifier.verify(signed_elsewhere(monkeypatch, seconds))
