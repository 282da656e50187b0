"""Card processor of the Stripe kind: `python -m infra.simulators.cards --port 4501 --data DIR --seed 1`.

Payment methods, payment intents and refunds over its REST API; what happens later comes as signed webhooks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, abort, jsonify, request

from infra.simulators.cards.processor import DEFAULT_CONFIG, TABLES, Account, CardError, CardProcessor, sign
from infra.simulators.kit.clock import BusinessClock
from infra.simulators.kit.database import Database
from infra.simulators.kit.web import control_routes, serve, standard_arguments
from infra.simulators.kit.webhooks import WebhookQueue
from infra.simulators.settings import Settings


def answer(status: int, body: dict[str, Any]) -> Response:
    """A JSON response."""
    response = jsonify(body)
    response.status_code = status
    return response


def bearer_key() -> str:
    """The API key of the request: Bearer, or the user of HTTP Basic, as the processor takes both."""
    if request.authorization is None:
        return ""
    return str(request.authorization.token or request.authorization.username or "")


def create_app(processor: CardProcessor) -> Flask:
    """The processor's REST API and the driver's control routes."""
    app = Flask(__name__)

    @app.errorhandler(CardError)
    def in_its_form(error: CardError) -> Response:
        return answer(error.status, error.body)

    def once(account: Account, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        asked = json.dumps([request.path, sorted(request.form.items(multi=True))])
        return processor.once(account, request.headers.get("Idempotency-Key"), asked, make)

    @app.after_request
    def for_browsers(response: Response) -> Response:
        """Cards are handed over by browsers, from the pages of any merchant; nothing else is for them."""
        if request.path == "/v1/payment_methods":
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        return response

    @app.post("/v1/payment_methods")
    def add_payment_method() -> Response:
        processor.check_publishable(bearer_key())
        return answer(200, processor.add_payment_method(request.form))

    @app.post("/v1/payment_intents")
    def pay() -> Response:
        account = processor.account(bearer_key())
        return answer(200, once(account, lambda: processor.pay(account, request.form)))

    @app.get("/v1/payment_intents/<identity>")
    def read(identity: str) -> Response:
        return answer(200, processor.intent(identity, processor.account(bearer_key())))

    @app.post("/v1/refunds")
    def refund() -> Response:
        account = processor.account(bearer_key())
        return answer(200, once(account, lambda: processor.refund(account, request.form)))

    @app.get("/_sim/config")
    def read_config() -> Response:
        return jsonify(processor.config())

    @app.put("/_sim/config")
    def write_config() -> Response:
        body = request.get_json()
        if unknown := sorted(set(body) - set(DEFAULT_CONFIG)):
            abort(400, f"unknown options: {', '.join(unknown)}")
        processor.database.save_setting("config", {**processor.database.setting("config", {}), **body})
        return jsonify(processor.config())

    control_routes(app, processor.clock, processor.work, processor.state, processor.next_due, processor.webhooks.owed)
    return app


def main() -> None:
    """Wires and serves."""
    arguments = standard_arguments("Card processor of the Stripe kind", port=4501).parse_args()
    database = Database(arguments.data / "cards.sqlite3", TABLES)
    clock = BusinessClock(database)
    webhooks = WebhookQueue(database, clock, sign)
    webhooks.start()
    processor = CardProcessor(database, clock, webhooks, arguments.seed, Settings.from_environment())
    serve(create_app(processor), arguments.host, arguments.port, "cards", clock, processor.work)
    webhooks.stop()


if __name__ == "__main__":
    main()
