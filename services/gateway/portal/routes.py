"""Every address of the portal: the table of contents of its screens. One table a noun; a new noun is a new table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, Response
from google.protobuf.descriptor import ServiceDescriptor

from gateway.edge import Edge
from gateway.portal import home, signing
from gateway.portal.page import PREFIX, PortalPage, patients_only
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.site import Route, Site

TEMPLATES = Path(__file__).resolve().parent / "templates"
CLINIC = f"{PREFIX}/{{clinic}}"

# Handlers take a PortalPage.
Handler = Callable[[Any], Response]
Table = Sequence[tuple[str, str, Handler]]

# Paths here stand behind /portal/<clinic>. Only who is signed in as a patient of the clinic comes to them.
HOME: Table = (("GET", "", home.start),)

TABLES: Sequence[Table] = (HOME,)


def add_portal(
    app: Flask, edge: Edge, services: Iterable[ServiceDescriptor], assets: Assets, sessions: Sessions
) -> None:
    """Adds the portal's routes."""
    site = Site(
        services,
        assets,
        [TEMPLATES],
        sign_in_page,
        home.sections,
        admit=patients_only,
        make_page=PortalPage,
        sessions=sessions,
    )
    doors = signing.Signing(sessions)
    public: Table = (
        ("GET", "/sign-in", doors.form),
        ("POST", "/sign-in", doors.sign_in),
        ("POST", "/sign-out", doors.sign_out),
        ("POST", "/language", signing.language),
    )
    site.add(app, edge, (Route(verb, CLINIC + path, handler, public=True) for verb, path, handler in public))
    for table in TABLES:
        site.add(app, edge, (Route(verb, CLINIC + path, handler) for verb, path, handler in table))


def sign_in_page(path: str) -> str:
    """The sign-in page of the clinic that a path belongs to."""
    return "/".join([*path.split("/")[:3], "sign-in"])
