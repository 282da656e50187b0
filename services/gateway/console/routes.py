"""Every address of the console: the table of contents of its screens."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flask import Flask
from google.protobuf.descriptor import ServiceDescriptor

from gateway.console import finding, home, patients, signing, today
from gateway.edge import Edge
from gateway.sessions import Sessions
from gateway.web.assets import Assets
from gateway.web.site import Handler, Route, Site

TEMPLATES = Path(__file__).resolve().parent / "templates"
SIGN_IN = "/console/sign-in"
PATIENT = "/console/patients/{patient_id}"

Table = Iterable[tuple[str, str, Handler]]

START: Table = (
    ("GET", "/console", home.start),
    ("GET", "/console/components", home.components),
    ("GET", "/console/password", signing.password_form),
    ("POST", "/console/password", signing.set_password),
)
PATIENTS: Table = (
    ("GET", "/console/find", finding.find),
    ("GET", "/console/patients", finding.find),
    ("GET", "/console/patients/new", finding.register_form),
    ("POST", "/console/patients/new", finding.register),
    ("GET", PATIENT, patients.overview),
    ("GET", f"{PATIENT}/edit", patients.edit_form),
    ("POST", f"{PATIENT}/edit", patients.edit),
    ("GET", f"{PATIENT}/coverage", patients.coverage),
    ("POST", f"{PATIENT}/coverage", patients.add_coverage),
    ("POST", f"{PATIENT}/coverage/{{coverage_id}}/remove", patients.remove_coverage),
    ("POST", f"{PATIENT}/coverage/{{coverage_id}}/verify", patients.verify),
    ("GET", f"{PATIENT}/visits", patients.visits),
    ("GET", f"{PATIENT}/messages", patients.messages),
    ("POST", f"{PATIENT}/messages", patients.send_message),
    ("POST", f"{PATIENT}/consent", patients.consent),
    ("GET", f"{PATIENT}/account", patients.account),
    ("GET", f"{PATIENT}/looked", patients.looked),
    ("POST", f"{PATIENT}/different", patients.dismiss_duplicate),
)
DAY: Table = (
    ("GET", "/console/today", today.board),
    ("POST", "/console/visits/{appointment_id}/{step}", today.step),
    ("POST", "/console/requests/{request_id}/close", today.close_request),
)


def add_console(
    app: Flask, edge: Edge, services: Iterable[ServiceDescriptor], assets: Assets, sessions: Sessions
) -> None:
    """Adds the console's routes."""
    site = Site(services, assets, [TEMPLATES], SIGN_IN, home.sections)
    doors = signing.Signing(sessions)
    public = (
        ("GET", SIGN_IN, doors.form),
        ("POST", SIGN_IN, doors.sign_in),
        ("GET", "/console/switch", doors.form),
        ("POST", "/console/sign-out", doors.sign_out),
        ("POST", "/console/language", signing.language),
    )
    site.add(app, edge, (Route(verb, path, handler, public=True) for verb, path, handler in public))
    for table in (START, PATIENTS, DAY):
        site.add(app, edge, (Route(verb, path, handler) for verb, path, handler in table))
