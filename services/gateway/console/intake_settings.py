"""Settings of what patients hand in before a visit: forms with their sections and fields, and the texts they sign."""

from __future__ import annotations

from typing import Any

from flask import Response
from polyclinic.patient_registry.v1 import intake_pb2 as intake

from chassis.errors import InvalidInput
from gateway import errors as problems
from gateway.console import words_intake as words
from gateway.web.calls import Refused
from gateway.web.forms import Reading
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, Listing, whole
from gateway.web.page import Page

NEW = "new"
FORMS, CONSENTS = "/console/settings/forms", "/console/settings/consents"
# Empty rows behind a section's fields, and how many sections and fields a form has at most (the contract's).
MORE, SECTIONS, FIELDS = 2, 20, 40


def retired(page: Page) -> Filter:
    """Keeps what is asked for, or what is no more."""
    choices = [("no", page.gettext("Asked for")), ("yes", page.gettext("Retired"))]
    return Filter("retired", N_("State"), choices, N_("All"), lambda each, value: each.retired == (value == "yes"))


def forms(page: Page) -> Response:
    """Every form as it is in use."""
    found = page.call("Intake.ListIntakeForms", page_size=500, include_retired=True).forms
    columns = (
        Column("code", N_("Code"), "code", searched=True),
        Column("title", N_("Title"), lambda each: in_language(page, each.title), searched=True),
        Column("asked", N_("Asked for"), lambda each: page.label(words.ASK, each.ask)),
        Column("version", N_("Version"), "form_version"),
        Column("published", N_("Published"), "published_at"),
    )
    return _listed(page, whole(page, "forms", found, columns, [retired(page)], order="code"), "forms")


def consents(page: Page) -> Response:
    """Every text that is signed, as it is in use."""
    found = page.call("Intake.ListConsentTexts", page_size=500, include_retired=True).texts
    columns = (
        Column("code", N_("Code"), "code", searched=True),
        Column("title", N_("Title"), lambda each: in_language(page, each.title), searched=True),
        Column("days", N_("A signature holds"), "valid_days"),
        Column("version", N_("Version"), "text_version"),
        Column("published", N_("Published"), "published_at"),
    )
    return _listed(page, whole(page, "consents", found, columns, [retired(page)], order="code"), "consents")


def _listed(page: Page, listing: Listing, tab: str) -> Response:
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show(f"settings/{tab}.html", tab=tab, words=words, listing=listing)


def in_language(page: Page, told: Any) -> str:
    """Words in the reader's language; in English where they are not in it."""
    return str(told.es if page.language.tag[:2] == "es" and told.es else told.en)


def form(page: Page, problem: problems.Problem | None = None, typed: Any = None) -> Response:
    """One form to be changed, or a new one; ``typed``: as it was sent, to look at or to mend."""
    code = page.values["form_code"]
    parts = page.together(
        types=page.ask("Scheduling.ListAppointmentTypes", page_size=500),
        **({} if code == NEW else {"form": page.ask("Intake.GetIntakeForm", code=code)}),
    )
    found = None if code == NEW else parts["form"].need()
    types = parts["types"].value.appointment_types if parts["types"].value is not None else ()
    return page.show(
        "settings/form.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="forms",
        words=words,
        form=found,
        shown=typed or found or intake.IntakeForm(),
        preview=typed,
        types=[(each.code, each.name) for each in types],
        more=MORE,
        names=lambda table, enum: [(enum.Name(value), page.gettext(text)) for value, text in table.items()],
        intake=intake,
        option_lines=option_lines,
    )


def save_form(page: Page) -> Response:
    """Shows how what was typed reads, or publishes it as the next version; sent answers keep the version they were given to."""
    code = page.values["form_code"]
    reading = page.read("Intake.PublishIntakeForm", **({} if code == NEW else {"code": code}))
    _read_options(page, reading)
    _leave_out(page, reading)
    if page.sent("then") != "publish":
        return form(page, typed=reading.message)
    try:
        if reading.violations:
            raise Refused(problems.from_error(InvalidInput(reading.violations)))
        made = page.send("Intake.PublishIntakeForm", reading)
    except Refused as refused:
        return form(page, refused.problem, reading.message)
    return page.go(f"{FORMS}/{made.code}", page.gettext("Published; who begins it from now on answers this version."))


def retire_form(page: Page) -> Response:
    """Nobody is asked any more; publishing it again brings it back."""
    page.do("Intake.RetireIntakeForm", code=page.values["form_code"])
    return page.go(FORMS, page.gettext("The form is retired."))


def consent(page: Page, problem: problems.Problem | None = None) -> Response:
    """One text to be signed, or a new one, with how it reads."""
    code = page.values["consent_code"]
    found = None if code == NEW else page.call("Intake.GetConsentText", code=code)
    return page.show(
        "settings/consent.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="consents",
        consent=found,
        preview=page.read("Intake.PublishConsentText").message if page.method == "POST" else found,
    )


def save_consent(page: Page) -> Response:
    """Shows how what was typed reads, or publishes it as the next version."""
    if page.sent("then") != "publish":
        return consent(page)
    code = page.values["consent_code"]
    try:
        made = page.submit("Intake.PublishConsentText", **({} if code == NEW else {"code": code}))
    except Refused as refused:
        return consent(page, refused.problem)
    return page.go(
        f"{CONSENTS}/{made.code}", page.gettext("Published; signatures name the version they were given to.")
    )


# ---- parts


def option_lines(options: Any) -> str:
    """Options as they are typed: a line each, ``value | English | Spanish``."""
    return "\n".join(" | ".join([each.value, each.label.en, each.label.es]).rstrip(" |") for each in options)


def _read_options(page: Page, reading: Reading) -> None:
    """Reads the options of each field from its box, a line each."""
    for number, section in enumerate(reading.message.sections):
        for place, each in enumerate(section.fields):
            path = reading.back(f"sections[{number}].fields[{place}]")
            for line in page.sent(f"{path}.choices").splitlines():
                value, english, spanish = [*(part.strip() for part in line.split("|")), "", ""][:3]
                if value:
                    each.options.add(value=value, label=intake.Words(en=english or value, es=spanish))


def _leave_out(page: Page, reading: Reading) -> None:
    """Takes out the fields that are ticked, then the sections that have none left; puts fields into the order that was typed."""
    ticked = set(page.exchange.request.form.getlist("leave_out"))
    for number in range(len(reading.message.sections) - 1, -1, -1):
        section = reading.message.sections[number]
        kept = []
        for place, each in enumerate(section.fields):
            path = reading.back(f"sections[{number}].fields[{place}]")
            order = page.sent(f"{path}.place")
            if path not in ticked:
                kept.append((int(order) if order.isdecimal() else (place + 1) * 10, place, each))
        ordered = [intake.FormField.FromString(each.SerializeToString()) for _, _, each in sorted(kept, key=_by_place)]
        del section.fields[:]
        section.fields.extend(ordered)
        if not ordered and not section.title.en:
            del reading.message.sections[number]


def _by_place(entry: tuple[int, int, Any]) -> tuple[int, int]:
    return entry[0], entry[1]
