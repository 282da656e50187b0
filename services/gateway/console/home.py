"""Where a person begins, and what they find at the side of every page: decided by what they may do."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from gateway.web.i18n import N_
from gateway.web.icons import NAMES
from gateway.web.page import Page

# (address, icon, text, the RPC the section cannot be without)
SECTIONS = (
    ("/console/today", "today", N_("Today"), "Scheduling.GetDay"),
    ("/console/calendar", "calendar", N_("Calendar"), "Scheduling.ListAppointments"),
    ("/console/patients", "people", N_("Patients"), "PatientRegistry.SearchPatients"),
    ("/console/messages", "message", N_("Messages"), "Conversations.ListThreads"),
    ("/console/my-day", "doctor", N_("My day"), "Billing.SignEncounter"),
    ("/console/video", "video", N_("Video"), "Telehealth.CreateJoinToken"),
    ("/console/drawer", "drawer", N_("Drawer"), "Billing.OpenDrawer"),
    ("/console/billing", "money", N_("Billing"), "Claims.ListClaims"),
    ("/console/reports", "chart", N_("Reports"), "Billing.GetReceivables"),
    ("/console/settings", "settings", N_("Settings"), "Identity.GetTenant"),
)


def sections(page: Page) -> Sequence[tuple[str, str, str]]:
    """The sections that are open to the person."""
    return [(href, icon, text) for href, icon, text, rpc in SECTIONS if page.may(rpc)]


def start(page: Page) -> Response:
    """Leads to where the person's work begins."""
    own = page.may("Billing.SignEncounter") and not page.may("Billing.TakePayment")
    if own:
        return page.go("/console/my-day")
    if page.may("Scheduling.Arrive") or not page.may("Claims.ListClaims"):
        return page.go("/console/today" if page.may("Scheduling.GetDay") else "/console/settings")
    return page.go("/console/billing")


def components(page: Page) -> Response:
    """Every component on one page, to look at and to test."""
    return page.show("components.html", icons=NAMES)
