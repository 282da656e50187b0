"""Settings of the practice: kinds of visit, working hours, closures and leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.booking import people
from gateway.console.finding import date_of
from gateway.console.organisation import in_use
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, whole
from gateway.web.page import Page

NEW = "new"


def types(page: Page) -> Response:
    """Kinds of visit."""
    found = page.call("Scheduling.ListAppointmentTypes", page_size=500, include_inactive=True).appointment_types
    columns = (
        Column("name", N_("Name"), "name", searched=True),
        Column("code", N_("Code"), "code", searched=True),
        Column("how", N_("How"), lambda each: page.label(words.MODALITY, each.modality)),
        Column("minutes", N_("Minutes"), "duration_minutes", number=True),
        Column("needs", N_("Needs"), lambda each: ", ".join(role.resource_class for role in each.roles), searched=True),
        Column("online", N_("Online"), "online_bookable"),
        Column("active", N_("State"), "active"),
    )
    ways = [(value, page.gettext(text)) for value, text in words.MODALITY.items()]
    by_way = Filter("how", N_("How"), ways, N_("All"), lambda each, value: str(each.modality) == value)
    listing = whole(page, "kinds-of-visit", found, columns, [by_way, in_use(page)], order="name")
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/types.html", tab="types", words=words, listing=listing)


def kind(page: Page, problem: problems.Problem | None = None) -> Response:
    """One kind of visit, or a new one."""
    type_id = page.values["type_id"]
    found = None if type_id == NEW else page.call("Scheduling.GetAppointmentType", appointment_type_id=type_id)
    return page.show(
        "settings/type.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="types",
        words=words,
        kind=found,
    )


def save_kind(page: Page) -> Response:
    """Saves it."""
    type_id = page.values["type_id"]
    try:
        if type_id == NEW:
            type_id = page.submit("Scheduling.CreateAppointmentType").appointment_type_id
        else:
            page.submit("Scheduling.UpdateAppointmentType", appointment_type_id=type_id)
    except Refused as refused:
        return kind(page, refused.problem)
    return page.go(f"/console/settings/types/{type_id}", page.gettext("Saved."))


def hours(page: Page, problem: problems.Problem | None = None, preview: Any = None) -> Response:
    """Weekly hours of clinicians at the location, closures and leave. What a closure would hit is shown before it is made."""
    here = {"location_id": page.location.location_id} if page.location is not None else {}
    parts = page.together(
        templates=page.ask("Scheduling.ListScheduleTemplates", page_size=500, **here),
        exceptions=page.ask("Scheduling.ListScheduleExceptions", page_size=500, dates={"start": date_of(page)}, **here),
        practitioners=page.ask("Identity.ListPractitioners", page_size=500),
    )
    affected = ()
    if preview is not None and preview.affected_appointment_ids:
        part = page.together(
            hit=page.ask(
                "Scheduling.BatchGetAppointments", appointment_ids=list(preview.affected_appointment_ids)[:500]
            )
        )["hit"]
        affected = part.value.appointments if part.value is not None else ()
    choices = people(parts["practitioners"])
    return page.show(
        "settings/hours.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="hours",
        weekly=weekly,
        words=words,
        names=dict(choices),
        practitioners=choices,
        templates=sorted(
            parts["templates"].need().templates, key=lambda each: dict(choices).get(each.practitioner_id, "")
        ),
        exceptions=parts["exceptions"].need().exceptions,
        preview=preview,
        affected=affected,
    )


def weekly(windows: Sequence[Any]) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """Weekly hours as people say them: (first weekday, last weekday, [(from, until) in minutes]), equal days in a row as one."""
    by_day: dict[int, list[tuple[int, int]]] = {}
    for each in windows:
        by_day.setdefault(each.weekday, []).append((each.starts_minute, each.ends_minute))
    rows: list[tuple[int, int, list[tuple[int, int]]]] = []
    for day in sorted(by_day):
        hours = sorted(by_day[day])
        if rows and rows[-1][1] == day - 1 and rows[-1][2] == hours:
            rows[-1] = (rows[-1][0], day, hours)
        else:
            rows.append((day, day, hours))
    return rows


def add_hours(page: Page) -> Response:
    """Gives a clinician weekly hours: the same window on each weekday that is ticked."""
    reading = page.read("Scheduling.CreateScheduleTemplate")
    days = [int(each) for each in page.exchange.request.form.getlist("weekday") if each in "1234567" and each]
    windows = list(reading.message.template.windows)
    del reading.message.template.windows[:]
    for weekday in days:
        for window in windows:
            reading.message.template.windows.add(
                weekday=weekday, starts_minute=window.starts_minute, ends_minute=window.ends_minute
            )
    try:
        if reading.violations:
            page.submit("Scheduling.CreateScheduleTemplate")
        page.send("Scheduling.CreateScheduleTemplate", reading)
    except Refused as refused:
        return hours(page, refused.problem)
    return page.go("/console/settings/hours", page.gettext("The hours are added."))


def remove_hours(page: Page) -> Response:
    """Takes weekly hours away; visits that now lie outside are said."""
    change = page.submit("Scheduling.DeleteScheduleTemplate", schedule_template_id=page.values["template_id"])
    count = len(change.affected_appointment_ids)
    return page.go(
        "/console/settings/hours",
        page.gettext("The hours are taken away; %(count)s visits lie outside now.", count=count),
    )


def add_exception(page: Page) -> Response:
    """A closure, leave or extra hours: first what it would hit, then, confirmed, the thing itself."""
    try:
        preview = page.submit("Scheduling.CreateScheduleException", validate_only=page.sent("then") != "make")
    except Refused as refused:
        return hours(page, refused.problem)
    if page.sent("then") != "make":
        return hours(page, preview=preview)
    return page.go("/console/settings/hours", page.gettext("Saved."))


def remove_exception(page: Page) -> Response:
    """Takes it back."""
    page.do("Scheduling.DeleteScheduleException", schedule_exception_id=page.values["exception_id"])
    return page.go("/console/settings/hours", page.gettext("Taken back."))
