"""Settings of messages: templates with their preview and a test of them, the rules that send them, the pools people write to."""

from __future__ import annotations

from flask import Response

from gateway import errors as problems
from gateway.console import words
from gateway.console.organisation import in_use
from gateway.web.calls import Refused
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, whole
from gateway.web.page import Page

NEW = "new"
# What became of a test of a template.
TESTS = {
    "planned": ("…", "", N_("Waiting")),
    "sent": ("→", "info", N_("Sent")),
    "failed": ("×", "bad", N_("Failed")),
}
CHANNELS = {1: N_("E-mail"), 2: N_("Text")}


def texts(page: Page) -> Response:
    """Message templates and the rules that send them."""
    parts = page.together(
        templates=page.ask("Notifications.ListTemplates", page_size=500),
        rules=page.ask("Notifications.ListRules", page_size=500),
    )
    columns = (
        Column("code", N_("What for"), "code", searched=True),
        Column("by", N_("By"), lambda each: page.label(CHANNELS, each.channel)),
        Column("language", N_("Language"), lambda each: page.language_name(each.language), searched=True),
        Column("version", N_("Version"), "version", number=True),
    )
    found = parts["templates"].need().templates
    ways = [(value, page.gettext(text)) for value, text in CHANNELS.items()]
    tongues = sorted({(each.language, page.language_name(each.language)) for each in found})
    filters = (
        Filter("by", N_("By"), ways, N_("All"), lambda each, value: str(each.channel) == value),
        Filter("language", N_("Language"), tongues, N_("All"), lambda each, value: bool(each.language == value)),
    )
    listing = whole(page, "messages", found, columns, filters, order="code")
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/texts.html", tab="texts", words=words, listing=listing, rules=parts["rules"])


def text(page: Page, problem: problems.Problem | None = None) -> Response:
    """One template, with how it reads when filled with an example."""
    found = page.call("Notifications.GetTemplate", template_id=page.values["template_id"])
    typed = {name: page.exchange.request.form.get(name, getattr(found, name)) for name in ("subject", "text", "html")}
    preview = page.together(
        preview=page.ask(
            "Notifications.PreviewTemplate", code=found.code, channel=found.channel, language=found.language, **typed
        ),
        versions=page.ask("Notifications.ListTemplateVersions", template_id=found.template_id, page_size=10),
        tests=page.ask("Notifications.ListTestMessages", template_id=found.template_id, page_size=5),
    )
    return page.show(
        "settings/text.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="texts",
        words=words,
        template=found,
        preview=preview["preview"],
        versions=preview["versions"],
        tests=preview["tests"],
        test_words=TESTS,
    )


def save_text(page: Page) -> Response:
    """Shows the preview of what was typed, or publishes it as a new version."""
    if page.sent("then") != "publish":
        return text(page)
    found = page.call("Notifications.GetTemplate", template_id=page.values["template_id"])
    try:
        made = page.submit(
            "Notifications.PublishTemplate", code=found.code, channel=found.channel, language=found.language
        )
    except Refused as refused:
        return text(page, refused.problem)
    return page.go(f"/console/settings/texts/{made.template_id}", page.gettext("Published; the next message uses it."))


def test_text(page: Page) -> Response:
    """Sends the published text with sample values to the reader's own address, or to the one that was typed."""
    try:
        sent = page.submit("Notifications.SendTestMessage", template_id=page.values["template_id"])
    except Refused as refused:
        return text(page, refused.problem)
    return page.go(
        f"/console/settings/texts/{sent.template_id}",
        page.gettext("A test is on its way to %(to)s.", to=sent.recipient),
    )


def pools(page: Page) -> Response:
    """The pools people write to."""
    found = page.call("Conversations.ListPools", page_size=500).pools
    columns = (
        Column("code", N_("Code"), "code", searched=True),
        Column("name", N_("Name"), "name_en", searched=True),
        Column("spanish", N_("In Spanish"), "name_es", searched=True),
        Column("answer_minutes", N_("Answered within"), "answer_minutes", number=True),
        Column("patients", N_("Patients write to it"), "for_patients"),
        Column("active", N_("State"), "active"),
    )
    listing = whole(page, "pools", found, columns, [in_use(page)], order="name")
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/pools.html", tab="pools", listing=listing)


def pool(page: Page, problem: problems.Problem | None = None) -> Response:
    """One pool, or a new one."""
    code = page.values["pool_code"]
    found = next(
        (each for each in page.call("Conversations.ListPools", page_size=500).pools if each.code == code), None
    )
    if found is None and code != NEW:
        return page.go("/console/settings/pools", page.gettext("There is no such pool."))
    return page.show(
        "settings/pool.html", status=problem.status if problem else 200, problem=problem, tab="pools", pool=found
    )


def save_pool(page: Page) -> Response:
    """Makes or changes a pool."""
    code = page.values["pool_code"]
    try:
        made = page.submit("Conversations.PutPool", **({} if code == NEW else {"code": code}))
    except Refused as refused:
        return pool(page, refused.problem)
    return page.go("/console/settings/pools", page.gettext("%(pool)s is saved.", pool=made.name_en))
