"""Where in a message a protovalidate violation lies, and what it says to the one who typed it."""

from __future__ import annotations

import re
from typing import Any

from chassis.errors import Violation

# protovalidate's standard words → ours: what has to be done, in plain English.
_WORDS = (
    (re.compile(r"^value is required$"), "is required"),
    (re.compile(r"^must be at least 1 (?:characters?|bytes)$"), "must not be empty"),
    (re.compile(r"^must contain at least 1 item\(s\)$"), "must have at least one"),
    (re.compile(r"^does not match regex pattern `(.*)`$", re.DOTALL), r"must have the form \1"),
    (re.compile(r"^must be greater than or equal to (\S+) and less than or equal to (\S+)$"), r"must be from \1 to \2"),
)


def field_path(violation: Any) -> str:
    """The path of a violation's field as a caller writes it, e.g. ``lines[2].units`` or ``tags["x"]``."""
    parts = []
    # A rule of the whole message names no field.
    for element in violation.proto.field.elements if violation.proto.field is not None else ():
        part = element.field_name
        subscript = element.subscript
        if subscript is not None:
            part += f'["{subscript.value}"]' if subscript.field == "string_key" else f"[{subscript.value}]"
        parts.append(part)
    return ".".join(parts)


def told(violation: Any) -> Violation:
    """A violation as it is answered: the field's path and a sentence that says what must be."""
    message = violation.proto.message
    for words, ours in _WORDS:
        message, changed = words.subn(ours, message)
        if changed:
            break
    return Violation(field_path(violation), message)
