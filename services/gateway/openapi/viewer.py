"""The same document for the page at /api/docs: the viewer that PyPI carries reads OpenAPI 3.0."""

from __future__ import annotations

from typing import Any

_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def for_viewer(document: dict[str, Any]) -> dict[str, Any]:
    """A copy in OpenAPI 3.0.3: numeric exclusive limits become flags, what 3.0 does not know is left out."""
    copy: dict[str, Any] = _downgrade(document)
    copy["openapi"] = "3.0.3"
    copy["info"]["license"].pop("identifier", None)
    return copy


def _downgrade(value: Any) -> Any:
    if isinstance(value, list):
        return [_downgrade(each) for each in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for name, each in value.items():
        limit = _EXCLUSIVE.get(name)
        if limit is not None and isinstance(each, int | float) and not isinstance(each, bool):
            result[limit], result[name] = each, True
        elif name != "contentEncoding":
            result[name] = _downgrade(each)
    return result
