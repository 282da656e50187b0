"""``/livez``: the process answers. ``/readyz``: it would serve a request; it asks no other service, so that one
outage stays one."""

from __future__ import annotations

from flask import Flask, Response

from gateway.transcoding.json_out import dumps


def add_health(app: Flask, *, routes: int) -> None:
    """Adds both probes. ``routes`` is how many REST bindings were found: a gateway without contracts is not ready."""

    def livez() -> Response:
        return Response(dumps({"status": "ok"}), content_type="application/json")

    def readyz() -> Response:
        body = {"status": "ok" if routes else "no contracts found", "bindings": routes}
        return Response(dumps(body), status=200 if routes else 503, content_type="application/json")

    app.add_url_rule("/livez", "livez", livez)
    app.add_url_rule("/readyz", "readyz", readyz)
