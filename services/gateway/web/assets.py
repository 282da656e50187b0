"""Styles, scripts and images of the pages: built once by ``make assets`` into files whose names carry their content's hash."""

from __future__ import annotations

import json
import mimetypes
from functools import cached_property
from pathlib import Path

from flask import Flask, Response

from chassis.errors import NotFound, Unavailable
from gateway.edge import Edge, Exchange

FOLDER = Path(__file__).resolve().parent / "dist"
MANIFEST = "manifest.json"
PREFIX = "/assets/web"
# The name changes with the content: a browser never has to ask again.
CACHE = "public, max-age=31536000, immutable"


class Assets:
    """The built files by the name that templates use."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def _names(self) -> dict[str, str]:
        try:
            names: dict[str, str] = json.loads((self._folder / MANIFEST).read_text())
        except FileNotFoundError:
            raise Unavailable(internal=f"{self._folder} is not built: make assets") from None
        return names

    def url(self, name: str) -> str:
        """Where a file is served, e.g. ``console.css``. Raises KeyError for one that is not built."""
        return f"{PREFIX}/{self._names[name]}"

    def serve(self, _exchange: Exchange, values: dict[str, str]) -> Response:
        """One built file. Raises NotFound."""
        name = values["name"]
        if name not in self._names.values():
            raise NotFound("file")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = Response((self._folder / name).read_bytes(), content_type=kind)
        response.headers["Cache-Control"] = CACHE
        return response


def add_assets(app: Flask, edge: Edge, assets: Assets) -> None:
    """Adds the route."""
    label = f"{PREFIX}/{{name}}"
    view = edge.view(assets.serve, label, public=True)
    app.add_url_rule(f"{PREFIX}/<segment:name>", f"GET {label}", view, methods=["GET"], provide_automatic_options=False)
