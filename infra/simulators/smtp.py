"""Mail server that keeps every message: `python -m infra.simulators.smtp --port 4401 --http-port 4402 --data DIR`.

SMTP on --port, the driver's HTTP on --http-port. Nothing is forwarded and nothing is de-duplicated, so that a message
sent twice is seen twice.
"""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default as modern_policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from flask import Flask, Response, abort, jsonify, request

from infra.simulators.kit.chance import fraction
from infra.simulators.kit.clock import BusinessClock, stamp
from infra.simulators.kit.database import Database
from infra.simulators.kit.web import control_routes, listen, serve, standard_arguments

TABLES = """
CREATE TABLE IF NOT EXISTS mail (
  id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
  subject TEXT NOT NULL, size INTEGER NOT NULL, at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS greylisted (message_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""

DEFAULT_CONFIG: dict[str, Any] = {
    "unknown_recipients": [],  # addresses refused for good (550)
    "temporary_failure_fraction": 0.0,  # of messages refused once (451) and taken at the second attempt
}
UNKNOWN_DOMAIN = "@bounce.invalid"
MAX_MESSAGE_BYTES = 32 * 1024 * 1024


class Mailbox:
    """Keeps messages as .eml files with an index, and answers the SMTP server's questions."""

    def __init__(self, database: Database, clock: BusinessClock, folder: Path, seed: int) -> None:
        self.database = database
        self.clock = clock
        self.folder = folder
        self.seed = seed
        folder.mkdir(parents=True, exist_ok=True)

    def config(self) -> dict[str, Any]:
        """The present options: defaults overlaid by what was PUT."""
        return {**DEFAULT_CONFIG, **self.database.setting("config", {})}

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuses addresses that do not exist."""
        del server, session
        if address.lower().endswith(UNKNOWN_DOMAIN) or address in self.config()["unknown_recipients"]:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the message; only then answers 250."""
        del server, session
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        headers = message_from_bytes(content, policy=modern_policy)
        message_id = str(headers.get("Message-ID", "")).strip()
        if self._refused_once(message_id):
            return "451 4.7.1 Try again later"
        with self.database.transaction() as connection:
            number = self.database.next_number("mail")
            self.path(number).write_bytes(content)
            connection.execute(
                "INSERT INTO mail VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    number,
                    message_id,
                    envelope.mail_from or "",
                    ", ".join(envelope.rcpt_tos),
                    str(headers.get("Subject", "")),
                    len(content),
                    stamp(self.clock.now()),
                ),
            )
        return f"250 OK queued as {number}"

    def path(self, number: int) -> Path:
        """The file of the `number`-th message."""
        return self.folder / f"{number:06d}.eml"

    def state(self) -> dict[str, Any]:
        """Totals for proofs."""
        row = self.database.one(
            "SELECT count(*) AS messages, count(DISTINCT message_id) AS distinct_message_ids FROM mail"
        )
        return dict(row) if row else {}

    def _refused_once(self, message_id: str) -> bool:
        if fraction(self.seed, "greylist", message_id) >= self.config()["temporary_failure_fraction"]:
            return False
        with self.database.transaction() as connection:
            first = connection.execute("INSERT OR IGNORE INTO greylisted VALUES (?)", (message_id,)).rowcount
        return first == 1


def accept_any_login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    """A sink checks no password, but speaks AUTH so that a client which insists on signing in can."""
    del server, session, envelope, mechanism
    return AuthResult(success=isinstance(data, LoginPassword) and bool(data.login))


def create_app(mailbox: Mailbox) -> Flask:
    """The driver's control routes."""
    app = Flask(__name__)

    @app.get("/_sim/messages")
    def messages() -> Response:
        after = request.args.get("after", 0, type=int)
        rows = mailbox.database.all("SELECT * FROM mail WHERE id > ? ORDER BY id LIMIT 1000", after)
        found = [
            {
                "cursor": str(row["id"]),
                "message_id": row["message_id"],
                "from": row["sender"],
                "to": row["recipients"],
                "subject": row["subject"],
                "size": row["size"],
                "at": row["at"],
            }
            for row in rows
        ]
        return jsonify(messages=found)

    @app.get("/_sim/messages/<int:number>")
    def message(number: int) -> Response:
        path = mailbox.path(number)
        if not path.is_file():
            abort(404, f"there is no message {number}")
        return Response(path.read_bytes(), mimetype="message/rfc822")

    @app.get("/_sim/config")
    def read_config() -> Response:
        return jsonify(mailbox.config())

    @app.put("/_sim/config")
    def write_config() -> Response:
        body = request.get_json()
        if unknown := sorted(set(body) - set(DEFAULT_CONFIG)):
            abort(400, f"unknown options: {', '.join(unknown)}")
        mailbox.database.save_setting("config", {**mailbox.database.setting("config", {}), **body})
        return jsonify(mailbox.config())

    control_routes(app, mailbox.clock, lambda: None, mailbox.state, lambda: None)
    return app


def start_smtp(mailbox: Mailbox, host: str, port: int) -> Controller:
    """Starts the SMTP listener in a thread of its own."""
    controller = Controller(
        mailbox,
        hostname=host,
        port=port,
        data_size_limit=MAX_MESSAGE_BYTES,
        authenticator=accept_any_login,
        auth_require_tls=False,
        enable_SMTPUTF8=True,
        ident="Polyclinic mail sink",
    )
    controller.start()
    return controller


def main() -> None:
    """Wires and serves."""
    parser = standard_arguments("Mail server that keeps every message", port=4401)
    parser.add_argument("--http-port", type=int, default=4402, help="port of the driver's HTTP interface")
    arguments = parser.parse_args()
    database = Database(arguments.data / "smtp.sqlite3", TABLES)
    mailbox = Mailbox(database, BusinessClock(database), arguments.data / "mail", arguments.seed)
    listen(arguments.host, arguments.port, "smtp").close()  # aiosmtpd itself takes seconds to say that a port is taken
    controller = start_smtp(mailbox, arguments.host, arguments.port)
    serve(create_app(mailbox), arguments.host, arguments.http_port, "smtp", mailbox.clock)
    controller.stop()


if __name__ == "__main__":
    main()
