"""``/api/openapi.json``, the page at ``/api/docs`` and what a problem's ``type`` points to."""

from __future__ import annotations

import hashlib
import mimetypes
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import swagger_ui_bundle
from flask import Flask, Response

from chassis.errors import NotFound
from gateway.about import package_version
from gateway.edge import Edge, Exchange
from gateway.openapi.comments import Comments, find_image
from gateway.openapi.document import build_document
from gateway.openapi.viewer import for_viewer
from gateway.transcoding.json_out import dumps
from gateway.transcoding.routes import Binding

STATIC = Path(__file__).resolve().parent.parent / "static"
ASSETS = {
    "swagger-ui.css": Path(swagger_ui_bundle.swagger_ui_path),
    "swagger-ui-bundle.js": Path(swagger_ui_bundle.swagger_ui_path),
    "docs.js": STATIC,
    "docs.css": STATIC,
}
# The page runs our own script files only; the viewer sets style attributes while it draws.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DAY_SECONDS = 86_400


class Documentation:
    """Builds the document when it is first asked for; later requests are answered from memory."""

    def __init__(self, bindings: Sequence[Binding], server_url: str) -> None:
        self._bindings = bindings
        self._server_url = server_url
        self._lock = threading.Lock()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        return build_document(self._bindings, Comments(find_image()), package_version(), self._server_url)

    @cached_property
    def _pages(self) -> dict[str, tuple[bytes, str]]:
        made = {"3.1": dumps(self.document), "3.0": dumps(for_viewer(self.document))}
        return {name: (raw, f'"{hashlib.sha256(raw).hexdigest()[:24]}"') for name, raw in made.items()}

    def openapi(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """OpenAPI 3.1."""
        return self._page(exchange, "3.1")

    def openapi_for_viewer(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """OpenAPI 3.0 for the page."""
        return self._page(exchange, "3.0")

    def page(self, _exchange: Exchange, _values: dict[str, str]) -> Response:
        """The page itself."""
        return _file(STATIC / "docs.html")

    def asset(self, _exchange: Exchange, values: dict[str, str]) -> Response:
        """A script or style of the page; only those that it uses. Raises NotFound."""
        folder = ASSETS.get(values["name"])
        if folder is None:
            raise NotFound("file")
        response = _file(folder / values["name"])
        response.headers["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
        return response

    def problem(self, _exchange: Exchange, values: dict[str, str]) -> Response:
        """What a problem's type means: which operations answer it."""
        operations = [
            {"operation": operation["operationId"], "summary": operation["summary"]}
            for methods in self.document["paths"].values()
            for operation in methods.values()
            if values["reason"] in operation.get("x-reasons", ())
        ]
        return Response(dumps({"reason": values["reason"], "operations": operations}), content_type="application/json")

    def _page(self, exchange: Exchange, name: str) -> Response:
        with self._lock:
            raw, etag = self._pages[name]
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if etag in exchange.request.headers.get("If-None-Match", ""):
            return Response(status=304, headers=headers)
        return Response(raw, content_type="application/json", headers=headers)


def add_documentation(app: Flask, edge: Edge, documentation: Documentation) -> None:
    """Adds the routes; all are public, they hold no data."""
    for label, handler in (
        ("/api/openapi.json", documentation.openapi),
        ("/api/docs/openapi-3.0.json", documentation.openapi_for_viewer),
        ("/api/docs", documentation.page),
        ("/api/docs/assets/{name}", documentation.asset),
        ("/api/problems/{reason}", documentation.problem),
    ):
        rule = label.replace("{name}", "<segment:name>").replace("{reason}", "<segment:reason>")
        view = edge.view(handler, label, public=True)
        app.add_url_rule(rule, f"GET {label}", view, methods=["GET"], provide_automatic_options=False)


def _file(path: Path) -> Response:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    response = Response(path.read_bytes(), content_type=kind + ("; charset=utf-8" if kind.startswith("text/") else ""))
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response
