"""The clearinghouse's HTTP interface: real-time questions, files out, files in, and the driver's control routes."""

from __future__ import annotations

import hmac
import re
from typing import Any

from flask import Flask, Response, abort, jsonify, request

from infra.simulators.clearinghouse.calendar import Calendar
from infra.simulators.clearinghouse.config import ConfigError, as_json
from infra.simulators.clearinghouse.intake import CONFLICT, NEW, receive
from infra.simulators.clearinghouse.office import Office
from infra.simulators.clearinghouse.realtime import PayerDownError, answer_interchange
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.web import basic_credentials, control_routes

EDI = "application/edi-x12"
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
PAGE_SIZE = 1000


def create_app(office: Office, clock: BusinessClock, calendar: Calendar) -> Flask:
    """The Flask application over one office."""
    app = Flask(__name__)
    database = office.store.database

    def submitter() -> str:
        user, secret = basic_credentials()
        known = office.config.submitters
        if known and not hmac.compare_digest(known.get(user, ""), secret):
            abort(401, "unknown submitter or wrong secret")
        return user

    @app.post("/v1/realtime")
    def realtime() -> Response:
        who = submitter()
        try:
            answer = answer_interchange(office, who, request.get_data(), clock.now())
        except PayerDownError as error:
            abort(503, str(error))
        return Response(answer, mimetype=EDI)

    @app.put("/v1/outbound/<name>")
    def send(name: str) -> Response:
        who = submitter()
        if not FILE_NAME.fullmatch(name):
            abort(400, "a file name has letters, digits, dot, dash, underscore; at most 200")
        result = receive(office, who, name, request.get_data(), clock.now())
        if result == CONFLICT:
            abort(409, f"{name} was sent before with other content")
        response = jsonify(name=name, result=result)
        response.status_code = 201 if result == NEW else 200
        return response

    @app.get("/v1/inbound")
    def listing() -> Response:
        who = submitter()
        after, limit = request.args.get("after", 0, type=int), request.args.get("limit", 100, type=int)
        rows = database.all(
            "SELECT cursor, name, kind, sha256, length(body) AS size, appeared_at FROM inbound"
            " WHERE submitter = ? AND cursor > ? ORDER BY cursor LIMIT ?",
            who,
            after,
            max(1, min(limit, PAGE_SIZE)),
        )
        return jsonify(files=[{**dict(row), "cursor": str(row["cursor"])} for row in rows])

    @app.get("/v1/inbound/<name>")
    def fetch(name: str) -> Response:
        row = database.one("SELECT body FROM inbound WHERE submitter = ? AND name = ?", submitter(), name)
        if row is None:
            abort(404, f"there is no file {name}")
        return Response(row["body"], mimetype=EDI)

    @app.get("/_sim/config")
    def read_config() -> Response:
        return jsonify(as_json(office.config))

    @app.put("/_sim/config")
    def write_config() -> Response:
        try:
            config = office.configure(request.get_json())
        except ConfigError as error:
            abort(400, str(error))
        return jsonify(as_json(config))

    control_routes(app, clock, calendar.work, lambda: state(office), office.store.earliest)
    return app


def state(office: Office) -> dict[str, Any]:
    """Totals for proofs; amounts in cents."""
    database = office.store.database
    by_state = database.all("SELECT state, count(*) AS n FROM claim GROUP BY state ORDER BY state")
    files = database.all("SELECT kind, count(*) AS n FROM inbound GROUP BY kind ORDER BY kind")
    sets = database.all(
        "SELECT payer, payee, submitter, trace, file, bpr02, clp04_sum, plb_sum, claims, day"
        " FROM payment_set ORDER BY id"
    )
    takebacks = database.all("SELECT payer, payee, reason, reference, outstanding FROM takeback ORDER BY id")
    received = database.one("SELECT count(*) AS n FROM claim WHERE crossover = 0")
    crossovers = database.one("SELECT count(*) AS n FROM claim WHERE crossover = 1")
    submissions = database.one("SELECT count(*) AS n FROM submission")
    return {
        "submissions": submissions["n"] if submissions else 0,
        "claims_received": received["n"] if received else 0,
        "crossovers": crossovers["n"] if crossovers else 0,
        "claims_by_state": {row["state"]: row["n"] for row in by_state},
        "files": {row["kind"]: row["n"] for row in files},
        "sets": [dict(row) for row in sets],
        "takebacks": [dict(row) for row in takebacks],
    }
