"""SMS provider of the Twilio kind: `python -m infra.simulators.sms --port 4301 --data DIR --seed 1`.

Messages are accepted over the REST API, their status and the recipients' replies come back as signed webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Flask, Response, abort, jsonify, request

from infra.simulators.kit.chance import between, fraction, identifier
from infra.simulators.kit.clock import BusinessClock, stamp
from infra.simulators.kit.database import Database
from infra.simulators.kit.web import basic_credentials, control_routes, serve, standard_arguments
from infra.simulators.kit.webhooks import Webhook, WebhookQueue
from infra.simulators.settings import Settings

TABLES = """
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, reference TEXT, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, error_code TEXT NOT NULL,
  accepted_at TEXT NOT NULL,
  UNIQUE (account, reference)
);
CREATE TABLE IF NOT EXISTS attempt (
  account TEXT, reference TEXT, n INTEGER NOT NULL, PRIMARY KEY (account, reference)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sender (number TEXT PRIMARY KEY, account TEXT NOT NULL, token TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS opt_out (number TEXT, sender TEXT, PRIMARY KEY (number, sender)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reply (id INTEGER PRIMARY KEY, sid TEXT NOT NULL, number TEXT NOT NULL, body TEXT NOT NULL);
"""

DEFAULT_CONFIG: dict[str, Any] = {
    "accounts": {},  # account sid → auth token; empty: any credentials are taken
    "inbound_url": None,  # where replies go, unless `numbers` says otherwise
    "numbers": {},  # our number → {"inbound_url": …}
    "unavailable_fraction": 0.02,  # of first attempts answered 503
    "undelivered_fraction": 0.03,  # of messages that end as undelivered (30003, handset unreachable)
    "delay_seconds": [2, 8],  # from acceptance to `sent`; `delivered` follows after as long again
}
# Numbers with a fate of their own, as the provider's documentation for testers has them.
INVALID_NUMBERS = {"+15005550001"}
LANDLINES = {"+15005550009"}
FAILING_NUMBERS = {"+15005550002"}
STOP_WORDS = {"stop", "stopall", "quit", "end", "revoke", "optout", "opt out", "cancel", "unsubscribe"}
START_WORDS = {"start", "unstop", "yes"}
E164 = re.compile(r"\+[1-9]\d{7,14}")
FORM = "application/x-www-form-urlencoded"


def signature(token: str, url: str, form: list[tuple[str, str]]) -> str:
    """The provider's signature: base64 of HMAC-SHA1 over the full URL and every form key and value in key order."""
    text = url + "".join(key + value for key, value in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def sign(webhook: Webhook) -> dict[str, str]:
    """Header of a webhook whose secret is the account's auth token."""
    form = parse_qsl(webhook.body.decode(), keep_blank_values=True)
    return {"X-Twilio-Signature": signature(webhook.secret, webhook.url, form)}


class SmsProvider:
    """Accepts messages, decides their fate by the seed, and plans the callbacks."""

    def __init__(
        self,
        database: Database,
        clock: BusinessClock,
        webhooks: WebhookQueue,
        seed: int,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        """`accounts` (sid → auth token) are those known without configuration."""
        self._defaults = {**DEFAULT_CONFIG, "accounts": dict(accounts or {})}
        self.database = database
        self.clock = clock
        self.webhooks = webhooks
        self.seed = seed

    def config(self) -> dict[str, Any]:
        """The present options: defaults overlaid by what was PUT."""
        return {**self._defaults, **self.database.setting("config", {})}

    def is_temporarily_down(self, account: str, reference: str) -> bool:
        """Whether this attempt is to be answered 503: the first one of a seeded share of messages, never the second."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO attempt VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1", (account, reference)
            )
        row = self.database.one("SELECT n FROM attempt WHERE account = ? AND reference = ?", account, reference)
        first = row is not None and row["n"] == 1
        return first and fraction(self.seed, "unavailable", reference) < self.config()["unavailable_fraction"]

    def find(self, account: str, reference: str) -> dict[str, Any] | None:
        """The message sent earlier under the client's reference, if any."""
        row = self.database.one("SELECT * FROM message WHERE account = ? AND reference = ?", account, reference)
        return dict(row) if row else None

    def opted_out(self, recipient: str, sender: str) -> bool:
        """Whether the recipient has answered STOP to this sender and not START since."""
        return self.database.one("SELECT 1 FROM opt_out WHERE number = ? AND sender = ?", recipient, sender) is not None

    def accept(self, account: str, token: str, form: dict[str, str]) -> dict[str, Any]:
        """Keeps the message with its outcome and plans its status callbacks; one transaction."""
        now = self.clock.now()
        reference = form.get("ClientReference") or None
        with self.database.transaction() as connection:
            number = self.database.next_number("message")
            sid = identifier("SM", 32, self.seed, account, reference or number)
            status, error_code = self._outcome(form["To"], reference or str(number))
            connection.execute(
                "INSERT INTO message"
                " (sid, account, reference, sender, recipient, body, status, error_code, accepted_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (sid, account, reference, form["From"], form["To"], form["Body"], status, error_code, stamp(now)),
            )
            connection.execute(
                "INSERT INTO sender VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET account = ?, token = ?",
                (form["From"], account, token, account, token),
            )
            if form.get("StatusCallback"):
                low, high = self.config()["delay_seconds"]
                delay = timedelta(seconds=between(self.seed, low, high, "delay", sid))
                steps = [("failed", error_code)] if status == "failed" else [("sent", ""), (status, error_code)]
                for step, (step_status, code) in enumerate(steps, start=1):
                    callback = {"MessageSid": sid, "MessageStatus": step_status, "To": form["To"], "From": form["From"]}
                    self.webhooks.add(
                        lane=sid,
                        due_at=now + delay * step,
                        url=form["StatusCallback"],
                        body=urlencode({**callback, "ErrorCode": code}).encode(),
                        content_type=FORM,
                        secret=token,
                    )
        return {"sid": sid, "status": "queued"}

    def receive(self, sender: str, to: str, body: str) -> str:
        """A person answers from `sender` to our number `to`: keeps it and plans the inbound webhook. Returns its sid.

        Raises LookupError when no webhook URL or no account is known for our number.
        """
        config = self.config()
        url = config["numbers"].get(to, {}).get("inbound_url") or config["inbound_url"]
        if not url:
            raise LookupError("no inbound_url is configured")
        token = self._token_of(to, config)
        word = " ".join(body.lower().split()).strip(".!")
        with self.database.transaction() as connection:
            sid = identifier("SM", 32, self.seed, "reply", self.database.next_number("reply"))
            connection.execute("INSERT INTO reply (sid, number, body) VALUES (?, ?, ?)", (sid, sender, body))
            if word in STOP_WORDS:
                connection.execute("INSERT OR IGNORE INTO opt_out VALUES (?, ?)", (sender, to))
            elif word in START_WORDS:
                connection.execute("DELETE FROM opt_out WHERE number = ? AND sender = ?", (sender, to))
            form = {"MessageSid": sid, "From": sender, "To": to, "Body": body}
            self.webhooks.add(
                lane=f"from {sender}",
                due_at=self.clock.now(),
                url=url,
                body=urlencode(form).encode(),
                content_type=FORM,
                secret=token,
            )
        return sid

    def work(self) -> int:
        """Sends every callback and reply that is due; returns how many were taken."""
        return self.webhooks.deliver_due()

    def state(self) -> dict[str, Any]:
        """Totals for proofs."""
        by_status = self.database.all("SELECT status, count(*) AS n FROM message GROUP BY status ORDER BY status")
        count = "SELECT (SELECT count(*) FROM reply) AS replies, (SELECT count(*) FROM opt_out) AS opt_outs"
        others = self.database.one(count)
        return {
            "messages": sum(row["n"] for row in by_status),
            "by_final_status": {row["status"]: row["n"] for row in by_status},
            **(dict(others) if others else {}),
            "webhooks_pending": self.webhooks.pending(),
        }

    def _outcome(self, recipient: str, key: str) -> tuple[str, str]:
        if recipient in FAILING_NUMBERS:
            return "failed", "30008"
        if recipient in LANDLINES:
            return "undelivered", "30006"
        if fraction(self.seed, "undelivered", key) < self.config()["undelivered_fraction"]:
            return "undelivered", "30003"
        return "delivered", ""

    def _token_of(self, number: str, config: dict[str, Any]) -> str:
        row = self.database.one("SELECT token FROM sender WHERE number = ?", number)
        if row:
            return str(row["token"])
        if config["accounts"]:
            return str(next(iter(config["accounts"].values())))
        raise LookupError(f"no account has sent from {number} yet and none is configured")


def refusal(status: int, code: int, message: str) -> Response:
    """An error in the provider's form."""
    response = jsonify(code=code, message=message, status=status)
    response.status_code = status
    return response


def create_app(provider: SmsProvider) -> Flask:
    """The provider's REST API and the driver's control routes."""
    app = Flask(__name__)

    def authenticate(sid: str) -> str:
        user, token = basic_credentials()
        accounts = provider.config()["accounts"]
        if user != sid or (accounts and not hmac.compare_digest(accounts.get(sid, ""), token)):
            abort(refusal(401, 20003, "Authenticate"))
        return token

    @app.post("/2010-04-01/Accounts/<sid>/Messages.json")
    def send(sid: str) -> Response:
        token = authenticate(sid)
        form = request.form.to_dict()
        if not form.get("To") or not E164.fullmatch(form["To"]) or form["To"] in INVALID_NUMBERS:
            return refusal(400, 21211, f"The 'To' number {form.get('To', '')} is not a valid phone number.")
        if not form.get("From"):
            return refusal(400, 21603, "A 'From' phone number is required.")
        if not form.get("Body"):
            return refusal(400, 21602, "Message body is required.")
        if len(form["Body"]) > 1600:
            return refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        reference = form.get("ClientReference")
        if reference and (earlier := provider.find(sid, reference)):
            return jsonify(sid=earlier["sid"], status="queued")
        if provider.opted_out(form["To"], form["From"]):
            return refusal(400, 21610, "Attempt to send to unsubscribed recipient")
        if reference and provider.is_temporarily_down(sid, reference):
            return refusal(503, 20503, "Service unavailable, try again")
        response = jsonify(provider.accept(sid, token, form))
        response.status_code = 201
        return response

    @app.post("/_sim/reply")
    def reply() -> Response:
        body = request.get_json()
        try:
            sid = provider.receive(body["from"], body["to"], body["body"])
        except KeyError as missing:
            abort(400, f"{missing} is missing: from, to and body are needed")
        except LookupError as error:
            abort(409, str(error))
        provider.webhooks.deliver_due()
        return jsonify(sid=sid)

    @app.get("/_sim/config")
    def read_config() -> Response:
        return jsonify(provider.config())

    @app.put("/_sim/config")
    def write_config() -> Response:
        body = request.get_json()
        if unknown := sorted(set(body) - set(DEFAULT_CONFIG)):
            abort(400, f"unknown options: {', '.join(unknown)}")
        provider.database.save_setting("config", {**provider.database.setting("config", {}), **body})
        return jsonify(provider.config())

    @app.get("/_sim/messages")
    def messages() -> Response:
        after = request.args.get("after", 0, type=int)
        rows = provider.database.all("SELECT * FROM message WHERE id > ? ORDER BY id LIMIT 1000", after)
        found = [
            {
                "cursor": str(row["id"]),
                "sid": row["sid"],
                "account": row["account"],
                "client_reference": row["reference"],
                "from": row["sender"],
                "to": row["recipient"],
                "body": row["body"],
                "final_status": row["status"],
                "at": row["accepted_at"],
            }
            for row in rows
        ]
        return jsonify(messages=found)

    webhooks = provider.webhooks
    control_routes(app, provider.clock, provider.work, provider.state, webhooks.next_due, webhooks.owed)
    return app


def main() -> None:
    """Wires and serves."""
    arguments = standard_arguments("SMS provider of the Twilio kind", port=4301).parse_args()
    database = Database(arguments.data / "sms.sqlite3", TABLES)
    clock = BusinessClock(database)
    webhooks = WebhookQueue(database, clock, sign)
    webhooks.start()
    provider = SmsProvider(database, clock, webhooks, arguments.seed, Settings.from_environment().sms_accounts)
    serve(create_app(provider), arguments.host, arguments.port, "sms", clock)
    webhooks.stop()


if __name__ == "__main__":
    main()
