"""Entries of the audit as lists show them: the whole trail in the settings, one patient's on their page."""

from __future__ import annotations

from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter
from gateway.web.page import Page

AUDITED = (
    Column("at", N_("When"), "occurred_at"),
    Column("who", N_("Who"), lambda each: each.principal_name or each.principal_id, searched=True),
    Column("what", N_("What"), lambda each: each.rpc.rsplit("/", 1)[-1], searched=True),
    Column("outcome", N_("Outcome"), "outcome", searched=True),
    Column("from", N_("From"), "client_address", searched=True),
    Column("phi", N_("Health data"), "phi", shown=False),
    Column("patients", N_("Patients"), lambda each: " ".join(each.patient_ids), shown=False),
    Column("request", N_("Request"), "request_id", searched=True, shown=False),
)


def refused(page: Page) -> Filter:
    """Keeps what was refused."""
    return Filter("outcome", N_("Outcome"), [("no", page.gettext("Refused"))], N_("All"), _was_refused)


def _was_refused(entry: object, _value: str) -> bool:
    return getattr(entry, "outcome", "") != "OK"
