"""The card processor: payments by test card, idempotency, refunds, signed events."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from infra.simulators.cards.__main__ import create_app
from infra.simulators.cards.processor import TABLES, CardProcessor, sign
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database
from infra.simulators.kit.webhooks import WebhookQueue
from infra.simulators.settings import Settings
from werkzeug.test import TestResponse

from tests.simulators.receiver import Receiver, receiving

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
GOOD, DECLINED, LATER, LATER_FAILS, DISPUTED = (
    "4242424242424242",
    "4000000000000002",
    "4000000000000077",
    "4000000000000341",
    "4000000000000259",
)
SECRET = {"Authorization": "Bearer sk_test_1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Our side of the webhooks."""
    with receiving() as listening:
        yield listening


@pytest.fixture
def client(tmp_path: Path, receiver: Receiver) -> Iterator[FlaskClient]:
    """A processor in process at a fixed business time, with the keys both sides have agreed on."""
    database = Database(tmp_path / "cards.sqlite3", TABLES)
    clock = BusinessClock(database)
    agreed = Settings(card_secret_key="sk_test_1", card_publishable_key="pk_test_1", card_webhook_secret="whsec_1")
    processor = CardProcessor(database, clock, WebhookQueue(database, clock, sign), 1, agreed)
    app = create_app(processor)
    app.testing = True
    client = app.test_client()
    client.put("/_sim/config", json={"webhook_url": f"{receiver.url}/webhooks/cards/t1"})
    step(client, 0)
    yield client
    database.close()


def step(client: FlaskClient, seconds: int) -> dict[str, Any]:
    """Sets business time to so many seconds after the start."""
    answer = client.post("/_sim/clock", json={"now": (START + timedelta(seconds=seconds)).isoformat()})
    assert answer.status_code == 200
    return dict(answer.get_json())


def method(client: FlaskClient, number: str, **changes: str) -> TestResponse:
    """Makes a payment method from a card, as the browser does."""
    form = {
        "type": "card",
        "card[number]": number,
        "card[exp_month]": "12",
        "card[exp_year]": "2030",
        "card[cvc]": "123",
    }
    return client.post("/v1/payment_methods", data={**form, **changes}, headers={"Authorization": "Bearer pk_test_1"})


def pay(client: FlaskClient, number: str = GOOD, key: str = "k1", amount: str = "2500", pm: str = "") -> TestResponse:
    """Pays with a card."""
    form = {"amount": amount, "currency": "usd", "confirm": "true", "metadata[statement]": "S1"}
    form["payment_method"] = pm or method(client, number).get_json()["id"]
    return client.post("/v1/payment_intents", data=form, headers={**SECRET, "Idempotency-Key": key})


def events(receiver: Receiver) -> list[dict[str, Any]]:
    """The events that have come, each with a valid signature."""
    found = []
    for _, headers, body in receiver.taken:
        moment, signature = (part.split("=", 1)[1] for part in headers["Stripe-Signature"].split(","))
        expected = hmac.new(b"whsec_1", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(signature, expected)
        found.append(json.loads(body))
    return found


def test_a_good_card_pays_and_tells_it_by_event(client: FlaskClient, receiver: Receiver) -> None:
    """The answer says succeeded; the signed event and a later reading carry the same payment with our metadata."""
    paid = pay(client).get_json()
    assert (paid["status"], paid["amount"], paid["metadata"]) == ("succeeded", 2500, {"statement": "S1"})
    step(client, 1)
    (event,) = events(receiver)
    assert event["type"] == "payment_intent.succeeded"
    assert event["data"]["object"] == paid
    assert client.get(f"/v1/payment_intents/{paid['id']}", headers=SECRET).get_json() == paid


def test_a_declined_card(client: FlaskClient, receiver: Receiver) -> None:
    """The payment needs another method and says why; the event is payment_failed and nothing is captured."""
    refused = pay(client, DECLINED).get_json()
    assert refused["status"] == "requires_payment_method"
    assert refused["last_payment_error"]["code"] == "card_declined"
    step(client, 1)
    assert [event["type"] for event in events(receiver)] == ["payment_intent.payment_failed"]
    assert client.get("/_sim/state").get_json()["captured"] == 0


@pytest.mark.parametrize(
    ("card", "kind", "status"),
    [
        (LATER, "payment_intent.succeeded", "succeeded"),
        (LATER_FAILS, "payment_intent.payment_failed", "requires_payment_method"),
    ],
)
def test_a_payment_may_be_decided_later(
    client: FlaskClient, receiver: Receiver, card: str, kind: str, status: str
) -> None:
    """`processing` at first; a minute later the event tells how it ended."""
    paid = pay(client, card).get_json()
    assert paid["status"] == "processing"
    assert step(client, 1)["next_due"] == "2026-03-02T14:01:00.000000Z"
    assert receiver.taken == []
    step(client, 60)
    assert [event["type"] for event in events(receiver)] == [kind]
    assert client.get(f"/v1/payment_intents/{paid['id']}", headers=SECRET).get_json()["status"] == status


def test_a_payment_may_be_disputed(client: FlaskClient, receiver: Receiver) -> None:
    """Succeeded at once; five days later a dispute names the payment and its amount."""
    paid = pay(client, DISPUTED).get_json()
    step(client, 5 * 86400)
    first, second = events(receiver)
    assert (first["type"], second["type"]) == ("payment_intent.succeeded", "charge.dispute.created")
    assert second["data"]["object"]["payment_intent"] == paid["id"]
    assert second["data"]["object"]["amount"] == 2500


def test_the_same_key_pays_once(client: FlaskClient) -> None:
    """The same key and request give the same payment; the same key with another amount is an error."""
    pm = method(client, GOOD).get_json()["id"]
    first, second = pay(client, pm=pm), pay(client, pm=pm)
    assert first.get_json() == second.get_json()
    conflict = pay(client, pm=pm, amount="2600")
    assert (conflict.status_code, conflict.get_json()["error"]["type"]) == (400, "idempotency_error")
    assert client.get("/_sim/state").get_json()["captured"] == 2500


def test_refunds_never_exceed_the_payment(client: FlaskClient, receiver: Receiver) -> None:
    """Parts of a payment are given back until it is used up; the event tells the running total."""
    identity = pay(client).get_json()["id"]

    def refund(key: str, **form: str) -> TestResponse:
        data = {"payment_intent": identity, **form}
        return client.post("/v1/refunds", data=data, headers={**SECRET, "Idempotency-Key": key})

    assert refund("r1", amount="1000").get_json()["status"] == "succeeded"
    assert refund("r1", amount="1000").get_json()["amount"] == 1000
    assert refund("r2", amount="2000").get_json()["error"]["code"] == "amount_too_large"
    assert refund("r3").get_json()["amount"] == 1500
    assert refund("r4").get_json()["error"]["code"] == "charge_already_refunded"
    step(client, 1)
    totals = [event["data"]["object"]["amount_refunded"] for event in events(receiver) if "refund" in event["type"]]
    assert totals == [1000, 2500]
    state = client.get("/_sim/state").get_json()
    assert (state["captured"], state["refunded"]) == (2500, 2500)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"card[number]": "4242424242424241"}, "incorrect_number"),
        ({"card[exp_month]": "13"}, "invalid_expiry_month"),
        ({"card[exp_year]": "2025"}, "expired_card"),
    ],
)
def test_impossible_cards_are_refused(client: FlaskClient, changes: dict[str, str], code: str) -> None:
    """Check digit, month and expiry are looked at before a payment method exists."""
    answer = method(client, GOOD, **changes)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (402, code)


@pytest.mark.parametrize("amount", ["0", "-5", "12.50", "", "49"])
def test_amounts_are_whole_minor_units(client: FlaskClient, amount: str) -> None:
    """Zero, negative, fractional and tiny amounts are refused."""
    assert pay(client, amount=amount).status_code == 400


def test_keys_are_checked(client: FlaskClient) -> None:
    """A wrong secret key and a publishable key cannot pay; another account cannot read a payment."""
    identity = pay(client).get_json()["id"]
    for key in ("sk_test_2", "pk_test_1", ""):
        answer = client.get(f"/v1/payment_intents/{identity}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
    client.put("/_sim/config", json={"accounts": {"sk_test_1": {}, "sk_test_2": {}}})
    other = client.get(f"/v1/payment_intents/{identity}", headers={"Authorization": "Bearer sk_test_2"})
    assert other.status_code == 404


def test_events_may_come_twice_and_out_of_order(client: FlaskClient, receiver: Receiver) -> None:
    """With both chances at one, each event id comes twice."""
    client.put("/_sim/config", json={"duplicate_fraction": 1.0, "out_of_order_fraction": 1.0})
    pay(client)
    step(client, 120)
    first, second = events(receiver)
    assert first == second
