"""The clinician's day: who comes, what is to be coded and signed."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import Response

from gateway.console import words
from gateway.console.booking import parts_of
from gateway.console.calendar import at
from gateway.web.dates import read_date
from gateway.web.page import PAGE_SIZE, Page


def day(page: Page) -> Response:
    """The visits of one clinician's day, with what of them is still to be signed."""
    people = page.call("Identity.ListPractitioners", page_size=500).practitioners
    own = next((each for each in people if each.account_id == page.user.id), None)
    chosen = page.arg("practitioner") or (own.practitioner_id if own is not None else "")
    when = (read_date(page.arg("date"), page.today) if page.arg("date") else None) or page.today
    choices = sorted(
        ((each.practitioner_id, f"{each.name.family}, {each.name.given}") for each in people if each.active),
        key=lambda each: each[1],
    )
    if not chosen:
        return page.show(
            "clinician/day.html",
            choices=choices,
            chosen="",
            visits=None,
            words=words,
            when=when,
            encounters={},
            missing=None,
        )
    zone = ZoneInfo(page.zone)
    both = {"start": parts_of(when), "end": parts_of(when)}
    parts = page.together(
        visits=page.ask(
            "Scheduling.ListAppointments",
            practitioner_id=chosen,
            start_from=at(when, zone),
            start_to=at(when + timedelta(days=1), zone),
            page_size=200,
        ),
        encounters=page.ask("Billing.ListEncounters", practitioner_id=chosen, service_dates=both, page_size=200),
        missing=page.ask("Billing.ListMissingCharges", practitioner_id=chosen, page_size=PAGE_SIZE),
        sessions=page.ask(
            "Telehealth.ListSessions",
            practitioner_id=chosen,
            start_from=at(when, zone),
            start_before=at(when + timedelta(days=1), zone),
        ),
    )
    found = parts["encounters"].value.encounters if parts["encounters"].value is not None else ()
    sessions = parts["sessions"].value.sessions if parts["sessions"].value is not None else ()
    missing = parts["missing"].value.encounters if parts["missing"].value is not None else ()
    names = patient_names(page, [each.appointment_id for each in missing])
    return page.show(
        "clinician/day.html",
        choices=choices,
        chosen=chosen,
        visits=parts["visits"].need().appointments,
        words=words,
        when=when,
        encounters={each.appointment_id: each for each in found},
        encounters_part=parts["encounters"],
        missing=missing,
        names=names,
        sessions={each.appointment_id: each for each in sessions},
    )


def patient_names(page: Page, appointment_ids: list[str]) -> dict[str, str]:
    """Appointment → "Smith, John", for lists of billing, which knows no names."""
    if not appointment_ids:
        return {}
    part = page.together(
        visits=page.ask("Scheduling.BatchGetAppointments", appointment_ids=sorted(set(appointment_ids))[:500])
    )["visits"]
    return (
        {each.appointment_id: each.patient_name for each in part.value.appointments} if part.value is not None else {}
    )
