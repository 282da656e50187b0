"""Where in a message a protovalidate violation lies."""

from __future__ import annotations

from typing import Any


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
