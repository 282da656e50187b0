"""The card processor (an HTTP API of the Stripe kind): payment intents, refunds, signed webhooks.

Every effect carries an idempotency key of ours, so that asking again after a lost answer moves no money twice. Card
numbers never pass
through here: a browser gives them to the processor and hands us a token.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests

from chassis import telemetry
from chassis.errors import Unauthenticated, Unavailable

TIMEOUT_SECONDS = (3.0, 10.0)
# A webhook whose signature is older (or newer) than this many seconds is refused: a replay.
SIGNATURE_TOLERANCE_SECONDS = 300
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class IntentStatus(StrEnum):
    """What became of a payment intent."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    PROCESSING = "processing"


@dataclass(frozen=True, slots=True)
class Intent:
    """The processor's answer about a payment. `decline_code` is set when it was declined."""

    intent_id: str
    status: IntentStatus
    decline_code: str = ""


@dataclass(frozen=True, slots=True)
class CardEvent:
    """A webhook event: what happened to which object."""

    event_id: str
    kind: str
    intent_id: str
    amount_minor: int
    amount_refunded_minor: int
    decline_code: str
    metadata: Mapping[str, str]


class CardRefused(Exception):
    """The processor will never do this (an unknown token, an amount it does not take): trying again is useless."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CardProcessor:
    """The processor's API with the clinic's secret key."""

    def __init__(self, url: str, secret_key: str, webhook_secret: str) -> None:
        self._url = url.rstrip("/")
        self._secret_key = secret_key
        self._webhook_secret = webhook_secret

    def pay(
        self, *, amount_minor: int, currency: str, card_token: str, idempotency_key: str, metadata: Mapping[str, str]
    ) -> Intent:
        """Creates and confirms a payment. Raises CardRefused, Unavailable (no answer: ask again with the same key)."""
        form = {
            "amount": str(amount_minor),
            "currency": currency.lower(),
            "payment_method": card_token,
            "confirm": "true",
            **{f"metadata[{name}]": value for name, value in metadata.items()},
        }
        return _intent(self._send("POST", "/v1/payment_intents", form, idempotency_key))

    def look_up(self, intent_id: str) -> Intent:
        """The payment as it stands now. Raises CardRefused, Unavailable."""
        return _intent(self._send("GET", f"/v1/payment_intents/{intent_id}", None, ""))

    def refund(self, *, intent_id: str, amount_minor: int, idempotency_key: str) -> str:
        """Gives money back; returns the processor's id of the refund. Raises CardRefused, Unavailable."""
        form = {"payment_intent": intent_id, "amount": str(amount_minor)}
        return str(self._send("POST", "/v1/refunds", form, idempotency_key)["id"])

    def read_event(self, signature: str, body: bytes, now_seconds: int) -> CardEvent:
        """A webhook's event, once its signature is proved. `now_seconds`: real time, Unix seconds.

        Raises Unauthenticated (signature missing, wrong or too old), ValueError (not an event).
        """
        verify_signature(self._webhook_secret, signature, body, now_seconds)
        return _event(json.loads(body))

    def _send(self, method: str, path: str, form: Mapping[str, str] | None, idempotency_key: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._secret_key}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        with telemetry.outside("cards", f"{method} {path.split('/')[2]}"):
            try:
                answer = requests.request(method, self._url + path, data=form, headers=headers, timeout=TIMEOUT_SECONDS)
                body = answer.json()
            except (requests.RequestException, ValueError) as error:
                raise Unavailable(5.0, internal=f"card processor: {type(error).__name__}") from error
            if answer.status_code in TRANSIENT:
                raise Unavailable(5.0, internal=f"card processor: {answer.status_code}")
        if answer.status_code == requests.codes.payment_required and "payment_intent" in body.get("error", {}):
            # A decline of the kind that answers 402 still carries its intent.
            return dict(body["error"]["payment_intent"])
        if answer.status_code >= requests.codes.bad_request:
            raise CardRefused(str(body.get("error", {}).get("code") or answer.status_code))
        return dict(body)


def verify_signature(secret: str, signature: str, body: bytes, now_seconds: int) -> None:
    """Proves `Stripe-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "t.body">`. Raises Unauthenticated."""
    parts = [part.partition("=") for part in signature.split(",")]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if not secret or len(stamps) != 1 or not stamps[0].isdigit() or not given:
        raise Unauthenticated(internal="card webhook without a signature")
    expected = hmac.new(secret.encode(), f"{stamps[0]}.".encode() + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(expected.encode(), value.encode()) for value in given):
        raise Unauthenticated(internal="card webhook with a wrong signature")
    if abs(now_seconds - int(stamps[0])) > SIGNATURE_TOLERANCE_SECONDS:
        raise Unauthenticated(internal="card webhook with an old signature")


def _intent(body: Mapping[str, Any]) -> Intent:
    status = body.get("status")
    if status == "succeeded":
        return Intent(str(body["id"]), IntentStatus.SUCCEEDED)
    if status == "processing":
        return Intent(str(body["id"]), IntentStatus.PROCESSING)
    return Intent(str(body["id"]), IntentStatus.DECLINED, _decline_code(body))


def _decline_code(body: Mapping[str, Any]) -> str:
    error = body.get("last_payment_error") or {}
    return str(error.get("decline_code") or error.get("code") or "declined")


def _event(body: object) -> CardEvent:
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        raise ValueError("not an event")
    thing = body["data"].get("object")
    if not isinstance(thing, dict) or not isinstance(body.get("id"), str) or not isinstance(body.get("type"), str):
        raise ValueError("not an event")
    intent_id = thing.get("payment_intent") or thing.get("id") or ""
    metadata = thing.get("metadata") or {}
    return CardEvent(
        event_id=body["id"],
        kind=body["type"],
        intent_id=str(intent_id),
        amount_minor=_minor(thing.get("amount")),
        amount_refunded_minor=_minor(thing.get("amount_refunded")),
        decline_code=_decline_code(thing),
        metadata={str(name): str(value) for name, value in metadata.items()},
    )


def _minor(value: object) -> int:
    """An amount in minor units; anything but a whole number is refused."""
    if value is None:
        return 0
    if type(value) is not int:
        raise ValueError("an amount is not a whole number")
    return value
