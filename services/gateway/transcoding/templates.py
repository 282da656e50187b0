"""Path templates of ``google.api.http`` (google/api/http.proto, "Path template syntax") as werkzeug rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.routing import BaseConverter

_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)(?:=([^{}]+))?\}")
_LITERAL = re.compile(r"[A-Za-z0-9._~\-]+")


class TemplateError(ValueError):
    """A contract's path template is not one that this gateway can serve; the message names it."""


@dataclass(frozen=True)
class PathTemplate:
    """A parsed template such as ``/v1/appointments/{appointment_id}:cancel``.

    ``rule`` is the werkzeug rule with the variables ``v0, v1, …``; ``variables`` are their field paths in order;
    ``label`` is the template as OpenAPI and the logs write it (patterns of variables left out).
    """

    rule: str
    variables: tuple[tuple[str, ...], ...]
    label: str


class SegmentConverter(BaseConverter):
    """One path segment. A colon ends it, because what follows a colon is a custom verb."""

    regex = "[^/:]+"


class TailConverter(BaseConverter):
    """``{name=folder/**}`` and the like: may span segments; the pattern is its argument."""

    part_isolating = False

    def __init__(self, url_map: object, pattern: str) -> None:
        super().__init__(url_map)  # type: ignore[arg-type]
        self.regex = pattern


CONVERTERS = {"segment": SegmentConverter, "tail": TailConverter}


def parse_template(template: str) -> PathTemplate:
    """Reads a path template. Raises TemplateError for anything outside its grammar."""
    if not template.startswith("/"):
        raise TemplateError(f"{template}: must begin with a slash")
    rule: list[str] = []
    variables: list[tuple[str, ...]] = []
    position = 0
    for found in _VARIABLE.finditer(template):
        rule.append(_literal(template, template[position : found.start()]))
        name, pattern = found.groups()
        converter = "segment" if pattern in (None, "*") else f'tail("{_pattern(template, pattern)}")'
        rule.append(f"<{converter}:v{len(variables)}>")
        variables.append(tuple(name.split(".")))
        position = found.end()
    rule.append(_literal(template, template[position:]))
    label = _VARIABLE.sub(lambda found: "{" + found.group(1) + "}", template)
    return PathTemplate(rule="".join(rule), variables=tuple(variables), label=label)


def _literal(template: str, text: str) -> str:
    for part in re.split(r"[/:]", text):
        if part and not _LITERAL.fullmatch(part):
            raise TemplateError(f"{template}: {part!r} is neither a literal nor a variable")
    return text


def _pattern(template: str, pattern: str) -> str:
    parts = []
    for segment in pattern.split("/"):
        if segment == "**":
            parts.append(".+?")
        elif segment == "*":
            parts.append("[^/]+")
        elif _LITERAL.fullmatch(segment):
            parts.append(re.escape(segment))
        else:
            raise TemplateError(f"{template}: {segment!r} in a variable's pattern")
    return "/".join(parts)
