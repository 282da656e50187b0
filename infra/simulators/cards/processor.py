"""The card processor itself: payments, refunds, disputes, and the events that tell of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from infra.simulators.kit.chance import fraction, identifier
from infra.simulators.kit.clock import BusinessClock, stamp
from infra.simulators.kit.database import Database
from infra.simulators.kit.webhooks import Webhook, WebhookQueue
from infra.simulators.settings import Settings

TABLES = """
CREATE TABLE IF NOT EXISTS payment_method (
  id TEXT PRIMARY KEY, fate TEXT NOT NULL, brand TEXT NOT NULL, last4 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payment_intent (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL,
  refunded INTEGER NOT NULL DEFAULT 0, disputed INTEGER NOT NULL DEFAULT 0, decline TEXT, payment_method TEXT NOT NULL,
  metadata TEXT NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refund (
  id TEXT PRIMARY KEY, payment_intent TEXT NOT NULL, amount INTEGER NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotent (
  account TEXT, key TEXT, request TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (account, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS later (
  id INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, payment_intent TEXT NOT NULL, happening TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS later_due ON later (due_at, id);
"""

DEFAULT_CONFIG: dict[str, Any] = {
    "webhook_url": None,  # where events go, unless `accounts` says otherwise
    "webhook_secret": "whsec_simulator",  # unless the environment or `accounts` say otherwise
    "accounts": {},  # secret key → {"webhook_url", "webhook_secret"}; empty: every key is taken
    "processing_seconds": 60,  # from `processing` to the event that ends it
    "dispute_seconds": 5 * 86400,  # from payment to dispute
    "duplicate_fraction": 0.0,  # of events sent twice
    "out_of_order_fraction": 0.0,  # of events that overtake or are overtaken
}
SUCCEEDS, DECLINED, NO_FUNDS, LATER, LATER_FAILS, DISPUTED = (
    "succeeds",
    "card_declined",
    "insufficient_funds",
    "later",
    "later_fails",
    "disputed",
)
TEST_CARDS = {
    "4000000000000002": DECLINED,
    "4000000000009995": NO_FUNDS,
    "4000000000000077": LATER,
    "4000000000000341": LATER_FAILS,
    "4000000000000259": DISPUTED,
}
SMALLEST_AMOUNT = 50  # minor units, as the processor refuses charges below its own cost


class CardError(Exception):
    """An error in the processor's form: HTTP status, type, code and a message."""

    def __init__(self, status: int, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "code": code, "message": message}}


@dataclass(frozen=True)
class Account:
    """Who calls (secret key) and where its events go."""

    key: str
    webhook_url: str | None
    webhook_secret: str


def luhn_valid(number: str) -> bool:
    """Whether the card number's check digit fits (ISO/IEC 7812-1, annex B)."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def sign(webhook: Webhook) -> dict[str, str]:
    """`Stripe-Signature` for a body, made at the moment of sending: receivers refuse old ones, so `t` is real time."""
    moment = int(time.time())
    signed = f"{moment}.".encode() + webhook.body
    mac = hmac.new(webhook.secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={mac}"}


class CardProcessor:
    """Keeps payments, decides by the test card, and plans events."""

    def __init__(
        self,
        database: Database,
        clock: BusinessClock,
        webhooks: WebhookQueue,
        seed: int,
        settings: Settings | None = None,
    ) -> None:
        """`settings` names the keys and the webhook secret agreed without configuration."""
        agreed = settings or Settings()
        accounts: dict[str, Any] = {agreed.card_secret_key: {}} if agreed.card_secret_key else {}
        self._defaults = {**DEFAULT_CONFIG, "accounts": accounts, "webhook_secret": agreed.card_webhook_secret}
        self._publishable_key = agreed.card_publishable_key
        self.database = database
        self.clock = clock
        self.webhooks = webhooks
        self.seed = seed

    def config(self) -> dict[str, Any]:
        """The present options: defaults overlaid by what was PUT."""
        return {**self._defaults, **self.database.setting("config", {})}

    def account(self, key: str) -> Account:
        """The account of a secret key. Raises CardError 401 when the key is unknown."""
        config = self.config()
        if not key or (config["accounts"] and key not in config["accounts"]):
            raise CardError(401, "invalid_request_error", "api_key_invalid", "Invalid API Key provided")
        own = config["accounts"].get(key, {})
        return Account(
            key=key,
            webhook_url=own.get("webhook_url", config["webhook_url"]),
            webhook_secret=own.get("webhook_secret", config["webhook_secret"]),
        )

    def check_publishable(self, key: str) -> None:
        """Raises CardError 401 unless the key may make payment methods: the publishable one, or a secret one."""
        if not key or (self._publishable_key and key != self._publishable_key):
            self.account(key)

    def add_payment_method(self, form: MultiDict[str, str]) -> dict[str, Any]:
        """Keeps a card as a token, storing its last four digits only. Raises CardError 402 for an impossible card."""
        number = form.get("card[number]", "").replace(" ", "")
        if form.get("type") != "card" or not number.isdigit() or not 12 <= len(number) <= 19 or not luhn_valid(number):
            raise CardError(402, "card_error", "incorrect_number", "Your card number is incorrect.")
        month, year = form.get("card[exp_month]", type=int), form.get("card[exp_year]", type=int)
        if month is None or year is None or not 1 <= month <= 12:
            raise CardError(402, "card_error", "invalid_expiry_month", "Your card's expiration month is invalid.")
        now = self.clock.now()
        if (year + 2000 if year < 100 else year, month) < (now.year, now.month):
            raise CardError(402, "card_error", "expired_card", "Your card has expired.")
        identity = identifier("pm_", 24, self.seed, self.database.next_number("payment_method"))
        fate = TEST_CARDS.get(number, SUCCEEDS)
        brand = {"4": "visa", "5": "mastercard", "3": "amex"}.get(number[0], "unknown")
        with self.database.transaction() as connection:
            connection.execute("INSERT INTO payment_method VALUES (?, ?, ?, ?)", (identity, fate, brand, number[-4:]))
        return {
            "id": identity,
            "object": "payment_method",
            "type": "card",
            "card": {
                "brand": brand,
                "last4": number[-4:],
                "exp_month": month,
                "exp_year": year + 2000 if year < 100 else year,
            },
        }

    def pay(self, account: Account, form: MultiDict[str, str]) -> dict[str, Any]:
        """Creates and confirms a payment intent; the result depends on the card. Raises CardError for a bad request."""
        amount = positive_amount(form)
        if amount < SMALLEST_AMOUNT:
            raise bad_request("amount_too_small", "Amount must be at least 50 minor units.")
        currency = form.get("currency", "")
        if len(currency) != 3 or not currency.islower():
            raise bad_request("parameter_invalid", "currency must be a lower-case ISO 4217 code.")
        if form.get("confirm") != "true":
            raise bad_request("parameter_missing", "Only confirm=true is supported.")
        method = self.database.one("SELECT * FROM payment_method WHERE id = ?", form.get("payment_method", ""))
        if method is None:
            raise bad_request("resource_missing", f"No such PaymentMethod: '{form.get('payment_method', '')}'")
        fate = method["fate"]
        decline = fate if fate in (DECLINED, NO_FUNDS) else None
        status = "requires_payment_method" if decline else "processing" if fate in (LATER, LATER_FAILS) else "succeeded"
        metadata = {
            key[9:-1]: value for key, value in form.items() if key.startswith("metadata[") and key.endswith("]")
        }
        now = int(self.clock.now().timestamp())
        config = self.config()
        with self.database.transaction() as connection:
            identity = identifier("pi_", 24, self.seed, self.database.next_number("payment_intent"))
            connection.execute(
                "INSERT INTO payment_intent"
                " (id, account, amount, currency, status, decline, payment_method, metadata, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (identity, account.key, amount, currency, status, decline, method["id"], json.dumps(metadata), now),
            )
            if status == "processing":
                self._plan(now + config["processing_seconds"], identity, fate)
            else:
                self._emit(
                    account, f"payment_intent.{'payment_failed' if decline else 'succeeded'}", self.intent(identity)
                )
            if fate == DISPUTED:
                self._plan(now + config["dispute_seconds"], identity, DISPUTED)
        return self.intent(identity)

    def refund(self, account: Account, form: MultiDict[str, str]) -> dict[str, Any]:
        """Gives back all or part of a succeeded payment. Raises CardError when more is asked than is left."""
        intent = self._stored(account, form.get("payment_intent", ""))
        left = intent["amount"] - intent["refunded"]
        amount = positive_amount(form) if "amount" in form else left
        if intent["status"] != "succeeded" or left == 0:
            raise bad_request("charge_already_refunded", "The payment has no amount left to refund.")
        if amount > left:
            raise bad_request(
                "amount_too_large", f"Refund amount ({amount}) is greater than the unrefunded amount ({left})."
            )
        now = int(self.clock.now().timestamp())
        with self.database.transaction() as connection:
            identity = identifier("re_", 24, self.seed, self.database.next_number("refund"))
            connection.execute("INSERT INTO refund VALUES (?, ?, ?, ?)", (identity, intent["id"], amount, now))
            connection.execute("UPDATE payment_intent SET refunded = refunded + ? WHERE id = ?", (amount, intent["id"]))
            charge = {
                "id": "ch_" + intent["id"][3:],
                "object": "charge",
                "payment_intent": intent["id"],
                "amount": intent["amount"],
                "amount_refunded": intent["refunded"] + amount,
                "currency": intent["currency"],
                "metadata": json.loads(intent["metadata"]),
                "refunds": {"data": [{"id": identity, "amount": amount}]},
            }
            self._emit(account, "charge.refunded", charge)
        return {
            "id": identity,
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "status": "succeeded",
        }

    def intent(self, identity: str, account: Account | None = None) -> dict[str, Any]:
        """A payment intent as the API shows it. Raises CardError 404 when there is none (of this account)."""
        row = self._stored(account, identity)
        error = None
        if row["decline"]:
            error = {"type": "card_error", "code": "card_declined", "decline_code": row["decline"]}
            error["message"] = "Your card was declined."
        return {
            "id": row["id"],
            "object": "payment_intent",
            "amount": row["amount"],
            "amount_received": row["amount"] if row["status"] == "succeeded" else 0,
            "currency": row["currency"],
            "status": row["status"],
            "payment_method": row["payment_method"],
            "metadata": json.loads(row["metadata"]),
            "created": row["created"],
            "last_payment_error": error,
            "latest_charge": "ch_" + row["id"][3:] if row["status"] == "succeeded" else None,
        }

    def work(self) -> int:
        """Does what became due: ends `processing`, opens disputes; then sends every due event. Returns how many were taken."""
        now = int(self.clock.now().timestamp())
        for row in self.database.all("SELECT * FROM later WHERE due_at <= ? ORDER BY due_at, id", now):
            with self.database.transaction() as connection:
                connection.execute("DELETE FROM later WHERE id = ?", (row["id"],))
                self._happen(row["payment_intent"], row["happening"])
        return self.webhooks.deliver_due()

    def next_due(self) -> str | None:
        """The earliest business instant at which a payment changes or an event is sent; None: nothing is planned."""
        row = self.database.one("SELECT min(due_at) AS at FROM later")
        change = stamp(datetime.fromtimestamp(row["at"], UTC)) if row and row["at"] else None
        return min(filter(None, (change, self.webhooks.next_due())), default=None)

    def once(self, account: Account, key: str | None, asked: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Runs `make` once per idempotency key: the same key gives the same answer.

        Raises CardError 400 when the same key comes with another request (`asked`: path and parameters as text).
        """
        with self.database.transaction() as connection:
            earlier = self.database.one("SELECT * FROM idempotent WHERE account = ? AND key = ?", account.key, key)
            if earlier and earlier["request"] != asked:
                message = "Keys for idempotent requests can only be used with the same parameters."
                raise CardError(400, "idempotency_error", "idempotency_key_in_use", message)
            if earlier:
                return dict(json.loads(earlier["answer"]))
            body = make()
            if key:
                values = (account.key, key, asked, json.dumps(body))
                connection.execute("INSERT INTO idempotent VALUES (?, ?, ?, ?)", values)
        return body

    def state(self) -> dict[str, Any]:
        """Totals for proofs, in minor units."""
        by_status = self.database.all(
            "SELECT status, count(*) AS n, sum(amount) AS amount, sum(refunded) AS refunded"
            " FROM payment_intent GROUP BY status"
        )
        disputed = self.database.one("SELECT count(*) AS n FROM payment_intent WHERE disputed = 1")
        return {
            "payment_intents": {row["status"]: {"count": row["n"], "amount": row["amount"]} for row in by_status},
            "captured": sum(row["amount"] for row in by_status if row["status"] == "succeeded"),
            "refunded": sum(row["refunded"] for row in by_status),
            "disputed": disputed["n"] if disputed else 0,
            "webhooks_pending": self.webhooks.pending(),
        }

    def _stored(self, account: Account | None, identity: str) -> dict[str, Any]:
        row = self.database.one("SELECT * FROM payment_intent WHERE id = ?", identity)
        if row is None or (account and row["account"] != account.key):
            message = f"No such payment_intent: '{identity}'"
            raise CardError(404, "invalid_request_error", "resource_missing", message)
        return dict(row)

    def _plan(self, due_at: int, intent: str, happening: str) -> None:
        with self.database.transaction() as connection:
            values = (due_at, intent, happening)
            connection.execute("INSERT INTO later (due_at, payment_intent, happening) VALUES (?, ?, ?)", values)

    def _happen(self, identity: str, happening: str) -> None:
        account = self.account(self._stored(None, identity)["account"])
        with self.database.transaction() as connection:
            if happening == DISPUTED:
                connection.execute("UPDATE payment_intent SET disputed = 1 WHERE id = ?", (identity,))
                intent = self.intent(identity)
                dispute = {
                    "id": "dp_" + identity[3:],
                    "object": "dispute",
                    "payment_intent": identity,
                    "charge": intent["latest_charge"],
                    "amount": intent["amount"],
                    "currency": intent["currency"],
                    "reason": "fraudulent",
                    "status": "needs_response",
                    "metadata": intent["metadata"],
                }
                self._emit(account, "charge.dispute.created", dispute)
            elif happening == LATER:
                connection.execute("UPDATE payment_intent SET status = 'succeeded' WHERE id = ?", (identity,))
                self._emit(account, "payment_intent.succeeded", self.intent(identity))
            else:
                change = "UPDATE payment_intent SET status = 'requires_payment_method', decline = ? WHERE id = ?"
                connection.execute(change, (DECLINED, identity))
                self._emit(account, "payment_intent.payment_failed", self.intent(identity))

    def _emit(self, account: Account, kind: str, thing: dict[str, Any]) -> None:
        if not account.webhook_url:
            return
        config = self.config()
        now = self.clock.now()
        identity = identifier("evt_", 24, self.seed, self.database.next_number("event"))
        event = {
            "id": identity,
            "object": "event",
            "type": kind,
            "created": int(now.timestamp()),
            "data": {"object": thing},
        }
        overtaken = fraction(self.seed, "order", identity) < config["out_of_order_fraction"]
        twice = fraction(self.seed, "twice", identity) < config["duplicate_fraction"]
        for copy in range(2 if twice else 1):
            self.webhooks.add(
                lane=f"{identity}/{copy}" if overtaken or copy else str(thing.get("payment_intent", thing["id"])),
                due_at=now + timedelta(seconds=30 * (overtaken + copy)),
                url=account.webhook_url,
                body=json.dumps(event).encode(),
                content_type="application/json",
                secret=account.webhook_secret,
            )


def positive_amount(form: MultiDict[str, str]) -> int:
    """`amount` in minor units. Raises CardError 400 unless it is a positive whole number."""
    text = form.get("amount", "")
    if not text.isdigit() or int(text) == 0:
        raise bad_request("parameter_invalid_integer", f"Invalid positive integer: {text}")
    return int(text)


def bad_request(code: str, message: str) -> CardError:
    """A 400 of the processor."""
    return CardError(400, "invalid_request_error", code, message)
