"""The mail server: every message kept, none forwarded, none de-duplicated."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database
from infra.simulators.smtp import TABLES, Mailbox, create_app, start_smtp


@dataclass
class Post:
    """The SMTP side and the driver's side."""

    port: int
    client: FlaskClient

    def send(self, message_id: str = "<a@clinic>", to: str = "jane@example.org") -> None:
        """Sends one message over SMTP."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "clinic@example.org", to, "Your visit – Tuesday"
        message["Message-ID"] = message_id
        message.set_content("See you at 9.")
        with smtplib.SMTP("127.0.0.1", self.port, timeout=5) as smtp:
            smtp.send_message(message)

    def index(self) -> list[dict[str, str]]:
        """What the driver sees."""
        return list(self.client.get("/_sim/messages").get_json()["messages"])


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """A mail server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = Database(tmp_path / "smtp.sqlite3", TABLES)
    mailbox = Mailbox(database, BusinessClock(database), tmp_path / "mail", seed=1)
    controller = start_smtp(mailbox, "127.0.0.1", port)
    app = create_app(mailbox)
    app.testing = True
    client = app.test_client()
    client.post("/_sim/clock", json={"now": "2026-03-02T14:00:00Z"})
    yield Post(port, client)
    controller.stop()
    database.close()


def test_every_message_is_kept_with_its_index(post: Post) -> None:
    """Message-ID, recipient, subject, size and business time are listed; the whole message can be read."""
    post.send()
    (entry,) = post.index()
    assert entry["message_id"] == "<a@clinic>"
    assert (entry["to"], entry["subject"]) == ("jane@example.org", "Your visit – Tuesday")
    assert entry["at"] == "2026-03-02T14:00:00.000000Z"
    raw = post.client.get(f"/_sim/messages/{entry['cursor']}").data
    assert len(raw) == entry["size"]
    assert b"See you at 9." in raw


def test_a_message_sent_twice_is_seen_twice(post: Post) -> None:
    """Nothing is de-duplicated, so that a sender who repeats is found out."""
    post.send()
    post.send()
    assert [entry["message_id"] for entry in post.index()] == ["<a@clinic>", "<a@clinic>"]
    assert post.client.get("/_sim/messages?after=1").get_json()["messages"][0]["cursor"] == "2"
    state = post.client.get("/_sim/state").get_json()
    assert (state["messages"], state["distinct_message_ids"]) == (2, 1)


def test_unknown_recipients_bounce(post: Post) -> None:
    """550 for a configured address and for the domain that never exists; nothing is kept."""
    post.client.put("/_sim/config", json={"unknown_recipients": ["gone@example.org"]})
    for address in ("gone@example.org", "anyone@bounce.invalid"):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            post.send(to=address)
        assert refused.value.recipients[address][0] == 550
    assert post.index() == []


def test_a_message_may_be_refused_once_for_the_time_being(post: Post) -> None:
    """With the chance at one the first attempt gets 451 and the second is taken."""
    post.client.put("/_sim/config", json={"temporary_failure_fraction": 1.0})
    with pytest.raises(smtplib.SMTPDataError) as refused:
        post.send()
    assert refused.value.smtp_code == 451
    post.send()
    assert len(post.index()) == 1
