"""Every address of the video visits: the room, which is public, and the staff's pages beside the console's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flask import Flask
from google.protobuf.descriptor import ServiceDescriptor

from gateway.console import home
from gateway.console.routes import SIGN_IN
from gateway.edge import Edge
from gateway.video import room
from gateway.video.staff import ROOM, Staff
from gateway.web.assets import Assets
from gateway.web.site import Handler, Route, Site

TEMPLATES = Path(__file__).resolve().parent / "templates"
SESSION = "/console/video/{session_id}"

Table = Iterable[tuple[str, str, Handler]]

PUBLIC: Table = (
    ("GET", ROOM, room.room),
    ("POST", f"{ROOM}/language", room.language),
)


def staff_table(staff: Staff) -> Table:
    """The staff's addresses."""
    return (
        ("GET", "/console/video", staff.day),
        ("GET", SESSION, staff.session),
        ("POST", f"{SESSION}/join", staff.join),
        ("POST", f"{SESSION}/link", staff.link),
        ("POST", f"{SESSION}/end", staff.end),
    )


def add_video(app: Flask, edge: Edge, services: Iterable[ServiceDescriptor], assets: Assets, public_url: str) -> None:
    """Adds the routes."""
    site = Site(services, assets, [TEMPLATES], lambda _path: SIGN_IN, home.sections)
    site.add(app, edge, (Route(verb, path, handler, public=True) for verb, path, handler in PUBLIC))
    site.add(app, edge, (Route(verb, path, handler) for verb, path, handler in staff_table(Staff(public_url))))
