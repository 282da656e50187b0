"""Signed calls of outside parties: passed on as they came in, because the signature covers every byte."""

from __future__ import annotations

from flask import Response

from gateway.api import read_body
from gateway.edge import Exchange, Handler
from gateway.transcoding.json_in import MAX_JSON_BYTES
from gateway.transcoding.problems import Problems
from gateway.transcoding.routes import Binding
from gateway.transcoding.scalars import text_problem

_TENANT = ("tenant_id",)


def webhook_handler(binding: Binding, public_url: str) -> Handler:
    """The handler of one webhook RPC: URL, tenant of the path, lower-case headers and the raw body → WebhookRequest.

    The RPC proves its caller by the signature; nothing is believed here. Raises ValueError when the template names
    no tenant.
    """
    if _TENANT not in binding.path.variables:
        raise ValueError(f"{binding.rpc.full_name}: a webhook's path must hold {{tenant_id}}")
    tenant = f"v{binding.path.variables.index(_TENANT)}"

    def handle(exchange: Exchange, values: dict[str, str]) -> Response:
        incoming = exchange.request
        problems = Problems()
        for name, text in incoming.headers:
            wrong = text_problem(text)
            if wrong is not None:
                problems.add(name[:80], wrong)
        problems.refuse()
        query = incoming.query_string.decode("ascii", "replace")
        message = binding.rpc.request_class(
            url=(public_url or incoming.host_url.rstrip("/")) + incoming.path + (f"?{query}" if query else ""),
            tenant_id=values[tenant],
            headers={name.lower(): text for name, text in incoming.headers},
            body=read_body(incoming, MAX_JSON_BYTES),
        )
        exchange.call(binding.service, binding.rpc, message)
        return Response(status=204)

    return handle
