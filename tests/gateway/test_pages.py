"""The pages that a browser finds at the installation's address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from infra import assets


@pytest.mark.parametrize("path", ["/", "/portal"])
def test_pages_are_complete_and_harmless(gateway: Callable[..., FlaskClient], path: str) -> None:
    """A page is HTML under a policy without scripts, and everything it loads or leads to is served here."""
    assets.build()  # the landing page leads to the console
    client = gateway()
    page = client.get(path)
    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    html = page.get_data(as_text=True)
    assert "<script" not in html
    links = set(re.findall(r'(?:href|src)="(/[^"#]*)', html))
    assert "/assets/page.css" in links
    for link in links:
        assert client.get(link).status_code == 200, link


def test_landing_names_every_part(gateway: Callable[..., FlaskClient]) -> None:
    """The landing page names each group of operations with what it does and how many operations it has."""
    client = gateway()
    html = client.get("/").get_data(as_text=True)
    document: dict[str, Any] = client.get("/api/openapi.json").get_json()
    for tag in document["tags"]:
        if tag["name"] == "Gallery":
            continue
        assert tag["description"], tag["name"]
        count = sum(tag["name"] in each["tags"] for methods in document["paths"].values() for each in methods.values())
        row = re.search(rf">{tag['name']}</a></th>.*?<td>(\d+)</td></tr>", html)
        assert row, tag["name"]
        assert int(row.group(1)) == count


def test_landing_shows_the_address_it_was_reached_at(gateway: Callable[..., FlaskClient]) -> None:
    """The first request can be copied as it stands: without a public URL it goes to where the page came from."""
    html = gateway().get("/", headers={"Host": "clinic.example.org"}).get_data(as_text=True)
    assert "curl -s http://clinic.example.org/api/v1/sessions" in html
    hostile = gateway().get("/", headers={"Host": 'x"><b>'})
    assert b"<b>" not in hostile.data


def test_portal_speaks_the_languages_of_the_messages(gateway: Callable[..., FlaskClient]) -> None:
    """Whoever follows the link in a reminder learns what to do, in English and in Spanish."""
    html = gateway().get("/portal").get_data(as_text=True)
    assert "C to confirm, R to reschedule, X to cancel" in html
    assert 'lang="es"' in html
    assert "C para confirmar" in html


def test_assets_are_only_our_own(gateway: Callable[..., FlaskClient]) -> None:
    """No other file of the package can be fetched as an asset; browsers get an icon where they look for one."""
    client = gateway()
    assert client.get("/assets/landing.html").status_code == 404
    assert client.get("/assets/..%2fpages.py").status_code == 404
    assert client.get("/favicon.ico").content_type.startswith("image/svg+xml")
