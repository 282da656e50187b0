"""Where a patient begins: what is next, and what is to be done."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from gateway.portal.page import PortalPage
from gateway.web.i18n import N_

# (path behind /portal/<clinic>, icon, text, the RPC the section cannot be without)
SECTIONS = (("", "home", N_("Home"), "Scheduling.ListAppointments"),)


def sections(page: PortalPage) -> Sequence[tuple[str, str, str]]:
    """The sections that are open to the person: (address, icon, text)."""
    return [(page.here + path, icon, text) for path, icon, text, rpc in SECTIONS if page.may(rpc)]


def start(page: PortalPage) -> Response:
    """The next visits."""
    return page.show("home.html")
