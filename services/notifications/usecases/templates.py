"""Texts: reading, previewing and publishing them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from jinja2 import TemplateError

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from notifications.domain import templates
from notifications.domain.templates import Text
from notifications.domain.vocabulary import Channel
from notifications.store import Store
from notifications.tables import Template, TemplateVersion
from notifications.usecases import composing
from notifications.usecases.tenants import ensure_installed


@dataclass(frozen=True)
class Shown:
    """A template with one of its texts."""

    template: Template
    text: TemplateVersion


@dataclass(frozen=True)
class Preview:
    """A text filled with sample values."""

    text: Text
    sms_segments: int
    language: str


def list_templates(
    call: Call, code: str, channel: Channel | None, language: str, page_size: int, page_token: str
) -> tuple[list[Shown], str]:
    """A page of templates with their published texts."""
    store = Store(call.session)
    rows, token = store.list_templates(code, channel, language, page_size, page_token)
    texts = store.template_texts(rows)
    return [Shown(row, texts[row.id]) for row in rows], token


def get_template(call: Call, template_id: UUID, number: int) -> Shown:
    """A template as published now (number 0) or earlier. Raises NotFound."""
    store = Store(call.session)
    template = store.need(Template, template_id, "template")
    text = store.template_text(template_id, number or template.version)
    if text is None:
        raise NotFound("template version")
    return Shown(template, text)


def list_versions(call: Call, template_id: UUID, page_size: int, page_token: str) -> tuple[list[Shown], str]:
    """A page of a template's versions, newest first. Raises NotFound."""
    store = Store(call.session)
    template = store.need(Template, template_id, "template")
    rows, token = store.list_template_versions(template_id, page_size, page_token)
    return [Shown(template, row) for row in rows], token


def publish(call: Call, code: str, channel: Channel, language: str, source: Text, version: int) -> Shown:
    """Publishes the next version of a text, or the first. Raises InvalidInput, StaleVersion."""
    _refuse_problems(code, channel, source)
    store = Store(call.session)
    ensure_installed(call, store)
    store.serialise_tenant()
    template = store.template(code, channel, language)
    if template is None:
        call.expect_version(0, version)
        template = Template(
            id=call.new_id(), code=code, channel=channel.value, language=language, published_at=call.now
        )
    else:
        template = store.lock(Template, template.id, "template")
        call.expect_version(template.version, version)
        # One template may be published twice in an instant of simulated time; its version must rise all the same.
        template.published_at = call.now
        store.touch(template)
    store.add(template)
    text = TemplateVersion(
        template_id=template.id,
        number=template.version,
        subject=source.subject,
        text=source.text,
        html=source.html,
        published_at=call.now,
        published_by=call.principal.id,
        built_in=False,
    )
    return Shown(template, store.add(text))


def preview(call: Call, code: str, channel: Channel, language: str, source: Text) -> Preview:
    """Fills a text (or, when it is empty, what is published) with sample values. Raises InvalidInput, NotFound."""
    shown_language = language
    if source == Text("", "", ""):
        found = composing.find_text(Store(call.session), code, channel, language)
        if found is None:
            raise NotFound("template")
        shown_language, published = found[0].language, found[1]
        source = Text(published.subject, published.text, published.html)
    _refuse_problems(code, channel, source)
    allowed = templates.variables_of(code) or ()
    try:
        done = templates.render(source, {name: templates.SAMPLE[name] for name in allowed})
    except TemplateError as error:
        raise InvalidInput([Violation("text", f"cannot be rendered: {error}")]) from None
    segments = templates.sms_segments(done.text) if channel is Channel.SMS else 0
    return Preview(done, segments, shown_language)


def _refuse_problems(code: str, channel: Channel, source: Text) -> None:
    problems = templates.check(code, channel, source)
    if problems:
        raise InvalidInput([Violation(problem.field, problem.message) for problem in problems])
