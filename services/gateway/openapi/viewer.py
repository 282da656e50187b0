"""The same document for the page at /api/docs: the viewer that PyPI carries reads OpenAPI 3.0."""

from __future__ import annotations

from typing import Any

_BY_THE_BROWSER = frozenset({"session", "csrf"})
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def for_viewer(document: dict[str, Any]) -> dict[str, Any]:
    """A copy in OpenAPI 3.0.3: numeric exclusive limits become flags, what 3.0 does not know is left out."""
    copy: dict[str, Any] = _downgrade(document)
    copy["openapi"] = "3.0.3"
    copy["info"]["license"].pop("identifier", None)
    # The browser sends its cookie, and the page the CSRF token, by themselves: only a bearer token can be typed in.
    for name in _BY_THE_BROWSER:
        copy["components"]["securitySchemes"].pop(name, None)
    for methods in copy["paths"].values():
        for operation in methods.values():
            wanted = operation.get("security", [])
            operation["security"] = [each for each in wanted if not each.keys() & _BY_THE_BROWSER]
            for parameter in operation.get("parameters", ()):
                # The page would send it as if somebody had typed it.
                _without_example(parameter.get("schema", {}))
    return copy


def _without_example(schema: dict[str, Any]) -> None:
    schema.pop("example", None)
    schema.get("items", {}).pop("example", None)


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
        elif name == "examples" and isinstance(each, list):
            result["example"] = each[0]
        elif name != "contentEncoding":
            result[name] = _downgrade(each)
    choices = result.get("enum")
    if isinstance(choices, list) and len(choices) > 1 and str(choices[0]).endswith("_UNSPECIFIED"):
        # What the page makes up as an example should be something that occurs.
        result.setdefault("example", choices[1])
    return result
