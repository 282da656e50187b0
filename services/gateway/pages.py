"""The pages for people who open the installation's address in a browser: what runs here, and where a message's link leads."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import jinja2
from flask import Flask, Response

from chassis.errors import NotFound
from gateway.about import package_version
from gateway.edge import Edge, Exchange
from gateway.openapi.routes import Documentation

STATIC = Path(__file__).resolve().parent / "static"
ASSETS = ("page.css", "icon.svg")
# Plain HTML: no script, nothing from elsewhere.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DAY_SECONDS = 86_400


class Pages:
    """The landing page and the page behind the links in messages; both public, without any data."""

    def __init__(self, documentation: Documentation, public_url: str) -> None:
        self._documentation = documentation
        self._url = public_url
        self._templates = jinja2.Environment(loader=jinja2.FileSystemLoader(STATIC), autoescape=True)

    @cached_property
    def _parts(self) -> list[dict[str, object]]:
        """What the installation can do, by group; counted in the document when it is first asked for."""
        document = self._documentation.document
        counts: dict[str, int] = {}
        for methods in document["paths"].values():
            for operation in methods.values():
                counts[operation["tags"][0]] = counts.get(operation["tags"][0], 0) + 1
        return [
            {
                "name": tag["name"],
                "anchor": quote(tag["name"]),
                "about": tag["description"].split("\n\n", 1)[0],
                "operations": counts.get(tag["name"], 0),
            }
            for tag in document["tags"]
        ]

    def landing(self, exchange: Exchange, _values: dict[str, str]) -> Response:
        """What this installation is and where to go from here."""
        url = self._url or exchange.request.host_url.rstrip("/")
        template = self._templates.get_template("landing.html")
        return _page(template.render(version=package_version(), url=url, parts=self._parts))

    def portal(self, _exchange: Exchange, _values: dict[str, str]) -> Response:
        """Where the links of reminders lead: what a patient can do without an online portal."""
        return _page(self._templates.get_template("portal.html").render())

    def asset(self, _exchange: Exchange, values: dict[str, str]) -> Response:
        """A style or an image of these pages. Raises NotFound."""
        if values["name"] not in ASSETS:
            raise NotFound("file")
        return _asset(values["name"])

    def icon(self, _exchange: Exchange, _values: dict[str, str]) -> Response:
        """What browsers ask for unasked."""
        return _asset("icon.svg")


def add_pages(app: Flask, edge: Edge, pages: Pages) -> None:
    """Adds the routes."""
    routes: Sequence[tuple[str, str]] = (
        ("/", "landing"),
        ("/portal", "portal"),
        ("/favicon.ico", "icon"),
        ("/assets/<segment:name>", "asset"),
    )
    for rule, name in routes:
        label = rule.replace("<segment:name>", "{name}")
        view = edge.view(getattr(pages, name), label, public=True)
        app.add_url_rule(rule, f"GET {label}", view, methods=["GET"], provide_automatic_options=False)


def _page(html: str) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(html, content_type="text/html; charset=utf-8", headers=headers)


def _asset(name: str) -> Response:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = Response((STATIC / name).read_bytes(), content_type=kind)
    response.headers["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return response
