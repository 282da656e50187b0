"""Message texts: Jinja2 in a sandbox, refused when they are published rather than when they are sent.

A text may use the variables of its code, filters from a short list, ``if`` and comparisons; no loops, macros, imports, calls
or attributes, so a template can neither run away nor reach anything. Undefined variables are errors (StrictUndefined).
No variable holds health information: what a person's visit is for, with whom, or their name is not available here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifications.domain.vocabulary import Channel

# Whom the clinic has on file is told of the portal, by hand or with their first visit.
INVITATION = "portal.invitation"
VISIT = (
    "clinic_name",
    "location_name",
    "place_name",
    "location_address",
    "location_phone",
    "weekday",
    "date",
    "time",
    "portal_link",
    "is_video",
)
CLINIC = ("clinic_name", "location_name", "location_phone", "portal_link")
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "appointment.reminder": VISIT,
    "appointment.booked": VISIT,
    "appointment.moved": VISIT,
    "appointment.cancelled": VISIT,
    "waitlist.offer": (*VISIT, "answer_by"),
    "statement.issued": CLINIC,
    "visit.delayed": VISIT,
    "thread.message": CLINIC,
    INVITATION: CLINIC,
    "reply.confirmed": CLINIC,
    "reply.reschedule": CLINIC,
    "reply.cancelled": CLINIC,
    "reply.which": (*CLINIC, "choices", "letter"),
    "reply.no_visit": CLINIC,
    "reply.opted_out": CLINIC,
    "reply.opted_in": CLINIC,
    "reply.help": CLINIC,
    "reply.not_understood": CLINIC,
}
# A tenant's own texts, sent by hand.
MANUAL_PREFIX = "manual."

SAMPLE: Mapping[str, object] = {
    "clinic_name": "Example Clinic",
    "location_name": "Main Street",
    "place_name": "Example Clinic, Main Street",
    "location_address": "1 Main Street, Albany, NY",
    "location_phone": "+1 212-555-0100",
    "weekday": "Tuesday",
    "date": "March 10",
    "time": "3:00 PM",
    "portal_link": "https://portal.example.org/portal/example/visits/01a2027a-5955-7c3a-8f6e-1d2f3a4b5c6d",
    "is_video": False,
    "answer_by": "Monday 5:00 PM",
    "choices": "1) Tue 3:00 PM 2) Thu 9:00 AM",
    "letter": "C",
}

FILTERS = frozenset({"upper", "lower", "title", "capitalize", "trim", "replace", "default", "e", "escape"})
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Filter,
    nodes.Test,
    nodes.Concat,
)
MAX_SMS_SEGMENTS = 4
# GSM 03.38: the basic alphabet, and the characters that take two places.
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True)
class Text:
    """The parts of a template: subject and html belong to e-mail only."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Problem:
    """What is wrong with one part of a template."""

    field: str
    message: str


def variables_of(code: str) -> tuple[str, ...] | None:
    """The variables a text with this code may use; None for a code that nothing sends."""
    if code.startswith(MANUAL_PREFIX):
        return VISIT
    return VARIABLES.get(code)


def check(code: str, channel: Channel, source: Text) -> list[Problem]:
    """Everything wrong with a template: unknown code, syntax, what is not allowed, unknown variables, length as SMS."""
    allowed = variables_of(code)
    if allowed is None:
        return [Problem("code", f"is none that is sent; use one of {', '.join(sorted(VARIABLES))} or manual.…")]
    parts = {"subject": source.subject, "text": source.text, "html": source.html}
    problems = [
        Problem(name, text) for name, part in parts.items() for text in _part_problems(part, allowed, name == "html")
    ]
    if problems:
        return problems
    try:
        shown = render(source, {name: SAMPLE[name] for name in allowed})
    except (TemplateError, TypeError, ValueError) as error:
        return [Problem("text", f"cannot be rendered: {error}")]
    if channel is Channel.SMS and sms_segments(shown.text) > MAX_SMS_SEGMENTS:
        problems.append(Problem("text", f"takes more than {MAX_SMS_SEGMENTS} SMS segments"))
    return problems


def render(source: Text, values: Mapping[str, object]) -> Text:
    """The finished text. Raises jinja2.TemplateError when a variable is missing.

    Line ends are taken out of the subject, so that no value can begin another header.
    """
    return Text(
        " ".join(_compiled(source.subject, False).render(values).split()),
        _compiled(source.text, False).render(values).strip(),
        _compiled(source.html, True).render(values).strip(),
    )


def sms_segments(text: str) -> int:
    """How many SMS a text takes: 160 places of the GSM alphabet (153 each when joined), else 70 (67) of UCS-2.

    3GPP TS 23.038 (alphabet) and 23.040 section 9.2.3.24.1 (the header that joining costs).
    """
    if all(character in GSM_BASIC or character in GSM_EXTENDED for character in text):
        places = sum(2 if character in GSM_EXTENDED else 1 for character in text)
        single, joined = 160, 153
    else:
        places = len(text.encode("utf-16-be")) // 2
        single, joined = 70, 67
    return 1 if places <= single else -(-places // joined)


def languages_to_try(wanted: str, default: str) -> list[str]:
    """The languages to look for, best first: as wanted, without its region, the tenant's default likewise, English."""
    found: list[str] = []
    for language in (wanted, default, "en"):
        for form in (language, language.split("-")[0]):
            if form and form not in found:
                found.append(form)
    return found


def _part_problems(part: str, allowed: Iterable[str], html: bool) -> list[str]:
    try:
        tree = _environment(html).parse(part)
    except TemplateError as error:
        return [f"is not a valid template: {error}"]
    problems = [
        f"may not use {type(node).__name__.lower()}"
        for node in tree.find_all(nodes.Node)
        if not isinstance(node, ALLOWED)
    ]
    filters = {node.name for node in tree.find_all(nodes.Filter)} - FILTERS
    names = {node.name for node in tree.find_all(nodes.Name)} - set(allowed)
    problems += [f"may not use the filter {name!r}" for name in sorted(filters)]
    problems += [f"has no variable {name!r}; there are {', '.join(allowed)}" for name in sorted(names)]
    return sorted(set(problems))


@lru_cache(maxsize=512)
def _compiled(source: str, html: bool) -> Template:
    """Published texts never change, so what was compiled once serves every message."""
    return _environment(html).from_string(source)


@lru_cache(maxsize=2)
def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=html, keep_trailing_newline=False)
