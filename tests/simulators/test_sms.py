"""The SMS provider: messages once per reference, signed callbacks, replies, opt-out."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database
from infra.simulators.kit.webhooks import WebhookQueue
from infra.simulators.sms import TABLES, SmsProvider, create_app, sign
from werkzeug.test import TestResponse

from tests.simulators.receiver import Receiver, receiving

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
CREDENTIALS = {"Authorization": "Basic " + base64.b64encode(b"AC1:token").decode()}
CLINIC, PATIENT = "+13035550100", "+13035550199"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """A provider in process at a fixed business time; nothing fails by chance."""
    database = Database(tmp_path / "sms.sqlite3", TABLES)
    clock = BusinessClock(database)
    app = create_app(SmsProvider(database, clock, WebhookQueue(database, clock, sign), seed=1))
    app.testing = True
    client = app.test_client()
    client.put("/_sim/config", json={"unavailable_fraction": 0.0, "undelivered_fraction": 0.0})
    step(client, 0)
    yield client
    database.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Our side of the webhooks."""
    with receiving() as listening:
        yield listening


def step(client: FlaskClient, seconds: int) -> dict[str, Any]:
    """Sets business time to so many seconds after the start."""
    answer = client.post("/_sim/clock", json={"now": (START + timedelta(seconds=seconds)).isoformat()})
    assert answer.status_code == 200
    return dict(answer.get_json())


def send(client: FlaskClient, reference: str = "r1", callback: str = "", **form: str) -> TestResponse:
    """Sends a message as the services do."""
    fields = {"To": PATIENT, "From": CLINIC, "Body": "See you at 9", "ClientReference": reference, **form}
    if callback:
        fields["StatusCallback"] = callback
    return client.post("/2010-04-01/Accounts/AC1/Messages.json", data=fields, headers=CREDENTIALS)


def expected_signature(url: str, body: bytes) -> str:
    """The signature by the provider's public description, worked out here."""
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    text = url + "".join(key + form[key] for key in sorted(form))
    return base64.b64encode(hmac.new(b"token", text.encode(), hashlib.sha1).digest()).decode()


def test_a_message_is_sent_once_per_reference(client: FlaskClient) -> None:
    """The second attempt with the same reference gets 200 and the first sid; one message exists."""
    first, second = send(client), send(client, Body="Something else")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json() == second.get_json()
    assert first.get_json()["status"] == "queued"
    (message,) = client.get("/_sim/messages").get_json()["messages"]
    assert (message["client_reference"], message["to"], message["body"]) == ("r1", PATIENT, "See you at 9")


def test_status_callbacks_come_in_order_and_signed(client: FlaskClient, receiver: Receiver) -> None:
    """`sent`, then `delivered`, each before the answer of the step that made it due, with a valid signature."""
    url = f"{receiver.url}/webhooks/sms-status/t1"
    sid = send(client, callback=url).get_json()["sid"]
    assert receiver.taken == []
    step(client, 60)
    forms = [dict(parse_qsl(body.decode())) for _, _, body in receiver.taken]
    assert [form["MessageStatus"] for form in forms] == ["sent", "delivered"]
    assert {form["MessageSid"] for form in forms} == {sid}
    for path, headers, body in receiver.taken:
        assert path == "/webhooks/sms-status/t1"
        assert headers["X-Twilio-Signature"] == expected_signature(url, body)
    assert client.get("/_sim/state").get_json()["webhooks_pending"] == 0


def test_a_receiver_that_is_down_gets_everything_later(client: FlaskClient, receiver: Receiver) -> None:
    """A refused callback stays, keeps its place before the next one, and is tried again at the next step."""
    receiver.statuses = [503]
    send(client, callback=receiver.url)
    step(client, 60)
    assert client.get("/_sim/state").get_json()["webhooks_pending"] == 2
    step(client, 61)
    statuses = [dict(parse_qsl(body.decode()))["MessageStatus"] for _, _, body in receiver.taken]
    assert statuses == ["sent", "sent", "delivered"]


def test_the_clock_tells_when_the_next_callback_is_due(client: FlaskClient, receiver: Receiver) -> None:
    """After a message there is a next due instant within seconds; after its callbacks there is none."""
    assert step(client, 1)["next_due"] is None
    send(client, callback=receiver.url)
    due = step(client, 1)["next_due"]
    assert "2026-03-02T14:00:0" in due
    assert step(client, 60)["next_due"] is None


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": "555"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
    ],
)
def test_bad_messages_are_refused_with_their_code(client: FlaskClient, form: dict[str, str], code: int) -> None:
    """400 with the provider's code, and nothing is kept."""
    answer = send(client, **form)
    assert (answer.status_code, answer.get_json()["code"]) == (400, code)
    assert client.get("/_sim/messages").get_json()["messages"] == []


@pytest.mark.parametrize(
    ("number", "status", "error"), [("+15005550009", "undelivered", "30006"), ("+15005550002", "failed", "30008")]
)
def test_test_numbers_have_their_fate(
    client: FlaskClient, receiver: Receiver, number: str, status: str, error: str
) -> None:
    """A landline is undelivered, another number fails; the callback carries the error code."""
    send(client, callback=receiver.url, To=number)
    step(client, 60)
    last = dict(parse_qsl(receiver.taken[-1][2].decode()))
    assert (last["MessageStatus"], last["ErrorCode"]) == (status, error)


def test_a_reply_comes_through_the_signed_webhook(client: FlaskClient, receiver: Receiver) -> None:
    """`/_sim/reply` posts the person's answer to the configured URL before it answers."""
    url = f"{receiver.url}/webhooks/sms/t1"
    client.put("/_sim/config", json={"inbound_url": url})
    send(client)
    answer = client.post("/_sim/reply", json={"from": PATIENT, "to": CLINIC, "body": "C"})
    ((path, headers, body),) = receiver.taken
    assert path == "/webhooks/sms/t1"
    form = dict(parse_qsl(body.decode()))
    assert form == {"MessageSid": answer.get_json()["sid"], "From": PATIENT, "To": CLINIC, "Body": "C"}
    assert headers["X-Twilio-Signature"] == expected_signature(url, body)


def test_stop_ends_messages_until_start(client: FlaskClient, receiver: Receiver) -> None:
    """After STOP the provider refuses messages from that sender with 21610, after START it takes them again."""
    client.put("/_sim/config", json={"inbound_url": receiver.url})
    send(client)
    client.post("/_sim/reply", json={"from": PATIENT, "to": CLINIC, "body": "Stop."})
    refused = send(client, "r2")
    assert (refused.status_code, refused.get_json()["code"]) == (400, 21610)
    assert send(client, "r3", From="+13035550101").status_code == 201
    client.post("/_sim/reply", json={"from": PATIENT, "to": CLINIC, "body": "START"})
    assert send(client, "r2").status_code == 201


def test_a_first_attempt_may_find_the_provider_down(client: FlaskClient) -> None:
    """With the chance at one each first attempt is 503 and each second one is taken."""
    client.put("/_sim/config", json={"unavailable_fraction": 1.0})
    assert [send(client).status_code, send(client).status_code, send(client).status_code] == [503, 201, 200]


def test_wrong_credentials_are_refused(client: FlaskClient) -> None:
    """A configured account needs its token; the account of the path must be the one that signs in."""
    client.put("/_sim/config", json={"accounts": {"AC1": "other"}})
    assert send(client).status_code == 401
    client.put("/_sim/config", json={"accounts": {"AC1": "token"}})
    assert send(client).status_code == 201
    foreign = client.post("/2010-04-01/Accounts/AC2/Messages.json", data={}, headers=CREDENTIALS)
    assert foreign.status_code == 401
    assert client.put("/_sim/config", json={"colour": "red"}).status_code == 400
